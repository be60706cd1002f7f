package dicom

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"magn/internal/fault"
	"magn/internal/testenv"
)

// testdata/odd.tsv is what pydicom 3.0.2 makes of the odd files:
//
//	python testdata/dump.py .../dicom/odd < names
func TestOddFiles(t *testing.T) {
	dir := testenv.Data(t, "dicom", "odd")
	table, err := os.Open(filepath.Join("testdata", "odd.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	rows := bufio.NewScanner(table)
	n := 0
	for ; rows.Scan(); n++ {
		c := strings.Split(rows.Text(), "\t")
		name := c[0]
		f, err := Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
			continue
		}
		if uid := f.Meta.Text(TransferSyntaxUID); uid != strings.TrimPrefix(c[1], "-") {
			t.Errorf("%s: transfer syntax %s, pydicom %s", name, uid, c[1])
		}
		if got := strconv.Itoa(elements(f.DataSet)); got != c[2] {
			t.Errorf("%s: %s elements, pydicom %s", name, got, c[2])
		}
		if got := strings.TrimRight(strings.Join(f.Texts(PatientName), `\`), "="); got != strings.TrimPrefix(c[3], "-") {
			t.Errorf("%s: name %s, pydicom %s", name, got, c[3])
		}
		if c[4] != "-" {
			if px, err := f.Frame(t.Context(), 0, nil); err != nil || hash(px) != c[4] {
				t.Errorf("%s: frame %s, pydicom %s (%v)", name, hash(px), c[4], err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if n < 130 {
		t.Errorf("%d files in the table", n)
	}
}

// elements counts those of all depths. Sequences that were found in values of
// unknown VR count as the one element that they are.
func elements(d *DataSet) int {
	n := len(d.elements)
	for i := range d.elements {
		if e := &d.elements[i]; e.vr == vrSQ || !e.tag.Private() {
			for _, it := range e.items {
				n += elements(it)
			}
		}
	}
	return n
}

// What cannot be read, and the reason that is given.
func TestOddRefused(t *testing.T) {
	dir := testenv.Data(t, "dicom", "odd")
	for name, want := range map[string]string{
		"rtplan_truncated.dcm":            "(300a,00b0) BeamSequence at byte 1410: found a length of 976 where 711 bytes are left",
		"dicomdirtests/DICOMDIR-nooffset": "(fffe,e000) Item at byte 10860: found a length of 248 where 224 bytes are left",
		"zipMR.gz":                        "not a DICOM file",
		"crayons.icc":                     "not a DICOM file",
		"README.txt":                      "not a DICOM file",
		"LICENSE":                         "not a DICOM file",
		"test1.json":                      "not a DICOM file",
		"rtplan.dump":                     "not a DICOM file",
	} {
		_, err := Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.CodeInput {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasPrefix(want, "not a") != errors.Is(err, ErrNotDICOM) {
			t.Errorf("%s: is ErrNotDICOM: %v", name, errors.Is(err, ErrNotDICOM))
		}
	}
	f, err := Open(filepath.Join(dir, "MR_truncated.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := f.Pixels()
	var short *Short
	if !errors.As(err, &short) || *short != (Short{0, 1}) || p.Rows != 64 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, again := f.Frame(t.Context(), 0, nil); !errors.As(again, &short) {
		t.Error(again)
	}
}

// Every file of these sets opens without a note, and its pixels are described.
func TestSetsOpen(t *testing.T) {
	n := 0
	for _, set := range []string{"convert", "annotated"} {
		dir := testenv.Data(t, "dicom", set)
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			b := make([]byte, 132)
			if r, e := os.Open(path); err != nil || d.IsDir() || e != nil {
				return err
			} else {
				r.Read(b)
				r.Close()
			}
			if string(b[128:]) != "DICM" {
				return nil
			}
			n++
			f, err := Open(path)
			if err != nil {
				t.Error(err)
				return nil
			}
			defer f.Close()
			if _, err := f.Pixels(); f.Has(PixelData) && err != nil {
				t.Error(err)
			}
			if len(f.Notes) > 0 {
				t.Errorf("%s: %q", path, f.Notes)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if n < 300 {
		t.Errorf("%d files", n)
	}
}

// A byte stands before the data set, and there is no meta information: it is
// CT_small.dcm otherwise, as the folder's README says.
func TestStrayByte(t *testing.T) {
	dir := testenv.Data(t, "dicom", "odd")
	got, err := Open(filepath.Join(dir, "no_meta.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	want, err := Open(filepath.Join(dir, "CT_small.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if g, w := got.Tags(), want.Tags(); !slices.Equal(g, w) {
		t.Errorf("%d elements, want %d", len(g), len(w))
	}
	a, err := got.Frame(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Frame(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a, b) {
		t.Error("other pixels")
	}
}
