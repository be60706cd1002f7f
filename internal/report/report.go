// Package report turns a study's evidence into something to read and to print:
// one self-contained HTML page, and beside it every figure as SVG and PNG and
// every table as CSV.
//
// Nouns: an Input is everything that a report says. A figure is drawn once and
// rendered three times (inline in the page, SVG file, PNG file). A table is
// built once and written twice (page and CSV), so that the two cannot differ;
// what is too long for the page is in the file alone, and the page says so. A
// section is a heading with its figures and tables; labels are the numbers that
// these get once it is known which there are. A Panel is one case: its crops, its
// annotation and its heat maps. The page asks for nothing from any network, and
// the same Input gives the same bytes.
//
// Arms of one study question compete: a variant stands beside its arm, and an arm
// that sees no image beside them all. Results are never computed here.
package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"magn/internal/evidence"
)

// Input is everything that a report says. What it has nothing for is left out,
// with its heading.
type Input struct {
	Results   evidence.Results
	Flow      []FlowStep // how the patients came into the study, in order
	Transfer  []Picture  // annotations and where they were carried
	Panels    []Panel    // cases shown as heat maps, in the order to print
	Notes     []string   // plain sentences that the study wants said, near the top
	Backbone  string     // of the networks
	Protocol  []Fact     // how the study was done: its settings, in the order to print
	Run       RunInfo    // printed in the page only, never in results.json
	Histories []History  // training curves
}

// Picture is a drawing that another package made, with what is to be said of it.
type Picture struct {
	Drawing
	Caption string
}

// RunInfo says where and how long a study ran. Empty parts are left out.
type RunInfo struct {
	Hardware string    // processor, cores, accelerator
	Seconds  float64   // computing time of all units
	Versions []Fact    // program, libraries, precision, threads, in the order to print
	Arms     []ArmTime // in the order of the study
}

// ArmTime is the computing time of an arm's units together.
type ArmTime struct {
	Arm     string
	Units   int
	Seconds float64
}

// Fact is a name and its value.
type Fact struct{ Name, Value string }

// History is one epoch of one fit: one row of a unit's history.csv.
type History struct {
	Arm        string
	Fold, Seed int
	Stage      string  // which fit of the unit: an inner one, the refit, …
	Lambda     float64 // weight of the attention loss in it
	Epoch      int     // from 1
	Train      float64 // mean training loss of the epoch
	Val        float64 // validation loss; NaN where the stage has none
}

// Panel is one case with its heat maps.
type Panel struct {
	Case  string
	Truth string // name of the true class
	Views []PanelView
}

// PanelView is one view's crop. Pixels are row-major, row 0 at the top.
type PanelView struct {
	View   string
	W, H   int       // pixels
	Image  []float32 // W×H, 0..1
	Lesion []bool    // W×H, the annotation
	Maps   []PanelMap
}

// PanelMap is what one arm's attention map makes of the crop.
type PanelMap struct {
	Arm       string
	Attention bool
	Score     float64   // the arm's probability of the positive class for the case
	Predicted string    // name of the predicted class
	Map       []float32 // W×H of its view, 0..1 (after min–max)
	Energy    float64   // share of the ReLU map inside the lesion
	Share     float64   // the lesion's share of the crop, padding left out
	Zero      bool      // the map is zero everywhere
}

// Write makes dir/index.html, dir/figures/*.svg|png and dir/tables/*.csv. All
// is rendered before the first byte is written; every file is written beside
// and renamed; the page comes last, and files of an earlier report that this
// one does not have are removed after it. What else lies in dir, results.json
// among it, is left alone.
func Write(dir string, in Input) error {
	files, err := render(in)
	if err != nil {
		return err
	}
	for _, sub := range []string{"figures", "tables"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	keep := map[string]bool{}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		keep[path] = true
		if err := renameio.WriteFile(path, f.data, 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
			return fmt.Errorf("report: write %s: %w", path, err)
		}
	}
	return removeStale(dir, keep)
}

// removeStale removes what an earlier report wrote under names that only this
// package gives, so that a figure of last week's results does not lie beside
// today's page.
func removeStale(dir string, keep map[string]bool) error {
	var patterns []string
	for _, n := range append(slices.Clip(numbered), figureNames...) {
		patterns = append(patterns, "figures/"+n+".svg", "figures/"+n+".png")
	}
	for _, n := range slices.Concat(mainTables, otherTables, fileTables) {
		patterns = append(patterns, "tables/"+n+".csv")
	}
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(globEscape(dir), p))
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		for _, path := range found {
			if keep[path] {
				continue
			}
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("report: remove an earlier report's file: %w", err)
			}
		}
	}
	return nil
}

// globEscape makes a folder's name stand for itself in a pattern.
func globEscape(dir string) string {
	var b bytes.Buffer
	for i := 0; i < len(dir); i++ {
		switch dir[i] {
		case '*', '?', '[', '\\':
			b.WriteByte('\\')
		}
		b.WriteByte(dir[i])
	}
	return b.String()
}

// file is one file of a report, its name relative to the report's folder.
type file struct {
	name string
	data []byte
}

// render makes every file of a report; index.html is the last.
func render(in Input) ([]file, error) {
	if err := check(in); err != nil {
		return nil, err
	}
	var files []file
	figures := figuresOf(in)
	inline := map[string]inlineFigure{}
	for _, f := range figures {
		svg, err := f.svg()
		if err != nil {
			return nil, fmt.Errorf("report: figure %s: %w", f.name, err)
		}
		png, err := f.png()
		if err != nil {
			return nil, fmt.Errorf("report: figure %s: %w", f.name, err)
		}
		files = append(files,
			file{"figures/" + f.name + ".svg", standalone(svg)},
			file{"figures/" + f.name + ".png", png})
		if !strings.HasPrefix(f.name, "heatmaps-") { // the page lays panels out itself
			inline[f.name] = f.inline(svg)
		}
	}
	tables := tablesOf(in)
	l := labelsOf(figures, tables)
	tables = append(tables, checklistTable(in, l))
	for _, t := range tables {
		if len(t.rows) == 0 {
			continue
		}
		data, err := t.csv()
		if err != nil {
			return nil, fmt.Errorf("report: table %s: %w", t.name, err)
		}
		files = append(files, file{"tables/" + t.name + ".csv", data})
	}
	html, err := page(in, inline, tables, l)
	if err != nil {
		return nil, fmt.Errorf("report: page: %w", err)
	}
	return append(files, file{"index.html", html}), nil
}
