package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"magn/internal/annotation"
	"magn/internal/archive"
	"magn/internal/convert"
	"magn/internal/dicom"
	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/nrrd"
	"magn/internal/volume"
)

// outline is one file of outlined lesions.
type outline struct {
	file  string
	dicom bool
	sum   string    // SHA-256 of the file
	drawn []*Series // that it may have been drawn on, likeliest first; not empty
}

// findOutlines gives every patient the outlines that are his: from the folder of
// annotations, and the SEG and RTSTRUCT files among the sources.
func (m *importer) findOutlines() error {
	m.others = map[string]int{}
	var files []string
	for _, f := range m.scan.Files {
		if f.Status == convert.Skipped && (f.Reason == "a segmentation" || strings.HasPrefix(f.Reason, "no image")) {
			files = append(files, f.Path)
		}
	}
	among := len(files)
	if m.Annotations != "" {
		err := filepath.WalkDir(m.Annotations, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return &fault.Input{File: path, Err: err}
			}
			if d.Type().IsRegular() && !slices.Contains(files, path) {
				files = append(files, path)
			}
			return m.ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	for i, file := range files {
		if m.ctx.Err() != nil {
			return fault.ErrInterrupted
		}
		p, err := m.findOutline(file, i < among)
		if err == nil {
			continue
		}
		if p != nil {
			p.bad = true
		}
		m.fail(p, err)
	}
	m.sayOthers()
	for _, p := range m.patients {
		for _, o := range p.outlines {
			for _, s := range o.drawn {
				s.drawnOn = true
			}
		}
	}
	return m.outlinesThere()
}

// sayOthers says that there are files in the folder of annotations that are no
// outlines, by the endings of their names: the names have patients' ids in them.
func (m *importer) sayOthers() {
	var parts []string
	for _, ending := range slices.Sorted(maps.Keys(m.others)) {
		name := ending
		if name == "" {
			name = "without an ending"
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, m.others[ending]))
	}
	if len(parts) > 0 {
		m.result.Notes = append(m.result.Notes, "files in the folder of annotations that are no NIfTI, NRRD, SEG or RTSTRUCT are not read: "+strings.Join(parts, ", "))
	}
}

// outlinesThere refuses to go on without a folder of annotations where the study
// has cases whose outlines came from one: the cohort would lose them. A case whose
// outline was taken out of the folder leaves the study, and is named.
func (m *importer) outlinesThere() error {
	cases, err := m.growth.Cases()
	if err != nil {
		return err
	}
	var gone []string
	for _, p := range m.patients {
		if len(p.outlines) == 0 && !p.bad && slices.Contains(cases, p.id) {
			gone = append(gone, p.id)
		}
	}
	switch {
	case len(gone) == 0:
		return nil
	case m.Annotations != "":
		m.result.Notes = append(m.result.Notes, "no outline is there any more for "+strings.Join(gone, ", "))
		return nil
	}
	return &fault.Input{
		File: m.Study, Field: "outlines", Found: "none for cases that the study has: " + strings.Join(gone[:min(len(gone), 10)], ", "),
		Expected: "the outlines of all cases", Do: "name their folder with --annotations, as before",
	}
}

