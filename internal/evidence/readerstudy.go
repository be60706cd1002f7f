package evidence

import (
	"cmp"
	"math"
	"slices"

	"magn/internal/stats"
)

// ReaderStudy is what the readers' answers say together (docs/methods/statistics.md).
type ReaderStudy struct {
	Performance string        `json:"performance"` // what readers are judged by: AUC, which for chosen classes is balanced accuracy
	Kappas      []ReaderKappa `json:"kappas"`
	Fleiss      *Agreement    `json:"fleiss"` // of three or more readers without help, at 0.5
	Help        *ReaderEffect `json:"help"`   // with help minus without, of those who read both ways
	Model       *ReaderEffect `json:"model"`  // a model minus the readers without help
}

// Agreement is κ with its interval; P is of no agreement beyond chance.
type Agreement struct {
	Kappa Interval `json:"kappa"`
	P     Number   `json:"p"`
}

// ReaderKappa is the agreement of two readers, or of one with and without help,
// at 0.5; for scores also that of their tenths, weighted by squared distance.
type ReaderKappa struct {
	A        string     `json:"a"`
	B        string     `json:"b"`
	Binary   Agreement  `json:"binary"`
	Weighted *Agreement `json:"weighted"`
}

// ReaderEffect is a difference in performance after Obuchowski & Rockette 1995
// with Hillis' 2007 degrees of freedom; covariances by a jackknife over groups.
type ReaderEffect struct {
	Arm      string           `json:"arm"`     // the model; empty for help
	Readers  []string         `json:"readers"` // arms
	Random   bool             `json:"random"`  // readers stand for others; fixed where there are fewer than three
	A        Number           `json:"a"`       // performance of the model, or with help, mean of readers
	B        Number           `json:"b"`
	Mean     ReaderEstimate   `json:"mean"`
	ByReader []ReaderEstimate `json:"by_reader"`
}

// ReaderEstimate is a difference with its test; DF is null where it is normal.
type ReaderEstimate struct {
	Difference Interval `json:"difference"`
	DF         Number   `json:"df"`
	P          Number   `json:"p"`
}

func estimate(e stats.Effect) ReaderEstimate {
	df := e.DF
	if math.IsInf(df, 0) {
		df = math.NaN()
	}
	return ReaderEstimate{Interval(e.Interval), Number(df), Number(e.P)}
}

// readerStudy is nil where there are no readers. model is the arm that stands
// against them, or nil.
func readerStudy(tables []*table, model *table) *ReaderStudy {
	var plain, aided []*table
	for _, t := range tables {
		switch {
		case t.arm.Kind != KindReader:
		case t.arm.Aided:
			aided = append(aided, t)
		default:
			plain = append(plain, t)
		}
	}
	if len(plain)+len(aided) == 0 {
		return nil
	}
	all := slices.Concat(plain, aided)
	s := &ReaderStudy{Performance: "AUC", Kappas: []ReaderKappa{}}
	if !slices.ContainsFunc(all, func(t *table) bool { return !t.arm.Binary }) {
		s.Performance = "balanced accuracy"
	}
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.arm.Aided == b.arm.Aided || a.arm.Reader == b.arm.Reader {
				s.Kappas = append(s.Kappas, readerKappa(a, b))
			}
		}
	}
	if len(plain) >= 3 {
		ratings := make([][]int, len(plain[0].cases))
		for i := range ratings {
			for _, t := range plain {
				ratings[i] = append(ratings[i], t.category(i, 2))
			}
		}
		k := stats.FleissKappa(ratings, 2, plain[0].groups())
		s.Fleiss = &Agreement{Interval(k.Interval), Number(k.P)}
	}
	s.Help, s.Model = help(plain, aided), against(model, plain)
	return s
}

// groups of the cases, in their order.
func (t *table) groups() []string {
	out := make([]string, len(t.cases))
	for i, c := range t.cases {
		out[i] = c.group
	}
	return out
}

