package nrrd

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/klauspost/compress/gzip"

	"magn/internal/fault"
	"magn/internal/volume"
)

// spacingKey marks a grid whose spacing is unknown: the format has no way to
// give directions without lengths.
const spacingKey = "magn spacing"

// WriteVolume writes v with voxels of type t, packed with gzip, in
// left-posterior-superior space. Every value must be t's exactly, and finite;
// the first that is not is named in a *fault.Input. The file is written beside
// and renamed: where writing fails, what was there is there still.
func WriteVolume(path string, v *volume.Volume, t DataType) error {
	k, ok := types[t]
	if !ok {
		return &fault.Input{File: path, Field: "type", Found: t.String(), Expected: "an integer or floating-point type of 8 to 64 bits"}
	}
	for i, x := range v.Data {
		f := float64(x)
		if x-x == 0 && (!t.whole() || f >= k.low && f < k.over && f == math.Trunc(f)) {
			continue
		}
		at := v.Voxel(i)
		return &fault.Input{File: path, Field: fmt.Sprintf("voxel (%d,%d,%d)", at[0], at[1], at[2]), Found: fmt.Sprint(x), Expected: fmt.Sprintf("a finite number that %v holds", t)}
	}
	return write(path, v.Grid, t, len(v.Data), nil, func(b []byte, i int) {
		switch x := v.Data[i]; {
		case t == Float32:
			binary.LittleEndian.PutUint32(b, math.Float32bits(x))
		case t == Float64:
			binary.LittleEndian.PutUint64(b, math.Float64bits(float64(x)))
		case t == Uint64:
			binary.LittleEndian.PutUint64(b, uint64(x))
		default:
			var le [8]byte
			binary.LittleEndian.PutUint64(le[:], uint64(int64(x)))
			copy(b, le[:])
		}
	})
}

// WriteMask writes m as uint8, or as uint16 where a label is above 255, with one
// segment of 3D Slicer for each entry of names, label to name (nil for a plain
// label map). It writes as WriteVolume does.
func WriteMask(path string, m *volume.Mask, names map[uint16]string) error {
	t := Uint8
	if len(m.Labels) > 0 && slices.Max(m.Labels) > math.MaxUint8 {
		t = Uint16
	}
	return write(path, m.Grid, t, len(m.Labels), names, func(b []byte, i int) {
		if b[0] = byte(m.Labels[i]); t == Uint16 {
			binary.LittleEndian.PutUint16(b, m.Labels[i])
		}
	})
}

// head is the text before the voxels.
func head(g volume.Grid, t DataType, names map[uint16]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "NRRD0004\ntype: %v\ndimension: 3\nspace: left-posterior-superior\nsizes: %d %d %d\n", t, g.Size[0], g.Size[1], g.Size[2])
	b.WriteString("space directions:")
	for c := range 3 {
		fmt.Fprintf(&b, " (%v,%v,%v)", -g.Affine[0][c]+0, -g.Affine[1][c]+0, g.Affine[2][c])
	}
	fmt.Fprintf(&b, "\nkinds: domain domain domain\nendian: little\nencoding: gzip\nspace origin: (%v,%v,%v)\n", -g.Affine[0][3]+0, -g.Affine[1][3]+0, g.Affine[2][3])
	if !g.SpacingKnown {
		fmt.Fprintf(&b, "%s:=unknown\n", spacingKey)
	}
	labels := make([]uint16, 0, len(names))
	for l := range names {
		labels = append(labels, l)
	}
	slices.Sort(labels)
	for n, l := range labels {
		name := strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(names[l])
		fmt.Fprintf(&b, "Segment%d_ID:=Segment_%d\nSegment%d_Name:=%s\nSegment%d_LabelValue:=%d\nSegment%d_Layer:=0\n", n, l, n, name, n, l, n)
	}
	b.WriteString("\n")
	return b.String()
}

// write writes the header and n voxels; put puts voxel i into the bytes it is given.
func write(path string, g volume.Grid, t DataType, n int, names map[uint16]string, put func(b []byte, i int)) error {
	if !strings.HasSuffix(strings.ToLower(path), ".nrrd") {
		return &fault.Input{File: path, Field: "name", Expected: "one that ends in .nrrd"}
	}
	if min(g.Size[0], g.Size[1], g.Size[2]) < 1 || g.Len() != n {
		return &fault.Input{File: path, Field: "size", Found: fmt.Sprintf("%d values on %d×%d×%d voxels", n, g.Size[0], g.Size[1], g.Size[2]), Expected: "one value a voxel"}
	}
	if _, err := g.Affine.Inverse(); err != nil {
		return &fault.Input{File: path, Field: "affine", Err: err}
	}
	fail := func(err error) error { return fmt.Errorf("%s cannot be written: %w", path, unwrapPath(err)) }
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)),
		renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return fail(err)
	}
	defer f.Cleanup()
	if _, err := io.WriteString(f, head(g, t, names)); err != nil {
		return fail(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return fail(err)
	}
	w := bufio.NewWriterSize(z, 1<<16)
	voxel := make([]byte, t.Bytes())
	for i := range n {
		put(voxel, i)
		if _, err := w.Write(voxel); err != nil {
			return fail(err)
		}
	}
	if err := w.Flush(); err != nil {
		return fail(err)
	}
	if err := z.Close(); err != nil {
		return fail(err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fail(err)
	}
	return nil
}
