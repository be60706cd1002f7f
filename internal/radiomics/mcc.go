package radiomics

import "math"

// maximalCorrelation is the maximal correlation coefficient (Haralick's f14):
// the root of the second largest eigenvalue of
//
//	Q(i,j) = Σk p(i,k) p(j,k) / (px(i) py(k))
//
// Q is similar to B Bᵀ with B(i,j) = p(i,j) / √(px(i) py(j)), whose largest
// singular value is 1 and belongs to √px and √py. With that part taken out, the
// coefficient is what is largest: an extreme eigenvalue of a symmetric matrix
// with few cells that are not 0, found by Lanczos' method. With eps under the
// root B's values are those of PyRadiomics' Q, up to the square of what eps
// changes.
func (m cooccurrences) maximalCorrelation(px, py []float64, total float64) float64 {
	if len(px) < 2 {
		return 1
	}
	b := make([]cell, len(m.cells))
	for k, c := range m.cells {
		b[k] = cell{c.i, c.j, c.n / total / math.Sqrt(px[c.i]*py[c.j]+eps)}
	}
	top := make([]float64, len(py))
	for i, p := range py {
		top[i] = math.Sqrt(p)
	}
	if n := len(px); m.symmetric && n*n <= 4*len(b) { // B itself, in full
		full := make([]float64, n*n)
		for _, c := range b {
			full[int(c.i)*n+int(c.j)], full[int(c.j)*n+int(c.i)] = c.n, c.n
		}
		return largestMagnitude(n, func(y, x []float64) {
			along := dot(top, x)
			for i := range y {
				y[i] = dot(full[i*n:i*n+n], x) - along*top[i]
			}
		})
	}
	if m.symmetric {
		return largestMagnitude(len(px), func(y, x []float64) {
			clear(y)
			for _, c := range b {
				y[c.i] += c.n * x[c.j]
				if c.i != c.j {
					y[c.j] += c.n * x[c.i]
				}
			}
			addScaled(y, -dot(top, x), top)
		})
	}
	between := make([]float64, len(px))
	return math.Sqrt(largestMagnitude(len(py), func(y, x []float64) { // BᵀB
		clear(between)
		for _, c := range b {
			between[c.i] += c.n * x[c.j]
		}
		clear(y)
		for _, c := range b {
			y[c.j] += c.n * between[c.i]
		}
		addScaled(y, -dot(top, x), top)
	}))
}
