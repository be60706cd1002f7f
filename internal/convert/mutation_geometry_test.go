package convert

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/dicom/dicomtest"
)

const (
	position    = "(0020,0032) Image Position (Patient)"
	orientation = "(0020,0037) Image Orientation (Patient)"
	spacing     = "(0028,0030) Pixel Spacing"
	whole5      = "5×6×5 0.7×0.8×4.4"
)

// geometryMutants break what says where a slice lies (PS3.3 C.7.6.2).
func geometryMutants() (out []mutant) {
	add := func(name, base string, do func([]made) []made, w want) {
		out = append(out, mutant{name: name, base: base, do: do, want: w})
	}
	// Position, orientation and spacing that are absent or no numbers: in every
	// slice and in one.
	for _, a := range []struct {
		name, field string
		edit        func(s *dicomtest.Set)
	}{
		{"position absent", position, del(tPosition)},
		{"position empty", position, put(tPosition, "DS", "")},
		{"position of two numbers", position, put(tPosition, "DS", 1, 2)},
		{"position of four numbers", position, put(tPosition, "DS", 1, 2, 3, 4)},
		{"position with NaN", position, put(tPosition, "DS", "NaN", "0", "0")},
		{"position infinite", position, put(tPosition, "DS", "1", "Inf", "0")},
		{"position 1e999", position, put(tPosition, "DS", "1e999", "0", "0")},
		{"position a hundred kilometres off", position, put(tPosition, "DS", 1e8, 0, 0)},
		{"position is text", position, put(tPosition, "DS", "left", "0", "0")},
		{"position with an empty part", position, put(tPosition, "DS", "1", "", "0")},
		{"position of bytes", position, put(tPosition, "OB", []byte{1, 2, 3, 4})},
		{"position of NaN in FD", position, put(tPosition, "FD", math.NaN(), 0.0, 0.0)},
		{"position of thirty thousand numbers", position, put(tPosition, "DS", strings.Repeat(`1\`, 30000)+"1")},
		{"orientation absent", orientation, del(tOrientation)},
		{"orientation of five numbers", orientation, put(tOrientation, "DS", 0, 1, 0, 0, 0)},
		{"orientation of seven numbers", orientation, put(tOrientation, "DS", 0, 1, 0, 0, 0, -1, 0)},
		{"orientation of zeros", orientation, put(tOrientation, "DS", 0, 0, 0, 0, 0, 0)},
		{"orientation with NaN", orientation, put(tOrientation, "DS", "NaN", 1, 0, 0, 0, -1)},
		{"rows and columns in one direction", orientation, put(tOrientation, "DS", 0, 1, 0, 0, 1, 0)},
		{"rows and columns ten degrees from square", orientation, put(tOrientation, "DS", 0, 1, 0, 0, .1736, -.9848)},
		{"cosines of length two", orientation, put(tOrientation, "DS", 0, 2, 0, 0, 0, -2)},
		{"cosines of length 1.05", orientation, put(tOrientation, "DS", 0, 1.05, 0, 0, 0, -1)},
		{"cosines of 1e300", orientation, put(tOrientation, "DS", 0, 1e300, 0, 0, 0, -1e300)},
		{"spacing absent", spacing, del(tPixelSpacing)},
		{"spacing of one number", spacing, put(tPixelSpacing, "DS", .8)},
		{"spacing of three numbers", spacing, put(tPixelSpacing, "DS", .8, .7, .6)},
		{"spacing of zero", spacing, put(tPixelSpacing, "DS", 0, .7)},
		{"spacing negative", spacing, put(tPixelSpacing, "DS", .8, -.7)},
		{"spacing with NaN", spacing, put(tPixelSpacing, "DS", "NaN", ".7")},
		{"spacing of 1e999", spacing, put(tPixelSpacing, "DS", "1e999", ".7")},
		{"spacing of two metres", spacing, put(tPixelSpacing, "DS", 2000, 2000)},
		{"spacing of a nanometre", spacing, put(tPixelSpacing, "DS", 1e-6, 1e-6)},
		{"spacing of thirty thousand numbers", spacing, put(tPixelSpacing, "DS", strings.Repeat(`1\`, 30000)+"1")},
	} {
		add(a.name, "classic", all(a.edit), refused("all", a.field))
		if len(out)%3 == 0 {
			add(a.name+", in one slice", "classic", at(2, a.edit), broken2(a.field))
		}
		if len(out)%5 == 0 {
			add(a.name+", implicit VR", "implicit", all(a.edit), refused("all", a.field))
		}
	}
	// What the end slice lacks costs that slice.
	add("position absent in the last slice", "classic", at(4, del(tPosition)), makes("5×6×4 0.7×0.8×4.4").refused("4", position))
	add("orientation absent in the first slice", "classic", at(0, del(tOrientation)), makes("5×6×4 0.7×0.8×4.4").refused("0", orientation))

	// Tolerated.
	add("cosines of four decimals", "classic", all(put(tOrientation, "DS", .0001, .9999, .0001, -.0001, .0001, -.9999)), makes("5×6×5 0.7×0.8×4.4"))
	add("cosines of length 1.01", "classic", all(put(tOrientation, "DS", 0, 1.01, 0, 0, 0, -1.01)), same())
	add("negative zeros", "classic", all(put(tOrientation, "DS", "-0", "1", "-0.0", "-0", "-0", "-1")), same())
	add("exponents and signs", "classic", all(put(tPixelSpacing, "DS", "+8E-1", "7.0e-01")), same())
	add("decimal commas", "classic", all(put(tPixelSpacing, "DS", "0,8", "0,7")), same())
	add("blanks around numbers", "classic", all(put(tPixelSpacing, "DS", "  .8 ", " .7   ")), same())
	add("spacing in FD", "classic", all(put(tPixelSpacing, "FD", .8, .7)), same())

	// Slices against each other.
	move := func(k int, x float64) func([]made) []made { return at(k, put(tPosition, "DS", x, -50, 60)) }
	without := func(ks ...int) func([]made) []made {
		return func(l []made) []made {
			var rest []made
			for k, m := range l {
				if !slices.Contains(ks, k) {
					rest = append(rest, m)
				}
			}
			return rest
		}
	}
	add("one slice missing", "classic", without(2), refused("all", position, "1 of 5 slices missing (3)"))
	add("two slices missing", "classic", without(1, 2), refused("all", position, "2 of 5 slices missing"))
	add("end slice missing", "classic", without(4), makes("5×6×4 0.7×0.8×4.4"))
	add("all but one slice missing", "classic", without(1, 2, 3, 4), makes("5×6×1 0.7×0.8×1"))
	out = append(out,
		mutant{name: "one slice missing, filled", base: "classic", do: without(2), opt: Options{Interpolate: true}, want: makes(whole5).noted("1 of 5 slices missing (3): interpolated")},
		mutant{
			name: "a slice a kilometre off, filled", base: "classic", do: move(4, 1e6-20.8), opt: Options{Interpolate: true},
			want: refused("all", position),
		},
	)
	add("a slice 3 mm from its place", "classic", move(2, -8.2), refused("all", position, "spacing from"))
	add("a slice 0.05 mm from its place", "classic", move(2, -11.15), makes("5×6×5 0.7×0.8×4.4"))
	add("spacing that grows", "classic", func(l []made) []made {
		return each(l, func(k int, s *dicomtest.Set) { s.Put(tPosition, "DS", float64(k*k), -50, 60) })
	}, refused("all", position))
	add("all slices in one place", "classic", all(put(tPosition, "DS", 1, 2, 3)), refused("all", position, "1 places with up to 5 slices"))
	add("two slices in one place", "classic", move(2, -15.6), makes("5×6×1 0.7×0.8×1").refused("0 1 3 4", position, "1 of 5 slices missing (3)"))
	add("slices a micrometre apart", "classic", func(l []made) []made {
		return each(l, func(k int, s *dicomtest.Set) { s.Put(tPosition, "DS", 1e-3*float64(k), -50, 60) })
	}, refused("all", position))
	// Spacing 0.02 mm and one slice 20 km off: a billion missing slices.
	add("three slices, a billion missing", "classic", func(l []made) []made {
		l = move(0, 0)(l)
		l = all(del(tThickness))(move(1, .02)(l))
		return move(2, 999999)(l)[:3]
	}, refused("all", position, "missing"))
	add("a slice shifted in plane", "classic", at(2, put(tPosition, "DS", -11.2, -40, 60)), refused("all", position, "off the line"))
	add("every second slice shifted in plane", "classic", func(l []made) []made {
		return each(l, func(k int, s *dicomtest.Set) { s.Put(tPosition, "DS", -20+4.4*float64(k), -50+.5*float64(k%2), 60) })
	}, refused("all", position, "off the line"))
	add("one row direction turned round", "classic", at(2, put(tOrientation, "DS", 0, -1, 0, 0, 0, -1)),
		makes("5×6×1 0.7×0.8×1").refused("0 1 3 4", position, "missing (3)"))
	add("rows and columns exchanged in one", "classic", at(2, put(tOrientation, "DS", 0, 0, -1, 0, 1, 0)),
		makes("5×6×1 0.7×0.8×1").refused("0 1 3 4", position, "missing (3)"))
	add("one slice tilted by a degree", "classic", at(2, put(tOrientation, "DS", 0, .99985, .01745, 0, .01745, -.99985)),
		makes("5×6×1 0.7×0.8×1").refused("0 1 3 4", position, "missing (3)"))
	add("every slice tilted further", "classic", func(l []made) []made {
		return each(l, func(k int, s *dicomtest.Set) {
			a := .02 * float64(k)
			s.Put(tOrientation, "DS", 0, math.Cos(a), math.Sin(a), 0, math.Sin(a), -math.Cos(a))
		})
	}, refused("all", orientation, "5 slices that each have an orientation of their own"))
	add("one slice of another spacing", "classic", at(2, put(tPixelSpacing, "DS", .9, .7)), makes("5×6×1 0.7×0.9×1").refused("0 1 3 4", position, "missing (3)"))
	add("slices in reverse order of names", "classic", func(l []made) []made { return []made{l[4], l[3], l[2], l[1], l[0]} }, same())

	// The header's own numbers of spacing decide nothing in a stack.
	for _, v := range []string{"0", "-4.4", "NaN", "1e999", "1e300", "x", "4.39"} {
		add(fmt.Sprintf("Spacing Between Slices %s", v), "classic", all(put(tSpacingBetween, "DS", v)), same())
		add(fmt.Sprintf("Slice Thickness %s", v), "classic", all(put(tThickness, "DS", v)), same())
		w := makes("5×6×1 0.7×0.8×1").noted("1 mm stands in for it")
		if v == "4.39" {
			w = makes("5×6×1 0.7×0.8×4.39")
		}
		add(fmt.Sprintf("one slice, thickness %s", v), "single", all(func(s *dicomtest.Set) { s.Delete(tSpacingBetween).Put(tThickness, "DS", v) }), w)
	}
	add("one slice, spacing 1e300", "single", all(put(tSpacingBetween, "DS", "1e300")), makes("5×6×1 0.7×0.8×1"))
	add("one slice, without thickness", "single", all(del(tThickness)), makes("5×6×1 0.7×0.8×1").noted("1 mm stands in for it"))

	// Tilt.
	add("tilt, one slice missing", "tilt", without(2), refused("all", position, "1 of 6 slices missing (3)"))
	add("tilt, one slice not shifted", "tilt", at(3, func(s *dicomtest.Set) { s.Put(tPosition, "DS", -9, -30+4.9, 49+.993) }), refused("all", position, "off the line"))
	add("tilt, gantry angle of 1e999", "tilt", all(put(0x00181120, "DS", "1e999")), same())
	add("tilt, gantry angle contradicts", "tilt", all(put(0x00181120, "DS", "-40")), same())

	// Localizer: each plane stands for itself.
	add("localizer, a sagittal slice missing", "localizer", without(1),
		makes("5×6×3 0.7×0.8×10; 5×6×3 0.7×0.8×10; 5×6×2 0.7×0.8×20"))
	add("localizer, coronal without position", "localizer", at(3, del(tPosition)), makes("5×6×3 0.7×0.8×10; 5×6×3 0.7×0.8×10; 5×6×2 0.7×0.8×10").refused("3", position))
	add("localizer, all positions equal", "localizer", all(put(tPosition, "DS", 0, 0, 0)), refused("all", position, "1 places with up to 3 slices"))
	add("localizer, one plane's spacing zero", "localizer", func(l []made) []made {
		for _, m := range l[:3] {
			m.Put(tPixelSpacing, "DS", 0, 0)
		}
		return l
	}, makes("5×6×3 0.7×0.8×10; 5×6×3 0.7×0.8×10").refused("0 1 2", spacing))
	return out
}
