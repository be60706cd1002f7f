package convert

import (
	"fmt"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/volume"
)

// repeated is three volumes of four slices which only the instance number that
// number gives (of time t and place k, from 0) tells apart.
func repeated(number func(t, k int) int) []made {
	var list []made
	for t := range 3 {
		list = append(list, tagged(sagittal(4), fmt.Sprint(t), func(k int, s *dicomtest.Set) {
			s.Put(dicom.InstanceNumber, "IS", number(t, k)).Put(dicom.PixelData, "OW", pixels(30, 7*t+k))
		})...)
	}
	return list
}

// Instance numbers tell volumes apart where nothing else does and they run as a
// scanner counts; any other order of them is no order.
func TestInstanceNumbers(t *testing.T) {
	const note = "; nothing but Instance Number tells the series' volumes apart: taken to be in its order"
	inOrder := ""
	for i := range 3 {
		inOrder += fmt.Sprintf("001_t1-tse-sag_t%d: 5×6×4, 0.7×0.8×4.4 mm%s\n", i+1, note)
	}
	interleaved := [4]int{0, 2, 1, 3}
	for _, c := range []struct {
		name   string
		number func(t, k int) int
		want   string // what the summary begins with
	}{
		{"volume after volume", func(t, k int) int { return 4*t + k + 1 }, inOrder},
		{"interleaved, from the other end, with numbers left out", func(t, k int) int { return 10*t + 4 - interleaved[k] }, inOrder},
		{"place after place", func(t, k int) int { return 3*k + t + 1 }, "001_t1-tse-sag: (0020,0032)"},
		{"in another order in one volume", func(t, k int) int { return 4*t + (k+t/2)%4 + 1 }, "001_t1-tse-sag: (0020,0032)"},
		{"one number for all", func(t, k int) int { return 1 }, "001_t1-tse-sag: (0020,0032)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeAll(t, dir, repeated(c.number))
			s := scan(t, Options{}, dir)
			if got := summary(s); !strings.HasPrefix(got, c.want) {
				t.Fatalf("%s\nwant\n%s", got, c.want)
			}
			for i, v := range s.Candidates {
				if v.Err != nil {
					continue
				}
				if v.By != "instance number" || v.Index != i+1 || v.Of != 3 {
					t.Errorf("%s: %s, %d of %d", v.Name, v.By, v.Index, v.Of)
				}
				for k, sl := range s.Slices(v) { // along the normal, from left to right: the last file first
					if want := fmt.Sprintf("1.2.3.4.%d.%d", i, 4-k); sl.SOP != want {
						t.Errorf("%s slice %d is %s, want %s", v.Name, k, sl.SOP, want)
					}
				}
			}
		})
	}
	// Slices at the edge that are empty in several volumes are no copies; whole
	// volumes that are the same are.
	for name, c := range map[string]struct {
		same func(k int) bool
		want string
	}{
		"empty at the edge": {func(k int) bool { return k == 3 }, inOrder},
		"the same volume":   {func(k int) bool { return true }, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n"},
	} {
		dir := t.TempDir()
		list := repeated(func(t, k int) int { return 4*t + k + 1 })
		writeAll(t, dir, each(list, func(i int, s *dicomtest.Set) {
			if c.same(i % 4) {
				s.Put(dicom.PixelData, "OW", pixels(30, i%4))
			}
		}))
		s := scan(t, Options{}, dir)
		if got := summary(s); got != c.want {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
		for _, f := range s.Files {
			if f.Status == Used && f.Reason != "" || f.Status == Refused {
				t.Errorf("%s: %s: %s, %s", name, f.Path, f.Status, f.Reason)
			}
		}
	}
	// A volume that was stopped, or numbers that are not there.
	for name, list := range map[string][]made{
		"stopped": repeated(func(t, k int) int { return 4*t + k + 1 })[:11],
		"none":    each(repeated(func(t, k int) int { return 0 }), func(_ int, s *dicomtest.Set) { s.Delete(dicom.InstanceNumber) }),
	} {
		dir := t.TempDir()
		writeAll(t, dir, list)
		if got := summary(scan(t, Options{}, dir)); !strings.HasPrefix(got, "001_t1-tse-sag: (0020,0032)") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// GE's epi_pepolar: volumes of reversed phase encoding have their rows upside down
// under the others' header. All come to lie in one place.
func TestPepolar(t *testing.T) {
	for mode, reversed := range [4][]bool{{false, false}, {true, true}, {true, false}, {false, true}} {
		t.Run(fmt.Sprint("mode ", mode), func(t *testing.T) {
			var list []made
			for i, upsideDown := range reversed {
				list = append(list, tagged(stackOf(4, 6, 5, [3]float64{-9, -30, 40}, axRow, axCol, [3]float64{0, 0, 3}), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
					p := pixels(30, k)
					p[29] += uint16(i) // no duplicate
					if upsideDown {
						for y := range 3 {
							for x := range 5 {
								p[5*y+x], p[5*(5-y)+x] = p[5*(5-y)+x], p[5*y+x]
							}
						}
					}
					s.Put(tManufacturer, "LO", "GE MEDICAL SYSTEMS").Put(tTemporalPosition, "IS", i+1).Put(dicom.PixelData, "OW", p).
						Private(0x0019, geAcq, 0x9C, "LO", "research/ABCD/epi_pepolar").Private(0x0019, geAcq, 0xB3, "DS", mode)
				})...)
			}
			dir := t.TempDir()
			writeAll(t, dir, list)
			s := scan(t, Options{}, dir)
			var first *volume.Volume
			for _, c := range s.Candidates {
				if c.Err != nil {
					t.Fatal(c.Err)
				}
				v := canonical(t, image(t, s, c), volume.Axial)
				if first == nil {
					first = v
					continue
				}
				// But for the one voxel a slice that was made to differ.
				if err := first.Match(v.Grid); err != nil {
					t.Fatal(err)
				}
				n := 0
				for i := range v.Data {
					if v.Data[i] != first.Data[i] {
						n++
					}
				}
				if n != 4 {
					t.Errorf("%d voxels differ, want 4", n)
				}
			}
			if len(s.Candidates) != 2 {
				t.Error(summary(s))
			}
			for _, c := range s.Candidates {
				if c.Facts.Reversed != strings.Contains(c.Name, "_reversed") || c.Facts.Reversed != (len(c.Notes) > 0) {
					t.Errorf("%s: reversed %t, notes %q", c.Name, c.Facts.Reversed, c.Notes)
				}
			}
			if mode < 2 {
				return
			}
			writeAll(t, dir, each(list, func(_ int, s *dicomtest.Set) { s.Delete(tTemporalPosition) }))
			for _, f := range scan(t, Options{}, dir).Files {
				if f.Status != Refused || !strings.Contains(f.Reason, "epi_pepolar") {
					t.Fatalf("without temporal positions: %s, %s", f.Status, f.Reason)
				}
			}
		})
	}
}
