package dicomtest

import (
	"encoding/binary"

	"magn/internal/dicom"
)

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

// Image sets the elements that describe monochrome pixel data (PS3.3 C.7.6.3):
// all allocated bits are stored.
func (s *Set) Image(rows, cols, bits int, signed bool) *Set {
	pr := 0
	if signed {
		pr = 1
	}
	return s.Put(dicom.SamplesPerPixel, "US", 1).
		Put(dicom.PhotometricInterpretation, "CS", "MONOCHROME2").
		Put(dicom.Rows, "US", rows).
		Put(dicom.Columns, "US", cols).
		Put(dicom.BitsAllocated, "US", bits).
		Put(dicom.BitsStored, "US", bits).
		Put(dicom.HighBit, "US", bits-1).
		Put(dicom.PixelRepresentation, "US", pr)
}

// Words is 16-bit samples as the bytes of a little-endian file.
func Words[T int16 | uint16](v []T) []byte {
	b := make([]byte, 0, 2*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	return b
}
