// Package gdcm decodes the compressed pixel data of DICOM files: one frame in,
// its samples out.
//
// Nouns: a Frame is one image's compressed bytes with the header fields that
// say what they hold. A codestream is what those bytes are by their own header:
// JPEG, JPEG-LS or JPEG 2000. A Decoder decodes frames in child processes, which
// open GDCM (Grassroots DICOM) through the project's own C interface,
// native/gdcm. Serve is what runs in a child.
//
// Codestreams come from anywhere and the libraries under GDCM are C: a crash, a
// hang or a memory bomb there costs the frame, not the run. What a header says is
// read here first, in Go, so that most of what is broken never gets there. RLE is
// decoded here altogether.
package gdcm

import (
	"fmt"
	"strings"

	"magn/internal/fault"
)

// Frame is one frame as it stands in encapsulated pixel data (PS3.5 A.4) and
// what the header says of it (PS3.3 C.7.6.3).
type Frame struct {
	TransferSyntax string // (0002,0010), a UID
	Rows, Cols     int
	Samples        int    // per pixel: 1 or 3
	Allocated      int    // bits: 8, 16 or 32
	Stored         int    // bits
	HighBit        int    // Stored-1
	Planar         int    // (0028,0006) of the compressed data; what comes out is interleaved
	Signed         bool   // (0028,0103) is 1
	Photometric    string // (0028,0004) of the compressed data
	Data           []byte // the fragments of the frame, joined
}

// family is a kind of codestream.
type family int

const (
	unknown family = iota
	rle
	jpeg
	jpegLS
	jpeg2000
)

func (f family) String() string {
	return [...]string{"no known codestream", "RLE", "JPEG", "JPEG-LS", "JPEG 2000"}[f]
}

// syntaxes are the transfer syntaxes that are decoded (PS3.5 A.4).
var syntaxes = map[string]family{
	"1.2.840.10008.1.2.5":    rle,
	"1.2.840.10008.1.2.4.50": jpeg, // baseline
	"1.2.840.10008.1.2.4.51": jpeg, // extended
	"1.2.840.10008.1.2.4.57": jpeg, // lossless, process 14
	"1.2.840.10008.1.2.4.70": jpeg, // lossless, process 14, selection value 1
	"1.2.840.10008.1.2.4.80": jpegLS,
	"1.2.840.10008.1.2.4.81": jpegLS, // near-lossless
	"1.2.840.10008.1.2.4.90": jpeg2000,
	"1.2.840.10008.1.2.4.91": jpeg2000, // lossy
}

// refused names what a person may meet and this package does not decode; a UID
// ends a name where it begins with one of these.
var refused = []struct{ uid, name string }{
	{"1.2.840.10008.1.2.4.20", "High-Throughput JPEG 2000"},
	{"1.2.840.10008.1.2.4.92", "JPEG 2000 part 2, lossless"},
	{"1.2.840.10008.1.2.4.93", "JPEG 2000 part 2"},
	{"1.2.840.10008.1.2.4.94", "JPIP, whose pixels are on a server"},
	{"1.2.840.10008.1.2.4.95", "JPIP, whose pixels are on a server"},
	{"1.2.840.10008.1.2.4.100", "MPEG-2"},
	{"1.2.840.10008.1.2.4.101", "MPEG-2"},
	{"1.2.840.10008.1.2.4.102", "MPEG-4"},
	{"1.2.840.10008.1.2.4.103", "MPEG-4"},
	{"1.2.840.10008.1.2.4.104", "MPEG-4"},
	{"1.2.840.10008.1.2.4.105", "MPEG-4"},
	{"1.2.840.10008.1.2.4.106", "MPEG-4"},
	{"1.2.840.10008.1.2.4.107", "HEVC"},
	{"1.2.840.10008.1.2.4.108", "HEVC"},
	{"1.2.840.10008.1.2.4.11", "JPEG XL"},
	{"1.2.840.10008.1.2.8.1", "deflated frames"},
	{"1.2.840.10008.1.2.4.", "a retired or private kind of JPEG"},
}

// Bounds on what is decoded. GDCM needs about eight times a decoded frame, so
// that a child's memory ends before maxDecoded does.
const (
	maxDecoded = 256 << 20 // bytes of one frame's samples
	maxData    = 256 << 20 // bytes of one compressed frame
)

// size is the number of bytes that come out.
func (f Frame) size() int { return f.Rows * f.Cols * f.Samples * f.Allocated / 8 }

// Check says whether the header's fields describe an image that can be decoded.
// The error is a *fault.Input without its File.
func (f Frame) Check() error {
	if err := f.checkSyntax(); err != nil {
		return err
	}
	switch {
	case f.Rows < 1 || f.Rows > 65535 || f.Cols < 1 || f.Cols > 65535:
		return contradiction("Rows and Columns (0028,0010)", fmt.Sprintf("%d and %d", f.Rows, f.Cols), "1 to 65535 each")
	case f.Samples != 1 && f.Samples != 3:
		return contradiction("Samples per Pixel (0028,0002)", fmt.Sprint(f.Samples), "1 or 3")
	case f.Allocated != 8 && f.Allocated != 16 && f.Allocated != 32:
		return contradiction("Bits Allocated (0028,0100)", fmt.Sprint(f.Allocated), "8, 16 or 32 in compressed pixel data")
	case f.Stored < 1 || f.Stored > f.Allocated:
		return contradiction("Bits Stored (0028,0101)", fmt.Sprint(f.Stored), fmt.Sprintf("1 to Bits Allocated, %d", f.Allocated))
	case f.HighBit != f.Stored-1 && syntaxes[f.TransferSyntax] != rle:
		// A codestream has its samples at the lowest bits, so there is nothing that High Bit could mean.
		return contradiction("High Bit (0028,0102)", fmt.Sprint(f.HighBit), fmt.Sprintf("Bits Stored - 1, %d, in compressed pixel data", f.Stored-1))
	case f.size() > maxDecoded:
		return contradiction("Rows and Columns (0028,0010)", fmt.Sprintf("%d and %d, %d bytes a frame", f.Rows, f.Cols, f.size()), fmt.Sprintf("at most %d bytes", maxDecoded))
	case len(f.Data) == 0 || len(f.Data) > maxData:
		return contradiction(pixelData, fmt.Sprintf("%d bytes in a compressed frame", len(f.Data)), fmt.Sprintf("1 to %d", maxData))
	}
	return nil
}

func (f Frame) checkSyntax() error {
	if syntaxes[f.TransferSyntax] != unknown {
		return nil
	}
	name := ""
	for _, r := range refused {
		if strings.HasPrefix(f.TransferSyntax, r.uid) {
			name = r.name + ", "
			break
		}
	}
	return &fault.Input{
		Field: "Transfer Syntax (0002,0010)", Found: name + quoted(f.TransferSyntax),
		Expected: "RLE, JPEG baseline, extended or lossless, JPEG-LS or JPEG 2000",
		Do:       "have the archive send it uncompressed",
	}
}

// quoted bounds a text out of a file for a message.
func quoted(s string) string { return fmt.Sprintf("%.64q", s) }

const pixelData = "Pixel Data (7FE0,0010)"

func contradiction(field, found, expected string) error {
	return &fault.Input{Field: field, Found: found, Expected: expected}
}
