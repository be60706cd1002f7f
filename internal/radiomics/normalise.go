package radiomics

import (
	"math"

	"magn/internal/fault"
)

// normalise centres the values on their mean and divides them by their standard
// deviation (n-1 in the denominator), over the whole image; cuts what is more
// than outliers standard deviations from 0, where outliers is above 0; and
// multiplies by scale. The values are float64 from then on, in PyRadiomics too.
func (im *Image) normalise(scale, outliers float64) error {
	n := float64(len(im.Values))
	var mean, square sum
	for _, x := range im.Values {
		mean.add(x)
		square.add(x * x)
	}
	m := mean.total / n
	sigma := math.Sqrt((square.total - mean.total*mean.total/n) / (n - 1))
	if !(sigma > 0) || math.IsInf(sigma, 0) {
		return &fault.Input{
			File: "image", Field: "normalize", Found: "grey values that are all alike, or not finite",
			Expected: "some variation", Do: "leave normalize out",
		}
	}
	for i, x := range im.Values {
		x = (x - m) * (1 / sigma)
		if outliers > 0 {
			x = math.Max(-outliers, math.Min(outliers, x))
		}
		im.Values[i] = x * scale
	}
	im.Type = Float64
	return nil
}

// sum adds with Kahan's compensation, so that millions of values lose nothing.
type sum struct{ total, lost float64 }

func (s *sum) add(x float64) {
	y := x - s.lost
	t := s.total + y
	s.lost = (t - s.total) - y
	s.total = t
}
