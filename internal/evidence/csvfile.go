package evidence

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"magn/internal/fault"
)

// format of a table of rows: how a row is checked, written and parsed.
type format[T any] struct {
	header []string
	check  func(T) *fault.Input // nil, or what is wrong in which column
	record func(T) []string
	parse  func(*fields) T
}

// encode checks each row by the rules it will be read by. Its error names row
// and column, and no file.
func (f format[T]) encode(rows []T) ([]byte, *fault.Input) {
	var b bytes.Buffer
	w := csv.NewWriter(&b) // a bytes.Buffer takes everything: no errors to look for
	w.Write(f.header)
	for i, row := range rows {
		if bad := f.check(row); bad != nil {
			bad.Field = fmt.Sprintf("row %d, %s", i+1, bad.Field)
			return nil, bad
		}
		w.Write(f.record(row))
	}
	w.Flush()
	return b.Bytes(), nil
}

func (f format[T]) write(path string, rows []T) error {
	data, bad := f.encode(rows)
	if bad != nil {
		bad.File = path
		return bad
	}
	return writeFile(path, data)
}

func (f format[T]) read(path string) ([]T, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, &fault.Input{File: path, Err: err}
	}
	defer in.Close()
	rows, bad := f.decode(in)
	if bad != nil {
		bad.File = path
		return nil, bad
	}
	return rows, nil
}

// decode is the inverse of encode; its error names line and column, and no
// file.
func (f format[T]) decode(in io.Reader) ([]T, *fault.Input) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	r.FieldsPerRecord = -1 // checked below, so that the message is ours
	rows := []T{}
	for first := true; ; first = false {
		record, err := r.Read()
		if err == io.EOF && !first {
			return rows, nil
		}
		if err != nil {
			bad := &fault.Input{Expected: "the columns " + strings.Join(f.header, ","), Err: err}
			var p *csv.ParseError
			switch {
			case err == io.EOF:
				bad.Found, bad.Err = "an empty file", nil
			case errors.As(err, &p):
				bad.Field, bad.Expected, bad.Err = fmt.Sprintf("line %d", p.Line), "", p.Err
			}
			return nil, bad
		}
		line, _ := r.FieldPos(0)
		at := fmt.Sprintf("line %d", line)
		if first {
			if !slices.Equal(record, f.header) {
				return nil, &fault.Input{Field: at, Found: "the columns " + strings.Join(record, ","), Expected: strings.Join(f.header, ",")}
			}
			continue
		}
		if len(record) != len(f.header) {
			return nil, &fault.Input{Field: at, Found: fmt.Sprintf("%d columns", len(record)), Expected: fmt.Sprint(len(f.header))}
		}
		fs := &fields{header: f.header, record: record}
		row := f.parse(fs)
		bad := fs.bad
		if bad == nil {
			bad = f.check(row)
		}
		if bad != nil {
			bad.Field = at + ", " + bad.Field
			return nil, bad
		}
		rows = append(rows, row)
	}
}
