// Package dicomtest writes DICOM files for tests: small ones, of any encoding,
// and wrong ones where a test wants that. It checks nothing.
//
// A Set is dicom's: the elements of a data set, or of an item. A File puts a Set
// into bytes.
//
//	s := dicomtest.MR(2, 2, []uint16{1, 2, 3, 4})
//	s.Put(dicom.SeriesDescription, "LO", "t1 sag")
//	s.Seq(dicom.PixelMeasuresSequence, dicomtest.New().Put(dicom.PixelSpacing, "DS", 0.5, 0.5))
//	err := dicomtest.File{Set: s, Syntax: dicom.ImplicitLittle}.Write(path)
package dicomtest

import "magn/internal/dicom"

// Set is a data set, or an item.
type Set = dicom.Set

// New is an empty Set.
func New() *Set { return dicom.NewSet() }

// MR is a slice as a scanner writes it: 16 bits, one sample, axial in the
// origin, 1 mm pixels; pixels in row-major order. UIDs and numbers are to be
// replaced where there is more than one.
func MR(rows, cols int, pixels []uint16) *Set {
	return New().
		Put(dicom.ImageType, "CS", "ORIGINAL", "PRIMARY", "M", "ND").
		Put(dicom.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.4").
		Put(dicom.SOPInstanceUID, "UI", "1.2.3.4.1").
		Put(dicom.Modality, "CS", "MR").
		Put(dicom.StudyInstanceUID, "UI", "1.2.3").
		Put(dicom.SeriesInstanceUID, "UI", "1.2.3.4").
		Put(dicom.FrameOfReferenceUID, "UI", "1.2.3.5").
		Put(dicom.SeriesNumber, "IS", 1).
		Put(dicom.InstanceNumber, "IS", 1).
		Put(dicom.ImagePositionPatient, "DS", 0.0, 0.0, 0.0).
		Put(dicom.ImageOrientationPatient, "DS", 1.0, 0.0, 0.0, 0.0, 1.0, 0.0).
		Put(dicom.PixelSpacing, "DS", 1.0, 1.0).
		Put(dicom.SliceThickness, "DS", 1.0).
		Image(rows, cols, 16, false).
		Put(dicom.PixelData, "OW", pixels)
}

// Words is 16-bit samples as the bytes of a little-endian file.
func Words[T int16 | uint16](v []T) []byte { return dicom.Words(v) }
