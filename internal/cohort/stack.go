package cohort

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/volume"
)

// Stack is one series of parallel slices of one view of a case.
type Stack struct {
	Image, Mask string // paths of the NIfTI files
	Sidecar
	err error // why the sidecar cannot be read
}

// stackNames are the files of stack n (from 1) of a view: the first one is
// sagittal.nii.gz, the second sagittal_2.nii.gz.
func stackNames(dir string, v volume.View, n int) (image, mask, sidecar string) {
	base := v.String()
	if n > 1 {
		base = fmt.Sprintf("%s_%d", base, n)
	}
	base = filepath.Join(dir, base)
	return base + ".nii.gz", base + "_mask.nii.gz", base + ".json"
}

// Stacks of one view: none where the view is missing. A stack of which only some
// files are there is listed, and Read says what it lacks.
func (c Case) Stacks(v volume.View) []Stack {
	var out []Stack
	for n := 1; ; n++ {
		image, mask, sidecar := stackNames(c.Dir, v, n)
		if !exists(image) && !exists(mask) && !exists(sidecar) {
			return out
		}
		s := Stack{Image: image, Mask: mask}
		s.Sidecar, s.err = readSidecar(sidecar)
		out = append(out, s)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Read is what a stack holds, canonical for its view, the mask on the image's grid.
type Read struct {
	Image *volume.Volume
	Mask  *volume.Mask
	Sidecar
}

// Read loads a stack. It is an error where a file is missing, truncated or holds
// NaN, or is not what its sidecar says, where the stack lies across another view, where image and mask are on
// different grids, and where the mask is empty.
func (s Stack) Read(view volume.View) (Read, error) {
	image, mask, err := s.stored()
	if err != nil {
		return Read{}, err
	}
	changes := s.changes(image, mask) // of what is stored; canonical may turn it
	r, err := s.canonical(view, image, mask)
	if err == nil && len(changes) > 0 {
		return Read{}, changes[0] // said last: what else is wrong says more
	}
	return r, err
}

// changes are how image and mask, as stored, differ from what the sidecar says of
// them, where it does; mask may be nil.
func (s Stack) changes(image *volume.Volume, mask *volume.Mask) (found []error) {
	if s.ImageSHA256 != "" && hashVolume(image) != s.ImageSHA256 {
		found = append(found, changed(s.Image, "image_sha256"))
	}
	if mask != nil && s.MaskSHA256 != "" && hashMask(mask) != s.MaskSHA256 {
		found = append(found, changed(s.Mask, "mask_sha256"))
	}
	return found
}

// ReadAt loads a stack's image with a point, in patient millimetres (RAS+), in the
// place of an outline: its mask is the one voxel that holds the point. ok is false
// where the point lies outside the stack. Neither mask nor sidecar need be there.
func (s Stack) ReadAt(view volume.View, point [3]float64) (r Read, ok bool, err error) {
	if s.err != nil && !exists(strings.TrimSuffix(s.Image, ".nii.gz")+".json") {
		s.Sidecar, s.err = Sidecar{SpacingKnown: true, ScaledBy: ByStack}, nil
	}
	image, err := s.image()
	if err != nil {
		return Read{}, false, err
	}
	changes := s.changes(image, nil)
	if r.Image, err = image.Canonical(view); err != nil {
		return Read{}, false, fileFault(s.Image, err)
	}
	if len(changes) > 0 {
		return Read{}, false, changes[0]
	}
	at, ok := r.Image.At(point)
	if !ok {
		return Read{}, false, nil
	}
	r.Sidecar, r.Mask = s.Sidecar, volume.PointMask(r.Image.Grid, at)
	return r, true, nil
}

func (s Stack) canonical(view volume.View, image *volume.Volume, mask *volume.Mask) (r Read, err error) {
	r.Sidecar = s.Sidecar
	if r.Image, err = image.Canonical(view); err != nil {
		return Read{}, fileFault(s.Image, err)
	}
	if r.Mask, err = mask.Canonical(view); err != nil {
		return Read{}, fileFault(s.Mask, err)
	}
	if err := r.Image.Match(r.Mask.Grid); err != nil {
		return Read{}, &fault.Input{File: s.Mask, Field: "grid", Expected: "the grid of " + filepath.Base(s.Image), Err: err}
	}
	if emptyMask(r.Mask.Labels) {
		return Read{}, &fault.Input{File: s.Mask, Field: "voxels", Found: "an empty mask", Expected: "a lesion in every stack"}
	}
	return r, nil
}

// stored reads image and mask as they lie on disk.
func (s Stack) stored() (*volume.Volume, *volume.Mask, error) {
	v, err := s.image()
	if err != nil {
		return nil, nil, err
	}
	mk, err := nifti.Read(s.Mask)
	if err != nil {
		return nil, nil, fileFault(s.Mask, err)
	}
	m, err := mk.Mask()
	if err != nil {
		return nil, nil, fileFault(s.Mask, err)
	}
	m.SpacingKnown = s.SpacingKnown
	return v, m, nil
}

// image reads the image as it lies on disk.
func (s Stack) image() (*volume.Volume, error) {
	if s.err != nil {
		return nil, s.err
	}
	im, err := nifti.Read(s.Image)
	if err != nil {
		return nil, fileFault(s.Image, err)
	}
	v, err := im.Volume()
	if err != nil {
		return nil, fileFault(s.Image, err)
	}
	// The sidecar knows what NIfTI can say only roughly.
	v.SpacingKnown = s.SpacingKnown
	return v, nil
}

// fileFault names the file where a lower layer did not.
func fileFault(path string, err error) error {
	if _, ok := err.(*fault.Input); ok {
		return err
	}
	return &fault.Input{File: path, Err: err}
}

func emptyMask(labels []uint16) bool {
	for _, l := range labels {
		if l != 0 {
			return false
		}
	}
	return true
}
