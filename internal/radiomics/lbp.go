package radiomics

import "math"

// lbp2D is the local binary pattern of each voxel of the box in its slice, as
// skimage.feature.local_binary_pattern has it: Ojala, Pietikäinen and Mäenpää,
// "Multiresolution gray-scale and rotation invariant texture classification
// with local binary patterns", IEEE PAMI 24(7), 2002. Slices lie across the
// axis that Force2DDimension names, whether features are 2-D or not. Patterns
// are stored in the image's own type, which wraps where they do not fit.
func (im *Image) lbp2D(b box, o *Options) []float64 {
	// The axes of a slice's rows and columns.
	rows, cols := 1, 0
	switch o.Force2DDimension {
	case 1:
		rows, cols = 2, 0
	case 2:
		rows, cols = 1, 2
	}
	stride := [3]int{1, im.Size[0], im.Size[0] * im.Size[1]}
	l := newLBP(o)
	out := make([]float64, 0, voxels(b.size))
	for z := b.low[2]; z < b.low[2]+b.size[2]; z++ {
		for y := b.low[1]; y < b.low[1]+b.size[1]; y++ {
			for x := b.low[0]; x < b.low[0]+b.size[0]; x++ {
				at := [3]int{x, y, z}
				n := x + stride[1]*y + stride[2]*z
				s := slice{
					values: im.Values[n-at[rows]*stride[rows]-at[cols]*stride[cols]:],
					h:      im.Size[rows], w: im.Size[cols], down: stride[rows], right: stride[cols],
				}
				out = append(out, im.Type.wrap(l.pattern(&s, at[rows], at[cols])))
			}
		}
	}
	return out
}

// slice is one slice of an image: row r and column c at r*down + c*right.
type slice struct {
	values            []float64
	h, w, down, right int
}

// at is a pixel's value, 0 outside.
func (s *slice) at(r, c int) float64 {
	if r < 0 || c < 0 || r >= s.h || c >= s.w {
		return 0
	}
	return s.values[r*s.down+c*s.right]
}

// bilinear is the value between pixels.
func (s *slice) bilinear(r, c float64) float64 {
	r0, c0 := math.Floor(r), math.Floor(c)
	r1, c1 := int(math.Ceil(r)), int(math.Ceil(c))
	dr, dc := r-r0, c-c0
	top := float64((1-dc)*s.at(int(r0), int(c0))) + float64(dc*s.at(int(r0), c1))
	bottom := float64((1-dc)*s.at(r1, int(c0))) + float64(dc*s.at(r1, c1))
	return float64((1-dr)*top) + float64(dr*bottom)
}

// lbp is the circle of samples and the way its pattern becomes a number.
type lbp struct {
	method     string
	down, left []float64 // where the samples lie: rows and columns from the centre
	texture    []float64
	set        []bool // sample not below the centre
}

func newLBP(o *Options) *lbp {
	n := o.LBP2DSamples
	l := &lbp{method: o.LBP2DMethod, texture: make([]float64, n), set: make([]bool, n)}
	radius := o.LBP2DRadius
	round := func(x float64) float64 { return math.RoundToEven(x*1e5) / 1e5 }
	for i := range n {
		angle := 2 * math.Pi * float64(i) / float64(n)
		l.down = append(l.down, round(-radius*math.Sin(angle)))
		l.left = append(l.left, round(radius*math.Cos(angle)))
	}
	return l
}

// pattern is the number of the pattern around a pixel:
//
//	default  the samples as binary digits
//	ror      the least number that turning them gives
//	uniform  how many are set where at most two neighbours differ, else n+1
//	var      the samples' variance; NaN where that is 0
func (l *lbp) pattern(s *slice, r, c int) float64 {
	centre := s.at(r, c)
	n := len(l.set)
	for i := range n {
		l.texture[i] = s.bilinear(float64(r)+l.down[i], float64(c)+l.left[i])
		l.set[i] = l.texture[i]-centre >= 0
	}
	if l.method == "default" || l.method == "ror" {
		bits := uint32(0)
		for i, set := range l.set {
			if set {
				bits |= 1 << i
			}
		}
		least := bits
		if l.method == "ror" {
			for range n - 1 {
				bits = bits>>1 | bits&1<<(n-1)
				least = min(least, bits)
			}
		}
		return float64(least)
	}
	if l.method == "var" {
		if v := variance(l.texture); v != 0 {
			return v
		}
		return math.NaN()
	}
	changes, set := 0, 0
	for i := range n {
		if i+1 < n && l.set[i] != l.set[i+1] {
			changes++
		}
		if l.set[i] {
			set++
		}
	}
	if changes > 2 {
		set = n + 1
	}
	return float64(set)
}

// variance has n in the denominator.
func variance(x []float64) float64 {
	var mean, squares float64
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	return squares / float64(len(x))
}
