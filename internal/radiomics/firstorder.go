package radiomics

import "math"

// FirstOrder describes the distribution of the lesion's values, wherever they
// lie. All but Entropy and Uniformity, which are of the grey levels, are
// computed from the values themselves. Units are the image's (squared for
// Variance and Energy; times mm³ for TotalEnergy); Entropy is in bits.
//
// Percentiles are interpolated linearly between order statistics (Hyndman and
// Fan's type 7). Variance divides by the number of voxels. Kurtosis is not
// reduced by 3: a normal distribution's is 3.
func FirstOrder(g *Grey, s *Options) []Feature {
	x := make([]float64, 0, g.Count)
	for _, r := range g.runs {
		x = append(x, g.Values[r.start:r.start+r.n]...)
	}
	n := float64(len(x))

	var sum, energy float64
	for _, v := range x {
		sum += v
		energy += (v + s.VoxelArrayShift) * (v + s.VoxelArrayShift)
	}
	mean := sum / n
	var absolute, m2, m3, m4 float64
	for _, v := range x {
		d := v - mean
		absolute += math.Abs(d)
		m2 += d * d
		m3 += d * d * d
		m4 += d * d * d * d
	}
	m2, m3, m4 = m2/n, m3/n, m4/n

	q := quantiles(x, 0, 0.1, 0.25, 0.5, 0.75, 0.9, 1)
	lowest, p10, p25, median, p75, p90, highest := q[0], q[1], q[2], q[3], q[4], q[5], q[6]
	if lowest == highest { // the mean may have been rounded: there is no spread all the same
		mean, absolute, m2, m3, m4 = lowest, 0, 0, 0, 0
	}
	skewness, kurtosis := 0.0, 0.0
	if m2 != 0 {
		skewness, kurtosis = m3/math.Pow(m2, 1.5), m4/(m2*m2)
	}

	var entropy, uniformity float64
	for _, c := range g.Counts {
		p := float64(c) / n
		entropy += entropyTerm(p)
		uniformity += p * p
	}
	return features("firstorder", map[string]float64{
		"10Percentile":                p10,
		"90Percentile":                p90,
		"Energy":                      energy,
		"Entropy":                     entropy,
		"InterquartileRange":          p75 - p25,
		"Kurtosis":                    kurtosis,
		"Maximum":                     highest,
		"Mean":                        mean,
		"MeanAbsoluteDeviation":       absolute / n,
		"Median":                      median,
		"Minimum":                     lowest,
		"Range":                       highest - lowest,
		"RobustMeanAbsoluteDeviation": deviationWithin(x, p10, p90),
		"RootMeanSquared":             math.Sqrt(energy / n),
		"Skewness":                    skewness,
		"StandardDeviation":           math.Sqrt(m2),
		"TotalEnergy":                 energy * g.Spacing[0] * g.Spacing[1] * g.Spacing[2],
		"Uniformity":                  uniformity,
		"Variance":                    m2,
	})
}

// deviationWithin is the mean absolute deviation, from their own mean, of the
// values from lo to hi.
func deviationWithin(x []float64, lo, hi float64) float64 {
	var sum, n float64
	for _, v := range x {
		if v >= lo && v <= hi {
			sum += v
			n++
		}
	}
	mean, absolute := sum/n, 0.0
	for _, v := range x {
		if v >= lo && v <= hi {
			absolute += math.Abs(v - mean)
		}
	}
	return absolute / n
}

// quantiles of x at the given shares, which ascend, each interpolated linearly
// between the two order statistics beside it. x is reordered.
func quantiles(x []float64, shares ...float64) []float64 {
	out := make([]float64, len(shares))
	from := 0 // x[:from] are in place: what follows is no less
	for i, share := range shares {
		at := share * float64(len(x)-1)
		k := int(at)
		from = selectAt(x, from, k)
		a, t := x[k], at-float64(k)
		b := a
		if k+1 < len(x) {
			from = selectAt(x, from, k+1)
			b = x[k+1]
		}
		if out[i] = a + (b-a)*t; t >= 0.5 { // numpy's way round, for the last bit
			out[i] = b - (b-a)*(1-t)
		}
	}
	return out
}

// selectAt puts the k-th smallest of x where it belongs, smaller ones before it
// (Hoare's selection, the middle of three as pivot), given that x[:from] hold
// the smallest in order of need; it is the new from.
func selectAt(x []float64, from, k int) int {
	lo, hi := from, len(x)-1
	for lo < hi && k >= lo {
		mid := lo + (hi-lo)/2
		a, b, c := x[lo], x[mid], x[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return k
		}
	}
	return max(from, k)
}
