package convert

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"magn/internal/dicom"
)

// Facts is what the headers say of slices, in the standard's units and words;
// 0 and "" where they do not. Slices that say the same share one.
//
// The fields from PatientID to FrameOfReference identify people. They stay in
// memory: no sidecar, image, name or message has them.
type Facts struct {
	PatientID, PatientName, BirthDate, Sex string
	Accession                              string // Accession Number
	StudyUID, SeriesUID, FrameOfReference  string

	SeriesNumber         int
	Description          string // Series Description, free text
	Protocol             string // Protocol Name, free text
	Modality             string // MR, CT …
	Manufacturer, Vendor string // as written, and one word for it: Siemens, GE, Philips, Canon, United Imaging
	Model, Software      string
	FieldStrength        float64 // tesla
	BodyPart             string
	PatientPosition      string // HFS …

	ImageType       string // values joined by \; the frame's own in multi-frame files
	Component       string // magnitude, phase, real, imaginary, field map
	PhilipsType     string // private ImageTypeMR
	SequenceName    string
	Scanning        string // Scanning Sequence: SE, GR, IR …
	Variant         string
	ScanOptions     string
	AcquisitionType string  // 2D or 3D
	TR, TE, TI      float64 // ms
	EchoNumber      int
	FlipAngle       float64 // degrees
	EchoTrain       int
	Averages        float64
	Bandwidth       float64 // Hz a pixel
	Matrix          [2]int  // acquired: frequency × phase steps
	PhaseDirection  string  // ROW or COLUMN
	FatSuppression  string  // as the header says it: FS, FAT, WATER …; "none" where it says none
	ReceiveCoil     string
	Reversed        bool // phase encoding of GE's epi_pepolar: stored upside down

	Contrast       string // agent as written; "given" where the header names none but was given
	ContrastRoute  string
	ContrastVolume float64 // ml
	ContrastDose   float64 // ml of undiluted agent

	Rows, Cols     int        // of a slice (of a tile in a mosaic)
	PixelSpacing   [2]float64 // mm between rows, between columns
	Thickness      float64    // mm
	SpacingBetween float64    // mm, the header's Spacing Between Slices
	Stack          string     // Stack ID in multi-frame files
	Pixels         dicom.Pixels
	TileColumns    int // tiles in a row of a mosaic; 0 where it is none
	RescaleType    string
}

// identifiers are the texts whose words must not be in names and sidecars.
func (f *Facts) identifiers() []string {
	return []string{f.PatientID, f.PatientName, f.BirthDate, f.Accession}
}

// parts are the words of Image Type (and of what stands in its place) from the
// third on that say which part of a measurement an image is.
var parts = map[string]string{
	"W": "water", "WATER": "water",
	"F": "fat", "FAT": "fat",
	"FF": "fatfraction", "FAT_FRACTION": "fatfraction", "FATFRACTION": "fatfraction", "FAT FRACTION": "fatfraction",
	"IP": "in", "IN": "in", "IN_PHASE": "in", "INPHASE": "in", "IN PHASE": "in",
	"OP": "opposed", "OPP": "opposed", "OUT": "opposed", "OPP_PHASE": "opposed", "OUT_PHASE": "opposed",
	"OUTPHASE": "opposed", "OPPOSED_PHASE": "opposed", "OUT PHASE": "opposed",
	"SUB": "subtraction", "SUBTRACT": "subtraction", "SUBTRACTION": "subtraction", "SUBTRACTED": "subtraction",
	"MIP": "projection", "MINIP": "projection", "MNIP": "projection", "PROJECTION IMAGE": "projection", "MAX_IP": "projection", "MIN_IP": "projection",
	"MPR": "reformat", "REFORMATTED": "reformat", "MPR_CURVED": "reformat",
	"LOCALIZER": "localizer",
	"ADC":       "adc", "FA": "fa", "TRACEW": "trace", "ISOTROPIC": "trace",
	"T1 MAP": "t1map", "T2 MAP": "t2map", "T2_STAR": "t2starmap", "R2_STAR": "r2starmap", "T2_STAR_MAP": "t2starmap",
	"SWI": "swi", "MEAN": "mean", "MOCO": "moco",
}

