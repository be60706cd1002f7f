package cohort

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"magn/internal/fault"
)

// TableOptions say how a clinical or reader table is read where it cannot be told
// from the file (docs/formats/tables.md). The zero value is right for most.
type TableOptions struct {
	Sheet        string              `yaml:"sheet,omitempty"`          // of an xlsx file; the first visible one
	Encoding     string              `yaml:"encoding,omitempty"`       // of a CSV file, e.g. gb18030
	Separator    string              `yaml:"separator,omitempty"`      // comma, semicolon or tab
	Columns      map[string]string   `yaml:"columns,omitempty"`        // field → header in the file; "" where a field is not to be read
	Classes      map[string][]string `yaml:"classes,omitempty"`        // class → the words a table has for it
	DateOrder    string              `yaml:"date_order,omitempty"`     // dmy or mdy, for dates such as 03/04/1960
	RowPerLesion bool                `yaml:"row_per_lesion,omitempty"` // several rows of a patient are his lesions
	Keep         []string            `yaml:"keep,omitempty"`           // headers to carry although they look as if they named a patient
	Numbers      []string            `yaml:"numbers,omitempty"`        // headers of further columns whose texts are unknown numbers
	Categories   []string            `yaml:"categories,omitempty"`     // headers of further columns whose numbers are names
}

// cellKind says how far the text of a cell can be trusted.
type cellKind uint8

const (
	looseKind   cellKind = iota // from a CSV: anything may have been done to it
	textKind                    // text in a spreadsheet: as it was typed
	numberKind                  // a number in a spreadsheet, at most 15 digits
	dateKind                    // a number with a date format in a spreadsheet, as yyyy-mm-dd
	errorKind                   // #N/A, #REF! …
	formulaKind                 // a formula whose value is not stored
)

type cell struct {
	text string // without spaces around it
	kind cellKind
}

type gridRow struct {
	number int // line or row in the file, from 1
	cells  []cell
}

// grid is a table before its header is known.
type grid struct {
	file, sheet string
	rowWord     string // "line", or "row" of a sheet
	strictWidth bool   // every row has the cells of the header
	date1904    bool   // serial dates count from 1904
	rows        []gridRow
	merged      []span // merged cells; the first holds the value
	notes       []string
}

// span is a range of merged cells: rows in the file, columns from 0.
type span struct{ top, bottom, left, right int }

// table is a grid with its header; empty rows are gone.
type table struct {
	grid
	header []string
}

func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' })
}

// excelErrors as every Excel since 2007 writes them.
var excelErrors = []string{
	"#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#GETTING_DATA", "#UNKNOWN!",
}

// looseCell is a field of a CSV.
func looseCell(s string) cell {
	s = trim(s)
	if inner, ok := strings.CutPrefix(s, `="`); ok && strings.HasSuffix(inner, `"`) { // written so that Excel keeps zeros
		return cell{trim(strings.TrimSuffix(inner, `"`)), textKind}
	}
	switch {
	case strings.HasPrefix(s, "="):
		return cell{s, formulaKind}
	case isExcelError(s), len(s) > 2 && strings.Trim(s, "#") == "": // ##### was shown where a column was narrow
		return cell{s, errorKind}
	}
	return cell{s, looseKind}
}

func isExcelError(s string) bool {
	for _, e := range excelErrors {
		if strings.EqualFold(s, e) {
			return true
		}
	}
	return false
}

// readTableFile reads a table of at most 64 MiB.
func readTableFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, openFault(path, "", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTableBytes+1))
	if err != nil {
		return nil, openFault(path, "", err)
	}
	if len(data) > maxTableBytes {
		return nil, &fault.Input{File: path, Found: "more than 64 MiB", Expected: "a table of patients"}
	}
	return data, nil
}

// parseTable finds out what a file is, reads its cells and finds the header: the
// first of the first 20 rows with a name for the patient's id, or the first row.
func parseTable(file string, data []byte, opt TableOptions, fields []field, ps *Problems) *table {
	isHeader := func(names []string) int { return knownColumns(names, fields, opt) }
	var g grid
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("PK\x05\x06")):
		g = parseXLSX(file, data, opt.Sheet, ps)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		ps.add(notATable(file, "an Excel 97 file (xls), or an xlsx with a password", "save it as xlsx without a password"))
	case isMarkup(data):
		ps.add(notATable(file, "a web page or XML, whatever its name says", "open it in a spreadsheet program and save it as xlsx"))
	default:
		text, note, err := decodeText(file, data, opt.Encoding)
		if err != nil {
			ps.add(err)
			return nil
		}
		var sep string
		g, sep = delimited(file, text, opt.Separator, isHeader, ps)
		g.notes = append(g.notes, note, sep)
	}
	if len(ps.List) > 0 {
		return nil
	}
	t := &table{grid: g}
	t.rows = nil
	for _, r := range g.rows {
		if !r.empty() {
			t.rows = append(t.rows, r)
		}
	}
	if len(t.rows) == 0 {
		ps.add(notATable(file, "no row", ""))
		return nil
	}
	at := 0
	for i, r := range t.rows[:min(len(t.rows), headerSearch)] {
		if hasPatient(r.texts(), fields, opt) {
			at = i
			break
		}
	}
	if at > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d rows above the header are not read", at))
	}
	below := at + t.headerRows(at, fields, opt)
	t.header = t.rows[at].texts()
	for _, r := range t.rows[at+1 : below] { // below merged cells stand the columns' own names
		for i, name := range r.texts() {
			for len(t.header) <= i {
				t.header = append(t.header, "")
			}
			if name != "" {
				t.header[i] = name
			}
		}
	}
	for len(t.header) > 0 && t.header[len(t.header)-1] == "" {
		t.header = t.header[:len(t.header)-1]
	}
	t.rows = t.rows[below:]
	if len(t.rows) == 0 {
		ps.add(notATable(file, "a header and no row below it", ""))
		return nil
	}
	t.checkWidths(ps)
	t.sayNameless()
	return t
}

