package evidence

import (
	"strconv"

	"magn/internal/fault"
)

// ExamRow is one row of a unit's exams.csv: what becomes of the answer for one
// held-out case when one view's centred crop is changed along its map, beside the
// best fixed Gaussian, and the map of the true class.
type ExamRow struct {
	Case, Group string
	Arm         string
	Fold, Seed  int
	View        string
	Otsu        Along   // IoU of the lesion and what lies above Otsu's threshold
	Deletion    Along   // mean probability of the predicted class, its strongest pixels blackened first: small is good
	Insertion   Along   // … and coming back first into a blurred crop: large is good
	TrueClass   Overlap // of the map of the true class
	TrueOtsu    float64
	TrueZero    bool
}

// Along is a number of the map's and the Gaussian's.
type Along struct{ Map, Gaussian float64 }

var examFormat = format[ExamRow]{
	header: []string{
		"case", "group", "arm", "fold", "seed", "view", "otsu_iou", "gaussian_otsu_iou", "deletion", "gaussian_deletion",
		"insertion", "gaussian_insertion", "true_energy", "true_iou", "true_otsu_iou", "true_hit", "true_zero",
	},
	check: func(e ExamRow) *fault.Input {
		bad := firstOf(checkName("case", e.Case), checkName("group", e.Group), checkName("arm", e.Arm), checkNatural("fold", e.Fold), checkName("view", e.View))
		for name, x := range map[string]float64{
			"otsu_iou": e.Otsu.Map, "gaussian_otsu_iou": e.Otsu.Gaussian, "deletion": e.Deletion.Map, "gaussian_deletion": e.Deletion.Gaussian,
			"insertion": e.Insertion.Map, "gaussian_insertion": e.Insertion.Gaussian, "true_energy": e.TrueClass.Energy, "true_iou": e.TrueClass.IoU, "true_otsu_iou": e.TrueOtsu,
		} {
			bad = firstOf(bad, checkShare(name, x))
		}
		return bad
	},
	record: func(e ExamRow) []string {
		return []string{
			e.Case, e.Group, e.Arm, strconv.Itoa(e.Fold), strconv.Itoa(e.Seed), e.View, full(e.Otsu.Map), full(e.Otsu.Gaussian), full(e.Deletion.Map), full(e.Deletion.Gaussian),
			full(e.Insertion.Map), full(e.Insertion.Gaussian), full(e.TrueClass.Energy), full(e.TrueClass.IoU), full(e.TrueOtsu), flag(e.TrueClass.Hit), flag(e.TrueZero),
		}
	},
	parse: func(f *fields) ExamRow {
		return ExamRow{
			Case: f.text(), Group: f.text(), Arm: f.text(), Fold: f.whole(), Seed: f.whole(), View: f.text(),
			Otsu: Along{f.number(), f.number()}, Deletion: Along{f.number(), f.number()}, Insertion: Along{f.number(), f.number()},
			TrueClass: Overlap{Energy: f.number(), IoU: f.number()}, TrueOtsu: f.number(),
		}.flags(f)
	},
}

// flags reads the two columns at the end.
func (e ExamRow) flags(f *fields) ExamRow {
	e.TrueClass.Hit, e.TrueZero = f.flag(), f.flag()
	return e
}

// WriteExams writes exams.csv; docs/formats/results.md describes it.
func WriteExams(path string, rows []ExamRow) error { return examFormat.write(path, rows) }

// ReadExams reads exams.csv. A bad row is a *fault.Input with its line and column.
func ReadExams(path string) ([]ExamRow, error) { return examFormat.read(path) }