// findOutline gives one file to its patient. A file among the sources that is no
// outline is none of its business, one in the folder of annotations either.
func (m *importer) findOutline(file string, among bool) (*patient, error) {
	lower := strings.ToLower(file)
	for _, end := range []string{".nii", ".nii.gz", ".nrrd", ".nhdr"} {
		if strings.HasSuffix(lower, end) && !among {
			return m.drawnFile(file)
		}
	}
	d, err := dicom.Options{StopAtPixels: true}.Open(file)
	switch ending := filepath.Ext(lower); {
	case errors.Is(err, dicom.ErrNotDICOM) && !among && ending == ".dcm":
		return m.named(file), &fault.Input{File: file, Found: "no DICOM", Expected: "a SEG or RTSTRUCT", Do: "export it again, or take it out"}
	case errors.Is(err, dicom.ErrNotDICOM):
		if !among && !strings.HasPrefix(filepath.Base(file), ".") {
			m.others[ending]++
		}
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer d.Close()
	if !archive.Is(d) {
		if !among {
			m.others["DICOM images"]++
		}
		return nil, nil
	}
	return m.drawnDICOM(file, d)
}

// drawnFile is a NIfTI or NRRD mask: its patient by its name, its series by its grid.
func (m *importer) drawnFile(file string) (*patient, error) {
	p := m.named(file)
	if p == nil {
		return nil, &fault.Input{File: file, Field: "file name", Found: "no patient id that the images have", Expected: "a file or a folder named by the patient's id"}
	}
	mask, err := readMask(file)
	if err != nil {
		return p, err
	}
	o := &outline{file: file}
	var nearest error
	best := math.Inf(1)
	for _, s := range p.series {
		if s.Err != nil {
			continue
		}
		_, err := annotation.NewLattice(mask.Grid, s.Grid)
		if err == nil {
			o.drawn = append(o.drawn, s)
			continue
		}
		_, err = annotation.Fit(mask, s.Grid)
		if off := (*volume.Mismatch)(nil); errors.As(err, &off) && (off.MM < best || nearest == nil) {
			best = off.MM
			nearest = &fault.Input{
				File: file, Field: "grid", Found: fmt.Sprintf("none of the patient's series; from the nearest, series %d: %s", s.Facts.SeriesNumber, strings.Join(off.Parts, ", ")),
				Expected: "the grid of a series of case " + p.id, Do: "save the outline on the grid of the series that it was drawn on",
			}
		}
	}
	if len(o.drawn) == 0 {
		if nearest == nil {
			nearest = &fault.Input{File: file, Field: "grid", Found: "no series of case " + p.id + " to compare it with", Expected: "the grid of one of his series"}
		}
		return p, nearest
	}
	// Twins share a grid: of them the one that is likely to be used comes first.
	slices.SortStableFunc(o.drawn, func(a, b *Series) int { return b.Score - a.Score })
	return p, p.add(o)
}

// named is the patient whose id, or case id, a file's name or the name of a folder
// above it begins with; of several the one with the longest id.
func (m *importer) named(file string) *patient {
	rel, err := filepath.Rel(m.Annotations, file)
	if err != nil {
		rel = filepath.Base(file)
	}
	parts := strings.Split(filepath.ToSlash(rel), "/")
	for i := len(parts) - 1; i >= 0; i-- {
		var best *patient
		length := 0
		for _, p := range m.patients {
			for _, id := range []string{p.who, p.id} {
				if len(id) > length && startsWith(parts[i], id) {
					best, length = p, len(id)
				}
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

// startsWith says that name is id, or id followed by something that is no letter
// and no digit.
func startsWith(name, id string) bool {
	if !strings.HasPrefix(name, id) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(name[len(id):])
	return len(name) == len(id) || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// drawnDICOM is a SEG or RTSTRUCT: its series by what it refers to, else by its
// frame of reference; its patient by the series.
func (m *importer) drawnDICOM(file string, d *dicom.File) (*patient, error) {
	refs := references(d.DataSet)
	o := &outline{file: file, dicom: true}
	p := m.referred(o, refs)
	said := strings.TrimSpace(d.Text(dicom.PatientID))
	if p == nil {
		for _, q := range m.patients {
			if q.who == said && said != "" {
				p = q
			}
		}
		return p, &fault.Input{File: file, Field: "references", Found: "no series of the sources", Expected: "the series that it was drawn on", Do: "add that series to the sources"}
	}
	if said != "" && said != p.who {
		return p, &fault.Input{File: file, Field: "(0010,0020) Patient ID", Found: "another one than that of the series it was drawn on (case " + p.id + ")", Expected: "the same patient"}
	}
	return p, p.add(o)
}

// referred fills in the series that an outline may have been drawn on: those of a
// series that it names, of them the ones that hold instances it names; else those
// with such instances; else those of its frame of reference, sagittal first.
func (m *importer) referred(o *outline, refs refs) *patient {
	holds := func(s *Series) bool {
		return slices.ContainsFunc(m.scan.Slices(s.Candidate), func(x convert.Slice) bool { return refs.instances[x.SOP] })
	}
	for _, want := range []func(*Series) bool{
		func(s *Series) bool { return refs.series[s.Facts.SeriesUID] && holds(s) },
		func(s *Series) bool { return refs.series[s.Facts.SeriesUID] },
		func(s *Series) bool { return len(refs.instances) > 0 && holds(s) },
		func(s *Series) bool {
			return s.Facts.FrameOfReference != "" && refs.frames[s.Facts.FrameOfReference] && s.Verdict != No
		},
	} {
		for _, p := range m.patients {
			for _, s := range p.series {
				if s.Err == nil && want(s) {
					o.drawn = append(o.drawn, s)
				}
			}
			if len(o.drawn) > 0 {
				slices.SortStableFunc(o.drawn, func(a, b *Series) int { return int(a.View) - int(b.View) })
				return p
			}
		}
	}
	return nil
}

// add gives an outline to its patient; the same file in another place counts once.
func (p *patient) add(o *outline) error {
	var err error
	if o.sum, err = fileSum(o.file); err != nil {
		return err
	}
	if !slices.ContainsFunc(p.outlines, func(x *outline) bool { return x.sum == o.sum }) {
		p.outlines = append(p.outlines, o)
	}
	return nil
}

// refs is what a data set refers to, at any depth.
type refs struct{ series, instances, frames map[string]bool }

func references(d *dicom.DataSet) refs {
	r := refs{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	var walk func(d *dicom.DataSet, top bool)
	walk = func(d *dicom.DataSet, top bool) {
		for _, t := range d.Tags() {
			switch t {
			case dicom.SeriesInstanceUID:
				if !top { // at the top it is the outline's own
					r.series[d.Text(t)] = true
				}
			case dicom.ReferencedSOPInstanceUID:
				r.instances[d.Text(t)] = true
			case dicom.FrameOfReferenceUID, dicom.ReferencedFrameOfReferenceUID:
				r.frames[d.Text(t)] = true
			}
			for _, item := range d.Items(t) {
				walk(item, false)
			}
		}
	}
	walk(d, true)
	return r
}

// read is the outline on the grid of the series that it was drawn on: the first of
// those it may be that it fits.
func (o *outline) read(ctx context.Context, m *importer, on *Series) (*volume.Mask, error) {
	if !o.dicom {
		mask, err := readMask(o.file)
		if err != nil {
			return nil, err
		}
		return annotation.Fit(mask, on.Grid)
	}
	d, err := dicom.Open(o.file)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	a, err := archive.Read(ctx, d, archive.Options{Series: &on.Grid, Decoder: m.Decoder})
	if err != nil {
		return nil, err
	}
	if !m.AnyFrame {
		if err := a.Frame.Match(frameOf(on)); err != nil {
			return nil, inFile(err, o.file)
		}
	}
	return a.Mask, nil
}

func frameOf(s *Series) annotation.Frame {
	return annotation.Frame{UID: s.Facts.FrameOfReference, Study: s.Facts.StudyUID}
}

// readMask reads a NIfTI or NRRD mask.
func readMask(file string) (*volume.Mask, error) {
	lower := strings.ToLower(file)
	if strings.HasSuffix(lower, ".nii") || strings.HasSuffix(lower, ".nii.gz") {
		im, err := nifti.Read(file)
		if err != nil {
			return nil, err
		}
		if !im.Oriented {
			return nil, &fault.Input{
				File: file, Field: "qform_code, sform_code", Found: "0, which does not say where left is", Expected: "a form that is set",
				Do: "write the outline again with its orientation, as that of the image it was drawn on",
			}
		}
		mask, err := im.Mask()
		return mask, inFile(err, file)
	}
	im, err := nrrd.Read(file)
	if err != nil {
		return nil, err
	}
	if !im.Oriented {
		return nil, &fault.Input{File: file, Field: "space", Found: "none that says where left is", Expected: "a space of the patient", Do: "export it again with its space"}
	}
	mask, _, err := im.Mask()
	return mask, inFile(err, file)
}

// inFile names the file in an error that does not know it.
func inFile(err error, file string) error {
	var in *fault.Input
	if errors.As(err, &in) && in.File == "" {
		c := *in
		c.File = file
		return &c
	}
	return err
}

func fileSum(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", &fault.Input{File: file, Err: err}
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", &fault.Input{File: file, Err: err}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
