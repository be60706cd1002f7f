package radiomics

import (
	"fmt"
	"math"

	"magn/internal/fault"
)

// resegment is the part of the mask whose grey values lie between the
// thresholds, both included; one threshold is a lower one. In mode relative
// they are multiples of the greatest value in the mask, in mode sigma standard
// deviations (n in the denominator) from its mean.
func resegment(values []float64, mask []bool, thresholds []float64, mode string) ([]bool, error) {
	greatest := math.Inf(-1)
	var total, squares sum
	n := 0
	for i, in := range mask {
		if in {
			greatest = math.Max(greatest, values[i])
			total.add(values[i])
			n++
		}
	}
	mean := total.total / float64(n)
	for i, in := range mask {
		if in {
			squares.add((values[i] - mean) * (values[i] - mean))
		}
	}
	sigma := math.Sqrt(squares.total / float64(n))
	bounds := [2]float64{math.Inf(-1), math.Inf(1)}
	for i, t := range thresholds {
		switch mode {
		case "relative":
			t *= greatest
		case "sigma":
			t = mean + sigma*t
		}
		bounds[i] = t
	}
	out := make([]bool, len(mask))
	left := 0
	for i, in := range mask {
		if in && values[i] >= bounds[0] && values[i] <= bounds[1] {
			out[i] = true
			left++
		}
	}
	if left <= 1 {
		return nil, &fault.Input{
			File: "mask", Field: "resegmentRange", Found: fmt.Sprintf("%d of %d voxels between %g and %g", left, n, bounds[0], bounds[1]),
			Expected: "at least two", Do: "widen the range, or look at resegmentMode",
		}
	}
	return out, nil
}
