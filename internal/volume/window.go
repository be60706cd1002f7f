package volume

import "math"

// Window is the range of grey values that a reader would look at: the 0.1 and
// the 99.9 percentile of the body voxels, which are those above a tenth of the
// way from the minimum to the 99th percentile of pix. Percentiles are
// interpolated linearly between order statistics (numpy.percentile's default;
// Hyndman and Fan's type 7). The whole range stands in where the body voxels
// are all alike, first as its own percentiles, then as minimum and maximum: lo
// is below hi unless the image is flat. pix holds no NaN; an empty one gives
// 0, 0.
func Window(pix []float32) (lo, hi float32) {
	if len(pix) == 0 {
		return 0, 0
	}
	s := newSelector(pix)
	least, most := s.at(0), s.at(len(pix)-1)
	if least == most {
		return least, most
	}
	below := s.upTo(float64(least) + .1*(s.percentile(0, 99)-float64(least)))
	// Sorted, the body is the upper end of the whole: no second selection.
	for _, first := range []int{below, 0} {
		if first == len(pix) {
			continue
		}
		lo, hi = float32(s.percentile(first, .1)), float32(s.percentile(first, 99.9))
		if lo < hi {
			return lo, hi
		}
	}
	return least, most
}

// selector finds order statistics of float32 values without sorting or copying
// them. Whole numbers that span less than 65536, as scanners write them, are
// counted one by one, the least first. Others are counted by the upper 16 bits of
// an order-preserving key, and, for each bin that is asked for, by the lower 16.
type selector struct {
	pix   []float32
	least float32
	whole []uint32            // counts from least on; nil where the values are not all whole or span too much
	upper []uint32            // counts by the key's upper half
	lower map[uint32][]uint32 // upper half → counts by the lower half
}

func newSelector(pix []float32) *selector {
	s := &selector{pix: pix}
	if least, most, ok := wholeRange(pix); ok {
		s.least, s.whole = float32(least), make([]uint32, most-least+1)
		for _, x := range pix {
			s.whole[int32(x)-least]++
		}
		return s
	}
	s.upper, s.lower = make([]uint32, 1<<16), map[uint32][]uint32{}
	for _, x := range pix {
		s.upper[orderKey(x)>>16]++
	}
	return s
}

// wholeRange is the least and the greatest value where all are whole and less than
// 65536 apart.
func wholeRange(pix []float32) (least, most int32, ok bool) {
	least, most = int32(pix[0]), int32(pix[0])
	for _, x := range pix {
		n := int32(x)
		if float32(n) != x {
			return 0, 0, false
		}
		least, most = min(least, n), max(most, n)
	}
	return least, most, int64(most)-int64(least) < 1<<16
}

// orderKey maps floats to integers of the same order (negative zero just below
// zero): IEEE 754 numbers compare as sign and magnitude.
func orderKey(x float32) uint32 {
	b := math.Float32bits(x)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

func keyFloat(k uint32) float32 {
	return math.Float32frombits(k ^ (^uint32(int32(k)>>31) | 1<<31))
}

// at is the value of the given rank, 0 the least.
func (s *selector) at(rank int) float32 {
	if s.whole != nil {
		bin, _ := find(s.whole, rank)
		return s.least + float32(bin)
	}
	up, rest := find(s.upper, rank)
	low, ok := s.lower[up]
	if !ok {
		low = make([]uint32, 1<<16)
		for _, x := range s.pix {
			if k := orderKey(x); k>>16 == up {
				low[k&0xffff]++
			}
		}
		s.lower[up] = low
	}
	lo, _ := find(low, rest)
	return keyFloat(up<<16 | lo)
}

// upTo is how many values are at most limit, which is not below the least.
func (s *selector) upTo(limit float64) int {
	n := 0
	if s.whole != nil {
		for _, c := range s.whole[:min(int(limit-float64(s.least))+1, len(s.whole))] {
			n += int(c)
		}
		return n
	}
	for _, x := range s.pix {
		if float64(x) <= limit {
			n++
		}
	}
	return n
}

// find is the bin that holds the given rank, and the rank within that bin.
func find(counts []uint32, rank int) (bin uint32, rest int) {
	for b, n := range counts {
		if rank < int(n) {
			return uint32(b), rank
		}
		rank -= int(n)
	}
	return uint32(len(counts) - 1), 0
}

// percentile of the values of rank first and above, by linear interpolation.
func (s *selector) percentile(first int, q float64) float64 {
	n := len(s.pix) - first
	at := q / 100 * float64(n-1)
	i := min(int(at), n-1)
	a := float64(s.at(first + i))
	b := a
	if i+1 < n {
		b = float64(s.at(first + i + 1))
	}
	return a + (b-a)*(at-float64(i))
}
