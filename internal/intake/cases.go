package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"magn/internal/annotation"
	"magn/internal/cohort"
	"magn/internal/convert"
	"magn/internal/fault"
	"magn/internal/volume"
)

// madeFile stands in the case folder and says what it was made of.
const madeFile = "import.json"

// made is madeFile.
type made struct {
	Inputs  string              `json:"inputs"` // digest of the files and settings, without UIDs
	Stacks  []madeStack         `json:"stacks"`
	Lesions []annotation.Lesion `json:"lesions"` // measured where they were drawn, sagittal before the others
}

// madeStack is one stack: its header's facts, and where its mask is from.
type madeStack struct {
	View        volume.View      `json:"view"`
	N           int              `json:"n"`
	Series      string           `json:"series"` // key in series.csv
	Outline     outlineReport    `json:"outline"`
	Acquisition *convert.Sidecar `json:"acquisition"`
}

// outlineReport says how a stack came by its mask.
type outlineReport struct {
	How      string            `json:"how"`      // drawn: on this series; carried: from another
	DrawnOn  string            `json:"drawn_on"` // key of the series
	Method   annotation.Method `json:"method,omitempty"`
	Lesions  int               `json:"lesions"` // of the outline that have voxels in this stack
	Outlined int               `json:"outlined"`
	VolumeML float64           `json:"volume_ml"`
	Coverage float64           `json:"coverage"` // of the least covered lesion, by all stacks of the view
	Shift    *annotation.Shift `json:"shift,omitempty"`
}

// madeVersion changes when the same inputs make another case.
const madeVersion = "magn import dicom 2"

// inputs is the digest of what a patient's case is made of.
func (m *importer) inputs(p *patient) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%t\x00%t", madeVersion, m.Method, m.AnyFrame, m.Interpolate)
	for _, v := range m.result.Views {
		for n, s := range p.views[v].use {
			fmt.Fprintf(h, "\x00stack %s %d %s", v, n, m.scan.Inputs(s.Candidate))
		}
	}
	for _, o := range p.outlines {
		fmt.Fprintf(h, "\x00outline %s", o.sum)
		for _, s := range o.drawn {
			fmt.Fprintf(h, "\x00%s", m.scan.Inputs(s.Candidate))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func readMade(dir string) *made {
	b, err := os.ReadFile(filepath.Join(dir, madeFile))
	var x made
	if err != nil || json.Unmarshal(b, &x) != nil {
		return nil
	}
	return &x
}

// makeCases judges every patient by what is known without pixels, and makes the
// cases of those who may be in the study.
func (m *importer) makeCases() error {
	var todo []*patient
	for _, p := range m.patients {
		m.know(p)
		verdicts, _ := m.rules.Apply([]cohort.Facts{p.facts}, m.Classes)
		if m.waits(p, verdicts[0]) {
			continue
		}
		todo = append(todo, p)
	}
	set := m.stage("cases")
	g, ctx := errgroup.WithContext(m.ctx)
	g.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	var mu sync.Mutex
	done := 0
	for _, p := range todo {
		g.Go(func() error {
			if ctx.Err() != nil {
				return fault.ErrInterrupted
			}
			kept, err := m.makeCase(ctx, p)
			if ctx.Err() != nil {
				return fault.ErrInterrupted
			}
			if in := (*fault.Input)(nil); errors.As(err, &in) {
				p.bad = true
				if !strings.HasPrefix(in.File, "case ") {
					err = fmt.Errorf("case %s: %w", p.id, err)
				}
				m.fail(p, err)
			} else if err != nil { // the disk: the others will not fare better
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
			case kept:
				m.result.Kept++
			default:
				m.result.Converted++
			}
			if done++; set != nil {
				set(done, len(todo))
			}
			return nil
		})
	}
	return g.Wait()
}

// know fills in what the rules ask of a patient.
func (m *importer) know(p *patient) {
	p.facts = cohort.FactsOf(p.id, p.row)
	for _, v := range volume.Views {
		p.facts.ContrastT1[v] = p.views[v].known()
	}
	for _, v := range m.result.Views {
		if p.facts.ContrastT1[v] != cohort.No {
			continue
		}
		for _, s := range p.series {
			if s.Err != nil && s.Facts.Modality == "MR" { // it may have been the one
				p.facts.ContrastT1[v] = cohort.Unknown
			}
		}
	}
	switch {
	case p.bad:
		p.facts.Annotation = cohort.Unknown
	default:
		p.facts.Annotation = cohort.TriOf(len(p.outlines) > 0)
	}
}

// measured are the rules that only a case's own outlines may answer.
var measured = []string{"diameter", "lesions"}

// waits says that a patient's case is not made, and tells the user where that is
// for him to mend: whoever is excluded for another reason is no work of his.
func (m *importer) waits(p *patient, v cohort.Verdict) bool {
	left, views := 0, false
	for _, r := range v.Reasons {
		switch {
		case r.Unknown && slices.Contains(measured, r.Rule):
			continue
		case r.Unknown && r.Rule == "contrast-t1":
			views = true
		case r.Unknown && r.Rule == "annotation" && p.failed: // said already
		default:
			return true
		}
		left++
	}
	if !views {
		return left > 0 || !m.complete(p)
	}
	for _, view := range m.result.Views {
		switch {
		case p.views[view].ask != "":
			m.result.Undecided = append(m.result.Undecided, p.id+" "+view.String())
			m.fail(p, undecided(p, view))
		case len(p.views[view].use) == 0:
			for _, s := range p.series {
				if s.Err != nil && s.Facts.Modality == "MR" {
					m.fail(p, fmt.Errorf("case %s, no %s: series %d: %w", p.id, view, s.Facts.SeriesNumber, s.Err))
				}
			}
		}
	}
	return true
}

// complete says that a case can be made at all, whatever the rules: there are a
// stack and an outline.
func (m *importer) complete(p *patient) bool {
	return len(p.outlines) > 0 && !p.bad && slices.ContainsFunc(m.result.Views, func(v volume.View) bool { return len(p.views[v].use) > 0 })
}

// makeCase converts a patient's stacks and brings the outlines to them. A case made
// of the same inputs is kept. What is wrong with the input is a *fault.Input.
func (m *importer) makeCase(ctx context.Context, p *patient) (kept bool, err error) {
	inputs := m.inputs(p)
	if p.made = readMade(m.growth.Dir(p.id)); p.made != nil && p.made.Inputs == inputs {
		return true, nil
	}
	p.made = nil
	b := &builder{importer: m, ctx: ctx, p: p, images: map[*Series]*picture{}, masks: map[*Series]*volume.Mask{}, made: &made{Inputs: inputs}}
	if err := b.outlines(); err != nil {
		return false, err
	}
	for _, v := range m.result.Views {
		if err := b.view(v); err != nil {
			return false, err
		}
	}
	data, err := json.MarshalIndent(b.made, "", "  ")
	if err != nil {
		return false, err
	}
	if err := m.growth.Note(p.id, madeFile, append(data, '\n')); err != nil {
		return false, err
	}
	if ctx.Err() != nil {
		return false, fault.ErrInterrupted
	}
	if err := m.growth.Place(p.id); err != nil {
		return false, err
	}
	p.made = b.made
	return false, nil
}
