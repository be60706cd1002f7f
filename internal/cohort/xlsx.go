package cohort

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"magn/internal/fault"
)

// An xlsx file is a zip of XML parts (ECMA-376 Part 1, SpreadsheetML). This
// reader takes the values that are stored, not what a formula would give, and
// reads part by part as a stream. General libraries build whole rows from cell
// references: 300 rows with one cell in the last column, 7 kB, make them
// allocate a gigabyte.
const (
	maxPartBytes = 32 << 20 // of one part, unpacked
	maxXMLDepth  = 64
	maxTextBytes = 64 << 20 // of all cells together
	maxEntries   = 65_536   // of sheets, relations and styles; Excel's bound on styles
)

// xlsx is an open workbook.
type xlsx struct {
	file  string
	parts map[string]*zip.File
}

var errPart = errors.New("no part of a workbook")

// part streams the tags of a part to see, which gets the path of open elements
// by local name, the element or text, and stops at an error.
func (x *xlsx) part(name string, see func(path []string, t xml.Token) error) error {
	f, ok := x.parts[strings.TrimPrefix(name, "/")]
	if !ok {
		return fmt.Errorf("%w: %s is missing", errPart, path.Base(name))
	}
	if f.UncompressedSize64 > maxPartBytes {
		return fmt.Errorf("%w: %s unpacks to more than 32 MiB", errPart, path.Base(name))
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	d := xml.NewDecoder(io.LimitReader(r, maxPartBytes)) // the directory may lie about the size
	var open []string
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path.Base(name), err)
		}
		switch e := t.(type) {
		case xml.StartElement:
			if len(open) == maxXMLDepth {
				return fmt.Errorf("%w: %s is nested too deeply", errPart, path.Base(name))
			}
			open = append(open, e.Name.Local)
		case xml.EndElement:
			if err := see(open, t); err != nil {
				return err
			}
			open = open[:len(open)-1]
			continue
		}
		if err := see(open, t); err != nil {
			return err
		}
	}
}

func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// relationID is the r:id of an element, in the transitional or strict namespace.
func relationID(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && strings.HasSuffix(a.Name.Space, "/relationships") {
			return a.Value
		}
	}
	return ""
}

// parseXLSX reads one sheet: the one named, or the first that is visible.
func parseXLSX(file string, data []byte, sheet string, ps *Problems) grid {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		ps.add(&fault.Input{File: file, Expected: "an xlsx file", Err: err})
		return grid{}
	}
	x := &xlsx{file: file, parts: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		x.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	if _, ok := x.parts["mimetype"]; ok {
		ps.add(notATable(file, "an OpenDocument file", "save it as xlsx"))
		return grid{}
	}
	if _, ok := x.parts["xl/workbook.bin"]; ok {
		ps.add(notATable(file, "a binary workbook (xlsb)", "save it as xlsx"))
		return grid{}
	}
	g, err := x.read(sheet)
	if err != nil {
		var in *fault.Input
		if !errors.As(err, &in) {
			in = &fault.Input{File: file, Expected: "an xlsx workbook", Err: err}
		}
		ps.add(in)
	}
	return g
}

func (x *xlsx) read(sheet string) (grid, error) {
	book := "xl/workbook.xml"
	if rels, err := x.relations("_rels/.rels", ""); err == nil {
		for _, r := range rels {
			if strings.HasSuffix(r.kind, "/officeDocument") {
				book = r.target
			}
		}
	}
	w, err := x.workbook(book)
	if err != nil {
		return grid{}, err
	}
	at, notes, err := w.choose(x.file, sheet)
	if err != nil {
		return grid{}, err
	}
	rels, err := x.relations(path.Join(path.Dir(book), "_rels", path.Base(book)+".rels"), path.Dir(book))
	if err != nil {
		return grid{}, err
	}
	var target, strs, styles string
	for id, r := range rels {
		switch {
		case id == w.sheets[at].id:
			target = r.target
		case strings.HasSuffix(r.kind, "/sharedStrings"):
			strs = r.target
		case strings.HasSuffix(r.kind, "/styles"):
			styles = r.target
		}
	}
	s := sheetReader{x: x, grid: grid{
		file: x.file, sheet: w.sheets[at].name, rowWord: "row", date1904: w.date1904, notes: notes,
	}}
	if strs != "" {
		if s.strings, err = x.sharedStrings(strs); err != nil {
			return grid{}, err
		}
	}
	if styles != "" {
		if s.formats, err = x.formats(styles); err != nil {
			return grid{}, err
		}
	}
	if err := s.read(target); err != nil {
		return grid{}, err
	}
	return s.grid, nil
}

type relation struct{ kind, target string }

// relations are those of one part by id, targets as names in the zip.
func (x *xlsx) relations(name, dir string) (map[string]relation, error) {
	out := map[string]relation{}
	err := x.part(name, func(_ []string, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || attr(e, "TargetMode") == "External" {
			return nil
		}
		target := attr(e, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		if len(out) == maxEntries {
			return fmt.Errorf("%w: too many relations", errPart)
		}
		out[attr(e, "Id")] = relation{attr(e, "Type"), strings.TrimPrefix(target, "/")}
		return nil
	})
	return out, err
}

type workbook struct {
	date1904 bool
	sheets   []struct {
		name, id string
		hidden   bool
	}
}

func (x *xlsx) workbook(name string) (workbook, error) {
	var w workbook
	err := x.part(name, func(_ []string, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok {
			return nil
		}
		switch e.Name.Local {
		case "workbookPr":
			w.date1904, _ = strconv.ParseBool(attr(e, "date1904"))
		case "sheet":
			if len(w.sheets) == maxEntries {
				return fmt.Errorf("%w: too many sheets", errPart)
			}
			w.sheets = append(w.sheets, struct {
				name, id string
				hidden   bool
			}{attr(e, "name"), relationID(e), attr(e, "state") != "" && attr(e, "state") != "visible"})
		}
		return nil
	})
	return w, err
}

// choose is the index of the sheet to read, and what to say of the others.
func (w workbook) choose(file, want string) (int, []string, error) {
	at, hidden := -1, 0
	var names []string
	for i, s := range w.sheets {
		names = append(names, strconv.Quote(s.name))
		if s.hidden {
			hidden++
		}
		if want != "" && s.name == want || want == "" && !s.hidden && at < 0 {
			at = i
		}
	}
	if len(names) > 10 {
		names = append(names[:10], "…")
	}
	if at < 0 {
		found := "no visible sheet"
		if want != "" {
			found = fmt.Sprintf("no sheet %q", want)
		}
		return 0, nil, &fault.Input{File: file, Field: "sheet", Found: found, Expected: "one of " + strings.Join(names, ", ")}
	}
	notes := []string{fmt.Sprintf("sheet: %q", w.sheets[at].name)}
	if n := len(w.sheets) - 1; n > 0 {
		notes = append(notes, fmt.Sprintf("%d other sheets are not read, %d sheets are hidden: %s", n, hidden, strings.Join(names, ", ")))
	}
	return at, notes, nil
}
