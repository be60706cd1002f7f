package dicom_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
	"magn/internal/gdcm"
	"magn/internal/testenv"
)

// broken is a decoder that fails: mutations stop before GDCM.
type broken struct{}

func (broken) Decode(context.Context, gdcm.Frame) ([]byte, error) {
	return nil, errors.New("no decoder")
}

// exercise reads everything there is to read. The error is Open's.
func exercise(b []byte) (*dicom.File, error) {
	f, err := read(b)
	if err != nil {
		return nil, err
	}
	touch(f.Meta)
	touch(f.DataSet)
	p, err := f.Pixels()
	var s *dicom.Short
	switch {
	case errors.As(err, &s):
		p.Frames = s.Whole
	case err != nil:
		p.Frames = 0
	}
	for i := range min(p.Frames, 3) {
		px, err := f.Frame(context.Background(), i, broken{})
		if err == nil && len(px) != p.Rows*p.Cols*p.Samples {
			panic(fmt.Sprintf("%d values of %+v", len(px), p))
		}
	}
	return f, nil
}

func touch(d *dicom.DataSet) {
	for _, t := range d.Tags() {
		d.Texts(t)
		d.Floats(t)
		d.Ints(t)
		d.Bytes(t)
		d.Private(t.Group(), "SIEMENS CSA HEADER", 0x10)
		for _, it := range d.Items(t) {
			touch(it)
		}
	}
}

// bases are valid files of a few kB, one for each way to encode.
func bases() map[string][]byte {
	stream := codestream(1, 40)
	out := map[string][]byte{
		"no meta": dicomtest.File{Set: sample(), NoMeta: true}.Bytes(),
		"encapsulated": dicomtest.File{
			Set: sample().Put(dicom.NumberOfFrames, "IS", 2), Syntax: jpeg, Table: true, Undefined: true,
			Frames: [][][]byte{cut(stream, 10), cut(stream, 20)},
		}.Bytes(),
		"extended table": dicomtest.File{Set: extended(sample().Put(dicom.NumberOfFrames, "IS", 2), []int{0, 54}, []int{46, 46}), Syntax: j2k, Frames: [][][]byte{{stream}, {stream}}}.Bytes(),
		"RLE":            dicomtest.File{Set: sample(), Syntax: rle, Frames: [][][]byte{{make([]byte, 64)}}}.Bytes(),
		"1 bit":          dicomtest.File{Set: image(3, 5, 1, 1, 0, false, "OB", make([]byte, 6)).Put(dicom.NumberOfFrames, "IS", 3)}.Bytes(),
		"12 bit":         dicomtest.File{Set: image(3, 5, 12, 12, 11, true, "OW", make([]byte, 24)), Undefined: true}.Bytes(),
	}
	for _, syntax := range syntaxes {
		out[syntax] = dicomtest.File{Set: sample(), Syntax: syntax}.Bytes()
		out[syntax+" undefined"] = dicomtest.File{Set: sample(), Syntax: syntax, Undefined: true}.Bytes()
	}
	return out
}

// mutations calls do with changes of b, each of one field. Of those that can be
// made at every place every sixteenth is.
func mutations(b []byte, do func(name string, b []byte)) {
	for n := range b {
		if n%4 < 2 || n < 300 {
			do(fmt.Sprintf("cut off at %d", n), b[:n])
		}
	}
	m := bytes.Clone(b)
	turn := 0
	put := func(name string, at int, patch []byte) {
		if turn++; turn%16 != 0 && !strings.HasPrefix(name, "transfer") {
			return
		}
		copy(m[at:], patch)
		do(fmt.Sprintf("%s at %d", name, at), m)
		copy(m, b)
	}
	lengths := []uint32{0, 1, 7, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF}
	for at := 128; at+4 <= len(b); at += 2 {
		for _, l := range lengths {
			put(fmt.Sprintf("length %d", l), at, binary.LittleEndian.AppendUint32(nil, l))
		}
		put("big length", at, []byte{0, 0, 0, 1})
		for _, vr := range []string{"??", "SQ", "UN", "OB", "FD", "US", "\x00\x00"} {
			put("VR "+vr, at, []byte(vr))
		}
		put("swapped", at, []byte{b[at+1], b[at]})
		put("item", at, []byte{0xFE, 0xFF, 0x00, 0xE0})
		put("all bits", at, []byte{0xFF, 0xFF})
	}
	for _, mark := range [][]byte{{0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0}, {0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0}} {
		for at := range b {
			if bytes.HasPrefix(b[at:], mark) {
				do(fmt.Sprintf("no delimiter at %d", at), append(bytes.Clone(b[:at]), b[at+8:]...))
			}
		}
		do("no delimiters", bytes.ReplaceAll(b, mark, nil))
	}
	if at := bytes.Index(b, []byte("1.2.840.10008.1.2")); at > 0 {
		for _, uid := range []string{"1.2.840.10008.1.2\x00\x00", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5", "9.9.999.99999.9.9.9"} {
			if at+len(uid) < len(b) {
				put("transfer syntax "+uid, at, []byte(uid))
			}
		}
	}
	do("turned around", swap(b))
	do("twice", append(bytes.Clone(b), b...))
	do("garbage behind", append(bytes.Clone(b), bytes.Repeat([]byte{0xA5}, 1000)...))
}

