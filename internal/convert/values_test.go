package convert

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/nifti"
	"magn/internal/volume"
)

// one is the only volume that comes of files.
func one(t *testing.T, o Options, list []made) (*Scan, *Candidate, *nifti.Image) {
	t.Helper()
	dir := t.TempDir()
	writeAll(t, dir, list)
	s := scan(t, o, dir)
	if len(s.Candidates) != 1 {
		t.Fatalf("candidates:\n%s", summary(s))
	}
	return s, s.Candidates[0], image(t, s, s.Candidates[0])
}

// MONOCHROME1 is turned round within its stored bits, but not where the numbers
// have a unit.
func TestMonochrome1(t *testing.T) {
	for _, c := range []struct {
		modality string
		signed   bool
		want     []float64
	}{
		{"MR", false, []float64{4095, 4094, 1, 0}},
		{"MR", true, []float64{-1, -2, 1, 0}}, // stored 0, 1, -2, -1 of 12 bits
		{"CT", false, []float64{0, 1, 4094, 4095}},
	} {
		s := dicomtest.MR(2, 2, []uint16{0, 1, 4094, 4095}).Image(2, 2, 16, c.signed).Put(dicom.BitsStored, "US", 12).Put(dicom.HighBit, "US", 11).
			Put(tModality, "CS", c.modality).Put(dicom.PhotometricInterpretation, "CS", "MONOCHROME1")
		_, _, im := one(t, Options{}, []made{{Set: s}})
		got := im.Float64s()
		for i, w := range c.want {
			if got[i] != w {
				t.Errorf("%s, signed %t: %v, want %v", c.modality, c.signed, got, c.want)
				break
			}
		}
	}
}

// 12 bits packed without gaps, PS3.5 8.1.1: 0x123, 0xABC little-endian.
func TestPacked12(t *testing.T) {
	s := dicomtest.MR(1, 2, nil).Image(1, 2, 12, false).Put(dicom.PixelData, "OW", []byte{0x23, 0xC1, 0xAB, 0})
	_, _, im := one(t, Options{}, []made{{Set: s}})
	if v := im.Float64s(); v[0] != 0x123 || v[1] != 0xABC {
		t.Errorf("%x", v)
	}
}

// A missing slice is the mean of its neighbours, rounded; two in a row lie at a
// third and two thirds.
func TestInterpolate(t *testing.T) {
	list := each(sagittal(6), func(k int, s *dicomtest.Set) {
		p := make([]uint16, 30)
		for i := range p {
			p[i] = uint16(100*k*k + i)
		}
		s.Put(dicom.PixelData, "OW", p)
	})
	_, c, im := one(t, Options{Interpolate: true}, []made{list[0], list[1], list[4], list[5]})
	// The normal of these slices points to the patient's right: k runs from the last to the first.
	want := []float64{2500, 1600, 1100, 600, 100, 0}
	got := im.Float64s()
	for k, w := range want {
		if got[30*k] != w || got[30*k+7] != w+7 {
			t.Errorf("slice %d: %g and %g, want %g and %g", k, got[30*k], got[30*k+7], w, w+7)
		}
	}
	if len(c.Missing) != 2 || c.Missing[0] != 2 || c.Missing[1] != 3 || !strings.Contains(summaryNotes(c), "2 of 6 slices missing (3, 4): interpolated") {
		t.Errorf("missing %v, notes %q", c.Missing, summaryNotes(c))
	}
}

func summaryNotes(c *Candidate) string { return strings.Join(c.Notes, "; ") }

// A tilted gantry: the sform carries each slice's first pixel to where the
// header says it lies.
func TestTilt(t *testing.T) {
	col := [3]float64{0, math.Cos(.2), math.Sin(.2)}
	list := stackOf(6, 6, 5, [3]float64{-9, -30, 40}, axRow, col, [3]float64{0, 0, 3})
	s, c, im := one(t, Options{}, list)
	if !c.Sheared {
		t.Fatal("not seen as sheared")
	}
	for k, sl := range s.Slices(c) {
		at := im.Affine.Apply([3]float64{0, 0, float64(k)})
		want := [3]float64{-sl.Position[0], -sl.Position[1], sl.Position[2]}
		for i := range at {
			if math.Abs(at[i]-want[i]) > 1e-3 {
				t.Errorf("slice %d lies at %v, want %v", k, at, want)
				break
			}
		}
	}
	path := filepath.Join(t.TempDir(), "tilt.nii.gz")
	if err := im.Write(path); err != nil {
		t.Fatal(err)
	}
	back, err := nifti.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Match(volume.Grid{Size: im.Size, Affine: im.Affine, SpacingKnown: true}); err != nil {
		t.Error(err)
	}
}

