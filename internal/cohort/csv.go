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

// readCSV reads a table with a header. Columns are found by name, in any order;
// further ones are left alone. Every wanted field must be filled. Rows with
// a problem are reported and left out; reading stops at a row that is no CSV.
func readCSV(file string, r io.Reader, columns []string, ps *Problems) []record {
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
		return nil
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
	if len(ps.List) > before {
		return nil
	}
	var rows []record
	for {
		fields, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			ps.add(&fault.Input{File: file, Err: err})
			return rows
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
		if whole {
			rows = append(rows, row)
		}
	}
}

// writeCSV writes a table beside its path and renames it.
func writeCSV(path string, rows [][]string) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.WriteAll(rows) // into memory: cannot fail
	return writeFile(path, b.Bytes())
}

// writeFile writes beside and renames, so that what is there is whole.
func writeFile(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
