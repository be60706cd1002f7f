package convert

import (
	"fmt"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// gridMutants break what a United Imaging grid says of its slices.
func gridMutants() (out []mutant) {
	const items, size = "(0065,1051) MR VFrame Sequence", "(0065,1050)"
	add := func(name string, do func(s *dicomtest.Set), w want) {
		out = append(out, mutant{name: "grid, " + name, base: "grid", do: all(do), want: w})
	}
	frames := func(s *dicomtest.Set) []*dicomtest.Set { return s.Get(0x00651051).Value.([]*dicomtest.Set) }
	for _, v := range []string{"4", "6", "5.5", "1e300", "4097", "100000000"} {
		add("of "+v+" slices", func(s *dicomtest.Set) { s.Private(0x0065, united, 0x50, "DS", v) }, refused("all", items))
	}
	// Without a number it is one slice, and has no place.
	for _, v := range []string{"", "0", "1", "-5", "NaN", "x"} {
		add(fmt.Sprintf("of %q slices", v), func(s *dicomtest.Set) { s.Private(0x0065, united, 0x50, "DS", v) }, refused("all", position))
	}
	add("no items", func(s *dicomtest.Set) { s.Delete(0x00651051) }, refused("all", items, "0 items for a grid of 5"))
	add("an item fewer", func(s *dicomtest.Set) { s.Seq(0x00651051, frames(s)[1:]...) }, refused("all", items, "4 items for a grid of 5"))
	for _, v := range []string{"", `1\2`, `NaN\0\0`, `1e9\0\0`, "x"} {
		add(fmt.Sprintf("an item's place is %q", v), func(s *dicomtest.Set) { frames(s)[2].Put(tPosition, "DS", v) }, refused("all", items, "in item 3"))
	}
	add("all in one place", func(s *dicomtest.Set) {
		for _, f := range frames(s) {
			f.Put(tPosition, "DS", 1, 2, 3)
		}
	}, refused("all", position, "1 places with up to 5 slices"))
	add("items in reverse", func(s *dicomtest.Set) {
		l := frames(s)
		s.Seq(0x00651051, l[4], l[3], l[2], l[1], l[0])
	}, makes("5×6×5 0.7×0.8×4.4"))
	add("an image that is not cut evenly", func(s *dicomtest.Set) { s.Image(12, 14, 16, false).Put(dicom.PixelData, "OW", pixels(168, 1)) }, refused("all", size, "a grid of 5 slices in 14×12 pixels"))
	add("pixels of half the slices", func(s *dicomtest.Set) { s.Put(dicom.PixelData, "OW", pixels(90, 1)) }, refused("all", "(7fe0,0010)", "0 of 1 frames"))
	add("creator lost", func(s *dicomtest.Set) { s.Put(0x00650010, "LO", "") }, refused("all", position))
	return out
}
