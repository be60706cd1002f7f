package radiomics

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"magn/internal/testenv"

	"pgregory.net/rapid"
)

// readPhantom reads one of the initiative's images: NIfTI-1 of int16.
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
	if kind := binary.LittleEndian.Uint16(raw[70:]); kind != 4 {
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
		values = append(values, float64(int16(binary.LittleEndian.Uint16(raw[offset+2*i:]))))
	}
	return size, spacing, values
}

// The digital phantom: every value of the reference manual within its tolerance;
// where that is 0, to the three digits that are printed.
func TestIBSIDigitalPhantom(t *testing.T) {
	dir := testenv.Data(t, "ibsi")
	in := IBSIInput{Lowest: math.NaN(), VolumeLow: math.NaN(), VolumeHigh: math.NaN()}
	in.Size, in.Spacing, in.Values = readPhantom(t, filepath.Join(dir, "digital", "phantom.nii.gz"))
	_, _, mask := readPhantom(t, filepath.Join(dir, "digital", "mask.nii.gz"))
	for _, m := range mask {
		in.Intensity = append(in.Intensity, m > 0)
	}
	all, err := IBSI(in)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range all {
		if _, twice := found[f.Name]; twice {
			t.Errorf("%s comes twice", f.Name)
		}
		found[f.Name] = f.Value
	}

	f, err := os.Open(filepath.Join(dir, "reference", "ibsi_1_dig_phantom.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	agree := map[string]int{}
	for _, row := range rows[1:] {
		text, tag := row[0], row[2]
		if text == "" {
			continue // no reference value
		}
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		tolerance, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := found[tag]
		delete(found, tag)
		if !ok {
			t.Errorf("no %s", tag)
			continue
		}
		// Half a unit of the last digit printed.
		digits := strings.TrimLeft(strings.NewReplacer(".", "", "-", "").Replace(text), "0")
		places := 0
		if _, fraction, ok := strings.Cut(text, "."); ok {
			places = len(fraction)
		}
		unit := math.Pow(10, -float64(places))
		if places == 0 && len(digits) >= 3 {
			unit = math.Pow(10, float64(len(digits)-3))
		}
		if math.Abs(got-want) > max(tolerance, unit/2*(1+1e-9)) {
			t.Errorf("%s is %.6g, want %s ± %s", tag, got, text, row[1])
			continue
		}
		agree[strings.SplitN(tag, "_", 2)[0]]++
	}
	for tag := range found {
		t.Errorf("%s has no reference value", tag)
	}
	t.Log(agree)
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
