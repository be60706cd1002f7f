package nrrd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"magn/internal/fault"
)

const (
	maxHeader = 4 << 20 // bytes; 3D Slicer's longest are some tens of kilobytes
	maxDim    = 16      // NRRD_DIM_MAX of the defining library
)

// header is a file's header: fields by their names as the definition writes
// them, in lower case, and key/value pairs.
type header struct {
	name   string
	fields map[string]string
	keys   map[string]string

	dim   int
	sizes []int64
	typ   DataType
}

// synonyms are spellings of fields that the definition allows or that older
// versions wrote.
var synonyms = map[string]string{
	"datafile": "data file", "lineskip": "line skip", "byteskip": "byte skip",
	"axismins": "axis mins", "axismaxs": "axis maxs", "centerings": "centers",
	"oldmin": "old min", "oldmax": "old max", "sampleunits": "sample units", "blocksize": "block size",
}

// bad is an error about one field.
func (h *header) bad(field, expected, do string) error {
	return &fault.Input{File: h.name, Field: field, Found: quoted(h.fields[field]), Expected: expected, Do: do}
}

func quoted(s string) string {
	if s == "" {
		return "nothing"
	}
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return strconv.Quote(s)
}

// readHeader reads up to and with the empty line that ends an attached header,
// or up to the end of a detached one; ended says which.
func readHeader(name string, r *bufio.Reader) (h *header, attached bool, err error) {
	left := maxHeader
	first, _, err := readLine(r, &left)
	magic, ok := strings.CutPrefix(first, "NRRD")
	if !ok || err != nil {
		return nil, false, &fault.Input{File: name, Field: "header", Found: quoted(first[:min(len(first), 8)]), Expected: "NRRD0001 to NRRD0005"}
	}
	if !slices.Contains([]string{"00.01", "0001", "0002", "0003", "0004", "0005"}, magic) {
		return nil, false, &fault.Input{File: name, Field: "magic", Found: quoted(first), Expected: "NRRD0001 to NRRD0005"}
	}
	h = &header{name: name, fields: map[string]string{}, keys: map[string]string{}}
	for n := 2; ; n++ {
		line, whole, err := readLine(r, &left)
		if err != nil {
			return nil, false, &fault.Input{File: name, Field: "header", Err: err}
		}
		switch {
		case line == "" && !whole:
			return h, false, h.parse()
		case line == "":
			return h, true, h.parse()
		case line[0] == '#':
			continue
		}
		if err := h.line(line, n); err != nil {
			return nil, false, err
		}
		if !whole {
			return h, false, h.parse()
		}
	}
}

// readLine reads a line without its end; whole is false where the file ends
// before the line does.
func readLine(r *bufio.Reader, left *int) (line string, whole bool, err error) {
	var b []byte
	for {
		part, err := r.ReadSlice('\n')
		if *left -= len(part); *left < 0 {
			return "", false, fmt.Errorf("it is longer than %d bytes", maxHeader)
		}
		b = append(b, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return "", false, err
		}
		return strings.TrimRight(string(b), "\r\n"), err == nil, nil
	}
}

// line takes in one field or key/value pair.
func (h *header) line(line string, n int) error {
	// The first of ": " and ":=" says which it is (definition, section 1.2).
	at := strings.IndexByte(line, ':')
	if at < 1 || at+1 >= len(line) {
		if at > 0 && at+1 == len(line) {
			return nil // a field without a value, as some programs write
		}
		return &fault.Input{File: h.name, Field: fmt.Sprintf("line %d", n), Found: quoted(line), Expected: "field: value or key:=value"}
	}
	if line[at+1] == '=' {
		h.keys[line[:at]] = unescape(line[at+2:])
		return nil
	}
	field := strings.ToLower(strings.TrimSpace(line[:at]))
	if s, ok := synonyms[field]; ok {
		field = s
	}
	if was, twice := h.fields[field]; twice {
		return &fault.Input{File: h.name, Field: field, Found: "a second value in line " + strconv.Itoa(n) + ", after " + quoted(was), Expected: "one"}
	}
	h.fields[field] = strings.TrimSpace(line[at+1:])
	return nil
}

// unescape undoes the two escapes that values have (definition, section 1.2).
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(s)
}

// parse reads the fields without which there is no image.
func (h *header) parse() error {
	var err error
	if h.dim, err = strconv.Atoi(h.fields["dimension"]); err != nil || h.dim < 1 || h.dim > maxDim {
		return h.bad("dimension", fmt.Sprintf("1 to %d", maxDim), "")
	}
	words := strings.Fields(h.fields["sizes"])
	for _, w := range words {
		n, err := strconv.ParseInt(w, 10, 64)
		if err != nil || n < 1 {
			return h.bad("sizes", "whole numbers of at least 1", "")
		}
		h.sizes = append(h.sizes, n)
	}
	if len(h.sizes) != h.dim {
		return h.bad("sizes", fmt.Sprintf("%d numbers, as dimension says", h.dim), "")
	}
	h.typ = typeByName[strings.Join(strings.Fields(strings.ToLower(h.fields["type"])), " ")]
	if h.typ == 0 {
		return h.bad("type", "an integer or floating-point type of 8 to 64 bits", "")
	}
	return nil
}

// vectors reads a field of vectors: "(1,0,0) none (0,1,0)". A none, and a vector
// of NaN, which older versions wrote for it, is nil.
func (h *header) vectors(field string) ([][]float64, error) {
	text := h.fields[field]
	var all [][]float64
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		if len(text) >= 4 && strings.EqualFold(text[:4], "none") {
			all, text = append(all, nil), text[4:]
			continue
		}
		end := strings.IndexByte(text, ')')
		if text[0] != '(' || end < 0 {
			return nil, h.bad(field, "vectors such as (1,0,0), or none", "")
		}
		var v []float64
		for _, w := range strings.Split(text[1:end], ",") {
			x, err := strconv.ParseFloat(strings.TrimSpace(w), 64)
			if err != nil {
				return nil, h.bad(field, "vectors of numbers", "")
			}
			v = append(v, x)
		}
		if v[0] != v[0] {
			v = nil
		}
		all, text = append(all, v), text[end+1:]
		if len(all) > maxDim {
			return nil, h.bad(field, fmt.Sprintf("at most %d vectors", maxDim), "")
		}
	}
	return all, nil
}

// quotedWords reads a field of quoted strings: "mm" "mm" "".
func quotedWords(text string) []string {
	var words []string
	for {
		_, rest, ok := strings.Cut(text, `"`)
		if !ok {
			return words
		}
		word, rest, ok := strings.Cut(rest, `"`)
		if !ok {
			return words
		}
		words, text = append(words, word), rest
	}
}

// numbers reads a field of numbers, one an axis of the file.
func (h *header) numbers(field string) ([]float64, error) {
	var all []float64
	for _, w := range strings.Fields(h.fields[field]) {
		x, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return nil, h.bad(field, "numbers", "")
		}
		all = append(all, x)
	}
	if len(all) != 0 && len(all) != h.dim {
		return nil, h.bad(field, fmt.Sprintf("%d numbers, as dimension says", h.dim), "")
	}
	return all, nil
}
