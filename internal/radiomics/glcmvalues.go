package radiomics

import "math"

// glcmValues are the features of one co-occurrence matrix.
type glcmValues struct {
	autocorrelation, prominence, shade, tendency, contrast, correlation float64
	differenceAverage, differenceEntropy, differenceVariance            float64
	id, idm, idmn, idn, inverseVariance                                 float64
	imc1, imc2, mcc                                                     float64
	average, energy, entropy, maximum                                   float64
	sumAverage, sumEntropy, sumSquares                                  float64

	px, py []float64 // the margins
}

// values computes them. With p(i,j) the cells' share, px and py its margins, and
// p± the distributions of i+j and |i−j|, formulas are those of Haralick and of
// the IBSI manual's section 3.6; what differs is said where it does. The maximal
// correlation coefficient is left at 0: it takes longer than all the others.
func (m cooccurrences) values(g *Grey) glcmValues {
	n, ng, total := len(g.Levels), g.Ng(), m.total()
	px, py := make([]float64, n), make([]float64, n)
	sums, diffs := make([]float64, 2*ng+1), make([]float64, ng)
	var v glcmValues
	for _, c := range m.cells {
		p, i, j := c.n/total, int(g.Levels[c.i]), int(g.Levels[c.j])
		px[c.i] += p
		py[c.j] += p
		v.maximum = max(v.maximum, p)
		times := 1.0
		if m.symmetric && c.i != c.j {
			px[c.j] += p
			py[c.i] += p
			times = 2
		}
		v.energy += times * p * p
		v.entropy += times * entropyTerm(p)
		v.autocorrelation += times * p * float64(i) * float64(j)
		sums[i+j] += times * p
		diffs[max(i-j, j-i)] += times * p
	}

	var ux, uy, hx, hy, varX, varY float64
	for i, level := range g.Levels {
		ux += px[i] * float64(level)
		uy += py[i] * float64(level)
		hx += entropyTerm(px[i])
		hy += entropyTerm(py[i])
	}
	for i, level := range g.Levels {
		dx, dy := float64(level)-ux, float64(level)-uy
		varX += px[i] * dx * dx
		varY += py[i] * dy * dy
	}
	var covariance float64
	if !m.symmetric {
		ux, uy, varX, varY, covariance = m.moments(g, total)
	}
	v.average, v.sumSquares = ux, varX

	v.ofSums(sums, ux+uy)
	v.ofDifferences(diffs)

	v.correlation = 1
	if s := math.Sqrt(varX) * math.Sqrt(varY); s != 0 {
		if m.symmetric { // the variance of i+j is those of i and j and twice their covariance
			covariance = (v.tendency - varX - varY) / 2
		}
		v.correlation = covariance / (s + eps)
	}
	// HXY1 and HXY2 are both HX + HY, since a logarithm turns the product of the
	// margins into a sum. What they exceed HXY by is the mutual information.
	information := max(0, hx+hy-v.entropy)
	if h := max(hx, hy); h != 0 {
		v.imc1 = -information / h
		if m.weighted {
			v.imc1 = (v.entropy - m.crossEntropy(px, py, total)) / h
		}
	}
	v.imc2 = math.Sqrt(1 - math.Exp(-2*information))
	v.px, v.py = px, py
	return v
}

// crossEntropy is HXY1 as PyRadiomics has it. Weights of far neighbours make
// margins whose product is below eps, which then counts.
func (m cooccurrences) crossEntropy(px, py []float64, total float64) (h float64) {
	for _, c := range m.cells {
		p := c.n / total
		h -= p * math.Log(px[c.i]*py[c.j]+eps) / math.Ln2
		if m.symmetric && c.i != c.j {
			h -= p * math.Log(px[c.j]*py[c.i]+eps) / math.Ln2
		}
	}
	return h
}

// moments are means, variances and covariance of a matrix that is not
// symmetric, cell by cell as numpy adds them up: where all pairs begin at one
// level the correlation is 1, unless rounding leaves a variance, as with thirds,
// and then it is near 0.
func (m cooccurrences) moments(g *Grey, total float64) (ux, uy, varX, varY, covariance float64) {
	for _, c := range m.cells {
		p := c.n / total
		ux += float64(p * float64(g.Levels[c.i]))
		uy += float64(p * float64(g.Levels[c.j]))
	}
	for _, c := range m.cells {
		p, dx, dy := c.n/total, float64(g.Levels[c.i])-ux, float64(g.Levels[c.j])-uy
		varX += float64(p * float64(dx*dx))
		varY += float64(p * float64(dy*dy))
		covariance += float64(float64(p*dx) * dy)
	}
	return ux, uy, varX, varY, covariance
}

