package gdcm

import (
	"bytes"
	"errors"
	"sync"

	"magn/internal/fault"
	"magn/internal/native"
)

const abi = 1

// lib holds the bound C functions. Arguments as in native/gdcm/magn_gdcm.h.
var lib struct {
	version func(out *byte, outlen int64) int32
	decode  func(uid, data *byte, datalen int64, image *int64, out *byte, outlen int64, err *byte, errlen int64) int32
}

var library = native.Library{
	File: "libmagn_gdcm.so", ABISymbol: "magn_gdcm_abi", ABI: abi,
	Do: "apt install libgdcm-dev g++ && make native",
	Symbols: []native.Symbol{
		{Name: "magn_gdcm_version", Func: &lib.version},
		{Name: "magn_gdcm_decode", Func: &lib.decode},
	},
}

var open = sync.OnceValues(func() (string, error) { return native.Open(library) })

// calls keeps calls into the library one at a time, as it wants them.
var calls sync.Mutex

// Info is what the library says of itself.
type Info struct {
	Path    string `json:"path"`
	Version string `json:"version"` // GDCM's
}

// GetInfo opens the library in this process and asks. The error is a
// *fault.Missing where it cannot be opened.
func GetInfo() (Info, error) {
	path, err := open()
	if err != nil {
		return Info{}, err
	}
	calls.Lock()
	defer calls.Unlock()
	var version [64]byte
	lib.version(&version[0], int64(len(version)))
	return Info{Path: path, Version: text(version[:])}, nil
}

// decode decodes a frame in this process: what a child does, and a benchmark.
func decode(f Frame) ([]byte, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if syntaxes[f.TransferSyntax] == rle {
		p, err := decodeRLE(f)
		if err == nil && f.isYBR(codestream{}) {
			toRGB(p)
		}
		return p, err
	}
	s, err := f.codestream()
	if err != nil {
		return nil, err
	}
	if _, err := open(); err != nil {
		return nil, err
	}
	p, err := call(f, s)
	if err != nil {
		return nil, &fault.Input{Field: pixelData, Found: "a " + s.family.String() + " codestream that cannot be decoded", Err: err}
	}
	f.saturate(p, s)
	if f.isYBR(s) {
		toRGB(p)
	}
	return p, nil
}

func call(f Frame, s codestream) ([]byte, error) {
	image := [...]int64{int64(s.cols), int64(s.rows), int64(s.samples), int64(s.precision), 0, int64(f.Allocated)}
	if s.signed {
		image[4] = 1
	}
	uid := append([]byte(f.TransferSyntax), 0)
	out := make([]byte, f.size())
	var message [4096]byte
	calls.Lock()
	defer calls.Unlock()
	if lib.decode(&uid[0], &s.data[0], int64(len(s.data)), &image[0], &out[0], int64(len(out)), &message[0], int64(len(message))) != 0 {
		return nil, errors.New(text(message[:]))
	}
	return out, nil
}

// text is a C string's.
func text(b []byte) string {
	if n := bytes.IndexByte(b, 0); n >= 0 {
		b = b[:n]
	}
	return string(bytes.ToValidUTF8(bytes.TrimSpace(b), []byte("?")))
}
