package phantom

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"magn/internal/draw"
	"magn/internal/volume"
)

// lesionTruth is what is known of one lesion.
type lesionTruth struct {
	label                  uint16
	ml, diameter, rim      float64
	centre                 [3]float64 // patient mm, RAS+
	pedicle, paravertebral bool
}

// measure counts the voxels of a sampled mask; the diameter is the largest distance
// in a sagittal plane, as it is measured on film.
func (a *anatomy) measure(m *volume.Mask) []lesionTruth {
	out := make([]lesionTruth, len(a.lesions))
	counts := make([]float64, len(a.lesions))
	edges := make([]map[int][][2]float64, len(a.lesions)) // by sagittal plane, first and last voxel of each row
	for i := range edges {
		edges[i] = map[int][][2]float64{}
	}
	for k := range m.Size[2] {
		for i := range m.Size[0] {
			last := map[uint16][2]float64{}
			for j := range m.Size[1] {
				l := m.Labels[i+m.Size[0]*(j+m.Size[1]*k)]
				if l == 0 {
					continue
				}
				p := m.Affine.Apply([3]float64{float64(i), float64(j), float64(k)})
				t := &out[l-1]
				counts[l-1]++
				for c := range p {
					t.centre[c] += p[c]
				}
				if _, ok := last[l]; !ok {
					edges[l-1][i] = append(edges[l-1][i], [2]float64{p[1], p[2]})
				}
				last[l] = [2]float64{p[1], p[2]}
			}
			for l := uint16(1); int(l) <= len(out); l++ {
				if p, ok := last[l]; ok {
					edges[l-1][i] = append(edges[l-1][i], p)
				}
			}
		}
	}
	mm := m.Spacing()[0]
	for n := range out {
		l := a.lesions[n]
		t := &out[n]
		t.label, t.rim, t.pedicle, t.paravertebral = uint16(n+1), l.rim, l.pedicle, l.para
		t.ml = counts[n] * mm * mm * mm / 1000
		for c := range t.centre {
			t.centre[c] /= max(counts[n], 1)
		}
		for _, plane := range edges[n] {
			for i, p := range plane {
				for _, q := range plane[:i] {
					t.diameter = max(t.diameter, math.Hypot(p[0]-q[0], p[1]-q[1])+mm)
				}
			}
		}
	}
	return out
}

func summary(dir string, rows []*record) *Summary {
	s := &Summary{Dir: dir, Patients: len(rows)}
	for _, r := range rows {
		numbers := map[int]bool{}
		for _, x := range r.series {
			numbers[x.number] = true
		}
		s.Series += len(numbers)
		s.Files += r.files
		switch {
		case r.flaw != none:
			s.Excluded++
		case r.label == 1:
			s.Included++
			s.Positive++
		default:
			s.Included++
			s.Negative++
		}
	}
	return s
}

