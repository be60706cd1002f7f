package dicom_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/dicom"
	"magn/internal/testenv"
)

func object() *dicom.Set {
	return dicom.NewSet().Put(dicom.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.4").Put(dicom.SOPInstanceUID, "UI", "1.2.3")
}

// What is written is read again: text, numbers, sequences, private elements and
// pixels, in both transfer syntaxes.
func TestWriteRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		syntax := rapid.SampledFrom([]string{dicom.ExplicitLittle, dicom.ImplicitLittle}).Draw(t, "syntax")
		name := rapid.StringMatching(`[A-Z][a-zäöüčñ]{0,20}\^[A-Z][a-z]{0,9}`).Draw(t, "name")
		numbers := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 6).Draw(t, "numbers")
		words := rapid.SliceOfN(rapid.Uint16(), 4, 4).Draw(t, "pixels")
		deep := rapid.IntRange(0, 5).Draw(t, "depth")
		item := dicom.NewSet().Put(dicom.PixelSpacing, "DS", numbers)
		for range deep {
			item = dicom.NewSet().Seq(dicom.PixelMeasuresSequence, item, dicom.NewSet())
		}
		s := object().Put(dicom.SpecificCharacterSet, "CS", "ISO_IR 192").
			Put(dicom.PatientName, "PN", name).
			Put(dicom.ImageType, "CS", "ORIGINAL", "PRIMARY").
			Put(dicom.ScanOptions, "CS").
			Seq(dicom.PixelMeasuresSequence, item).
			Private(0x2005, "A VENDOR", 0x0E, "FL", 1.5).
			Private(0x2005, "ANOTHER", 0x0E, "FL", 2.5).
			Image(2, 2, 16, false).Put(dicom.PixelData, "OW", words)
		var b bytes.Buffer
		if err := s.Write(&b, syntax); err != nil {
			t.Fatal(err)
		}
		f, err := dicom.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "memory.dcm")
		if err != nil {
			t.Fatal(err)
		}
		if f.Text(dicom.PatientName) != name || !slices.Equal(f.Texts(dicom.ImageType), []string{"ORIGINAL", "PRIMARY"}) || !f.Has(dicom.ScanOptions) || f.Text(dicom.ScanOptions) != "" {
			t.Fatalf("%q, %q", f.Text(dicom.PatientName), f.Texts(dicom.ImageType))
		}
		d := f.DataSet
		for range deep + 1 {
			items := d.Items(dicom.PixelMeasuresSequence)
			if len(items) == 0 {
				t.Fatal("a sequence is gone")
			}
			d = items[0]
		}
		got, err := d.Floats(dicom.PixelSpacing)
		if err != nil || len(got) != len(numbers) {
			t.Fatal(got, err)
		}
		for i, x := range numbers { // DS has 16 characters
			if math.Abs(got[i]-x) > 1e-7*max(1, math.Abs(x)) {
				t.Fatalf("%v became %v", x, got[i])
			}
		}
		for block, want := range []float64{1.5, 2.5} {
			v, err := f.FloatsAs(dicom.Tag(0x2005<<16|(0x10+block)<<8|0x0E), "FL")
			if err != nil || len(v) != 1 || v[0] != want {
				t.Fatalf("private block %d: %v, %v", block, v, err)
			}
		}
		values, err := f.Frame(context.Background(), 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if v != int32(words[i]) {
				t.Fatalf("pixel %d: %d, want %d", i, v, words[i])
			}
		}
	})
}