// headerRows is how many rows the header at row at takes: more than one where the
// patient's cell is merged with those below it, two where cells beside each other are
// merged and the row below names no patient.
func (t *table) headerRows(at int, fields []field, opt TableOptions) int {
	patient, n := -1, 1
	for i, h := range t.rows[at].texts() {
		if opt.is(fields[0], h) {
			patient = i
			break
		}
	}
	next := func(i int) bool { // row at+i belongs to the header by its place
		return at+i < len(t.rows) && t.rows[at+i].number == t.rows[at].number+i
	}
	for _, m := range t.merged {
		if m.top != t.rows[at].number || patient < 0 {
			continue
		}
		if m.left <= patient && patient <= m.right {
			for n <= m.bottom-m.top && next(n) {
				n++
			}
		} else if m.right > m.left && n == 1 && next(1) {
			if below := t.rows[at+1].cells; len(below) > patient && below[patient].text == "" || len(below) <= patient {
				n = 2
			}
		}
	}
	return n
}

// sayNameless names the columns that hold something and have no header.
func (t *table) sayNameless() {
	var names []string
	for j, h := range t.header {
		for _, r := range t.rows {
			if h == "" && r.cells[j].text != "" {
				names = append(names, columnName(j))
				break
			}
		}
	}
	if len(names) > 0 {
		t.notes = append(t.notes, "columns without a name are not read: "+joinSome(names))
	}
}

// columnName is a column, from 0, as spreadsheet programs call it.
func columnName(j int) string {
	name := ""
	for j++; j > 0; j = (j - 1) / 26 {
		name = string(rune('A'+(j-1)%26)) + name
	}
	return name
}

func notATable(file, found, do string) *fault.Input {
	return &fault.Input{File: file, Found: found, Expected: "a CSV or xlsx table with a header", Do: do}
}

func isMarkup(data []byte) bool {
	head := bytes.ToLower(bytes.TrimLeft(data[:min(len(data), 512)], "\xef\xbb\xbf \t\r\n"))
	for _, tag := range []string{"<html", "<!doctype", "<table", "<?xml", "<meta", "<head"} {
		if bytes.HasPrefix(head, []byte(tag)) {
			return true
		}
	}
	return false
}

// checkWidths makes every row as wide as the header. In a CSV a row with more or
// fewer fields is a problem: which one is missing cannot be known. Empty fields
// beyond the header are what spreadsheets leave there.
func (t *table) checkWidths(ps *Problems) {
	width := len(t.header)
	for i := range t.rows {
		r := &t.rows[i]
		n := len(r.cells)
		for n > width && r.cells[n-1].text == "" {
			n--
		}
		switch {
		case n > width, n < width && t.strictWidth:
			do := ""
			if n > width && t.strictWidth {
				do = "put fields that hold a separator, such as a decimal comma, into quotation marks"
			}
			ps.add(&fault.Input{
				File: t.file, Field: t.place(r.number), Found: fmt.Sprintf("%d fields", n),
				Expected: fmt.Sprintf("%d as in the header", width), Do: do,
			})
		}
		for len(r.cells) < width {
			r.cells = append(r.cells, cell{})
		}
		r.cells = r.cells[:width]
		if ps.full() {
			return
		}
	}
}

// place is how a user finds a row.
func (g *grid) place(row int) string {
	if g.sheet != "" {
		return fmt.Sprintf("sheet %s, row %d", g.sheet, row)
	}
	return fmt.Sprintf("%s %d", g.rowWord, row)
}

func (r gridRow) empty() bool {
	for _, c := range r.cells {
		if c.text != "" || c.kind == formulaKind {
			return false
		}
	}
	return true
}

func (r gridRow) texts() []string {
	out := make([]string, len(r.cells))
	for i, c := range r.cells {
		out[i] = c.text
	}
	return out
}

// folded is a text for comparing words: compatibility forms unified (NFKC: full
// and half width, ligatures), lower case, spaces single.
func folded(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(s))), " ")
}

// maxProblems bounds the list: a table whose every row is wrong needs one look.
const maxProblems = 1000

func (p *Problems) full() bool { return len(p.List) >= maxProblems }
