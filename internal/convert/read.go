package convert

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"magn/internal/dicom"
	"magn/internal/fault"
)

// SOP classes that decide what a file is (PS3.4 B.5).
const (
	classDirectory = "1.2.840.10008.1.3.10"
	classSEG       = "1.2.840.10008.5.1.4.1.1.66.4"
	classDose      = "1.2.840.10008.5.1.4.1.1.481.2"
)

// sliced are the SOP classes whose images are slices of a volume: where one has
// no pixels or no position, something is wrong with the file.
var sliced = map[string]string{
	"1.2.840.10008.5.1.4.1.1.4":     "MR image",
	"1.2.840.10008.5.1.4.1.1.4.1":   "enhanced MR image",
	"1.2.840.10008.5.1.4.1.1.4.4":   "legacy converted enhanced MR image",
	"1.2.840.10008.5.1.4.1.1.2":     "CT image",
	"1.2.840.10008.5.1.4.1.1.2.1":   "enhanced CT image",
	"1.2.840.10008.5.1.4.1.1.2.2":   "legacy converted enhanced CT image",
	"1.2.840.10008.5.1.4.1.1.128":   "PET image",
	"1.2.840.10008.5.1.4.1.1.130":   "enhanced PET image",
	"1.2.840.10008.5.1.4.1.1.128.1": "legacy converted enhanced PET image",
}

// skip is the reason why a file is no image that volumes are made of.
type skip string

func (s skip) Error() string { return string(s) }

// pool keeps one copy of equal Facts.
type pool struct {
	mu sync.Mutex
	m  map[Facts]*Facts
}

func (p *pool) one(f Facts) *Facts {
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := p.m[f]; have != nil {
		return have
	}
	c := f
	p.m[f] = &c
	return &c
}

// readFile reads one file's header: its slices, or why it has none, as a skip
// or as a *fault.Input.
func readFile(path string, size int64, p *pool) (out []*slice, syntax string, notes []string, err error) {
	f, err := dicom.Options{StopAtPixels: true}.Open(path)
	if err != nil {
		if errors.Is(err, dicom.ErrNotDICOM) {
			return nil, "", nil, empty(path, size)
		}
		if strings.EqualFold(filepath.Base(path), "DICOMDIR") {
			return nil, "", nil, skip("a DICOMDIR, the index of other files")
		}
		return nil, "", nil, err
	}
	defer f.Close()
	top := header{top: f.DataSet}
	class := f.Text(tSOPClass)
	if class == "" {
		class = f.Meta.Text(0x00020002)
	}
	switch class {
	case classDirectory:
		return nil, "", nil, skip("a DICOMDIR, the index of other files")
	case classSEG:
		return nil, "", nil, skip("a segmentation")
	case classDose:
		return nil, "", nil, skip("a dose distribution")
	}
	bad := func(field, found, expected, do string) error {
		return &fault.Input{File: path, Field: field, Found: found, Expected: expected, Do: do}
	}
	if !f.Has(tPixelData) {
		switch what := sliced[class]; {
		case f.Has(tFloatPixels) || f.Has(tDoublePixels):
			return nil, "", nil, skip("floating-point pixels, a parametric map")
		case what != "":
			return nil, "", nil, bad("(7FE0,0010) Pixel Data", "none in "+article(what), "pixels", "the file is a header only, or is cut off before its pixels; export it again")
		}
		return nil, "", nil, skip(strings.TrimSpace("no image " + brackets(f.Text(tModality))))
	}
	pix, err := f.Pixels()
	if err != nil {
		return nil, "", nil, err
	}
	notes = slices.Clone(f.Notes)
	if pix.Samples != 1 || strings.HasPrefix(pix.Photometric, "PALETTE") {
		return nil, "", notes, skip("a colour image " + brackets(pix.Photometric))
	}
	if !strings.HasPrefix(pix.Photometric, "MONOCHROME") {
		return nil, "", notes, bad("(0028,0004) Photometric Interpretation", fmt.Sprintf("%.16q", pix.Photometric), "MONOCHROME1 or MONOCHROME2", "")
	}
	base := baseFacts(top, pix)
	r := reader{path: path, pool: p, bad: bad, pix: pix, base: base, class: class, geRaw: -1}
	if v := geComponent.float(f.DataSet); math.Abs(v) < 1e9 {
		r.geRaw = int(v)
	}
	r.geMap = geFieldMap(f.DataSet)
	groups := f.Items(tFrameGroups)
	switch {
	case len(groups) > 0:
		out, err = r.multiFrame(f, groups)
	case pix.Frames > 1 && sliced[class] != "":
		err = bad("(5200,9230) Per-Frame Functional Groups Sequence", fmt.Sprintf("none for %d frames", pix.Frames), "each frame's position", "export the series as single-frame images")
	case pix.Frames > 1:
		err = skip(fmt.Sprintf("%d frames without positions, a film", pix.Frames))
	default:
		out, err = r.single(f)
	}
	notes = append(notes, r.notes...)
	return out, f.TransferSyntax, notes, err
}

