package intake

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/convert"
	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/volume"
)

// secret stands in every attribute that may identify a patient.
const secret = "SECRET"

// body is one patient: what his tissue shows at a place, and a round lesion.
type body struct {
	id     string // PatientID
	dir    string
	seed   float64
	lesion [3]float64 // centre, LPS mm
	radius float64
	study  string
	frame  string
	day    string
}

func newBody(t testing.TB, root, id string, seed int) *body {
	t.Helper()
	b := &body{
		id: id, dir: filepath.Join(root, fmt.Sprintf("%s_%d", secret, seed)), seed: float64(seed),
		lesion: [3]float64{2 + float64(seed%3), -4, 6 - float64(seed%5)}, radius: 17,
		study: fmt.Sprintf("1.9.%d", seed), frame: fmt.Sprintf("1.9.%d.9", seed), day: "20200102",
	}
	return b
}

// at is the signal at a point, LPS mm.
func (b *body) at(p [3]float64, gain float64) uint16 {
	x, y, z := p[0]/70, p[1]/60, p[2]/75
	v := 100.0
	if x*x+y*y+z*z < 1 {
		v = 700 + 150*math.Sin(p[0]/9+b.seed)*math.Cos(p[1]/11) + 120*math.Sin(p[2]/8+.3*b.seed) + 60*math.Cos((p[0]+p[1]+p[2])/13)
	}
	if b.inside(p) {
		v += 600
	}
	return uint16(v*gain + b.seed)
}

func (b *body) inside(p [3]float64) bool {
	d := 0.0
	for r := range 3 {
		d += (p[r] - b.lesion[r]) * (p[r] - b.lesion[r])
	}
	return d < b.radius*b.radius
}

// shot is one series. The zero values are a spin echo T1.
type shot struct {
	view   volume.View
	number int
	minute float64
	desc   string
	agent  string

	tr, te, ti, flip float64
	scanning, acq    string
	options, typ     string
	slices           int
	step             float64    // between slices, mm
	spacing          float64    // in plane, mm
	at               [3]float64 // moves the stack, LPS mm
	turn             float64    // degrees about the patient's left–right axis
	gain             float64
	uid              string // of the series; from its number where ""
	edit             func(k int, s *dicomtest.Set)
}

const side = 32

// part tells the parts of one series apart.
func (s *shot) part() int {
	n := 0
	for _, r := range s.typ {
		n = (31*n + int(r)) % 9973
	}
	return n
}

// place is a stack's geometry: origin, row, column and step, LPS mm.
type place struct{ origin, row, col, normal [3]float64 }

// rotate turns a little about two axes, so that every stack is oblique.
func rotate(p [3]float64) [3]float64 {
	c, s := math.Cos(.12), math.Sin(.12)
	p = [3]float64{c*p[0] - s*p[1], s*p[0] + c*p[1], p[2]}
	c, s = math.Cos(.08), math.Sin(.08)
	return [3]float64{p[0], c*p[1] - s*p[2], s*p[1] + c*p[2]}
}

func (s *shot) fill() {
	set := func(p *float64, v float64) {
		if *p == 0 {
			*p = v
		}
	}
	set(&s.tr, 550)
	set(&s.te, 10)
	set(&s.step, 8)
	set(&s.spacing, 5)
	set(&s.gain, 1)
	if s.flip == 0 {
		s.flip = 90
	}
	if s.slices == 0 {
		s.slices = 11
	}
	if s.scanning == "" {
		s.scanning = "SE"
	}
	if s.acq == "" {
		s.acq = "2D"
	}
	if s.typ == "" {
		s.typ = `ORIGINAL\PRIMARY\M\ND`
	}
}

