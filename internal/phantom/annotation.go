package phantom

import (
	"fmt"
	"slices"
	"time"

	"magn/internal/dicom"
	"magn/internal/volume"
)

// SOP classes of annotations (PS3.4 B.5).
const (
	segClass = "1.2.840.10008.5.1.4.1.1.66.4"
	rtClass  = "1.2.840.10008.5.1.4.1.1.481.3"
)

// Elements of annotations that package dicom has no name for.
const (
	tOperatorsName       dicom.Tag = 0x00081070
	tContentLabel        dicom.Tag = 0x00700080
	tContentDescription  dicom.Tag = 0x00700081
	tContentCreator      dicom.Tag = 0x00700084
	tDimensionOrgSeq     dicom.Tag = 0x00209221
	tPurposeSeq          dicom.Tag = 0x0040A170
	tDerivationCodeSeq   dicom.Tag = 0x00089215
	tInstanceSeq         dicom.Tag = 0x0008114A
	tStructureSetDate    dicom.Tag = 0x30060008
	tStructureSetTime    dicom.Tag = 0x30060009
	tROIAlgorithm        dicom.Tag = 0x30060036
	tROIInterpreter      dicom.Tag = 0x300600A6
	tObservationNumber   dicom.Tag = 0x30060082
	tReferencedStudyUID  dicom.Tag = 0x00081155
	tReferencedClassUID  dicom.Tag = 0x00081150
	tSpatialLocations    dicom.Tag = 0x0028135A
	tSegmentationOverlap dicom.Tag = 0x00620013
)

// drawnAt is when the outline was drawn: radiologists find time later.
func (e *exam) drawnAt() time.Time { return e.begin.AddDate(0, 0, 9) }

// annotated is the head of an object that annotates a series of an exam.
func (e *exam) annotated(class, modality string, number int) *dicom.Set {
	done := e.drawnAt()
	return e.about().
		Put(dicom.SOPClassUID, "UI", class).
		Put(dicom.SOPInstanceUID, "UI", e.uid(modality)).
		Put(dicom.SeriesInstanceUID, "UI", e.uid("series", modality)).
		Put(dicom.SeriesNumber, "IS", number).
		Put(dicom.SeriesDate, "DA", date(done)).
		Put(dicom.SeriesTime, "TM", clock(done)).
		Put(dicom.Modality, "CS", modality).
		Put(dicom.SeriesDescription, "LO", "Lesions").
		Put(dicom.Manufacturer, "LO", "magn").
		Put(dicom.ManufacturerModelName, "LO", "phantom").
		Put(dicom.DeviceSerialNumber, "LO", "1").
		Put(dicom.SoftwareVersions, "LO", "1").
		Put(dicom.FrameOfReferenceUID, "UI", e.frameUID()).
		Put(dicom.PositionReferenceIndicator, "LO").
		Put(dicom.InstanceNumber, "IS", 1)
}

func code(value, scheme, meaning string) *dicom.Set {
	return dicom.NewSet().Put(dicom.CodeValue, "SH", value).Put(dicom.CodingSchemeDesignator, "SH", scheme).Put(dicom.CodeMeaning, "LO", meaning)
}

// image refers to one slice: to its file, or to its frame of the file of its series.
func (e *exam) image(s *series, k int) *dicom.Set {
	if e.enhanced {
		return dicom.NewSet().Put(dicom.ReferencedSOPClassUID, "UI", enhancedMR).
			Put(dicom.ReferencedSOPInstanceUID, "UI", e.instanceUID(s, 0)).Put(dicom.ReferencedFrameNumber, "IS", k+1)
	}
	return dicom.NewSet().Put(dicom.ReferencedSOPClassUID, "UI", mrImage).Put(dicom.ReferencedSOPInstanceUID, "UI", e.instanceUID(s, k))
}

// images refers to all files that hold one of the slices.
func (e *exam) images(s *series, slices map[int]bool) (out []*dicom.Set) {
	if e.enhanced {
		return []*dicom.Set{e.image(s, 0).Delete(dicom.ReferencedFrameNumber)}
	}
	for k := range s.stack.grid.Size[2] {
		if slices[k] {
			out = append(out, e.image(s, k))
		}
	}
	return out
}

// drawnOn is the slices on which a label is.
func drawnOn(m *volume.Mask, label uint16) (out []int) {
	n := m.Size[0] * m.Size[1]
	for k := range m.Size[2] {
		if slices.Contains(m.Labels[k*n:(k+1)*n], label) {
			out = append(out, k)
		}
	}
	return out
}

