package convert

import (
	"math"
	"strings"

	"magn/internal/nifti"
)

// Sidecar is what a study needs to know of a volume, and nothing that says whose
// it is: no attribute of PS3.15 Table E.1-1, but for free texts of which only
// known words are left. Names and units are those of BIDS where it has the
// quantity (times in seconds), millimetres elsewhere. What the header does not
// say is left out.
type Sidecar struct {
	Modality              string     `json:"Modality,omitempty"`
	Manufacturer          string     `json:"Manufacturer,omitempty"`
	ManufacturersModel    string     `json:"ManufacturersModelName,omitempty"`
	SoftwareVersions      string     `json:"SoftwareVersions,omitempty"`
	MagneticFieldStrength float64    `json:"MagneticFieldStrength,omitempty"`
	BodyPartExamined      string     `json:"BodyPartExamined,omitempty"`
	PatientPosition       string     `json:"PatientPosition,omitempty"`
	SeriesNumber          int        `json:"SeriesNumber"`
	SeriesDescription     string     `json:"SeriesDescription,omitempty"` // its known words
	ImageType             []string   `json:"ImageType,omitempty"`
	Component             string     `json:"Component,omitempty"` // magnitude, phase, real, imaginary, field map
	Part                  string     `json:"Part,omitempty"`      // water, fat, in, opposed, subtraction …
	MRAcquisitionType     string     `json:"MRAcquisitionType,omitempty"`
	ScanningSequence      string     `json:"ScanningSequence,omitempty"`
	SequenceVariant       string     `json:"SequenceVariant,omitempty"`
	ScanOptions           string     `json:"ScanOptions,omitempty"`
	SequenceName          string     `json:"SequenceName,omitempty"`
	RepetitionTime        float64    `json:"RepetitionTime,omitempty"`
	EchoTime              float64    `json:"EchoTime,omitempty"`
	InversionTime         float64    `json:"InversionTime,omitempty"`
	FlipAngle             float64    `json:"FlipAngle,omitempty"`
	EchoNumber            int        `json:"EchoNumber,omitempty"` // by echo time, where the series has several
	EchoTrainLength       int        `json:"EchoTrainLength,omitempty"`
	NumberOfAverages      float64    `json:"NumberOfAverages,omitempty"`
	PixelBandwidth        float64    `json:"PixelBandwidth,omitempty"`
	FatSuppression        string     `json:"FatSuppression,omitempty"`
	ContrastAgent         string     `json:"ContrastBolusAgent,omitempty"` // international name, or "given"
	ContrastRoute         string     `json:"ContrastBolusRoute,omitempty"`
	ContrastVolume        float64    `json:"ContrastBolusVolume,omitempty"`    // ml
	ContrastDose          float64    `json:"ContrastBolusTotalDose,omitempty"` // ml of undiluted agent
	AcquisitionMatrix     *[2]int    `json:"AcquisitionMatrix,omitempty"`      // frequency × phase steps
	PhaseDirection        string     `json:"InPlanePhaseEncodingDirection,omitempty"`
	View                  string     `json:"View"`         // nearest to the slices' plane
	Matrix                [3]int     `json:"Matrix"`       // columns, rows, slices
	PixelSpacing          [2]float64 `json:"PixelSpacing"` // mm along i, along j
	FieldOfView           [2]float64 `json:"FieldOfView"`  // mm along i, along j
	SliceThickness        float64    `json:"SliceThickness,omitempty"`
	SliceSpacing          float64    `json:"SpacingBetweenSlices"`         // mm, measured from positions
	SliceGap              *float64   `json:"SliceGap,omitempty"`           // mm between slices; negative where they overlap
	AcquisitionSeconds    *float64   `json:"AcquisitionSeconds,omitempty"` // since the study's first acquisition
	VolumesBy             string     `json:"VolumesBy,omitempty"`          // what tells the series' volumes apart
	VolumeIndex           int        `json:"VolumeIndex,omitempty"`
	VolumeCount           int        `json:"VolumeCount,omitempty"`
	MissingSlices         []int      `json:"InterpolatedSlices,omitempty"` // k from 0
	Sheared               bool       `json:"Sheared,omitempty"`            // gantry tilt, kept in the sform
	ValueSlope            float64    `json:"ValueSlope"`                   // stored voxel → value
	ValueIntercept        float64    `json:"ValueIntercept"`
	Inverted              bool       `json:"Inverted,omitempty"` // MONOCHROME1, turned round
	Lossy                 bool       `json:"Lossy,omitempty"`
	Notes                 []string   `json:"Notes,omitempty"`
	Inputs                string     `json:"Inputs"`                // digest of the files it was made of, without their UIDs
	ImageBytes            int64      `json:"ImageBytes,omitempty"`  // size of the image's file, where Run wrote it
	ImageSHA256           string     `json:"ImageSHA256,omitempty"` // of the image's file
	Program               string     `json:"ConversionSoftware"`
}

