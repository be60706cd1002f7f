package evidence

import (
	"cmp"
	"fmt"
	"slices"

	"magn/internal/fault"
	"magn/internal/stats"
)

// ExamSummary is what the exams of one arm and view found on centred or on
// shifted crops, with intervals clustered by group; a case counts with the mean of
// its seeds and crops.
type ExamSummary struct {
	View      string       `json:"view"`
	Crops     string       `json:"crops"` // Centred or Shifted
	N         int          `json:"n"`     // exams
	Otsu      AlongSummary `json:"otsu_iou"`
	Deletion  AlongSummary `json:"deletion"`
	Insertion AlongSummary `json:"insertion"`

	// Of the map, and the probability, of the true class instead of the predicted one.
	TrueEnergy    Interval `json:"true_energy"`
	TrueIoU       Interval `json:"true_iou"`
	TrueOtsu      Interval `json:"true_otsu_iou"`
	TrueHit       Interval `json:"true_hit"`
	TrueDeletion  Interval `json:"true_deletion"`
	TrueInsertion Interval `json:"true_insertion"`
	TrueZero      int      `json:"true_zero"`
}

// AlongSummary is the map's number, the fixed Gaussian's, and their paired
// difference, map minus Gaussian.
type AlongSummary struct {
	Map        Interval `json:"map"`
	Gaussian   Interval `json:"gaussian"`
	Difference Interval `json:"difference"`
}

// MapDifference is what attention did to the maps: arm A minus arm B on the same
// crops of the same cases, a case with the mean of its seeds and crops. The numbers
// after Hit are of the exams, undefined where there are none; they look at fewer of
// the shifted crops.
type MapDifference struct {
	A         string   `json:"a"`
	B         string   `json:"b"`
	View      string   `json:"view"`
	Crops     string   `json:"crops"`
	N         int      `json:"n"` // cases
	Energy    Interval `json:"energy"`
	IoU       Interval `json:"iou"`
	Hit       Interval `json:"hit"`
	Otsu      Interval `json:"otsu_iou"`
	Deletion  Interval `json:"deletion"`
	Insertion Interval `json:"insertion"`

	// Of the true class instead of the predicted one.
	TrueEnergy    Interval `json:"true_energy"`
	TrueIoU       Interval `json:"true_iou"`
	TrueHit       Interval `json:"true_hit"`
	TrueOtsu      Interval `json:"true_otsu_iou"`
	TrueDeletion  Interval `json:"true_deletion"`
	TrueInsertion Interval `json:"true_insertion"`
}

// checkExams holds an arm's exams against its predictions.
func (t *table) checkExams() error {
	known := map[tableCase]bool{}
	for _, c := range t.cases {
		c.label = 0
		known[c] = true
	}
	for _, key := range t.keys() {
		u := t.units[key]
		seen := map[string]bool{}
		for _, e := range u.Exams {
			crop := fmt.Sprintf("%s\x00%s\x00%d", e.Case, e.View, e.Crop)
			if seen[crop] {
				return &fault.Input{File: unitFault(u, "", "").File + ", exam of case " + e.Case, Found: fmt.Sprintf("two exams of view %s, crop %d", e.View, e.Crop), Expected: "one"}
			}
			seen[crop] = true
			if e.Arm != u.Arm || e.Seed != u.Seed || e.Fold != u.Fold || !known[tableCase{id: e.Case, group: e.Group, fold: e.Fold}] {
				return &fault.Input{File: unitFault(u, "", "").File + ", exam of case " + e.Case, Found: "no such case of the unit", Expected: "a case that the unit predicts"}
			}
		}
	}
	return nil
}

// which says what kind of crops a row belongs to.
func (e ExamRow) which() string { return MapRow{Crop: e.Crop}.which() }

// exams sums up an arm's exams, view by view, centred crops first.
func (t *table) exams() []ExamSummary {
	type kind struct{ view, crops string }
	of := map[kind]map[string][]ExamRow{} // by case
	for _, key := range t.keys() {
		for _, e := range t.units[key].Exams {
			k := kind{e.View, e.which()}
			if of[k] == nil {
				of[k] = map[string][]ExamRow{}
			}
			of[k][e.Case] = append(of[k][e.Case], e)
		}
	}
	out := []ExamSummary{}
	for _, view := range t.arm.Views {
		for _, crops := range []string{Centred, Shifted} {
			if rows := of[kind{view, crops}]; len(rows) > 0 {
				s := t.examine(rows)
				s.View, s.Crops = view, crops
				out = append(out, s)
			}
		}
	}
	return out
}

