package convert

import (
	"fmt"
	"math"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// seriesCase is a generated series, breaking or needing one rule, with what is to
// come of it as summary writes it. peer says that dcm2niix makes the same
// volumes of it; where it does not, docs/convert.md says why.
type seriesCase struct {
	name string
	make func() []made
	want string
	peer bool
}

var cases = append([]seriesCase{
	{"sagittal stack", func() []made { return sagittal(5) }, "001_t1-tse-sag: 5×6×5, 0.7×0.8×4.4 mm\n", true},
	{"coronal stack, front to back", func() []made {
		return stackOf(4, 6, 5, [3]float64{-9, -30, 40}, corRow, corCol, [3]float64{0, 5, 0})
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×5 mm\n", true},
	{"axial stack, head to feet", func() []made {
		return stackOf(4, 6, 5, [3]float64{-9, -30, 40}, axRow, axCol, [3]float64{0, 0, -3})
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×3 mm\n", true},
	{"double oblique", func() []made {
		row, col := [3]float64{.9563, .2924, 0}, [3]float64{-.2747, .8985, -.3420}
		row, col, _ = orthonormal(row, col)
		n := cross(row, col)
		return stackOf(6, 7, 5, [3]float64{-60, -80, 15}, row, col, along([3]float64{}, -2.5, n))
	}, "001_t1-tse-sag: 5×7×6, 0.7×0.8×2.5 mm\n", true},
	{"decubitus: rows run from head to feet", func() []made {
		return each(stackOf(4, 6, 5, [3]float64{10, 20, 30}, [3]float64{0, 1, 0}, [3]float64{-1, 0, 0}, [3]float64{0, 0, 4}), func(_ int, s *dicomtest.Set) {
			s.Put(tPatientPosition, "CS", "HFDL")
		})
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4 mm\n", true},
	{"localizer of three planes under one series", func() []made {
		list := tagged(stackOf(3, 6, 5, [3]float64{-20, -50, 60}, sagRow, sagCol, [3]float64{10, 0, 0}), "1", nil)
		list = append(list, tagged(stackOf(3, 6, 5, [3]float64{-20, -50, 60}, corRow, corCol, [3]float64{0, 10, 0}), "2", nil)...)
		list = append(list, tagged(stackOf(3, 6, 5, [3]float64{-20, -50, 60}, axRow, axCol, [3]float64{0, 0, 10}), "3", nil)...)
		return each(list, func(_ int, s *dicomtest.Set) { s.Put(tSeriesDescription, "LO", "loc") })
	}, "001_loc_sag: 5×6×3, 0.7×0.8×10 mm\n001_loc_cor: 5×6×3, 0.7×0.8×10 mm\n001_loc_ax: 5×6×3, 0.7×0.8×10 mm\n", true},
	{"two echoes", func() []made {
		list := tagged(sagittal(4), "1", func(_ int, s *dicomtest.Set) { s.Put(tTE, "DS", 92).Put(tEchoNumber, "IS", 2) })
		return append(list, tagged(sagittal(4), "2", func(_ int, s *dicomtest.Set) {
			s.Put(tTE, "DS", 11).Put(tEchoNumber, "IS", 1).Put(dicom.WindowCenter, "DS", 1)
		})...)
	}, "001_t1-tse-sag_e1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_e2: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"magnitude and phase", func() []made {
		list := tagged(sagittal(4), "1", nil)
		return append(list, tagged(sagittal(4), "2", func(_ int, s *dicomtest.Set) { s.Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "P", "ND") })...)
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_ph: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"Dixon: water, fat, in and opposed phase, and a subtraction", func() []made {
		var list []made
		for i, w := range []string{"W", "F", "IN_PHASE", "OPP_PHASE", "SUB"} {
			list = append(list, tagged(sagittal(3), fmt.Sprint(i), func(_ int, s *dicomtest.Set) { s.Put(tImageType, "CS", "DERIVED", "PRIMARY", "M", w) })...)
		}
		return list
	}, "001_t1-tse-sag_fat: 5×6×3, 0.7×0.8×4.4 mm\n001_t1-tse-sag_in: 5×6×3, 0.7×0.8×4.4 mm\n001_t1-tse-sag_opposed: 5×6×3, 0.7×0.8×4.4 mm\n" +
		"001_t1-tse-sag_subtraction: 5×6×3, 0.7×0.8×4.4 mm\n001_t1-tse-sag_water: 5×6×3, 0.7×0.8×4.4 mm\n", false},
	{"two matrices under one series", func() []made {
		return append(tagged(sagittal(3), "1", nil), tagged(stackOf(3, 8, 8, [3]float64{-20, -50, 60}, sagRow, sagCol, [3]float64{4.4, 0, 0}), "2", nil)...)
	}, "001_t1-tse-sag: 5×6×3, 0.7×0.8×4.4 mm\n001_t1-tse-sag-b: 8×8×3, 0.7×0.8×4.4 mm\n", true},
	{"two series numbers under one UID", func() []made {
		return append(sagittal(3), each(sagittal(3), func(_ int, s *dicomtest.Set) { s.Put(tSeriesNumber, "IS", 2) })...)
	}, "001_t1-tse-sag: 5×6×3, 0.7×0.8×4.4 mm\n002_t1-tse-sag: 5×6×3, 0.7×0.8×4.4 mm\n", true},
	{
		"a missing slice", func() []made { l := sagittal(6); return append(l[:2], l[3:]...) },
		"001_t1-tse-sag: (0020,0032) Image Position (Patient): found 1 of 6 slices missing (4), expected one slice every 4.4 mm; export the series again, or pass --interpolate to fill them from their neighbours\n", false,
	},
	{"uneven spacing", func() []made {
		return each(sagittal(4), func(k int, s *dicomtest.Set) {
			if k == 3 {
				s.Put(tPosition, "DS", -5.3, -50, 60)
			}
		})
	}, "001_t1-tse-sag: (0020,0032) Image Position (Patient): found spacing from 4.4 to 5.9 mm over 4 slices, expected the same spacing throughout\n", false},
	{"the header's spacing is wrong", func() []made {
		return each(sagittal(4), func(_ int, s *dicomtest.Set) { s.Put(tSpacingBetween, "DS", 4) })
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm; slices lie 4.4 mm apart; the header's Spacing Between Slices says 4\n", true},
	{"the same instance twice", func() []made { return append(sagittal(4), sagittal(4)...) }, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", false},
	{"the same pixels under another UID", func() []made { return append(sagittal(4), tagged(sagittal(4), "9", nil)[2]) }, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", false},
	{"one place twice, with other pixels", func() []made {
		return append(sagittal(4), tagged(stackOf(4, 6, 5, [3]float64{-20, -50, 60}, sagRow, sagCol, [3]float64{4.4, 0, 0}), "9", func(k int, s *dicomtest.Set) {
			s.Put(dicom.PixelData, "OW", make([]uint16, 30))
		})[2])
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm; some places were taken twice, with other pixels: the first acquired are here, the others split off\n" +
		"001_t1-tse-sag_x: 5×6×1, 0.7×0.8×1 mm; split off: its series has these places already, with other pixels\n", false},
	{"a dynamic series by temporal position", func() []made {
		var list []made
		for i := range 3 {
			list = append(list, tagged(sagittal(4), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
				s.Put(tTemporalPosition, "IS", i+1).Put(dicom.InstanceNumber, "IS", 4*i+k+1).Put(tAcquisitionTime, "TM", fmt.Sprintf("1000%02d", 10*i+k)).
					Put(dicom.PixelData, "OW", pixels(30, 7*i+k))
			})...)
		}
		return list
	}, "001_t1-tse-sag_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_t2: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_t3: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"a dynamic series by times that differ from slice to slice", func() []made {
		var list []made
		for i := range 2 {
			list = append(list, tagged(sagittal(4), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
				s.Put(tAcquisitionTime, "TM", fmt.Sprintf("1000%02d", 10*i+(3*k)%4)).Put(dicom.InstanceNumber, "IS", 4*i+k+1).Put(dicom.PixelData, "OW", pixels(30, 7*i+k))
			})...)
		}
		return list
	}, "001_t1-tse-sag_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_t2: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"a dynamic series that was stopped", func() []made {
		var list []made
		for i := range 2 {
			list = append(list, tagged(sagittal(4), fmt.Sprint(i), func(k int, s *dicomtest.Set) { s.Put(tTemporalPosition, "IS", i+1) })...)
		}
		return list[:6]
	}, "001_t1-tse-sag_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_t2: temporal position: found 2 of the 4 slices that the series' other volumes have, expected a whole volume; " +
		"the scan was stopped or the export is incomplete; export the series again, or do without this volume\n", false},
	{"volumes that nothing tells apart", func() []made {
		return append(sagittal(4), tagged(stackOf(4, 6, 5, [3]float64{-20, -50, 60}, sagRow, sagCol, [3]float64{4.4, 0, 0}), "9", func(k int, s *dicomtest.Set) {
			s.Put(dicom.PixelData, "OW", pixels(30, k)).Put(dicom.InstanceNumber, "IS", 14-k)
		})...)
	}, "001_t1-tse-sag: (0020,0032) Image Position (Patient): found 4 places with up to 2 slices each that differ in pixels and in nothing of the header, " +
		"expected a time, a temporal position or another attribute that says which belong together; export the series as separate series, or as enhanced multi-frame\n", false},
	{"gantry tilt", func() []made {
		return each(stackOf(6, 6, 5, [3]float64{-9, -30, 40}, axRow, [3]float64{0, math.Cos(.2), math.Sin(.2)}, [3]float64{0, 0, 3}), func(_ int, s *dicomtest.Set) {
			s.Put(tModality, "CS", "CT").Put(tSOPClass, "UI", "1.2.840.10008.5.1.4.1.1.2").Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "AXIAL").Put(0x00181120, "DS", 11.459)
		})
	}, "001_t1-tse-sag: 5×6×6, 0.7×0.8×3 mm; slices are shifted in plane by 0.596 mm each (gantry tilt): kept in the sform\n", false},
	{"diffusion: b = 0 without a direction and three directions, in another order in each place", func() []made {
		return diffusion(1)
	}, "001_t1-tse-sag_d1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_d2: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_d3: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_d4: 5×6×4, 0.7×0.8×4.4 mm\n", false},
	{"diffusion, everything twice, in another order in each place", func() []made {
		return diffusion(2)
	}, "001_t1-tse-sag_b1_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b1_t2: 5×6×4, 0.7×0.8×4.4 mm\n" +
		"001_t1-tse-sag_b2_d1_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b2_d1_t2: 5×6×4, 0.7×0.8×4.4 mm\n" +
		"001_t1-tse-sag_b2_d2_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b2_d2_t2: 5×6×4, 0.7×0.8×4.4 mm\n" +
		"001_t1-tse-sag_b2_d3_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b2_d3_t2: 5×6×4, 0.7×0.8×4.4 mm\n", false},
	{"gantry tilt, the same files twice", func() []made { return append(tilted(6), tilted(6)...) }, "001_t1-tse-sag: 5×6×6, 0.7×0.8×5 mm; slices are shifted in plane by 1.714 mm each (gantry tilt): kept in the sform\n", false},
	{"gantry tilt, three time points", func() []made {
		var list []made
		for i := range 3 {
			list = append(list, tagged(tilted(6), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
				s.Put(tTemporalPosition, "IS", i+1).Put(dicom.PixelData, "OW", pixels(30, 7*i+k))
			})...)
		}
		return list
	}, "001_t1-tse-sag_t1: 5×6×6, 0.7×0.8×5 mm; slices are shifted in plane by 1.714 mm each (gantry tilt): kept in the sform\n" +
		"001_t1-tse-sag_t2: 5×6×6, 0.7×0.8×5 mm; slices are shifted in plane by 1.714 mm each (gantry tilt): kept in the sform\n" +
		"001_t1-tse-sag_t3: 5×6×6, 0.7×0.8×5 mm; slices are shifted in plane by 1.714 mm each (gantry tilt): kept in the sform\n", false},
	{"a spine in two stations", func() []made {
		list := tagged(sagittal(4), "1", nil)
		return append(list, tagged(stackOf(4, 6, 5, [3]float64{-20, -50, -200}, sagRow, sagCol, [3]float64{4.4, 0, 0}), "2", nil)...)
	}, "001_t1-tse-sag_p1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_p2: 5×6×4, 0.7×0.8×4.4 mm\n", false},
	{"parallel slabs through two discs", func() []made {
		list := tagged(stackOf(4, 6, 5, [3]float64{-9, -30, 0}, axRow, axCol, [3]float64{0, 0, 4}), "1", nil)
		return append(list, tagged(stackOf(4, 6, 5, [3]float64{-9, -30, 45.3}, axRow, axCol, [3]float64{0, 0, 4}), "2", nil)...)
	}, "001_t1-tse-sag_s1: 5×6×4, 0.7×0.8×4 mm; slab 1 of 2 in its series\n001_t1-tse-sag_s2: 5×6×4, 0.7×0.8×4 mm; slab 2 of 2 in its series\n", false},
	{"an incomplete export with rounded positions", func() []made {
		list := stackOf(30, 6, 5, [3]float64{-9, -30, 0}, axRow, axCol, [3]float64{0, 0, .6543})
		each(list, func(k int, s *dicomtest.Set) {
			s.Put(tPosition, "DS", -9, -30, math.Round(65.43*float64(k))/100)
		})
		return append(list[:10], list[20:]...)
	}, "001_t1-tse-sag: (0020,0032) Image Position (Patient): found 10 of 30 slices missing (11, 12, 13, 14, 15, 16, 17, 18 …), expected one slice every 0.6541 mm; " +
		"export the series again, or pass --interpolate to fill them from their neighbours\n", false},
	{"rescale slope and intercept", func() []made {
		return each(sagittal(4), func(_ int, s *dicomtest.Set) { s.Put(tSlope, "DS", 2.5).Put(tIntercept, "DS", -7) })
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"slopes that differ from slice to slice", func() []made {
		return each(sagittal(4), func(k int, s *dicomtest.Set) {
			s.Put(tModality, "CS", "PT").Put(tSOPClass, "UI", "1.2.840.10008.5.1.4.1.1.128").Put(tSlope, "DS", 1+.5*float64(k)).Put(tIntercept, "DS", 0)
		})
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"Philips, private scale", func() []made { return each(sagittal(4), philipsScale) }, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"Philips, implicit VR", func() []made {
		list := each(sagittal(4), philipsScale)
		for i := range list {
			list[i].file.Syntax = dicom.ImplicitLittle
		}
		return list
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"signed, big endian", func() []made {
		list := each(sagittal(4), func(k int, s *dicomtest.Set) {
			p := pixels(30, k)
			p[3], p[4] = 0xFFFE, 0x8000
			s.Image(6, 5, 16, true).Put(dicom.PixelData, "OW", p)
		})
		for i := range list {
			list[i].file.Syntax = dicom.ExplicitBig
		}
		return list
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"8 bits", func() []made {
		return each(sagittal(4), func(k int, s *dicomtest.Set) {
			s.Image(6, 5, 8, false).Put(dicom.PixelData, "OB", dicomtest.Words(pixels(15, k)))
		})
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", true},
	{"MONOCHROME1", func() []made {
		return each(sagittal(4), func(_ int, s *dicomtest.Set) { s.Put(dicom.PhotometricInterpretation, "CS", "MONOCHROME1") })
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", false},
	{"one slice", func() []made { return sagittal(1) }, "001_t1-tse-sag: 5×6×1, 0.7×0.8×1 mm\n", true},
	{"rotating projections", func() []made {
		var list []made
		for i := range 16 {
			a := float64(i) / 8
			list = append(list, tagged(stackOf(1, 6, 5, [3]float64{}, [3]float64{math.Cos(a), math.Sin(a), 0}, [3]float64{0, 0, -1}, [3]float64{}), fmt.Sprint(i), nil)...)
		}
		return list
	}, "001_t1-tse-sag: (0020,0037) Image Orientation (Patient): found 16 slices that each have an orientation of their own, expected parallel slices; " +
		"rotating projections and radial scans are no volume; leave this series out\n", false},
	{
		"enhanced multi-frame: two time points in one file", func() []made { return []made{enhanced(4, 2)} },
		"001_t1-tse-sag_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_t2: 5×6×4, 0.7×0.8×4.4 mm\n", false,
	},
	{
		"enhanced multi-frame: frames out of order", func() []made { return []made{enhanced(4, 1)} },
		"001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n", true,
	},
}, accidentCases...)

// diffusion is a Siemens series of b = 0, which has no direction, and three
// directions of b = 1000, each several times, taken in an order that differs from
// place to place.
func diffusion(times int) []made {
	var list []made
	for i := range 4 * times {
		list = append(list, tagged(sagittal(4), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
			s.Put(tAcquisitionTime, "TM", fmt.Sprintf("1000%02d", (i+k)%(4*times))).Put(dicom.PixelData, "OW", pixels(30, 7*i+k))
			if s.Private(0x0019, siemensMR, 0x0C, "IS", min(i%4, 1)*1000); i%4 > 0 {
				s.Private(0x0019, siemensMR, 0x0E, "FD", [3]float64{1, 0, 0}[i%4-1], [3]float64{0, 1, 0}[i%4-1], [3]float64{0, 0, 1}[i%4-1])
			}
		})...)
	}
	return list
}

// tilted is n axial slices 5 mm apart whose gantry is tilted by 0.35 rad, so that
// corners move by more than stationGap from slice to slice.
func tilted(n int) []made {
	return stackOf(n, 6, 5, [3]float64{-9, -30, 40}, axRow, [3]float64{0, math.Cos(.35), math.Sin(.35)}, [3]float64{0, 0, 5})
}

// pixels are n values that seed makes different.
func pixels(n, seed int) []uint16 {
	out := make([]uint16, n)
	for i := range out {
		out[i] = uint16((i*i*31 + seed*977 + i) % 4001)
	}
	return out
}

func philipsScale(_ int, s *dicomtest.Set) {
	s.Put(tManufacturer, "LO", "Philips Medical Systems").Put(tSlope, "DS", 1.27985347985347).Put(tIntercept, "DS", 5).
		Private(0x2005, philips1, 0x0E, "FL", 0.0123)
}

// enhanced is one file of slices × times frames in an order that is neither's.
func enhanced(slices, times int) made {
	first := sagittal(1)[0].Set
	s := first.Clone().Put(tSOPClass, "UI", "1.2.840.10008.5.1.4.1.1.4.1").Put(0x00280008, "IS", slices*times).
		Delete(tPosition).Delete(tOrientation).Delete(tPixelSpacing).Delete(tThickness)
	pointer := func(t dicom.Tag) *dicomtest.Set {
		return dicomtest.New().Put(tDimensionPointer, "AT", t).Put(0x00209167, "AT", tFrameContentSeq)
	}
	s.Seq(tDimensionSeq, pointer(tStackID), pointer(tInStackPosition), pointer(tTemporalIndex))
	s.Seq(tSharedGroups, dicomtest.New().
		Seq(tPlaneOrientationSeq, dicomtest.New().Put(tOrientation, "DS", 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)).
		Seq(tPixelMeasuresSeq, dicomtest.New().Put(tPixelSpacing, "DS", .8, .7).Put(tThickness, "DS", 4.0).Put(tSpacingBetween, "DS", 4.4)))
	var frames []*dicomtest.Set
	var data []uint16
	for i := range slices * times {
		n := (i*5 + 2) % (slices * times) // 5 and the number of frames have no common factor
		k, t := n%slices, n/slices
		frames = append(frames, dicomtest.New().
			Seq(tFrameContentSeq, dicomtest.New().Put(tStackID, "SH", "1").Put(tInStackPosition, "UL", k+1).Put(tTemporalIndex, "UL", t+1).
				Put(tDimensionValues, "UL", 1, k+1, t+1).Put(tFrameAcquired, "DT", fmt.Sprintf("202001021000%02d", 10*t))).
			Seq(tPlanePositionSeq, dicomtest.New().Put(tPosition, "DS", -20+4.4*float64(k), -50.0, 60.0)))
		data = append(data, pixels(30, n)...)
	}
	return made{Set: s.Seq(tFrameGroups, frames...).Put(dicom.PixelData, "OW", data)}
}
