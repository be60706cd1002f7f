// Package dicom reads and writes DICOM files (PS3.10): bytes become elements,
// elements become data sets, and pixel data become frames of stored values. What
// is written is a Set, which Check holds against the dictionary first.
//
// Nouns: an element is a Tag, a value representation (VR) and a value. A
// DataSet is elements by tag; a sequence's items are data sets again. A File is
// the data set of one file with its meta information, its transfer syntax and
// the Notes on what was odd in it and tolerated. Pixels says how pixel data are
// laid out, and a Frame is one image of them.
//
// Every length is checked against the bytes that are left before anything is
// allocated or read; depth and number of elements are bounded. Pixel data and
// long values stay on disk until they are asked for. What the file cannot say is
// an *Error with tag and offset. docs/formats/dicom.md lists what is read, what
// is tolerated and what is refused.
package dicom

import (
	"errors"
	"io"
	"os"
)

// Options bound what a file may cost. The zero value is what Open uses.
type Options struct {
	MaxElements  int   // elements and items of all depths; 3,000,000 where 0, an enhanced file of 15,000 frames
	MaxDepth     int   // of sequences in sequences; 64 where 0
	MaxValue     int64 // bytes of one value, pixel data apart; 64 MiB where 0
	MaxInflated  int64 // bytes of a deflated data set; 512 MiB where 0
	MaxSamples   int   // of one frame, rows × columns × samples; 64 Mi where 0
	StopAtPixels bool  // nothing after the pixel data's header is looked at: for scans
}

func (o Options) withDefaults() Options {
	if o.MaxElements <= 0 {
		o.MaxElements = 3_000_000
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 64
	}
	if o.MaxValue <= 0 {
		o.MaxValue = 64 << 20
	}
	if o.MaxInflated <= 0 {
		o.MaxInflated = 512 << 20
	}
	if o.MaxSamples <= 0 {
		o.MaxSamples = 64 << 20
	}
	return o
}

// File is one DICOM file. Its methods may be called from several goroutines at
// once; Pixels may add to Notes on its first call.
type File struct {
	Path           string
	Meta           *DataSet // group 0002; empty where the file has none
	*DataSet                // the rest
	TransferSyntax string   // (0002,0010), or what was found where that is absent or wrong
	Notes          []string // what was odd and tolerated, without values

	opt    Options
	src    io.ReaderAt // the data set's bytes: the file, or what it inflated to
	size   int64
	closer io.Closer
	pixels pixelState
}

// Open reads everything but pixel data and long values, which are read from the
// file when they are asked for: until Close. Every failure is an *Error (a
// *fault.Input underneath); errors.Is(err, ErrNotDICOM) tells what is no DICOM
// file at all.
func Open(path string) (*File, error) { return Options{}.Open(path) }

// Read is Open on bytes that are already at hand; name stands for the path.
func Read(r io.ReaderAt, size int64, name string) (*File, error) {
	return Options{}.Read(r, size, name)
}

// Open is the package's Open within o's bounds.
func (o Options) Open(path string) (*File, error) {
	st, err := os.Stat(path) // before opening: a named pipe would wait for ever
	if err != nil {
		return nil, &Error{File: path, Offset: -1, Err: cause(err)}
	}
	if !st.Mode().IsRegular() {
		return nil, &Error{File: path, Offset: -1, Found: "no regular file", Expected: "a DICOM file"}
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: path, Offset: -1, Err: cause(err)}
	}
	f, err := o.Read(r, st.Size(), path)
	if err != nil {
		r.Close()
		return nil, err
	}
	f.closer = r
	return f, nil
}

// Close closes the file that Open opened. Values in memory stay usable.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// cause takes the path out of an *os.PathError: the message has it already.
func cause(err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
