package magn

import "math"

// gaussian is a fixed map of size×size: a Gaussian of deviation sigma pixels in
// the crop's middle, 1 at its top. It is the best that a map can do which knows
// only that crops are centred on lesions.
func gaussian(size int, sigma float64) []float32 {
	row := make([]float64, size)
	for x := range row {
		d := (float64(x) + 0.5 - float64(size)/2) / sigma
		row[x] = math.Exp(-d * d / 2)
	}
	out := make([]float32, size*size)
	for i := range out {
		out[i] = float32(row[i/size] * row[i%size])
	}
	return out
}

// gaussians finds for each view the deviation whose Gaussian is nearest to the
// training cases' outlines in mean square on centred crops, the largest pair of
// each: as the paper's L_S measures a map. It also says which groups it saw.
func (in *input) gaussians(train []answer) (widths []float64, saw groupSet) {
	saw = groupSet{}
	saw.addAnswers(train)
	size := in.training.Crop
	for v := range in.views {
		best, width := math.Inf(1), 0.0
		count := make([]int, size*size) // of outlines at each pixel
		for _, a := range train {
			for i, f := range in.flags(a.subject.views[v][0], centred) {
				count[i] += int(f & inLesion)
			}
		}
		for part := 64.0; part >= 2; part /= math.Sqrt(math.Sqrt(2)) {
			sigma := float64(size) / part
			// Σ(G−M)² over cases and pixels is n·ΣG² − 2ΣG·count + Σcount, whose last
			// part is the same for all.
			distance := 0.0
			for i, g := range gaussian(size, sigma) {
				g := float64(g)
				distance += g * (float64(len(train))*g - 2*float64(count[i]))
			}
			if distance < best {
				best, width = distance, sigma
			}
		}
		widths = append(widths, width)
	}
	return widths, saw
}
