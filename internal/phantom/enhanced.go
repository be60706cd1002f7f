package phantom

import (
	"math"
	"strconv"
	"time"

	"magn/internal/dicom"
)

const enhancedMR = "1.2.840.10008.5.1.4.1.1.4.1" // Enhanced MR Image Storage, PS3.4 B.5

// Elements of enhanced images that package dicom has no name for (PS3.6).
const (
	tAcquisitionDuration dicom.Tag = 0x00189073
	tVolumeBased         dicom.Tag = 0x00089207
	tQualification       dicom.Tag = 0x00189004
	tFiltering           dicom.Tag = 0x00189064
	tNucleus             dicom.Tag = 0x00189100
	tSafetyAgency        dicom.Tag = 0x00189174
	tSaturationRecovery  dicom.Tag = 0x00189024
	tTraversal           dicom.Tag = 0x00189032
	tSegmented           dicom.Tag = 0x00189033
	tReordering          dicom.Tag = 0x00189034
	tTrajectories        dicom.Tag = 0x00189093
	tOversampling        dicom.Tag = 0x00189029
	tContextSeq          dicom.Tag = 0x00400555
	tPresentationShape   dicom.Tag = 0x20500020
	tFrameAnatomySeq     dicom.Tag = 0x00209071
	tRFTrain             dicom.Tag = 0x00189240
	tGradientTrain       dicom.Tag = 0x00189241
	tOperatingModeSeq    dicom.Tag = 0x00189176
	tOperatingModeType   dicom.Tag = 0x00189177
	tOperatingMode       dicom.Tag = 0x00189178
	tGradientOutputType  dicom.Tag = 0x00189180
	tGradientOutput      dicom.Tag = 0x00189182
	tSARSeq              dicom.Tag = 0x00189239
	tSARDefinition       dicom.Tag = 0x00189179
	tSARValue            dicom.Tag = 0x00189181
	tFrequencySteps      dicom.Tag = 0x00189058
	tPhaseSteps          dicom.Tag = 0x00189231
	tInversionTimes      dicom.Tag = 0x00189079
	tPartialFourier      dicom.Tag = 0x00189081
	tParallel            dicom.Tag = 0x00189077
	tImagingModifierSeq  dicom.Tag = 0x00189006
	tBloodNulling        dicom.Tag = 0x00189022
	tTagging             dicom.Tag = 0x00189028
	tTransmitFrequency   dicom.Tag = 0x00189098
	tCoilMaker           dicom.Tag = 0x00189041
	tCoilType            dicom.Tag = 0x00189043
	tCoilQuadrature      dicom.Tag = 0x00189044
	tTransmitCoilSeq     dicom.Tag = 0x00189049
	tTransmitCoilMaker   dicom.Tag = 0x00189050
	tTransmitCoilType    dicom.Tag = 0x00189051
	tAgentNumber         dicom.Tag = 0x00189337
	tIngredientSeq       dicom.Tag = 0x00189338
	tAgentAdministered   dicom.Tag = 0x00189342
	tAgentDetected       dicom.Tag = 0x00189343
	tIngredientOpaque    dicom.Tag = 0x00189425
)

