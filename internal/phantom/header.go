package phantom

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"magn/internal/dicom"
	"magn/internal/volume"
)

const mrImage = "1.2.840.10008.5.1.4.1.1.4" // SOP class, PS3.4 B.5

// uid is a UID made of a key (PS3.5 B.2, a UUID's form).
func (e *exam) uid(key ...any) string {
	sum := sha256.Sum256([]byte(fmt.Sprint("phantom uid", e.opt.Seed, e.opt.Patients, e.opt.Size, e.opt.Difficulty, e.opt.Moved, e.person, e.exam, key)))
	return "2.25." + new(big.Int).SetBytes(sum[:16]).String()
}

func (e *exam) studyUID() string           { return e.uid("study") }
func (e *exam) frameUID() string           { return e.uid("frame") }
func (e *exam) seriesUID(s *series) string { return e.uid("series", s.number) }

func (e *exam) instanceUID(s *series, k int) string { return e.uid("instance", s.number, s.key, k) }

func date(t time.Time) string { return t.Format("20060102") }
func clock(t time.Time) string {
	return strings.Replace(t.Format("150405.000"), ",", ".", 1)
}

// about is patient and study modules (PS3.3 C.7.1, C.7.2).
func (e *exam) about() *dicom.Set {
	s := dicom.NewSet().
		Put(dicom.SpecificCharacterSet, "CS", "ISO_IR 192").
		Put(dicom.StudyDate, "DA", date(e.begin)).
		Put(dicom.StudyTime, "TM", clock(e.begin)).
		Put(dicom.AccessionNumber, "SH", fmt.Sprintf("P%04d%d", e.person, e.exam+1)).
		Put(referringPhysician, "PN").
		Put(dicom.StudyDescription, "LO", "Spine").
		Put(dicom.PatientName, "PN", e.name).
		Put(dicom.PatientID, "LO", e.id).
		Put(dicom.PatientBirthDate, "DA", date(e.birth)).
		Put(dicom.PatientSex, "CS", e.sex).
		Put(dicom.PatientComments, "LT", "Synthetic: there is no such patient.").
		Put(dicom.StudyInstanceUID, "UI", e.studyUID()).
		Put(dicom.StudyID, "SH", strconv.Itoa(e.person))
	if e.flaw != noAge {
		s.Put(dicom.PatientAge, "AS", fmt.Sprintf("%03dY", e.age(e.begin)))
	}
	return s.Put(dicom.PatientSize, "DS", fmt.Sprintf("%.2f", e.m)).Put(dicom.PatientWeight, "DS", fmt.Sprintf("%.0f", e.kg))
}

const (
	referringPhysician dicom.Tag = 0x00080090
	windowCenter                 = dicom.WindowCenter
)