// Part is which part of a measurement the image is: "" for a plain one, water,
// fat, in, opposed, fatfraction (Dixon), subtraction, projection, reformat,
// localizer, or a map.
func (f *Facts) Part() string {
	words := strings.Split(f.ImageType, `\`)
	if len(words) < 3 {
		return ""
	}
	for _, w := range words[2:] {
		if p := parts[strings.ToUpper(w)]; p != "" {
			return p
		}
	}
	return ""
}

// Derived says that the image was computed from others (PS3.3 C.7.6.1.1.2).
func (f *Facts) Derived() bool { return strings.HasPrefix(f.ImageType, "DERIVED") }

// component is the part of a complex number that an image shows: what the frame
// says, what the vendors' private elements say, or the words of Image Type.
func component(said, philipsType, imageType string, geRaw int) string {
	switch strings.ToUpper(said) {
	case "MAGNITUDE", "PHASE", "REAL", "IMAGINARY":
		// Philips says MAGNITUDE of field maps too; the frame type knows better.
		if !strings.Contains(imageType, "FIELD_MAP") && philipsType != "B0" {
			return strings.ToLower(said)
		}
	}
	if 0 <= geRaw && geRaw <= 3 {
		return [4]string{"magnitude", "phase", "real", "imaginary"}[geRaw]
	}
	words := strings.Split(imageType, `\`)
	if philipsType != "" {
		words = append(words[:min(2, len(words)):min(2, len(words))], append([]string{philipsType}, words[min(2, len(words)):]...)...)
	}
	if len(words) < 3 {
		return ""
	}
	found := ""
	for _, w := range words[2:] {
		w = strings.ToUpper(w)
		head, _, under := strings.Cut(w, "_")
		switch {
		case w == "B0" || w == "FIELD_MAP" || w == "B0 MAP" || w == "FIELDMAPHZ":
			return "field map"
		case w == "P" || w == "PHASE" || w == "PHASE MAP" || w == "PHASE_MAP" || under && head == "P":
			return "phase"
		case w == "R" || w == "REAL" || under && head == "R":
			return "real"
		case w == "I" || w == "IMAGINARY" || under && head == "I":
			return "imaginary"
		case w == "M" || w == "MAGNITUDE" || under && head == "M":
			found = "magnitude"
		}
	}
	return found
}

// vendor is one word for a manufacturer's many spellings.
func vendor(manufacturer string) string {
	m := strings.ToLower(manufacturer)
	for _, v := range [][2]string{
		{"siemens", "Siemens"},
		{"philips", "Philips"},
		{"ge ", "GE"},
		{"general electric", "GE"},
		{"toshiba", "Canon"},
		{"canon", "Canon"},
		{"uih", "United Imaging"},
		{"united imaging", "United Imaging"},
		{"hitachi", "Hitachi"},
		{"fujifilm", "Fujifilm"},
		{"esaote", "Esaote"},
		{"bruker", "Bruker"},
		{"hyperfine", "Hyperfine"},
	} {
		if strings.Contains(m+" ", v[0]) {
			return v[1]
		}
	}
	return ""
}

// fatSuppression is what the header says of it: Spectrally Selected Suppression
// where it stands (PS3.3 C.8.13.5.4), else the words of Scan Options that mean it
// (C.8.3.1.1.6 and GE's own).
func fatSuppression(selected, scanOptions string) string {
	if selected != "" {
		return strings.ToLower(selected)
	}
	words := strings.Split(strings.ToUpper(scanOptions), `\`)
	for _, w := range words {
		if w == "FS" || strings.Contains(w, "FAT") || w == "SPIR" || w == "SPAIR" || w == "CHEMSAT" {
			return "fat"
		}
	}
	return ""
}

// baseFacts is what holds for a whole file.
func baseFacts(h header, pix dicom.Pixels) Facts {
	f := Facts{
		PatientID: h.text(tPatientID), PatientName: h.text(tPatientName), BirthDate: h.text(tBirthDate), Sex: h.text(tSex),
		Accession: h.text(tAccession), StudyUID: h.text(tStudyUID), SeriesUID: h.text(tSeriesUID), FrameOfReference: h.text(tFrameOfReference),
		SeriesNumber: h.int(tSeriesNumber), Description: h.text(tSeriesDescription), Protocol: h.text(tProtocol),
		Modality: h.text(tModality), Manufacturer: h.text(tManufacturer), Model: h.text(tModel), Software: h.text(tSoftware),
		FieldStrength: h.amount(tFieldStrength), BodyPart: h.text(tBodyPart), PatientPosition: h.text(tPatientPosition),
		ImageType: strings.ToUpper(h.text(tImageType)), Scanning: h.text(tScanningSequence), Variant: h.text(tSequenceVariant),
		SequenceName: h.text(tSequenceName), ScanOptions: h.text(tScanOptions), AcquisitionType: h.text(tAcquisitionType),
		Rows: pix.Rows, Cols: pix.Cols, Pixels: pix,
	}
	f.Vendor = vendor(f.Manufacturer)
	if f.SequenceName == "" {
		f.SequenceName = h.text(tPulseSequenceName)
	}
	if f.Scanning == "" {
		f.Scanning = h.text(tEchoPulseSequence)
	}
	// Tesla by the standard; gauss in some old files.
	if f.FieldStrength > 50 {
		f.FieldStrength /= 1e4
	}
	f.FatSuppression = fatSuppression(h.text(tSuppression), f.ScanOptions)
	f.contrast(h)
	return f
}

// contrast reads the contrast/bolus module (PS3.3 C.7.6.4, C.7.6.4b).
func (f *Facts) contrast(h header) {
	f.Contrast, f.ContrastRoute = h.text(tContrastAgent), h.text(tContrastRoute)
	f.ContrastVolume, f.ContrastDose = h.amount(tContrastVolume), h.amount(tContrastDose)
	if f.Contrast == "" {
		f.Contrast = h.text(tContrastIngredient)
	}
	if items := h.top.Items(tContrastAgentSeq); len(items) > 0 {
		// The code is chosen from a list, the other text is typed.
		f.Contrast = cmp.Or(items[0].Text(tCodeMeaning), f.Contrast)
		f.ContrastVolume = max(f.ContrastVolume, header{top: items[0]}.amount(tContrastVolume))
	}
	switch strings.ToUpper(f.Contrast) {
	case "NO", "NONE", "N", "NO CONTRAST", "WITHOUT":
		f.Contrast = ""
	case "YES", "Y":
		f.Contrast = "given"
	case "":
		if f.ContrastVolume > 0 || f.ContrastDose > 0 {
			f.Contrast = "given"
		}
	}
}

// header finds attributes of one frame: in its functional groups, in the shared
// ones, or at the top (PS3.3 C.7.6.16).
type header struct {
	top, shared, frame *dicom.DataSet
}

// places lists the data sets that may hold an attribute of the macro whose
// sequence is seq, nearest first. A nil data set is not among them.
func (h header) places(seqs ...dicom.Tag) []*dicom.DataSet {
	out := make([]*dicom.DataSet, 0, 4)
	for _, group := range [2]*dicom.DataSet{h.frame, h.shared} {
		if group == nil {
			continue
		}
		for _, seq := range seqs {
			if items := group.Items(seq); len(items) > 0 {
				out = append(out, items[0])
			}
		}
	}
	return append(out, h.top)
}

func (h header) texts(t dicom.Tag, seqs ...dicom.Tag) []string {
	for _, d := range h.places(seqs...) {
		if v := d.Texts(t); len(v) > 0 {
			return v
		}
	}
	return nil
}

func (h header) text(t dicom.Tag, seqs ...dicom.Tag) string {
	return strings.Join(h.texts(t, seqs...), `\`)
}

// floats are finite numbers, nil where there are none. The nearest place that has
// a value counts: where that is damaged, a farther one does not stand in for it.
func (h header) floats(t dicom.Tag, seqs ...dicom.Tag) []float64 {
	for _, d := range h.places(seqs...) {
		v, err := d.Floats(t)
		if err != nil || slices.ContainsFunc(v, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }) {
			return nil
		}
		if len(v) > 0 {
			return v
		}
	}
	return nil
}

// damaged says that the attribute has a value, and that it is no finite number.
func (h header) damaged(t dicom.Tag, seqs ...dicom.Tag) bool {
	for _, d := range h.places(seqs...) {
		if v, err := d.Floats(t); err != nil || len(v) > 0 {
			return h.floats(t, seqs...) == nil
		}
	}
	return false
}

// float is the first number, absent where there is none.
func (h header) float(absent float64, t dicom.Tag, seqs ...dicom.Tag) float64 {
	if v := h.floats(t, seqs...); len(v) > 0 {
		return v[0]
	}
	return absent
}

// amount is a quantity, 0 where there is none; what no scanner can mean says
// nothing either.
func (h header) amount(t dicom.Tag, seqs ...dicom.Tag) float64 {
	if v := h.float(0, t, seqs...); math.Abs(v) < 1e9 {
		return v
	}
	return 0
}

func (h header) int(t dicom.Tag, seqs ...dicom.Tag) int {
	v := h.float(0, t, seqs...)
	if math.Abs(v) > 1e9 {
		return 0
	}
	return int(v)
}

func (h header) vec(t dicom.Tag, seqs ...dicom.Tag) (v [3]float64, ok bool) {
	f := h.floats(t, seqs...)
	if len(f) != 3 {
		return v, false
	}
	return [3]float64(f), true
}
