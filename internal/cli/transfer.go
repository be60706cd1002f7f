package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magn/internal/annotation"
	"magn/internal/convert"
	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/nrrd"
	"magn/internal/volume"
)

type transferOptions struct {
	mask, series, onto, out string
	method                  string
	merge, anyFrame         bool
}

func newTransferCommand(env *Env) *cobra.Command {
	var o transferOptions
	c := &cobra.Command{
		Use:   "transfer",
		Short: "Carry outlines from the series they were drawn on to another",
		Long: `Carries each label of a mask (NIfTI or NRRD, with 3D Slicer's segments) through patient
coordinates to the grid of another volume. A voxel is the lesion's where at least half of
its slab is. --method shape interpolates the distance to the outlines between slices;
linear interpolates the mask itself. Onto the grid that the mask has already, stored in
any way, labels are copied and nothing is resampled.

With --series, the volume that the mask was drawn on, its grid is compared with the
mask's, and the small translation is reported that best aligns the two images around the
lesions: a patient who moved between them is seen. Where magn convert made both volumes,
another frame of reference or study is refused; --any-frame takes it nevertheless.`,
		Example: `  magn transfer --mask sag_mask.nii.gz --onto axial.nii.gz --out axial_mask.nii.gz
  magn transfer --mask lesion.seg.nrrd --series sag.nii.gz --onto cor.nii.gz --out cor_mask.nii.gz --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			r, err := o.run()
			if err != nil {
				return err
			}
			return env.Result(r, r.print)
		},
	}
	f := c.Flags()
	f.StringVar(&o.mask, "mask", "", "the mask")
	f.StringVar(&o.series, "series", "", "the volume that the mask was drawn on, to check and to compare")
	f.StringVar(&o.onto, "onto", "", "the volume to carry it to")
	f.StringVar(&o.out, "out", "", "file to write: .nii, .nii.gz or .nrrd")
	f.StringVar(&o.method, "method", string(annotation.Shape), "shape or linear")
	f.BoolVar(&o.merge, "merge", false, "take all lesions as one, of label 1")
	f.BoolVar(&o.anyFrame, "any-frame", false, "also between frames of reference or studies that differ")
	require(c, "mask", "onto", "out")
	return exits(c, fault.CodeInput)
}

// transferResult is what the command did.
type transferResult struct {
	Mask    string            `json:"mask"`
	Onto    string            `json:"onto"`
	Out     string            `json:"out"`
	Method  annotation.Method `json:"method"`
	Lesions []carried         `json:"lesions"`
	Shift   *annotation.Shift `json:"shift,omitempty"`
	Notes   []string          `json:"notes,omitempty"`
}

// carried is one lesion before and after.
type carried struct {
	Label         uint16  `json:"label"`
	Name          string  `json:"name,omitempty"`
	VoxelsBefore  int     `json:"voxels_before"`
	VoxelsAfter   int     `json:"voxels_after"`
	VolumeBefore  float64 `json:"volume_ml_before"`
	VolumeAfter   float64 `json:"volume_ml_after"`
	DiameterMM    float64 `json:"diameter_mm"`
	Covered       float64 `json:"covered"`
	DrawnSlices   int     `json:"slices_before"`
	CarriedSlices int     `json:"slices_after"`
}

func (o *transferOptions) run() (*transferResult, error) {
	if o.method != string(annotation.Shape) && o.method != string(annotation.Linear) {
		return nil, &fault.Usage{Err: fmt.Errorf("--method %s: expected shape or linear", o.method)}
	}
	lower := strings.ToLower(o.out)
	if !strings.HasSuffix(lower, ".nii") && !strings.HasSuffix(lower, ".nii.gz") && !strings.HasSuffix(lower, ".nrrd") {
		return nil, &fault.Usage{Err: fmt.Errorf("--out %s: expected a name that ends in .nii, .nii.gz or .nrrd", o.out)}
	}
	for _, in := range []string{o.mask, o.series, o.onto} {
		if sameFile(in, o.out) {
			return nil, &fault.Usage{Err: fmt.Errorf("--out %s: expected another file than those that are read", o.out)}
		}
	}
	r := &transferResult{Mask: o.mask, Onto: o.onto, Out: o.out, Method: annotation.Method(o.method)}
	m, names, err := o.lesions(r)
	if err != nil {
		return nil, err
	}
	target, err := readVolume(o.onto)
	if err != nil {
		return nil, err
	}
	opt := annotation.Options{Method: r.Method, AnyFrame: o.anyFrame, To: frameOf(o.onto)}
	opt.Target = stackOf(opt.To)
	var series *volume.Volume
	if o.series != "" {
		opt.From = frameOf(o.series)
		opt.Drawn = stackOf(opt.From) // of the mask too, once it fits
		if series, err = readVolume(o.series); err != nil {
			return nil, err
		}
		if m, err = annotation.Fit(m, series.Grid); err != nil {
			return nil, inFile(err, o.mask)
		}
	}
	if series == nil {
		// Slices are stored as the mask's are: its grid is the volume's.
		if known := false; !o.anyFrame {
			if opt.From, known = frameBeside(o.mask, m.Grid); known {
				opt.Drawn = annotation.Third
			}
		}
	}
	if !o.anyFrame && (opt.From == (annotation.Frame{}) || opt.To == (annotation.Frame{})) {
		r.Notes = append(r.Notes, "whether both are of one frame of reference and study was not checked: magn convert's list does not have both volumes")
	}
	if o.merge {
		m, names = annotation.Merge(m), nil
	}
	got, err := annotation.Transfer(m, target.Grid, opt)
	if err != nil {
		return nil, inFile(err, o.mask)
	}
	if r.Lesions, err = compareMasks(m, got, opt, names); err != nil {
		return nil, inFile(err, o.mask)
	}
	if missed(r.Lesions) {
		return nil, &fault.Input{File: o.onto, Found: "no voxel of a lesion after the transfer", Expected: "a volume that holds a part of the lesions", Do: "choose another volume; nothing was written"}
	}
	for _, l := range r.Lesions {
		if l.VoxelsAfter == 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("label %d has no voxel after the transfer", l.Label))
		}
	}
	if series != nil {
		box, _ := annotation.Bounds(m) // there is a lesion
		s, err := annotation.FindShift(series, target, box)
		if err != nil {
			return nil, inFile(err, o.onto)
		}
		r.Shift = &s
	}
	if strings.HasSuffix(lower, ".nrrd") {
		err = nrrd.WriteMask(o.out, got, names)
	} else {
		err = nifti.WriteMask(o.out, got)
	}
	return r, err
}

// sameFile is whether both names lead to one file that is there.
func sameFile(a, b string) bool {
	if a == "" {
		return false
	}
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// missed is whether nothing came of any lesion.
func missed(all []carried) bool {
	for _, l := range all {
		if l.VoxelsAfter > 0 {
			return false
		}
	}
	return true
}

// lesions reads the mask, which must have some.
func (o *transferOptions) lesions(r *transferResult) (*volume.Mask, map[uint16]string, error) {
	m, names, shared, err := readMask(o.mask)
	if err != nil {
		return nil, nil, err
	}
	if shared > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d voxels belong to several segments; the smallest has them", shared))
	}
	for _, l := range m.Labels {
		if l != 0 {
			return m, names, nil
		}
	}
	return nil, nil, &fault.Input{File: o.mask, Field: "labels", Found: "none", Expected: "at least one lesion"}
}

// compareMasks lists the lesions of a mask, what became of each, and how much of
// it the target's stack holds.
func compareMasks(before, after *volume.Mask, o annotation.Options, names map[uint16]string) ([]carried, error) {
	was, err := annotation.Measure(before, o.Drawn)
	if err != nil {
		return nil, err
	}
	is, err := annotation.Measure(after, o.Target)
	if err != nil {
		return nil, err
	}
	cover, err := annotation.Coverage(before, o.Drawn, []volume.Grid{after.Grid})
	if err != nil {
		return nil, err
	}
	var all []carried
	for _, w := range was {
		c := carried{
			Label: w.Label, Name: names[w.Label], VoxelsBefore: w.Voxels, VolumeBefore: w.VolumeML,
			DiameterMM: w.DiameterMM, DrawnSlices: w.Slices, Covered: cover[w.Label],
		}
		for _, l := range is {
			if l.Label == w.Label {
				c.VoxelsAfter, c.VolumeAfter, c.CarriedSlices = l.Voxels, l.VolumeML, l.Slices
			}
		}
		all = append(all, c)
	}
	return all, nil
}

func (r *transferResult) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "label\tvoxels\tafter\tml\tafter\tdiameter mm\tcovered\t  \n")
	for _, c := range r.Lesions {
		fmt.Fprintf(w, "%d\t%d\t%d\t%.3f\t%.3f\t%.1f\t%.0f%%\t  %s\n", c.Label, c.VoxelsBefore, c.VoxelsAfter, c.VolumeBefore, c.VolumeAfter, c.DiameterMM, 100*c.Covered, c.Name)
	}
	if s := r.Shift; s != nil {
		if s.Trusted {
			fmt.Fprintf(w, "shift around the lesions: %.1f mm (right %.1f, front %.1f, up %.1f; correlation %.2f, unshifted %.2f)\n", s.Length, s.MM[0], s.MM[1], s.MM[2], s.NCC, s.Before)
		} else {
			fmt.Fprintf(w, "shift around the lesions: cannot be told, %s\n", s.Doubt)
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
	fmt.Fprintf(w, "%s: %s\n", r.Out, r.Method)
	return w.Flush()
}

// readVolume reads a .nii, .nii.gz or .nrrd image.
func readVolume(path string) (*volume.Volume, error) {
	if !isNRRD(path) {
		im, err := nifti.Read(path)
		if err != nil {
			return nil, err
		}
		if !im.Oriented {
			return nil, unoriented(path)
		}
		return im.Volume()
	}
	im, err := nrrd.Read(path)
	if err != nil {
		return nil, err
	}
	if err := oriented(im, path); err != nil {
		return nil, err
	}
	return im.Volume()
}

// readMask reads a .nii, .nii.gz or .nrrd mask, with the names of its labels where
// it has some, and how many voxels several of its segments share.
func readMask(path string) (m *volume.Mask, names map[uint16]string, shared int, err error) {
	if !isNRRD(path) {
		im, err := nifti.Read(path)
		if err != nil {
			return nil, nil, 0, err
		}
		if !im.Oriented {
			return nil, nil, 0, unoriented(path)
		}
		m, err = im.Mask()
		return m, nil, 0, err
	}
	im, err := nrrd.Read(path)
	if err != nil {
		return nil, nil, 0, err
	}
	if err := oriented(im, path); err != nil {
		return nil, nil, 0, err
	}
	names = map[uint16]string{}
	for _, s := range im.Segments {
		names[s.Label] = s.Name
	}
	m, shared, err = im.Mask()
	return m, names, shared, err
}

func isNRRD(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".nrrd" || ext == ".nhdr"
}

func oriented(im *nrrd.Image, path string) error {
	if im.Oriented {
		return nil
	}
	return &fault.Input{
		File: path, Field: "space", Found: "none that says where left is", Expected: "left-posterior-superior, or another of the patient",
		Do: "export it again with its space",
	}
}

func unoriented(path string) error {
	return &fault.Input{
		File: path, Field: "qform_code, sform_code", Found: "0, which does not say where left is", Expected: "a form that is set",
		Do: "write the image again with its orientation, as from the DICOM files",
	}
}

// frameOf is the frame of reference that magn convert noted of a volume; empty
// where it did not make it. Of several patients or studies the volumes are a folder
// below the list and named in it with that folder.
func frameOf(path string) annotation.Frame {
	path, err := filepath.Abs(path)
	if err != nil {
		return annotation.Frame{}
	}
	for _, v := range listed(path) {
		if v.path == trimNIfTI(path) {
			return v.Frame
		}
	}
	return annotation.Frame{}
}

func trimNIfTI(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".nii")
}

// converted is a volume in a list of magn convert.
type converted struct {
	annotation.Frame
	path string // without .nii or .nii.gz
}

// listed is what the lists in the folder of a file and in the one above say of the
// volumes in its folder.
func listed(path string) []converted {
	var found []converted
	folder := filepath.Dir(path)
	for _, top := range []string{folder, filepath.Dir(folder)} {
		data, err := os.ReadFile(filepath.Join(top, convert.UIDsFile))
		if err != nil {
			continue
		}
		var all []struct {
			Volume string `json:"volume"`
			Study  string `json:"study_instance_uid"`
			Frame  string `json:"frame_of_reference_uid"`
		}
		if json.Unmarshal(data, &all) != nil {
			continue
		}
		for _, v := range all {
			if p := filepath.Join(top, filepath.FromSlash(v.Volume)); filepath.Dir(p) == folder {
				found = append(found, converted{annotation.Frame{UID: v.Frame, Study: v.Study}, p})
			}
		}
	}
	return found
}

// frameBeside is the frame of the volumes beside a mask that have its grid; known is
// false where there are none, or they have several.
func frameBeside(mask string, g volume.Grid) (f annotation.Frame, known bool) {
	mask, err := filepath.Abs(mask)
	if err != nil {
		return f, false
	}
	for _, v := range listed(mask) {
		if known && v.Frame == f {
			continue
		}
		for _, ext := range []string{".nii.gz", ".nii"} {
			im, err := nifti.Read(v.path + ext)
			if err != nil || g.Match(im.Grid) != nil {
				continue
			}
			if known {
				return annotation.Frame{}, false
			}
			f, known = v.Frame, true
			break
		}
	}
	return f, known
}

// stackOf is the axis of the slices of a volume that magn convert made, which has
// a frame.
func stackOf(f annotation.Frame) annotation.Axis {
	if f == (annotation.Frame{}) {
		return annotation.Guess
	}
	return annotation.Third
}

// inFile names the file in an error that does not know it.
func inFile(err error, path string) error {
	var f *fault.Input
	if errors.As(err, &f) && f.File == "" {
		f.File = path
	}
	return err
}