// multiFrame is a series as one multi-frame file (PS3.3 A.36.2): its stacks are those
// of the list, which share everything else.
func (e *exam) multiFrame(list []*series) *dicom.Set {
	s := list[0]
	m := &manners[e.maker]
	q := m.protocol[s.kind]
	rows, cols := s.stack.grid.Size[1], s.stack.grid.Size[0]
	contrast := map[kind]string{t2Image: "T2", stir: "STIR"}[s.kind]
	if contrast == "" {
		contrast = "T1"
	}
	imageType := []string{"ORIGINAL", "PRIMARY", "VOLUME", "NONE"}
	if s.kind == localizer {
		imageType[2] = "LOCALIZER"
	}
	if s.kind == subtracted {
		imageType = []string{"DERIVED", "PRIMARY", "VOLUME", "SUBTRACTION"}
	}
	describeFrame := func(set *dicom.Set) *dicom.Set {
		return set.Put(dicom.PixelPresentation, "CS", "MONOCHROME").Put(dicom.VolumetricProperties, "CS", "VOLUME").
			Put(tVolumeBased, "CS", "NONE").Put(dicom.ComplexImageComponent, "CS", "MAGNITUDE").Put(dicom.AcquisitionContrast, "CS", contrast)
	}
	organization := e.uid("stacks")
	set := describeFrame(e.about()).
		Put(dicom.ImageType, "CS", imageType).
		Put(dicom.SOPClassUID, "UI", enhancedMR).
		Put(dicom.SOPInstanceUID, "UI", e.instanceUID(s, 0)).
		Put(dicom.SeriesDate, "DA", date(s.begin)).
		Put(dicom.SeriesTime, "TM", clock(s.begin)).
		Put(dicom.ContentDate, "DA", date(s.begin)).
		Put(dicom.ContentTime, "TM", clock(s.begin)).
		Put(dicom.AcquisitionDateTime, "DT", instant(s.begin)).
		Put(tAcquisitionDuration, "FD", 180.).
		Put(dicom.Modality, "CS", "MR").
		Put(dicom.Manufacturer, "LO", m.manufacturer).
		Put(dicom.InstitutionName, "LO", "Phantom Hospital").
		Put(dicom.StationName, "SH", m.station).
		Put(dicom.SeriesDescription, "LO", describe(q.name, m.planes[s.stack.view])).
		Put(dicom.ManufacturerModelName, "LO", m.model).
		Put(dicom.DeviceSerialNumber, "LO", "20777").
		Put(dicom.SoftwareVersions, "LO", "5.3.1").
		Put(dicom.ProtocolName, "LO", describe(q.name, m.planes[s.stack.view])).
		Put(dicom.PatientPosition, "CS", "HFS").
		Put(tNucleus, "CS", "1H").
		Put(tFiltering, "CS", "NONE").
		Put(dicom.MagneticFieldStrength, "DS", m.tesla).
		Put(tSafetyAgency, "CS", "IEC").
		Put(tQualification, "CS", "PRODUCT").
		Put(dicom.InstanceNumber, "IS", 1).
		Put(dicom.AcquisitionNumber, "IS", 1).
		Put(dicom.SeriesInstanceUID, "UI", e.seriesUID(s)).
		Put(dicom.SeriesNumber, "IS", s.number*m.numbers+m.numbers/100).
		Put(dicom.FrameOfReferenceUID, "UI", e.frameUID()).
		Put(dicom.PositionReferenceIndicator, "LO").
		Seq(tContextSeq).
		Put(tPresentationShape, "CS", "IDENTITY").
		Put(dicom.LossyImageCompression, "CS", "00").
		Put(dicom.BurnedInAnnotation, "CS", "NO").
		Image(rows, cols, 16, false).
		Put(dicom.BitsStored, "US", m.bits).
		Put(dicom.HighBit, "US", m.bits-1).
		Seq(tDimensionOrgSeq, dicom.NewSet().Put(dicom.DimensionOrganizationUID, "UI", organization)).
		Seq(dicom.DimensionIndexSequence,
			dimension(organization, dicom.StackID, dicom.FrameContentSequence),
			dimension(organization, dicom.InStackPositionNumber, dicom.FrameContentSequence))
	if s.kind != subtracted { // of images that were acquired
		pulseSequence(set, s.kind == localizer)
	}
	shared := e.shared(s, q).Seq(dicom.MRImageFrameTypeSequence, describeFrame(dicom.NewSet().Put(dicom.FrameType, "CS", imageType)))
	if e.agent == agentAlways || e.agent == agentAfter && s.kind.contrast() {
		e.enhancedAgent(set, shared)
	}
	var frames []*dicom.Set
	var pixels []uint16
	for n, x := range list {
		for k := range x.stack.grid.Size[2] {
			at := instant(s.begin.Add(time.Duration(k) * 80 * time.Millisecond))
			mm := x.stack.grid.Spacing()
			frames = append(frames, dicom.NewSet().
				Seq(dicom.FrameContentSequence, dicom.NewSet().
					Put(dicom.FrameAcquisitionDateTime, "DT", at).
					Put(dicom.FrameReferenceDateTime, "DT", at).
					Put(dicom.FrameAcquisitionDuration, "FD", q.tr).
					Put(dicom.FrameAcquisitionNumber, "US", 1).
					Put(dicom.StackID, "SH", strconv.Itoa(n+1)).
					Put(dicom.InStackPositionNumber, "UL", k+1).
					Put(dicom.DimensionIndexValues, "UL", n+1, k+1)).
				Seq(dicom.PlanePositionSequence, dicom.NewSet().Put(dicom.ImagePositionPatient, "DS", m.position(x.stack.grid, k)...)).
				Seq(dicom.PlaneOrientationSequence, dicom.NewSet().Put(dicom.ImageOrientationPatient, "DS", m.cosines(x.stack.grid)...)).
				Seq(dicom.PixelMeasuresSequence, dicom.NewSet().
					Put(dicom.SliceThickness, "DS", x.stack.thickness).
					Put(dicom.SpacingBetweenSlices, "DS", round(mm[2], 6)).
					Put(dicom.PixelSpacing, "DS", round(mm[1], 6), round(mm[0], 6))))
		}
		pixels = append(pixels, stored(x.image)...)
	}
	return set.Put(dicom.NumberOfFrames, "IS", len(frames)).
		Seq(dicom.SharedFunctionalGroupsSequence, shared).
		Seq(dicom.PerFrameFunctionalGroupsSequence, frames...).
		Put(dicom.PixelData, "OW", pixels)
}

