package convert

import (
	"math"
	"slices"
	"strings"

	"magn/internal/dicom"
)

// Attributes that are read (PS3.6), by keyword.
const (
	tImageType           dicom.Tag = 0x00080008
	tSOPClass            dicom.Tag = 0x00080016
	tSOPInstance         dicom.Tag = 0x00080018
	tAcquisitionDate     dicom.Tag = 0x00080022
	tContentDate         dicom.Tag = 0x00080023
	tAcquisitionDateTime dicom.Tag = 0x0008002A
	tAcquisitionTime     dicom.Tag = 0x00080032
	tContentTime         dicom.Tag = 0x00080033
	tAccession           dicom.Tag = 0x00080050
	tModality            dicom.Tag = 0x00080060
	tManufacturer        dicom.Tag = 0x00080070
	tCodeMeaning         dicom.Tag = 0x00080104
	tSeriesDescription   dicom.Tag = 0x0008103E
	tModel               dicom.Tag = 0x00081090
	tFrameType           dicom.Tag = 0x00089007
	tComplexComponent    dicom.Tag = 0x00089208
	tPatientName         dicom.Tag = 0x00100010
	tPatientID           dicom.Tag = 0x00100020
	tBirthDate           dicom.Tag = 0x00100030
	tSex                 dicom.Tag = 0x00100040
	tContrastAgent       dicom.Tag = 0x00180010
	tContrastAgentSeq    dicom.Tag = 0x00180012
	tBodyPart            dicom.Tag = 0x00180015
	tScanningSequence    dicom.Tag = 0x00180020
	tSequenceVariant     dicom.Tag = 0x00180021
	tScanOptions         dicom.Tag = 0x00180022
	tAcquisitionType     dicom.Tag = 0x00180023
	tSequenceName        dicom.Tag = 0x00180024
	tThickness           dicom.Tag = 0x00180050
	tTR                  dicom.Tag = 0x00180080
	tTE                  dicom.Tag = 0x00180081
	tTI                  dicom.Tag = 0x00180082
	tAverages            dicom.Tag = 0x00180083
	tEchoNumber          dicom.Tag = 0x00180086
	tFieldStrength       dicom.Tag = 0x00180087
	tSpacingBetween      dicom.Tag = 0x00180088
	tEchoTrain           dicom.Tag = 0x00180091
	tBandwidth           dicom.Tag = 0x00180095
	tSoftware            dicom.Tag = 0x00181020
	tProtocol            dicom.Tag = 0x00181030
	tContrastRoute       dicom.Tag = 0x00181040
	tContrastVolume      dicom.Tag = 0x00181041
	tContrastDose        dicom.Tag = 0x00181044
	tContrastIngredient  dicom.Tag = 0x00181048
	tTriggerTime         dicom.Tag = 0x00181060
	tReceiveCoil         dicom.Tag = 0x00181250
	tAcquisitionMatrix   dicom.Tag = 0x00181310
	tPhaseDirection      dicom.Tag = 0x00181312
	tFlipAngle           dicom.Tag = 0x00181314
	tPatientPosition     dicom.Tag = 0x00185100
	tPulseSequenceName   dicom.Tag = 0x00189005
	tEchoPulseSequence   dicom.Tag = 0x00189008
	tSuppression         dicom.Tag = 0x00189025
	tFrequencySteps      dicom.Tag = 0x00189058
	tFrameAcquired       dicom.Tag = 0x00189074
	tInversionTimes      dicom.Tag = 0x00189079
	tEffectiveTE         dicom.Tag = 0x00189082
	tBValue              dicom.Tag = 0x00189087
	tGradient            dicom.Tag = 0x00189089
	tEchoSeq             dicom.Tag = 0x00189114
	tModifierSeq         dicom.Tag = 0x00189115
	tImagingModifierSeq  dicom.Tag = 0x00189006
	tReceiveCoilSeq      dicom.Tag = 0x00189042
	tTimingSeq           dicom.Tag = 0x00189112
	tAveragesSeq         dicom.Tag = 0x00189119
	tFOVSeq              dicom.Tag = 0x00189125
	tDiffusionSeq        dicom.Tag = 0x00189117
	tGradientSeq         dicom.Tag = 0x00189076
	tCardiacSeq          dicom.Tag = 0x00189118
	tTriggerDelay        dicom.Tag = 0x00189153
	tFrameReference      dicom.Tag = 0x00189151
	tMRFrameTypeSeq      dicom.Tag = 0x00189226
	tPhaseSteps          dicom.Tag = 0x00189231
	tRFEchoTrain         dicom.Tag = 0x00189240
	tCTFrameTypeSeq      dicom.Tag = 0x00189329
	tPETFrameTypeSeq     dicom.Tag = 0x00189751
	tASLContext          dicom.Tag = 0x00189257
	tASLSeq              dicom.Tag = 0x00189251
	tStudyUID            dicom.Tag = 0x0020000D
	tSeriesUID           dicom.Tag = 0x0020000E
	tSeriesNumber        dicom.Tag = 0x00200011
	tAcquisitionNumber   dicom.Tag = 0x00200012
	tInstanceNumber      dicom.Tag = 0x00200013
	tPosition            dicom.Tag = 0x00200032
	tOrientation         dicom.Tag = 0x00200037
	tFrameOfReference    dicom.Tag = 0x00200052
	tTemporalPosition    dicom.Tag = 0x00200100
	tImageComments       dicom.Tag = 0x00204000
	tStackID             dicom.Tag = 0x00209056
	tInStackPosition     dicom.Tag = 0x00209057
	tFrameContentSeq     dicom.Tag = 0x00209111
	tPlanePositionSeq    dicom.Tag = 0x00209113
	tPlaneOrientationSeq dicom.Tag = 0x00209116
	tTemporalIndex       dicom.Tag = 0x00209128
	tFrameAcquisition    dicom.Tag = 0x00209156
	tDimensionValues     dicom.Tag = 0x00209157
	tDimensionPointer    dicom.Tag = 0x00209165
	tDimensionSeq        dicom.Tag = 0x00209222
	tPixelSpacing        dicom.Tag = 0x00280030
	tIntercept           dicom.Tag = 0x00281052
	tSlope               dicom.Tag = 0x00281053
	tRescaleType         dicom.Tag = 0x00281054
	tPixelMeasuresSeq    dicom.Tag = 0x00289110
	tTransformationSeq   dicom.Tag = 0x00289145
	tSharedGroups        dicom.Tag = 0x52009229
	tFrameGroups         dicom.Tag = 0x52009230
	tPixelData           dicom.Tag = 0x7FE00010
	tFloatPixels         dicom.Tag = 0x7FE00008
	tDoublePixels        dicom.Tag = 0x7FE00009
)