// writeTables writes everything that is about all patients.
func writeTables(root string, opt Options, rows []*record, sum *Summary) error {
	for name, table := range map[string][][]string{
		"clinical.csv":       clinical(opt, rows),
		"readers.csv":        readers(opt, rows, false),
		"readers-scores.csv": readers(opt, rows, true),
		"truth/patients.csv": truthPatients(rows),
		"truth/series.csv":   truthSeries(opt, rows),
		"truth/lesions.csv":  truthLesions(rows),
	} {
		var b bytes.Buffer
		if err := csv.NewWriter(&b).WriteAll(table); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	made := *sum
	made.Dir = ""
	data, err := json.MarshalIndent(struct {
		Options Options
		Summary Summary
	}{opt, made}, "", "  ")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"README.md": readme(opt, sum), "rules.yaml": rules, optionsFile: string(data) + "\n"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// clinical is the table of a hospital. Nothing in it but the diagnosis goes with
// the class.
func clinical(opt Options, rows []*record) [][]string {
	table := [][]string{{
		"patient_id", "name", "birth_date", "sex", "age", "diagnosis", "level", "treated", "pathology_confirmed", "image_quality",
		"preoperative_mri", "haemoglobin g/dl", "pain score",
	}}
	for _, r := range rows {
		d := draw.New("phantom", opt.Seed, "clinic", r.person, r.patient.exam)
		levels := make([]string, 0, len(r.body.lesions))
		for _, l := range r.body.lesions {
			levels = append(levels, (r.central - level(l.level)).String())
		}
		age, before, quality := strconv.Itoa(r.age(r.begin)), "no", "good"
		haemoglobin, pain := fmt.Sprintf("%.1f", 12+1.6*d.NormFloat64()), strconv.Itoa(d.IntN(11))
		switch r.flaw {
		case noAge:
			age = ""
		case treated:
			before = "radiotherapy"
		case poorQuality:
			quality = "poor"
		}
		table = append(table, []string{
			r.id, strings.ReplaceAll(r.name, "^", ", "), r.birth.Format("2006-01-02"), r.sex, age, r.class(), strings.Join(levels, "+"), before,
			yes(r.flaw != noPathology), quality, "yes", haemoglobin, pain,
		})
	}
	return table
}

// readers are two radiologists of 5 and 10 years, each without and with help. How
// well they tell the classes apart falls with the difficulty; at 1 they guess.
func readers(opt Options, rows []*record, scores bool) [][]string {
	table := [][]string{{"patient", "reader", "read", "aided", "years"}}
	for _, r := range rows {
		if r.flaw != none {
			continue
		}
		side := -1.
		if r.label == 1 {
			side = 1
		}
		for reader, years := range []int{5, 10} {
			d := draw.New("phantom", opt.Seed, "reader", reader, r.person, r.patient.exam)
			// What reader and help have in common of a case, and what is the moment's.
			opinion := d.NormFloat64()
			for aided := range 2 {
				skill := (.45 + .18*float64(reader) + .25*float64(aided)) * (1 - opt.Difficulty)
				x := side*skill + .8*opinion + .6*d.NormFloat64()
				read := Negative
				if x > 0 {
					read = Positive
				}
				if scores {
					read = fmt.Sprintf("%.0f", 100*.5*math.Erfc(-x/math.Sqrt2))
				}
				table = append(table, []string{r.id, fmt.Sprintf("R%d", reader+1), read, yes(aided == 1), strconv.Itoa(years)})
			}
		}
	}
	return table
}

func truthPatients(rows []*record) [][]string {
	table := [][]string{{"patient", "group", "class", "included", "reason", "scanner", "multi_frame", "agent", "outline", "moved_mm"}}
	for _, r := range rows {
		moved := 0.
		if r.moved {
			moved = r.opt.Moved
		}
		agents := [...]string{"named after injection", "not named", "named in all series"}
		formats := [...]string{"NIfTI", "NRRD", "SEG", "RTSTRUCT"}
		outlined := formats[r.outlined]
		if r.flaw == noOutline {
			outlined = ""
		}
		table = append(table, []string{
			r.id, r.group(), r.class(), yes(r.flaw == none), r.flaw.reason(), manners[r.maker].manufacturer, yes(r.enhanced), agents[r.agent], outlined, fmt.Sprintf("%g", moved),
		})
	}
	return table
}

func truthSeries(opt Options, rows []*record) [][]string {
	table := [][]string{{"patient", "view", "station", "folder", "series_uid", "mask", "drawn_on", "moved_x", "moved_y", "moved_z"}}
	for _, r := range rows {
		for _, s := range r.series {
			if !s.used {
				continue
			}
			row := []string{
				r.id, s.stack.view.String(), strconv.Itoa(s.stack.station), filepath.ToSlash(r.folders[s]), r.seriesUID(s),
				"truth/" + r.id + "/" + stackKey(s.stack) + ".nii.gz", yes(s.drawn),
			}
			for _, d := range s.stack.moved {
				row = append(row, fmt.Sprintf("%.3f", d))
			}
			table = append(table, row)
		}
	}
	return table
}

func truthLesions(rows []*record) [][]string {
	table := [][]string{{"patient", "lesion", "level", "x", "y", "z", "volume_ml", "diameter_mm", "rim", "pedicle", "paravertebral"}}
	for _, r := range rows {
		for i, l := range r.lesions {
			table = append(table, []string{
				r.id, strconv.Itoa(int(l.label)), (r.central - level(r.body.lesions[i].level)).String(),
				fmt.Sprintf("%.2f", l.centre[0]), fmt.Sprintf("%.2f", l.centre[1]), fmt.Sprintf("%.2f", l.centre[2]),
				fmt.Sprintf("%.3f", l.ml), fmt.Sprintf("%.1f", l.diameter), fmt.Sprintf("%.3f", l.rim), yes(l.pedicle), yes(l.paravertebral),
			})
		}
	}
	return table
}

// rules are the default ones and that nobody was treated before.
const rules = `- {rule: class}
- {rule: preoperative}
- {rule: contrast-t1, views: [sagittal, coronal, axial]}
- {rule: quality}
- {rule: pathology}
- {rule: complete, columns: [age, sex]}
- {rule: untreated}
- {rule: annotation}
`

func readme(opt Options, sum *Summary) string {
	return fmt.Sprintf(`# Synthetic patients

These people do not exist. Their spines, lesions, scanners and readers are drawn by a program; nothing here was
measured. **Results on this cohort are about the software and not about patients**: how well two classes can be told
apart here is a setting (difficulty %g of 1), and no number says anything about myeloma, metastases, radiologists or a
model's worth in a clinic.

%d patients, %d of whom are to be included (%d %s, %d %s); %d series, %d image files.

| what | where |
|---|---|
| images as an archive exports them | dicom/ |
| lesions as drawn on the sagittal series | annotations/ |
| clinical table, answers of two readers (classes; scores from 0 to 100) | clinical.csv, readers.csv, readers-scores.csv |
| inclusion rules | rules.yaml |
| who is to be included and why not, which series is which, the true lesions | truth/patients.csv, truth/series.csv, truth/lesions.csv |
| true masks: on the grid of each series, and lesions.nii.gz at 1 mm | truth/ID/ |

    magn import dicom dicom --study ../study --clinical clinical.csv --annotations annotations --rules rules.yaml \
        --readers readers.csv --classes %s,%s

A voxel of a true mask is in a lesion where at least half of its slab is. Where a patient moved between series, the
masks of the moved series moved with him; truth/lesions.csv and lesions.nii.gz are where he lay for the sagittal one.
`, opt.Difficulty, sum.Patients, sum.Included, sum.Positive, Positive, sum.Negative, Negative, sum.Series, sum.Files, Positive, Negative)
}