// pulseSequence is the module of that name (PS3.3 C.8.13.4).
func pulseSequence(set *dicom.Set, gradient bool) {
	set.Put(dicom.PulseSequenceName, "SH", "TSE").Put(dicom.EchoPulseSequence, "CS", "SPIN").Put(dicom.MultipleSpinEcho, "CS", "YES")
	if gradient {
		set.Put(dicom.PulseSequenceName, "SH", "FFE").Put(dicom.EchoPulseSequence, "CS", "GRADIENT").Delete(dicom.MultipleSpinEcho)
	}
	set.Put(dicom.MRAcquisitionType, "CS", "2D").
		Put(dicom.MultiPlanarExcitation, "CS", "NO").
		Put(dicom.PhaseContrast, "CS", "NO").
		Put(dicom.TimeOfFlightContrast, "CS", "NO").
		Put(dicom.SteadyStatePulseSequence, "CS", "NONE").
		Put(dicom.EchoPlanarPulseSequence, "CS", "NO").
		Put(tSaturationRecovery, "CS", "NO").
		Put(dicom.SpectrallySelectedSuppression, "CS", "NONE").
		Put(tOversampling, "CS", "NONE").
		Put(tTraversal, "CS", "RECTILINEAR").
		Put(tSegmented, "CS", "PARTIAL").
		Put(tReordering, "CS", "LINEAR").
		Put(tTrajectories, "US", 1)
}