// header is what all slices of a series share.
func (e *exam) header(s *series) *dicom.Set {
	m := &manners[e.maker]
	q := m.protocol[s.kind]
	mm := s.stack.grid.Spacing()
	rows, cols := s.stack.grid.Size[1], s.stack.grid.Size[0]
	plane := m.planes[s.stack.view]
	set := e.about().
		Put(dicom.ImageType, "CS", q.imageType).
		Put(dicom.SOPClassUID, "UI", mrImage).
		Put(dicom.SeriesDate, "DA", date(s.begin)).
		Put(dicom.SeriesTime, "TM", clock(s.begin)).
		Put(dicom.AcquisitionDate, "DA", date(s.begin)).
		Put(dicom.ContentDate, "DA", date(s.begin)).
		Put(dicom.Modality, "CS", "MR").
		Put(dicom.Manufacturer, "LO", m.manufacturer).
		Put(dicom.InstitutionName, "LO", "Phantom Hospital").
		Put(dicom.StationName, "SH", m.station).
		Put(dicom.SeriesDescription, "LO", describe(q.name, plane)).
		Put(dicom.ManufacturerModelName, "LO", m.model).
		Put(dicom.BodyPartExamined, "CS", "SPINE").
		Put(dicom.ScanningSequence, "CS", q.scanning).
		Put(dicom.SequenceVariant, "CS", q.variant).
		Put(dicom.ScanOptions, "CS", q.options).
		Put(dicom.MRAcquisitionType, "CS", "2D").
		Put(dicom.SliceThickness, "DS", s.stack.thickness).
		Put(dicom.RepetitionTime, "DS", q.tr).
		Put(dicom.EchoTime, "DS", q.te).
		Put(dicom.NumberOfAverages, "DS", q.averages).
		Put(dicom.ImagingFrequency, "DS", math.Round(42577.478*m.tesla)/1000).
		Put(dicom.ImagedNucleus, "SH", "1H").
		Put(dicom.EchoNumbers, "IS", 1).
		Put(dicom.MagneticFieldStrength, "DS", m.tesla).
		Put(dicom.SpacingBetweenSlices, "DS", round(mm[2], 6)).
		Put(dicom.NumberOfPhaseEncodingSteps, "IS", rows*4/5).
		Put(dicom.EchoTrainLength, "IS", q.train).
		Put(dicom.PercentSampling, "DS", 80).
		Put(dicom.PercentPhaseFieldOfView, "DS", 100).
		Put(dicom.PixelBandwidth, "DS", q.bandwidth).
		Put(dicom.SoftwareVersions, "LO", strings.Split(m.software, `\`)).
		Put(dicom.ProtocolName, "LO", describe(q.name, plane)).
		Put(dicom.ReceiveCoilName, "SH", "SPINE").
		Put(dicom.AcquisitionMatrix, "US", cols, 0, 0, rows*4/5).
		Put(dicom.InPlanePhaseEncodingDirection, "CS", "COL").
		Put(dicom.FlipAngle, "DS", q.flip).
		Put(dicom.PatientPosition, "CS", "HFS").
		Put(dicom.SeriesInstanceUID, "UI", e.seriesUID(s)).
		Put(dicom.SeriesNumber, "IS", s.number*m.numbers+m.numbers/100).
		Put(dicom.AcquisitionNumber, "IS", 1).
		Put(dicom.ImageOrientationPatient, "DS", m.cosines(s.stack.grid)...).
		Put(dicom.FrameOfReferenceUID, "UI", e.frameUID()).
		Put(dicom.PositionReferenceIndicator, "LO").
		Image(rows, cols, 16, m.signed).
		Put(dicom.BitsStored, "US", m.bits).
		Put(dicom.HighBit, "US", m.bits-1).
		Put(dicom.PixelSpacing, "DS", round(mm[1], 6), round(mm[0], 6)).
		Put(windowCenter, "DS", math.Round(450*m.scale)).
		Put(dicom.WindowWidth, "DS", math.Round(1000*m.scale))
	if q.sequence != "" {
		set.Put(dicom.SequenceName, "SH", q.sequence)
	}
	if q.ti > 0 {
		set.Put(dicom.InversionTime, "DS", q.ti)
	}
	if s.kind == subtracted {
		set.Put(dicom.DerivationDescription, "ST", "Subtraction of the series before contrast")
	}
	if e.agent == agentAlways || e.agent == agentAfter && s.kind.contrast() {
		set.Put(dicom.ContrastBolusAgent, "LO", m.agents[e.person%len(m.agents)])
		if e.agent == agentAfter {
			set.Put(dicom.ContrastBolusRoute, "LO", "IV").Put(dicom.ContrastBolusVolume, "DS", math.Round(e.kg*.2))
		}
	}
	e.private(set, s)
	return set
}

func describe(name, plane string) string { return strings.Replace(name, "%s", plane, 1) }

// private adds what a maker hides in private elements and readers look for.
func (e *exam) private(set *dicom.Set, s *series) {
	switch e.maker {
	case siemens:
		set.Private(0x0051, "SIEMENS MR HEADER", 0x0E, "LO", map[volume.View]string{volume.Sagittal: "Sag", volume.Coronal: "Cor", volume.Axial: "Tra"}[s.stack.view])
	case ge:
		set.Private(0x0019, "GEMS_ACQU_01", 0x9C, "LO", "fse-xl")
		set.Private(0x0043, "GEMS_PARM_01", 0x2F, "SS", 0) // magnitude
	case philips:
		slope, private := e.philipsSlopes(s)
		set.Put(dicom.RescaleIntercept, "DS", 0).Put(dicom.RescaleSlope, "DS", slope).Put(dicom.RescaleType, "LO", "normalized")
		const imaging, mr = "Philips Imaging DD 001", "Philips MR Imaging DD 001"
		set.Private(0x2001, imaging, 0x0B, "CS", map[volume.View]string{volume.Sagittal: "SAGITTAL", volume.Coronal: "CORONAL", volume.Axial: "TRANSVERSAL"}[s.stack.view])
		set.Private(0x2005, mr, 0x0D, "FL", 0.).Private(0x2005, mr, 0x0E, "FL", private)
	}
}

// philipsSlopes are the rescale slope and the private scale slope of a series: they
// differ from series to series.
func (e *exam) philipsSlopes(s *series) (rescale, scale float64) {
	f := float64(len(s.key)%5) + float64(e.person%7)/7
	return round(1.2+.31*f, 10), float64(float32(.0041 + .0013*f))
}

// cosines are the directions of rows and columns (PS3.3 C.7.6.2.1.1), LPS.
func (m *manner) cosines(g volume.Grid) []any {
	mm := g.Spacing()
	out := make([]any, 0, 6)
	for c := range 2 {
		for r, sign := range [3]float64{-1, -1, 1} {
			out = append(out, m.decimal(sign*g.Affine[r][c]/mm[c]))
		}
	}
	return out
}

// position is the centre of a slice's first pixel, LPS.
func (m *manner) position(g volume.Grid, k int) []any {
	p := g.Affine.Apply([3]float64{0, 0, float64(k)})
	return []any{m.decimal(-p[0]), m.decimal(-p[1]), m.decimal(p[2])}
}

// decimal is a number with as many digits as a maker writes.
func (m *manner) decimal(x float64) any {
	if m.decimals {
		return strconv.FormatFloat(round(x, m.digits), 'f', -1, 64)
	}
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', m.digits, 64), 64)
	return x + 0
}

// round to a number of decimals; minus zero becomes zero.
func round(x float64, decimals int) float64 {
	f := math.Pow(10, float64(decimals))
	return math.Round(x*f)/f + 0
}

// slice is the header and the pixels of slice k of n.
func (e *exam) slice(head *dicom.Set, s *series, k, instance int) *dicom.Set {
	m := &manners[e.maker]
	g := s.stack.grid
	n := g.Size[0] * g.Size[1]
	at := s.begin.Add(time.Duration(k%2*g.Size[2]/2+k/2) * 80 * time.Millisecond) // interleaved
	p := g.Affine.Apply([3]float64{0, 0, float64(k)})
	along := [3]float64{-p[0], -p[1], p[2]}[s.stack.view]
	return head.Clone().
		Put(dicom.SOPInstanceUID, "UI", e.instanceUID(s, k)).
		Put(dicom.AcquisitionTime, "TM", clock(s.begin)).
		Put(dicom.ContentTime, "TM", clock(at)).
		Put(dicom.InstanceNumber, "IS", instance).
		Put(dicom.ImagePositionPatient, "DS", m.position(g, k)...).
		Put(dicom.SliceLocation, "DS", round(along, 5)).
		Put(dicom.PixelData, "OW", stored(s.image[k*n:(k+1)*n]))
}

// stored is a slice's pixels: whole numbers that fit 16 bits already.
func stored(image []float32) []uint16 {
	out := make([]uint16, len(image))
	for i, x := range image {
		out[i] = uint16(x)
	}
	return out
}
