package radiomics

import (
	"fmt"
	"math"
	"slices"

	"magn/internal/fault"
)

// statistics adds what values and grey levels are described by alike (sections
// 3.3 and 3.4).
func (f *ibsiFeatures) statistics(family string, x []float64) {
	n := float64(len(x))
	var sum, energy float64
	for _, v := range x {
		sum += v
		energy += v * v
	}
	mean := sum / n
	q := quantiles(slices.Clone(x), 0, 0.1, 0.25, 0.5, 0.75, 0.9, 1)
	var m2, m3, m4, absolute, fromMedian float64
	for _, v := range x {
		d := v - mean
		m2 += d * d / n
		m3 += d * d * d / n
		m4 += d * d * d * d / n
		absolute += math.Abs(d) / n
		fromMedian += math.Abs(v-q[3]) / n
	}
	skew, kurt := 0.0, 0.0
	if q[0] == q[6] {
		m2, absolute = 0, 0
	} else {
		skew, kurt = m3/math.Pow(m2, 1.5), m4/(m2*m2)-3
	}
	f.add(family, "mean", mean)
	f.add(family, "var", m2)
	f.add(family, "skew", skew)
	f.add(family, "kurt", kurt)
	f.add(family, "median", q[3])
	f.add(family, "min", q[0])
	f.add(family, "p10", q[1])
	f.add(family, "p90", q[5])
	f.add(family, "max", q[6])
	f.add(family, "iqr", q[4]-q[2])
	f.add(family, "range", q[6]-q[0])
	f.add(family, "mad", absolute)
	f.add(family, "rmad", deviationWithin(x, q[1], q[5]))
	f.add(family, "medad", fromMedian)
	f.add(family, "cov", math.Sqrt(m2)/mean)
	f.add(family, "qcod", (q[4]-q[2])/(q[4]+q[2]))
	if family == "stat" {
		f.add(family, "energy", energy)
		f.add(family, "rms", math.Sqrt(energy/n))
	}
}

// histogram adds the intensity histogram's features (section 3.4). The mode
// nearest to the mean is taken; the gradient is over all levels from 1 to the
// highest, whether or not they occur.
func (f *ibsiFeatures) histogram(g *Grey) {
	var x []float64
	g.each(func(v int) { x = append(x, float64(g.Level[v])) })
	f.statistics("ih", x)

	n := float64(len(x))
	mean := 0.0
	for _, v := range x {
		mean += v / n
	}
	count := make([]float64, g.Ng()+2) // by level; its neighbours at either end
	var entropy, uniformity float64
	mode := 0
	for k, level := range g.Levels {
		c := float64(g.Counts[k])
		count[level] = c
		entropy += entropyTerm(c / n)
		uniformity += sq(c / n)
		if c > count[mode] || c == count[mode] && math.Abs(float64(level)-mean) < math.Abs(float64(mode)-mean) {
			mode = int(level)
		}
	}
	steepest, fall := [2]float64{math.Inf(-1)}, [2]float64{math.Inf(1)}
	for l := 1; l <= g.Ng(); l++ {
		var slope float64
		switch {
		case g.Ng() == 1:
		case l == 1:
			slope = count[2] - count[1]
		case l == g.Ng():
			slope = count[l] - count[l-1]
		default:
			slope = (count[l+1] - count[l-1]) / 2
		}
		if slope > steepest[0] {
			steepest = [2]float64{slope, float64(l)}
		}
		if slope < fall[0] {
			fall = [2]float64{slope, float64(l)}
		}
	}
	f.add("ih", "mode", float64(mode))
	f.add("ih", "entropy", entropy)
	f.add("ih", "uniformity", uniformity)
	f.add("ih", "max_grad", steepest[0])
	f.add("ih", "max_grad_g", steepest[1])
	f.add("ih", "min_grad", fall[0])
	f.add("ih", "min_grad_g", fall[1])
}