func labelsOf(m *volume.Mask) (out []uint16) {
	for l := uint16(1); l <= maxLesions; l++ {
		if slices.Contains(m.Labels, l) {
			out = append(out, l)
		}
	}
	return out
}

// seg is the outline as a DICOM segmentation (PS3.3 A.51): a segment a lesion, a
// frame a slice that shows it.
func (e *exam) seg(s *series, m *volume.Mask) *dicom.Set {
	maker := &manners[e.maker]
	mm := m.Spacing()
	labels := labelsOf(m)
	var segments, frames []*dicom.Set
	var bits bitWriter
	seen := map[int]bool{}
	for i, l := range labels {
		number := i + 1 // without gaps (PS3.3 C.8.20.4): a lesion may lie beside the series
		segments = append(segments, dicom.NewSet().
			Seq(dicom.SegmentedPropertyCategoryCodeSequence, code("49755003", "SCT", "Morphologically Abnormal Structure")).
			Put(dicom.SegmentNumber, "US", number).
			Put(dicom.SegmentLabel, "LO", fmt.Sprintf("Lesion %d", l)).
			Put(dicom.SegmentAlgorithmType, "CS", "MANUAL").
			Seq(dicom.SegmentedPropertyTypeCodeSequence, code("52988006", "SCT", "Lesion")))
		for _, k := range drawnOn(m, l) {
			seen[k] = true
			frames = append(frames, dicom.NewSet().
				Seq(dicom.DerivationImageSequence, dicom.NewSet().
					Seq(tDerivationCodeSeq, code("113076", "DCM", "Segmentation")).
					Seq(dicom.SourceImageSequence, e.image(s, k).
						Seq(tPurposeSeq, code("121322", "DCM", "Source image for image processing operation")).
						Put(tSpatialLocations, "CS", "YES"))).
				Seq(dicom.FrameContentSequence, dicom.NewSet().Put(dicom.DimensionIndexValues, "UL", number, k+1)).
				Seq(dicom.PlanePositionSequence, dicom.NewSet().Put(dicom.ImagePositionPatient, "DS", maker.position(m.Grid, k)...)).
				Seq(dicom.SegmentIdentificationSequence, dicom.NewSet().Put(dicom.ReferencedSegmentNumber, "US", number)))
			n := m.Size[0] * m.Size[1]
			for _, x := range m.Labels[k*n : (k+1)*n] {
				bits.put(x == l)
			}
		}
	}
	organization := e.uid("dimensions")
	set := e.annotated(segClass, "SEG", 900).
		Put(dicom.ContentDate, "DA", date(e.drawnAt())).
		Put(dicom.ContentTime, "TM", clock(e.drawnAt())).
		Put(dicom.ImageType, "CS", "DERIVED", "PRIMARY").
		Seq(dicom.ReferencedSeriesSequence, dicom.NewSet().Seq(tInstanceSeq, e.images(s, seen)...).Put(dicom.SeriesInstanceUID, "UI", e.seriesUID(s))).
		Seq(tDimensionOrgSeq, dicom.NewSet().Put(dicom.DimensionOrganizationUID, "UI", organization)).
		Seq(dicom.DimensionIndexSequence,
			dimension(organization, dicom.ReferencedSegmentNumber, dicom.SegmentIdentificationSequence),
			dimension(organization, dicom.ImagePositionPatient, dicom.PlanePositionSequence)).
		Image(m.Size[1], m.Size[0], 1, false).
		Put(dicom.NumberOfFrames, "IS", len(frames)).
		Put(dicom.LossyImageCompression, "CS", "00").
		Put(dicom.SegmentationType, "CS", "BINARY").
		Put(tSegmentationOverlap, "CS", "NO").
		Seq(dicom.SegmentSequence, segments...).
		Put(tContentLabel, "CS", "LESIONS").
		Put(tContentDescription, "LO", "Lesions as drawn").
		Put(tContentCreator, "PN", "Phantom^Radiologist").
		Seq(dicom.SharedFunctionalGroupsSequence, dicom.NewSet().
			Seq(dicom.PlaneOrientationSequence, dicom.NewSet().Put(dicom.ImageOrientationPatient, "DS", maker.cosines(m.Grid)...)).
			Seq(dicom.PixelMeasuresSequence, dicom.NewSet().
				Put(dicom.SliceThickness, "DS", s.stack.thickness).
				Put(dicom.SpacingBetweenSlices, "DS", round(mm[2], 6)).
				Put(dicom.PixelSpacing, "DS", round(mm[1], 6), round(mm[0], 6)))).
		Seq(dicom.PerFrameFunctionalGroupsSequence, frames...)
	return set.Put(dicom.PixelData, "OB", bits.bytes())
}