// reader turns one file's frames into slices.
type reader struct {
	path  string
	pool  *pool
	bad   func(field, found, expected, do string) error
	pix   dicom.Pixels
	base  Facts
	class string
	geRaw int
	geMap string
	grid  [][3]float64 // places of the slices in a United Imaging grid; nil where it is none
	notes []string
}

// single reads a file of one frame: one slice, or a mosaic's tiles.
func (r *reader) single(f *dicom.File) ([]*slice, error) {
	h := header{top: f.DataSet}
	if n := unitedGridSize.float(f.DataSet); n > 1 {
		if err := r.unitedPlaces(f.DataSet, n); err != nil {
			return nil, err
		}
	}
	s, err := r.slice(h)
	if err != nil {
		return nil, err
	}
	if err := r.pepolar(s, h); err != nil {
		return nil, err
	}
	s.keys[keyAcquisition] = h.float(nan, tAcquisitionNumber)
	s.keys[keyTemporal] = h.float(nan, tTemporalPosition)
	s.keys[keyTrigger] = h.float(nan, tTriggerTime)
	s.keys[keyTime] = dateTime(h.text(tAcquisitionDateTime), h.text(tAcquisitionDate), h.text(tAcquisitionTime))
	s.keys[keyContent] = dateTime("", h.text(tContentDate), h.text(tContentTime))
	facts := *s.facts
	if err := r.scale(s, &facts, h, f.DataSet); err != nil {
		return nil, err
	}
	s.keys[keyB], s.keys[keyGradient] = r.diffusion(h, f.DataSet)
	r.vendorKeys(s, h, f.DataSet)
	if n, normal, ok := tiles(f, h, &facts); ok {
		return r.mosaic(n, normal, s, facts)
	}
	if len(r.grid) > 0 {
		return r.unitedGrid(s, facts)
	}
	s.facts = r.pool.one(facts)
	return []*slice{s}, nil
}

// multiFrame reads a file whose frames have functional groups (PS3.3 C.7.6.16).
func (r *reader) multiFrame(f *dicom.File, groups []*dicom.DataSet) ([]*slice, error) {
	if len(groups) != r.pix.Frames {
		return nil, r.bad("(5200,9230) Per-Frame Functional Groups Sequence", fmt.Sprintf("%d items for %d frames", len(groups), r.pix.Frames), "one a frame", "export the series again")
	}
	h := header{top: f.DataSet}
	if s := f.Items(tSharedGroups); len(s) > 0 {
		h.shared = s[0]
		r.base.siemensXA(h.shared)
	}
	var dims []int // which of the dimension index values tell volumes apart
	for i, item := range f.Items(tDimensionSeq) {
		switch p := dimensionPointer(item); p {
		case tStackID, tInStackPosition, tPosition, tPlanePositionSeq:
		default:
			dims = append(dims, i)
		}
	}
	out := make([]*slice, 0, len(groups))
	for i, g := range groups {
		h.frame = g
		s, err := r.slice(h)
		if err != nil {
			return nil, inFrame(i, err)
		}
		s.frame = int32(i)
		values := h.floats(tDimensionValues, tFrameContentSeq)
		s.keys[keyDimension] = nan
		if len(dims) > 0 && len(values) > dims[len(dims)-1] {
			s.keys[keyDimension] = 0
			for _, d := range dims {
				s.keys[keyDimension] = s.keys[keyDimension]*1e4 + values[d]
			}
		}
		s.keys[keyTemporal] = h.float(nan, tTemporalIndex, tFrameContentSeq)
		s.keys[keyAcquisition] = h.float(h.float(nan, tAcquisitionNumber), tFrameAcquisition, tFrameContentSeq)
		s.keys[keyTrigger] = h.float(nan, tTriggerDelay, tCardiacSeq)
		s.keys[keyTime] = dateTime(h.text(tFrameAcquired, tFrameContentSeq), "", "")
		if math.IsNaN(s.keys[keyTime]) {
			s.keys[keyTime] = dateTime(h.text(tFrameReference, tFrameContentSeq), "", "")
		}
		if math.IsNaN(s.keys[keyTime]) {
			s.keys[keyTime] = dateTime(h.text(tAcquisitionDateTime), h.text(tAcquisitionDate), h.text(tAcquisitionTime))
		}
		s.keys[keyContent] = nan
		facts := *s.facts
		if err := r.scale(s, &facts, h, privateItem(g)); err != nil {
			return nil, inFrame(i, err)
		}
		s.keys[keyB], s.keys[keyGradient] = r.diffusion(h, privateItem(g))
		r.vendorKeys(s, h, privateItem(g))
		s.facts = r.pool.one(facts)
		out = append(out, s)
	}
	return out, nil
}

