package dicom_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
)

var syntaxes = []string{dicom.ExplicitLittle, dicom.ImplicitLittle, dicom.ExplicitBig, dicom.Deflated}

func read(b []byte) (*dicom.File, error) {
	return dicom.Read(bytes.NewReader(b), int64(len(b)), "test")
}

// sample has an element of every kind.
func sample() *dicomtest.Set {
	code := dicomtest.New().Put(dicom.CodeValue, "SH", "T-A0100").Put(dicom.CodeMeaning, "LO", "Gehirn, großes")
	inner := dicomtest.New().Put(dicom.ReferencedSOPInstanceUID, "UI", "1.2.3").Seq(dicom.AnatomicRegionSequence, code)
	return dicomtest.MR(2, 3, []uint16{1, 2, 3, 4, 5, 65535}).
		Put(dicom.SpecificCharacterSet, "CS", "ISO_IR 192").
		Put(dicom.PatientName, "PN", "Müller^Zoë").
		Put(dicom.EchoTime, "DS", 12.5).
		Put(dicom.ImageComments, "LT", ` a\b `).
		Put(dicom.SeriesDescription, "LO").
		Put(dicom.DiffusionGradientOrientation, "FD", 0.1, -0.2, 1e-9).
		Put(dicom.FrameIncrementPointer, "AT", dicom.Tag(0x00181063)).
		Put(dicom.SmallestImagePixelValue, "US", 1).
		Put(dicom.RealWorldValueSlope, "FD", 2.5).
		Seq(dicom.ReferencedImageSequence, inner, dicomtest.New(), inner).
		Seq(dicom.SourceImageSequence).
		Private(0x2005, "Philips MR Imaging DD 001", 0x0E, "FL", 0.25).
		Private(0x2005, "OTHER", 0x0E, "FL", 7.0).
		PrivateSeq(0x2005, "Philips MR Imaging DD 005", 0x0F, inner)
}

func TestRead(t *testing.T) {
	for _, syntax := range syntaxes {
		for _, undefined := range []bool{false, true} {
			f := open(t, dicomtest.File{Set: sample(), Syntax: syntax, Undefined: undefined})
			if f.TransferSyntax != syntax || len(f.Notes) > 0 {
				t.Errorf("%s: %s %q", syntax, f.TransferSyntax, f.Notes)
			}
			text := func(d *dicom.DataSet, tag dicom.Tag, want ...string) {
				t.Helper()
				if got := d.Texts(tag); !slices.Equal(got, want) {
					t.Errorf("%s %v: %s is %q, want %q", syntax, undefined, tag, got, want)
				}
			}
			floats := func(tag dicom.Tag, want ...float64) {
				t.Helper()
				if got, err := f.FloatsAs(tag, "FL"); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s %v: %s is %v, want %v (%v)", syntax, undefined, tag, got, want, err)
				}
			}
			text(f.DataSet, dicom.PatientName, "Müller^Zoë")
			text(f.DataSet, dicom.ImageComments, ` a\b`)
			text(f.DataSet, dicom.SeriesDescription)
			text(f.DataSet, dicom.ImageType, "ORIGINAL", "PRIMARY", "M", "ND")
			text(f.DataSet, dicom.SOPInstanceUID, "1.2.3.4.1")
			text(f.DataSet, dicom.Rows, "2")
			text(f.DataSet, dicom.FrameIncrementPointer, "(0018,1063)")
			text(f.DataSet, dicom.PixelData)
			floats(dicom.EchoTime, 12.5)
			floats(dicom.DiffusionGradientOrientation, .1, -.2, 1e-9)
			floats(f.Private(0x2005, "Philips MR Imaging DD 001", 0x0E), .25)
			floats(f.Private(0x2005, "OTHER", 0x0E), 7)
			floats(dicom.SeriesDescription)
			if f.Private(0x2005, "NOBODY", 0x0E) != 0 || f.Private(0x2001, "OTHER", 0x0E) != 0 {
				t.Error("a block of nobody's")
			}
			if n, err := f.Ints(dicom.FrameIncrementPointer); err != nil || !slices.Equal(n, []int{0x00181063}) {
				t.Error(n, err)
			}
			if n, err := f.Int(dicom.InstanceNumber, -1); n != 1 || err != nil {
				t.Error(n, err)
			}
			if n, err := f.Int(dicom.AcquisitionNumber, -1); n != -1 || err != nil {
				t.Error(n, err)
			}
			items := f.Items(dicom.ReferencedImageSequence)
			if len(items) != 3 || len(f.Items(dicom.SourceImageSequence)) != 0 || !f.Has(dicom.SourceImageSequence) {
				t.Fatalf("%s: %d items", syntax, len(items))
			}
			text(items[2], dicom.ReferencedSOPInstanceUID, "1.2.3")
			text(items[0].Items(dicom.AnatomicRegionSequence)[0], dicom.CodeMeaning, "Gehirn, großes") // the root's character set
			private := f.Items(f.Private(0x2005, "Philips MR Imaging DD 005", 0x0F))
			if len(private) != 1 {
				t.Fatalf("%s %v: %d private items", syntax, undefined, len(private))
			}
			text(private[0], dicom.ReferencedSOPInstanceUID, "1.2.3")
		}
	}
}

