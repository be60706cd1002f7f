package convert

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/gdcm"
	"magn/internal/nifti"
	"magn/internal/testenv"
	"magn/internal/volume"
)

// asChild makes this test binary a decoder's child.
const asChild = "MAGN_TEST_DECODE"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		if gdcm.Serve(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		return
	}
	if list := os.Getenv(asMutants); list != "" {
		if err := mutantChild(list); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func decoder(t *testing.T) dicom.Decoder {
	t.Helper()
	testenv.GDCM(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := gdcm.New([]string{"/usr/bin/env", asChild + "=1", self})
	t.Cleanup(func() { d.Close() })
	return d
}

func scan(t testing.TB, o Options, paths ...string) *Scan {
	t.Helper()
	s, err := NewScan(context.Background(), paths, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func image(t testing.TB, s *Scan, c *Candidate) *nifti.Image {
	t.Helper()
	im, err := s.Convert(context.Background(), c)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return im
}

// canonical brings an image to the reading order of the view it lies nearest to,
// so that two programs' storage orders do not matter.
func canonical(t testing.TB, im *nifti.Image, view volume.View) *volume.Volume {
	t.Helper()
	v, err := im.Volume()
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Canonical(view)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// differ is how two volumes differ: in place, and by how much in value; "" where
// they are the same.
func differ(a, b *volume.Volume) string {
	if err := a.Match(b.Grid); err != nil {
		return err.Error()
	}
	far, at := 0.0, 0
	for i := range a.Data {
		if d := math.Abs(float64(a.Data[i]) - float64(b.Data[i])); !(d <= far) {
			far, at = d, i
		}
	}
	if far > 0 {
		return fmt.Sprintf("voxel %v differs by %g (%g and %g)", a.Voxel(at), far, a.Data[at], b.Data[at])
	}
	return ""
}

// made is one generated file: its header, and how it is written.
type made struct {
	*dicomtest.Set
	file dicomtest.File
}

// stackOf is n slices of rows × cols with pixels of their own, one step apart.
func stackOf(n, rows, cols int, origin, row, col, step [3]float64) []made {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(rows)))
	out := make([]made, n)
	for k := range out {
		pixels := make([]uint16, rows*cols)
		for i := range pixels {
			pixels[i] = uint16(100*k + i + rng.IntN(50))
		}
		p := along(origin, float64(k), step)
		s := dicomtest.MR(rows, cols, pixels).
			Put(tSOPInstance, "UI", fmt.Sprintf("1.2.3.4.%d", k+1)).
			Put(dicom.InstanceNumber, "IS", k+1).
			Put(tPosition, "DS", p[0], p[1], p[2]).
			Put(tOrientation, "DS", row[0], row[1], row[2], col[0], col[1], col[2]).
			Put(tPixelSpacing, "DS", .8, .7).
			Put(tManufacturer, "LO", "SIEMENS").
			Put(tSeriesDescription, "LO", "t1_tse_sag")
		out[k] = made{Set: s}
	}
	return out
}

var (
	sagRow, sagCol = [3]float64{0, 1, 0}, [3]float64{0, 0, -1}
	corRow, corCol = [3]float64{1, 0, 0}, [3]float64{0, 0, -1}
	axRow, axCol   = [3]float64{1, 0, 0}, [3]float64{0, 1, 0}
)

// sagittal is n slices from right to left, 4.4 mm apart.
func sagittal(n int) []made {
	return stackOf(n, 6, 5, [3]float64{-20, -50, 60}, sagRow, sagCol, [3]float64{4.4, 0, 0})
}

// each changes every file of a stack.
func each(list []made, do func(k int, s *dicomtest.Set)) []made {
	for k, m := range list {
		do(k, m.Set)
	}
	return list
}

// tagged gives a stack UIDs of its own in its series, so that it can stand
// beside another.
func tagged(list []made, tag string, do func(k int, s *dicomtest.Set)) []made {
	return each(list, func(k int, s *dicomtest.Set) {
		s.Put(tSOPInstance, "UI", fmt.Sprintf("1.2.3.4.%s.%d", tag, k+1))
		if do != nil {
			do(k, s)
		}
	})
}

func writeAll(t testing.TB, dir string, list []made) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, m := range list {
		f := m.file
		f.Set = m.Set
		if err := f.Write(filepath.Join(dir, fmt.Sprintf("%04d.dcm", i))); err != nil {
			t.Fatal(err)
		}
	}
}

// summary is a scan's candidates in a few words, one a line.
func summary(s *Scan) string {
	var b strings.Builder
	for _, c := range s.Candidates {
		if c.Err != nil {
			fmt.Fprintf(&b, "%s: %v\n", c.Name, c.Err)
			continue
		}
		sp := c.Grid.Spacing()
		fmt.Fprintf(&b, "%s: %d×%d×%d, %.4g×%.4g×%.4g mm", c.Name, c.Grid.Size[0], c.Grid.Size[1], c.Grid.Size[2], sp[0], sp[1], sp[2])
		for _, n := range c.Notes {
			b.WriteString("; " + n)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
