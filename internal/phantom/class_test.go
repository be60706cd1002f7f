package phantom

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"magn/internal/draw"
)

func textureOf(opt Options) texture { return newTexture(draw.New("phantom", opt.Seed, "texture")) }

// auc is the chance that a value of the first list is the larger one.
func auc(a, b []float64) float64 {
	wins := 0.
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				wins++
			case x == y:
				wins += .5
			}
		}
	}
	return wins / float64(len(a)*len(b))
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// What tells the classes apart does so where they are made to differ, in the
// direction that the literature has, and not where they are not.
func TestDifficulty(t *testing.T) {
	features := map[string]func(a *anatomy) float64{ // larger for metastasis
		"rim":     func(a *anatomy) float64 { return a.lesions[0].rim },
		"single":  func(a *anatomy) float64 { return -float64(len(a.lesions)) },
		"pedicle": func(a *anatomy) float64 { return is(a.lesions[0].pedicle) },
		"beside":  func(a *anatomy) float64 { return is(a.lesions[0].para) },
	}
	measure := func(difficulty float64) map[string]float64 {
		opt := Options{Patients: 400, Seed: 11, Difficulty: difficulty, Size: 64}
		tex := textureOf(opt)
		values := map[string]*[2][]float64{}
		for _, p := range opt.patients() {
			if p.exam > 0 {
				continue
			}
			body := newAnatomy(opt, p, tex)
			for name, f := range features {
				if values[name] == nil {
					values[name] = &[2][]float64{}
				}
				values[name][p.label] = append(values[name][p.label], f(body))
			}
		}
		out := map[string]float64{}
		for name, v := range values {
			out[name] = auc(v[0], v[1])
		}
		return out
	}
	easy, none, middle := measure(0), measure(1), measure(.7)
	// Standard error of an AUC without effect, 200 against 200: sqrt((n+m+1)/(12nm)) = .029.
	for name := range features {
		if math.Abs(none[name]-.5) > .1 {
			t.Errorf("difficulty 1: AUC of %s %.3f", name, none[name])
		}
		if easy[name] < .58 || easy[name] < middle[name]-.06 {
			t.Errorf("AUC of %s: %.3f at difficulty 0, %.3f at .7", name, easy[name], middle[name])
		}
	}
	if easy["rim"] < .98 || middle["rim"] < .6 || middle["rim"] > .98 {
		t.Errorf("AUC of the rim: %.3f at difficulty 0, %.3f at .7", easy["rim"], middle["rim"])
	}
}

// At difficulty 1 the label has no say in any draw: whoever has the other label has
// the same images, outlines, tables and headers but for the diagnosis.
func TestLabelIsForgottenAtDifficultyOne(t *testing.T) {
	opt := Options{Patients: 12, Seed: 3, Difficulty: 1, Size: 40, Moved: 5}
	tex := textureOf(opt)
	multi := 0
	for _, p := range opt.patients()[:9] {
		multi += int(is(p.enhanced))
		var rows [2]*record
		for label := range 2 {
			q := p
			q.label = label
			e := newExam(opt, q, tex)
			if err := e.render(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			rows[label] = &record{exam: e, lesions: e.body.measure(e.body.sampled(3))}
		}
		a, b := rows[0], rows[1]
		if len(a.series) != len(b.series) {
			t.Fatalf("%s: %d and %d series", p.id, len(a.series), len(b.series))
		}
		for i, s := range a.series {
			o := b.series[i]
			var files [2]bytes.Buffer
			for label, e := range rows {
				x := e.series[i]
				if e.enhanced {
					if err := e.multiFrame(e.sameNumber(x)).Write(&files[label], e.syntax()); err != nil {
						t.Fatal(err)
					}
					continue
				}
				head := e.header(x)
				for k := range x.stack.grid.Size[2] {
					if err := e.slice(head, x, k, k+1).Write(&files[label], e.syntax()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
				t.Errorf("%s, %s: other files", p.id, s.key)
			}
			if s.drawn {
				x, y := a.truths[stackKey(s.stack)], b.truths[stackKey(o.stack)]
				if !slices.Equal(a.outline(x, labelsOf(x)).Labels, b.outline(y, labelsOf(y)).Labels) {
					t.Errorf("%s: another outline", p.id)
				}
			}
		}
		for name, table := range map[string]func(r *record) [][]string{
			"lesions": func(r *record) [][]string { return truthLesions([]*record{r}) },
			"reads":   func(r *record) [][]string { return readers(opt, []*record{r}, false) },
			"scores":  func(r *record) [][]string { return readers(opt, []*record{r}, true) },
			"clinical": func(r *record) [][]string {
				rows := clinical(opt, []*record{r})
				rows[1][slices.Index(rows[0], "diagnosis")] = ""
				return rows
			},
		} {
			if x, y := fmt.Sprint(table(a)), fmt.Sprint(table(b)); x != y {
				t.Errorf("%s: another table of %s:\n%s\n%s", p.id, name, x, y)
			}
		}
	}
	if multi == 0 {
		t.Error("no examination of multi-frame files")
	}
	// And where the classes differ, so do the lesions.
	opt.Difficulty = 0
	p := opt.patients()[3]
	p.label = 0
	x := newAnatomy(opt, p, tex)
	p.label = 1
	if y := newAnatomy(opt, p, tex); x.lesions[0].rim == y.lesions[0].rim {
		t.Error("difficulty 0: one lesion for both labels")
	}
}

// What goes by a person's number does not go with the class: maker, stations and
// format of the outline, over many cohorts.
func TestPlanIsBlindToClass(t *testing.T) {
	var maker, stations, format [2][]float64
	twins, flaws := 0, map[flaw]int{}
	for seed := range int64(60) {
		opt := Options{Patients: 60, Seed: seed, Size: 64, Moved: 8}
		labels := [2]int{}
		for _, p := range opt.patients() {
			if p.group() != p.id {
				twins++
			}
			flaws[p.flaw]++
			labels[p.label]++
			maker[p.label] = append(maker[p.label], float64(p.maker))
			stations[p.label] = append(stations[p.label], is(p.stations[0])+is(p.stations[1])+is(p.stations[2]))
			format[p.label] = append(format[p.label], float64(p.outlined))
		}
		if math.Abs(float64(labels[0]-labels[1])) > 2 {
			t.Errorf("seed %d: labels %v", seed, labels)
		}
	}
	if twins != 60 || len(flaws) != 8 || flaws[none] != 60*53 {
		t.Errorf("%d second ids, flaws %v", twins, flaws)
	}
	for name, v := range map[string][2][]float64{"maker": maker, "stations": stations, "format": format} {
		// 1800 against 1800: standard error at most .0096.
		if a := auc(v[0], v[1]); math.Abs(a-.5) > .04 {
			t.Errorf("%s tells the class: AUC %.3f", name, a)
		}
	}
}
