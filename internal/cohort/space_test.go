package cohort

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/nifti"
	"magn/internal/nrrd"
	"magn/internal/volume"
)

// The same image lies in the same place whichever way a file says where: NIfTI
// (RAS+), NRRD in its usual space (LPS) and in RAS, written by hand and by us.
func TestLPSAndRAS(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		g := volume.Grid{Size: [3]int{3, 4, 2}, SpacingKnown: true}
		angle := rapid.Float64Range(-.4, .4)
		a, b := angle.Draw(t, "a"), angle.Draw(t, "b")
		sx, sz := rapid.Float64Range(.3, 1.5).Draw(t, "pixel"), rapid.Float64Range(.5, 6).Draw(t, "slice")
		// Columns nearly along the patient's axes, in any of their orders.
		axes := rapid.Permutation([]int{0, 1, 2}).Draw(t, "axes")
		for c, step := range []float64{sx, sx, sz} {
			d := [3]float64{}
			d[axes[c]] = step
			d[0], d[1] = d[0]-a*d[1], d[1]+a*d[0]
			d[1], d[2] = d[1]-b*d[2], d[2]+b*d[1]
			for r := range 3 {
				g.Affine[r][c] = d[r]
			}
			g.Affine[c][3] = rapid.Float64Range(-300, 300).Draw(t, "origin")
		}
		v := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
		for i := range v.Data {
			v.Data[i] = float32(i)
		}
		byHand := func(space string, flip float64) string {
			s := "NRRD0004\ntype: uint8\ndimension: 3\nspace: " + space + "\nsizes: 3 4 2\nencoding: raw\nspace directions:"
			for c := range 3 {
				s += fmt.Sprintf(" (%.17g,%.17g,%.17g)", flip*g.Affine[0][c], flip*g.Affine[1][c], g.Affine[2][c])
			}
			s += fmt.Sprintf("\nspace origin: (%.17g,%.17g,%.17g)\n\n", flip*g.Affine[0][3], flip*g.Affine[1][3], g.Affine[2][3])
			for i := range g.Len() {
				s += string(rune(i))
			}
			return s
		}
		path := func(name string) string { return filepath.Join(dir, name) }
		for _, err := range []error{
			os.WriteFile(path("lps.nrrd"), []byte(byHand("left-posterior-superior", -1)), 0o644),
			os.WriteFile(path("ras.nrrd"), []byte(byHand("right-anterior-superior", 1)), 0o644),
			nrrd.WriteVolume(path("ours.nrrd"), v, nrrd.Uint8),
			nifti.WriteVolume(path("ours.nii"), v, nifti.Uint8),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"lps.nrrd", "ras.nrrd", "ours.nrrd", "ours.nii"} {
			var im interface {
				Volume() (*volume.Volume, error)
			}
			var err error
			if filepath.Ext(name) == ".nii" {
				im, err = nifti.Read(path(name))
			} else {
				im, err = nrrd.Read(path(name))
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := im.Volume()
			if err != nil {
				t.Fatal(err)
			}
			if err := got.Match(g); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for i := range v.Data {
				if got.Data[i] != v.Data[i] {
					t.Fatalf("%s: voxel %d is %g", name, i, got.Data[i])
				}
			}
		}
	})
}
