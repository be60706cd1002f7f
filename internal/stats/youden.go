package stats

import (
	"math"
	"slices"
)

// YoudenThreshold is the probability that divides scores best, which are given
// as log-odds: the largest sum of sensitivity and specificity (Youden 1950,
// Cancer 3:32), halfway between two log-odds; of equal ones that nearest to one
// half. One half where there is nothing to divide.
func YoudenThreshold(logits []float64, positive []bool) float64 {
	zs := slices.Clone(logits)
	slices.Sort(zs)
	zs = slices.Compact(zs)
	best, at := math.Inf(-1), 0.5
	for i := 0; i+1 < len(zs); i++ {
		cut := (zs[i] + zs[i+1]) / 2
		var hit, n [2]float64
		for j, z := range logits {
			y := class(positive[j])
			n[y]++
			if (z >= cut) == positive[j] {
				hit[y]++
			}
		}
		youden := hit[0]/n[0] + hit[1]/n[1]
		p := 1 / (1 + math.Exp(-cut))
		if youden > best || youden == best && math.Abs(p-0.5) < math.Abs(at-0.5) {
			best, at = youden, p
		}
	}
	return at
}
