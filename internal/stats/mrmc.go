package stats

import "math"

// FewReaders is the number below which readers are taken as fixed: what is found
// then holds for these readers only, since too few tell nothing about others.
const FewReaders = 3

// RandomReaders is the rule for how many readers stand for others like them.
func RandomReaders(readers int) bool { return readers >= FewReaders }

// Effect is an estimate with its standard error, interval and the two-sided p of
// no effect; Statistic is estimate/SE, z where DF is +Inf and otherwise t.
type Effect struct {
	Interval
	SE, Statistic, DF, P float64
}

func effect(value, variance, df float64) Effect {
	se := math.Sqrt(variance)
	half := studentQuantile(df) * se
	e := Effect{Interval{value, value - half, value + half}, se, value / se, df, studentP(value/se, df)}
	if se == 0 {
		e.Statistic, e.P = math.NaN(), normalP(value, se)
	}
	return e
}

// ReaderStudy is the analysis of Obuchowski & Rockette (1995, Commun. Stat.
// Simul. 24:285) with the degrees of freedom of Hillis (2007, Stat. Med. 26:596),
// for random cases.
type ReaderStudy struct {
	Random      bool     // readers
	Modalities  []Effect // the mean over readers; from this modality's reads alone, cut to [0, 1], without a test
	Differences []ModalityDifference
	Equal       Test       // of equal modalities: F, or χ² for fixed readers
	Components  Components // over all modalities
}

// ModalityDifference is modality A minus B.
type ModalityDifference struct {
	A, B     int
	Mean     Effect   // over readers
	ByReader []Effect // each reader alone, readers fixed: with the reader's own variances
}

// Components are the mean squares of the reader-by-modality table and the means
// of the error (co)variances: of one reading, of one reader under two modalities
// (Cov1), of two readers under one (Cov2), of two readers under two (Cov3). What
// a study of one reader or modality cannot tell is NaN.
type Components struct {
	MSModality, MSReader, MSInteraction float64
	Var, Cov1, Cov2, Cov3               float64
}

// ObuchowskiRockette analyses value[modality][reader] with their covariance in
// the order of Flat, as Reads.Estimate or DeLong give them. With random readers
// and R of them,
//
//	denominator = MS(T·R) + R·max(Cov2 − Cov3, 0)
//	F  = MS(T)/denominator,  df = denominator²/(MS(T·R)²/((T−1)(R−1)))
//	difference ± t·√(2/R·denominator)
//
// and with fixed ones MS(T·R) + R·max(…) is replaced by Var − Cov1 +
// (R−1)·max(Cov2 − Cov3, 0), F by χ² and t by z. Random needs at least two
// readers and is undefined for one; RandomReaders is our rule. So is everything
// that rests on a performance that is NaN.
func ObuchowskiRockette(value, cov [][]float64, random bool) ReaderStudy {
	s := ReaderStudy{Random: random, Equal: noTest("Obuchowski–Rockette F")}
	if len(value) == 0 || len(value[0]) == 0 {
		return s
	}
	s.Components = components(value, cov)
	c, t := s.Components, float64(len(value))
	for m := range value {
		r := len(value[m])
		own := make([][]float64, r)
		for j := range own {
			own[j] = cov[Flat(m, j, r)][Flat(m, 0, r):Flat(m, r, r)]
		}
		e := oneModality(value[m], own, random)
		e.Low, e.High = clamp(e.Low), clamp(e.High)
		e.Statistic, e.P = math.NaN(), math.NaN()
		s.Modalities = append(s.Modalities, e)
	}
	if len(value) < 2 {
		return s
	}
	readers := len(value[0])
	r := float64(readers)
	apart := math.Max(0, c.Cov2-c.Cov3)
	if readers == 1 {
		apart = 0
	}
	var variance, df float64 // of a difference
	if random {
		denominator := c.MSInteraction + r*apart
		variance = 2 / r * denominator
		df = hillis(denominator, c.MSInteraction, (t-1)*(r-1))
		f := c.MSModality / denominator
		s.Equal.Statistic, s.Equal.DF, s.Equal.P = f, df, fisherP(f, t-1, df)
	} else {
		denominator := c.Var - c.Cov1 + (r-1)*apart
		variance, df = 2/r*denominator, math.Inf(1)
		s.Equal = chiSquare("Obuchowski–Rockette χ²", (t-1)*c.MSModality/denominator, t-1)
	}
	for a := range value {
		for b := a + 1; b < len(value); b++ {
			d := ModalityDifference{A: a, B: b, Mean: effect(mean(value[a])-mean(value[b]), variance, df)}
			for j := range readers {
				x, y := Flat(a, j, readers), Flat(b, j, readers)
				d.ByReader = append(d.ByReader, effect(value[a][j]-value[b][j], ownDifference(cov, j, len(value), readers, x, y), math.Inf(1)))
			}
			s.Differences = append(s.Differences, d)
		}
	}
	return s
}

