package cli

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"magn/internal/annotation"
	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/solid"
	"magn/internal/volume"
)

// phantomSeries is one line of truth/series.csv that magn phantom writes.
type phantomSeries struct {
	patient, view string
	drawn         bool // the outlines were drawn on it
	mask          *volume.Mask
}

// phantomCells are the trials of synthetic patients, by view: each lesion's true
// mask on the sagittal series, to be carried to the other series, and the true mask
// there; lesions that endsOutside are counted only. A series for which the patient had moved is put back to where he lay.
func phantomCells(dir string) (cells []transferMeasurement, trials [][]solid.Trial, err error) {
	all, err := readPhantom(dir)
	if err != nil {
		return nil, nil, err
	}
	drawn := map[string]*volume.Mask{}
	for _, s := range all {
		if s.drawn {
			drawn[s.patient] = s.mask
		}
	}
	for _, view := range []string{"coronal", "axial"} {
		cell := transferMeasurement{Cell: solid.Cell{Kind: "phantom"}, View: view}
		var list []solid.Trial
		n := 0.0
		for _, s := range all {
			from := drawn[s.patient]
			if s.view != view || from == nil {
				continue
			}
			lesions, err := annotation.Measure(from, annotation.Third)
			if err != nil {
				return nil, nil, err
			}
			a, b := solid.Normal(from.Grid), solid.Normal(s.mask.Grid)
			cos := a[0]*b[0] + a[1]*b[1] + a[2]*b[2]
			for _, l := range lesions {
				outlined := only(from, l.Label)
				if endsOutside(outlined) {
					cell.Cut++
					continue
				}
				list = append(list, solid.Trial{Outlined: outlined, Truth: only(s.mask, l.Label), Slices: l.Slices})
				cell.DiameterMM += l.DiameterMM
				cell.SliceMM += s.mask.Spacing()[2]
				cell.AngleDeg += math.Asin(min(1, math.Abs(cos))) * 180 / math.Pi
				n++
			}
		}
		for _, x := range []*float64{&cell.DiameterMM, &cell.SliceMM, &cell.AngleDeg} {
			*x = math.Round(10**x/max(1, n)) / 10
		}
		cells, trials = append(cells, cell), append(trials, list)
	}
	return cells, trials, nil
}

// endsOutside says that a lesion is on the first or last slice of its stack: it goes
// on where nobody could outline it, which is no error of any transfer.
func endsOutside(m *volume.Mask) bool {
	w := m.Size[0] * m.Size[1]
	some := func(l uint16) bool { return l != 0 }
	return slices.ContainsFunc(m.Labels[:w], some) || slices.ContainsFunc(m.Labels[len(m.Labels)-w:], some)
}

// only is one lesion of a mask.
func only(m *volume.Mask, label uint16) *volume.Mask {
	out := &volume.Mask{Grid: m.Grid, Labels: make([]uint16, len(m.Labels))}
	for i, l := range m.Labels {
		if l == label {
			out.Labels[i] = 1
		}
	}
	return out
}

func readPhantom(dir string) ([]phantomSeries, error) {
	path := filepath.Join(dir, "truth", "series.csv")
	f, err := os.Open(path)
	if err != nil {
		return nil, &fault.Input{File: path, Err: err, Do: "name a folder that magn phantom --out made"}
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, &fault.Input{File: path, Expected: "a table with a header", Err: err}
	}
	at := map[string]int{}
	for _, name := range []string{"patient", "view", "mask", "drawn_on", "moved_x", "moved_y", "moved_z"} {
		if at[name] = slices.Index(rows[0], name); at[name] < 0 {
			return nil, &fault.Input{File: path, Field: "header", Found: "no column " + name, Expected: "the table that magn phantom writes"}
		}
	}
	var out []phantomSeries
	for n, row := range rows[1:] {
		s := phantomSeries{patient: row[at["patient"]], view: row[at["view"]], drawn: row[at["drawn_on"]] == "yes"}
		im, err := nifti.Read(filepath.Join(dir, filepath.FromSlash(row[at["mask"]])))
		if err != nil {
			return nil, err
		}
		if s.mask, err = im.Mask(); err != nil {
			return nil, err
		}
		for r, name := range []string{"moved_x", "moved_y", "moved_z"} {
			mm, err := strconv.ParseFloat(row[at[name]], 64)
			if err != nil {
				return nil, &fault.Input{File: path, Field: fmt.Sprintf("line %d, column %s", n+2, name), Found: row[at[name]], Expected: "millimetres"}
			}
			s.mask.Affine[r][3] -= mm
		}
		out = append(out, s)
	}
	return out, nil
}
