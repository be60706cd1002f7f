package cohort

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/renameio/v2"

	"magn/internal/fault"
)

// record is one row of a CSV: the wanted columns in the wanted order.
type record struct {
	file   string
	line   int
	fields []string
	more   []string // the other named columns, in the file's order; may be empty
}

// covariates are the filled fields of the other columns by name, nil for none.
func (r record) covariates(names []string) map[string]string {
	var out map[string]string
	for i, v := range r.more {
		if v != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[names[i]] = v
		}
	}
	return out
}

func (r record) at(i int) string { return r.fields[i] }

// fault is a problem with one column of the row.
func (r record) fault(column, found, expected string) *fault.Input {
	return &fault.Input{File: r.file, Field: fmt.Sprintf("line %d, column %s", r.line, column), Found: found, Expected: expected}
}

// readCSVFile is readCSV on a file; a file that cannot be opened is a problem too.
func readCSVFile(path string, columns []string, ps *Problems) []record {
	f, err := os.Open(path)
	if err != nil {
		ps.add(openFault(path, "", err))
		return nil
	}
	defer f.Close()
	return readCSV(path, f, columns, ps)
}

// readCSVFileMore is readCSVFile with the other columns too, whose names must
// differ.
func readCSVFileMore(path string, columns []string, ps *Problems) (rows []record, more []string) {
	f, err := os.Open(path)
	if err != nil {
		ps.add(openFault(path, "", err))
		return nil, nil
	}
	defer f.Close()
	return readCSVMore(path, f, columns, true, ps)
}

// readCSV reads a table with a header. Columns are found by name, in any order;
// further ones are left alone. Every wanted field must be filled. Rows with
// a problem are reported and left out; reading stops at a row that is no CSV.
func readCSV(file string, r io.Reader, columns []string, ps *Problems) []record {
	rows, _ := readCSVMore(file, r, columns, false, ps)
	return rows
}

// readCSVMore keeps the columns that are not wanted by name where others is
// true; a column without a name is left alone.
func readCSVMore(file string, r io.Reader, columns []string, others bool, ps *Problems) (rows []record, more []string) {
	br := bufio.NewReader(r)
	if bom, _ := br.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) { // spreadsheets write one
		br.Discard(3)
	}
	cr := csv.NewReader(br)
	cr.FieldsPerRecord = -1
	header, err := cr.Read()
	if err != nil {
		f := &fault.Input{File: file, Field: "header", Expected: "columns " + strings.Join(columns, ",")}
		if errors.Is(err, io.EOF) {
			f.Found = "an empty file"
		} else {
			f.Err = err
		}
		ps.add(f)
		return nil, nil
	}
	width := len(header)
	at := make([]int, len(columns))
	before := len(ps.List)
	for i, c := range columns {
		at[i] = -1
		for j, h := range header {
			if strings.TrimSpace(h) != c {
				continue
			}
			if at[i] >= 0 {
				ps.add(&fault.Input{File: file, Field: "header", Found: "two columns named " + c, Expected: "one"})
			}
			at[i] = j
		}
		if at[i] < 0 {
			ps.add(&fault.Input{
				File: file, Field: "header", Found: fmt.Sprintf("no column %s in %q", c, strings.Join(header, ",")),
				Expected: "columns " + strings.Join(columns, ","),
			})
		}
	}
	var moreAt []int
	for j, h := range header {
		h = strings.TrimSpace(h)
		if !others || h == "" || slices.Contains(at, j) {
			continue
		}
		if slices.Contains(more, h) || !utf8.ValidString(h) {
			ps.add(&fault.Input{File: file, Field: "header", Found: fmt.Sprintf("two columns named %q, or one that is no UTF-8", h), Expected: "a name a column"})
		}
		more, moreAt = append(more, h), append(moreAt, j)
	}
	if len(ps.List) > before {
		return nil, nil
	}
	for {
		fields, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return rows, more
		}
		if err != nil {
			ps.add(&fault.Input{File: file, Err: err})
			return rows, more
		}
		line, _ := cr.FieldPos(0)
		row := record{file: file, line: line, fields: make([]string, len(columns))}
		if len(fields) != width {
			ps.add(&fault.Input{
				File: file, Field: fmt.Sprintf("line %d", line),
				Found: fmt.Sprintf("%d fields", len(fields)), Expected: fmt.Sprintf("%d as in the header", width),
			})
			continue
		}
		whole := true
		for i, j := range at {
			row.fields[i] = strings.TrimSpace(fields[j])
			if row.fields[i] == "" {
				ps.add(row.fault(columns[i], "an empty field", "a value"))
				whole = false
			} else if !utf8.ValidString(row.fields[i]) {
				ps.add(row.fault(columns[i], fmt.Sprintf("%q", row.fields[i]), "text in UTF-8"))
				whole = false
			}
		}
		for i, j := range moreAt {
			row.more = append(row.more, strings.TrimSpace(fields[j]))
			if !utf8.ValidString(fields[j]) {
				ps.add(row.fault(more[i], fmt.Sprintf("%q", fields[j]), "text in UTF-8"))
				whole = false
			}
		}
		if whole {
			rows = append(rows, row)
		}
	}
}

// writeCSV writes a table beside its path and renames it.
func writeCSV(path string, rows [][]string) error {
	return writeFile(path, csvBytes(rows))
}

func csvBytes(rows [][]string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.WriteAll(rows) // into memory: cannot fail
	return b.Bytes()
}

// WriteTable writes rows as CSV beside path and renames. The file gets that mode
// (less the umask) whatever mode it had: 0600 for what names patients.
func WriteTable(path string, rows [][]string, mode os.FileMode) error {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(mode))
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer f.Cleanup()
	if _, err = f.Write(csvBytes(rows)); err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// writeFile writes beside and renames, so that what is there is whole.
func writeFile(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
