package tabular

import (
	"slices"
	"testing"

	"magn/internal/cohort"
	"magn/internal/nifti"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

// cubes is mode 3d with cubes of 1 mm as a parameter file.
const cubes = `
setting:
  normalize: true
  normalizeScale: 100
  binWidth: 5
  resampledPixelSpacing: [1, 1, 1]
imageType:
  Original: {}
  Wavelet: {}
featureClass: {shape: , firstorder: , glcm: , gldm: , glrlm: , glszm: , ngtdm: }
`

// native3D leaves grey values and voxels as they are in the file.
const native3D = `
setting: {binWidth: 10, resampledPixelSpacing: [1.2, 1.2, 1.2], distances: [1, 2]}
imageType: {Original: {}, LoG: {sigma: [2.0]}}
featureClass: {shape: [MeshVolume, Flatness], firstorder: [Median, Entropy], glszm: }
`

// byHand is what magn radiomics gives for the files of a stack: those of a label,
// 0 standing for all as one.
func byHand(t *testing.T, st cohort.Stack, label uint16, params string) []radiomics.Feature {
	t.Helper()
	s, err := radiomics.ParseSettings(paramsFile(t, params))
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) *nifti.Image {
		im, err := nifti.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		return im
	}
	im := read(st.Image)
	types := map[nifti.DataType]radiomics.PixelType{nifti.Int16: radiomics.Int16, nifti.Uint16: radiomics.Uint16, nifti.Float32: radiomics.Float32}
	image := &radiomics.Image{Grid: im.Grid, Values: im.Float64s(), Type: types[im.Type]}
	if image.Type == radiomics.Unknown {
		t.Fatalf("%s has values of type %v", st.Image, im.Type)
	}
	mask, err := read(st.Mask).Mask()
	if err != nil {
		t.Fatal(err)
	}
	if label == 0 {
		mask, label = merged(mask, mask.Labels), 1
	}
	r, err := radiomics.Extract(t.Context(), image, mask, label, s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return r.Features
}

// Mode 3d of every view: the numbers of magn radiomics on the same files, all
// lesions as one, and the form of the largest beside them. So it is with a
// parameter file that leaves intensities alone, and with several stacks, whose
// mean it is by the volume outlined in each.
func TestWholeVolumesByHand(t *testing.T) {
	m := block
	m.mm, m.lesions = [3]float64{.9, .9, 2.4}, 2
	other := m
	other.key, other.radius = "other", m.radius*.8
	three := func(_ int, v volume.View) []made {
		if v == volume.Axial {
			return []made{m, other}
		}
		return []made{m}
	}
	k := newCohort(t, 4, three, nil).Cases[0]
	for name, c := range map[string]struct {
		settings FeatureSettings
		params   string
		n        int
	}{
		"cubes":          {FeatureSettings{Mode: Mode3D, PixelMM: 1, BinWidth: 5, Wavelet: true}, cubes, 9*93 + 2*14},
		"parameter file": {FeatureSettings{Mode: Mode2D, BinWidth: 5, Params: paramsFile(t, native3D)}, native3D, 2*18 + 2*2},
	} {
		for _, v := range volume.Views {
			s := of(Radiomics, v)
			s.Features = c.settings
			r := row(t, k, s, "")
			if len(r.Values) != c.n || len(r.Notes) > 0 {
				t.Errorf("%s, %s: %d features, notes %q", name, v, len(r.Values), r.Notes)
			}
			want, weight := map[string]float64{}, 0.0
			biggest := 0
			for _, st := range k.Stacks(v) {
				in, err := st.Read(v)
				if err != nil {
					t.Fatal(err)
				}
				_, count, total := biggestLabel(in.Mask.Labels)
				for _, f := range byHand(t, st, 0, c.params) {
					want[f.FullName()] += f.Value * float64(total)
				}
				weight += float64(total)
				if count > biggest {
					biggest = count
					for _, f := range byHand(t, st, 1, c.params) {
						if f.Class == "shape" {
							want["largest_"+f.FullName()] = f.Value
						}
					}
				}
			}
			for _, got := range r.Values {
				x, there := want[got.Name[len(v.String())+1:]]
				if !slices.Contains([]string{"largest"}, got.Name[len(v.String())+1:][:7]) {
					x /= weight
				}
				if d := got.Value - x; !there || d > 1e-11*max(1, x, -x) || d < -1e-11*max(1, x, -x) {
					t.Errorf("%s: %s is %v, by hand %v", name, got.Name, got.Value, x)
				}
			}
		}
	}
}
