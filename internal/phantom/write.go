package phantom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"

	"magn/internal/draw"
	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/nrrd"
	"magn/internal/volume"
)

// optionsFile holds the options that a folder was made with.
const optionsFile = "phantom.json"

// Summary is what a cohort holds.
type Summary struct {
	Dir      string `json:"dir"`
	Patients int    `json:"patients"`
	Included int    `json:"included"` // by truth/rules.yaml
	Positive int    `json:"positive"` // of these
	Negative int    `json:"negative"`
	Excluded int    `json:"excluded"`
	Series   int    `json:"series"`
	Files    int    `json:"files"` // of DICOM images
	Kept     bool   `json:"kept"`  // it was there already, made with the same options
}

// Write makes a cohort as a hospital's researcher has it, in a new folder:
//
//	dicom/        what an archive exports: three views and more of each patient
//	annotations/  the outlined lesions on the sagittal series
//	clinical.csv, readers.csv, readers-scores.csv, rules.yaml
//	truth/        masks of all views, lesions, who is to be included
//	README.md     what it is and what it is not
//
// It is built beside the folder and renamed: a failed or cancelled call leaves
// nothing. A folder that was made with the same options is left as it is, another
// one refused. progress may be nil; its calls do not overlap.
func Write(ctx context.Context, dir string, opt Options, progress func(done, total int)) (*Summary, error) {
	if err := opt.verify(); err != nil {
		return nil, err
	}
	dir = filepath.Clean(dir)
	if kept, err := there(dir, opt); kept != nil || err != nil {
		return kept, err
	}
	b, err := build(dir)
	if err != nil {
		return nil, err
	}
	defer b.abort()
	patients := opt.patients()
	rows := make([]*record, len(patients))
	err = each(ctx, len(patients), progress, func(ctx context.Context, i int, tex texture) error {
		e := newExam(opt, patients[i], tex)
		var err error
		rows[i], err = e.write(ctx, b.staging, i+1)
		return err
	}, opt)
	if err != nil {
		return nil, err
	}
	sum := summary(dir, rows)
	if err := writeTables(b.staging, opt, rows, sum); err != nil {
		return nil, err
	}
	return sum, b.commit(dir)
}

// each does something for every patient, as many at once as there are processors.
func each(ctx context.Context, n int, progress func(done, total int), do func(ctx context.Context, i int, tex texture) error, opt Options) error {
	tex := newTexture(draw.New("phantom", opt.Seed, "texture"))
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	var mu sync.Mutex
	done := 0
	for i := range n {
		g.Go(func() error {
			if err := inner.Err(); err != nil {
				return err
			}
			if err := do(inner, i, tex); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			if progress != nil {
				progress(done, n)
			}
			return nil
		})
	}
	return g.Wait()
}

// record is what the tables say of one patient.
type record struct {
	*exam
	folders map[*series]string
	lesions []lesionTruth
	files   int // of images
}

