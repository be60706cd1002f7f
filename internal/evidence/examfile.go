package evidence

import (
	"strconv"

	"magn/internal/fault"
)

// ExamRow is one row of a unit's exams.csv: what becomes of the answer for one
// held-out case when one crop of one view is changed along its map, beside the
// best fixed Gaussian, and the same with the map of the true class.
type ExamRow struct {
	Case, Group    string
	Arm            string
	Fold, Seed     int
	View           string
	Crop           int   // 0 is centred on the lesion; the others are shifted away from it
	ShiftX, ShiftY int   // of the crop's middle, pixels to the right and down
	Otsu           Along // IoU of the lesion and what lies above Otsu's threshold
	Deletion       Along // mean probability of the predicted class, its strongest pixels blackened first: small is good
	Insertion      Along // … and coming back first into a blurred crop: large is good
	True           TrueExam
}

// Along is a number of the map's and the Gaussian's.
type Along struct{ Map, Gaussian float64 }

// TrueExam is what an exam finds with the map and the probability of the true
// class instead of the predicted one.
type TrueExam struct {
	Overlap
	Otsu, Deletion, Insertion float64
	Zero                      bool
}

var examFormat = format[ExamRow]{
	header: []string{
		"case", "group", "arm", "fold", "seed", "view", "crop", "shift_x", "shift_y", "otsu_iou", "gaussian_otsu_iou", "deletion", "gaussian_deletion",
		"insertion", "gaussian_insertion", "true_energy", "true_iou", "true_otsu_iou", "true_deletion", "true_insertion", "true_hit", "true_zero",
	},
	check: func(e ExamRow) *fault.Input {
		bad := firstOf(checkName("case", e.Case), checkName("group", e.Group), checkName("arm", e.Arm), checkNatural("fold", e.Fold), checkName("view", e.View), checkNatural("crop", e.Crop))
		for name, x := range map[string]float64{
			"otsu_iou": e.Otsu.Map, "gaussian_otsu_iou": e.Otsu.Gaussian, "deletion": e.Deletion.Map, "gaussian_deletion": e.Deletion.Gaussian,
			"insertion": e.Insertion.Map, "gaussian_insertion": e.Insertion.Gaussian, "true_energy": e.True.Energy, "true_iou": e.True.IoU,
			"true_otsu_iou": e.True.Otsu, "true_deletion": e.True.Deletion, "true_insertion": e.True.Insertion,
		} {
			bad = firstOf(bad, checkShare(name, x))
		}
		return bad
	},
	record: func(e ExamRow) []string {
		return []string{
			e.Case, e.Group, e.Arm, strconv.Itoa(e.Fold), strconv.Itoa(e.Seed), e.View, strconv.Itoa(e.Crop), strconv.Itoa(e.ShiftX), strconv.Itoa(e.ShiftY),
			full(e.Otsu.Map), full(e.Otsu.Gaussian), full(e.Deletion.Map), full(e.Deletion.Gaussian), full(e.Insertion.Map), full(e.Insertion.Gaussian),
			full(e.True.Energy), full(e.True.IoU), full(e.True.Otsu), full(e.True.Deletion), full(e.True.Insertion), flag(e.True.Hit), flag(e.True.Zero),
		}
	},
	parse: func(f *fields) ExamRow {
		return ExamRow{
			Case: f.text(), Group: f.text(), Arm: f.text(), Fold: f.whole(), Seed: f.whole(), View: f.text(), Crop: f.whole(), ShiftX: f.whole(), ShiftY: f.whole(),
			Otsu: Along{f.number(), f.number()}, Deletion: Along{f.number(), f.number()}, Insertion: Along{f.number(), f.number()},
			True: TrueExam{Overlap: Overlap{Energy: f.number(), IoU: f.number()}, Otsu: f.number(), Deletion: f.number(), Insertion: f.number()},
		}.flags(f)
	},
}

// flags reads the two columns at the end.
func (e ExamRow) flags(f *fields) ExamRow {
	e.True.Hit, e.True.Zero = f.flag(), f.flag()
	return e
}

// WriteExams writes exams.csv; docs/formats/results.md describes it.
func WriteExams(path string, rows []ExamRow) error { return examFormat.write(path, rows) }

// ReadExams reads exams.csv. A bad row is a *fault.Input with its line and column.
func ReadExams(path string) ([]ExamRow, error) { return examFormat.read(path) }
