package radiomics

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"magn/internal/fault"
)

// Bounds of a list of cases.
const (
	maxCasesBytes = 64 << 20
	maxCases      = 1_000_000
	maxColumns    = 2000
)

// Cases is a list of cases to describe, read from a CSV file.
type Cases struct {
	Path    string
	Hash    string   // SHA-256 of the file
	Columns []string // those carried along: all but case, image, mask and label, as the file names them
	Rows    []CaseRow
}

// CaseRow is one line of the list.
type CaseRow struct {
	Line        int
	Case        string // the column case, or the row's number from 1
	Image, Mask string // as the file has them
	Target      Target
	Others      []string // one for each of Columns
}

// ReadCases reads a list of cases: a header with image, mask and, if wanted,
// label and case in any order and case of letters (PyRadiomics' Image, Mask,
// Label too), and a row for each case. Fields are separated by commas,
// semicolons or tabs, whichever the header has. label is a number, "merged", or
// empty for every label.
func ReadCases(path string) (*Cases, error) {
	data, err := readBounded(path, maxCasesBytes, "a list of cases")
	if err != nil {
		return nil, err
	}
	h := sha256.Sum256(data)
	all := &Cases{Path: path, Hash: hex.EncodeToString(h[:])}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, &fault.Input{File: path, Found: "text that is not UTF-8", Expected: "a CSV file in UTF-8", Do: "save it again as CSV UTF-8"}
	}
	header, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(data))
	for _, separator := range []rune{';', '\t'} {
		if bytes.ContainsRune(header, separator) && !bytes.ContainsRune(header, ',') {
			r.Comma = separator
		}
	}
	names, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, &fault.Input{File: path, Found: "an empty file", Expected: "the columns image and mask"}
	}
	if err != nil {
		return nil, csvError(path, err)
	}
	at, err := all.header(names)
	if err != nil {
		return nil, err
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, csvError(path, err)
		}
		if len(all.Rows) == maxCases {
			return nil, &fault.Input{File: path, Found: "more rows", Expected: fmt.Sprintf("at most %d", maxCases)}
		}
		line, _ := r.FieldPos(0)
		if err := all.row(line, fields, at); err != nil {
			return nil, err
		}
	}
	if len(all.Rows) == 0 {
		return nil, &fault.Input{File: path, Found: "no row", Expected: "one for each case"}
	}
	return all, nil
}

// header finds the columns: where case, image, mask, label and the others are,
// -1 where one is not there.
func (all *Cases) header(names []string) (at columnsAt, err error) {
	if len(names) > maxColumns {
		return at, &fault.Input{File: all.Path, Found: fmt.Sprintf("%d columns", len(names)), Expected: fmt.Sprintf("at most %d", maxColumns)}
	}
	at = columnsAt{known: map[string]int{}}
	for i, n := range names {
		n = strings.TrimSpace(n)
		key := strings.ToLower(n)
		switch key {
		case "case", "image", "mask", "label":
		default:
			key = n
		}
		if _, twice := at.known[key]; twice || n == "" {
			return at, &fault.Input{File: all.Path, Field: fmt.Sprintf("column %d", i+1), Found: strconv.Quote(n), Expected: "a name, and each once"}
		}
		at.known[key] = i
		if key == n && !slices.Contains([]string{"case", "image", "mask", "label"}, key) {
			all.Columns = append(all.Columns, n)
			at.others = append(at.others, i)
		}
	}
	for _, n := range []string{"image", "mask"} {
		if _, there := at.known[n]; !there {
			return at, &fault.Input{File: all.Path, Field: "column " + n, Found: "none among " + strings.Join(names[:min(len(names), 20)], ", "), Expected: "the columns image and mask"}
		}
	}
	return at, nil
}

type columnsAt struct {
	known  map[string]int
	others []int
}

func (all *Cases) row(line int, fields []string, at columnsAt) error {
	get := func(name string) string {
		if i, there := at.known[name]; there {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	row := CaseRow{Line: line, Case: get("case"), Image: get("image"), Mask: get("mask")}
	if row.Case == "" {
		row.Case = strconv.Itoa(len(all.Rows) + 1)
	}
	for name, value := range map[string]string{"image": row.Image, "mask": row.Mask} {
		if value == "" {
			return &fault.Input{File: all.Path, Field: fmt.Sprintf("line %d, %s", line, name), Found: "nothing", Expected: "a file"}
		}
	}
	var err error
	if row.Target, err = ParseTarget(get("label")); err != nil {
		var bad *fault.Input
		if errors.As(err, &bad) {
			bad.File, bad.Field = all.Path, fmt.Sprintf("line %d, label", line)
		}
		return err
	}
	for _, i := range at.others {
		row.Others = append(row.Others, fields[i])
	}
	all.Rows = append(all.Rows, row)
	return nil
}

// file is where a path of the list lies: relative ones start at the list.
func (all *Cases) file(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(all.Path), path)
}

// readBounded reads a file of at most so many bytes.
func readBounded(path string, most int, expected string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, &fault.Input{File: path, Err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, &fault.Input{File: path, Err: err}
	}
	if len(data) > most {
		return nil, &fault.Input{File: path, Found: fmt.Sprintf("more than %d KiB", most>>10), Expected: expected}
	}
	return data, nil
}

func csvError(path string, err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return &fault.Input{File: path, Field: fmt.Sprintf("line %d", at.Line), Err: at.Err}
	}
	return &fault.Input{File: path, Err: err}
}