// inFrame adds the frame to an error about one, from 0.
func inFrame(i int, err error) error {
	if in := (*fault.Input)(nil); errors.As(err, &in) {
		in.Field = fmt.Sprintf("frame %d: %s", i+1, in.Field)
	}
	return err
}

// dimensionPointer is the attribute that a dimension counts, as a tag; pydicom
// and others write it as AT, which reads as two 16-bit halves or as one number.
func dimensionPointer(item *dicom.DataSet) dicom.Tag {
	b := item.Bytes(tDimensionPointer)
	if len(b) != 4 {
		return 0
	}
	// AT is the group, then the element, each in the file's byte order; big
	// endian multi-frame files do not exist in practice.
	return dicom.Tag(uint32(b[1])<<24 | uint32(b[0])<<16 | uint32(b[3])<<8 | uint32(b[2]))
}

// privateItem is Philips' item of a frame's group, nil where there is none.
func privateItem(g *dicom.DataSet) *dicom.DataSet {
	if t := g.Private(0x2005, philips5, 0x0F); t != 0 {
		if items := g.Items(t); len(items) > 0 {
			return items[0]
		}
	}
	return nil
}

// slice is what single and multi-frame files have in common: geometry and
// facts. Its facts are not yet the pool's.
func (r *reader) slice(h header) (*slice, error) {
	s := &slice{tile: -1, sop: h.top.Text(tSOPInstance)}
	for i := range s.keys {
		s.keys[i] = nan
	}
	pos, okPos := h.vec(tPosition, tPlanePositionSeq)
	if len(r.grid) > 0 {
		pos, okPos = r.grid[0], true
	}
	dirs := h.floats(tOrientation, tPlaneOrientationSeq)
	if !okPos || len(dirs) != 6 {
		if sliced[r.class] == "" {
			return nil, skip("no position in the patient, e.g. a screenshot or a radiograph")
		}
		if w := strings.Split(r.base.ImageType, `\`); !okPos && (w[0] == "DERIVED" || len(w) > 1 && w[1] == "SECONDARY") {
			return nil, skip("a derived or secondary image without a position in the patient")
		}
		field := "(0020,0032) Image Position (Patient)"
		if okPos {
			field = "(0020,0037) Image Orientation (Patient)"
		}
		return nil, r.bad(field, "none", "where the slice lies", "export the series with its geometry")
	}
	s.pos = pos
	var ok bool
	if max(math.Abs(pos[0]), math.Abs(pos[1]), math.Abs(pos[2])) > 1e6 {
		return nil, r.bad("(0020,0032) Image Position (Patient)", fmt.Sprint(pos), "a place within a kilometre, in mm", "")
	}
	if s.row, s.col, ok = orthonormal([3]float64(dirs[:3]), [3]float64(dirs[3:])); !ok {
		return nil, r.bad("(0020,0037) Image Orientation (Patient)", fmt.Sprint(dirs), "two unit vectors at right angles", "")
	}
	f := r.base
	sp := h.floats(tPixelSpacing, tPixelMeasuresSeq)
	if len(sp) != 2 || !isLength(sp[0]) || !isLength(sp[1]) {
		return nil, r.bad("(0028,0030) Pixel Spacing", fmt.Sprintf("%.80s", fmt.Sprint(sp)), "two numbers of mm", "")
	}
	f.PixelSpacing = [2]float64(sp)
	// What is no length says nothing.
	if f.Thickness = h.float(0, tThickness, tPixelMeasuresSeq); !isLength(f.Thickness) {
		f.Thickness = 0
	}
	if f.SpacingBetween = math.Abs(h.float(0, tSpacingBetween, tPixelMeasuresSeq)); !isLength(f.SpacingBetween) {
		f.SpacingBetween = 0
	}
	f.Stack = h.text(tStackID, tFrameContentSeq)
	r.frameFacts(h, &f)
	s.keys[keyTI], s.keys[keyFlip], s.keys[keyTR] = f.TI, f.FlipAngle, f.TR
	if f.ReceiveCoil != "" {
		s.keys[keyCoil] = hash(f.ReceiveCoil)
	}
	s.facts = &f
	return s, nil
}

// isLength says that mm can be the size of a pixel or the distance of slices.
func isLength(mm float64) bool { return mm > 1e-4 && mm < 1e3 }

// frameFacts adds what may differ between frames of one file.
func (r *reader) frameFacts(h header, f *Facts) {
	if v := h.texts(tFrameType, tMRFrameTypeSeq, tCTFrameTypeSeq, tPETFrameTypeSeq); len(v) > 0 {
		f.ImageType = strings.ToUpper(strings.Join(v, `\`))
	}
	private := h.top
	if h.frame != nil {
		private = privateItem(h.frame)
	}
	if private != nil {
		if t := private.Private(0x2005, philips1, 0x11); t != 0 {
			f.PhilipsType = strings.ToUpper(private.Text(t))
		}
	}
	f.Component = component(h.text(tComplexComponent, tMRFrameTypeSeq), f.PhilipsType, f.ImageType, r.geRaw)
	if r.geMap != "" {
		f.Component = r.geMap
	}
	if f.TE = h.amount(tEffectiveTE, tEchoSeq); f.TE == 0 {
		f.TE = h.amount(tTE)
	}
	f.EchoNumber = h.int(tEchoNumber)
	f.TR = h.amount(tTR, tTimingSeq)
	f.FlipAngle = h.amount(tFlipAngle, tTimingSeq)
	if f.TI = h.amount(tInversionTimes, tModifierSeq); f.TI == 0 {
		f.TI = h.amount(tTI)
	}
	if f.TI == 0 && private != nil && philipsPrepulseType.text(private) == "INV" {
		if ti := philipsPrepulse.float(private); ti > 0 && ti < 1e5 {
			f.TI = ti
		}
	}
	f.EchoTrain = max(h.int(tEchoTrain, tTimingSeq), h.int(tRFEchoTrain, tTimingSeq))
	f.Averages = h.amount(tAverages, tAveragesSeq)
	f.Bandwidth = h.amount(tBandwidth, tImagingModifierSeq)
	f.PhaseDirection = h.text(tPhaseDirection, tFOVSeq)
	if f.PhaseDirection == "COL" {
		f.PhaseDirection = "COLUMN"
	}
	f.ReceiveCoil = h.text(tReceiveCoil, tReceiveCoilSeq)
	if m := h.floats(tAcquisitionMatrix); len(m) == 4 && slices.Max(m) < 1e6 {
		// Frequency rows, frequency columns, phase rows, phase columns; two are 0.
		f.Matrix = [2]int{int(max(m[0], m[1])), int(max(m[2], m[3]))}
	} else {
		f.Matrix = [2]int{h.int(tFrequencySteps, tFOVSeq), h.int(tPhaseSteps, tFOVSeq)}
	}
}

// hash stands for a text among keys, which are numbers.
func hash(s string) float64 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return float64(h.Sum32())
}

func brackets(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func article(what string) string {
	if strings.ContainsRune("aeiou", rune(what[0])) || strings.HasPrefix(what, "MR") {
		return "an " + what
	}
	return "a " + what
}
