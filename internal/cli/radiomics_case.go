package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

// pair is an image with its mask; where they are a stack of a case, whose, of
// which view and which one (n from 1).
type pair struct {
	image, mask string
	id          string
	view        volume.View
	n           int
	side        cohort.Sidecar
}

// described is a lesion and where it is.
type described struct {
	pair
	radiomics.Lesion
}

// heading names the lesion in a table's first line.
func (d described) heading() string {
	text := d.Label
	if d.n > 0 {
		text = d.view.String()
		if d.n > 1 {
			text += "_" + strconv.Itoa(d.n)
		}
		text += " " + d.Label
	}
	return strings.TrimSpace(text + " " + d.Name)
}

// pairs lists what --image and --mask, or --case, mean.
func (o *radiomicsOptions) pairs() ([]pair, error) {
	if o.caseDir == "" {
		return []pair{{image: o.image, mask: o.mask}}, nil
	}
	st, err := os.Stat(o.caseDir)
	if err != nil {
		return nil, &fault.Input{File: o.caseDir, Found: "nothing", Expected: "the folder of a case"}
	}
	all := stacksOf(cohort.Case{ID: filepath.Base(filepath.Clean(o.caseDir)), Dir: o.caseDir})
	if !st.IsDir() || len(all) == 0 {
		return nil, &fault.Input{File: o.caseDir, Found: "no stack", Expected: "sagittal.nii.gz, coronal.nii.gz or axial.nii.gz with its mask", Do: "name the folder of a case, or --image and --mask"}
	}
	return all, nil
}

// stacksOf are the stacks of a case, view by view.
func stacksOf(c cohort.Case) []pair {
	var all []pair
	for _, v := range volume.Views {
		for i, s := range c.Stacks(v) {
			all = append(all, pair{s.Image, s.Mask, c.ID, v, i + 1, s.Sidecar})
		}
	}
	return all
}

// stackFiles reads stacks of cases, of which a sidecar knows what NIfTI cannot say.
type stackFiles struct {
	caseFiles
	of map[string]pair // by image
}

// Read is caseFiles' with what the sidecar says.
func (f stackFiles) Read(image, mask string, layer int) (*radiomics.Case, error) {
	c, err := f.caseFiles.Read(image, mask, layer)
	p, there := f.of[image]
	if err != nil || !there || p.side.ScaledBy == "" { // no sidecar: files that somebody put there
		return c, err
	}
	if c.Image.SpacingKnown && !p.side.SpacingKnown {
		c.Notes = append(c.Notes, "the spacing is not known: lengths are in voxels, not in millimetres")
	}
	c.Image.SpacingKnown, c.Mask.SpacingKnown = p.side.SpacingKnown, p.side.SpacingKnown
	if p.side.ScaledBy == cohort.BySlice {
		c.Notes = append(c.Notes, "each slice was scaled by itself: grey values are not comparable between slices")
	}
	return c, nil
}

// runCase describes the lesions of one mask, or of each stack of a case.
func (o *radiomicsOptions) runCase(c *cobra.Command, env *Env, e *radiomics.Extraction) error {
	all, err := o.pairs()
	if err != nil {
		return err
	}
	p := env.Progress("radiomics")
	var lesions []described
	var failed []error
	for i, at := range all {
		tell := p.Set
		if len(all) > 1 {
			tell = func(done, total int) { p.Set(i*total+done, len(all)*total) } // about: stacks may have more lesions or fewer
		}
		err := o.describe(c, e, at, tell, func(l radiomics.Lesion, err error) {
			if err != nil {
				failed = append(failed, err)
			} else {
				lesions = append(lesions, described{at, l})
			}
		})
		if err != nil && (len(all) == 1 || c.Context().Err() != nil) {
			p.Close()
			return err
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	p.Close()
	if err := env.lesions(lesions, o.profile); err != nil {
		return err
	}
	if len(failed) == 1 && len(lesions) == 0 {
		return failed[0]
	}
	if len(failed) > 0 {
		return &fault.Partial{Done: len(lesions), What: "lesions", Failed: failed}
	}
	return nil
}

// describe calls found for each lesion of one pair of files.
func (o *radiomicsOptions) describe(c *cobra.Command, e *radiomics.Extraction, at pair, tell func(done, total int), found func(radiomics.Lesion, error)) error {
	files := stackFiles{of: map[string]pair{at.image: at}}
	var sums [2]string
	for k, path := range []string{at.image, at.mask} {
		var err error
		if sums[k], err = files.Hash(path); err != nil {
			return err
		}
	}
	in, err := files.Read(at.image, at.mask, e.Settings.LabelChannel)
	if err != nil {
		return err
	}
	named := func(err error) error { return radiomics.InFiles(err, at.image, at.mask, o.settings) }
	err = e.Describe(c.Context(), in, o.target, func(l radiomics.Lesion, err error) error {
		if err != nil {
			found(l, named(err))
			return nil
		}
		l.Diagnostics = append(l.Diagnostics, radiomics.FileDiagnostics(sums[0], sums[1])...)
		found(l, nil)
		return nil
	}, tell)
	if err != nil {
		return named(err)
	}
	return nil
}

// list is what a table is made of: its rows, and who reads their files.
func (o *radiomicsOptions) list() (*radiomics.Cases, radiomics.Source, error) {
	if o.batch != "" {
		cases, err := radiomics.ReadCases(o.batch)
		return cases, caseFiles{}, err
	}
	study, err := cohort.Load(o.study)
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(o.study, "cohort.csv")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, &fault.Input{File: path, Err: err}
	}
	sum := sha256.Sum256(text)
	cases := &radiomics.Cases{Path: path, Hash: hex.EncodeToString(sum[:]), Columns: []string{"view", "stack", "class", "group"}}
	files := stackFiles{of: map[string]pair{}}
	for _, k := range study.Cases {
		for _, p := range stacksOf(k) {
			files.of[p.image] = p
			row := radiomics.CaseRow{Line: len(cases.Rows) + 1, Case: k.ID, Target: o.target, Others: []string{p.view.String(), strconv.Itoa(p.n), k.Class, k.Group}}
			for _, f := range []struct {
				to   *string
				path string
			}{{&row.Image, p.image}, {&row.Mask, p.mask}} {
				if *f.to, err = filepath.Rel(o.study, f.path); err != nil {
					return nil, nil, err
				}
			}
			cases.Rows = append(cases.Rows, row)
		}
	}
	if len(cases.Rows) == 0 {
		return nil, nil, &fault.Input{File: filepath.Join(o.study, "cases"), Found: "no stack", Expected: fmt.Sprintf("those of %d cases", len(study.Cases))}
	}
	return cases, files, nil
}