// shared is the functional groups that all frames have in common (PS3.3 C.8.13.5).
func (e *exam) shared(s *series, q sequence) *dicom.Set {
	m := &manners[e.maker]
	rows, cols := s.stack.grid.Size[1], s.stack.grid.Size[0]
	slope, _ := e.philipsSlopes(s)
	rf, gradient := q.train, 0
	if s.kind == localizer {
		rf, gradient = 0, q.train
	}
	modifier := dicom.NewSet().Put(dicom.InversionRecovery, "CS", "NO")
	if q.ti > 0 {
		modifier.Put(dicom.InversionRecovery, "CS", "YES").Put(tInversionTimes, "FD", q.ti)
	}
	return dicom.NewSet().
		Seq(tFrameAnatomySeq, dicom.NewSet().Put(dicom.FrameLaterality, "CS", "U").Seq(dicom.AnatomicRegionSequence, code("421060004", "SCT", "Spine"))).
		Seq(dicom.PixelValueTransformationSequence, dicom.NewSet().
			Put(dicom.RescaleIntercept, "DS", 0).Put(dicom.RescaleSlope, "DS", slope).Put(dicom.RescaleType, "LO", "US")).
		Seq(dicom.FrameVOILUTSequence, dicom.NewSet().
			Put(dicom.WindowCenter, "DS", math.Round(450*m.scale*slope)).Put(dicom.WindowWidth, "DS", math.Round(1000*m.scale*slope))).
		Seq(dicom.MRTimingAndRelatedParametersSequence, dicom.NewSet().
			Put(dicom.RepetitionTime, "DS", q.tr).Put(dicom.FlipAngle, "DS", q.flip).Put(dicom.EchoTrainLength, "IS", q.train).
			Put(tRFTrain, "US", rf).Put(tGradientTrain, "US", gradient).
			Put(tGradientOutputType, "CS", "DB_DT").Put(tGradientOutput, "FD", 20.).
			Seq(tSARSeq, dicom.NewSet().Put(tSARDefinition, "CS", "IEC_WHOLE_BODY").Put(tSARValue, "FD", 1.4)).
			Seq(tOperatingModeSeq, dicom.NewSet().Put(tOperatingModeType, "CS", "STATIC FIELD").Put(tOperatingMode, "CS", "IEC_NORMAL"))).
		Seq(dicom.MRFOVGeometrySequence, dicom.NewSet().
			Put(dicom.InPlanePhaseEncodingDirection, "CS", "COLUMN").Put(tFrequencySteps, "US", cols).Put(tPhaseSteps, "US", rows*4/5).
			Put(dicom.PercentSampling, "DS", 80).Put(dicom.PercentPhaseFieldOfView, "DS", 100)).
		Seq(dicom.MREchoSequence, dicom.NewSet().Put(dicom.EffectiveEchoTime, "FD", q.te)).
		Seq(dicom.MRModifierSequence, modifier.
			Put(dicom.FlowCompensation, "CS", "NONE").Put(dicom.Spoiling, "CS", "NONE").Put(dicom.T2Preparation, "CS", "NO").
			Put(dicom.SpectrallySelectedExcitation, "CS", "NONE").Put(dicom.SpatialPresaturation, "CS", "NONE").
			Put(tPartialFourier, "CS", "NO").Put(tParallel, "CS", "NO")).
		Seq(tImagingModifierSeq, dicom.NewSet().
			Put(dicom.MagnetizationTransfer, "CS", "NONE").Put(tBloodNulling, "CS", "NO").Put(tTagging, "CS", "NONE").
			Put(tTransmitFrequency, "FD", math.Round(42577.478*m.tesla)/1000).Put(dicom.PixelBandwidth, "DS", q.bandwidth)).
		Seq(dicom.MRReceiveCoilSequence, dicom.NewSet().
			Put(dicom.ReceiveCoilName, "SH", "SPINE").Put(tCoilMaker, "LO").Put(tCoilType, "CS", "SURFACE").Put(tCoilQuadrature, "CS", "NO")).
		Seq(tTransmitCoilSeq, dicom.NewSet().
			Put(dicom.TransmitCoilName, "SH", "BODY").Put(tTransmitCoilMaker, "LO").Put(tTransmitCoilType, "CS", "BODY")).
		Seq(dicom.MRAveragesSequence, dicom.NewSet().Put(dicom.NumberOfAverages, "DS", q.averages))
}

// enhancedAgent says that contrast was given (PS3.3 C.7.6.4b, C.7.6.16.2.12).
func (e *exam) enhancedAgent(set, shared *dicom.Set) {
	set.Seq(dicom.ContrastBolusAgentSequence, code("C-B0322", "SRT", "Gadolinium-containing contrast agent").
		Put(tAgentNumber, "US", 1).
		Seq(dicom.ContrastBolusAdministrationRouteSequence, code("G-D101", "SRT", "Intravenous route")).
		Put(dicom.ContrastBolusVolume, "DS", math.Round(e.kg*.2)).
		Seq(tIngredientSeq, code("C-17800", "SRT", "Gadolinium")).
		Put(tIngredientOpaque, "CS", "NO").
		Put(dicom.ContrastBolusIngredientConcentration, "DS", 500))
	shared.Seq(dicom.ContrastBolusUsageSequence, dicom.NewSet().
		Put(tAgentNumber, "US", 1).Put(tAgentAdministered, "CS", "YES").Put(tAgentDetected, "CS", "YES"))
}

// instant is a time as DT.
func instant(t time.Time) string { return t.Format("20060102150405.000") }
