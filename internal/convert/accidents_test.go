package convert

import (
	"fmt"
	"math"
	"strings"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// accidentCases are series whose slices differ by accident, or are placed less
// neatly than they might be, as cases has them.
var accidentCases = []seriesCase{
	// Slices of one stack that differ in what one slice needed and another did not.
	{"Bits Stored 12, then 11", func() []made {
		return each(sagittal(6), func(k int, s *dicomtest.Set) {
			bits := 12 - k/3
			s.Put(dicom.BitsStored, "US", bits).Put(dicom.HighBit, "US", bits-1)
		})
	}, "001_t1-tse-sag: 5×6×6, 0.7×0.8×4.4 mm; slices differ in Bits Stored (11, 12)\n", true},
	{"normalised every second slice", func() []made {
		return each(sagittal(6), func(k int, s *dicomtest.Set) {
			if k%2 == 1 {
				s.Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "M", "ND", "NORM")
			}
		})
	}, "001_t1-tse-sag: 5×6×6, 0.7×0.8×4.4 mm; slices differ in Image Type, some normalised or corrected for distortion: intensities may not be comparable\n", true},
	{"Patient ID in small letters", func() []made {
		return each(sagittal(6), func(k int, s *dicomtest.Set) { s.Put(tPatientID, "LO", [2]string{"AB 12", "ab  12"}[k%2]) })
	}, "001_t1-tse-sag: 5×6×6, 0.7×0.8×4.4 mm; slices write Patient ID in several ways\n", true},
	{"an echo time that jitters", func() []made {
		return each(sagittal(5), func(k int, s *dicomtest.Set) { s.Put(tTE, "DS", fmt.Sprintf("%.4f", 10+.0013*float64(k))) })
	}, "001_t1-tse-sag: 5×6×5, 0.7×0.8×4.4 mm; slices differ in Echo Time (10, 10.0013, 10.0026, 10.0039, … ms)\n", false},
	{"all of that, of two echoes with two time points", func() []made {
		var list []made
		for i := range 4 {
			list = append(list, tagged(sagittal(4), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
				s.Put(dicom.BitsStored, "US", 12-k%2).Put(dicom.HighBit, "US", 11-k%2).Put(tTE, "DS", float64(10+20*(i%2))+.001*float64(k)).
					Put(tTemporalPosition, "IS", i/2+1).Put(dicom.PixelData, "OW", pixels(30, 7*i+k))
			})...)
		}
		return list
	}, strings.ReplaceAll("001_t1-tse-sag_e1_t1: DIFF (10, 10.001, 10.002, 10.003 ms)\n001_t1-tse-sag_e1_t2: DIFF (10, 10.001, 10.002, 10.003 ms)\n"+
		"001_t1-tse-sag_e2_t1: DIFF (30, 30.001, 30.002, 30.003 ms)\n001_t1-tse-sag_e2_t2: DIFF (30, 30.001, 30.002, 30.003 ms)\n",
		"DIFF", "5×6×4, 0.7×0.8×4.4 mm; slices differ in Bits Stored (11, 12); slices differ in Echo Time"), false},
	{"with and without normalisation: each is a volume", func() []made {
		return append(tagged(sagittal(4), "1", nil), tagged(sagittal(4), "2", func(k int, s *dicomtest.Set) {
			s.Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "M", "ND", "NORM")
		})...)
	}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag-b: 5×6×4, 0.7×0.8×4.4 mm\n", false},
	{"echo times of half a per cent apart in one place are two echoes", func() []made {
		return append(tagged(sagittal(4), "1", func(_ int, s *dicomtest.Set) { s.Put(tTE, "DS", 100) }), tagged(sagittal(4), "2", func(k int, s *dicomtest.Set) {
			s.Put(tTE, "DS", 100.5).Put(dicom.PixelData, "OW", pixels(30, k))
		})...)
	}, "001_t1-tse-sag_e1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_e2: 5×6×4, 0.7×0.8×4.4 mm\n", false},
	{"a slice is missing where Bits Stored change", func() []made {
		list := each(sagittal(7), func(k int, s *dicomtest.Set) { s.Put(dicom.BitsStored, "US", 12-k/4).Put(dicom.HighBit, "US", 11-k/4) })
		return append(list[:3], list[4:]...)
	}, "001_t1-tse-sag: (0020,0032) Image Position (Patient): found 1 of 7 slices missing (4), expected one slice every 4.4 mm; export the series again, or pass --interpolate to fill them from their neighbours\n", false},
	{"phases interleaved with magnitudes in one even stack: in doubt", func() []made {
		return each(sagittal(6), func(k int, s *dicomtest.Set) { s.Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "MP"[k%2:k%2+1]) })
	}, "001_t1-tse-sag: 5×6×3, 0.7×0.8×8.8 mm; may be a part of a stack only: in doubt\n001_t1-tse-sag_ph: 5×6×3, 0.7×0.8×8.8 mm; may be a part of a stack only: in doubt\n", false},

	// Places.
	{"CT every 0.625 mm, positions with one decimal", func() []made {
		return each(stackOf(20, 6, 5, [3]float64{-9, -30, 0}, axRow, axCol, [3]float64{0, 0, .625}), func(k int, s *dicomtest.Set) {
			s.Put(tModality, "CS", "CT").Put(tSOPClass, "UI", "1.2.840.10008.5.1.4.1.1.2").Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "AXIAL").
				Put(tPosition, "DS", -9, -30, math.Round(-103+6.25*float64(k))/10).Put(tThickness, "DS", .625)
		})
	}, "001_t1-tse-sag: 5×6×20, 0.7×0.8×0.6263 mm\n", false},
	{"one slice 3 % of the spacing off", func() []made {
		return each(stackOf(8, 6, 5, [3]float64{-9, -30, 0}, axRow, axCol, [3]float64{0, 0, 3}), func(k int, s *dicomtest.Set) {
			if k == 3 {
				s.Put(tPosition, "DS", -9, -30, 9.1)
			}
		})
	}, "001_t1-tse-sag: 5×6×8, 0.7×0.8×3 mm\n", true},
	{"one slice 4 % of the spacing off, more decimals", func() []made {
		return each(stackOf(8, 6, 5, [3]float64{-9, -30, .0123}, axRow, axCol, [3]float64{0, 0, 3}), func(k int, s *dicomtest.Set) {
			if k == 3 {
				s.Put(tPosition, "DS", -9, -30, 9.1323)
			}
		})
	}, "001_t1-tse-sag: 5×6×8, 0.7×0.8×3 mm; slices lie up to 0.12 mm off even places of 3 mm\n", true},
	{"one slice 10 % of the spacing off", func() []made {
		return each(stackOf(8, 6, 5, [3]float64{-9, -30, .0123}, axRow, axCol, [3]float64{0, 0, 3}), func(k int, s *dicomtest.Set) {
			if k == 3 {
				s.Put(tPosition, "DS", -9, -30, 9.3123)
			}
		})
	}, "001_t1-tse-sag: (0020,0032) Image Position (Patient): found spacing from 2.7 to 3.3 mm over 8 slices, expected the same spacing throughout\n", false},
	{"a localizer of five planes, one slice each", func() []made {
		var list []made
		for i := range 5 {
			a := float64(i) * math.Pi / 6
			list = append(list, tagged(stackOf(1, 6, 5, [3]float64{}, [3]float64{math.Cos(a), math.Sin(a), 0}, [3]float64{0, 0, -1}, [3]float64{}), fmt.Sprint(i), nil)...)
		}
		return list
	}, "001_t1-tse-sag_sag: 5×6×1, 0.7×0.8×1 mm\n001_t1-tse-sag_sag2: 5×6×1, 0.7×0.8×1 mm\n001_t1-tse-sag_sag3: 5×6×1, 0.7×0.8×1 mm\n" +
		"001_t1-tse-sag_cor: 5×6×1, 0.7×0.8×1 mm\n001_t1-tse-sag_cor2: 5×6×1, 0.7×0.8×1 mm\n", true},
	{"time points .02 mm apart", func() []made {
		list := tagged(sagittal(5), "1", func(_ int, s *dicomtest.Set) { s.Put(tTemporalPosition, "IS", 1) })
		return append(list, tagged(stackOf(5, 6, 5, [3]float64{-19.98, -50, 60}, sagRow, sagCol, [3]float64{4.4, 0, 0}), "2", func(k int, s *dicomtest.Set) {
			s.Put(tTemporalPosition, "IS", 2).Put(dicom.PixelData, "OW", pixels(30, k)).Put(dicom.InstanceNumber, "IS", k+10)
		})...)
	}, "001_t1-tse-sag_t1: 5×6×5, 0.7×0.8×4.4 mm\n001_t1-tse-sag_t2: 5×6×5, 0.7×0.8×4.4 mm\n", false},
	{"thick slices that overlap keep their places", func() []made {
		return each(stackOf(9, 6, 5, [3]float64{-9, -30, 0}, axRow, axCol, [3]float64{0, 0, .3}), func(_ int, s *dicomtest.Set) { s.Put(tThickness, "DS", 5) })
	}, "001_t1-tse-sag: 5×6×9, 0.7×0.8×0.3 mm\n", true},
	{"one slice, with a gap where the spacing should be (GE)", func() []made {
		return each(sagittal(1), func(_ int, s *dicomtest.Set) {
			s.Put(tManufacturer, "LO", "GE MEDICAL SYSTEMS").Put(tThickness, "DS", 3).Put(tSpacingBetween, "DS", .3)
		})
	}, "001_t1-tse-sag: 5×6×1, 0.7×0.8×3 mm\n", false},

	{"United Imaging's grid of slices", func() []made { return []made{united5(0, 0)} }, "001_t1-tse-sag: 5×6×5, 0.7×0.8×4.4 mm\n", true},
	{"United Imaging's grids of several b-values", func() []made {
		return []made{united5(800, 1), united5(0, 0)}
	}, "001_t1-tse-sag_b1: 5×6×5, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b2: 5×6×5, 0.7×0.8×4.4 mm\n", true},

	{"thin slices through the base, thick ones above", func() []made {
		list := stackOf(9, 6, 5, [3]float64{-9, -30, 0}, axRow, axCol, [3]float64{0, 0, 4})
		return each(list, func(k int, s *dicomtest.Set) {
			if s.Put(tThickness, "DS", 4); k > 4 {
				s.Put(tThickness, "DS", 7).Put(tPosition, "DS", -9, -30, 17.1+7*float64(k-5))
			}
		})
	}, "001_t1-tse-sag_s1: 5×6×5, 0.7×0.8×4 mm; slab 1 of 2 in its series\n001_t1-tse-sag_s2: 5×6×4, 0.7×0.8×7 mm; slab 2 of 2 in its series\n", false},

	// Times and copies.
	{"time points before and after midnight, without dates", func() []made {
		var list []made
		for i, hour := range []string{"2358", "0003"} {
			list = append(list, tagged(sagittal(4), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
				s.Put(tAcquisitionTime, "TM", fmt.Sprintf("%s%02d", hour, k)).Put(tThickness, "DS", i+1).Put(dicom.PixelData, "OW", pixels(30, 7*i+k))
			})...)
		}
		return list
	}, "001_t1-tse-sag_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_t2: 5×6×4, 0.7×0.8×4.4 mm\n", false},
}