func (t *table) examine(byCase map[string][]ExamRow) (s ExamSummary) {
	var groups []string
	values := map[*Interval][]float64{}
	for _, c := range t.cases {
		of := byCase[c.id]
		if len(of) == 0 {
			continue
		}
		groups = append(groups, c.group)
		put := func(iv *Interval, x func(ExamRow) float64) {
			var sum float64
			for _, e := range of {
				sum += x(e)
			}
			values[iv] = append(values[iv], sum/float64(len(of)))
		}
		for a, along := range map[*AlongSummary]func(ExamRow) Along{
			&s.Otsu: func(e ExamRow) Along { return e.Otsu }, &s.Deletion: func(e ExamRow) Along { return e.Deletion }, &s.Insertion: func(e ExamRow) Along { return e.Insertion },
		} {
			put(&a.Map, func(e ExamRow) float64 { return along(e).Map })
			put(&a.Gaussian, func(e ExamRow) float64 { return along(e).Gaussian })
			put(&a.Difference, func(e ExamRow) float64 { return along(e).Map - along(e).Gaussian })
		}
		put(&s.TrueEnergy, func(e ExamRow) float64 { return e.True.Energy })
		put(&s.TrueIoU, func(e ExamRow) float64 { return e.True.IoU })
		put(&s.TrueOtsu, func(e ExamRow) float64 { return e.True.Otsu })
		put(&s.TrueHit, func(e ExamRow) float64 { return one(e.True.Hit) })
		put(&s.TrueDeletion, func(e ExamRow) float64 { return e.True.Deletion })
		put(&s.TrueInsertion, func(e ExamRow) float64 { return e.True.Insertion })
		for _, e := range of {
			s.N++
			if e.True.Zero {
				s.TrueZero++
			}
		}
	}
	for iv, x := range values {
		switch iv {
		case &s.Otsu.Difference, &s.Deletion.Difference, &s.Insertion.Difference:
			*iv = differenceMean(x, groups)
		default:
			*iv = Interval(stats.ClusteredMean(x, groups))
		}
	}
	return s
}

// differenceMean is the mean of differences of numbers from 0 to 1 with a
// clustered t interval.
func differenceMean(x []float64, groups []string) Interval {
	half := make([]float64, len(x))
	for i, d := range x {
		half[i] = (d + 1) / 2
	}
	iv := stats.ClusteredMean(half, groups)
	return Interval{2*iv.Value - 1, 2*iv.Low - 1, 2*iv.High - 1}
}

// mapDifferences pairs each arm with attention with the same without.
func mapDifferences(tables []*table) []MapDifference {
	out := []MapDifference{}
	for _, a := range tables {
		for _, b := range tables {
			if a.arm.Kind != KindNetwork || !a.arm.Attention || b.arm.Attention || b.arm.Kind != KindNetwork || a.arm.Of+b.arm.Of != "" || !slices.Equal(a.arm.Views, b.arm.Views) {
				continue
			}
			for _, view := range a.arm.Views {
				for _, crops := range []string{Centred, Shifted} {
					if d, ok := mapDifference(a, b, view, crops); ok {
						out = append(out, d)
					}
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b MapDifference) int { return cmp.Compare(len(b.A), len(a.A)) })
	return out
}

func mapDifference(a, b *table, view, crops string) (MapDifference, bool) {
	d := MapDifference{A: a.arm.Name, B: b.arm.Name, View: view, Crops: crops}
	d.N = paired(a, b, a.mapMeans(view, crops), b.mapMeans(view, crops), &d.Energy, &d.IoU, &d.Hit)
	paired(a, b, a.examMeans(view, crops), b.examMeans(view, crops), &d.Otsu, &d.Deletion, &d.Insertion,
		&d.TrueEnergy, &d.TrueIoU, &d.TrueHit, &d.TrueOtsu, &d.TrueDeletion, &d.TrueInsertion)
	return d, d.N > 0
}

// paired are the mean differences of numbers that both arms have of a case, and of
// how many cases; undefined where there is none.
func paired(a, b *table, x, y map[string][]float64, out ...*Interval) int {
	var groups []string
	diff := make([][]float64, len(out))
	for _, c := range a.cases {
		p, q := x[c.id], y[c.id]
		if p == nil || q == nil {
			continue
		}
		groups = append(groups, c.group)
		for i := range diff {
			diff[i] = append(diff[i], p[i]-q[i])
		}
	}
	for i, iv := range out {
		*iv = Undefined()
		if len(groups) > 0 {
			*iv = differenceMean(diff[i], groups)
		}
	}
	return len(groups)
}

// mapMeans are energy, IoU and hit of each case.
func (t *table) mapMeans(view, crops string) map[string][]float64 {
	m := means{}
	for _, key := range t.keys() {
		for _, r := range t.units[key].Maps {
			if r.View == view && r.which() == crops {
				m.add(r.Case, r.Map.Energy, r.Map.IoU, one(r.Map.Hit))
			}
		}
	}
	return m.of()
}

// examMeans are the numbers of each case's exams, in the order of MapDifference.
func (t *table) examMeans(view, crops string) map[string][]float64 {
	m := means{}
	for _, key := range t.keys() {
		for _, e := range t.units[key].Exams {
			if e.View == view && e.which() == crops {
				m.add(e.Case, e.Otsu.Map, e.Deletion.Map, e.Insertion.Map,
					e.True.Energy, e.True.IoU, one(e.True.Hit), e.True.Otsu, e.True.Deletion, e.True.Insertion)
			}
		}
	}
	return m.of()
}

// means are sums of each case's numbers over seeds and crops, how many they are at
// the end.
type means map[string][]float64

func (m means) add(id string, x ...float64) {
	s := m[id]
	if s == nil {
		s = make([]float64, len(x)+1)
		m[id] = s
	}
	for i := range x {
		s[i] += x[i]
	}
	s[len(x)]++
}

func (m means) of() map[string][]float64 {
	out := make(map[string][]float64, len(m))
	for id, s := range m {
		n := len(s) - 1
		for i := range n {
			s[i] /= s[n]
		}
		out[id] = s[:n]
	}
	return out
}
