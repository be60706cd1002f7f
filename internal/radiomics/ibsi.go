package radiomics

import (
	"fmt"
	"math"

	"magn/internal/fault"
)

// The Image Biomarker Standardisation Initiative (Zwanenburg et al., Radiology
// 295:328–338, 2020; reference manual at arXiv:1612.07003) defines features and
// gives the values that software must find. Its features are named here by the
// manual's tags (cm_joint_entr_3D_avg), where the part before the first
// underscore is the family and what comes last says how the matrices of
// directions and slices were put together.

// IBSIInput is an image as the standard's features see it: prepared, with the
// voxels that count for form and those that count for intensity.
type IBSIInput struct {
	Values        []float64 // every voxel, x fastest
	Size          [3]int
	Spacing       [3]float64 // mm
	Morphological []bool     // one a voxel; nil for Intensity's
	Intensity     []bool     // Morphological without those that resegmentation leaves out
	Bins          Binning    // no bins at all: values are grey levels already, whole numbers from 1
	Lowest        float64    // where bins of a Width begin; NaN for the least value
	VolumeBins    Binning    // of the intensity-volume histogram; no bins: steps of 1
	// VolumeLow and VolumeHigh are the range of that histogram; NaN for the least
	// and the greatest value.
	VolumeLow, VolumeHigh float64
}

// IBSI computes the standard's features but for the densities with the
// minimum-volume oriented box and ellipsoid, which have no reference values, and
// the area under the intensity-volume curve, which has none either.
func IBSI(in IBSIInput) ([]Feature, error) {
	r, err := NewRegion(in.Values, in.Intensity, in.Size, in.Spacing)
	if err != nil {
		return nil, err
	}
	form := r
	if in.Morphological != nil {
		for v, inside := range in.Intensity {
			if inside && !in.Morphological[v] {
				return nil, fmt.Errorf("voxel %d counts for intensity and not for form", v)
			}
		}
		if form, err = NewRegion(in.Values, in.Morphological, in.Size, in.Spacing); err != nil {
			return nil, err
		}
	}
	g, err := r.standardLevels(in.Bins, in.Lowest)
	if err != nil {
		return nil, err
	}
	var out ibsiFeatures
	out.morphology(form, r)
	out.localPeaks(&in, r)
	out.statistics("stat", r.inside())
	out.histogram(g)
	if err := out.volumeHistogram(&in, r); err != nil {
		return nil, err
	}
	out.cooccurrence(g)
	out.runLengths(g)
	out.zones(form, g)
	out.toneDifferences(g)
	out.dependence(g)
	return out, nil
}

// ibsiFeatures gathers features; a name's part before the first underscore is
// the class.
type ibsiFeatures []Feature

func (f *ibsiFeatures) add(family, name string, value float64) {
	*f = append(*f, Feature{Class: family, Name: family + "_" + name, Value: value})
}

// inside is the lesion's values in storage order.
func (r *Region) inside() []float64 {
	x := make([]float64, 0, r.Count)
	for _, s := range r.runs() {
		x = append(x, r.Values[s.start:s.start+s.n]...)
	}
	return x
}

// standardLevels discretises as the manual's section 2.7 does: bins of a width
// are counted from lowest, and a number of bins spans the region's range.
func (r *Region) standardLevels(b Binning, lowest float64) (*Grey, error) {
	level := make([]int32, len(r.Values))
	runs := r.runs()
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, x := range r.inside() {
		lo, hi = min(lo, x), max(hi, x)
	}
	if !math.IsNaN(lowest) && b.Count == 0 && b.Width > 0 {
		if lowest > lo {
			return nil, &fault.Input{File: "settings", Field: "the bins' lower end", Found: fmt.Sprint(lowest), Expected: fmt.Sprintf("at most the least value, %v", lo)}
		}
		lo = lowest
	}
	of := func(x float64) float64 { return x }
	switch {
	case b.Count > 0:
		of = func(x float64) float64 {
			if hi == lo {
				return 1
			}
			return min(math.Floor(float64(b.Count)*(x-lo)/(hi-lo))+1, float64(b.Count))
		}
	case b.Width > 0:
		of = func(x float64) float64 { return math.Floor((x-lo)/b.Width) + 1 }
	}
	for _, s := range runs {
		for v := s.start; v < s.start+s.n; v++ {
			l := of(r.Values[v])
			if !(l >= 1 && l <= maxLevels) || l != math.Trunc(l) {
				return nil, &fault.Input{
					File: "settings", Field: "discretisation", Found: fmt.Sprintf("a value of %v in level %v", r.Values[v], l),
					Expected: fmt.Sprintf("whole levels from 1 to %d", maxLevels), Do: "set the bins' width, their lower end or their number",
				}
			}
			level[v] = int32(l)
		}
	}
	return r.withLevels(level, runs), nil
}

// slices are g with the lesion on one slice each, along z.
func (g *Grey) slices() []*Grey {
	var all []*Grey
	for from := 0; from < len(g.runs); {
		to := from
		for to < len(g.runs) && g.runs[to].z == g.runs[from].z {
			to++
		}
		one := *g
		one.runs = g.runs[from:to]
		all = append(all, &one)
		from = to
	}
	return all
}