func (t *table) positives() []bool {
	out := make([]bool, len(t.cases))
	for i, c := range t.cases {
		out[i] = c.label == 1
	}
	return out
}

// category of a read, of k of equal width; of two the upper one begins at 0.5.
func (t *table) category(row, k int) int { return min(int(t.score[0][row]*float64(k)), k-1) }

func readerKappa(a, b *table) ReaderKappa {
	of := func(k int, w stats.Weighting) Agreement {
		var x, y []int
		for i := range a.cases {
			x, y = append(x, a.category(i, k)), append(y, b.category(i, k))
		}
		v := stats.CohenKappa(x, y, k, w, a.groups())
		return Agreement{Interval(v.Interval), Number(v.P)}
	}
	out := ReaderKappa{A: a.arm.Name, B: b.arm.Name, Binary: of(2, stats.Unweighted)}
	if !a.arm.Binary {
		w := of(10, stats.Quadratic)
		out.Weighted = &w
	}
	return out
}

// help compares reads with help and without, of the readers who gave both.
func help(plain, aided []*table) *ReaderEffect {
	r := stats.Reads{Scores: make([][][]float64, 2)}
	e := &ReaderEffect{Readers: []string{}}
	for _, p := range plain {
		i := slices.IndexFunc(aided, func(a *table) bool { return a.arm.Reader == p.arm.Reader })
		if i < 0 {
			continue
		}
		e.Readers = append(e.Readers, p.arm.Name)
		r.Scores[0], r.Scores[1] = append(r.Scores[0], aided[i].score[0]), append(r.Scores[1], p.score[0])
		r.Positive, r.Groups = p.positives(), p.groups()
	}
	if len(e.Readers) == 0 {
		return nil
	}
	value, cov := r.Estimate(stats.AUCOf())
	e.Random = stats.RandomReaders(len(e.Readers))
	study := stats.ObuchowskiRockette(value, cov, e.Random)
	e.A, e.B = Number(mean(value[0])), Number(mean(value[1]))
	d := study.Differences[0]
	e.Mean = estimate(d.Mean)
	for _, x := range d.ByReader {
		e.ByReader = append(e.ByReader, estimate(x))
	}
	return e
}

// against compares a model, the mean logit of its seeds, with the readers. Its
// AUC here is over all cases at once, as a reader's is.
func against(model *table, readers []*table) *ReaderEffect {
	if model == nil || len(readers) == 0 {
		return nil
	}
	e := &ReaderEffect{Arm: model.arm.Name, Random: stats.RandomReaders(len(readers))}
	r := stats.Reads{Scores: make([][][]float64, 1), Positive: model.positives(), Groups: model.groups()}
	for _, t := range readers {
		e.Readers = append(e.Readers, t.arm.Name)
		r.Scores[0] = append(r.Scores[0], t.score[0])
	}
	own := make([]float64, len(model.cases))
	for i := range own {
		own[i] = model.together(i)
	}
	r.Scores[0] = append(r.Scores[0], own)
	value, cov := r.Estimate(stats.AUCOf())
	overall, byReader := stats.AgainstReaders(value[0], cov, e.Random)
	e.A, e.B = Number(value[0][len(readers)]), Number(mean(value[0][:len(readers)]))
	e.Mean = estimate(overall)
	for _, x := range byReader {
		e.ByReader = append(e.ByReader, estimate(x))
	}
	return e
}

// mainArm is the network that stands for the study: that of most views, with
// attention where there is one.
func mainArm(arms []Arm) string {
	var best Arm
	for _, a := range arms {
		if a.Kind == KindNetwork && a.Of == "" && (best.Name == "" || cmp.Or(len(a.Views)-len(best.Views), attention(a)-attention(best)) > 0) {
			best = a
		}
	}
	return best.Name
}

func attention(a Arm) int {
	if a.Attention {
		return 1
	}
	return 0
}
