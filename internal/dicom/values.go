package dicom

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Text is the first value as text: in UTF-8, without the blanks around it.
// Numbers of binary VRs are written in decimal, tags as (gggg,eeee).
func (d *DataSet) Text(t Tag) string {
	if v := d.Texts(t); len(v) > 0 {
		return v[0]
	}
	return ""
}

// maxTexts bounds the bytes that Texts takes apart: long lists are of numbers.
const maxTexts = 1 << 20

// Texts is all values as text, as Text has the first. nil where the element is
// absent, empty, of bytes, or longer than a MiB (UT excepted).
func (d *DataSet) Texts(t Tag) []string {
	e := d.find(t)
	if e == nil {
		return nil
	}
	b, err := d.value(e)
	if err != nil || len(b) == 0 || len(b) > maxTexts && e.vr != vrUT {
		return nil
	}
	return d.texts(b, d.kind(e), e.big)
}

func (d *DataSet) texts(b []byte, v vr, big bool) []string {
	switch v {
	case vrSH, vrLO, vrPN, vrUC, vrUN, vrST, vrLT, vrUT:
		single := v == vrST || v == vrLT || v == vrUT
		out := d.repertoire().decode(b, v == vrPN, single)
		for i, s := range out {
			if single {
				out[i] = strings.TrimRight(s, " \x00\r\n\t")
			} else {
				out[i] = trim(s)
			}
		}
		return someText(out)
	case vrAT:
		n, err := integers(b, v, big)
		if err != nil {
			return nil
		}
		var out []string
		for _, x := range n {
			out = append(out, Tag(x).String())
		}
		return out
	case vrOB, vrOW, vrOF, vrOD, vrOL, vrOV, vrSQ:
		return nil
	}
	if v.width() > 0 {
		f, err := numbers(b, v, big)
		if err != nil {
			return nil
		}
		bits := 64
		if v == vrFL {
			bits = 32
		}
		var out []string
		for _, x := range f {
			out = append(out, strconv.FormatFloat(x, 'g', -1, bits))
		}
		if n, err := integers(b, v, big); err == nil {
			for i, x := range n {
				out[i] = strconv.Itoa(x)
			}
		}
		return out
	}
	s := strings.ToValidUTF8(string(b), "\uFFFD") // ASCII by the standard
	if v == vrUR {
		return someText([]string{trim(s)})
	}
	out := strings.Split(s, `\`)
	for i, s := range out {
		out[i] = trim(s)
	}
	return someText(out)
}

// someText is nil where there is one value and it is empty.
func someText(s []string) []string {
	if len(s) == 1 && s[0] == "" {
		return nil
	}
	return s
}

// trim takes off what pads a value (PS3.5 6.2), and what programs pad it with.
func trim(s string) string { return strings.Trim(s, " \x00\t\r\n") }

// Floats is all values of a numeric element, text (DS, IS) or binary. nil, nil
// where the element is absent or empty; an *Error where a value is no number.
// Binary values may be NaN or infinite.
func (d *DataSet) Floats(t Tag) ([]float64, error) { return d.FloatsAs(t, "") }

// FloatsAs is Floats for a private element: vr is what it has by its vendor's
// documentation, and counts where the file does not say one.
func (d *DataSet) FloatsAs(t Tag, vr string) ([]float64, error) {
	b, v, big, err := d.numeric(t, vr)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	f, err := numbers(b, v, big)
	return f, d.wrong(t, err)
}

// Ints is Floats for whole numbers; tags (AT) are numbers too.
func (d *DataSet) Ints(t Tag) ([]int, error) { return d.IntsAs(t, "") }

// IntsAs is FloatsAs for whole numbers.
func (d *DataSet) IntsAs(t Tag, vr string) ([]int, error) {
	b, v, big, err := d.numeric(t, vr)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	n, err := integers(b, v, big)
	return n, d.wrong(t, err)
}

// Int is the first of Ints, or absent where there is none.
func (d *DataSet) Int(t Tag, absent int) (int, error) {
	n, err := d.Ints(t)
	if err != nil || len(n) == 0 {
		return absent, err
	}
	return n[0], nil
}

func (d *DataSet) numeric(t Tag, as string) (b []byte, v vr, big bool, err error) {
	e := d.find(t)
	if e == nil {
		return nil, 0, false, nil
	}
	if b, err = d.value(e); err != nil {
		return nil, 0, false, err
	}
	v = d.kind(e)
	if v == vrUN && as != "" {
		v = vrOf(as)
	}
	if v.width() == 0 && trim(string(b)) == "" {
		b = nil
	}
	return b, v, e.big, nil
}

// wrong makes an error about the value of t. It does not say the value, which
// may be a patient's.
func (d *DataSet) wrong(t Tag, err error) error {
	if err == nil {
		return nil
	}
	off := int64(-1)
	if e := d.find(t); e != nil {
		off = e.off
	}
	return &Error{File: d.path(), Tag: t, Offset: off, Err: err, Do: "the element is damaged"}
}

func (d *DataSet) path() string {
	if d == nil || d.file == nil {
		return ""
	}
	return d.file.Path
}

var errNoNumber = errors.New("a value that is no number")

// numbers reads the values of a numeric VR.
func numbers(b []byte, v vr, big bool) ([]float64, error) {
	w := v.width()
	if w == 0 {
		text := string(b)
		out := make([]float64, 0, strings.Count(text, `\`)+1)
		for s := range strings.SplitSeq(text, `\`) {
			x, err := decimal(trim(s))
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	}
	if err := whole(b, v); err != nil {
		return nil, err
	}
	o := syntax{big: big}.order()
	out := make([]float64, len(b)/w)
	for i := range out {
		out[i] = number(b[i*w:], v, o)
	}
	return out, nil
}

func whole(b []byte, v vr) error {
	switch v {
	case vrOB, vrUN, vrSQ:
		return fmt.Errorf("VR %s, which has no numbers", v)
	}
	if len(b)%v.width() != 0 {
		return fmt.Errorf("%d bytes, which is no multiple of %d as VR %s needs", len(b), v.width(), v)
	}
	return nil
}

func number(b []byte, v vr, o binary.ByteOrder) float64 {
	switch v {
	case vrUS, vrXS, vrOW:
		return float64(o.Uint16(b))
	case vrSS:
		return float64(int16(o.Uint16(b)))
	case vrUL, vrOL:
		return float64(o.Uint32(b))
	case vrSL:
		return float64(int32(o.Uint32(b)))
	case vrFL, vrOF:
		return float64(math.Float32frombits(o.Uint32(b)))
	case vrFD, vrOD:
		return math.Float64frombits(o.Uint64(b))
	case vrSV:
		return float64(int64(o.Uint64(b)))
	case vrAT:
		return float64(tagAt(b, o))
	}
	return float64(o.Uint64(b)) // UV, OV
}

// decimal is a DS or IS (PS3.5 6.2). A comma for the point is accepted: some
// consoles write their country's.
func decimal(s string) (float64, error) {
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && !strings.ContainsRune("+-.eE", rune(c)) {
			return 0, errNoNumber
		}
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, errNoNumber
	}
	return x, nil
}

// integers reads the values of a numeric VR where they are whole numbers.
func integers(b []byte, v vr, big bool) ([]int, error) {
	if v == vrSV || v == vrUV || v == vrOV { // a float64 would round them
		if err := whole(b, v); err != nil {
			return nil, err
		}
		out := make([]int, len(b)/8)
		for i := range out {
			u := syntax{big: big}.order().Uint64(b[8*i:])
			if v != vrSV && u > math.MaxInt64 {
				return nil, errors.New("a value above 2⁶³")
			}
			out[i] = int(u)
		}
		return out, nil
	}
	f, err := numbers(b, v, big)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(f))
	for i, x := range f {
		if x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return nil, errors.New("a value that is no whole number")
		}
		out[i] = int(x)
	}
	return out, nil
}