// withMCC is the values with the maximal correlation coefficient.
func (m cooccurrences) withMCC(g *Grey) glcmValues {
	v := m.values(g)
	v.mcc = m.maximalCorrelation(v.px, v.py, m.total())
	return v
}

// ofSums computes what depends on i+j alone; mean is its mean.
func (v *glcmValues) ofSums(sums []float64, mean float64) {
	for k, p := range sums {
		if p == 0 {
			continue
		}
		d := float64(k) - mean
		v.sumAverage += p * float64(k)
		v.sumEntropy += entropyTerm(p)
		v.tendency += p * d * d
		v.shade += p * d * d * d
		v.prominence += p * d * d * d * d
	}
}

// ofDifferences computes what depends on |i−j| alone. Idmn and Idn divide the
// difference by the highest level, whether or not all below it occur.
func (v *glcmValues) ofDifferences(diffs []float64) {
	ng := float64(len(diffs))
	for k, p := range diffs {
		if p == 0 {
			continue
		}
		d := float64(k)
		v.differenceAverage += p * d
		v.differenceEntropy += entropyTerm(p)
		v.contrast += p * d * d
		v.id += p / (1 + d)
		v.idm += p / (1 + d*d)
		v.idn += p / (1 + d/ng)
		v.idmn += p / (1 + d*d/(ng*ng))
		if k > 0 {
			v.inverseVariance += p / (d * d)
		}
	}
	for k, p := range diffs {
		d := float64(k) - v.differenceAverage
		v.differenceVariance += p * d * d
	}
}

// each calls f for every value of v with that of w beside it.
func (v *glcmValues) each(w *glcmValues, f func(a, b *float64)) {
	a, b := v.list(), w.list()
	for i := range a {
		f(a[i], b[i])
	}
}

func (v *glcmValues) list() [24]*float64 {
	return [24]*float64{
		&v.autocorrelation, &v.prominence, &v.shade, &v.tendency, &v.contrast, &v.correlation,
		&v.differenceAverage, &v.differenceEntropy, &v.differenceVariance,
		&v.id, &v.idm, &v.idmn, &v.idn, &v.inverseVariance,
		&v.imc1, &v.imc2, &v.mcc,
		&v.average, &v.energy, &v.entropy, &v.maximum,
		&v.sumAverage, &v.sumEntropy, &v.sumSquares,
	}
}

func (v *glcmValues) add(w glcmValues) { v.each(&w, func(a, b *float64) { *a += *b }) }

// dividedBy is the mean of n that were added; NaN of none.
func (v glcmValues) dividedBy(n int) glcmValues {
	v.each(&v, func(a, _ *float64) { *a /= float64(n) })
	return v
}

// features names them. The deprecated ones equal others, which PyRadiomics
// computes in their stead.
func (v *glcmValues) features() []Feature {
	return features("glcm", map[string]float64{
		"Autocorrelation":    v.autocorrelation,
		"ClusterProminence":  v.prominence,
		"ClusterShade":       v.shade,
		"ClusterTendency":    v.tendency,
		"Contrast":           v.contrast,
		"Correlation":        v.correlation,
		"DifferenceAverage":  v.differenceAverage,
		"DifferenceEntropy":  v.differenceEntropy,
		"DifferenceVariance": v.differenceVariance,
		"Dissimilarity":      v.differenceAverage,
		"Homogeneity1":       v.id,
		"Homogeneity2":       v.idm,
		"Id":                 v.id,
		"Idm":                v.idm,
		"Idmn":               v.idmn,
		"Idn":                v.idn,
		"Imc1":               v.imc1,
		"Imc2":               v.imc2,
		"InverseVariance":    v.inverseVariance,
		"JointAverage":       v.average,
		"JointEnergy":        v.energy,
		"JointEntropy":       v.entropy,
		"MCC":                v.mcc,
		"MaximumProbability": v.maximum,
		"SumAverage":         v.sumAverage,
		"SumEntropy":         v.sumEntropy,
		"SumSquares":         v.sumSquares,
		"SumVariance":        v.tendency,
	})
}
