package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// seriesFile lists every series of every patient (docs/formats/series.md).
const seriesFile = "series.csv"

// maxSeriesFile bounds it: a row is some 300 bytes.
const maxSeriesFile = 256 << 20

var seriesColumns = []string{
	"case", "series", "number", "view", "use", "verdict", "used_as", "score", "reason", "size", "spacing_mm", "thickness_mm",
	"tr_ms", "te_ms", "ti_ms", "flip_deg", "sequence", "fat_suppressed", "contrast", "minutes", "thumbnail",
}

// use is what a person filled in for one series.
type use struct {
	line  int
	text  string
	no    bool
	own   bool // yes: for the view that it lies in
	views [3]bool
}

// uses are by case and series key.
type uses struct {
	file string
	rows map[[2]string]use
}

func (u uses) says(id, key string, v volume.View) bool { return u.rows[[2]string{id, key}].views[v] }

func (u uses) no(id, key string) bool { return u.rows[[2]string{id, key}].no }

// readUse reads the column use of a series.csv that a person may have filled in
// with a spreadsheet program; no file is no answer.
func readUse(file string) (uses, error) {
	u := uses{file: file, rows: map[[2]string]use{}}
	st, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		return u, nil
	}
	if err == nil && st.Size() > maxSeriesFile {
		return u, &fault.Input{File: file, Found: fmt.Sprintf("%d bytes", st.Size()), Expected: "a list of series of at most 256 MiB"}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return u, &fault.Input{File: file, Err: err}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	r := csv.NewReader(bytes.NewReader(data))
	head, _, _ := bytes.Cut(data, []byte("\n"))
	for _, sep := range []rune{';', '\t'} { // how spreadsheet programs of some countries save
		if bytes.Count(head, []byte(string(sep))) > bytes.Count(head, []byte(",")) {
			r.Comma = sep
		}
	}
	header, err := r.Read()
	at := map[string]int{}
	for i, h := range header {
		at[strings.TrimSpace(h)] = i
	}
	for _, c := range []string{"case", "series", "use"} {
		if _, ok := at[c]; !ok {
			return u, &fault.Input{File: file, Field: "header", Found: "no column " + c, Expected: strings.Join(seriesColumns, ","), Err: err, Do: "restore the column, or delete the file: it is written anew"}
		}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return u, nil
		}
		if err != nil {
			return u, &fault.Input{File: file, Err: err}
		}
		line, _ := r.FieldPos(0)
		x, err := parseUse(row[at["use"]])
		if err != nil {
			return u, &fault.Input{
				File: file, Field: fmt.Sprintf("line %d, column use", line), Found: strconv.Quote(row[at["use"]]),
				Expected: "yes, no, sagittal, coronal, axial, several views with a blank between, or nothing",
			}
		}
		if x.line = line; x.text != "" {
			u.rows[[2]string{strings.TrimSpace(row[at["case"]]), strings.TrimSpace(row[at["series"]])}] = x
		}
	}
}

func parseUse(text string) (use, error) {
	u := use{text: strings.ToLower(strings.TrimSpace(text))}
	switch u.text {
	case "":
		return u, nil
	case "no", "n":
		u.no = true
		return u, nil
	case "yes", "y":
		u.own = true
		return u, nil
	}
	for _, word := range strings.Fields(u.text) {
		v, err := volume.ParseView(word)
		if err != nil {
			return u, err
		}
		u.views[v] = true
	}
	return u, nil
}

// check holds what was filled in against the series that are there, and gives a
// yes its view.
func (u uses) check(patients []*patient) error {
	known := map[[2]string]bool{}
	for _, p := range patients {
		for _, s := range p.series {
			k := [2]string{p.id, s.Key}
			known[k] = true
			x, ok := u.rows[k]
			if !ok || x.no {
				continue
			}
			bad := func(found, expected string) error {
				return &fault.Input{File: u.file, Field: fmt.Sprintf("line %d, column use", x.line), Found: strconv.Quote(x.text) + found, Expected: expected}
			}
			if s.Err != nil {
				return bad(" for a series that cannot be converted", "no, or nothing")
			}
			if x.own {
				x.views[s.View] = true
			}
			for v, said := range x.views {
				if said && volume.View(v) != s.View && !s.Block {
					return bad(fmt.Sprintf(" for a stack of %s slices", s.View), s.View.String()+" or no: slices this thick show one view")
				}
			}
			u.rows[k] = x
		}
	}
	for k, x := range u.rows {
		if !known[k] {
			return &fault.Input{
				File: u.file, Field: fmt.Sprintf("line %d, column series", x.line), Found: "a series that none of the sources has",
				Expected: "the series of the import that wrote the file", Do: "name all sources, or empty the column use of that line",
			}
		}
	}
	return nil
}

// writeSeries writes the list and the thumbnails. What a person filled in stays.
func (m *importer) writeSeries() error {
	if err := m.writeThumbnails(); err != nil {
		return err
	}
	rows := [][]string{seriesColumns}
	for _, p := range m.patients {
		for _, s := range p.series {
			rows = append(rows, m.seriesRow(p, s))
		}
	}
	return cohort.WriteTable(m.path(seriesFile), rows, 0o644)
}

func (m *importer) seriesRow(p *patient, s *Series) []string {
	number := func(x float64) string {
		if x == 0 || math.IsNaN(x) {
			return ""
		}
		return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64)
	}
	f, sp := s.Facts, s.Grid.Spacing()
	view, size, spacing, thumbnail, minutes := "", "", "", "", ""
	if s.Err == nil {
		view, size = s.View.String(), fmt.Sprintf("%dx%dx%d", s.Grid.Size[0], s.Grid.Size[1], s.Grid.Size[2])
		spacing = fmt.Sprintf("%sx%sx%s", number(sp[0]), number(sp[1]), number(sp[2]))
	}
	if s.thumbnail {
		thumbnail = path.Join("thumbnails", thumbnailName(p, s))
	}
	if !math.IsNaN(s.Seconds) {
		minutes = strconv.FormatFloat(math.Round(s.Seconds/6)/10, 'f', -1, 64)
	}
	as, verdict := []string{}, s.Verdict
	for v, c := range p.views {
		for _, o := range c.use {
			if o == s {
				as = append(as, volume.View(v).String())
			}
		}
	}
	reasons := append(append([]string(nil), s.Reasons...), s.Notes...)
	sequence := strings.Trim(f.AcquisitionType+" "+strings.ReplaceAll(f.Scanning, `\`, "/"), " ")
	return []string{
		p.id, s.Key, strconv.Itoa(f.SeriesNumber), view, m.told.rows[[2]string{p.id, s.Key}].text, string(verdict), strings.Join(as, " "),
		strconv.Itoa(s.Score), strings.Join(reasons, "; "), size, spacing, number(f.Thickness), number(f.TR), number(f.TE), number(f.TI), number(f.FlipAngle),
		sequence, yesNo(s.Fat), string(s.Contrast), minutes, thumbnail,
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