// volumeHistogram adds the intensity-volume histogram's features (section 3.5):
// the share of the lesion at or above an intensity. Intensities are in steps:
// bins of a width over the range, each standing for its middle; a number of bins
// over the lesion's own values, each standing for its number from 1 (the manual's
// way for values without a unit); or, without bins, the values in steps of 1.
func (f *ibsiFeatures) volumeHistogram(in *IBSIInput, r *Region) error {
	x := r.inside()
	slices.Sort(x)
	lo, hi := x[0], x[len(x)-1]
	b := in.VolumeBins
	if b.Count == 0 && !math.IsNaN(in.VolumeLow) {
		lo = in.VolumeLow
	}
	if b.Count == 0 && !math.IsNaN(in.VolumeHigh) {
		hi = in.VolumeHigh
	}
	width, steps := 1.0, math.Round(hi-lo)+1
	intensity := func(step int) float64 { return lo + float64(step)*width }
	switch {
	case b.Count > 0:
		width, steps = (hi-lo)/float64(b.Count), float64(b.Count)
		intensity = func(step int) float64 { return float64(step + 1) }
	case b.Width > 0:
		width, steps = b.Width, math.Ceil((hi-lo)/b.Width)
		intensity = func(step int) float64 { return lo + (float64(step)+.5)*width }
	}
	if !(width > 0) {
		width = 1
	}
	if !(steps <= maxLevels) {
		return &fault.Input{File: "settings", Field: "the intensity-volume histogram's bins", Found: fmt.Sprint(steps), Expected: fmt.Sprintf("at most %d", maxLevels)}
	}
	last := max(int(steps)-1, 0)
	above := func(step int) float64 { // share of the values in that step or a higher one
		k, _ := slices.BinarySearch(x, lo+float64(step)*width)
		return float64(len(x)-k) / float64(len(x))
	}
	share := func(part float64) float64 { // at that part of the range
		for step := 0; step <= last; step++ {
			if last == 0 || float64(step)/float64(last) >= part-1e-12 {
				return above(step)
			}
		}
		return 0
	}
	least := func(part float64) float64 { // lowest intensity with no more than that share
		for step := 0; step <= last; step++ {
			if above(step) <= part {
				return intensity(step)
			}
		}
		return intensity(last + 1)
	}
	v10, v90, i10, i90 := share(0.1), share(0.9), least(0.1), least(0.9)
	f.add("ivh", "v10", v10)
	f.add("ivh", "v90", v90)
	f.add("ivh", "i10", i10)
	f.add("ivh", "i90", i90)
	f.add("ivh", "diff_v10_v90", v10-v90)
	f.add("ivh", "diff_i10_i90", i10-i90)
	return nil
}

// localPeaks adds the means within a sphere of 1 cm³ (section 3.2), around the
// highest value, and the highest such mean around any voxel of the lesion.
// Voxels outside the lesion count; of several highest values the one with the
// higher mean is taken.
func (f *ibsiFeatures) localPeaks(in *IBSIInput, r *Region) {
	radius := 10 * math.Cbrt(3/(4*math.Pi))
	var sphere []offset
	var reach [3]int
	for axis := range reach {
		reach[axis] = min(int(radius/r.Spacing[axis]), in.Size[axis])
	}
	for z := -reach[2]; z <= reach[2]; z++ {
		for y := -reach[1]; y <= reach[1]; y++ {
			for x := -reach[0]; x <= reach[0]; x++ {
				if sq(float64(x)*r.Spacing[0])+sq(float64(y)*r.Spacing[1])+sq(float64(z)*r.Spacing[2]) <= radius*radius {
					sphere = append(sphere, offset{x, y, z})
				}
			}
		}
	}
	highest, local, global := math.Inf(-1), 0.0, math.Inf(-1)
	for v, inside := range r.Inside {
		if !inside {
			continue
		}
		at := r.position(v)
		var sum, n float64
		for _, d := range sphere {
			x, y, z := r.Start[0]+at[0]+d[0], r.Start[1]+at[1]+d[1], r.Start[2]+at[2]+d[2]
			if x >= 0 && y >= 0 && z >= 0 && x < in.Size[0] && y < in.Size[1] && z < in.Size[2] {
				sum += in.Values[x+in.Size[0]*(y+in.Size[1]*z)]
				n++
			}
		}
		peak := sum / n
		global = max(global, peak)
		if value := r.Values[v]; value > highest || value == highest && peak > local {
			highest, local = value, peak
		}
	}
	f.add("loc", "peak_loc", local)
	f.add("loc", "peak_glob", global)
}
