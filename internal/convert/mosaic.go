package convert

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"magn/internal/dicom"
)

// maxTiles bounds a mosaic: a small compressed file may promise any number of
// pixels, and each would be a tile.
const maxTiles = 4096

// tiles says whether an image is a Siemens mosaic, of how many tiles (0 where
// that is not said), and which way they follow one another. Image Type says it,
// or, where an anonymiser has emptied that, a number of tiles that the image
// can be cut into; the manufacturer's name may be gone too.
func tiles(f *dicom.File, h header, facts *Facts) (n int, normal []float64, ok bool) {
	csa := map[string][]string{}
	if t := f.Private(0x0029, siemens, 0x10); t != 0 {
		csa = parseCSA(f.Bytes(t), "NumberOfImagesInMosaic", "SliceNormalVector")
	}
	if v := csa["NumberOfImagesInMosaic"]; len(v) > 0 {
		n, _ = strconv.Atoi(v[0])
	}
	if n <= 0 {
		if v := siemensTiles.float(f.DataSet); math.Abs(v) < 1e9 {
			n = int(v)
		}
	}
	if n <= 0 {
		n = len(siemensTimes.floats(f.DataSet))
	}
	normal = floats(csa["SliceNormalVector"])
	if slices.Contains(strings.Split(strings.ToUpper(facts.ImageType), `\`), "MOSAIC") {
		return n, normal, true
	}
	side, divides := sides(n, facts)
	return n, normal, n > 1 && divides && side > 1
}

// sides is how many tiles stand side by side, and whether the image can be cut
// into them.
func sides(n int, f *Facts) (side int, ok bool) {
	if n <= 0 || n > maxTiles {
		return 0, false
	}
	side = int(math.Ceil(math.Sqrt(float64(n))))
	return side, f.Rows%side == 0 && f.Cols%side == 0
}

// mosaic reads a Siemens mosaic: one image whose tiles are the slices of
// a volume, row by row. The number of tiles and the direction in which they
// follow one another are in the CSA header; Image Position is the corner that
// one large slice with the mosaic's size and the tiles' centre would have.
func (r *reader) mosaic(n int, across []float64, s *slice, facts Facts) ([]*slice, error) {
	side, ok := sides(n, &facts)
	if !ok {
		return nil, r.bad("NumberOfImagesInMosaic (CSA header)", fmt.Sprintf("%d tiles in %d×%d pixels", n, facts.Cols, facts.Rows), "how many slices the mosaic holds",
			"export the series as single slices or as enhanced MR")
	}
	normal := cross(s.row, s.col)
	if len(across) == 3 {
		v := [3]float64(across)
		if c := dot(normal, v) / norm(v); !(math.Abs(c) >= .9) {
			return nil, r.bad("SliceNormalVector (CSA header)", fmt.Sprint(across), "a vector across the slices", "")
		} else if c < 0 {
			normal = [3]float64{-normal[0], -normal[1], -normal[2]}
		}
	} else if n > 1 {
		r.notes = append(r.notes, "mosaic without a slice normal in its CSA header: taken to run along rows × columns")
	}
	gap := facts.SpacingBetween
	if !(gap > 0) {
		if gap = facts.Thickness; !(gap > 0) {
			return nil, r.bad("(0018,0088) Spacing Between Slices", "none", "the distance between a mosaic's tiles", "")
		}
		r.notes = append(r.notes, "mosaic without Spacing Between Slices: Slice Thickness stands in for it")
	}
	w, t := facts.Cols/side, facts.Rows/side
	corner := along(s.pos, facts.PixelSpacing[1]*float64(facts.Cols-w)/2, s.row)
	corner = along(corner, facts.PixelSpacing[0]*float64(facts.Rows-t)/2, s.col)
	facts.Rows, facts.Cols, facts.TileColumns = t, w, side
	shared := r.pool.one(facts)
	out := make([]*slice, n)
	for i := range out {
		c := *s
		c.facts, c.tile = shared, int32(i)
		c.pos = along(corner, float64(i)*gap, normal)
		out[i] = &c
	}
	return out, nil
}

func floats(texts []string) []float64 {
	out := make([]float64, 0, len(texts))
	for _, s := range texts {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// parseCSA takes the values of the named tags out of a Siemens CSA header, of
// its first ("CSA1") or second ("SV10") form, as nibabel's documentation has
// pieced it together (https://nipy.org/nibabel/dicom/siemens_csa.html). It stops
// at the first thing that does not fit.
func parseCSA(b []byte, names ...string) map[string][]string {
	out := map[string][]string{}
	le := binary.LittleEndian
	second := bytes.HasPrefix(b, []byte("SV10"))
	if second {
		b = b[4:]
		if len(b) < 4 {
			return out
		}
		b = b[4:]
	}
	if len(b) < 8 {
		return out
	}
	tags := le.Uint32(b)
	b = b[8:]
	var first int32 // the first tag's number of items, by which CSA1 lengths are off
	for n := range min(tags, 1024) {
		if len(b) < 84 {
			return out
		}
		name, _, _ := strings.Cut(string(b[:64]), "\x00")
		vm, items := int32(le.Uint32(b[64:])), int32(le.Uint32(b[76:]))
		b = b[84:]
		if n == 0 {
			first = items
		}
		wanted := false
		for _, w := range names {
			wanted = wanted || name == w
		}
		for i := range items {
			if len(b) < 16 {
				return out
			}
			length := int64(int32(le.Uint32(b[4:])))
			if !second {
				length = int64(int32(le.Uint32(b))) - int64(first)
			}
			b = b[16:]
			padded := (length + 3) &^ 3
			if length < 0 || padded > int64(len(b)) {
				return out
			}
			if wanted && (vm <= 0 || i < vm) && length > 0 && len(out[name]) < 64 {
				v, _, _ := strings.Cut(string(b[:length]), "\x00")
				out[name] = append(out[name], strings.TrimSpace(v))
			}
			b = b[padded:]
		}
	}
	return out
}