func swap(b []byte) []byte {
	out := bytes.Clone(b)
	for i := 132; i+1 < len(out); i += 2 {
		out[i], out[i+1] = out[i+1], out[i]
	}
	return out
}

// Each rule of the format broken at each place of a valid file: it is read, or
// refused with a reason; within a second and 64 MiB.
func TestMutations(t *testing.T) {
	files := bases()
	for _, name := range []string{"UN_sequence.dcm", "nested_priv_SQ.dcm", "priv_SQ.dcm", "JPEGLSNearLossless_08.dcm"} {
		// Small real ones, where they are there; the test does not need them.
		if b, err := os.ReadFile(filepath.Join(testenv.Root(t), "..", "shared", "data", "dicom", "odd", name)); err == nil {
			files[name] = b
		}
	}
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	allocated := func() uint64 { metrics.Read(sample); return sample[0].Value.Uint64() }
	n, opened, most := 0, 0, uint64(0)
	slowest := time.Duration(0)
	for base, b := range files {
		if f, err := exercise(b); err != nil || len(f.Tags()) == 0 {
			t.Errorf("%s as it is: %v", base, err)
		}
		mutations(b, func(name string, m []byte) {
			n++
			before, start := allocated(), time.Now()
			_, err := exercise(m)
			took, cost := time.Since(start), allocated()-before
			if took > time.Second { // the machine's fault or the reader's?
				start = time.Now()
				exercise(m)
				took = time.Since(start)
			}
			slowest, most = max(slowest, took), max(most, cost)
			switch {
			case took > time.Second:
				t.Errorf("%s, %s: %v", base, name, took)
			case cost > 64<<20:
				t.Errorf("%s, %s: %d MiB", base, name, cost>>20)
			case err == nil:
				opened++
			case fault.Code(err) != fault.CodeInput || len(err.Error()) < len("test: ")+10:
				t.Errorf("%s, %s: %v", base, name, err)
			}
		})
	}
	// 17 kB that inflate to 8 MiB, and sequences in values of unknown VR, each of
	// which is looked into.
	zeros := dicomtest.File{Set: image(2048, 2048, 16, 16, 15, false, "OW", make([]byte, 8<<20)), Syntax: dicom.Deflated}.Bytes()
	nest := []byte{}
	for range 60 {
		nest = el(0x00091010, "UN", string(raw(item, uint32(len(nest)), string(nest))))
	}
	for name, b := range map[string][]byte{"bomb": zeros, "nest": part10(dicom.ExplicitLittle, first, bytes.Repeat(nest, 5))} {
		before := allocated()
		_, err := exercise(b)
		cost := allocated() - before
		t.Logf("%s of %d bytes: %d MiB (%v)", name, len(b), cost>>20, err)
		if len(b) > 20_000 || cost > 64<<20 {
			t.Errorf("%s of %d bytes: %d MiB", name, len(b), cost>>20)
		}
	}
	t.Logf("%d mutations, %d opened, the others refused; at most %v and %d kB", n, opened, slowest, most>>10)
	if n < 10_000 || opened == 0 || opened == n {
		t.Errorf("%d of %d opened", opened, n)
	}
}

// FuzzRead reads anything, up to the decoder. Without a short -fuzzminimizetime
// Go spends its time on making large inputs smaller:
//
//	go test -run - -fuzz FuzzRead -fuzzminimizetime 5x ./internal/dicom
func FuzzRead(f *testing.F) {
	for _, b := range bases() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := exercise(b); err != nil && fault.Code(err) != fault.CodeInput {
			t.Error(err)
		}
	})
}
