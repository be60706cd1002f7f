package radiomics

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"magn/internal/fault"
)

func (b *Batch) errorsPath() string  { return filepath.Join(filepath.Dir(b.Out), "errors.csv") }
func (b *Batch) journalPath() string { return b.Out + ".journal" }

func (b *Batch) provenancePath() string {
	return strings.TrimSuffix(b.Out, filepath.Ext(b.Out)) + ".provenance.json"
}

// write makes the files out of the journal, row by row. The table comes last.
func (b *Batch) write(j *journal, rows []rowState, kept int) (*Summary, error) {
	s := &Summary{Rows: len(rows), Kept: kept, Out: b.Out, Errors: b.errorsPath(), Provenance: b.provenancePath()}
	for k := range rows {
		s.Failed = append(s.Failed, rows[k].failed...)
		s.Lesions += len(j.records[rows[k].key].names)
	}
	if err := b.writeErrors(s.Failed); err != nil {
		return nil, err
	}
	if err := b.writeProvenance(j, rows, s); err != nil {
		return nil, err
	}
	return s, b.writeTable(j, rows)
}

// columns are those of the lesions' cells: the diagnostics of all rows, then the
// features of all, each in the order in which they first occur.
func (b *Batch) columns(j *journal, rows []rowState) (diagnostics, features []string, err error) {
	seenID, seen := map[string]bool{}, map[string]bool{}
	for k := range rows {
		for _, id := range j.records[rows[k].key].names {
			if seenID[id] {
				continue
			}
			seenID[id] = true
			for _, n := range j.names[id] {
				if seen[n] {
					continue
				}
				seen[n] = true
				if strings.HasPrefix(n, "diagnostics_") {
					diagnostics = append(diagnostics, n)
				} else {
					features = append(features, n)
				}
			}
		}
	}
	for _, c := range b.Cases.Columns {
		if seen[c] || c == "label_name" {
			return nil, nil, &fault.Input{
				File: b.Cases.Path, Field: "column " + c, Found: "the name of a column of the result", Expected: "another name",
				Do: "rename it; what was computed is kept",
			}
		}
	}
	return diagnostics, features, nil
}

// writeTable writes one row a lesion, in the order of the list and of labels.
func (b *Batch) writeTable(j *journal, rows []rowState) error {
	diagnostics, features, err := b.columns(j, rows)
	if err != nil {
		return err
	}
	texts := slices.Concat([]string{"case", "image", "mask", "label", "label_name"}, b.Cases.Columns, diagnostics)
	columns := slices.Concat(texts, features)
	at := map[string]int{}
	for k, c := range columns {
		at[c] = k
	}
	fill := func(row func(cells []string) error) error {
		for k := range rows {
			if rows[k].key == "" {
				continue
			}
			line, err := j.read(rows[k].key)
			if err != nil {
				return err
			}
			in := &b.Cases.Rows[k]
			for _, l := range line.Lesions {
				cells := make([]string, len(columns))
				copy(cells, append([]string{in.Case, in.Image, in.Mask, l.Label, l.Name}, in.Others...))
				for i, n := range j.names[l.Names] {
					cells[at[n]] = l.Cells[i]
				}
				if err := row(cells); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if isParquet(b.Out) {
		about, err := b.about()
		if err != nil {
			return err
		}
		if err := checkColumns(b.Cases.Path, columns); err != nil {
			return err
		}
		lesions := 0
		for k := range rows {
			lesions += len(j.records[rows[k].key].names)
		}
		return writeParquet(b.Out, columns, len(texts), lesions, about, fill)
	}
	return writeCSV(b.Out, func(w *csv.Writer) error {
		if err := w.Write(columns); err != nil {
			return err
		}
		return fill(w.Write)
	})
}

func (b *Batch) writeErrors(failed []Failure) error {
	return writeCSV(b.errorsPath(), func(w *csv.Writer) error {
		if err := w.Write([]string{"line", "case", "image", "mask", "label", "code", "error"}); err != nil {
			return err
		}
		for _, f := range failed {
			err := w.Write([]string{strconv.Itoa(f.Row.Line), f.Row.Case, f.Row.Image, f.Row.Mask, f.Label, strconv.Itoa(fault.Code(f.Err)), f.Err.Error()})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// provenanceRow says what a row of the list was made of.
type provenanceRow struct {
	Line        int      `json:"line"`
	Case        string   `json:"case"`
	Labels      []string `json:"labels"`
	Image       string   `json:"image"`
	ImageSHA256 string   `json:"image_sha256,omitempty"`
	Mask        string   `json:"mask"`
	MaskSHA256  string   `json:"mask_sha256,omitempty"`
	Notes       []string `json:"notes,omitempty"`
	Failed      int      `json:"failed,omitempty"`
}

// writeProvenance says what made the table. It holds no time and no host, so the
// same inputs give the same bytes. Rows are written one a line.
func (b *Batch) writeProvenance(j *journal, rows []rowState, s *Summary) error {
	head, err := json.Marshal(struct {
		Program     string    `json:"program"`
		Version     string    `json:"version"`
		Profile     Profile   `json:"profile"`
		Settings    string    `json:"settings,omitempty"`
		SettingsSHA string    `json:"settings_sha256"`
		Parsed      *Settings `json:"settings_parsed"`
		Cases       string    `json:"cases"`
		CasesSHA    string    `json:"cases_sha256"`
		Lesions     int       `json:"lesions"`
		Failed      int       `json:"failed"`
	}{"magn", b.Program, b.Profile, b.SettingsPath, b.Hash(), b.Settings, b.Cases.Path, b.Cases.Hash, s.Lesions, len(s.Failed)})
	if err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(b.provenancePath(), renameio.WithTempDir(filepath.Dir(b.Out)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	fmt.Fprintf(f, "%s,\"rows\":[", head[:len(head)-1])
	for k := range rows {
		in := &b.Cases.Rows[k]
		row := provenanceRow{Line: in.Line, Case: in.Case, Labels: []string{}, Image: in.Image, ImageSHA256: rows[k].image, Mask: in.Mask, MaskSHA256: rows[k].mask, Failed: len(rows[k].failed)}
		line, err := j.read(rows[k].key)
		if err != nil {
			return err
		}
		for _, l := range line.Lesions {
			row.Labels = append(row.Labels, l.Label)
			for _, n := range l.Notes {
				if !slices.Contains(row.Notes, n) {
					row.Notes = append(row.Notes, n)
				}
			}
		}
		text, err := json.Marshal(row)
		if err != nil {
			return err
		}
		separator := ",\n"
		if k == 0 {
			separator = "\n"
		}
		fmt.Fprintf(f, "%s%s", separator, text)
	}
	if _, err := f.WriteString("\n]}\n"); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

func writeCSV(path string, fill func(w *csv.Writer) error) error {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	w := csv.NewWriter(f)
	if err := fill(w); err != nil {
		return err
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// Text is the value as PyRadiomics writes it in a table: arrays in parentheses.
func (d Diagnostic) Text() string {
	list := func(n int, at func(int) float64) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = shortest(at(i))
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	switch v := d.Value.(type) {
	case float64:
		return shortest(v)
	case [3]float64:
		return list(3, func(i int) float64 { return v[i] })
	case [3]int:
		return list(3, func(i int) float64 { return float64(v[i]) })
	case [6]int:
		return list(6, func(i int) float64 { return float64(v[i]) })
	}
	return fmt.Sprint(d.Value)
}

// shortest is the least text that reads back as x; NaN where it is undefined.
func shortest(x float64) string {
	if math.Abs(x) >= 1e-5 && math.Abs(x) < 1e16 || x == 0 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
