package radiomics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Case is an image and the lesions drawn on it, as they were read from files.
type Case struct {
	Image *Image
	Mask  *volume.Mask
	Names map[uint16]string // of labels, where the file has some
	Notes []string          // what somebody should know about the files, a sentence each
	// Segment is the mask of one label by itself where segments overlap, so that
	// it has the voxels that it shares; nil where Mask says it all.
	Segment func(label uint16) (*volume.Mask, error)
}

// Target says which lesions of a mask are described.
type Target struct {
	Label  uint16 // 0: every label, and all of them as one where there are two or more
	Merged bool   // all labels as one, and nothing else
}

// MergedLabel stands for all labels of a mask taken as one lesion.
const MergedLabel = "merged"

// maxLabels bounds how many lesions of a mask are described without naming one:
// a mask with more of them is an atlas, or an image taken for a mask.
const maxLabels = 1000

// ParseTarget reads a label from a command line or a table: a number from 1 to
// 65535, "merged", or nothing for every label.
func ParseTarget(text string) (Target, error) {
	switch text {
	case "":
		return Target{}, nil
	case MergedLabel:
		return Target{Merged: true}, nil
	}
	// A spreadsheet's whole numbers may come as 1.0.
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != float64(uint16(n)) || n < 1 {
		return Target{}, &fault.Input{Field: "label", Found: strconv.Quote(text), Expected: "a whole number from 1 to 65535, or merged"}
	}
	return Target{Label: uint16(n)}, nil
}

func (t Target) text() string {
	switch {
	case t.Merged:
		return MergedLabel
	case t.Label > 0:
		return strconv.Itoa(int(t.Label))
	}
	return ""
}

// Value is a number with its name in a table.
type Value struct {
	Name  string
	Value float64 // NaN where it is not defined
}

// Lesion is what was found about one lesion of a case.
type Lesion struct {
	Label       string // the number, or "merged"
	Name        string
	Values      []Value // original_glcm_JointEntropy, or a tag of the standard
	Diagnostics []Diagnostic
	Notes       []string
}

// Extraction says how lesions are described.
type Extraction struct {
	Settings *Settings
	Profile  Profile
	// Levels says that no settings were given: the profile ibsi then takes grey
	// values as levels.
	Levels  bool
	Program string // name and version, for provenance
	Workers int    // cores that one lesion may use; at least 1
}

// Hash tells extractions apart that may give other numbers, but for program
// versions: SHA-256 of profile and settings, in hexadecimal.
func (e *Extraction) Hash() string {
	text, err := json.Marshal(struct {
		Profile  Profile
		Levels   bool
		Settings *Settings
	}{e.Profile, e.Levels && e.Profile == IBSIProfile, e.Settings})
	if err != nil {
		return "" // settings hold nothing that JSON does not
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}

// target puts the settings' label in the place of no label, unless it is 1,
// which every parameter file says.
func (e *Extraction) target(t Target) Target {
	if t == (Target{}) && e.Settings.Label != 1 {
		t.Label = e.Settings.Label
	}
	return t
}

// Describe calls found for each of a case's lesions that t means, in the order
// of labels, merged last, with what was found or with the reason why not: a
// *fault.Input whose File is "image", "mask" or "settings". progress may be nil.
// The error is of what stops the whole case.
func (e *Extraction) Describe(ctx context.Context, c *Case, t Target, found func(Lesion, error) error, progress func(done, total int)) error {
	labels, merged, err := c.labels(e.target(t))
	if err != nil {
		return err
	}
	total := len(labels)
	if merged {
		total++
	}
	done := 0
	tell := func() {
		if progress != nil {
			progress(done, total)
		}
	}
	tell()
	one := func(name string, label uint16, mask *volume.Mask, err error) error {
		l := Lesion{Label: name, Name: c.Names[label], Notes: slices.Clone(c.Notes)}
		if err == nil {
			if name == MergedLabel {
				label = 1
			}
			err = e.lesion(ctx, c.Image, mask, label, &l)
		}
		if err != nil && (ctx.Err() != nil || !isInput(err)) {
			return err
		}
		done++
		tell()
		return found(l, err)
	}
	for _, label := range labels {
		mask := c.Mask
		var err error
		if c.Segment != nil {
			mask, err = c.Segment(label)
		}
		if err := one(strconv.Itoa(int(label)), label, mask, err); err != nil {
			return err
		}
	}
	if merged {
		all := &volume.Mask{Grid: c.Mask.Grid, Labels: make([]uint16, len(c.Mask.Labels))}
		for i, l := range c.Mask.Labels {
			all.Labels[i] = min(l, 1)
		}
		return one(MergedLabel, 0, all, nil)
	}
	return nil
}

func isInput(err error) bool {
	var bad *fault.Input
	return errors.As(err, &bad)
}

// labels lists those to describe, and whether all are described as one.
func (c *Case) labels(t Target) (labels []uint16, merged bool, err error) {
	if t.Label > 0 {
		return []uint16{t.Label}, false, nil
	}
	var there [1 << 16]bool
	for _, l := range c.Mask.Labels {
		there[l] = true
	}
	for l := 1; l < len(there); l++ {
		_, named := c.Names[uint16(l)]
		if there[l] || named && c.Segment != nil { // one that others hide altogether
			labels = append(labels, uint16(l))
		}
	}
	if len(labels) == 0 {
		return nil, false, &fault.Input{File: "mask", Field: "labels", Found: "none", Expected: "at least one lesion"}
	}
	if t.Merged {
		return nil, true, nil
	}
	if len(labels) > maxLabels {
		return nil, false, &fault.Input{
			File: "mask", Field: "labels", Found: fmt.Sprint(len(labels)), Expected: fmt.Sprintf("at most %d without naming one", maxLabels),
			Do: "name a label, or merged, if this is a mask at all",
		}
	}
	return labels, len(labels) > 1, nil
}

// lesion fills in what is found about one.
func (e *Extraction) lesion(ctx context.Context, im *Image, mask *volume.Mask, label uint16, l *Lesion) error {
	if e.Profile == IBSIProfile {
		return e.standard(ctx, im, mask, label, l)
	}
	r, err := Extract(ctx, im, mask, label, e.Settings, max(1, e.Workers))
	if err != nil {
		return err
	}
	for _, f := range r.Features {
		l.Values = append(l.Values, Value{f.FullName(), f.Value})
	}
	l.Diagnostics = append(e.provenance(), r.Diagnostics...)
	l.Notes = append(l.Notes, r.Notes...)
	return nil
}

// provenance are the diagnostics that say what made the numbers.
func (e *Extraction) provenance() []Diagnostic {
	return []Diagnostic{
		{"diagnostics_Versions_magn", e.Program},
		{"diagnostics_Configuration_Profile", string(e.Profile)},
		{"diagnostics_Configuration_SHA256", e.Hash()},
	}
}
