package radiomics

import "math"

// morphology adds the features of form (section 3.1): form is the lesion by the
// morphological mask, r by that of intensities.
func (f *ibsiFeatures) morphology(form, r *Region) {
	bitmap := newBitmap(form)
	area, volume := bitmap.surface(form.Spacing)
	axis := form.axisLengths()
	for k := range axis { // the reference values divide the variance by n−1
		axis[k] *= math.Sqrt(float64(form.Count) / max(1, float64(form.Count-1)))
	}
	diameters := bitmap.diameters(form.Spacing)
	sphere := math.Cbrt(36 * math.Pi * volume * volume)
	cubed := area * area * area
	f.add("morph", "volume", volume)
	f.add("morph", "vol_approx", float64(form.Count)*form.Spacing[0]*form.Spacing[1]*form.Spacing[2])
	f.add("morph", "area_mesh", area)
	f.add("morph", "av", area/volume)
	f.add("morph", "comp_1", volume/(math.Sqrt(math.Pi)*math.Pow(area, 1.5)))
	f.add("morph", "comp_2", 36*math.Pi*volume*volume/cubed)
	f.add("morph", "sph_dispr", area/sphere)
	f.add("morph", "sphericity", sphere/area)
	f.add("morph", "asphericity", math.Cbrt(cubed/(36*math.Pi*volume*volume))-1)
	f.add("morph", "com", centreShift(form, r))
	f.add("morph", "diam", diameters.space)
	f.add("morph", "pca_maj_axis", axis[2])
	f.add("morph", "pca_min_axis", axis[1])
	f.add("morph", "pca_least_axis", axis[0])
	f.add("morph", "pca_elongation", axis[1]/axis[2])
	f.add("morph", "pca_flatness", axis[0]/axis[2])

	side := [3]float64{} // of the box around the surface
	for k := range side {
		side[k] = float64(form.Size[k]) * form.Spacing[k]
	}
	f.add("morph", "vol_dens_aabb", volume/(side[0]*side[1]*side[2]))
	f.add("morph", "area_dens_aabb", area/(2*(side[0]*side[1]+side[0]*side[2]+side[1]*side[2])))
	a, b, c := axis[2]/2, axis[1]/2, axis[0]/2
	f.add("morph", "vol_dens_aee", volume/(4*math.Pi/3*a*b*c))
	f.add("morph", "area_dens_aee", area/ellipsoidArea(a, b, c))
	hullArea, hullVolume := convexHull(bitmap.corners()).measure(form.Spacing)
	f.add("morph", "vol_dens_conv_hull", volume/hullVolume)
	f.add("morph", "area_dens_conv_hull", area/hullArea)

	mean := 0.0
	for _, x := range r.inside() {
		mean += x / float64(r.Count)
	}
	moran, geary := r.autocorrelation(mean)
	f.add("morph", "integ_int", mean*volume)
	f.add("morph", "moran_i", moran)
	f.add("morph", "geary_c", geary)
}

// centreShift is the distance between the lesion's centre and that of its
// intensities.
func centreShift(form, r *Region) float64 {
	var shape, weighted [3]float64
	weight := 0.0
	for v, inside := range form.Inside {
		if inside {
			for axis, at := range form.position(v) {
				shape[axis] += float64(form.Start[axis]+at) / float64(form.Count)
			}
		}
	}
	for v, inside := range r.Inside {
		if inside {
			weight += r.Values[v]
			for axis, at := range r.position(v) {
				weighted[axis] += float64(r.Start[axis]+at) * r.Values[v]
			}
		}
	}
	var d [3]float64
	for axis := range d {
		d[axis] = (shape[axis] - weighted[axis]/weight) * r.Spacing[axis]
	}
	return math.Sqrt(dot3(d, d))
}

// ellipsoidArea is the manual's series in Legendre polynomials, to 20 terms, for
// semi-axes a ≥ b ≥ c.
func ellipsoidArea(a, b, c float64) float64 {
	alpha, beta := math.Sqrt(1-b*b/(a*a)), math.Sqrt(1-c*c/(a*a))
	x := 1.0 // its limit where either is 0
	if alpha*beta > 0 {
		x = (alpha*alpha + beta*beta) / (2 * alpha * beta)
	}
	sum, power := 0.0, 1.0
	before, at := 0.0, 1.0 // P of the degree before and of degree n
	for n := range 21 {
		d := float64(n)
		if alpha*beta > 0 || n == 0 {
			sum += power / (1 - 4*d*d) * at
		}
		before, at = at, ((2*d+1)*x*at-d*before)/(d+1)
		power *= alpha * beta
	}
	return 4 * math.Pi * a * b * sum
}

// autocorrelation is Moran's I and Geary's C, with the inverse distance of two
// voxels as their weight. With x the deviations from the mean, m the mask and w
// the weights by displacement, all sums over pairs are sums of w times a
// correlation of two of x, x² and m. NaN for one voxel, and for a box that would
// take gigabytes (above about 128 voxels a side).
func (r *Region) autocorrelation(mean float64) (moran, geary float64) {
	c := newCorrelator(r.Size)
	if r.Count < 2 || c.len() > 1<<24 {
		return math.NaN(), math.NaN()
	}
	variance := 0.0
	x, squares, mask := make([]float64, len(r.Inside)), make([]float64, len(r.Inside)), make([]float64, len(r.Inside))
	for v, inside := range r.Inside {
		if inside {
			d := r.Values[v] - mean
			x[v], squares[v], mask[v] = d, d*d, 1
			variance += d * d
		}
	}
	fx, fs, fm := c.transform(x), c.transform(squares), c.transform(mask)
	pairs, weights, products := c.correlate(fm, fm), 0.0, 0.0
	xx, sm := c.correlate(fx, fx), c.correlate(fs, fm)
	differences := 0.0
	c.displacements(func(at int, d offset) {
		if d == (offset{}) {
			return
		}
		w := 1 / math.Sqrt(sq(float64(d[0])*r.Spacing[0])+sq(float64(d[1])*r.Spacing[1])+sq(float64(d[2])*r.Spacing[2]))
		weights += w * pairs[at]
		products += w * xx[at]
		differences += w * 2 * (sm[at] - xx[at]) // x² + y² − 2xy
	})
	n := float64(r.Count)
	return n / weights * products / variance, (n - 1) / (2 * weights) * differences / variance
}
