package evidence

import (
	"strconv"

	"magn/internal/fault"
)

var mapFormat = format[MapRow]{
	header: []string{"case", "group", "arm", "fold", "seed", "view", "energy", "share", "iou", "hit", "zero"},
	check:  checkMapRow,
	parse:  parseMapRow,
	record: func(m MapRow) []string {
		return []string{
			m.Case, m.Group, m.Arm, strconv.Itoa(m.Fold), strconv.Itoa(m.Seed), m.View,
			full(m.Energy), full(m.Share), full(m.IoU), flag(m.Hit), flag(m.Zero),
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
		Energy: f.number(), Share: f.number(), IoU: f.number(), Hit: f.flag(), Zero: f.flag(),
	}
}

func checkMapRow(m MapRow) *fault.Input {
	bad := firstOf(
		checkName("case", m.Case), checkName("group", m.Group), checkName("arm", m.Arm), checkName("view", m.View),
		checkNatural("fold", m.Fold),
		checkShare("energy", m.Energy), checkShare("share", m.Share), checkShare("iou", m.IoU))
	if bad == nil && m.Zero && (m.Energy != 0 || m.IoU != 0 || m.Hit) {
		return &fault.Input{Field: "zero", Found: "a zero map that scores", Expected: "energy, iou and hit 0"}
	}
	return bad
}