// One data set reads the same in every transfer syntax, with lengths and
// without, with meta information and without.
func TestSyntaxesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := randomSet(t, 0)
		var want string
		for _, syntax := range syntaxes {
			for _, undefined := range []bool{false, true} {
				f := dicomtest.File{Set: s, Syntax: syntax, Undefined: undefined}
				f.NoMeta = syntax != dicom.Deflated && rapid.Bool().Draw(t, "no meta")
				f.NoPreamble = rapid.Bool().Draw(t, "no preamble")
				d, err := read(f.Bytes())
				if err != nil {
					t.Fatalf("%+v: %v", f, err)
				}
				got := show(d.DataSet)
				if want == "" {
					want = got
				}
				if got != want || d.TransferSyntax != syntax {
					t.Fatalf("%s %v, no meta %v:\n%s\nwant\n%s", d.TransferSyntax, undefined, f.NoMeta, got, want)
				}
			}
		}
	})
}

// randomSet begins with an element by which a file can be told.
func randomSet(t *rapid.T, depth int) *dicomtest.Set {
	s := dicomtest.New()
	if depth == 0 {
		s.Put(dicom.SpecificCharacterSet, "CS", "ISO_IR 100").Put(dicom.ImageType, "CS", "ORIGINAL", "PRIMARY").Put(dicom.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.4").Put(dicom.Modality, "CS", "MR")
	}
	for range rapid.IntRange(0, 8).Draw(t, "elements") {
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			s.Put(dicom.StudyDescription, "LO", rapid.StringMatching(`[A-Za-z^ ]{0,70}`).Draw(t, "text"))
		case 1:
			s.Put(dicom.ImagePositionPatient, "DS", rapid.Float64Range(-1000, 1000).Draw(t, "x"), 0.0, 1.0)
		case 2:
			s.Put(dicom.DiffusionGradientOrientation, "FD", rapid.Float64().Draw(t, "fd"))
		case 3:
			s.Put(dicom.Rows, "US", rapid.IntRange(0, 65535).Draw(t, "us"))
		case 4:
			s.Put(dicom.FrameAcquisitionDuration, "FD")
		case 5:
			if depth < 4 {
				var items []*dicomtest.Set
				for range rapid.IntRange(0, 3).Draw(t, "items") {
					items = append(items, randomSet(t, depth+1))
				}
				s.Seq(rapid.SampledFrom([]dicom.Tag{dicom.ReferencedImageSequence, dicom.PixelMeasuresSequence, dicom.ROIContourSequence}).Draw(t, "sequence"), items...)
			}
		case 6:
			s.Put(dicom.TemporalPositionIndex, "UL", rapid.IntRange(0, 1<<32-1).Draw(t, "ul"))
		}
	}
	return s
}

