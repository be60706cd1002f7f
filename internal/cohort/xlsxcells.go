package cohort

import (
	"encoding/xml"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"magn/internal/fault"
)

// numberFormat is what a cell's style does to its number.
type numberFormat struct {
	date  bool
	zeros int // 00000: the number is shown with so many digits at least
}

// sharedStrings are the texts that cells refer to by number; of rich text the
// runs together, without phonetic guides (rPh).
func (x *xlsx) sharedStrings(name string) ([]string, error) {
	var out []string
	var b strings.Builder
	err := x.part(name, func(path []string, t xml.Token) error {
		switch e := t.(type) {
		case xml.CharData:
			if len(path) > 0 && path[len(path)-1] == "t" && !within(path, "rPh") {
				b.Write(e)
			}
		case xml.EndElement:
			if e.Name.Local == "si" {
				if len(out) == maxCells {
					return fmt.Errorf("%w: too many texts", errPart)
				}
				out = append(out, unescape(b.String()))
				b.Reset()
			}
		}
		return nil
	})
	return out, err
}

func within(path []string, name string) bool {
	for _, p := range path {
		if p == name {
			return true
		}
	}
	return false
}

var escape = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// unescape undoes _x000D_ (ECMA-376 Part 1, 22.9.2.19, ST_Xstring).
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escape.ReplaceAllStringFunc(s, func(m string) string {
		n, _ := strconv.ParseUint(m[2:6], 16, 16)
		return string(rune(n))
	})
}

// formats says for each cell style whether its numbers are dates: the built-in
// formats 14–22 and 45–47, 27–36 and 50–58 of the East Asian editions
// (ECMA-376 Part 1, 18.8.30), and own ones with a year or a day in them.
func (x *xlsx) formats(name string) ([]numberFormat, error) {
	own := map[string]numberFormat{}
	var out []numberFormat
	err := x.part(name, func(path []string, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok {
			return nil
		}
		switch {
		case len(own) == maxEntries || len(out) == maxEntries:
			return fmt.Errorf("%w: too many styles", errPart)
		case e.Name.Local == "numFmt":
			own[attr(e, "numFmtId")] = formatOf(attr(e, "formatCode"))
		case e.Name.Local == "xf" && within(path, "cellXfs"):
			id := attr(e, "numFmtId")
			f, ok := own[id]
			if n, err := strconv.Atoi(id); err == nil && !ok {
				f.date = n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58
			}
			out = append(out, f)
		}
		return nil
	})
	return out, err
}