func (s *shot) place() place {
	axes := [3][2][3]float64{{{0, 1, 0}, {0, 0, -1}}, {{1, 0, 0}, {0, 0, -1}}, {{1, 0, 0}, {0, 1, 0}}}[s.view]
	turned := func(p [3]float64) [3]float64 {
		c, n := math.Cos(s.turn*math.Pi/180), math.Sin(s.turn*math.Pi/180)
		return [3]float64{p[0], c*p[1] - n*p[2], n*p[1] + c*p[2]}
	}
	p := place{row: rotate(turned(axes[0])), col: rotate(turned(axes[1]))}
	p.normal = [3]float64{
		p.row[1]*p.col[2] - p.row[2]*p.col[1], p.row[2]*p.col[0] - p.row[0]*p.col[2], p.row[0]*p.col[1] - p.row[1]*p.col[0],
	}
	for r := range 3 {
		p.origin[r] = s.at[r] - (p.row[r]+p.col[r])*s.spacing*(side-1)/2 - p.normal[r]*s.step*float64(s.slices-1)/2
	}
	return p
}

func (p place) point(s *shot, i, j, k int) (q [3]float64) {
	for r := range 3 {
		q[r] = p.origin[r] + p.row[r]*s.spacing*float64(i) + p.col[r]*s.spacing*float64(j) + p.normal[r]*s.step*float64(k)
	}
	return q
}

// grid is the stack's, RAS+.
func (s shot) grid() volume.Grid {
	s.fill()
	p := s.place()
	g := volume.Grid{Size: [3]int{side, side, s.slices}, SpacingKnown: true}
	for r := range 3 {
		sign := [3]float64{-1, -1, 1}[r]
		g.Affine[r] = [4]float64{sign * p.row[r] * s.spacing, sign * p.col[r] * s.spacing, sign * p.normal[r] * s.step, sign * p.origin[r]}
	}
	return g
}

// mask is the lesion on the stack's grid.
func (b *body) mask(g volume.Grid) *volume.Mask {
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	for n := range m.Labels {
		v := g.Voxel(n)
		p := g.Affine.Apply([3]float64{float64(v[0]), float64(v[1]), float64(v[2])})
		if b.inside([3]float64{-p[0], -p[1], p[2]}) {
			m.Labels[n] = 1
		}
	}
	return m
}

// seriesUID is what write gives a shot.
func (b *body) seriesUID(s shot) string {
	if s.uid != "" {
		return s.uid
	}
	return fmt.Sprintf("%s.%d", b.study, s.number)
}

