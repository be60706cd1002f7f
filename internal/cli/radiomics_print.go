package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"magn/internal/radiomics"
)

// lesionFeatures is a lesion as --json prints it.
type lesionFeatures struct {
	Case        string   `json:"case,omitempty"`
	View        string   `json:"view,omitempty"`
	Stack       int      `json:"stack,omitempty"`
	Image       string   `json:"image"`
	Mask        string   `json:"mask"`
	Label       any      `json:"label"` // a number, or "merged"
	Name        string   `json:"name,omitempty"`
	Profile     string   `json:"profile"`
	Features    ordered  `json:"features"`
	Diagnostics ordered  `json:"diagnostics"`
	Notes       []string `json:"notes,omitempty"`
}

// ordered is a JSON object that keeps its order, of numbers that may be
// undefined, which are null.
type ordered []radiomics.Diagnostic

// MarshalJSON writes the object.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for k, d := range o {
		if k > 0 {
			b.WriteByte(',')
		}
		value := d.Value
		if x, is := value.(float64); is && (math.IsNaN(x) || math.IsInf(x, 0)) {
			value = nil
		}
		name, err := json.Marshal(d.Name)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// lesions prints an object a lesion, or one table of them.
func (e *Env) lesions(all []described, profile string) error {
	if e.JSON {
		for _, l := range all {
			t := lesionFeatures{Case: l.id, Stack: l.n, Image: l.image, Mask: l.mask, Label: l.Label, Name: l.Name, Profile: profile, Diagnostics: l.Diagnostics, Notes: l.Notes}
			if l.n > 0 {
				t.View = l.view.String()
			}
			if l.Label != radiomics.MergedLabel {
				t.Label = json.Number(l.Label)
			}
			for _, v := range l.Values {
				t.Features = append(t.Features, radiomics.Diagnostic{Name: v.Name, Value: v.Value})
			}
			if err := e.Result(t, nil); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "feature")
	for _, l := range all {
		fmt.Fprintf(w, "\t%s", l.heading())
	}
	fmt.Fprintln(w)
	// All lesions have the same features, but for images that one is too small
	// for.
	value := make([]map[string]float64, len(all))
	var names []string
	seen := map[string]bool{}
	for k, l := range all {
		value[k] = map[string]float64{}
		for _, v := range l.Values {
			value[k][v.Name] = v.Value
			if !seen[v.Name] {
				seen[v.Name] = true
				names = append(names, v.Name)
			}
		}
	}
	for _, n := range names {
		fmt.Fprint(w, n)
		for k := range all {
			x, there := value[k][n]
			switch {
			case !there:
				fmt.Fprint(w, "\t-")
			default:
				fmt.Fprintf(w, "\t%.6g", x)
			}
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return notes(e.Out, all)
}

// notes prints each note once.
func notes(to io.Writer, all []described) error {
	seen := map[string]bool{}
	for _, l := range all {
		for _, n := range l.Notes {
			if seen[n] {
				continue
			}
			seen[n] = true
			if _, err := fmt.Fprintf(to, "note: %s\n", n); err != nil {
				return err
			}
		}
	}
	return nil
}