// privateElement is a private element that is read, by its block's creator, with
// the VR that its vendor's conformance statement gives it: implicit files do not
// say one, and archives that do not know an element pass it on as UN.
type privateElement struct {
	group   uint16
	creator string
	element byte
	vr      string
}

var (
	siemensTiles        = privateElement{0x0019, siemensMR, 0x0A, "US"} // NumberOfImagesInMosaic
	siemensTimes        = privateElement{0x0019, siemensMR, 0x29, "FD"} // MosaicRefAcqTimes, one a tile
	siemensShared       = privateElement{0x0021, siemensShare, 0xFE, "SQ"}
	siemensScanning     = privateElement{0x0021, siemensShare, 0x5A, "CS"}
	siemensVariant      = privateElement{0x0021, siemensShare, 0x5B, "CS"}
	siemensOptions      = privateElement{0x0021, siemensShare, 0x5C, "CS"}
	siemensB            = privateElement{0x0019, siemensMR, 0x0C, "IS"}
	siemensG            = privateElement{0x0019, siemensMR, 0x0E, "FD"} // three
	geComponent         = privateElement{0x0043, geParam, 0x2F, "SS"}   // 0 magnitude, 1 phase, 2 real, 3 imaginary
	geB                 = privateElement{0x0043, geParam, 0x39, "IS"}   // the first of four
	geG                 = [3]privateElement{{0x0019, geAcq, 0xBB, "DS"}, {0x0019, geAcq, 0xBC, "DS"}, {0x0019, geAcq, 0xBD, "DS"}}
	geSequence          = privateElement{0x0019, geAcq, 0x9C, "LO"}
	geInternalSequence  = privateElement{0x0019, geAcq, 0x9E, "LO"}
	geUser12            = privateElement{0x0019, geAcq, 0xB3, "DS"}      // of the sequence; see pepolar
	geTimer             = privateElement{0x0021, geRelation, 0x5E, "DS"} // RTIA timer: when a slice of epiRT was acquired
	geVasCollapse       = privateElement{0x0043, geParam, 0x30, "SS"}
	philipsSlope        = privateElement{0x2005, philips1, 0x0E, "FL"}
	philipsB            = privateElement{0x2001, philips, 0x03, "FL"}
	philipsG            = [3]privateElement{{0x2005, philips1, 0xB0, "FL"}, {0x2005, philips1, 0xB1, "FL"}, {0x2005, philips1, 0xB2, "FL"}}
	philipsPrepulse     = privateElement{0x2001, philips, 0x1B, "FL"}  // delay after it, ms
	philipsPrepulseType = privateElement{0x2001, philips, 0x1C, "CS"}  // INV for an inversion
	philipsBNumber      = privateElement{0x2005, philips5, 0x12, "IS"} // which b-value
	philipsGNumber      = privateElement{0x2005, philips5, 0x13, "IS"} // which gradient orientation
	unitedGridSize      = privateElement{0x0065, united, 0x50, "DS"}   // slices in one image
	unitedFrames        = privateElement{0x0065, united, 0x51, "SQ"}   // an item a slice
	unitedB             = privateElement{0x0065, united, 0x09, "FD"}
	unitedG             = privateElement{0x0065, united, 0x37, "FD"} // three
)

