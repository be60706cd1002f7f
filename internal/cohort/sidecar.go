package cohort

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"os"
	"slices"

	"magn/internal/fault"
	"magn/internal/volume"
)

// What intensities of a stack share one scale: each slice was scaled by itself
// (slices from PNG or JPEG), or the stack as a whole.
const (
	BySlice = "slice"
	ByStack = "stack"
)

// Sidecar stands beside every stack as <view>.json: what it was made of, and
// what its voxels and grid were, so that a later change is seen.
type Sidecar struct {
	ImageSHA256  string   `json:"image_sha256"` // of grid and voxels, not of the file's bytes: compressing anew changes nothing
	MaskSHA256   string   `json:"mask_sha256"`
	SpacingKnown bool     `json:"spacing_known"` // false: the affine says directions only
	ScaledBy     string   `json:"scaled_by"`     // "slice" or "stack"
	Sources      []Source `json:"sources"`       // slice by slice, in the order of the stack; empty where it came as a volume
}

// Source is what one slice was made of, as the manifest names it.
type Source struct {
	Slice       string `json:"slice"`
	Image       string `json:"image"`
	Mask        string `json:"mask"`
	PixelSHA256 string `json:"pixel_sha256"` // of width, height and decoded grey values
}

// maxSidecar bounds a sidecar: some hundred bytes a slice.
const maxSidecar = 16 << 20

func readSidecar(path string) (Sidecar, error) {
	var s Sidecar
	st, err := os.Stat(path)
	if err != nil {
		return s, openFault(path, "", err)
	}
	if st.Size() > maxSidecar {
		return s, &fault.Input{File: path, Found: fmt.Sprintf("%d bytes", st.Size()), Expected: "a sidecar of at most 16 MiB"}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return s, openFault(path, "", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, &fault.Input{File: path, Expected: "a stack's sidecar", Err: err}
	}
	if s.ScaledBy != BySlice && s.ScaledBy != ByStack {
		return s, &fault.Input{File: path, Field: "scaled_by", Found: fmt.Sprintf("%q", s.ScaledBy), Expected: `"slice" or "stack"`}
	}
	return s, nil
}

func writeSidecar(path string, s Sidecar) error {
	if s.Sources == nil {
		s.Sources = []Source{}
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(b, '\n'))
}

// hashVolume is the SHA-256 of grid and voxels as stored: size, affine (float32,
// as NIfTI keeps it), whether the spacing is known, then the values, all
// little-endian.
func hashVolume(v *volume.Volume) string {
	h := sha256.New()
	h.Write(gridBytes(v.Grid))
	writeFloats(h, v.Data)
	return hex.EncodeToString(h.Sum(nil))
}

// hashMask is hashVolume for labels.
func hashMask(m *volume.Mask) string {
	h := sha256.New()
	h.Write(gridBytes(m.Grid))
	buf := make([]byte, 2*hashChunk)
	for chunk := range slices.Chunk(m.Labels, hashChunk) {
		for i, x := range chunk {
			binary.LittleEndian.PutUint16(buf[2*i:], x)
		}
		h.Write(buf[:2*len(chunk)])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashChunk is how many voxels are written to a hash at once: their bytes stay in
// the first-level cache.
const hashChunk = 4096

func writeFloats(h hash.Hash, data []float32) {
	buf := make([]byte, 4*hashChunk)
	for chunk := range slices.Chunk(data, hashChunk) {
		for i, x := range chunk {
			binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(x))
		}
		h.Write(buf[:4*len(chunk)])
	}
}

func gridBytes(g volume.Grid) []byte {
	var b []byte
	for _, n := range g.Size {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	for _, row := range g.Affine {
		for _, x := range row {
			f := float32(x)
			if f == 0 {
				f = 0 // minus zero is zero
			}
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		}
	}
	known := byte(0)
	if g.SpacingKnown {
		known = 1
	}
	return append(b, known)
}

// hashPixels is the SHA-256 of one slice: width, height, grey values.
func hashPixels(w, h int, pix []float32) string {
	s := sha256.New()
	s.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(w)), uint64(h)))
	writeFloats(s, pix)
	return hex.EncodeToString(s.Sum(nil))
}
