package study

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/magn"
	"magn/internal/tabular"
)

// State is how far a unit is.
type State string

// The states of a unit.
const (
	Done    State = "done"
	Started State = "started" // goes on from its checkpoint
	ToRun   State = "to run"
)

// Planned is a unit of the plan.
type Planned struct {
	Unit  Unit
	State State

	settings []byte // settings.json: the bytes that Unit.Hash is the hash of
}

// Name is how messages call the unit.
func (p Planned) Name() string { return UnitName(p.Unit) }

// UnitName is how messages call a unit: "multi-view, fold 0, seed 1".
func UnitName(u Unit) string {
	if u.Exam != nil {
		return u.trio() + ", heat maps"
	}
	return u.trio()
}

func (u Unit) trio() string { return fmt.Sprintf("%s, fold %d, seed %d", u.Arm, u.Fold, u.Seed) }

// Plan lists the units in the order in which they are run: arm by arm, fold by
// fold, seed by seed; those that answer with another unit's network come after
// all others, and those that look closer at its heat maps last. The first plan of a study freezes its split.
func (s *Study) Plan() ([]Planned, error) {
	p, err := s.planner()
	if err != nil {
		return nil, err
	}
	var trained, recentred []Planned
	byKey := map[string]*Planned{} // trained units, by arm, fold and seed
	for _, later := range []bool{false, true} {
		for _, name := range s.Config.Arms {
			if (arms[name].of != "") != later {
				continue
			}
			if err := p.sourced(name); err != nil {
				return nil, err
			}
			for k := range s.Config.Folds {
				for _, seed := range s.Config.Seeds {
					u := p.unit(name, k, seed, byKey)
					if err := s.answerable(u); err != nil {
						return nil, err
					}
					planned, err := p.planned(u)
					if err != nil {
						return nil, err
					}
					if later {
						recentred = append(recentred, planned)
						continue
					}
					trained = append(trained, planned)
					byKey[u.trio()] = &planned
				}
			}
		}
	}
	exams, err := p.exams(trained)
	return slices.Concat(trained, recentred, exams), err
}

// Units is how many the plan has, as far as that is known before the split is.
func (s *Study) Units() int {
	arms := len(s.Config.Arms)
	if s.Config.MapSteps > 0 {
		arms += len(s.modelArms())
	}
	return arms * s.Config.Folds * len(s.Config.Seeds)
}

// exams look closer at the maps of the networks that leave a model.
func (p *planner) exams(trained []Planned) ([]Planned, error) {
	var out []Planned
	for _, t := range trained {
		if p.Config.MapSteps == 0 || !slices.Contains(p.modelArms(), t.Unit.Arm) {
			continue
		}
		u := t.Unit
		u.Network, u.Hash, u.Dir = nil, "", t.Unit.Dir+"-maps"
		u.Exam = &ExamWork{Unit: t.Unit.Hash, Dir: t.Unit.Dir, Steps: p.Config.MapSteps, Device: p.Config.Training.Device}
		planned, err := p.planned(u)
		if err != nil {
			return nil, err
		}
		out = append(out, planned)
	}
	return out, nil
}

// planner is what all units of a plan have in common.
type planner struct {
	*Study
	fold    map[string]int // by case
	weights string         // SHA-256 of the weights to start from
	inputs  map[string]inputs
}

func (s *Study) planner() (*planner, error) {
	p := &planner{Study: s, fold: map[string]int{}, inputs: s.inputs()}
	if err := s.checkFrozen(); err != nil {
		return nil, err
	}
	split, err := s.split()
	if err != nil {
		return nil, err
	}
	for _, f := range split {
		p.fold[f.Case] = f.Fold
	}
	if s.Config.Training.Weights != "" {
		if p.weights, err = hashFile(s.weightsPath()); err != nil {
			return nil, s.at.cause("training.weights", fmt.Errorf("%s: %w", s.weightsPath(), plainCause(err)), "")
		}
	}
	return p, nil
}