func dimension(organization string, index, group dicom.Tag) *dicom.Set {
	return dicom.NewSet().Put(dicom.DimensionOrganizationUID, "UI", organization).
		Put(dicom.DimensionIndexPointer, "AT", index).Put(dicom.FunctionalGroupPointer, "AT", group)
}

// bitWriter packs bits from the lowest up (PS3.5 8.1.1).
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) put(bit bool) {
	if w.n%8 == 0 {
		w.b = append(w.b, 0)
	}
	if bit {
		w.b[w.n/8] |= 1 << (w.n % 8)
	}
	w.n++
}

func (w *bitWriter) bytes() []byte {
	if len(w.b)%2 == 1 {
		return append(w.b, 0)
	}
	return w.b
}

// structureSet is the outline as a radiotherapy structure set (PS3.3 A.19): a
// region a lesion.
func (e *exam) structureSet(s *series, m *volume.Mask) *dicom.Set {
	var rois, lines, observations []*dicom.Set
	seen := map[int]bool{}
	n := m.Size[0] * m.Size[1]
	for _, l := range labelsOf(m) {
		rois = append(rois, dicom.NewSet().Put(dicom.ROINumber, "IS", int(l)).
			Put(dicom.ReferencedFrameOfReferenceUID, "UI", e.frameUID()).
			Put(dicom.ROIName, "LO", fmt.Sprintf("Lesion %d", l)).Put(tROIAlgorithm, "CS", "MANUAL"))
		var list []*dicom.Set
		for _, k := range drawnOn(m, l) {
			seen[k] = true
			for _, line := range contours(m.Labels[k*n:(k+1)*n], l, m.Size[0]) {
				list = append(list, e.contour(s, m.Grid, k, line))
			}
		}
		lines = append(lines, dicom.NewSet().Put(dicom.ROIDisplayColor, "IS", 255, 200, 0).
			Put(dicom.ReferencedROINumber, "IS", int(l)).Seq(dicom.ContourSequence, list...))
		observations = append(observations, dicom.NewSet().Put(tObservationNumber, "IS", int(l)).
			Put(dicom.ReferencedROINumber, "IS", int(l)).Put(dicom.RTROIInterpretedType, "CS", "GTV").Put(tROIInterpreter, "PN"))
	}
	done := e.drawnAt()
	return e.annotated(rtClass, "RTSTRUCT", 901).
		Put(tOperatorsName, "PN").
		Put(dicom.StructureSetLabel, "SH", "Lesions").
		Put(tStructureSetDate, "DA", date(done)).
		Put(tStructureSetTime, "TM", clock(done)).
		Seq(dicom.ReferencedFrameOfReferenceSequence, dicom.NewSet().
			Put(dicom.FrameOfReferenceUID, "UI", e.frameUID()).
			Seq(dicom.RTReferencedStudySequence, dicom.NewSet().
				Put(tReferencedClassUID, "UI", "1.2.840.10008.3.1.2.3.1").
				Put(tReferencedStudyUID, "UI", e.studyUID()).
				Seq(dicom.RTReferencedSeriesSequence, dicom.NewSet().
					Put(dicom.SeriesInstanceUID, "UI", e.seriesUID(s)).
					Seq(dicom.ContourImageSequence, e.images(s, seen)...)))).
		Seq(dicom.StructureSetROISequence, rois...).
		Seq(dicom.ROIContourSequence, lines...).
		Seq(dicom.RTROIObservationsSequence, observations...)
}

// contour is one closed line on a slice, in patient mm (LPS).
func (e *exam) contour(s *series, g volume.Grid, k int, line [][2]float64) *dicom.Set {
	data := make([]any, 0, 3*len(line))
	for _, p := range line {
		q := g.Affine.Apply([3]float64{p[0], p[1], float64(k)})
		data = append(data, round(-q[0], 5), round(-q[1], 5), round(q[2], 5))
	}
	return dicom.NewSet().Seq(dicom.ContourImageSequence, e.image(s, k)).
		Put(dicom.ContourGeometricType, "CS", "CLOSED_PLANAR").
		Put(dicom.NumberOfContourPoints, "IS", len(line)).
		Put(dicom.ContourData, "DS", data...)
}