// united5 is a volume of 5 slices in one image of United Imaging's grid, 3 tiles
// wide and 2 high, with the b-value b.
func united5(b float64, seed int) made {
	const w, h, cols = 5, 6, 3
	s := sagittal(1)[0].Set.Put(tManufacturer, "LO", "UIH").Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "M", "VFRAME").Delete(tPosition).
		Put(tSOPInstance, "UI", fmt.Sprint("1.2.3.9.", seed)).Put(dicom.InstanceNumber, "IS", seed+1).
		Put(tAcquisitionTime, "TM", fmt.Sprintf("10000%d", seed)).Put(tSpacingBetween, "DS", 4.4) // which dcm2niix goes by
	image := make([]uint16, 2*h*cols*w)
	var items []*dicomtest.Set
	for k, m := range sagittal(5) {
		items = append(items, dicomtest.New().Put(tPosition, "DS", -20+4.4*float64(k), -50.0, 60.0))
		for i, v := range m.Get(dicom.PixelData).Value.([]uint16) {
			image[(k/cols*h+i/w)*cols*w+k%cols*w+i%w] = v + uint16(seed)
		}
	}
	s.Image(2*h, cols*w, 16, false).Put(dicom.PixelData, "OW", image)
	s.Private(0x0065, united, 0x09, "FD", b).Private(0x0065, united, 0x37, "FD", 0.0, 0.0, 1.0).Private(0x0065, united, 0x50, "DS", 5)
	return made{Set: s.PrivateSeq(0x0065, united, 0x51, items...)}
}
