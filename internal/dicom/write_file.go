package dicom

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// implementation is this writer's UID and name (PS3.7 D.3.3.2).
const (
	implementation     = "1.2.826.0.1.3680043.9.7133.1"
	implementationName = "MAGN"
)

// WriteFile writes a Part 10 file (PS3.10 7.1) beside its place and renames it.
// The set has to have a SOP Class and a SOP Instance UID and to pass Check; syntax
// is ExplicitLittle or ImplicitLittle, or that of the encapsulated pixel data.
func WriteFile(path string, s *Set, syntax string) error {
	head, err := s.head(syntax)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	body, err := Encoding{Syntax: syntax}.Encode(s)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	for _, b := range [][]byte{head, body} {
		if _, err := f.Write(b); err != nil {
			return err
		}
	}
	return f.CloseAtomicallyReplace()
}

// Write writes the same bytes where nobody looks yet: to a file in a folder that
// is renamed as a whole.
func (s *Set) Write(to io.Writer, syntax string) error {
	head, err := s.head(syntax)
	if err != nil {
		return err
	}
	body, err := Encoding{Syntax: syntax}.Encode(s)
	if err != nil {
		return err
	}
	if _, err := to.Write(head); err != nil {
		return err
	}
	_, err = to.Write(body)
	return err
}

// head is what stands before the data set.
func (s *Set) head(syntax string) ([]byte, error) {
	if syntax != ExplicitLittle && syntax != ImplicitLittle {
		if e := s.Get(PixelData); e == nil || !isEncapsulated(e.Value) {
			return nil, fmt.Errorf("transfer syntax %q: this writer has explicit and implicit VR little endian", syntax)
		}
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	class, instance := s.Text(SOPClassUID), s.Text(SOPInstanceUID)
	if class == "" || instance == "" {
		return nil, fmt.Errorf("a file needs %s SOPClassUID and %s SOPInstanceUID", SOPClassUID, SOPInstanceUID)
	}
	meta := NewSet().
		Put(0x00020001, "OB", []byte{0, 1}).
		Put(MediaStorageSOPClassUID, "UI", class).
		Put(MediaStorageSOPInstanceUID, "UI", instance).
		Put(TransferSyntaxUID, "UI", syntax).
		Put(0x00020012, "UI", implementation).
		Put(0x00020013, "SH", implementationName)
	return Preamble(meta)
}

// Preamble is the 128 bytes, "DICM" and the meta information with its length.
func Preamble(meta *Set) ([]byte, error) {
	e := Encoding{Syntax: ExplicitLittle}
	b, err := e.Encode(meta)
	if err != nil {
		return nil, err
	}
	length, err := e.Encode(NewSet().Put(0x00020000, "UL", len(b)))
	if err != nil {
		return nil, err
	}
	head := append(make([]byte, 128, 128+4+len(length)+len(b)), "DICM"...)
	return append(append(head, length...), b...), nil
}

func isEncapsulated(v any) bool {
	_, ok := v.(Encapsulated)
	return ok
}
