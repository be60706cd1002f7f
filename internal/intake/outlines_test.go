package intake

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
	"magn/internal/nrrd"
	"magn/internal/volume"
)

// structureSet is the lesion as contours on a stack: of each slice that shows it, the
// polygon around its section.
func (b *body) structureSet(s shot) *dicomtest.Set {
	s.fill()
	p := s.place()
	var contours []*dicomtest.Set
	for k := range s.slices {
		var points []any
		for row := range 3 * side { // the left edge down, then the right edge up; a pixel reaches .4 to all sides
			j := row / 3
			lo, hi := -1, -1
			for i := range side {
				if b.inside(p.point(&s, i, j, k)) {
					if hi = i; lo < 0 {
						lo = i
					}
				}
			}
			if lo < 0 {
				continue
			}
			y := float64(j) + .4*float64(row%3-1)
			left, right := p.edge(&s, float64(lo)-.4, y, k), p.edge(&s, float64(hi)+.4, y, k)
			points = append(append(left, points...), right...)
		}
		if len(points) >= 12 {
			contours = append(contours, dicomtest.New().Put(dicom.ContourGeometricType, "CS", "CLOSED_PLANAR").
				Put(dicom.NumberOfContourPoints, "IS", len(points)/3).Put(dicom.ContourData, "DS", points...))
		}
	}
	return dicomtest.New().Put(dicom.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.481.3").Put(dicom.SOPInstanceUID, "UI", b.study+".77").
		Put(dicom.Modality, "CS", "RTSTRUCT").Put(dicom.StudyInstanceUID, "UI", b.study).Put(dicom.PatientID, "LO", b.id).
		Seq(dicom.ReferencedFrameOfReferenceSequence, dicomtest.New().Put(dicom.FrameOfReferenceUID, "UI", b.frame).
			Seq(dicom.Tag(0x30060012), dicomtest.New().
				Seq(dicom.RTReferencedSeriesSequence, dicomtest.New().Put(dicom.SeriesInstanceUID, "UI", b.seriesUID(s))))).
		Seq(dicom.StructureSetROISequence, dicomtest.New().Put(dicom.ROINumber, "IS", 1).Put(dicom.ROIName, "LO", "lesion").
			Put(dicom.ReferencedFrameOfReferenceUID, "UI", b.frame)).
		Seq(dicom.ROIContourSequence, dicomtest.New().Put(dicom.ReferencedROINumber, "IS", 1).Seq(dicom.ContourSequence, contours...))
}

// edge is a point between pixels, as DS values.
func (p place) edge(s *shot, i, j float64, k int) []any {
	var out []any
	for r := range 3 {
		out = append(out, fmt.Sprintf("%.9f", p.origin[r]+p.row[r]*s.spacing*i+p.col[r]*s.spacing*j+p.normal[r]*s.step*float64(k)))
	}
	return out
}

// segmentation is the lesion as a binary SEG on a stack.
func (b *body) segmentation(s shot) *dicomtest.Set {
	s.fill()
	p := s.place()
	var frames []*dicomtest.Set
	var pixels []byte
	bit := 0
	for k := range s.slices {
		o := p.edge(&s, 0, 0, k)
		frames = append(frames, dicomtest.New().
			Seq(dicom.PlanePositionSequence, dicomtest.New().Put(dicom.ImagePositionPatient, "DS", o...)).
			Seq(dicom.SegmentIdentificationSequence, dicomtest.New().Put(dicom.ReferencedSegmentNumber, "US", 1)))
		for j := range side {
			for i := range side {
				if bit%8 == 0 {
					pixels = append(pixels, 0)
				}
				if b.inside(p.point(&s, i, j, k)) {
					pixels[bit/8] |= 1 << (bit % 8)
				}
				bit++
			}
		}
	}
	if len(pixels)%2 == 1 {
		pixels = append(pixels, 0)
	}
	cosines := make([]any, 6)
	for r := range 3 {
		cosines[r], cosines[3+r] = fmt.Sprintf("%.9f", p.row[r]), fmt.Sprintf("%.9f", p.col[r])
	}
	return dicomtest.New().Put(dicom.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.66.4").Put(dicom.SOPInstanceUID, "UI", b.study+".66").
		Put(dicom.Modality, "CS", "SEG").Put(dicom.StudyInstanceUID, "UI", b.study).Put(dicom.PatientID, "LO", b.id).
		Put(dicom.FrameOfReferenceUID, "UI", b.frame).Put(dicom.SegmentationType, "CS", "BINARY").
		Seq(dicom.ReferencedSeriesSequence, dicomtest.New().Put(dicom.SeriesInstanceUID, "UI", b.seriesUID(s))).
		Image(side, side, 1, false).Put(dicom.NumberOfFrames, "IS", s.slices).
		Seq(dicom.SegmentSequence, dicomtest.New().Put(dicom.SegmentNumber, "US", 1).Put(dicom.SegmentLabel, "LO", "lesion")).
		Seq(dicom.SharedFunctionalGroupsSequence, dicomtest.New().
			Seq(dicom.PlaneOrientationSequence, dicomtest.New().Put(dicom.ImageOrientationPatient, "DS", cosines...)).
			Seq(dicom.PixelMeasuresSequence, dicomtest.New().Put(dicom.PixelSpacing, "DS", s.spacing, s.spacing).Put(dicom.SliceThickness, "DS", s.step))).
		Seq(dicom.PerFrameFunctionalGroupsSequence, frames...).
		Put(dicom.PixelData, "OB", pixels)
}

// only takes the outlines of a ward away, so that a test gives its own.
func (w *ward) only() string {
	w.t.Helper()
	dir := filepath.Join(w.root, "outlines")
	if err := os.RemoveAll(dir); err != nil {
		w.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// drawn is how a stack came by its mask, by view of case C0001.
func (w *ward) drawn() map[string]string {
	w.t.Helper()
	x := readMade(filepath.Join(w.opt.Study, "cases", "C0001"))
	if x == nil {
		w.t.Fatal("no case C0001")
	}
	number := map[string]string{}
	for _, r := range w.rows() {
		number[r["series"]] = r["number"]
	}
	out := map[string]string{}
	for _, s := range x.Stacks {
		out[s.View.String()] = s.Outline.How + " " + number[s.Outline.DrawnOn]
	}
	return out
}

// Outlines of every kind, drawn on the series that is used or on another one of the
// same frame of reference, end where the lesion is.
func TestOutlines(t *testing.T) {
	used := shot{view: volume.Sagittal, number: 4}
	put := func(t *testing.T, s *dicomtest.Set, path string) {
		t.Helper()
		if err := (dicomtest.File{Set: s}).Write(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, w *ward, b *body, dir string)
		want map[string]string // how, by view; the default is drawn on 4
	}{
		{"RTSTRUCT among the sources", func(t *testing.T, _ *ward, b *body, _ string) {
			put(t, b.structureSet(used), filepath.Join(b.dir, "rs.dcm"))
		}, nil},
		{"SEG in the folder", func(t *testing.T, _ *ward, b *body, dir string) {
			put(t, b.segmentation(used), filepath.Join(dir, fmt.Sprintf("any %v.dcm", b.seed)))
		}, nil},
		{"NRRD, flipped and permuted", func(t *testing.T, _ *ward, b *body, dir string) {
			g := used.grid()
			h := volume.Grid{Size: [3]int{g.Size[2], g.Size[0], g.Size[1]}, SpacingKnown: true}
			for r := range 3 { // axes k, -i, j
				a := g.Affine[r]
				h.Affine[r] = [4]float64{a[2], -a[0], a[1], a[3] + float64(g.Size[0]-1)*a[0]}
			}
			if err := nrrd.WriteMask(filepath.Join(dir, b.id+".nrrd"), b.mask(h), nil); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"in a folder named by the case, and an axial one of its own", func(_ *testing.T, w *ward, b *body, dir string) {
			id := fmt.Sprintf("C%04d", int(b.seed))
			if err := os.MkdirAll(filepath.Join(dir, id), 0o755); err != nil {
				w.t.Fatal(err)
			}
			w.outline(b, used.grid(), id+"/sag.nii.gz")
			w.outline(b, shot{view: volume.Axial}.grid(), id+"/tra.nii.gz")
		}, map[string]string{"axial": "drawn 6"}},
		{"drawn on another series than any that is used", func(_ *testing.T, w *ward, b *body, _ string) {
			s := shot{view: volume.Sagittal, number: 12, minute: 4, desc: "t2 sag", tr: 4000, te: 90, spacing: 4, step: 4, slices: 15}
			b.write(w.t, s)
			w.outline(b, s.grid(), b.id+".nii.gz")
		}, map[string]string{"sagittal": "carried 12", "coronal": "carried 12", "axial": "carried 12"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, 2, nil)
			dir := w.only()
			for _, b := range w.bodies {
				c.make(t, w, b, dir)
			}
			r := w.must()
			want := map[string]string{"sagittal": "drawn 4", "coronal": "carried 4", "axial": "carried 4"}
			for v, how := range c.want {
				want[v] = how
			}
			for v, how := range want {
				if got := w.drawn()[v]; got != how {
					t.Errorf("%s: %s, want %s", v, got, how)
				}
			}
			for _, b := range w.bodies {
				for _, v := range volume.Views {
					read, err := w.caseOf(r.Cohort, b).Stacks(v)[0].Read(v)
					if err != nil {
						t.Fatal(err)
					}
					least := .8
					if strings.HasPrefix(want[v.String()], "drawn") {
						least = .995
					}
					if d := dice(b, read.Mask); d < least {
						t.Errorf("%s %s: Dice %.3f", b.id, v, d)
					}
				}
			}
			noSecrets(t, w.opt.Study)
		})
	}
}

// What is wrong with an outline costs its patient, says what and by how much, and
// nobody else.
func TestOutlinesThatCannotBeUsed(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(w *ward, b *body)
		say  string
	}{
		{"moved", func(w *ward, b *body) {
			w.outline(b, shot{view: volume.Sagittal, at: [3]float64{0, 7, 0}}.grid(), b.id+"_sag.nii.gz")
		}, "origin differs by 7 mm"},
		{"another size of pixels", func(w *ward, b *body) {
			w.outline(b, shot{view: volume.Sagittal, spacing: 4.4}.grid(), b.id+"_sag.nii.gz")
		}, "spacing"},
		{"twice", func(w *ward, b *body) {
			b.radius = 18
			w.outline(b, shot{view: volume.Sagittal}.grid(), b.id+"_second.nii.gz")
		}, "the same lesions as another file outlines"},
		{"empty", func(w *ward, b *body) {
			b.radius = .01
			w.outline(b, shot{view: volume.Sagittal}.grid(), b.id+"_sag.nii.gz")
		}, "no voxel of a lesion"},
		{"nobody's", func(w *ward, b *body) {
			w.outline(b, shot{view: volume.Sagittal}.grid(), "nobody.nii.gz")
			if err := os.Remove(filepath.Join(w.root, "outlines", b.id+"_sag.nii.gz")); err != nil {
				w.t.Fatal(err)
			}
		}, "no patient id that the images have"},
		{"of a series that is not there", func(w *ward, b *body) {
			f := dicomtest.File{Set: b.segmentation(shot{view: volume.Sagittal, number: 4, uid: "1.7.7"}).Put(dicom.FrameOfReferenceUID, "UI", "1.7.8")}
			if err := f.Write(filepath.Join(w.root, "outlines", "seg.dcm")); err != nil {
				w.t.Fatal(err)
			}
		}, "no series of the sources"},
		{"of another patient's series", func(w *ward, b *body) {
			f := dicomtest.File{Set: b.segmentation(shot{view: volume.Sagittal, number: 4}).Put(dicom.PatientID, "LO", "somebody")}
			if err := f.Write(filepath.Join(w.root, "outlines", "seg.dcm")); err != nil {
				w.t.Fatal(err)
			}
		}, "another one than that of the series"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, 3, nil)
			c.make(w, w.bodies[2])
			r, err := w.run()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(failures(r), c.say) {
				t.Errorf("%s\nwithout %q", failures(r), c.say)
			}
			if r.Cohort == nil || len(r.Cohort.Cases) != 2 || r.Flow.Included != 2 {
				t.Errorf("%+v\n%s", r.Flow, failures(r))
			}
			noSecrets(t, w.opt.Study)
		})
	}
}

// Between frames of reference that differ nothing is carried, unless told to.
func TestFramesOfReference(t *testing.T) {
	w := newWard(t, 2, func(b *body, shots []shot) []shot {
		for i := range shots {
			if shots[i].number == 6 && b.seed == 1 {
				shots[i].edit = func(_ int, s *dicomtest.Set) { s.Put(dicom.FrameOfReferenceUID, "UI", "1.7.7") }
			}
		}
		return shots
	})
	r, err := w.run()
	if err != nil {
		t.Fatal(err)
	}
	if s := failures(r); !strings.Contains(s, "case C0001, axial") || !strings.Contains(strings.ToLower(s), "frame") {
		t.Error(s)
	}
	w.opt.AnyFrame = true
	if r := w.must(); r.Converted != 2 { // the option may change every case
		t.Errorf("%+v", r)
	}
}

// A NIfTI outline that does not say where left is is refused, as one in NRRD is.
func TestOutlineWithoutOrientation(t *testing.T) {
	w := newWard(t, 2, nil)
	b := w.bodies[0]
	file := filepath.Join(w.root, "outlines", b.id+"_sag.nii.gz")
	packed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	clear(raw[252:256]) // qform_code, sform_code
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strings.TrimSuffix(file, ".gz"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := w.run()
	if err != nil {
		t.Fatal(err)
	}
	if fault.Code(r.Err()) != fault.CodePartial || !strings.Contains(failures(r), b.id+"_sag.nii: qform_code, sform_code: found 0, which does not say where left is") {
		t.Errorf("%v", r.Err())
	}
}

// What lies in the folder of annotations and is no outline is said: by its ending, or
// as an error where it should have been one.
func TestFilesThatAreNoOutlines(t *testing.T) {
	w := newWard(t, 3, nil)
	bad := w.bodies[2].id
	if err := os.Remove(filepath.Join(w.root, "outlines", bad+"_sag.nii.gz")); err != nil {
		t.Fatal(err)
	}
	w.write("outlines/"+bad+"_gtv.dcm", "not what it says")
	w.write("outlines/"+w.bodies[0].id+"_screen.png", "a picture")
	w.write("outlines/notes", "remember")
	w.write("outlines/.DS_Store", "")
	r, err := w.run()
	if err != nil {
		t.Fatal(err)
	}
	if fault.Code(r.Err()) != fault.CodePartial || len(r.Cohort.Cases) != 2 || len(r.Failed) != 1 || !strings.Contains(failures(r), bad+"_gtv.dcm: found no DICOM, expected a SEG or RTSTRUCT") {
		t.Errorf("%v %+v", r.Err(), r)
	}
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "are not read: without an ending 1, .png 1") || strings.Contains(notes, secret) {
		t.Error(notes)
	}
}
