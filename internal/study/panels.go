package study

import (
	"fmt"
	"path/filepath"
	"slices"

	"magn/internal/draw"
	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/magn"
)

// Panel is one case to show with its heat maps.
type Panel struct {
	Case     string
	Label    int
	Positive bool // answered so by the arm that chose the case
	Views    []PanelView
}

// PanelView is one view's crop and what each arm's map makes of it.
type PanelView struct {
	Crop magn.ViewCrop
	Maps []PanelMap
}

// PanelMap is one arm's map on a crop.
type PanelMap struct {
	Arm           string
	Attention     bool
	Score         float64
	Map           []float32 // crop's size, 0..1
	Energy, Share float64
	Zero          bool
}

// Panels chooses cases to show: of each class, in an order drawn by key, the
// first that the last arm with attention (or else the last arm) answers rightly
// and the first that it answers wrongly, at 0.5 and with the first seed. Maps
// are shown of all arms on the same views.
func (s *Study) Panels() ([]Panel, error) {
	plan, err := s.Plan()
	if err != nil {
		return nil, err
	}
	units, _, err := s.units(plan)
	if err != nil {
		return nil, err
	}
	seed := s.Config.Seeds[0]
	nets := s.modelArms()
	if len(nets) == 0 {
		return nil, nil
	}
	chooser := nets[len(nets)-1]
	for _, a := range nets {
		// The most views: a reader wants to see them all.
		if arms[a].attention && (!arms[chooser].attention || len(arms[a].views) > len(arms[chooser].views)) {
			chooser = a
		}
	}
	var panels []Panel
	for _, c := range chosen(units, chooser, seed, s.Config.Seed) {
		p, err := s.panel(c, chooser, seed, plan, units)
		if err != nil {
			return nil, err
		}
		panels = append(panels, p)
	}
	return panels, nil
}

// chosen are the predictions of the cases to show, wrong ones after right ones.
func chosen(units []evidence.Unit, arm string, seed int, key int64) []evidence.Prediction {
	var all []evidence.Prediction
	order := map[string]uint64{}
	for _, u := range units {
		if u.Arm == arm && u.Seed == seed {
			for _, p := range u.Predictions {
				order[p.Case] = draw.New("panels", key, p.Case).Uint64()
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b evidence.Prediction) int {
		if order[a.Case] < order[b.Case] {
			return -1
		}
		return 1
	})
	var out []evidence.Prediction
	for _, right := range []bool{true, false} {
		for _, label := range []int{1, 0} {
			for _, p := range all {
				if p.Label == label && (p.Score >= 0.5) == (p.Label == 1) == right {
					out = append(out, p)
					break
				}
			}
		}
	}
	return out
}

func (s *Study) panel(c evidence.Prediction, chooser string, seed int, plan []Planned, units []evidence.Unit) (Panel, error) {
	p := Panel{Case: c.Case, Label: c.Label, Positive: c.Score >= 0.5}
	views := arms[chooser].views
	for _, k := range s.Cases {
		if k.ID != c.Case {
			continue
		}
		crops, err := magn.Crops(k, views, s.Config.Training)
		if err != nil {
			return p, err
		}
		for _, crop := range crops {
			p.Views = append(p.Views, PanelView{Crop: crop})
		}
	}
	for i, u := range units { // as in the plan: what says more of a unit comes last
		if u.Seed != seed || u.Fold != c.Fold || !slices.Contains(s.modelArms(), u.Arm) || !slices.Equal(arms[u.Arm].views, views) {
			continue
		}
		path := filepath.Join(plan[i].Unit.Dir, mapsFile)
		maps, err := magn.ReadMaps(path)
		if err != nil {
			return p, err
		}
		at := slices.IndexFunc(u.Predictions, func(x evidence.Prediction) bool { return x.Case == c.Case })
		for v := range p.Views {
			view := p.Views[v].Crop.View.String()
			m, ok := maps[c.Case+"/"+view]
			row := slices.IndexFunc(u.Maps, func(x evidence.MapRow) bool { return x.Case == c.Case && x.View == view && x.Crop == 0 })
			if !ok || row < 0 || at < 0 {
				return p, &fault.Input{File: path, Field: fmt.Sprintf("case %s, view %s", c.Case, view), Found: "no map", Expected: "one for each held-out case and view"}
			}
			r := u.Maps[row]
			p.Views[v].Maps = append(p.Views[v].Maps, PanelMap{
				Arm: u.Arm, Attention: arms[u.Arm].attention, Score: u.Predictions[at].Score,
				Map: m.Upsample(p.Views[v].Crop.Size), Energy: r.Map.Energy, Share: r.Share, Zero: r.Zero,
			})
		}
	}
	return p, nil
}

// Epoch is one row of a unit's history.
type Epoch struct {
	Arm        string
	Fold, Seed int
	magn.Epoch
}

// Histories are the histories of all units, in the order of the plan, and their
// records.
func (s *Study) Histories() ([]Epoch, []*Record, error) {
	plan, err := s.Plan()
	if err != nil {
		return nil, nil, err
	}
	_, records, err := s.units(plan)
	if err != nil {
		return nil, nil, err
	}
	var out []Epoch
	for _, p := range plan {
		if p.Unit.Network == nil {
			continue
		}
		rows, err := readHistory(filepath.Join(p.Unit.Dir, historyFile))
		if err != nil {
			return nil, nil, err
		}
		for _, r := range rows {
			out = append(out, Epoch{p.Unit.Arm, p.Unit.Fold, p.Unit.Seed, r})
		}
	}
	return out, records, nil
}