// write writes the series.
func (b *body) write(t testing.TB, s shot) {
	t.Helper()
	s.fill()
	p := s.place()
	dir := filepath.Join(b.dir, fmt.Sprintf("%s-%03d-%s-%d", secret, s.number, s.view, s.part()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	clock := func(minutes float64) string {
		sec := int(9*3600 + minutes*60)
		return fmt.Sprintf("%02d%02d%02d", sec/3600, sec/60%60, sec%60)
	}
	for k := range s.slices {
		pixels := make([]uint16, side*side)
		for j := range side {
			for i := range side {
				pixels[i+side*j] = b.at(p.point(&s, i, j, k), s.gain)
			}
		}
		o := p.point(&s, 0, 0, k)
		set := dicomtest.MR(side, side, pixels).
			Put(dicom.ImageType, "CS", toAny(strings.Split(s.typ, `\`))...).
			Put(dicom.SOPInstanceUID, "UI", fmt.Sprintf("%s.%d.%d.%d", b.seriesUID(s), s.view, s.part(), k+1)).
			Put(dicom.StudyInstanceUID, "UI", b.study).
			Put(dicom.SeriesInstanceUID, "UI", b.seriesUID(s)).
			Put(dicom.FrameOfReferenceUID, "UI", b.frame).
			Put(dicom.SeriesNumber, "IS", s.number).
			Put(dicom.InstanceNumber, "IS", k+1).
			Put(dicom.ImagePositionPatient, "DS", o[0], o[1], o[2]).
			Put(dicom.ImageOrientationPatient, "DS", p.row[0], p.row[1], p.row[2], p.col[0], p.col[1], p.col[2]).
			Put(dicom.PixelSpacing, "DS", s.spacing, s.spacing).
			Put(dicom.SliceThickness, "DS", s.step).
			Put(dicom.PatientID, "LO", b.id).
			Put(dicom.PatientName, "PN", fmt.Sprintf("%s^Nr%v", secret, b.seed)).
			Put(dicom.PatientBirthDate, "DA", fmt.Sprintf("1950%02d11", 1+int(b.seed)%12)).
			Put(dicom.PatientSex, "CS", "F").
			Put(dicom.PatientComments, "LT", secret).
			Put(dicom.OtherPatientIDs, "LO", secret).
			Put(dicom.AccessionNumber, "SH", secret).
			Put(dicom.InstitutionName, "LO", secret).
			Put(dicom.StationName, "SH", secret).
			Put(dicom.StudyDescription, "LO", secret).
			Put(dicom.StudyDate, "DA", b.day).
			Put(dicom.AcquisitionDate, "DA", b.day).
			Put(dicom.AcquisitionTime, "TM", clock(s.minute)).
			Put(dicom.SeriesDescription, "LO", strings.TrimSpace(s.desc+" "+secret)).
			Put(dicom.ProtocolName, "LO", secret).
			Put(dicom.Manufacturer, "LO", "SIEMENS").
			Put(dicom.ScanningSequence, "CS", toAny(strings.Split(s.scanning, `\`))...).
			Put(dicom.MRAcquisitionType, "CS", s.acq).
			Put(dicom.RepetitionTime, "DS", s.tr).
			Put(dicom.EchoTime, "DS", s.te).
			Put(dicom.FlipAngle, "DS", s.flip)
		if s.ti > 0 {
			set.Put(dicom.InversionTime, "DS", s.ti)
		}
		if s.options != "" {
			set.Put(dicom.ScanOptions, "CS", s.options)
		}
		if s.agent != "" {
			set.Put(dicom.ContrastBolusAgent, "LO", s.agent)
		}
		if s.edit != nil {
			s.edit(k, set)
		}
		if err := (dicomtest.File{Set: set}).Write(filepath.Join(dir, fmt.Sprintf("%s%04d.dcm", secret, k))); err != nil {
			t.Fatal(err)
		}
	}
}

func toAny(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// standard is an examination as a hospital makes one: localizer, T2, T1 before
// contrast, and after it T1 in three views.
func standard() []shot {
	return []shot{
		{view: volume.Sagittal, number: 1, minute: 0, desc: "loc", scanning: "GR", tr: 8, te: 4, flip: 20, slices: 3, step: 30, typ: `ORIGINAL\PRIMARY\LOCALIZER`},
		{view: volume.Sagittal, number: 2, minute: 3, desc: "t2_tse_sag", tr: 3500, te: 100},
		{view: volume.Sagittal, number: 3, minute: 7, desc: "t1_tse_sag"},
		{view: volume.Sagittal, number: 4, minute: 15, desc: "t1_tse_sag", agent: "Gadovist", gain: 1.2},
		{view: volume.Coronal, number: 5, minute: 19, desc: "t1_tse_cor", agent: "Gadovist"},
		{view: volume.Axial, number: 6, minute: 23, desc: "t1_tse_tra", agent: "Gadovist"},
	}
}

// ward is a folder of patients with their tables.
type ward struct {
	t      testing.TB
	root   string
	bodies []*body
	opt    Options
}

// newWard has n patients of alternating classes with standard examinations, which
// change may alter, and sagittal NIfTI outlines.
func newWard(t testing.TB, n int, change func(b *body, shots []shot) []shot) *ward {
	t.Helper()
	w := &ward{t: t, root: t.TempDir()}
	src, drawn := filepath.Join(w.root, "dvd"), filepath.Join(w.root, "outlines")
	table := "patient,name,birth date,sex,age,diagnosis,level,pathology confirmed\n"
	for i := range n {
		b := newBody(t, src, fmt.Sprintf("%s%04d", secret, i+1), i+1)
		w.bodies = append(w.bodies, b)
		shots := standard()
		if change != nil {
			shots = change(b, shots)
		}
		for _, s := range shots {
			b.write(t, s)
		}
		w.outline(b, shot{view: volume.Sagittal}.grid(), b.id+"_sag.nii.gz")
		table += fmt.Sprintf("%s,%s^Nr%d,1950-%02d-11,F,%d,%s,T%d,yes\n", b.id, secret, i+1, 1+(i+1)%12, 50+i, []string{"myeloma", "metastasis"}[i%2], i+1)
	}
	w.write("clinical.csv", table)
	w.opt = Options{
		Sources: []string{src}, Study: filepath.Join(w.root, "study"), Clinical: filepath.Join(w.root, "clinical.csv"),
		Annotations: drawn, Classes: []string{"myeloma", "metastasis"}, Positive: "myeloma",
		Shuffle: func(int, func(i, j int)) {}, noShift: true,
	}
	return w
}

func (w *ward) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.root, name), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) outline(b *body, g volume.Grid, name string) {
	w.t.Helper()
	dir := filepath.Join(w.root, "outlines")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := nifti.WriteMask(filepath.Join(dir, name), b.mask(g)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) run() (*Result, error) {
	w.t.Helper()
	return Run(context.Background(), w.opt, nil)
}

// must is run where nothing is to be wrong.
func (w *ward) must() *Result {
	w.t.Helper()
	r, err := w.run()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := r.Err(); err != nil {
		w.t.Fatalf("%v\n%s", err, w.list())
	}
	return r
}

// list is series.csv.
func (w *ward) list() string {
	b, _ := os.ReadFile(filepath.Join(w.opt.Study, importFolder, seriesFile))
	return string(b)
}

// numbers are the series numbers that were used, by case and view.
func (w *ward) numbers() map[string]string {
	w.t.Helper()
	rows := w.rows()
	out := map[string]string{}
	for _, r := range rows {
		for _, v := range strings.Fields(r["used_as"]) {
			k := r["case"] + " " + v
			out[k] = strings.TrimSpace(out[k] + " " + r["number"])
		}
	}
	return out
}

func (w *ward) rows() []map[string]string {
	w.t.Helper()
	list := strings.TrimPrefix(w.list(), "\ufeff")
	r := csv.NewReader(strings.NewReader(list))
	if head, _, _ := strings.Cut(list, "\n"); strings.Contains(head, ";") {
		r.Comma = ';'
	}
	lines, err := r.ReadAll()
	if err != nil {
		w.t.Fatal(err)
	}
	var out []map[string]string
	for _, l := range lines[1:] {
		row := map[string]string{}
		for i, x := range l {
			row[seriesColumns[i]] = x
		}
		out = append(out, row)
	}
	return out
}

// reason is what series.csv says of a series of case C0001.
func (w *ward) reason(number string) (verdict, reason string) {
	w.t.Helper()
	for _, r := range w.rows() {
		if r["case"] == "C0001" && r["number"] == number {
			return r["verdict"], r["reason"]
		}
	}
	w.t.Fatalf("no series %s in\n%s", number, w.list())
	return "", ""
}

// case1 is the case of a body.
func (w *ward) caseOf(c *cohort.Cohort, b *body) cohort.Case {
	w.t.Helper()
	walk, err := cohort.ReadCrosswalk(cohort.CrosswalkPath(w.opt.Study))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, k := range c.Cases {
		if k.ID == walk.Case(b.id) {
			return k
		}
	}
	w.t.Fatalf("no case of patient %s", b.id)
	return cohort.Case{}
}

// newImporter is a run before its first step.
func newImporter(t testing.TB, o Options) *importer {
	t.Helper()
	growth, err := cohort.Grow(o.Study, importFolder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(growth.Abort)
	return &importer{Options: o, ctx: t.Context(), growth: growth, result: &Result{Study: o.Study, Files: map[convert.Status]int{}}}
}

// choose is an import up to what is decided for each patient, without pixels, and
// whether his case would be made.
func (w *ward) choose() (*Result, bool) {
	w.t.Helper()
	m := newImporter(w.t, w.opt)
	for _, step := range []func() error{m.readTables, m.scanAll, m.findPatients, m.findOutlines, m.choose, m.writeSeries} {
		if err := step(); err != nil {
			w.t.Fatal(err)
		}
	}
	p := m.patients[0]
	m.know(p)
	verdicts, _ := m.rules.Apply([]cohort.Facts{p.facts}, m.Classes)
	return m.result, !m.waits(p, verdicts[0])
}

func failures(r *Result) string {
	var p *fault.Partial
	if !errors.As(r.Err(), &p) {
		return ""
	}
	var all []string
	for _, e := range p.Failed {
		all = append(all, e.Error())
	}
	return strings.Join(all, "\n")
}
