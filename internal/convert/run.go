package convert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/renameio/v2"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"magn/internal/fault"
)

// Names of what Run writes beside the volumes.
const (
	FilesFile = "files.csv" // every file: status, volumes, reason
	UIDsFile  = "uids.json" // UIDs of each volume's study, series and instances
)

// Volume is what became of a candidate.
type Volume struct {
	Name    string     // below the output folder, without ending
	Size    [3]int     // columns, rows, slices
	Spacing [3]float64 // mm
	Kept    bool       // it was there already, made of the same files
	Notes   []string
	Err     error // why there is none
	Doubt   error // why it may be a part of a volume only; several may share it
}

// Result is what a run did.
type Result struct {
	Volumes []Volume
	Files   []File
	Bytes   int64 // of the images
}

// maxInFlight bounds the bytes of the volumes that are in memory at once; a
// larger one is converted alone.
const maxInFlight = 1 << 30

// Run converts every candidate into out: an image (.nii.gz) and a sidecar
// (.json) each, then the lists. A volume that is there, whole and made of the same
// files, is kept, so an interrupted run goes on; volumes that earlier runs wrote and
// this one does not make are refused as Options.Prune says. progress, where there is one, is
// called with the volumes done and their number.
//
// The error is about the output or an interruption; what could not be converted
// stands in the result. Files and volumes that are there are whole.
func (s *Scan) Run(ctx context.Context, out string, progress func(done, total int)) (*Result, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fault.NoPlace(out, err)
	}
	unlock, err := lock(out)
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer s.Close()
	if err := s.stale(out); err != nil {
		return nil, err
	}
	r := &Result{Volumes: make([]Volume, len(s.Candidates))}
	memory := semaphore.NewWeighted(maxInFlight)
	g, inner := errgroup.WithContext(ctx)
	// One more than processors: one reads while the others pack.
	g.SetLimit(s.opt.workers() + 1)
	var mu sync.Mutex
	done := 0
	for i, c := range s.Candidates {
		v := &r.Volumes[i]
		*v = Volume{Name: c.Name, Size: c.Grid.Size, Notes: c.Notes, Err: c.Err, Doubt: c.Doubt}
		if c.Err == nil {
			v.Spacing = c.Grid.Spacing()
		}
		g.Go(func() error {
			if c.Err == nil {
				// As it is read, and what packing needs of it at once.
				need := min(maxInFlight, int64(c.Grid.Len())*int64(newBuilder(c).typ.Bytes()+1))
				if memory.Acquire(inner, need) != nil {
					return fault.ErrInterrupted
				}
				err := s.write(inner, filepath.Join(out, filepath.FromSlash(c.Name)), c, v, r)
				memory.Release(need)
				if err != nil {
					return err
				}
			}
			mu.Lock()
			done++
			n := done
			mu.Unlock()
			if progress != nil {
				progress(n, len(s.Candidates))
			}
			return nil
		})
	}
	err = g.Wait()
	if ctx.Err() != nil {
		return nil, fault.ErrInterrupted
	}
	if err != nil {
		return nil, err
	}
	for i, c := range s.Candidates {
		if c.Err == nil && r.Volumes[i].Err != nil {
			s.refuse(c, r.Volumes[i].Err)
		}
	}
	r.Files = s.Files
	if err := s.writeFiles(filepath.Join(out, FilesFile)); err != nil {
		return nil, err
	}
	return r, s.writeUIDs(filepath.Join(out, UIDsFile), r)
}

var bytesMu sync.Mutex

// write makes one volume's files; what is wrong with the input goes into v.Err.
func (s *Scan) write(ctx context.Context, path string, c *Candidate, v *Volume, r *Result) error {
	image, side := path+".nii.gz", path+".json"
	if s.made(image, side, c) {
		v.Kept = true
		return nil
	}
	im, err := s.Convert(ctx, c)
	if err != nil {
		if ctx.Err() != nil || errors.Is(err, fault.ErrInterrupted) {
			return fault.ErrInterrupted
		}
		v.Err = err
		return remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault.NoPlace(filepath.Dir(path), err)
	}
	// The sidecar is the volume's last file: where both are there, both are whole
	// and belong together.
	if err := os.Remove(side); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s cannot be replaced: %w", side, pathless(err))
	}
	if err := im.Write(image); err != nil {
		return err
	}
	bytesMu.Lock()
	r.Bytes += int64(len(im.Stored()))
	bytesMu.Unlock()
	o := s.NewSidecar(c, im)
	if o.ImageBytes, o.ImageSHA256, err = sumOf(image); err != nil {
		return fmt.Errorf("%s cannot be read again: %w", image, pathless(err))
	}
	return writeJSON(side, o, 0o644)
}

