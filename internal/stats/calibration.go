package stats

import "math"

// Coefficient is an estimate ± z·SE.
type Coefficient struct {
	Interval
	SE float64
}

func coefficient(value, variance float64) Coefficient {
	se := math.Sqrt(variance)
	return Coefficient{Interval{value, value - Z*se, value + Z*se}, se}
}

// Recalibration is how scores must be changed to be right on these cases (Cox
// 1958; Van Calster 2016, J. Clin. Epidemiol. 74:167). InTheLarge is a of
// logit P = a + logit: below 0 where the scores are too high on the whole.
// Intercept and Slope are a and b of logit P = a + b·logit: b below 1 where they
// are too extreme.
type Recalibration struct {
	InTheLarge       Coefficient
	Intercept, Slope Coefficient
}

// Recalibrate fits both by maximum likelihood. groups nil takes cases as
// independent, with standard errors from the information; otherwise they are the
// sandwich clustered by group, times G/(G−1)·(n−1)/(n−k) for k coefficients. What
// has no finite maximum (a class missing; for the slope also logits that separate
// the classes, or that are all equal) is NaN, and standard errors are with fewer
// than two groups.
func Recalibrate(logits []float64, positive []bool, groups []string) Recalibration {
	sameLength(len(logits), len(positive))
	nan := Coefficient{undefined(), math.NaN()}
	r := Recalibration{nan, nan, nan}
	y := make([]float64, len(logits))
	for i, p := range positive {
		y[i] = float64(class(p))
	}
	if a, ok := offsetOnly(logits, y); ok {
		r.InTheLarge = coefficient(a, variances(logits, y, a, 1, false, groups)[0])
	}
	if a, b, ok := Logistic1(logits, y); ok {
		v := variances(logits, y, a, b, true, groups)
		r.Intercept, r.Slope = coefficient(a, v[0]), coefficient(b, v[1])
	}
	return r
}

// offsetOnly is the a at which the mean of 1/(1+exp(−(a + logit))) is that of y:
// the sum is monotone in a, so bisection finds it.
func offsetOnly(logits, y []float64) (a float64, ok bool) {
	target, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for i, x := range logits {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return math.NaN(), false
		}
		target += y[i]
		low, high = math.Min(low, -x), math.Max(high, -x)
	}
	n := float64(len(y))
	if !(target > 0 && target < n) {
		return math.NaN(), false
	}
	centre := math.Log(target / (n - target))
	low, high = low+centre-1e-9, high+centre+1e-9 // a + every logit is below, above centre
	for range 200 {
		a = low + (high-low)/2
		sum := -target
		for _, x := range logits {
			sum += expit(a + x)
		}
		if sum > 0 {
			high = a
		} else {
			low = a
		}
	}
	return a, true
}

// variances are those of the intercept and, where it was fitted, of the slope, at
// the maximum a, b.
func variances(x, y []float64, a, b float64, slope bool, groups []string) [2]float64 {
	n := len(x)
	centre := 0.0 // of x, so that the information is well scaled
	if slope {
		centre = mean(x)
	}
	var h00, h01, h11 float64
	residual := make([]float64, n)
	for i, v := range x {
		p := expit(a + b*v)
		residual[i] = y[i] - p
		h00 += p * (1 - p)
		h01 += p * (1 - p) * (v - centre)
		h11 += p * (1 - p) * square(v-centre)
	}
	if !slope {
		h01, h11 = 0, 1
	}
	det := h00*h11 - h01*h01
	bread := [2][2]float64{{h11 / det, -h01 / det}, {-h01 / det, h00 / det}}
	cov := bread
	if groups != nil {
		sameLength(n, len(groups))
		of, g := numbered(groups)
		score := make([][2]float64, g)
		for i, v := range x {
			score[of[i]][0] += residual[i]
			score[of[i]][1] += residual[i] * (v - centre)
		}
		var meat [2][2]float64
		for _, s := range score {
			for r := range 2 {
				for c := range 2 {
					meat[r][c] += s[r] * s[c]
				}
			}
		}
		k := 1.0
		if slope {
			k = 2
		}
		correction := float64(g) / float64(g-1) * float64(n-1) / (float64(n) - k)
		if g < 2 {
			correction = math.NaN()
		}
		cov = product(product(bread, meat), bread)
		for r := range 2 {
			for c := range 2 {
				cov[r][c] *= correction
			}
		}
	}
	return [2]float64{cov[0][0] - 2*centre*cov[0][1] + centre*centre*cov[1][1], cov[1][1]}
}

func product(a, b [2][2]float64) (out [2][2]float64) {
	for r := range 2 {
		for c := range 2 {
			out[r][c] = a[r][0]*b[0][c] + a[r][1]*b[1][c]
		}
	}
	return out
}