// split is the study's frozen split. Split by a column, the study has as many
// folds as the column has values.
func (s *Study) split() ([]cohort.Fold, error) {
	by := s.Config.SplitBy
	if by == "" {
		return cohort.FoldsCSV(s.Dir, s.Cohort.Cases, s.Config.Folds, s.Config.Seed)
	}
	level, err := s.levelsOf(by)
	if err != nil {
		return nil, err
	}
	folds, levels, err := cohort.FoldsByCSV(s.Dir, s.Cohort.Cases, by, level)
	s.Config.Folds, s.levels = len(levels), levels
	return folds, err
}

// sourced says whether an arm that answers from a table has anything to read.
func (p *planner) sourced(name string) error {
	if arms[name].source == "" {
		return nil
	}
	err := tabular.Answerable(p.Cases, p.Config.table(arms[name]))
	var bad *fault.Input
	if errors.As(err, &bad) {
		bad.Field = "arm " + name + ", " + bad.Field
		bad.Do = "take the arm out of study.yaml, or: " + bad.Do
	}
	return err
}

// levelsOf is a column's value for every case of the cohort.
func (s *Study) levelsOf(by string) (map[string]string, error) {
	level := map[string]string{}
	for _, c := range s.Cohort.Cases {
		facts, err := s.facts(c)
		if err != nil {
			return nil, err
		}
		if facts[by] != "" {
			level[c.ID] = facts[by]
		}
	}
	if len(level) == 0 {
		return nil, &fault.Input{
			File: filepath.Join(s.Dir, ConfigFile), Field: "split_by", Found: strconv.Quote(by),
			Expected: "a column of cohort.csv (" + strings.Join(s.Cohort.Covariates, ", ") + "), or scanner or field_strength of an import of DICOM",
		}
	}
	return level, nil
}

// unit is one arm on one fold with one seed, without its hash.
func (p *planner) unit(name string, fold, seed int, trained map[string]*Planned) Unit {
	a, c := arms[name], p.Config
	u := Unit{
		Arm: name, Fold: fold, Seed: seed, Threads: c.Training.Threads,
		Dir: filepath.Join(p.Dir, runsFolder, name, fmt.Sprintf("%d-%d", fold, seed)),
	}
	for _, k := range p.Cases {
		if p.fold[k.ID] == fold {
			u.Test = append(u.Test, k)
		} else {
			u.Train = append(u.Train, k)
		}
	}
	all := len(u.Train)
	if a.share > 0 {
		u.Train = nested(u.Train, a.share, fold, seed)
	}
	if a.permuted {
		u.Train = permuted(u.Train, fold, seed)
	}
	switch {
	case a.of != "":
		of := trained[Unit{Arm: a.of, Fold: fold, Seed: seed}.trio()].Unit
		u.Recentred = &RecentredWork{Unit: of.Hash, Dir: of.Dir, Centre: a.centre, Device: c.Training.Device}
	case a.kind == evidence.KindNetwork:
		u.Network = c.work(a)
		u.Network.Training.Weights = p.weightsPath()
		if t := &u.Network.Training; a.share > 0 { // as many updates, and as many of each learning rate, to the nearest epoch
			longer := float64(magn.Steps(all, t.Batch)) / float64(magn.Steps(len(u.Train), t.Batch))
			t.Epochs = max(1, int(math.Round(float64(t.Epochs)*longer)))
			t.DecayEvery = max(1, int(math.Round(float64(t.DecayEvery)*longer)))
		}
	default:
		t := c.table(a)
		if t.Features.Params != "" && !filepath.IsAbs(t.Features.Params) {
			t.Features.Params = filepath.Join(p.Dir, t.Features.Params)
		}
		u.Table, u.Features = &t, filepath.Join(p.Dir, featuresFolder)
	}
	return u
}

