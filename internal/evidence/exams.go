package evidence

import (
	"cmp"
	"math"
	"slices"

	"magn/internal/fault"
	"magn/internal/stats"
)

// ExamSummary is what the exams of one arm and view found, with intervals
// clustered by group; a case counts with the mean of its seeds.
type ExamSummary struct {
	View      string       `json:"view"`
	N         int          `json:"n"` // exams
	Otsu      AlongSummary `json:"otsu_iou"`
	Deletion  AlongSummary `json:"deletion"`
	Insertion AlongSummary `json:"insertion"`

	// Of the map of the true class instead of the predicted one.
	TrueEnergy Interval `json:"true_energy"`
	TrueIoU    Interval `json:"true_iou"`
	TrueOtsu   Interval `json:"true_otsu_iou"`
	TrueHit    Interval `json:"true_hit"`
	TrueZero   int      `json:"true_zero"`
}

// AlongSummary is the map's number, the fixed Gaussian's, and their paired
// difference, map minus Gaussian.
type AlongSummary struct {
	Map        Interval `json:"map"`
	Gaussian   Interval `json:"gaussian"`
	Difference Interval `json:"difference"`
}

// MapDifference is what attention did to the maps: arm A minus arm B on the same
// crops of the same cases, a case with the mean of its seeds and crops.
type MapDifference struct {
	A      string   `json:"a"`
	B      string   `json:"b"`
	View   string   `json:"view"`
	Crops  string   `json:"crops"`
	N      int      `json:"n"` // cases
	Energy Interval `json:"energy"`
	IoU    Interval `json:"iou"`
	Hit    Interval `json:"hit"`
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
		for _, e := range u.Exams {
			if e.Arm != u.Arm || e.Seed != u.Seed || e.Fold != u.Fold || !known[tableCase{id: e.Case, group: e.Group, fold: e.Fold}] {
				return &fault.Input{File: unitFault(u, "", "").File + ", exam of case " + e.Case, Found: "no such case of the unit", Expected: "a case that the unit predicts"}
			}
		}
	}
	return nil
}

// exams sums up an arm's exams, view by view.
func (t *table) exams() []ExamSummary {
	byView := map[string]map[string][]ExamRow{}
	for _, key := range t.keys() {
		for _, e := range t.units[key].Exams {
			if byView[e.View] == nil {
				byView[e.View] = map[string][]ExamRow{}
			}
			byView[e.View][e.Case] = append(byView[e.View][e.Case], e)
		}
	}
	out := []ExamSummary{}
	for _, view := range t.arm.Views {
		if of := byView[view]; len(of) > 0 {
			out = append(out, t.examine(view, of))
		}
	}
	return out
}

func (t *table) examine(view string, byCase map[string][]ExamRow) ExamSummary {
	s := ExamSummary{View: view}
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
		put(&s.TrueEnergy, func(e ExamRow) float64 { return e.TrueClass.Energy })
		put(&s.TrueIoU, func(e ExamRow) float64 { return e.TrueClass.IoU })
		put(&s.TrueOtsu, func(e ExamRow) float64 { return e.TrueOtsu })
		put(&s.TrueHit, func(e ExamRow) float64 { return one(e.TrueClass.Hit) })
		for _, e := range of {
			s.N++
			if e.TrueZero {
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
	x, y := a.mapMeans(view, crops), b.mapMeans(view, crops)
	var groups []string
	var diff [3][]float64
	for _, c := range a.cases {
		p, ok := x[c.id]
		q, too := y[c.id]
		if !ok || !too {
			continue
		}
		groups = append(groups, c.group)
		for i := range diff {
			diff[i] = append(diff[i], p[i]-q[i])
		}
	}
	d.N = len(groups)
	if d.N == 0 {
		return d, false
	}
	d.Energy, d.IoU, d.Hit = differenceMean(diff[0], groups), differenceMean(diff[1], groups), differenceMean(diff[2], groups)
	return d, true
}

// mapMeans are energy, IoU and hit of each case, the mean of its seeds and crops.
func (t *table) mapMeans(view, crops string) map[string][3]float64 {
	sum, n := map[string][3]float64{}, map[string]float64{}
	for _, key := range t.keys() {
		for _, m := range t.units[key].Maps {
			if m.View != view || m.which() != crops {
				continue
			}
			s := sum[m.Case]
			s[0], s[1], s[2] = s[0]+m.Map.Energy, s[1]+m.Map.IoU, s[2]+one(m.Map.Hit)
			sum[m.Case], n[m.Case] = s, n[m.Case]+1
		}
	}
	for id, s := range sum {
		for i := range s {
			s[i] /= math.Max(1, n[id])
		}
		sum[id] = s
	}
	return sum
}
