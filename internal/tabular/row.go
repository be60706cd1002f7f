package tabular

import (
	"context"
	"errors"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

// ErrNoFeatures is what errors.Is finds where a source has nothing to say of
// a cohort, so that an arm is left out with the reason rather than failing: no
// covariates, no header facts of a scanner. The error itself is a *fault.Input
// that names the case.
var ErrNoFeatures = errors.New("nothing to answer from")

// Row is what one case gives.
type Row struct {
	Case, Group string
	Label       int
	Values      []radiomics.Value // NaN is missing
	Texts       []Text            // of clinical and scanner
	Notes       []string          // what a reader of the results should know, a sentence each; names no case
}

// Text is a fact as it was written down. Whether it is a number or one of some
// categories is told from the training cases' (columns).
type Text struct{ Name, Text string }

// Extract makes the row of a case. What takes time is kept in cacheDir (none where
// it is empty) under a hash of inputs and settings, a file a case and view, which
// several processes may use at once. The error is a *fault.Input where a view is
// missing or a file cannot be used, and ErrNoFeatures where the source has nothing
// to say.
func Extract(ctx context.Context, c cohort.Case, s Settings, cacheDir string) (Row, error) {
	e, err := s.extraction()
	if err != nil {
		return Row{}, err
	}
	return extract(ctx, c, s, e, cacheDir)
}

func extract(ctx context.Context, c cohort.Case, s Settings, e *extraction, cacheDir string) (Row, error) {
	row := Row{Case: c.ID, Group: c.Group, Label: c.Label}
	var err error
	switch s.Source {
	case Clinical:
		row.Texts, err = covariates(c)
		return row, err
	case Scanner:
		row.Texts, err = scanner(c, s.Views)
		return row, err
	}
	for _, v := range s.Views {
		if err := ctx.Err(); err != nil {
			return row, err
		}
		part, err := cached(c, s.Source, v, e, cacheDir, func(stacks []cohort.Stack) (viewRow, error) {
			if s.Source == Outline {
				return outline(v, stacks)
			}
			return e.view(ctx, v, stacks)
		})
		if err != nil {
			return row, err
		}
		for i, name := range part.Names {
			row.Values = append(row.Values, radiomics.Value{Name: v.String() + "_" + name, Value: float64(part.Values[i])})
		}
		row.Notes = append(row.Notes, part.Notes...)
	}
	return row, nil
}

// stacksOf are the stacks of a view, at least one.
func stacksOf(c cohort.Case, v volume.View) ([]cohort.Stack, error) {
	stacks := c.Stacks(v)
	if len(stacks) == 0 {
		return nil, &fault.Input{File: "case " + c.ID, Field: v.String(), Found: "no stack", Expected: "one or more", Do: "leave the case out, or the view"}
	}
	return stacks, nil
}

// Inputs is a digest of all that the row of a case depends on besides Settings:
// the hashes that sidecars have of images and masks, covariates, header facts. It
// belongs into the hash of a unit.
func Inputs(c cohort.Case, s Settings) (string, error) {
	switch s.Source {
	case Clinical:
		texts, err := covariates(c)
		return digestOr(err, texts)
	case Scanner:
		texts, err := scanner(c, s.Views)
		return digestOr(err, texts)
	}
	var all []any
	for _, v := range s.Views {
		stacks, err := stacksOf(c, v)
		if err != nil {
			return "", err
		}
		all = append(all, v.String(), stackSums(s.Source, stacks))
	}
	return digest(all...)
}

func digestOr(err error, parts ...any) (string, error) {
	if err != nil {
		return "", err
	}
	return digest(parts...)
}

// Answerable says whether a source has something to say of the cases, as
// ErrNoFeatures with the first case that it knows nothing of, or where no fact
// differs between any two. It opens no image.
func Answerable(cases []cohort.Case, s Settings) error {
	if s.Source != Clinical && s.Source != Scanner {
		return nil
	}
	var rows []Row
	for _, c := range cases {
		r, err := extract(context.Background(), c, s, nil, "")
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	_, err := fitColumns(rows, s.Source)
	return err
}

func noFeatures(file, field, found, expected, do string) error {
	return &fault.Input{File: file, Field: field, Found: found, Expected: expected, Do: do, Err: ErrNoFeatures}
}