// nested is a share of the training groups of each class, at least two: with one
// seed a smaller share lies within a larger one, and every arm has the same.
func nested(cases []cohort.Case, share float64, fold, seed int) []cohort.Case {
	var of [2][]string
	label := map[string]int{}
	for _, c := range cases {
		label[c.Group] = max(label[c.Group], c.Label)
	}
	for _, g := range slices.Sorted(maps.Keys(label)) {
		of[label[g]] = append(of[label[g]], g)
	}
	keep := map[string]bool{}
	for y, groups := range of {
		n := min(len(groups), max(2, int(math.Round(share*float64(len(groups))))))
		for _, i := range draw.New("share", seed, fold, y).Perm(len(groups))[:n] {
			keep[groups[i]] = true
		}
	}
	var out []cohort.Case
	for _, c := range cases {
		if keep[c.Group] {
			out = append(out, c)
		}
	}
	return out
}

// permuted deals the training groups' labels out anew, by key.
func permuted(cases []cohort.Case, fold, seed int) []cohort.Case {
	var groups []string
	label := map[string]int{}
	for _, c := range cases {
		if _, ok := label[c.Group]; !ok {
			groups = append(groups, c.Group)
		}
		label[c.Group] = max(label[c.Group], c.Label)
	}
	slices.Sort(groups)
	dealt := map[string]int{}
	for i, j := range draw.New("permuted", seed, fold).Perm(len(groups)) {
		dealt[groups[i]] = label[groups[j]]
	}
	out := slices.Clone(cases)
	for i := range out {
		out[i].Label = dealt[out[i].Group]
	}
	return out
}

// planned gives a unit its hash and looks how far it is.
func (p *planner) planned(u Unit) (Planned, error) {
	settings, err := p.settings(u)
	if err != nil {
		return Planned{}, err
	}
	if u.Network != nil && !u.Network.Attention {
		if have := earlier(u.Dir, settings); have != nil {
			settings = have
		}
	}
	sum := sha256.Sum256(settings)
	u.Hash = hex.EncodeToString(sum[:])
	state, err := stateOf(u)
	return Planned{Unit: u, State: state, settings: settings}, err
}

// answerable says whether a unit can be trained and judged: its settings, both
// classes among its test cases, and groups enough for the inner split.
func (s *Study) answerable(u Unit) error {
	var n [2]int
	for _, c := range u.Test {
		n[c.Label]++
	}
	if n[0] == 0 || n[1] == 0 {
		return &fault.Input{
			File: filepath.Join(s.Dir, foldsFile), Field: fmt.Sprintf("fold %d", u.Fold), Found: fmt.Sprintf("%d positive and %d negative cases after exclusions", n[1], n[0]),
			Expected: "both classes", Do: "use fewer folds (delete folds.csv to split anew), or arms that need fewer views",
		}
	}
	err := u.check()
	var bad *fault.Input
	if errors.As(err, &bad) && bad.File == foldsFile { // the split inside a fold does not know where the study lies
		bad.File = filepath.Join(s.Dir, foldsFile)
	}
	return err
}

// weightsPath is where the weights to start from lie: as the study file says,
// relative to the study's folder.
func (s *Study) weightsPath() string {
	w := s.Config.Training.Weights
	if w == "" || filepath.IsAbs(w) {
		return w
	}
	return filepath.Join(s.Dir, w)
}

// stateOf looks into a unit's folder.
func stateOf(u Unit) (State, error) {
	rec, err := readRecord(u.Dir)
	if err != nil {
		return "", err
	}
	if rec != nil && rec.Hash == u.Hash && rec.complete(u) {
		return Done, nil
	}
	if exists(filepath.Join(u.Dir, checkpointFile)) && startedAs(u.Dir, u.Hash) {
		return Started, nil
	}
	return ToRun, nil
}

// startedAs says whether what lies in a unit's folder belongs to these settings.
func startedAs(dir, hash string) bool {
	sum, err := hashFile(filepath.Join(dir, settingsFile))
	return err == nil && sum == hash
}