// ownDifference is the variance of the difference of two modalities for one
// reader, 2·(Var − Cov1), with the reader's own Var and Cov1 over all modalities;
// with two of them it is that of x and y.
func ownDifference(cov [][]float64, reader, modalities, readers, x, y int) float64 {
	if modalities == 2 {
		return math.Max(0, cov[x][x]+cov[y][y]-2*cov[x][y])
	}
	var v, c float64
	for a := range modalities {
		for b := range modalities {
			k := cov[Flat(a, reader, readers)][Flat(b, reader, readers)]
			if a == b {
				v += k / float64(modalities)
			} else {
				c += k / float64(modalities*(modalities-1))
			}
		}
	}
	return math.Max(0, 2*(v-c))
}

// AgainstReaders compares a model with the mean of readers, all judged on the
// same cases: model minus readers, by the single-modality form of
// ObuchowskiRockette on the differences. value[r] is reader r's performance, the
// last one the model's; cov is theirs in that order. byReader are the model minus
// each reader alone. Undefined without a reader.
func AgainstReaders(value []float64, cov [][]float64, random bool) (overall Effect, byReader []Effect) {
	m := len(value) - 1
	if m < 1 {
		return Effect{undefined(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}, nil
	}
	diff, d := make([]float64, m), make([][]float64, m)
	for r := range diff {
		diff[r], d[r] = value[m]-value[r], make([]float64, m)
		for q := range diff {
			d[r][q] = cov[r][q] - cov[r][m] - cov[m][q] + cov[m][m]
		}
		byReader = append(byReader, effect(diff[r], math.Max(0, d[r][r]), math.Inf(1)))
	}
	return oneModality(diff, d, random), byReader
}

// oneModality is the mean of one modality over readers: variance
// (MS(R) + R·max(Cov2, 0))/R with Hillis' degrees of freedom for random readers,
// (Var + (R−1)·max(Cov2, 0))/R for fixed ones.
func oneModality(value []float64, cov [][]float64, random bool) Effect {
	c := components([][]float64{value}, cov)
	r := float64(len(value))
	together := math.Max(0, c.Cov2)
	if len(value) == 1 {
		together = 0
	}
	if random {
		total := c.MSReader + r*together
		return effect(mean(value), total/r, hillis(total, c.MSReader, r-1))
	}
	return effect(mean(value), (c.Var+(r-1)*together)/r, math.Inf(1))
}

// hillis is the degrees of freedom of a mean square (with df) plus a covariance
// term, total: without the mean square, or with what rounding leaves of it, there
// is no bound to them.
func hillis(total, ms, df float64) float64 {
	if ms <= 1e-20*total && df > 0 {
		return math.Inf(1)
	}
	return df * (total / ms) * (total / ms)
}

func components(value, cov [][]float64) Components {
	t, r := len(value), len(value[0])
	all, byReader := 0.0, make([]float64, r)
	byModality := make([]float64, t)
	for m := range value {
		sameLength(len(value[m]), r)
		byModality[m] = mean(value[m])
		all += byModality[m] / float64(t)
		for j, v := range value[m] {
			byReader[j] += v / float64(t)
		}
	}
	var c Components
	for m := range value {
		c.MSModality += float64(r) * square(byModality[m]-all)
		for j, v := range value[m] {
			c.MSInteraction += square(v - byModality[m] - byReader[j] + all)
		}
	}
	for j := range byReader {
		c.MSReader += float64(t) * square(byReader[j]-all)
	}
	tf, rf := float64(t), float64(r)
	c.MSModality /= tf - 1 // 0/0 is NaN: one modality tells none
	c.MSReader /= rf - 1
	c.MSInteraction /= (tf - 1) * (rf - 1)
	sameLength(len(cov), t*r)
	for x := range cov {
		for y := range cov {
			switch k := cov[x][y]; {
			case x == y:
				c.Var += k
			case x%r == y%r:
				c.Cov1 += k
			case x/r == y/r:
				c.Cov2 += k
			default:
				c.Cov3 += k
			}
		}
	}
	c.Var /= tf * rf
	c.Cov1 /= tf * rf * (tf - 1)
	c.Cov2 /= tf * rf * (rf - 1)
	c.Cov3 /= tf * rf * (tf - 1) * (rf - 1)
	return c
}

func square(x float64) float64 { return x * x }

func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
