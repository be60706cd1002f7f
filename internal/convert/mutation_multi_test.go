package convert

import (
	"fmt"
	"math"
	"strings"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// groups are a set's per-frame functional groups.
func groups(s *dicomtest.Set) []*dicomtest.Set { return s.Get(tFrameGroups).Value.([]*dicomtest.Set) }

// item is the first item of a sequence.
func item(s *dicomtest.Set, t dicom.Tag) *dicomtest.Set { return s.Get(t).Value.([]*dicomtest.Set)[0] }

// multiframeMutants break the functional groups of enhanced files (PS3.3
// C.7.6.16).
func multiframeMutants() (out []mutant) {
	add := func(name, base string, do func(s *dicomtest.Set), w want) {
		out = append(out, mutant{name: name, base: base, do: all(do), want: w})
	}
	frame := func(k int, do func(g *dicomtest.Set)) func(s *dicomtest.Set) {
		return func(s *dicomtest.Set) { do(groups(s)[k]) }
	}
	frames := func(do func(k int, g *dicomtest.Set)) func(s *dicomtest.Set) {
		return func(s *dicomtest.Set) {
			for k, g := range groups(s) {
				do(k, g)
			}
		}
	}
	shared := func(do func(g *dicomtest.Set)) func(s *dicomtest.Set) {
		return func(s *dicomtest.Set) { do(item(s, tSharedGroups)) }
	}
	const count = "(5200,9230)"
	one := "5×6×4 0.7×0.8×4.4"
	two := one + "; " + one
	add("fewer groups than frames", "enhanced", func(s *dicomtest.Set) { s.Seq(tFrameGroups, groups(s)[:3]...) }, refused("all", count, "3 items for 4 frames"))
	add("more groups than frames", "enhanced", func(s *dicomtest.Set) { s.Seq(tFrameGroups, append(groups(s), groups(s)[0].Clone())...) }, refused("all", count, "5 items for 4 frames"))
	add("no groups", "enhanced", del(tFrameGroups), refused("all", count, "none for 4 frames"))
	add("groups empty", "enhanced", func(s *dicomtest.Set) { s.Seq(tFrameGroups) }, refused("all", count))
	add("groups that are no sequence", "enhanced", put(tFrameGroups, "LO", "here"), refused("all", count))
	add("empty items", "enhanced", func(s *dicomtest.Set) {
		s.Seq(tFrameGroups, dicomtest.New(), dicomtest.New(), dicomtest.New(), dicomtest.New())
	}, refused("all", "frame 1", position))
	add("no shared groups", "enhanced", del(tSharedGroups), refused("all", "frame 1", orientation))
	add("shared groups empty", "enhanced", func(s *dicomtest.Set) { s.Seq(tSharedGroups) }, refused("all", orientation))
	add("shared orientation without items", "enhanced", shared(func(g *dicomtest.Set) { g.Seq(tPlaneOrientationSeq) }), refused("all", orientation))
	add("shared orientation of NaN", "enhanced", shared(func(g *dicomtest.Set) {
		g.Seq(tPlaneOrientationSeq, dicomtest.New().Put(tOrientation, "DS", "NaN", 0, 0, 0, 0, 1))
	}), refused("all", orientation))
	add("shared spacing absent", "enhanced", shared(del(tPixelMeasuresSeq)), refused("all", spacing))
	add("shared spacing zero", "enhanced", shared(func(g *dicomtest.Set) { item(g, tPixelMeasuresSeq).Put(tPixelSpacing, "DS", 0, 0) }), refused("all", spacing))
	add("a frame's own spacing of NaN", "enhanced", frame(1, func(g *dicomtest.Set) {
		g.Seq(tPixelMeasuresSeq, dicomtest.New().Put(tPixelSpacing, "DS", "NaN", "NaN"))
	}), refused("all", "frame 2", spacing))
	add("a frame without a position", "enhanced", frame(2, del(tPlanePositionSeq)), refused("all", "frame 3", position))
	add("a frame's position without items", "enhanced", frame(2, func(g *dicomtest.Set) { g.Seq(tPlanePositionSeq) }), refused("all", "frame 3", position))
	add("a frame's position 1e999", "enhanced", frame(2, func(g *dicomtest.Set) {
		g.Seq(tPlanePositionSeq, dicomtest.New().Put(tPosition, "DS", "1e999", 0, 0))
	}), refused("all", "frame 3", position))
	add("all frames in one place", "enhanced", frames(func(_ int, g *dicomtest.Set) {
		g.Seq(tPlanePositionSeq, dicomtest.New().Put(tPosition, "DS", 1, 2, 3))
	}), refused("all", position, "1 places with up to 4"))
	add("a frame of another orientation", "enhanced", frame(0, func(g *dicomtest.Set) {
		g.Seq(tPlaneOrientationSeq, dicomtest.New().Put(tOrientation, "DS", 1, 0, 0, 0, 1, 0))
	}), want{volumes: "5×6×1 0.7×0.8×4.4"})
	add("a frame of another stack", "enhanced", frame(0, func(g *dicomtest.Set) { item(g, tFrameContentSeq).Put(tStackID, "SH", "2") }), want{volumes: "5×6×1 0.7×0.8×4.4"})
	add("frame content absent", "enhanced", frames(func(_ int, g *dicomtest.Set) { g.Delete(tFrameContentSeq) }), same())
	add("in-stack positions equal", "enhanced", frames(func(_ int, g *dicomtest.Set) { item(g, tFrameContentSeq).Put(tInStackPosition, "UL", 1) }), same())
	add("in-stack positions contradict", "enhanced", frames(func(k int, g *dicomtest.Set) { item(g, tFrameContentSeq).Put(tInStackPosition, "UL", 900+13*k%7) }), same())
	add("top-level position contradicts", "enhanced", put(tPosition, "DS", 7, 7, 7), same())
	add("header's spacing contradicts", "enhanced", shared(func(g *dicomtest.Set) { item(g, tPixelMeasuresSeq).Put(tSpacingBetween, "DS", 9) }), noted("Spacing Between Slices says 9"))
	add("frames 2 of 4", "enhanced", put(dicom.NumberOfFrames, "IS", 2), refused("all", count, "4 items for 2 frames"))
	add("frames 5 of 4", "enhanced", put(dicom.NumberOfFrames, "IS", 5), refused("all", "(7fe0,0010)", "4 of 5 frames"))
	add("frames huge, enhanced", "enhanced", put(dicom.NumberOfFrames, "IS", "2000000000"), refused("all", "(7fe0,0010)"))
	add("pixels of the last frame cut off", "enhanced", func(s *dicomtest.Set) {
		s.Put(dicom.PixelData, "OW", s.Get(dicom.PixelData).Value.([]uint16)[:100])
	}, refused("all", "(7fe0,0010)", "3 of 4 frames"))
	add("a frame's slope of NaN", "enhanced", frame(1, func(g *dicomtest.Set) {
		g.Seq(tTransformationSeq, dicomtest.New().Put(tSlope, "DS", "NaN").Put(tIntercept, "DS", 0))
	}), refused("all", "frame 2", "(0028,1053)"))
	add("a frame's slope of 0", "enhanced", frame(1, func(g *dicomtest.Set) {
		g.Seq(tTransformationSeq, dicomtest.New().Put(tSlope, "DS", 0).Put(tIntercept, "DS", 0))
	}), noted("Rescale Slope is 0"))

	// Two time points.
	add("dimension index out of range", "enhanced4", frames(func(_ int, g *dicomtest.Set) { item(g, tFrameContentSeq).Put(tDimensionValues, "UL", 1) }), makes(two))
	add("dimension indices of 4294967295", "enhanced4", frames(func(_ int, g *dicomtest.Set) {
		item(g, tFrameContentSeq).Put(tDimensionValues, "UL", 4294967295, 0, 4294967295)
	}), makes(two))
	add("dimension indices of NaN", "enhanced4", frames(func(_ int, g *dicomtest.Set) {
		item(g, tFrameContentSeq).Put(tDimensionValues, "FD", math.NaN(), math.NaN(), math.NaN())
	}), makes(two))
	add("ten thousand dimension indices", "enhanced4", frames(func(_ int, g *dicomtest.Set) {
		item(g, tFrameContentSeq).Put(tDimensionValues, "UL", make([]byte, 40000))
	}), makes(two))
	add("no dimensions", "enhanced4", del(tDimensionSeq), makes(two))
	add("a thousand dimensions", "enhanced4", func(s *dicomtest.Set) {
		var list []*dicomtest.Set
		for range 1000 {
			list = append(list, dicomtest.New().Put(tDimensionPointer, "AT", tTemporalIndex))
		}
		s.Seq(tDimensionSeq, list...)
	}, makes(two))
	add("dimension pointer of two bytes", "enhanced4", func(s *dicomtest.Set) {
		s.Seq(tDimensionSeq, dicomtest.New().Put(tDimensionPointer, "AT", []byte{1, 2}))
	}, makes(two))
	add("nothing tells times apart", "enhanced4", func(s *dicomtest.Set) {
		s.Delete(tDimensionSeq)
		frames(func(_ int, g *dicomtest.Set) {
			item(g, tFrameContentSeq).Delete(tTemporalIndex).Delete(tDimensionValues).Delete(tFrameAcquired)
		})(s)
	}, refused("all", position, "4 places with up to 2 slices"))
	add("the last frame of the second time lacks", "enhanced4", func(s *dicomtest.Set) {
		g, p := groups(s), s.Get(dicom.PixelData).Value.([]uint16)
		s.Put(dicom.NumberOfFrames, "IS", 7).Seq(tFrameGroups, g[:7]...).Put(dicom.PixelData, "OW", p[:7*30])
	}, makes(one))
	// Three thousand frames in one place: what is done once a frame may not cost
	// the file's length each time.
	add("three thousand frames in one place", "enhanced", func(s *dicomtest.Set) {
		const n = 3000
		list := make([]*dicomtest.Set, n)
		var data []uint16
		for k := range list {
			list[k] = dicomtest.New().Seq(tPlanePositionSeq, dicomtest.New().Put(tPosition, "DS", 1, 2, 3)).
				Seq(tFrameContentSeq, dicomtest.New().Put(tStackID, "SH", "1"))
			data = append(data, pixels(30, k)...)
		}
		s.Delete(tDimensionSeq).Put(dicom.NumberOfFrames, "IS", n).Seq(tFrameGroups, list...).Put(dicom.PixelData, "OW", data)
	}, refused("all", position, "1 places with up to"))
	add("thirty thousand frames without groups of their own", "enhanced", func(s *dicomtest.Set) {
		const n = 30_000
		list := make([]*dicomtest.Set, n)
		for k := range list {
			list[k] = dicomtest.New()
		}
		item(s, tSharedGroups).Seq(tPlanePositionSeq, dicomtest.New().Put(tPosition, "DS", 1, 2, 3))
		s.Delete(tDimensionSeq).Put(dicom.NumberOfFrames, "IS", n).Seq(tFrameGroups, list...).
			Image(1, 1, 8, false).Put(dicom.PixelData, "OB", make([]byte, n))
	}, makes("1×1×1 0.7×0.8×4.4"))
	twice := func(name, syntax string) {
		out = append(out, mutant{name: name, base: "enhanced", do: func(l []made) []made {
			const n = 1500
			list := make([]*dicomtest.Set, n)
			var data []uint16
			for k := range list {
				list[k] = dicomtest.New().Seq(tPlanePositionSeq, dicomtest.New().Put(tPosition, "DS", 4.4*float64(k), -50, 60))
				data = append(data, pixels(30, k)...)
			}
			l[0].Delete(tDimensionSeq).Put(dicom.NumberOfFrames, "IS", n).Seq(tFrameGroups, list...).Put(dicom.PixelData, "OW", data)
			return append(l, made{Set: l[0].Set, file: dicomtest.File{Syntax: syntax}})
		}, want: makes("5×6×1500 0.7×0.8×4.4").file(Duplicate, "1", "the same instance as")})
	}
	twice("1500 frames twice", "")
	twice("1500 frames twice, in another transfer syntax", dicom.ImplicitLittle)
	return out
}

// mosaicMutants break Siemens mosaics: what says how many tiles there are, and
// how they follow one another.
func mosaicMutants() (out []mutant) {
	add := func(name string, do func(s *dicomtest.Set), w want) {
		out = append(out, mutant{name: name, base: "mosaic", do: all(do), want: w})
	}
	header := func(b []byte) func(s *dicomtest.Set) {
		return func(s *dicomtest.Set) { s.Private(0x0029, siemens, 0x10, "OB", b) }
	}
	const tiles, normal = "NumberOfImagesInMosaic (CSA header)", "SliceNormalVector (CSA header)"
	good := csa("9", "0.0\x000.0\x001.0")
	for _, v := range []string{"0", "-3", "x", "50", "145", "1000000000", "9999999999999999999999", ""} {
		add(fmt.Sprintf("tiles %q", v), header(csa(v, "0.0\x000.0\x001.0")), refused("all", tiles))
	}
	add("ten tiles of 3 × 3", header(csa("10", "0.0\x000.0\x001.0")), makes("3×3×10 3×3×3.3"))
	add("144 tiles of a pixel", header(csa("144", "0.0\x000.0\x001.0")), makes("1×1×144 3×3×3.3"))
	add("four tiles of 6 × 6", header(csa("4", "0.0\x000.0\x001.0")), makes("6×6×4 3×3×3.3"))
	add("eight tiles in nine places", header(csa("8", "0.0\x000.0\x001.0")), makes("4×4×8 3×3×3.3"))
	add("no CSA header", func(s *dicomtest.Set) { s.Delete(0x00290010).Delete(0x00291010) }, refused("all", tiles))
	add("CSA header empty", header(nil), refused("all", tiles))
	for _, n := range []int{4, 12, 60, 100, 190, len(good) / 2} {
		add(fmt.Sprintf("CSA header cut off at %d", n), header(good[:n&^1]), refused("all", tiles))
	}
	add("CSA header cut off in the normal", header(good[:len(good)-6]), makes("4×4×9 3×3×3.3"))
	add("CSA header of 1e9 tags", func(s *dicomtest.Set) {
		b := append([]byte(nil), good...)
		copy(b[8:], []byte{0, 0xCA, 0x9A, 0x3B})
		header(b)(s)
	}, same())
	add("CSA lengths of 2 GB", func(s *dicomtest.Set) {
		b := append([]byte(nil), good...)
		copy(b[16+84+4:], []byte{0xFF, 0xFF, 0xFF, 0x7F})
		header(b)(s)
	}, refused("all", tiles))
	add("CSA items of -1", func(s *dicomtest.Set) {
		b := append([]byte(nil), good...)
		copy(b[16+76:], []byte{0xFF, 0xFF, 0xFF, 0xFF})
		header(b)(s)
	}, refused("all", tiles))
	add("no slice normal", header(csa("9", "")), noted("without a slice normal"))
	add("slice normal turned round", header(csa("9", "0.0\x000.0\x00-1.0")), makes("4×4×9 3×3×3.3"))
	add("slice normal in the plane", header(csa("9", "1.0\x000.0\x000.0")), refused("all", normal))
	add("slice normal of zeros", header(csa("9", "0.0\x000.0\x000.0")), refused("all", normal))
	add("slice normal of NaN", header(csa("9", "NaN\x000.0\x001.0")), noted("without a slice normal"))
	add("slice normal of two numbers", header(csa("9", "0.0\x001.0")), noted("without a slice normal"))
	add("slice normal of length 1e300", header(csa("9", "0.0\x000.0\x001e300")), refused("all", normal))
	add("mosaic without spacing", del(tSpacingBetween), makes("4×4×9 3×3×3").noted("Slice Thickness stands in"))
	add("mosaic without spacing and thickness", del(tSpacingBetween, tThickness), refused("all", "(0018,0088)"))
	add("mosaic, spacing 1e300", put(tSpacingBetween, "DS", "1e300"), makes("4×4×9 3×3×3").noted("Slice Thickness stands in"))
	add("mosaic, spacing 0.001", put(tSpacingBetween, "DS", "0.001"), refused("all", position))
	add("mosaic without position", del(tPosition), refused("all", position))
	add("mosaic of one row less", func(s *dicomtest.Set) { s.Put(dicom.Rows, "US", 11) }, refused("all", tiles))
	// Anonymisers empty the manufacturer, and some the image type: tiles side by
	// side are no slice.
	add("mosaic without a manufacturer", del(tManufacturer), same())
	add("mosaic whose image type does not say so", put(tImageType, "CS", "ORIGINAL", "PRIMARY", "M", "ND"), same())
	add("mosaic, number of tiles from (0019,xx0A)", func(s *dicomtest.Set) {
		s.Delete(0x00290010).Delete(0x00291010).Private(0x0019, siemensMR, 0x0A, "US", 9)
	}, noted("without a slice normal"))
	add("mosaic, (0019,xx0A) is text", func(s *dicomtest.Set) {
		s.Delete(0x00290010).Delete(0x00291010).Private(0x0019, siemensMR, 0x0A, "LO", "nine")
	}, refused("all", tiles))
	// A small file that promises 16 million tiles.
	out = append(out, mutant{name: "a mosaic of 16777216 pixels", base: "mosaic", do: func(l []made) []made {
		l[0].Delete(dicom.PixelData).Image(4096, 4096, 16, false)
		header(csa("16777216", "0.0\x000.0\x001.0"))(l[0].Set)
		l[0].file = dicomtest.File{Syntax: syntaxRLE, Frames: [][][]byte{{rleOf(pixels(30, 1))}}}
		return l
	}, want: refused("all", tiles)})
	add("mosaic twice under one UID", func(s *dicomtest.Set) { s.Put(tSOPInstance, "UI", strings.Repeat("1", 64)) }, same())
	return out
}
