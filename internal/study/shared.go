package study

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/volume"
)

// TrainedOn is a group that networks of a model were trained on, told so that a
// cohort can be held against it without naming anybody.
type TrainedOn struct {
	Group  string   `json:"group_sha256"` // of the group's id
	Images []string `json:"image_sha256"` // of every stack of its cases, sorted
	Folds  []int    `json:"folds"`        // whose networks saw it
}

// trainedOn are the groups that an arm's networks were trained on, by their sums.
func trainedOn(name string, plan []Planned) []TrainedOn {
	byGroup := map[string]*TrainedOn{}
	for _, p := range plan {
		if p.Unit.Arm != name || p.Unit.Network == nil {
			continue
		}
		for _, c := range p.Unit.Train {
			g := byGroup[c.Group]
			if g == nil {
				g = &TrainedOn{Group: sumOf(c.Group)}
				byGroup[c.Group] = g
			}
			g.Images = append(g.Images, imageSums(c)...)
			g.Folds = append(g.Folds, p.Unit.Fold)
		}
	}
	out := make([]TrainedOn, 0, len(byGroup))
	for _, g := range byGroup {
		slices.Sort(g.Images)
		slices.Sort(g.Folds)
		g.Images, g.Folds = slices.Compact(g.Images), slices.Compact(g.Folds)
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b TrainedOn) int { return strings.Compare(a.Group, b.Group) })
	return out
}

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// imageSums are the SHA-256 of the voxels of every stack of a case, of whichever
// view: a patient is known by any of them.
func imageSums(c cohort.Case) []string {
	var out []string
	for _, v := range volume.Views {
		for _, s := range c.Stacks(v) {
			if s.ImageSHA256 != "" {
				out = append(out, s.ImageSHA256)
			}
		}
	}
	return out
}

// shared are the cases whose group, or one of whose images, the model was trained
// on. Ids that hospitals count up may coincide without being of one patient; sums
// of images do not.
func (m *Model) shared(cases []cohort.Case) evidence.Training {
	out := evidence.Training{Arm: m.Arm, Known: m.TrainedOn != nil, Shared: []evidence.SharedPatient{}}
	byGroup, byImage := map[string]*TrainedOn{}, map[string][]*TrainedOn{}
	for i := range m.TrainedOn {
		g := &m.TrainedOn[i]
		byGroup[g.Group] = g
		for _, sum := range g.Images {
			byImage[sum] = append(byImage[sum], g)
		}
	}
	for _, c := range cases {
		p := evidence.SharedPatient{Case: c.ID}
		if g := byGroup[sumOf(c.Group)]; g != nil {
			p.Group, p.Folds = true, append(p.Folds, g.Folds...)
		}
		for _, sum := range imageSums(c) {
			for _, g := range byImage[sum] {
				p.Image, p.Folds = true, append(p.Folds, g.Folds...)
			}
		}
		if p.Group || p.Image {
			slices.Sort(p.Folds)
			p.Folds = slices.Compact(p.Folds)
			out.Shared = append(out.Shared, p)
		}
	}
	return out
}

// sharedFault refuses a cohort of which a model knows patients, or may.
func sharedFault(model, dir string, t evidence.Training) error {
	const allow = "; with --allow-shared-patients they are answered for all the same, and the report says so at its top"
	switch {
	case !t.Known:
		return &fault.Input{
			File: filepath.Join(model, modelJSON), Field: "trained_on", Found: "nothing", Expected: "the patients that it was trained on, so that none of them is taken for a new one",
			Do: "magn study run in the study that the model comes from, which adds them and trains nothing anew" + strings.Replace(allow, "they are", "the patients are", 1),
		}
	case len(t.Shared) == 0:
		return nil
	}
	var lines []string
	for _, p := range t.Shared {
		by := "the same group id"
		switch {
		case p.Group && p.Image:
			by = "the same group id and the same images"
		case p.Image:
			by = "the same images"
		}
		lines = append(lines, fmt.Sprintf("%s: in the training of arm %s, folds %s (%s)", p.Case, t.Arm, strings.Trim(fmt.Sprint(p.Folds), "[]"), by))
	}
	return &fault.Input{
		File: filepath.Join(dir, "cohort.csv"), Field: "patients", Found: fmt.Sprintf("%d whom the model was trained on", len(t.Shared)), Expected: "none",
		Err: errors.New("namely\n  " + strings.Join(lines, "\n  ")),
		Do:  "leave them out of the cohort, or give groups that are other people other ids" + allow,
	}
}
