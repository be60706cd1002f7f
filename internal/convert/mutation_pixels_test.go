package convert

import (
	"fmt"
	"math"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// pixelMutants break what describes the pixels (PS3.3 C.7.6.3), and the pixels.
func pixelMutants() (out []mutant) {
	add := func(name, base string, do func([]made) []made, w want) {
		out = append(out, mutant{name: name, base: base, do: do, want: w})
	}
	for _, x := range []struct {
		name  string
		field string
		edit  func(s *dicomtest.Set)
	}{
		{"no rows", "(0028,0010)", del(dicom.Rows)},
		{"rows 0", "(0028,0010)", put(dicom.Rows, "US", 0)},
		{"rows 65535", "(7fe0,0010)", put(dicom.Rows, "US", 65535)},
		{"rows and columns 65535", "(0028,0010)", func(s *dicomtest.Set) { s.Put(dicom.Rows, "US", 65535).Put(dicom.Columns, "US", 65535) }},
		{"rows -6", "(0028,0010)", put(dicom.Rows, "SS", -6)},
		{"rows in text", "(0028,0010)", put(dicom.Rows, "IS", "six")},
		{"rows of one byte", "(0028,0010)", put(dicom.Rows, "US", []byte{6})},
		{"one row too many", "(7fe0,0010)", put(dicom.Rows, "US", 7)},
		{"no columns", "(0028,0011)", del(dicom.Columns)},
		{"columns 0", "(0028,0011)", put(dicom.Columns, "US", 0)},
		{"columns 6", "(7fe0,0010)", put(dicom.Columns, "US", 6)},
		{"no bits allocated", "(0028,0100)", del(dicom.BitsAllocated)},
		{"bits allocated 0", "(0028,0100)", put(dicom.BitsAllocated, "US", 0)},
		{"bits allocated 15", "(0028,0100)", put(dicom.BitsAllocated, "US", 15)},
		{"bits allocated 24", "(0028,0100)", put(dicom.BitsAllocated, "US", 24)},
		{"bits allocated 64", "(0028,0100)", put(dicom.BitsAllocated, "US", 64)},
		{"bits allocated 32 with the bytes of 16", "(7fe0,0010)", put(dicom.BitsAllocated, "US", 32)},
		{"bits allocated -16", "(0028,0100)", put(dicom.BitsAllocated, "SS", -16)},
		{"bits stored -1", "(0028,0101)", put(dicom.BitsStored, "SS", -1)},
		{"high bit -7", "(0028,0102)", put(dicom.HighBit, "SS", -7)},
		{"sign 2", "(0028,0103)", put(dicom.PixelRepresentation, "US", 2)},
		{"sign in text", "(0028,0103)", put(dicom.PixelRepresentation, "CS", "SIGNED")},
		{"samples 0", "(0028,0002)", put(dicom.SamplesPerPixel, "US", 0)},
		{"samples 2", "(0028,0002)", put(dicom.SamplesPerPixel, "US", 2)},
		{"samples 3", "(7fe0,0010)", put(dicom.SamplesPerPixel, "US", 3)},
		{"samples 300", "(0028,0002)", put(dicom.SamplesPerPixel, "US", 300)},
		{"photometric interpretation absent", "(0028,0004)", del(dicom.PhotometricInterpretation)},
		{"photometric interpretation RGB", "(0028,0004)", put(dicom.PhotometricInterpretation, "CS", "RGB")},
		{"frames -1", "(0028,0008)", put(dicom.NumberOfFrames, "IS", -1)},
		{"frames 2147483647", "(7fe0,0010)", put(dicom.NumberOfFrames, "IS", "2147483647")},
		{"frames 99999999999", "(0028,0008)", put(dicom.NumberOfFrames, "IS", "99999999999")},
		{"frames 1e9", "(7fe0,0010)", put(dicom.NumberOfFrames, "IS", "1e9")},
		{"frames in text", "(0028,0008)", put(dicom.NumberOfFrames, "IS", "many")},
		{"frames 1.5", "(0028,0008)", put(dicom.NumberOfFrames, "IS", "1.5")},
		{"frames 2", "(7fe0,0010)", put(dicom.NumberOfFrames, "IS", 2)},
		{"planar configuration 7", "(0028,0006)", put(0x00280006, "US", 7)},
		{"no pixel data", "(7FE0,0010)", del(dicom.PixelData)},
		{"pixel data empty", "(7fe0,0010)", put(dicom.PixelData, "OW", []byte{})},
		{"pixel data one byte short", "(7fe0,0010)", put(dicom.PixelData, "OW", make([]byte, 59))},
		{"pixel data half", "(7fe0,0010)", put(dicom.PixelData, "OW", make([]byte, 30))},
		{"pixel data a sequence", "(7fe0,0010)", func(s *dicomtest.Set) { s.Seq(dicom.PixelData, dicomtest.New()) }},
	} {
		add(x.name, "classic", all(x.edit), refused("all", x.field))
		if len(out)%4 == 0 {
			add(x.name+", in one slice", "classic", at(2, x.edit), broken2(x.field))
		}
		if len(out)%6 == 0 && x.name != "no pixel data" {
			add(x.name+", in RLE", "RLE", all(x.edit), refused("all"))
		}
	}
	add("rows 60000 in RLE", "RLE", all(func(s *dicomtest.Set) { s.Put(dicom.Rows, "US", 60000).Put(dicom.Columns, "US", 1000) }), refused("all", "RLE"))
	add("float pixels", "classic", all(func(s *dicomtest.Set) { s.Delete(dicom.PixelData).Put(0x7FE00008, "OF", make([]byte, 120)) }), want{}.file(Skipped, "all", "floating-point"))
	add("pixel data half in the last slice", "classic", at(4, put(dicom.PixelData, "OW", make([]byte, 30))), makes("5×6×4 0.7×0.8×4.4").refused("4", "(7fe0,0010)", "0 of 1 frames are whole"))

	// Tolerated, with a note.
	add("bits stored 20 of 16", "classic", all(put(dicom.BitsStored, "US", 20)), noted("20 bits stored of 16"))
	add("bits stored 0", "classic", all(put(dicom.BitsStored, "US", 0)), noted("0 bits stored of 16"))
	add("no bits stored", "classic", all(del(dicom.BitsStored)), noted("bits stored of 16"))
	add("high bit 40", "classic", all(put(dicom.HighBit, "US", 40)), noted("high bit 40"))
	add("high bit below the stored bits", "classic", all(put(dicom.HighBit, "US", 3)), noted("high bit 3"))
	add("no high bit", "classic", all(del(dicom.HighBit)), same())
	add("frames 0", "classic", all(put(dicom.NumberOfFrames, "IS", 0)), noted("no frames by the header"))
	add("frames empty", "classic", all(put(dicom.NumberOfFrames, "IS", "")), same())
	add("no sign", "classic", all(del(dicom.PixelRepresentation)), same())
	add("no samples per pixel", "classic", all(del(dicom.SamplesPerPixel)), same())
	add("a hundred bytes after the pixels", "classic", all(func(s *dicomtest.Set) {
		b := dicomtest.Words(s.Get(dicom.PixelData).Value.([]uint16))
		s.Put(dicom.PixelData, "OW", append(b, make([]byte, 100)...))
	}), noted("100 bytes after the last pixel"))
	add("pixel data in OB", "classic", all(func(s *dicomtest.Set) {
		s.Put(dicom.PixelData, "OB", dicomtest.Words(s.Get(dicom.PixelData).Value.([]uint16)))
	}), same())
	add("pixel data in UN", "classic", all(func(s *dicomtest.Set) {
		s.Put(dicom.PixelData, "UN", dicomtest.Words(s.Get(dicom.PixelData).Value.([]uint16)))
	}), same())
	add("palette", "classic", all(put(dicom.PhotometricInterpretation, "CS", "PALETTE COLOR")), want{}.file(Skipped, "all", "colour"))
	add("rows with a second value", "classic", all(put(dicom.Rows, "US", 6, 5)), same())
	// Differently: the bits that are stored are others.
	add("8 bits stored of 16", "classic", all(func(s *dicomtest.Set) { s.Put(dicom.BitsStored, "US", 8).Put(dicom.HighBit, "US", 7) }), makes(whole5))
	add("8 bits from high bit 15", "classic", all(put(dicom.BitsStored, "US", 8)), makes(whole5))
	add("all signed", "classic", all(put(dicom.PixelRepresentation, "US", 1)), same())
	return out
}

// valueMutants break what makes values of stored ones.
func valueMutants() (out []mutant) {
	add := func(name, base string, do func([]made) []made, w want) {
		out = append(out, mutant{name: name, base: base, do: do, want: w})
	}
	scale := func(slope, inter string) func([]made) []made {
		return all(func(s *dicomtest.Set) { s.Put(tSlope, "DS", slope).Put(tIntercept, "DS", inter) })
	}
	add("slope 0", "classic", scale("0", "3"), noted("Rescale Slope is 0"))
	add("slope empty", "classic", scale("", ""), same())
	add("slope 1 without intercept", "classic", all(put(tSlope, "DS", 1)), same())
	add("slope negative", "classic", scale("-1", "0"), makes(whole5))
	for _, v := range []string{"NaN", "Inf", "1e999", "x"} {
		add("slope "+v, "classic", scale(v, "0"), refused("all", "(0028,1053)"))
		add("intercept "+v, "classic", scale("1", v), refused("all", "(0028,1052)"))
	}
	add("slope in FD, NaN", "classic", all(put(tSlope, "FD", math.NaN())), refused("all", "(0028,1053)"))
	add("slope 1e300", "classic", scale("1e300", "0"), refused("all", "(0028,1053)"))
	add("slope 1e-300", "classic", scale("1e-300", "0"), refused("all", "(0028,1053)"))
	add("intercept 1e300", "classic", scale("1", "1e300"), refused("all", "(0028,1052)"))
	add("slope NaN in one slice", "classic", at(2, put(tSlope, "DS", "NaN")), broken2("(0028,1053)"))
	add("slope 1e300 in one slice", "classic", at(2, put(tSlope, "DS", "1e300")), broken2("(0028,1053)"))
	add("slope of two values", "classic", scale(`1\2`, "0"), same())
	add("another slope in one slice", "classic", at(2, put(tSlope, "DS", 2)), makes(whole5))
	add("rescale type of 60 kB", "classic", all(put(tRescaleType, "LO", fmt.Sprintf("%060000d", 1))), same())

	ss := func(v ...any) func([]made) []made {
		return all(func(s *dicomtest.Set) { s.Private(0x2005, philips1, 0x0E, "FL", v...) })
	}
	// Without a usable Scale Slope the rescaled values stay.
	add("Philips, scale slope 0", "philips", ss(0.0), makes(whole5).noted("Scale Slope"))
	add("Philips, scale slope negative", "philips", ss(-1.0), makes(whole5).noted("Scale Slope"))
	add("Philips, scale slope NaN", "philips", ss(math.NaN()), makes(whole5).noted("Scale Slope"))
	add("Philips, scale slope infinite", "philips", ss(math.Inf(1)), makes(whole5).noted("Scale Slope"))
	add("Philips, scale slope 1e-38", "philips", ss(1e-38), makes(whole5).noted("Scale Slope"))
	add("Philips, scale slope of three bytes", "philips", all(func(s *dicomtest.Set) { s.Private(0x2005, philips1, 0x0E, "UN", []byte{1, 2, 3}) }), makes(whole5).noted("Scale Slope"))
	add("Philips, scale slope in UN", "philips", all(func(s *dicomtest.Set) {
		s.Private(0x2005, philips1, 0x0E, "UN", []byte{0xF0, 0x85, 0x49, 0x3C}) // 0.0123
	}), same())
	add("Philips, slope 0", "philips", all(put(tSlope, "DS", 0)), makes(whole5).noted("Rescale Slope is 0"))
	add("Philips, creator absent", "philips", all(del(0x20050010)), makes(whole5))
	add("Philips, another manufacturer", "philips", all(put(tManufacturer, "LO", "Anonymized")), makes(whole5))
	add("Philips, scale in one slice only", "philips", func(l []made) []made {
		for _, m := range l[1:] {
			m.Delete(0x2005100E)
		}
		return l
	}, makes(whole5))
	return out
}
