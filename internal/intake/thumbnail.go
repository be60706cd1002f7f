package intake

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"runtime"
	"sync"

	"github.com/google/renameio/v2"
	"golang.org/x/sync/errgroup"

	"magn/internal/dicom"
	"magn/internal/fault"
	"magn/internal/volume"
)

// thumbnailSide is how many pixels a thumbnail has at most along a side.
const thumbnailSide = 192

func thumbnailName(p *patient, s *Series) string { return p.id + "-" + s.Key + ".png" }

// writeThumbnails draws the middle slice of every series. One that is there is
// kept: the key changes with the series. A slice that cannot be read has none; if
// its series is wanted, its conversion says why.
func (m *importer) writeThumbnails() error {
	type job struct {
		p *patient
		s *Series
	}
	var jobs []job
	for _, p := range m.patients {
		for _, s := range p.series {
			if s.Err == nil && s.Facts.Modality == "MR" {
				jobs = append(jobs, job{p, s})
			}
		}
	}
	set := m.stage("thumbnails")
	g, ctx := errgroup.WithContext(m.ctx)
	g.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	var mu sync.Mutex
	done := 0
	for _, j := range jobs {
		g.Go(func() error {
			if ctx.Err() != nil {
				return fault.ErrInterrupted
			}
			file := m.path("thumbnails", thumbnailName(j.p, j.s))
			if _, err := os.Stat(file); err == nil {
				j.s.thumbnail = true
			} else if b := m.thumbnail(j.s); b != nil {
				if err := renameio.WriteFile(file, b, 0o644, renameio.WithTempDir(m.path("thumbnails"))); err != nil {
					return fmt.Errorf("%s cannot be written: %w", file, err)
				}
				j.s.thumbnail = true
			}
			mu.Lock()
			defer mu.Unlock()
			if done++; set != nil {
				set(done, len(jobs))
			}
			return nil
		})
	}
	return g.Wait()
}

// thumbnail is a PNG, or nil where the slice cannot be read. Only one frame of
// the series is: an export has many series, and most are not used.
func (m *importer) thumbnail(s *Series) []byte {
	all := m.scan.Slices(s.Candidate)
	k := len(all) / 2
	for k > 0 && all[k].File == "" {
		k--
	}
	sl := all[k]
	f := s.Facts
	if sl.File == "" || sl.Tile >= 0 || f.Rows*f.Cols > 1<<24 {
		return nil
	}
	d, err := dicom.Open(sl.File)
	if err != nil {
		return nil
	}
	defer d.Close()
	values, err := d.Frame(m.ctx, sl.Frame, m.Decoder)
	if err != nil || len(values) != f.Rows*f.Cols || s.Grid.Size[0] != f.Cols || s.Grid.Size[1] != f.Rows {
		return nil
	}
	one := &volume.Volume{Grid: s.Grid, Data: make([]float32, len(values))}
	one.Size[2] = 1
	for i, x := range values {
		if one.Data[i] = float32(x); f.Pixels.Photometric == "MONOCHROME1" {
			one.Data[i] = -one.Data[i]
		}
	}
	seen, err := one.Canonical(s.View)
	if err != nil {
		return nil
	}
	sp := seen.Spacing()
	seen = seen.ResampleInPlane(max(sp[0]*float64(seen.Size[0]), sp[1]*float64(seen.Size[1])) / thumbnailSide)
	lo, hi := volume.Window(seen.Data)
	p := seen.Slice(0)
	if hi <= lo || p.W*p.H == 0 {
		hi = lo + 1
	}
	im := image.NewGray(image.Rect(0, 0, p.W, p.H))
	for i, x := range p.Pix {
		im.SetGray(i%p.W, i/p.W, color.Gray{Y: uint8(255 * max(0, min(1, (x-lo)/(hi-lo))))})
	}
	var b bytes.Buffer
	if png.Encode(&b, im) != nil {
		return nil
	}
	return b.Bytes()
}
