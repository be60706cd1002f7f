package sheet

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"magn/internal/annotation"
	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// stack is one that has been read, canonical.
type stack struct {
	cohort.Read
	n int // from 0
}

// Read makes the card of a case.
func Read(k cohort.Case, s Settings) (*Card, error) {
	c := &Card{Case: k.ID, Class: k.Class}
	stacks := map[volume.View][]stack{}
	for _, v := range volume.Views {
		for n, st := range k.Stacks(v) {
			r, err := st.Read(v)
			if err != nil {
				return nil, err
			}
			stacks[v] = append(stacks[v], stack{r, n})
		}
	}
	origin := readOrigin(k.Dir)
	drawn, on := origin.reference(stacks)
	if drawn == nil {
		return nil, &fault.Input{File: k.Dir, Field: "case " + k.ID, Found: "no stack of any view", Expected: "at least one <view>.nii.gz"}
	}
	known := drawn.Image.SpacingKnown
	lesions, err := annotation.Measure(drawn.Mask, annotation.Third)
	if err == nil {
		c.Lesions = len(lesions)
		for _, l := range lesions {
			c.VolumeML += l.VolumeML
			c.Diameter = max(c.Diameter, l.DiameterMM)
			if l.VolumeML > c.main.VolumeML {
				c.main = l
			}
		}
	} else if known {
		return nil, err
	}
	for _, v := range volume.Views {
		if len(stacks[v]) == 0 {
			continue
		}
		view := View{View: v, Stacks: len(stacks[v])}
		view.How, view.Method = origin.of(v)
		if known {
			cover, err := view.compare(*drawn, v == on, stacks[v], s.noShift)
			if err != nil {
				return nil, err
			}
			view.hold(cover, c.main.Label, lesions, stacks[v])
		}
		view.Lesions = countLesions(stacks[v])
		if !known && v == on {
			c.Lesions = view.Lesions
		}
		c.Findings = append(c.Findings, view.draw(stacks[v], s)...)
		c.Views = append(c.Views, view)
	}
	c.judge(on, *drawn)
	return c, nil
}

// compare holds a view against the outline as it was drawn: what of it the stacks
// hold, whether the patient moved, and whether the masks are where it would be
// carried. What cannot be compared, for a spacing that is unknown, is left open.
func (v *View) compare(drawn stack, itself bool, stacks []stack, noShift bool) (map[uint16]float64, error) {
	var grids []volume.Grid
	for _, s := range stacks {
		if !s.Image.SpacingKnown {
			return nil, nil
		}
		grids = append(grids, s.Image.Grid)
	}
	cover, err := annotation.Coverage(drawn.Mask, annotation.Third, grids)
	if err != nil {
		return nil, err
	}
	least := 1.0
	for _, c := range cover {
		least, v.Covered = min(least, c), max(v.Covered, c)
	}
	v.Coverage = &least
	both, all := 0, 0
	for _, s := range stacks {
		if itself && s.n == drawn.n {
			continue
		}
		if !noShift {
			shift, err := annotation.FindShiftOf(drawn.Image, s.Image, drawn.Mask)
			if err != nil {
				return nil, err
			}
			v.Shifts = append(v.Shifts, shift)
		}
		carried, err := annotation.Transfer(drawn.Mask, s.Image.Grid, annotation.Options{AnyFrame: true, Drawn: annotation.Third, Target: annotation.Third})
		if err != nil {
			return nil, err
		}
		for i, l := range carried.Labels {
			m := s.Mask.Labels[i]
			switch {
			case l != 0 && m != 0:
				both, all = both+2, all+2
			case l != 0 || m != 0:
				all++
			}
		}
	}
	if all > 0 {
		dice := float64(both) / float64(all)
		v.Agreement = &dice
	}
	return cover, nil
}

// hold says how much of the largest lesion the stacks hold, and how many lesions
// they hold most of without the mask having them. cover is the share of each.
func (v *View) hold(cover map[uint16]float64, main uint16, lesions []annotation.Lesion, stacks []stack) {
	v.main = cover[main]
	seen := map[uint16]bool{}
	for _, s := range stacks {
		for _, l := range s.Mask.Labels {
			seen[l] = true
		}
	}
	for _, l := range lesions {
		if cover[l.Label] >= halfCovered && !seen[l.Label] && l.DiameterMM > smallLesion {
			v.lost++
		}
	}
}

func countLesions(stacks []stack) int {
	seen := map[uint16]bool{}
	for _, s := range stacks {
		for _, l := range s.Mask.Labels {
			if l != 0 {
				seen[l] = true
			}
		}
	}
	return len(seen)
}

// origin is what magn import dicom notes of a case's masks.
type origin struct {
	Stacks []struct {
		View    volume.View `json:"view"`
		N       int         `json:"n"`
		Outline struct {
			How    string            `json:"how"`
			Method annotation.Method `json:"method"`
		} `json:"outline"`
	} `json:"stacks"`
}

// readOrigin is empty where a case came in another way, or the note is unreadable:
// it only adds words to a picture.
func readOrigin(dir string) (o origin) {
	path := filepath.Join(dir, "import.json")
	if st, err := os.Stat(path); err != nil || st.Size() > 64<<20 {
		return origin{}
	}
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &o) != nil {
		return origin{}
	}
	return o
}

func (o origin) of(v volume.View) (how string, method annotation.Method) {
	for _, s := range o.Stacks {
		if s.View == v && (how == "" || s.Outline.How == "drawn") {
			how, method = s.Outline.How, s.Outline.Method
		}
	}
	return how, method
}

// reference is the stack that the lesions were drawn on: of those that the note
// calls drawn, else of the first view, the one that shows most of them.
func (o origin) reference(stacks map[volume.View][]stack) (*stack, volume.View) {
	for _, noted := range []bool{true, false} {
		for _, v := range volume.Views {
			if how, _ := o.of(v); noted && how != "drawn" {
				continue
			}
			var best *stack
			most := 0
			for i, s := range stacks[v] {
				if n := area(s.Mask); n > most {
					best, most = &stacks[v][i], n
				}
			}
			if best != nil {
				return best, v
			}
		}
	}
	return nil, 0
}

func area(m *volume.Mask) int {
	n := 0
	for _, l := range m.Labels {
		if l != 0 {
			n++
		}
	}
	return n
}

// coverage is which share of the lesions the stacks hold, in words.
func (v View) coverage() string {
	least, most := percent(*v.Coverage), percent(v.Covered)
	if least == most {
		return "coverage " + most
	}
	return "coverage " + strings.TrimSuffix(least, " %") + " to " + most
}

// percent rounds down: 100 % is all of it.
func percent(x float64) string { return fmt.Sprintf("%.0f %%", math.Floor(100*x+1e-9)) }
