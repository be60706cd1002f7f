package sheet

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	xdraw "golang.org/x/image/draw"

	"magn/internal/cohort"
	"magn/internal/report"
	"magn/internal/volume"
)

// What a picture shows.
const (
	wider     = 1.2 // its side, of the crop's
	thumbnail = 256 // pixels of the JPEG, at most
	quality   = 75  // of the JPEG
	mostSide  = 1024
	clipped   = .02 // share of the crop's pixels at the stack's largest value
)

// draw fills in the picture of a view, and says what is seen on it.
func (v *View) draw(stacks []stack, s Settings) []Finding {
	var best stack
	var at volume.Drawn
	most := 0.0
	for _, st := range stacks {
		st.Image, st.Mask = resampled(st.Read, s)
		all := st.Mask.Drawn()
		if len(all) == 0 { // the lesion is smaller than half a new pixel
			continue
		}
		sp := st.Image.Spacing()
		if size := float64(all[0].Area) * sp[0] * sp[1]; size > most {
			best, at, most = st, all[0], size
		}
	}
	if most == 0 {
		return []Finding{{fmt.Sprintf("%s: no lesion is left at %g mm a pixel", v.View, s.PixelMM), 40}}
	}
	plane := best.Image.Slice(at.Slice)
	crop := min(s.Crop, mostSide)
	side := 2 * int(math.Ceil(wider*float64(crop)/2))
	lo, hi := window(best.Read, at.Slice)
	p := Picture{Stack: best.n, Slice: at.Slice, W: side, H: side, Letters: letters(best.Image.Affine)}
	if best.Image.SpacingKnown {
		p.MM = best.Image.Spacing()[0]
	}
	margin := float64(side-crop) / 2
	p.Frame = [4]float64{margin, margin, margin + float64(crop), margin + float64(crop)}
	cut := plane.Crop(at.Centre[0], at.Centre[1], side, lo)
	p.pix = cut.Pix
	scale := float32(1)
	if hi > lo {
		scale = 1 / (hi - lo)
	}
	for i, x := range p.pix {
		p.pix[i] = min(max((x-lo)*scale, 0), 1)
	}
	var inside []bool
	p.lesion, inside = best.Mask.CropLabels(at.Slice, at.Centre[0], at.Centre[1], side)
	p.Outline = report.OutlinePath(side, side, p.lesion)
	p.JPEG = p.encode()
	v.Picture = p
	return v.seen(best, at, crop, inside)
}

// seen says what is wrong with the slice that is shown.
func (v *View) seen(st stack, at volume.Drawn, crop int, inside []bool) []Finding {
	var out []Finding
	w, h := st.Image.Size[0], st.Image.Size[1]
	if at.Box[0] == 0 || at.Box[1] == 0 || at.Box[2] == w || at.Box[3] == h {
		out = append(out, Finding{fmt.Sprintf("%s: the mask reaches the edge of the image", v.View), 15})
	}
	if at.Box[2]-at.Box[0] > crop || at.Box[3]-at.Box[1] > crop {
		out = append(out, Finding{fmt.Sprintf("%s: the lesion is larger than the crop", v.View), 10})
	}
	// Saturation: many pixels with the largest value that the stack has, or a
	// thousandth of its range less, which resampling costs.
	low, top := st.Image.Data[0], st.Image.Data[0]
	for _, x := range st.Image.Data {
		low, top = min(low, x), max(top, x)
	}
	if top <= low {
		return append(out, Finding{fmt.Sprintf("%s: the image is flat", v.View), 40})
	}
	near := top - (top-low)/1000
	n, full := 0, 0
	cut := st.Image.Slice(at.Slice).Crop(at.Centre[0], at.Centre[1], v.Picture.W, low)
	for i, in := range inside {
		if in {
			n++
			if cut.Pix[i] >= near {
				full++
			}
		}
	}
	if share := float64(full) / float64(max(n, 1)); share > clipped {
		out = append(out, Finding{fmt.Sprintf("%s: %s of the pixels have the largest value; intensities are clipped", v.View, percent(share)), 10})
	}
	return out
}

func resampled(r cohort.Read, s Settings) (*volume.Volume, *volume.Mask) {
	if s.PixelMM <= 0 || !r.Image.SpacingKnown {
		return r.Image, r.Mask
	}
	// A header may claim any spacing: what would be too large stays as it is.
	sp := r.Image.Spacing()
	for a := range 2 {
		if n := float64(r.Image.Size[a]) * sp[a] / s.PixelMM; !(n >= .5 && n <= 8192) {
			return r.Image, r.Mask
		}
	}
	return r.Image.ResampleInPlane(s.PixelMM), r.Mask.ResampleInPlane(s.PixelMM)
}

func window(r cohort.Read, k int) (lo, hi float32) {
	if r.ScaledBy == cohort.BySlice {
		return volume.Window(r.Image.Slice(k).Pix)
	}
	return volume.Window(r.Image.Data)
}

// encode is the picture as JPEG; reading it back is for eyes only.
func (p Picture) encode() []byte {
	full := report.CropImage(p.W, p.H, p.pix)
	side := min(thumbnail, p.W)
	small := image.NewGray(image.Rect(0, 0, side, side))
	xdraw.CatmullRom.Scale(small, small.Rect, full, full.Bounds(), xdraw.Src, nil)
	var b bytes.Buffer
	// Into memory, of a size that JPEG has: it cannot fail.
	_ = jpeg.Encode(&b, small, &jpeg.Options{Quality: quality})
	return b.Bytes()
}

// letters says where the sides of a canonical picture are in the patient: left,
// right, top, bottom; a second letter where the direction is oblique by more than
// about 20°.
func letters(a volume.Affine) [4]string {
	names := [3][2]string{{"L", "R"}, {"P", "A"}, {"I", "S"}} // towards less and more of x, y, z (RAS+)
	toward := func(column int, sign float64) string {
		length := math.Sqrt(a[0][column]*a[0][column] + a[1][column]*a[1][column] + a[2][column]*a[2][column])
		out := ""
		var used [3]bool
		for range 2 {
			best := -1
			for r := range 3 {
				if !used[r] && (best < 0 || math.Abs(a[r][column]) > math.Abs(a[best][column])) {
					best = r
				}
			}
			used[best] = true
			x := sign * a[best][column] / length
			if out != "" && math.Abs(x) < .34 {
				break
			}
			end := 0
			if x > 0 {
				end = 1
			}
			out += names[best][end]
		}
		return out
	}
	return [4]string{toward(0, -1), toward(0, 1), toward(1, -1), toward(1, 1)}
}
