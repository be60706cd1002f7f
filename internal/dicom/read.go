package dicom

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// Read is the package's Read within o's bounds.
func (o Options) Read(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{Path: name, opt: o.withDefaults(), src: r, size: size}
	f.Meta, f.DataSet = &DataSet{file: f}, &DataSet{file: f}
	p := &parser{source: newSource(r, size), opt: f.opt, file: f}
	p.elements = p.buf.elements
	defer func() {
		if cap(p.elements) <= 4096 { // a large file's are not kept for ever
			p.buf.elements = p.elements[:0]
		}
		p.release()
	}()
	err := f.read(p)
	if err != nil {
		return nil, f.named(err)
	}
	for _, n := range p.notes {
		f.Notes = append(f.Notes, n.String())
	}
	return f, nil
}

func (f *File) read(p *parser) error {
	off, err := p.meta()
	if err != nil {
		return err
	}
	if off == f.size && len(f.Meta.elements) > 0 {
		return &Error{Offset: off, Found: "the end of the file after the meta information", Expected: "a data set", Do: "the file is cut off: fetch it again"}
	}
	f.TransferSyntax = f.Meta.Text(TransferSyntaxUID)
	e, off, err := p.syntax(f.TransferSyntax, off)
	if err != nil {
		return err
	}
	_, err = p.dataSet(f.DataSet, off, p.size, false, e, 0)
	return err
}

// meta reads group 0002 (PS3.10 7.1) and says where the data set begins. A file
// without preamble, or without meta information, is told by its first elements.
func (p *parser) meta() (off int64, err error) {
	b, err := p.at(0, int(min(132, p.size)))
	if err != nil {
		return 0, &Error{Offset: 0, Err: err}
	}
	d := p.file.Meta
	switch {
	case len(b) == 132 && string(b[128:]) == "DICM":
		off = 132
	case len(b) >= 8 && tagAt(b, syntax{}.order()).Group() == 2 && plausible(p.source, 0, p.size, syntax{explicit: true}, false):
		p.note("no preamble", 0, -1)
	default:
		p.note("no meta information", 0, -1)
		return 0, nil
	}
	begin, e := off, syntax{explicit: true}
	for off < p.size {
		h, err := readHeader(p.source, off, p.size, e, false)
		if err != nil || h.tag.Group() != 2 {
			if err != nil && off == begin {
				return off, err
			}
			break
		}
		if h.undefined() {
			return off, &Error{Tag: h.tag, Offset: off, Found: "undefined length", Expected: "a length"}
		}
		if err := p.counted(h.tag, off); err != nil {
			return off, err
		}
		if off, err = p.value(d, element{tag: h.tag, vr: h.vr, off: h.value, length: h.length}, h, p.size, 0); err != nil {
			return off, err
		}
		if h.enc != e {
			p.note("meta information in implicit VR", h.tag, h.off)
		}
	}
	p.finish(d, 0)
	switch {
	case len(d.elements) == 0:
		p.note("no meta information", 0, -1)
	case !d.Has(0x00020000):
		p.note("no length of the meta information", 0, -1)
	default:
		// The length is the rest's after this element, which has 12 bytes.
		if n, err := d.Int(0x00020000, 0); err != nil || begin+12+int64(n) != off {
			p.note("wrong length of the meta information", 0x00020000, begin)
		}
	}
	return off, nil
}

// syntax is the claimed transfer syntax's where the first elements bear it
// out, else the one that they do bear out. at is where the data set begins.
func (p *parser) syntax(claimed string, off int64) (e syntax, at int64, err error) {
	f, e := p.file, syntaxOf(claimed)
	var noStream error
	if claimed == Deflated {
		c, err := p.inflate(off)
		if err == nil {
			p.adopt(c)
			return e, 0, nil
		}
		noStream = err
	}
	if knownSyntax(claimed) && claimed != Deflated && plausible(p.source, off, p.size, e, true) {
		return e, off, nil
	}
	places := []int64{off}
	if len(f.Meta.elements) == 0 && off == 0 {
		places = []int64{0, 128, 132, 1} // a preamble whose "DICM" is lost; a stray byte
	}
	for _, at := range places {
		for _, g := range []syntax{{explicit: true}, {}, {explicit: true, big: true}, {big: true}} {
			if !plausible(p.source, at, p.size, g, len(f.Meta.elements) > 0) {
				continue
			}
			if at == 1 {
				p.note("a byte before the data set", 0, 0)
			}
			switch {
			case claimed == "":
				p.note("no transfer syntax, taken for "+g.String(), 0, -1)
			case !knownSyntax(claimed) && g == e:
				p.note("unknown transfer syntax", TransferSyntaxUID, -1)
			default:
				p.note("wrong transfer syntax: the data set is in "+g.String(), TransferSyntaxUID, -1)
			}
			if !compressed(claimed) {
				f.TransferSyntax = uidOf(g)
			}
			return g, at, nil
		}
	}
	if len(f.Meta.elements) == 0 {
		return e, off, &Error{Offset: -1, Expected: "a DICOM file", Err: ErrNotDICOM}
	}
	if noStream != nil {
		return e, off, noStream
	}
	if c, err := p.inflate(off); err == nil {
		s := newSource(c, c.size)
		ok := plausible(s, 0, c.size, syntax{explicit: true}, true)
		s.release()
		if ok {
			p.note("wrong transfer syntax: the data set is deflated", TransferSyntaxUID, -1)
			p.adopt(c)
			f.TransferSyntax = Deflated
			return syntax{explicit: true}, 0, nil
		}
	}
	return e, off, nil // reading on says what is wrong where
}

// inflate is what the file from off on inflates to (PS3.5 A.5, RFC 1951), within
// bounds.
func (p *parser) inflate(off int64) (*chunks, error) {
	// Some programs write a zlib stream (RFC 1950): two bytes come first.
	if b, err := p.at(off, int(min(2, p.size-off))); err == nil && len(b) == 2 && b[0] == 0x78 && (int(b[0])<<8|int(b[1]))%31 == 0 {
		p.note("zlib header before the deflated data set", 0, off)
		off += 2
	}
	c := &chunks{}
	more, err := c.fill(flate.NewReader(io.NewSectionReader(p.r, off, p.size-off)), p.opt.MaxInflated)
	switch {
	case more:
		return nil, &Error{Offset: off, Found: fmt.Sprintf("more than %d bytes when inflated", p.opt.MaxInflated), Expected: "a smaller data set"}
	case err != nil:
		return nil, &Error{Offset: off, Found: "a deflated data set that is cut off or damaged", Do: "fetch the file again", Err: err}
	}
	return c, nil
}

// adopt goes on in what was inflated.
func (p *parser) adopt(c *chunks) {
	p.r, p.size, p.n = c, c.size, 0
	p.file.src, p.file.size = c, c.size
}