// write writes one exam: images, annotation and truth.
func (e *exam) write(ctx context.Context, root string, number int) (*record, error) {
	if err := e.render(ctx, nil); err != nil {
		return nil, err
	}
	r := &record{exam: e}
	var err error
	if r.folders, err = e.writeDICOM(ctx, root, number); err != nil {
		return nil, err
	}
	if err := e.writeTruth(root, r); err != nil {
		return nil, err
	}
	for _, s := range e.series {
		switch {
		case !e.enhanced:
			r.files += s.stack.grid.Size[2]
		case e.sameNumber(s)[0] == s:
			r.files++
		}
		if s.drawn && e.flaw != noOutline {
			if err := e.writeOutline(root, s); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range e.series { // only their headers are still needed
		s.image = nil
	}
	e.truths = nil
	return r, nil
}

// writeOutline saves the drawn outline in the patient's format.
func (e *exam) writeOutline(root string, s *series) error {
	truth := e.truths[stackKey(s.stack)]
	m := e.outline(truth, labelsOf(truth))
	dir := filepath.Join(root, "annotations")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	switch at := filepath.Join(dir, e.id); e.outlined {
	case asSEG:
		return writeSet(at+".seg.dcm", e.seg(s, m), e.plainSyntax())
	case asRTSTRUCT:
		return writeSet(at+".rtstruct.dcm", e.structureSet(s, m), e.plainSyntax())
	case asNRRD:
		names := map[uint16]string{}
		for _, l := range labelsOf(m) {
			names[l] = fmt.Sprintf("Lesion %d", l)
		}
		return nrrd.WriteMask(at+".seg.nrrd", m, names)
	default:
		return nifti.WriteMask(at+"_lesions.nii.gz", m)
	}
}

// writeTruth writes the true masks of all views, each on its series' grid, and the
// lesions themselves, sampled at one millimetre.
func (e *exam) writeTruth(root string, r *record) error {
	dir := filepath.Join(root, "truth", e.id)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, s := range e.series {
		if s.used {
			key := stackKey(s.stack)
			if err := nifti.WriteMask(filepath.Join(dir, key+".nii.gz"), e.truths[key]); err != nil {
				return err
			}
		}
	}
	whole := e.body.sampled(1)
	r.lesions = e.body.measure(whole)
	return nifti.WriteMask(filepath.Join(dir, "lesions.nii.gz"), whole)
}

// sampled is the lesions on an upright grid of mm millimetres that holds them all.
func (a *anatomy) sampled(mm float64) *volume.Mask {
	low, high := [3]float64{1e9, 1e9, 1e9}, [3]float64{-1e9, -1e9, -1e9}
	for _, l := range a.lesions {
		for i := range 8 {
			var c [3]float64
			for k := range c {
				c[k] = l.low[k]
				if i>>k&1 == 1 {
					c[k] = l.high[k]
				}
			}
			p := a.patient(c[0], c[1], c[2])
			for k := range p {
				low[k], high[k] = min(low[k], p[k]-2), max(high[k], p[k]+2)
			}
		}
	}
	g := volume.Grid{Affine: volume.Scaling(mm, mm, mm), SpacingKnown: true}
	for k := range g.Size {
		low[k] = float64(int(low[k]) - 1)
		g.Size[k] = int((high[k]-low[k])/mm) + 1
		g.Affine[k][3] = low[k]
	}
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	for n := range m.Labels {
		at := g.Voxel(n)
		p := g.Affine.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])})
		if a.lesionNear(p, 1) {
			m.Labels[n] = a.at(p[0], p[1], p[2]).label
		}
	}
	return m
}

// there is the cohort that a folder already holds; nil where it is new or empty.
func there(dir string, opt Options) (*Summary, error) {
	names, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(names) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, &fault.Input{File: dir, Expected: "a folder that is new or empty", Err: err}
	}
	var made struct {
		Options Options
		Summary Summary
	}
	data, err := os.ReadFile(filepath.Join(dir, optionsFile))
	if err == nil {
		err = json.Unmarshal(data, &made)
	}
	if err != nil {
		return nil, &fault.Input{
			File: dir, Found: fmt.Sprintf("%d files and no %s", len(names), optionsFile),
			Expected: "a folder that is new or empty", Do: "name another folder",
		}
	}
	if made.Options != opt {
		return nil, &fault.Input{
			File: dir, Found: "a cohort of other options", Expected: "a folder that is new or empty, or holds this cohort",
			Do: "name another folder, or delete this one",
		}
	}
	made.Summary.Dir, made.Summary.Kept = dir, true
	return &made.Summary, nil
}

// builder is the folder beside the one to make, locked.
type builder struct {
	staging string
	lock    *flock.Flock
}

const lockFile = ".lock"

func build(dir string) (*builder, error) {
	b := &builder{staging: filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".partial")}
	if err := os.MkdirAll(b.staging, 0o755); err != nil {
		return nil, fault.NoPlace(dir, err)
	}
	b.lock = flock.New(filepath.Join(b.staging, lockFile))
	held, err := b.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", b.staging, err)
	}
	if !held {
		return nil, &fault.Input{File: b.staging, Found: "another process that makes this cohort", Do: "wait for it to end"}
	}
	left, err := os.ReadDir(b.staging) // of a call that was killed
	for _, x := range left {
		if x.Name() != lockFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(b.staging, x.Name())))
		}
	}
	if err != nil {
		b.abort()
		return nil, fmt.Errorf("clearing %s: %w", b.staging, err)
	}
	return b, nil
}

func (b *builder) commit(dir string) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) { // an empty folder
		return fmt.Errorf("putting %s in place: %w", dir, err)
	}
	if err := os.Rename(b.staging, dir); err != nil {
		return fmt.Errorf("putting %s in place: %w", dir, err)
	}
	b.staging = ""
	return os.Remove(filepath.Join(dir, lockFile))
}

func (b *builder) abort() {
	if b.staging != "" {
		os.RemoveAll(b.staging)
	}
	b.lock.Close()
}
