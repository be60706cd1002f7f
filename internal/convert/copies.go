package convert

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math"
	"os"
	"slices"

	"magn/internal/dicom"
)

// dropCopies leaves out slices whose instance is there already (the same SOP
// Instance UID, frame and place) with the same pixels: a disc and an archive
// both exported, an instance sent twice. Of equal ones the first path stays, one
// that is not compressed before others. Instances that share a UID and differ
// otherwise are kept, and marked where they share their place too. A copy that cannot be read, beside one that can, is refused
// alone.
func (m *maker) dropCopies(list []*slice) ([]*slice, error) {
	type instance struct {
		sop         string
		frame, tile int32
	}
	by := map[instance][]*slice{}
	for _, s := range list {
		if s.sop != "" {
			k := instance{s.sop, s.frame, s.tile}
			by[k] = append(by[k], s)
		}
	}
	drop := map[*slice]bool{}
	for _, same := range by {
		if len(same) < 2 {
			continue
		}
		slices.SortFunc(same, m.nativeFirst)
		for i, s := range same {
			for _, kept := range same[:i] {
				if drop[kept] || norm(along(s.pos, -1, kept.pos)) > samePlace {
					continue
				}
				equal, err := m.equal(kept, s)
				if err != nil {
					bad, err := m.unreadable(kept, s)
					if err != nil {
						return list, err
					}
					drop[bad] = true
					if bad == s {
						break
					}
					continue
				}
				if !equal {
					s.clash, kept.clash = true, true
				} else {
					m.drop(s, kept, "the same instance as ")
					drop[s] = true
					break
				}
			}
		}
	}
	return slices.DeleteFunc(list, func(s *slice) bool { return drop[s] }), nil
}

// nativeFirst orders slices by file, those that need no decoder before others.
func (m *maker) nativeFirst(a, b *slice) int {
	rank := func(s *slice) int {
		switch m.scan.Files[s.file].syntax {
		case dicom.ImplicitLittle, dicom.ExplicitLittle, dicom.ExplicitBig, dicom.Deflated:
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.file, b.file))
}

// unreadable is the one of two slices whose pixels cannot be read; its file is
// refused. An error where neither can.
func (m *maker) unreadable(a, b *slice) (*slice, error) {
	ea, eb := m.digest(a), m.digest(b)
	switch {
	case m.ctx.Err() != nil:
		return nil, m.ctx.Err()
	case ea != nil && eb == nil:
		m.scan.Files[a.file].fail(ea)
		return a, nil
	case ea == nil && eb != nil:
		m.scan.Files[b.file].fail(eb)
		return b, nil
	}
	return nil, cmp.Or(ea, eb)
}

// dropEqual leaves out slices of a place whose pixels are there already under
// another SOP Instance UID, and those that cannot be read where another of their
// place can: their files are refused alone. Every slice that stays in a shared
// place gets its digest.
func (m *maker) dropEqual(list []*slice, at [][]*slice) ([]*slice, error) {
	// File by file, so that each is opened once.
	var crowd []*slice
	for _, p := range at {
		if len(p) > 1 {
			crowd = append(crowd, p...)
		}
	}
	slices.SortFunc(crowd, func(a, b *slice) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.frame, b.frame)) })
	bad := map[*slice]error{}
	for _, s := range crowd {
		if err := m.digest(s); err != nil {
			if m.ctx.Err() != nil {
				return list, err
			}
			bad[s] = err
		}
	}
	drop := map[*slice]bool{}
	for _, p := range at {
		if err := bad[p[0]]; err != nil && !slices.ContainsFunc(p, func(s *slice) bool { return bad[s] == nil }) {
			return list, err
		}
	}
	for s, err := range bad {
		m.scan.Files[s.file].fail(err)
		drop[s] = true
	}
	for _, p := range at {
		if len(p) < 2 {
			continue
		}
		p = slices.Clone(p)
		p = slices.DeleteFunc(p, func(s *slice) bool { return drop[s] })
		slices.SortFunc(p, m.nativeFirst)
		seen := map[uint64]*slice{}
		for _, s := range p {
			if kept := seen[s.digest]; kept != nil {
				m.drop(s, kept, "the same place and pixels as ")
				drop[s] = true
				continue
			}
			seen[s.digest] = s
		}
	}
	if len(drop) == 0 {
		return list, nil
	}
	return slices.DeleteFunc(slices.Clone(list), func(s *slice) bool { return drop[s] }), nil
}

// drop notes in a file that a slice of it is elsewhere too.
func (m *maker) drop(s, kept *slice, why string) {
	f := &m.scan.Files[s.file]
	f.Reason = why + m.scan.Files[kept.file].Path
}

// equal says that two slices have the same pixels: their files are the same byte
// for byte, or their values are.
func (m *maker) equal(a, b *slice) (bool, error) {
	fa, fb := m.scan.Files[a.file], m.scan.Files[b.file]
	if a.digest == 0 && b.digest == 0 && fa.size == fb.size {
		// Once for all frames of two files.
		k := [2]int32{a.file, b.file}
		same, known := m.same[k]
		if !known {
			same = sameBytes(fa.Path, fb.Path)
			if m.same == nil {
				m.same = map[[2]int32]bool{}
			}
			m.same[k] = same
		}
		if same {
			return true, nil
		}
	}
	if err := m.digest(a); err != nil {
		return false, err
	}
	if err := m.digest(b); err != nil {
		return false, err
	}
	return a.digest == b.digest, nil
}

// digest sets s.digest to a hash of its values.
func (m *maker) digest(s *slice) error {
	if s.digest != 0 {
		return nil
	}
	f, err := m.opened(s.file)
	if err != nil {
		return err
	}
	values, err := f.Frame(m.ctx, int(s.frame), m.scan.opt.Decoder)
	if err != nil {
		return err
	}
	h := sha256.New()
	buf := make([]byte, 0, 1<<14)
	for i, v := range values {
		if buf = binary.LittleEndian.AppendUint32(buf, uint32(v)); len(buf) == cap(buf) || i == len(values)-1 {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	for _, x := range []uint64{math.Float64bits(s.slope), math.Float64bits(s.inter), uint64(uint32(s.tile))} {
		buf = binary.LittleEndian.AppendUint64(buf, x)
	}
	h.Write(buf)
	s.digest = max(1, binary.LittleEndian.Uint64(h.Sum(nil)))
	return nil
}

// opened is a file, open until closeFiles. A few stay open: reading the header of
// a multi-frame file again for each of its frames would take hours.
func (m *maker) opened(file int32) (*dicom.File, error) {
	if f := m.open[file]; f != nil {
		return f, nil
	}
	if len(m.open) >= 4 {
		m.closeFiles()
	}
	f, err := dicom.Options{StopAtPixels: true}.Open(m.scan.Files[file].Path)
	if err != nil {
		return nil, err
	}
	if m.open == nil {
		m.open = map[int32]*dicom.File{}
	}
	m.open[file] = f
	return f, nil
}

func (m *maker) closeFiles() {
	for k, f := range m.open {
		_ = f.Close()
		delete(m.open, k)
	}
}

func sameBytes(a, b string) bool {
	fa, err := os.Open(a)
	if err != nil {
		return false
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return false
	}
	defer fb.Close()
	ba, bb := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		na, ea := io.ReadFull(fa, ba)
		nb, eb := io.ReadFull(fb, bb)
		if na != nb || !bytes.Equal(ba[:na], bb[:nb]) {
			return false
		}
		if ea != nil || eb != nil {
			end := func(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
			return end(ea) && end(eb)
		}
	}
}
