package evidence

import (
	"strconv"

	"magn/internal/fault"
)

var mapFormat = format[MapRow]{
	header: []string{"case", "group", "arm", "fold", "seed", "view", "crop", "shift_x", "shift_y", "share", "energy", "iou", "hit", "zero", "gaussian_energy", "gaussian_iou", "gaussian_hit"},
	check:  checkMapRow,
	parse:  parseMapRow,
	record: func(m MapRow) []string {
		return []string{
			m.Case, m.Group, m.Arm, strconv.Itoa(m.Fold), strconv.Itoa(m.Seed), m.View,
			strconv.Itoa(m.Crop), strconv.Itoa(m.ShiftX), strconv.Itoa(m.ShiftY), full(m.Share),
			full(m.Map.Energy), full(m.Map.IoU), flag(m.Map.Hit), flag(m.Zero),
			full(m.Gaussian.Energy), full(m.Gaussian.IoU), flag(m.Gaussian.Hit),
		}
	},
}

// WriteMaps writes maps.csv; docs/formats/results.md describes it. A row that
// could not be read back is a *fault.Input and nothing is written.
func WriteMaps(path string, rows []MapRow) error {
	return mapFormat.write(path, rows)
}

// ReadMaps reads maps.csv. A bad row is a *fault.Input with its line and
// column.
func ReadMaps(path string) ([]MapRow, error) {
	return mapFormat.read(path)
}

func parseMapRow(f *fields) MapRow {
	return MapRow{
		Case: f.text(), Group: f.text(), Arm: f.text(), Fold: f.whole(), Seed: f.whole(), View: f.text(),
		Crop: f.whole(), ShiftX: f.whole(), ShiftY: f.whole(), Share: f.number(),
		Map: Overlap{Energy: f.number(), IoU: f.number(), Hit: f.flag()}, Zero: f.flag(),
		Gaussian: Overlap{Energy: f.number(), IoU: f.number(), Hit: f.flag()},
	}
}

func checkMapRow(m MapRow) *fault.Input {
	bad := firstOf(
		checkName("case", m.Case), checkName("group", m.Group), checkName("arm", m.Arm), checkName("view", m.View),
		checkNatural("fold", m.Fold), checkNatural("crop", m.Crop), checkShare("share", m.Share),
		checkShare("energy", m.Map.Energy), checkShare("iou", m.Map.IoU),
		checkShare("gaussian_energy", m.Gaussian.Energy), checkShare("gaussian_iou", m.Gaussian.IoU))
	switch {
	case bad != nil:
		return bad
	case m.Zero && m.Map != (Overlap{}):
		return &fault.Input{Field: "zero", Found: "a zero map that scores", Expected: "energy, iou and hit 0"}
	case m.Crop == 0 && (m.ShiftX != 0 || m.ShiftY != 0):
		return &fault.Input{Field: "shift_x, shift_y", Found: "a shift of crop 0", Expected: "0: crop 0 is the centred one"}
	}
	return nil
}