// program is what sidecars that Run wrote are known by.
const program = "magn"

// NewSidecar is a candidate's; im is the image that Convert made of it.
func (s *Scan) NewSidecar(c *Candidate, im *nifti.Image) *Sidecar {
	f := c.Facts
	sp := c.Grid.Spacing()
	first := c.first()
	o := &Sidecar{
		Modality: f.Modality, Manufacturer: f.Vendor, ManufacturersModel: f.Model, SoftwareVersions: f.Software,
		MagneticFieldStrength: f.FieldStrength, BodyPartExamined: strings.Join(clean(f.BodyPart, f.identifiers()...), " "), PatientPosition: f.PatientPosition,
		SeriesNumber: f.SeriesNumber, SeriesDescription: strings.Join(clean(f.Description, f.identifiers()...), " "),
		Component: f.Component, Part: f.Part(), MRAcquisitionType: f.AcquisitionType,
		ScanningSequence: f.Scanning, SequenceVariant: f.Variant, ScanOptions: f.ScanOptions, SequenceName: f.SequenceName,
		RepetitionTime: seconds(f.TR), EchoTime: seconds(f.TE), InversionTime: seconds(f.TI), FlipAngle: f.FlipAngle,
		EchoNumber: c.Echo, EchoTrainLength: f.EchoTrain, NumberOfAverages: f.Averages, PixelBandwidth: f.Bandwidth,
		FatSuppression: f.FatSuppression, ContrastAgent: cleanAgent(f.Contrast), ContrastRoute: cleanRoute(f.ContrastRoute),
		ContrastVolume: f.ContrastVolume, ContrastDose: f.ContrastDose, PhaseDirection: f.PhaseDirection,
		View: viewOf(cross(first.row, first.col)).String(), Matrix: c.Grid.Size,
		PixelSpacing:   [2]float64{round(sp[0]), round(sp[1])},
		FieldOfView:    [2]float64{round(sp[0] * float64(c.Grid.Size[0])), round(sp[1] * float64(c.Grid.Size[1]))},
		SliceThickness: f.Thickness, SliceSpacing: round(sp[2]), Sheared: c.Sheared, MissingSlices: c.Missing,
		ValueSlope: im.Slope, ValueIntercept: im.Inter, Inverted: inverted(f),
		Lossy: lossy(s.Files[first.file].syntax), Notes: c.Notes, Inputs: s.digest(c), Program: program,
	}
	if f.ImageType != "" {
		o.ImageType = strings.Split(f.ImageType, `\`)
	}
	if f.Matrix[0] > 0 && f.Matrix[1] > 0 {
		o.AcquisitionMatrix = &f.Matrix
	}
	if f.Thickness > 0 && len(c.slices) > 1 {
		gap := round(dot(stepOf(c), cross(first.row, first.col)) - f.Thickness)
		o.SliceGap = &gap
	}
	if !math.IsNaN(c.Seconds) {
		t := round(c.Seconds)
		o.AcquisitionSeconds = &t
	}
	if c.Of > 1 {
		o.VolumesBy, o.VolumeIndex, o.VolumeCount = c.By, c.Index, c.Of
	}
	return o
}

// stepOf is a candidate's step from slice to slice in LPS+.
func stepOf(c *Candidate) [3]float64 {
	a := c.Grid.Affine
	return [3]float64{-a[0][2], -a[1][2], a[2][2]}
}

func seconds(ms float64) float64 { return math.Round(ms*1e6) / 1e9 }

// round keeps six decimals: the header's digits, without what binary adds.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// lossy are the transfer syntaxes that do not keep values (PS3.5 A.4).
func lossy(syntax string) bool {
	switch syntax {
	case "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91":
		return true
	}
	return false
}
