package phantom

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"magn/internal/dicom"
)

// writeDICOM writes the images of an exam as an archive exports them: a folder a
// series, files numbered, no ends of names. It returns the folder of each series.
func (e *exam) writeDICOM(ctx context.Context, root string, person int) (map[*series]string, error) {
	folders := map[*series]string{}
	instances := map[int]int{} // by series number: the planes of a localizer are one series
	for _, s := range e.series {
		rel := filepath.Join("dicom", fmt.Sprintf("PA%06d", person), "ST000001", fmt.Sprintf("SE%06d", s.number))
		folders[s] = rel
		dir := filepath.Join(root, rel)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		if e.enhanced {
			list := e.sameNumber(s)
			if list[0] != s { // written with the first one
				continue
			}
			if err := writeSet(filepath.Join(dir, "IM000001"), e.multiFrame(list), e.syntax()); err != nil {
				return nil, err
			}
			continue
		}
		head := e.header(s)
		slices := s.stack.grid.Size[2]
		for k := range slices {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			n := instances[s.number] + k + 1
			if manners[e.maker].upwards && s.kind != localizer {
				n = slices - k
			}
			if err := writeSet(filepath.Join(dir, fmt.Sprintf("IM%06d", n)), e.slice(head, s, k, n), e.syntax()); err != nil {
				return nil, err
			}
		}
		instances[s.number] += slices
	}
	return folders, nil
}

// sameNumber are the series of one number: the planes of a localizer.
func (e *exam) sameNumber(s *series) (out []*series) {
	for _, x := range e.series {
		if x.number == s.number {
			out = append(out, x)
		}
	}
	return out
}

// plainSyntax is that of annotations, which come from a workstation.
func (e *exam) plainSyntax() string { return dicom.ExplicitLittle }

// syntax is the transfer syntax in which a maker's images leave the archive: some
// still come without VRs.
func (e *exam) syntax() string {
	if e.maker == ge {
		return dicom.ImplicitLittle
	}
	return dicom.ExplicitLittle
}

// writeSet writes one file into a folder that is not in its place yet.
func writeSet(path string, s *dicom.Set, syntax string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	if err := s.Write(w, syntax); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
