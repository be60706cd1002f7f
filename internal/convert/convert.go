// Package convert turns folders of DICOM files into volumes.
//
// Nouns: Scan reads the headers of all files below some paths. A File is one of
// them, with a Status and a reason: none is passed over in silence. A series is
// what the scanner called one; it often holds several volumes, so it is split
// into Candidates: slices of one orientation, echo, part (magnitude, phase,
// water, fat …) and time point, in order along their normal, on a
// volume.Grid, or with the error that says why they make none. Facts are what
// the headers say of a candidate. Convert reads a candidate's pixels; Run
// converts all that a scan found and writes images, sidecars and lists.
//
// Geometry comes from Image Position and Image Orientation (Patient) alone
// (PS3.3 C.7.6.2.1.1); instance numbers and file names decide nothing. Inside
// the package positions are DICOM's own, millimetres in LPS+ (x to the patient's
// left, y to the back, z to the head); a Grid's are RAS+, as everywhere else.
// docs/convert.md lists the rules and whose files need each.
package convert

import (
	"math"
	"runtime"

	"magn/internal/dicom"
	"magn/internal/volume"
)

// Options say how files are read and what is made of them.
type Options struct {
	Interpolate bool          // fill missing slices from their neighbours instead of refusing the stack
	Prune       bool          // remove volumes that an earlier run wrote and this one does not make, instead of refusing
	Workers     int           // files read at once; the number of processors where 0
	Decoder     dicom.Decoder // of compressed pixels; without one they are refused
	Skip        []string      // folders that are not walked, such as the output's
	MaxFiles    int           // bound of a scan; 2,000,000 where 0
}

func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Status is what became of a file.
type Status string

// Each file of a scan has one of these. Used: at least one volume was made of
// it, or will be. Duplicate: another file holds the same. Skipped: no image that
// volumes are made of, e.g. a report. Refused: it should have become a volume
// and cannot; these make a run end with code 8.
const (
	Used      Status = "used"
	Duplicate Status = "duplicate"
	Skipped   Status = "skipped"
	Refused   Status = "refused"
)

// File is one file that a scan found.
type File struct {
	Path    string
	Status  Status
	Reason  string   // why it is not used; empty where it is
	Notes   []string // what was odd in it and tolerated
	Volumes []string // names of the candidates that it is part of

	syntax string
	folder bool // it is one, and cannot be read
	size   int64
	mtime  int64
}

// Scan is what the headers below some paths say.
type Scan struct {
	Files      []File // by path
	Candidates []*Candidate

	opt  Options
	open opened // multi-frame files that pixels are read from
}

// Candidate is a volume that could be made: one stack of slices.
type Candidate struct {
	Name  string      // of its files below the output folder, without ending; unique in the scan
	Facts *Facts      // of its first slice; what differs between slices is in Slices
	Grid  volume.Grid // storage: i along a row, j down, k along the normal (rows × columns); zero where Err is set
	Notes []string    // what the user should know, without identifiers
	Err   error       // why no volume can be made of it; a *fault.Input
	Doubt error       // what makes it doubtful that it is a volume by itself; nil nearly always; a *fault.Input

	Echo    int     // 1, 2 … by echo time where its series has several; else 0
	By      string  // what tells the series' volumes apart, e.g. "temporal position"; empty where there is one
	Index   int     // 1, 2 … among Of volumes, in the order of acquisition
	Of      int     // 1 where there is one
	Begin   float64 // first acquisition, seconds since 1970 in the scanner's own clock; NaN where not said
	Content float64 // as Begin, when its first image was made; for files without acquisition times
	Seconds float64 // Begin since the study's first acquisition; NaN where not said
	Missing []int   // k of slices that are interpolated
	Sheared bool    // gantry tilt: slices are shifted in plane from one to the next

	slices []*slice // by k; nil where missing
	suffix []string
}

// Slice is where one slice of a candidate comes from.
type Slice struct {
	File     string
	SOP      string // SOP Instance UID
	Frame    int    // from 0, in the file
	Tile     int    // of a mosaic, from 0; -1 where the frame is the slice
	Position [3]float64
}

// Slices lists where the slices are from, by k; the entry of a missing slice has
// no File.
func (s *Scan) Slices(c *Candidate) []Slice {
	out := make([]Slice, len(c.slices))
	for k, sl := range c.slices {
		if sl == nil {
			continue
		}
		out[k] = Slice{File: s.Files[sl.file].Path, SOP: sl.sop, Frame: int(sl.frame), Tile: int(sl.tile), Position: sl.pos}
	}
	return out
}

// slice is one slice's part of what was read: of a scan's memory it is nearly
// all, so it holds little and shares its Facts.
type slice struct {
	file        int32
	frame, tile int32
	sop         string
	facts       *Facts
	pos         [3]float64 // of the centre of its first pixel, LPS+ mm
	row, col    [3]float64 // unit vectors along a row and down a column
	slope       float64    // stored value → value
	inter       float64
	keys        [keyCount]float64
	d           float64 // position along the stack's normal; set while stacks are made
	digest      uint64  // of the pixels, where they had to be compared; 0 else
	clash       bool    // another slice has its SOP Instance UID, frame and place, and other pixels
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func norm(a [3]float64) float64 { return math.Sqrt(dot(a, a)) }

// along is a + s·b.
func along(a [3]float64, s float64, b [3]float64) [3]float64 {
	return [3]float64{a[0] + s*b[0], a[1] + s*b[1], a[2] + s*b[2]}
}

var nan = math.NaN()