// PMC3998685, table of its appendix in words: FP = (PV·RS + RI)/(RS·SS). dcm2niix
// prints l1-l0 and l0; for the fmap of dcm_qa_enh (RS .2442, RI -500, SS 4.095)
// its NIfTI holds 0.24420166015625 and -499.99993896484375.
func TestPhilipsPrecise(t *testing.T) {
	m, b := philipsPrecise(.24420024420024, -500, 4.095000267028809)
	if m != 0.24420166015625 || b != -499.99993896484375 {
		t.Errorf("%v, %v", m, b)
	}
	if m, b := philipsPrecise(2, 3, 0); m != 2 || b != 3 {
		t.Errorf("without a scale: %v, %v", m, b)
	}
}

func TestDateTime(t *testing.T) {
	for _, c := range []struct {
		dt, da, tm string
		want       float64
	}{
		{"20180526152518.62", "", "", 1527348318.62}, // date -u -d '2018-05-26 15:25:18' +%s
		{"20180526152518.62+0200", "", "", 1527348318.62},
		{"", "20180526", "152518", 1527348318},
		{"", "2018.05.26", "15:25:18", 1527348318},
		{"", "", "1525", 55500},
		{"", "20180526", "", nan},
		{"", "99999999", "10", nan},
		{"", "", "2x", nan},
		{"", "", "30", nan},
	} {
		if got := dateTime(c.dt, c.da, c.tm); !(math.Abs(got-c.want) < 1e-6) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v: %f", c, got)
		}
	}
}

// What people type passes only as far as it is known words.
func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"T1_TSE_SAG":                   "t1 tse sag",
		"sagT1w":                       "sag t1w",
		"REST1 w SMS":                  "rest1 w sms",
		"Mueller^Anna T2 *1971":        "t2",
		"MRN12345678 te30 b1000":       "te30 b1000",
		"LAVA-Flex 3.5mm +C":           "lava flex c",
		"t2 3mm 12s rest12":            "t2 3mm 12s rest12",
		"WS T2 Mueller 12.05.61":       "ws t2",
		"WS T2 12-05-1961":             "ws t2",
		"WS T2 19610512":               "ws t2",
		"MR20231234 t1 sag":            "t1 sag",
		"MR1234567":                    "",
		"P1234 T1 X12 E4711":           "t1",
		"P0815 R4711":                  "",
		"b1234 b50 b0 te4711 te80":     "b50 b0 te80",
		"tr4711 ti1961 fa361 te0815":   "",
		"Smith1t1":                     "",
		"":                             "",
		"\u5f20\u4f1f t1 \u589e\u5f3a": "t1",
	} {
		if got := strings.Join(clean(in), " "); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	// Nor does a word that is the patient's.
	if got := strings.Join(clean("t1 Lung^Long b1000 rest61 s5 te61 c2", "P-1000", "Lung^Long", "19610512", "A61"), " "); got != "t1 c2" {
		t.Errorf("%q", got)
	}
	for in, want := range map[string]string{"10ml Gadovist i.v. Meier": "gadobutrol", "Meier": "given", "": "", "Dotarem 0.5": "gadoterate"} {
		if got := cleanAgent(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A CSA header is anybody's bytes.
func FuzzCSA(f *testing.F) {
	f.Add([]byte("SV10\x04\x03\x02\x01\x01\x00\x00\x00M\x00\x00\x00NumberOfImagesInMosaic"))
	f.Add([]byte{1, 0, 0, 0, 77, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range parseCSA(b, "NumberOfImagesInMosaic", "SliceNormalVector") {
			if len(v) > 64 {
				t.Errorf("%d values", len(v))
			}
		}
	})
}

// Of a typed agent and a coded one the coded one counts, whichever comes first in
// the alphabet.
func TestCodedContrast(t *testing.T) {
	for _, typed := range []string{"", "Zzz", "Aaa"} {
		list := each(sagittal(2), func(_ int, s *dicomtest.Set) {
			s.Put(tContrastAgent, "LO", typed).Seq(tContrastAgentSeq, dicomtest.New().Put(tCodeMeaning, "LO", "Gadobutrol"))
		})
		_, c, _ := one(t, Options{}, list)
		if c.Facts.Contrast != "Gadobutrol" {
			t.Errorf("%q typed: %q", typed, c.Facts.Contrast)
		}
	}
}