var notFormat = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|_.|\*.`)

func formatOf(code string) numberFormat {
	code, _, _ = strings.Cut(strings.ToLower(notFormat.ReplaceAllString(code, "")), ";")
	if code != "" && strings.Trim(code, "0") == "" {
		return numberFormat{zeros: len(code)}
	}
	return numberFormat{date: strings.ContainsAny(code, "yd") && !strings.Contains(code, "general") && !strings.ContainsAny(code, "#?")}
}

// sheetReader reads the cells of one sheet.
type sheetReader struct {
	grid
	x       *xlsx
	strings []string
	formats []numberFormat

	row         gridRow
	column      int // of the next cell, from 0
	kind, style string
	value       strings.Builder
	formula     bool
	stored      bool // there is a value, if an empty one

	cells, bytes                   int
	hiddenRows, hiddenCols, merges int
	ranges                         []string // of the first merged cells, such as A1:B2
}

func (s *sheetReader) read(name string) error {
	err := s.x.part(name, func(path []string, t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			return s.open(path, e)
		case xml.CharData:
			if last := path; len(last) > 1 && (last[len(last)-1] == "v" || last[len(last)-1] == "t" && within(path, "is") && !within(path, "rPh")) {
				s.value.Write(e)
			}
		case xml.EndElement:
			return s.end(path, e.Name.Local)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.hiddenRows > 0 {
		s.notes = append(s.notes, fmt.Sprintf("%d hidden rows are read too", s.hiddenRows))
	}
	if s.hiddenCols > 0 {
		s.notes = append(s.notes, "hidden columns are read too")
	}
	if s.merges > 0 {
		s.notes = append(s.notes, fmt.Sprintf("%d merged ranges (%s): only the first cell of each has a value", s.merges, joinSome(s.ranges)))
	}
	return nil
}

func (s *sheetReader) open(path []string, e xml.StartElement) error {
	switch e.Name.Local {
	case "row":
		next := s.row.number + 1
		if r := attr(e, "r"); r != "" {
			n, err := strconv.Atoi(r)
			if err != nil || n < next || n > 1<<20 {
				return s.bad("row "+strconv.Quote(r), "rows in order")
			}
			next = n
		}
		s.row, s.column = gridRow{number: next}, 0
		if hidden, _ := strconv.ParseBool(attr(e, "hidden")); hidden {
			s.hiddenRows++
		}
	case "c":
		s.kind, s.style, s.formula = attr(e, "t"), attr(e, "s"), false
		s.stored = false
		s.value.Reset()
		if ref := attr(e, "r"); ref != "" {
			col, ok := columnOf(ref)
			if !ok || col < s.column {
				return s.bad("cell "+strconv.Quote(ref), "cells in order")
			}
			s.column = col
		}
	case "v", "is":
		s.stored = true
	case "f":
		s.formula = within(path, "c")
	case "col":
		if hidden, _ := strconv.ParseBool(attr(e, "hidden")); hidden {
			s.hiddenCols++
		}
	case "mergeCell":
		s.merges++
		s.merge(attr(e, "ref"))
	}
	return nil
}

func (s *sheetReader) end(path []string, name string) error {
	switch name {
	case "row":
		if len(s.row.cells) == 0 {
			return nil
		}
		s.rows = append(s.rows, s.row)
	case "c":
		c, err := s.cell()
		if err != nil {
			return err
		}
		if c == (cell{}) { // styled, but empty
			s.column++
			return nil
		}
		s.cells += s.column + 1 - len(s.row.cells)
		s.bytes += len(c.text)
		if bad := tooLarge(len(s.rows)+1, s.column+1, s.cells); bad != "" {
			return s.bad(bad, "a table of patients")
		}
		if s.bytes > maxTextBytes {
			return s.bad("more than 64 MiB of text", "a table of patients")
		}
		for len(s.row.cells) < s.column {
			s.row.cells = append(s.row.cells, cell{})
		}
		s.row.cells = append(s.row.cells, c)
		s.column++
	}
	return nil
}

// cell is the value that the file stores, by its type (ST_CellType, 18.18.11).
func (s *sheetReader) cell() (cell, error) {
	v := s.value.String()
	switch s.kind {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || n < 0 || n >= len(s.strings) {
			return cell{}, s.bad("a text that is not in the file", "a number of a shared string")
		}
		return cell{trim(s.strings[n]), textKind}, nil
	case "str", "inlineStr":
		if v = trim(unescape(v)); v == "" {
			if s.formula && !s.stored {
				return cell{kind: formulaKind}, nil
			}
			return cell{}, nil
		}
		return cell{v, textKind}, nil
	case "b":
		if strings.TrimSpace(v) == "1" {
			return cell{"true", textKind}, nil
		}
		return cell{"false", textKind}, nil
	case "e":
		return cell{trim(v), errorKind}, nil
	case "d":
		return cell{trim(v), dateKind}, nil
	case "", "n":
	default:
		return cell{}, s.bad("a cell of type "+strconv.Quote(s.kind), "a type of ECMA-376")
	}
	v = strings.TrimSpace(v)
	if v == "" {
		if s.formula {
			return cell{kind: formulaKind}, nil
		}
		return cell{}, nil
	}
	x, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return cell{}, s.bad("a number cell that holds none", "a number")
	}
	format := numberFormat{}
	if n, err := strconv.Atoi(s.style); err == nil && n >= 0 && n < len(s.formats) {
		format = s.formats[n]
	}
	if format.date {
		if d, ok := serialDate(x, s.date1904); ok {
			return cell{d.String(), dateKind}, nil
		}
	}
	text := plainNumber(x)
	if n := format.zeros - len(text); n > 0 && x >= 0 && !strings.Contains(text, ".") {
		// The user sees these zeros, so they are part of the id.
		return cell{strings.Repeat("0", min(n, 64)) + text, textKind}, nil
	}
	return cell{text, numberKind}, nil
}

// plainNumber writes a number as Excel knows it, with 15 digits, without an
// exponent where it is of a table's size.
func plainNumber(x float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	if err != nil || math.Abs(short) >= 1e21 || short != 0 && math.Abs(short) < 1e-12 {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// maxMerged is how many ranges of merged cells are looked at: those of a header.
const maxMerged = 1000

// merge keeps a range such as A1:B2.
func (s *sheetReader) merge(ref string) {
	from, to, ok := strings.Cut(ref, ":")
	left, okLeft := columnOf(from)
	right, okRight := columnOf(to)
	top, errTop := strconv.Atoi(strings.TrimLeft(from, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	bottom, errBottom := strconv.Atoi(strings.TrimLeft(to, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	if !ok || !okLeft || !okRight || errTop != nil || errBottom != nil || len(s.grid.merged) >= maxMerged {
		return
	}
	s.grid.merged = append(s.grid.merged, span{top: top, bottom: bottom, left: left, right: right})
	if len(s.ranges) <= 10 { // joinSome's
		s.ranges = append(s.ranges, ref)
	}
}

// columnOf is the column, from 0, of a reference such as AB12.
func columnOf(ref string) (int, bool) {
	n := 0
	for i := 0; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		if n = n*26 + int(ref[i]-'A') + 1; n > 1<<14 {
			return 0, false
		}
	}
	return n - 1, n > 0
}

func (s *sheetReader) bad(found, expected string) error {
	return &fault.Input{File: s.file, Field: s.place(s.row.number), Found: found, Expected: expected}
}
