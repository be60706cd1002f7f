package convert

import (
	"fmt"
	"strings"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// seriesMutants break what says which slices belong together, and what they are.
func seriesMutants() (out []mutant) {
	add := func(name, base string, do func([]made) []made, w want) {
		out = append(out, mutant{name: name, base: base, do: do, want: w})
	}
	// One slice that says it is another series' leaves a gap, and is a volume of
	// one slice.
	apart := makes("5×6×1 0.7×0.8×1").refused("0 1 3 4", position, "1 of 5 slices missing (3)")
	add("one slice of another frame of reference", "classic", at(2, put(tFrameOfReference, "UI", "1.9.9")), apart)
	add("one slice of another series", "classic", at(2, put(tSeriesUID, "UI", "1.9.9")), apart)
	add("one slice of another study", "classic", at(2, put(tStudyUID, "UI", "1.9.9")), apart)
	add("one slice of another patient", "classic", at(2, put(tPatientID, "LO", "77")), apart)
	add("one slice of another modality", "classic", at(2, put(tModality, "CS", "CT")), apart)
	add("one slice of another series number", "classic", at(2, put(tSeriesNumber, "IS", 7)), apart)
	add("one slice of another echo time", "classic", at(2, put(tTE, "DS", 90)), apart)
	add("one slice of another image type", "classic", at(2, put(tImageType, "CS", "ORIGINAL", "PRIMARY", "P", "ND")), apart)
	add("one slice of another size", "classic", at(2, func(s *dicomtest.Set) {
		s.Image(3, 5, 16, false).Put(dicom.PixelData, "OW", pixels(15, 1))
	}), makes("5×3×1 0.7×0.8×1").refused("0 1 3 4", position, "1 of 5 slices missing (3)"))
	add("one slice signed", "classic", at(2, put(dicom.PixelRepresentation, "US", 1)), apart)
	add("one slice of 12 bits stored", "classic", at(2, func(s *dicomtest.Set) { s.Put(dicom.BitsStored, "US", 12).Put(dicom.HighBit, "US", 11) }), noted("slices differ in Bits Stored (12, 16)"))
	add("one slice of 12 bits stored in MONOCHROME1", "classic", func(l []made) []made {
		l[2].Put(dicom.BitsStored, "US", 12).Put(dicom.HighBit, "US", 11)
		return all(put(dicom.PhotometricInterpretation, "CS", "MONOCHROME1"))(l)
	}, apart)
	// At an end the others are a stack, and so are all together: in doubt.
	last := func(name string, do func(s *dicomtest.Set)) {
		add("the last slice of another "+name, "classic", at(4, do), makes("5×6×1 0.7×0.8×1; 5×6×4 0.7×0.8×4.4").noted("in doubt").partial())
	}
	last("frame of reference", put(tFrameOfReference, "UI", "1.9.9"))
	last("study", put(tStudyUID, "UI", "1.9.9"))
	last("patient", put(tPatientID, "LO", "77"))
	last("echo time", put(tTE, "DS", 90))
	last("image type", put(tImageType, "CS", "ORIGINAL", "PRIMARY", "P", "ND"))
	last("sign", put(dicom.PixelRepresentation, "US", 1))
	add("one slice in MONOCHROME1", "classic", at(2, put(dicom.PhotometricInterpretation, "CS", "MONOCHROME1")), apart)

	// Identifiers.
	for _, x := range []struct {
		name string
		tag  dicom.Tag
	}{
		{"study", tStudyUID}, {"series", tSeriesUID}, {"instance", tSOPInstance}, {"frame of reference", tFrameOfReference}, {"class", tSOPClass},
	} {
		add("no "+x.name+" UID", "classic", all(del(x.tag)), same())
		add(x.name+" UID empty", "implicit", all(put(x.tag, "UI", "")), same())
		add(x.name+" UID is no UID", "classic", all(put(x.tag, "UI", "../../etc/passwd")), same())
		add(x.name+" UID of 60 kB", "classic", all(put(x.tag, "UI", strings.Repeat("1.", 30000))), same())
	}
	// Without a class and with no position a file is no slice.
	add("no class UID, no position", "classic", all(del(tSOPClass, tPosition)), want{}.refused("all", position))
	add("every instance UID equal", "classic", all(put(tSOPInstance, "UI", "1.2.3")), same())
	add("every instance UID and pixel equal", "classic", all(func(s *dicomtest.Set) { s.Put(tSOPInstance, "UI", "1.2.3").Put(dicom.PixelData, "OW", pixels(30, 1)) }), makes(whole5))
	add("instance numbers equal", "classic", all(put(dicom.InstanceNumber, "IS", 1)), same())
	add("instance numbers absent", "classic", all(del(dicom.InstanceNumber)), same())
	add("instance numbers run backwards", "classic", func(l []made) []made {
		return each(l, func(k int, s *dicomtest.Set) { s.Put(dicom.InstanceNumber, "IS", 99-k) })
	}, same())
	add("slice locations that contradict", "classic", func(l []made) []made {
		return each(l, func(k int, s *dicomtest.Set) { s.Put(0x00201041, "DS", -7*k*k) })
	}, same())
	for _, v := range []string{"-5", "99999999999", "x", "", "1.5", "NaN"} {
		add(fmt.Sprintf("series number %q", v), "classic", all(put(tSeriesNumber, "IS", v)), makes(whole5))
	}
	for _, v := range []string{"../../../tmp/x", "CON", "a\nb", strings.Repeat("t1 ", 3000), "\x1b[31m", ""} {
		add(fmt.Sprintf("series description %.20q", v), "classic", all(put(tSeriesDescription, "LO", v)), makes(whole5))
	}

	// Copies and doubles.
	twin := func(k int, do func(s *dicomtest.Set)) func([]made) []made {
		return func(l []made) []made {
			c := made{l[k].Set.Clone(), l[k].file}
			do(c.Set)
			return append(l, c)
		}
	}
	add("an instance twice", "classic", twin(2, func(*dicomtest.Set) {}), same().file(Duplicate, "5", "the same instance as"))
	add("an instance twice, another header", "classic", twin(2, put(tPatientPosition, "CS", "HFS")), same().file(Duplicate, "5", "the same instance as"))
	add("an instance twice, one without pixels", "classic", twin(2, del(dicom.PixelData)), same().refused("5", "(7FE0,0010)"))
	add("an instance twice, one cut off", "classic", twin(2, put(dicom.PixelData, "OW", pixels(20, 1))), same().refused("5", "(7fe0,0010)", "0 of 1 frames"))
	add("an instance twice, other pixels", "classic", twin(2, put(dicom.PixelData, "OW", pixels(30, 1))), makes(whole5+"; 5×6×1 0.7×0.8×1").noted("split off").partial())
	add("an instance twice, other place", "classic", twin(2, put(tPosition, "DS", 2, -50, 60)), makes("5×6×6 0.7×0.8×4.4"))
	add("the same pixels under another UID", "classic", twin(2, put(tSOPInstance, "UI", "1.9")), same().file(Duplicate, "5", "the same place and pixels"))
	add("an instance twice, in RLE and broken", "RLE", func(l []made) []made {
		c := made{l[2].Set.Clone(), l[2].file}
		c.file.Frames = [][][]byte{{make([]byte, 64)}}
		return append(l, c)
	}, same().refused("5", "RLE"))

	// Times and the volumes of a dynamic series.
	add("dates bogus", "classic", all(func(s *dicomtest.Set) {
		s.Put(tAcquisitionDate, "DA", "99999999").Put(tAcquisitionTime, "TM", "midnight").Put(tContentDate, "DA", "20200230").Put(tContentTime, "TM", "256199").Put(tAcquisitionDateTime, "DT", "2020")
	}), same())
	add("dates of 60 kB", "classic", all(put(tAcquisitionTime, "TM", strings.Repeat("1", 60000))), same())
	add("dynamic, temporal positions absent", "dynamic", all(del(tTemporalPosition)), refused("all", position, "4 places with up to 3 slices"))
	add("dynamic, temporal positions equal", "dynamic", all(put(tTemporalPosition, "IS", 1)), refused("all", position, "4 places with up to 3 slices"))
	add("dynamic, temporal positions of 1e300", "dynamic", all(put(tTemporalPosition, "IS", "1e300")), refused("all", position, "4 places"))
	add("dynamic, one temporal position absent", "dynamic", at(5, del(tTemporalPosition)), refused("all", position, "4 places with up to 3 slices"))
	add("dynamic, one temporal position wrong", "dynamic", at(5, put(tTemporalPosition, "IS", 9)), refused("all"))
	add("dynamic, one slice of the last lacks", "dynamic", func(l []made) []made { return l[:11] }, makes("5×6×4 0.7×0.8×4.4; 5×6×4 0.7×0.8×4.4").refused("8 9 10", "temporal position", "3 of the 4"))
	add("dynamic, one slice of each lacks", "dynamic", func(l []made) []made {
		return append(append(l[:1:1], l[2:5]...), append(l[6:9:9], l[10:]...)...)
	}, refused("all", position, "1 of 4 slices missing (3)"))
	add("dynamic, acquisition times instead", "dynamic", func(l []made) []made {
		return each(l, func(k int, s *dicomtest.Set) {
			s.Delete(tTemporalPosition).Put(tAcquisitionTime, "TM", fmt.Sprintf("1000%02d", k))
		})
	}, makes("5×6×4 0.7×0.8×4.4; 5×6×4 0.7×0.8×4.4; 5×6×4 0.7×0.8×4.4"))
	add("dynamic, a volume twice under new UIDs", "dynamic", func(l []made) []made {
		return append(l, tagged(bases["dynamic"]()[:4], "88", nil)...)
	}, same().file(Duplicate, "12 13 14 15", "the same place and pixels"))

	// Echoes.
	add("echoes, echo times absent", "echoes", all(del(tTE)), makes("5×6×4 0.7×0.8×4.4; 5×6×4 0.7×0.8×4.4"))
	add("echoes, echo numbers absent", "echoes", all(del(tEchoNumber)), same())
	add("echoes, neither", "echoes", all(del(tTE, tEchoNumber)), refused("all", position, "4 places with up to 2 slices"))
	add("echoes, echo times of NaN", "echoes", all(put(tTE, "DS", "NaN")), makes("5×6×4 0.7×0.8×4.4; 5×6×4 0.7×0.8×4.4"))
	add("echoes, a slice of one lacks", "echoes", func(l []made) []made { return append(l[:1:1], l[2:]...) },
		makes("5×6×4 0.7×0.8×4.4").refused("0 1 2", position, "1 of 4 slices missing"))
	add("echoes, the second echo's pixels are the first's", "echoes", func(l []made) []made {
		for k := range 4 {
			l[4+k].Put(dicom.PixelData, "OW", l[k].Get(dicom.PixelData).Value.([]uint16))
		}
		return l
	}, makes("5×6×4 0.7×0.8×4.4; 5×6×4 0.7×0.8×4.4"))
	return out
}