// digest stands for what a volume is made of: the files' sizes and times, and
// the geometry and scale of each slice. No identifier goes into it.
func (s *Scan) digest(c *Candidate) string {
	h := sha256.New()
	b := []byte("magn convert 1\x00" + c.Name + "\x00" + strings.Join(c.Notes, "\x00"))
	for k, sl := range c.slices {
		b = binary.LittleEndian.AppendUint64(b, uint64(k))
		if sl != nil {
			f := &s.Files[sl.file]
			for _, x := range []uint64{uint64(f.size), uint64(f.mtime), uint64(sl.frame), uint64(uint32(sl.tile))} {
				b = binary.LittleEndian.AppendUint64(b, x)
			}
			for _, x := range append([]float64{sl.slope, sl.inter}, sl.pos[:]...) {
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
			}
		}
		h.Write(b)
		b = b[:0]
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// refuse turns a candidate round that converting showed to be none, and the
// files that are in no other volume.
func (s *Scan) refuse(c *Candidate, err error) {
	c.Err = err
	for i := range s.Files {
		f := &s.Files[i]
		// A file that could not be read is in no candidate and stays refused.
		if len(f.Volumes) > 0 {
			f.Status, f.Volumes = "", nil
		}
	}
	s.settle()
}

func (s *Scan) writeFiles(path string) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"file", "status", "volumes", "reason", "notes"})
	for _, f := range s.Files {
		_ = w.Write([]string{f.Path, string(f.Status), strings.Join(f.Volumes, "; "), f.Reason, strings.Join(f.Notes, "; ")})
	}
	w.Flush()
	// Paths often have patients' names in them.
	return writeFile(path, b.Bytes(), 0o600)
}

// uids is one volume's entry in the list of UIDs.
type uids struct {
	Volume           string   `json:"volume"`
	StudyInstanceUID string   `json:"study_instance_uid"`
	SeriesUID        string   `json:"series_instance_uid"`
	FrameOfReference string   `json:"frame_of_reference_uid,omitempty"`
	SOPInstanceUIDs  []string `json:"sop_instance_uids"` // by slice; "" where it was interpolated
	Frames           []int    `json:"frames,omitempty"`  // from 1, in multi-frame files
}

func (s *Scan) writeUIDs(path string, r *Result) error {
	list := []uids{}
	for i, c := range s.Candidates {
		if r.Volumes[i].Err != nil {
			continue
		}
		f := c.Facts
		u := uids{Volume: c.Name, StudyInstanceUID: f.StudyUID, SeriesUID: f.SeriesUID, FrameOfReference: f.FrameOfReference}
		multi := false
		for _, sl := range c.slices {
			sop, frame := "", 0
			if sl != nil {
				sop, frame = sl.sop, int(sl.frame)+1
				multi = multi || sl.facts.Pixels.Frames > 1
			}
			u.SOPInstanceUIDs, u.Frames = append(u.SOPInstanceUIDs, sop), append(u.Frames, frame)
		}
		if !multi {
			u.Frames = nil
		}
		list = append(list, u)
	}
	return writeJSON(path, list, 0o600)
}

func writeJSON(path string, v any, mode os.FileMode) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return writeFile(path, b.Bytes(), mode)
}

func writeFile(path string, b []byte, mode os.FileMode) error {
	if err := renameio.WriteFile(path, b, mode, renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(mode)); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, pathless(err))
	}
	return nil
}

// Err sums a result up: nil where every file became part of a volume, is a copy
// or no image; else a *fault.Partial with what was refused, or a *fault.Input
// where there is no volume at all.
func (r *Result) Err() error {
	var failed []error
	told, doubted := map[string]bool{}, map[error]bool{}
	done := 0
	for _, v := range r.Volumes {
		if v.Err == nil {
			done++
			if v.Doubt != nil && !doubted[v.Doubt] {
				doubted[v.Doubt] = true
				failed = append(failed, doubtful(v))
			}
			continue
		}
		failed = append(failed, named(v))
		told[v.Name] = true
	}
	// Files that fail for one reason, such as a whole folder that was cut off, are
	// one line; the list of files has them all.
	first, more := map[string]*fault.Input{}, map[string]int{}
	for _, f := range r.Files {
		if f.Status != Refused || slices.ContainsFunc(f.Volumes, func(v string) bool { return told[v] }) {
			continue
		}
		if f.folder { // each by its name: what is in it is not even known
			failed = append(failed, &fault.Input{File: f.Path, Err: errors.New(f.Reason)})
			continue
		}
		if more[f.Reason]++; more[f.Reason] == 1 {
			first[f.Reason] = &fault.Input{File: f.Path, Err: errors.New(f.Reason)}
			failed = append(failed, first[f.Reason])
		}
	}
	for why, n := range more {
		if n > 1 {
			first[why].File += fmt.Sprintf(" and %d more", n-1)
		}
	}
	if len(failed) > 0 {
		return &fault.Partial{Done: done, What: "volumes", Failed: failed}
	}
	if done == 0 {
		return &fault.Input{Field: "DICOM files", Found: fmt.Sprintf("none among %d files that is a slice of a volume", len(r.Files)), Expected: "MR or CT images", Do: "see " + FilesFile + " for each file's reason"}
	}
	return nil
}

// doubtful is a volume's doubt, with its name where the doubt is its own.
func doubtful(v Volume) error {
	if in := (*fault.Input)(nil); errors.As(v.Doubt, &in) && in.File == "" {
		c := *in
		c.File = v.Name
		return &c
	}
	return v.Doubt
}

// named puts a volume's name before what is wrong with it; the error keeps its
// exit code.
func named(v Volume) error {
	if in := (*fault.Input)(nil); errors.As(v.Err, &in) {
		c := *in
		c.File = v.Name
		if in.File != "" {
			c.File += " (" + in.File + ")"
		}
		return &c
	}
	return fmt.Errorf("%s: %w", v.Name, v.Err)
}
