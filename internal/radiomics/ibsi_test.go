package radiomics

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// readPhantom reads one of the initiative's images: NIfTI-1 of uint8, int16 or float32.
func readPhantom(t testing.TB, path string) (size [3]int, spacing [3]float64, values []float64) {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	kind := binary.LittleEndian.Uint16(raw[70:])
	if kind != 2 && kind != 4 && kind != 16 {
		t.Fatalf("%s: type %d", path, kind)
	}
	n := 1
	for axis := range 3 {
		size[axis] = int(binary.LittleEndian.Uint16(raw[42+2*axis:]))
		spacing[axis] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[80+4*axis:])))
		n *= size[axis]
	}
	offset := int(math.Float32frombits(binary.LittleEndian.Uint32(raw[108:])))
	for i := range n {
		switch kind {
		case 2:
			values = append(values, float64(raw[offset+i]))
		case 4:
			values = append(values, float64(int16(binary.LittleEndian.Uint16(raw[offset+2*i:]))))
		case 16:
			values = append(values, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[offset+4*i:]))))
		}
	}
	return size, spacing, values
}

// Moran's I and Geary's C by their definition, voxel by voxel.
func TestAutocorrelationOfPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := randomRegion(t)
		var mean float64
		for _, x := range r.inside() {
			mean += x / float64(r.Count)
		}
		var weights, products, squares, variance float64
		for v, in := range r.Inside {
			if in {
				variance += sq(r.Values[v] - mean)
			}
			for u := range v {
				if !in || !r.Inside[u] {
					continue
				}
				p, q := r.position(u), r.position(v)
				var d [3]float64
				for axis := range d {
					d[axis] = float64(p[axis]-q[axis]) * r.Spacing[axis]
				}
				w := 1 / math.Sqrt(dot3(d, d))
				weights += w
				products += w * (r.Values[u] - mean) * (r.Values[v] - mean)
				squares += w * sq(r.Values[u]-r.Values[v])
			}
		}
		if r.Count < 2 || variance < 1e-6 {
			t.Skip("not defined")
		}
		n := float64(r.Count)
		moran, geary := r.autocorrelation(mean)
		if wantM, wantG := n/weights*products/variance, (n-1)/(2*weights)*squares/variance; math.Abs(moran-wantM) > 1e-9 || math.Abs(geary-wantG) > 1e-9 {
			t.Fatalf("%v and %v, want %v and %v", moran, geary, wantM, wantG)
		}
	})
}

// A lesion on one slice and one of a single level have the features too; none of
// them ends in a crash.
func TestIBSIOddLesions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := randomRegion(t)
		in := IBSIInput{
			Values: r.Values, Size: r.Size, Spacing: r.Spacing, Intensity: r.Inside,
			Lowest: math.NaN(), VolumeLow: math.NaN(), VolumeHigh: math.NaN(),
			Bins:       Binning{Count: rapid.IntRange(1, 30).Draw(t, "count")},
			VolumeBins: Binning{Count: rapid.IntRange(0, 30).Draw(t, "volume bins")},
		}
		all, err := IBSI(in)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 482 {
			t.Fatalf("%d features, want 482", len(all))
		}
	})
}