// show writes a data set down.
func show(d *dicom.DataSet) string {
	var b strings.Builder
	for _, t := range d.Tags() {
		b.WriteString(t.String() + strings.Join(d.Texts(t), `\`))
		for _, it := range d.Items(t) {
			b.WriteString("[" + show(it) + "]")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Values that are no numbers are an error with tag and place, and the value is
// not in it.
func TestNumbers(t *testing.T) {
	put := func(vr string, v any) *dicom.File {
		return open(t, dicomtest.File{Set: dicomtest.New().Put(dicom.ImageType, "CS", "A").Put(dicom.EchoTime, vr, v)})
	}
	for _, c := range []struct {
		vr   string
		v    any
		want []float64 // nil: an error
	}{
		{"DS", "1.5\\ -2e3 \\+3", []float64{1.5, -2000, 3}},
		{"DS", "1,5", []float64{1.5}},
		{"IS", "7.0", []float64{7}},
		{"DS", "secret", nil},
		{"DS", "1\\\\2", nil},
		{"DS", "0x10", nil},
		{"DS", "NaN", nil},
		{"DS", "inf", nil},
		{"DS", "1_0", nil},
		{"DS", "1e999", nil},
		{"DS", "1,000.5", nil},
		{"OB", []byte{1, 2}, nil},
		{"US", []byte{1, 2, 3}, nil},
		{"FD", []byte{1, 2, 3, 4}, nil},
		{"SS", []byte{0xFF, 0xFF}, []float64{-1}},
		{"SL", []byte{0xFE, 0xFF, 0xFF, 0xFF}, []float64{-2}},
		{"UL", []byte{0xFE, 0xFF, 0xFF, 0xFF}, []float64{math.MaxUint32 - 1}},
		{"SV", []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, []float64{-1}},
	} {
		got, err := put(c.vr, c.v).Floats(dicom.EchoTime)
		if (err != nil) != (c.want == nil) || !slices.Equal(got, c.want) {
			t.Errorf("%s %v: %v, %v", c.vr, c.v, got, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "(0018,0081) EchoTime at byte") || strings.Contains(err.Error(), "secret") || fault.Code(err) != fault.CodeInput) {
			t.Error(err)
		}
	}
	if _, err := put("DS", "1.5").Ints(dicom.EchoTime); err == nil {
		t.Error("1.5 is a whole number")
	}
	if f, err := put("DS", "  ").Floats(dicom.EchoTime); f != nil || err != nil {
		t.Error(f, err)
	}
}

// US or SS, as the pixel representation says, also from within an item.
func TestPixelValuesSign(t *testing.T) {
	for _, syntax := range []string{dicom.ImplicitLittle, dicom.ExplicitLittle} {
		for pr, want := range []int{65535, -1} {
			s := dicomtest.New().Put(dicom.ImageType, "CS", "A").Put(dicom.PixelRepresentation, "US", pr).Put(dicom.SmallestImagePixelValue, []string{"US", "SS"}[pr], 65535)
			s.Seq(dicom.PixelValueTransformationSequence, dicomtest.New().Put(dicom.LargestImagePixelValue, []string{"US", "SS"}[pr], 65535))
			f := open(t, dicomtest.File{Set: s, Syntax: syntax})
			n, err := f.Int(dicom.SmallestImagePixelValue, 0)
			m, err2 := f.Items(dicom.PixelValueTransformationSequence)[0].Int(dicom.LargestImagePixelValue, 0)
			if n != want || m != want || err != nil || err2 != nil {
				t.Errorf("%d: %d %d, want %d (%v %v)", pr, n, m, want, err, err2)
			}
		}
	}
}

// A value that is too long to keep is read when it is asked for, while the file
// is open.
func TestLongValue(t *testing.T) {
	long := strings.Repeat("1.5\\", 30000) + "2"
	path := filepath.Join(t.TempDir(), "a.dcm")
	s := dicomtest.New().Put(dicom.ImageType, "CS", "A").Put(dicom.ContourData, "DS", long).Put(dicom.PixelData, "OW", make([]byte, 100))
	if err := (dicomtest.File{Set: s, Syntax: dicom.ImplicitLittle}).Write(path); err != nil {
		t.Fatal(err)
	}
	f, err := dicom.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if x, err := f.Floats(dicom.ContourData); err != nil || len(x) != 30001 || x[30000] != 2 {
		t.Error(len(x), err)
	}
	if f.Bytes(dicom.PixelData) != nil {
		t.Error("pixel data as a value")
	}
	f.Close()
	if _, err := f.Floats(dicom.ContourData); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	small, err := dicom.Options{MaxValue: 1000}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	if _, err := small.Floats(dicom.ContourData); err == nil || !strings.Contains(err.Error(), "at most 1000") {
		t.Error(err)
	}
}

func TestOpenRefused(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir: "no regular file", filepath.Join(dir, "absent"): "no such file", empty: "not a DICOM file",
	} {
		_, err := dicom.Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.CodeInput {
			t.Errorf("%s: %v", path, err)
		}
		var in *fault.Input
		if !errors.As(err, &in) || in.File != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}