func (p privateElement) in(d *dicom.DataSet) bool {
	return d.Private(p.group, p.creator, p.element) != 0
}

// floats are the element's finite numbers, nil where there are none.
func (p privateElement) floats(d *dicom.DataSet) []float64 {
	t := d.Private(p.group, p.creator, p.element)
	if t == 0 {
		return nil
	}
	v, err := d.FloatsAs(t, p.vr)
	if err != nil || slices.ContainsFunc(v, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }) {
		return nil
	}
	return v
}

// text is the element's text, empty where there is none.
func (p privateElement) text(d *dicom.DataSet) string {
	if t := d.Private(p.group, p.creator, p.element); t != 0 {
		return strings.Join(d.Texts(t), `\`)
	}
	return ""
}

// float is the first number; NaN where there is none.
func (p privateElement) float(d *dicom.DataSet) float64 {
	if v := p.floats(d); len(v) > 0 {
		return v[0]
	}
	return nan
}

// Private blocks that are read, by creator. docs/convert.md says why each is
// trusted.
const (
	philips1     = "Philips MR Imaging DD 001"
	philips5     = "Philips MR Imaging DD 005"
	philips      = "Philips Imaging DD 001"
	siemens      = "SIEMENS CSA HEADER"
	siemensMR    = "SIEMENS MR HEADER"
	siemensShare = "SIEMENS MR SDS 01" // XA, in the shared functional groups
	geParam      = "GEMS_PARM_01"
	geAcq        = "GEMS_ACQU_01"
	geRelation   = "GEMS_RELA_01"
	united       = "Image Private Header" // United Imaging
)