// What breaks the rules of encoding is refused, with the element's name and never
// with its value, and nothing is left on disk.
func TestWriteRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		set  *dicom.Set
		want string
	}{
		"no instance":         {dicom.NewSet().Put(dicom.SOPClassUID, "UI", "1.2"), "SOPInstanceUID"},
		"another VR":          {object().Put(dicom.Rows, "DS", 5), "(0028,0010) Rows: VR DS, the dictionary has US"},
		"no VR":               {object().Put(dicom.PatientID, "XX", "1"), `VR "XX"`},
		"too long":            {object().Put(dicom.AccessionNumber, "SH", "SECRET"+strings.Repeat("x", 20)), "AccessionNumber: 26 characters, SH has at most 16"},
		"a code":              {object().Put(dicom.Modality, "CS", "secret"), "Modality: not of the form of CS"},
		"a date":              {object().Put(dicom.PatientBirthDate, "DA", "SECRET"), "PatientBirthDate: not of the form of DA"},
		"a UID":               {object().Put(dicom.StudyInstanceUID, "UI", "1.02.3"), "not of the form of UI"},
		"not a number":        {object().Put(dicom.EchoTime, "DS", "SECRET"), "not of the form of DS"},
		"infinite":            {object().Put(dicom.EchoTime, "DS", math.Inf(1)), "not of the form of DS"},
		"text for numbers":    {object().Put(dicom.Rows, "US", "SECRET"), "Rows: string where US has numbers"},
		"letters":             {object().Put(dicom.PatientName, "PN", "SECRETä"), "PatientName: text outside ASCII; Specific Character Set must be ISO_IR 192"},
		"bytes that are none": {object().Put(dicom.PatientName, "PN", "SECRET\xff"), "no UTF-8"},
		"two values in one":   {object().Put(dicom.PatientID, "LO", `SECRET\b`), "a backslash in one value"},
		"control":             {object().Put(dicom.PatientID, "LO", "SECRET\x00"), "control character"},
		"no creator":          {object().Put(0x20051001, "LO", "SECRET"), "a private element without its creator"},
		"odd":                 {object().Put(dicom.PixelData, "OW", []byte{1, 2, 3}), "PixelData: 3 bytes"},
		"deep":                {object().Seq(dicom.PixelMeasuresSequence, dicom.NewSet().Put(dicom.EchoTime, "DS", "SECRET")), "not of the form of DS"},
		"no value":            {object().Put(dicom.PatientID, "LO").Put(dicom.EchoTime, "OB", struct{}{}), "EchoTime"},
		"too much text":       {object().Put(dicom.PixelSpacing, "DS", make([]float64, 40000)), "DS has at most 65535 in explicit VR"},
	} {
		dir := t.TempDir()
		err := dicom.WriteFile(filepath.Join(dir, "x.dcm"), c.set, dicom.ExplicitLittle)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(strings.ToUpper(err.Error()), "SECRET") {
			t.Errorf("%s: the value is in the message: %v", name, err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
	if err := dicom.WriteFile(filepath.Join(t.TempDir(), "x.dcm"), object(), dicom.ExplicitBig); err == nil {
		t.Error("a syntax that is retired")
	}
}

// dcmtk reads the same out of a file as went into it.
func TestPeerDcmdumpReadsWhatIsWritten(t *testing.T) {
	dcmdump := testenv.Program(t, "dcmdump", "apt-get install dcmtk")
	for _, syntax := range []string{dicom.ExplicitLittle, dicom.ImplicitLittle} {
		path := filepath.Join(t.TempDir(), "x.dcm")
		s := object().Put(dicom.PatientID, "LO", "odd").Put(dicom.EchoTime, "DS", 1./3).
			Seq(dicom.PixelMeasuresSequence, dicom.NewSet().Put(dicom.PixelSpacing, "DS", .5, .25), dicom.NewSet()).
			Put(dicom.ExtendedOffsetTable, "OV", 7).
			Image(1, 2, 16, true).Put(dicom.PixelData, "OW", []uint16{1, 0xFFFE})
		if err := dicom.WriteFile(path, s, syntax); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(dcmdump, "+L", path).CombinedOutput()
		if err != nil || strings.Contains(string(out), "W:") || strings.Contains(string(out), "E:") {
			t.Errorf("%s: %v\n%s", syntax, err, out)
		}
		for _, want := range []string{
			"(0010,0020) LO [odd]", "(0018,0081) DS [0.33333333333333]", `DS [0.5\0.25]`, "(0028,0103) US 1",
			`(7fe0,0010) OW 0001\fffe`, "(0002,0013) SH [MAGN]", fmt.Sprintf("(0028,9110) SQ (Sequence with explicit length #=%d)", 2),
		} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: no %s in\n%s", syntax, want, out)
			}
		}
	}
}
