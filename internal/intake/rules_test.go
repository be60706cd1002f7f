package intake

import (
	"fmt"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/volume"
)

// Each rule that vendors and protocols force, on an examination made for it: what
// is used (series numbers by view), who is asked, and the words of the reason.
func TestRules(t *testing.T) {
	const gd = "Gadovist"
	sag, cor, ax := volume.Sagittal, volume.Coronal, volume.Axial
	swap := func(number int, to ...shot) func(*body, []shot) []shot {
		return func(_ *body, shots []shot) []shot {
			var out []shot
			for _, s := range shots {
				if s.number == number {
					out = append(out, to...)
				} else {
					out = append(out, s)
				}
			}
			return out
		}
	}
	add := func(more ...shot) func(*body, []shot) []shot {
		return func(_ *body, shots []shot) []shot { return append(shots, more...) }
	}
	each := func(do func(s *shot)) func(*body, []shot) []shot {
		return func(_ *body, shots []shot) []shot {
			for i := range shots {
				do(&shots[i])
			}
			return shots
		}
	}
	dixon := func(number int, part, typ string) shot {
		return shot{
			view: ax, number: number, minute: 23, desc: "t1_vibe_dixon_tra_" + part, agent: gd, scanning: "GR", acq: "3D", tr: 6, te: 2.4, flip: 10,
			typ: typ, uid: "1.8.77.6", gain: map[string]float64{"W": 1, "in": 1.3, "opp": .8, "F": .4}[part],
		}
	}
	vibe := shot{view: cor, number: 5, minute: 19, desc: "t1_vibe_cor", agent: gd, scanning: "GR", acq: "3D", tr: 4, te: 1.8, flip: 12, step: 4, slices: 20}
	cases := []struct {
		name   string
		change func(*body, []shot) []shot
		opt    func(*Options)
		use    [3]string         // by view
		ask    string            // part of what is listed as not done
		say    map[string]string // series number → "verdict: part of the reason"
	}{
		{"standard", nil, nil, [3]string{"4", "5", "6"}, "", map[string]string{
			"1": "no: a localizer", "2": "no: T2 weighted", "3": "no: its twin (series 4) was acquired 8 min later", "4": "yes: names a contrast agent",
		}},
		{"no agent in any header: twin, then time", each(func(s *shot) { s.agent = "" }), nil, [3]string{"4", "5", "6"}, "", map[string]string{
			"4": "yes: its twin (series 3) was acquired 8 min earlier", "6": "yes: acquired after a series that shows contrast",
		}},
		{"agent typed in for all, from the localizer on", each(func(s *shot) { s.agent = gd }), nil, [3]string{"4", "5", "6"}, "", map[string]string{
			"3": "no: this tells nothing",
		}},
		{"no agent and no twin: ask", func(_ *body, shots []shot) []shot {
			var out []shot
			for _, s := range shots {
				if s.agent = ""; s.number != 3 {
					out = append(out, s)
				}
			}
			return out
		}, nil, [3]string{}, "sagittal: found one series that may be it", map[string]string{"4": "unsure: not known whether contrast"}},
		{"the description alone is one weak vote", func(_ *body, shots []shot) []shot {
			var out []shot
			for _, s := range shots {
				if s.agent = ""; s.number > 3 {
					s.desc += "+C"
					out = append(out, s)
				}
			}
			return out
		}, nil, [3]string{}, "axial: found one series that may be it", map[string]string{"6": "unsure: its description says contrast"}},
		{"Chinese and German descriptions agree", each(func(s *shot) {
			switch s.number {
			case 3:
				s.desc = "T1 平扫"
			case 4:
				s.desc = "T1 sag 增强"
			case 5:
				s.desc = "T1 cor nach KM"
			}
			s.edit = func(_ int, d *dicomtest.Set) { d.Put(dicom.SpecificCharacterSet, "CS", "ISO_IR 192") }
		}), nil, [3]string{"4", "5", "6"}, "", map[string]string{"3": "no: its description says before contrast", "4": "yes: its description says contrast", "5": "yes: its description says contrast"}},
		{"a description that contradicts the header: ask", swap(5, shot{view: cor, number: 5, minute: 5, desc: "t1 cor nativ", agent: gd}), nil, [3]string{"4", "", "6"}, "coronal: found one series", map[string]string{"5": "unsure: before contrast"}},
		{"the header says none was given", each(func(s *shot) {
			if s.number == 3 {
				s.agent = "ohne"
			}
		}), nil, [3]string{"4", "5", "6"}, "", map[string]string{"3": "no: the header says no contrast agent"}},
		{"subtraction, projection, reformat and secondary images", add(
			shot{view: sag, number: 7, minute: 15, desc: "sub", agent: gd, typ: `DERIVED\SECONDARY\SUBTRACTION`, gain: .2},
			shot{view: cor, number: 8, minute: 19, desc: "t1 cor mpr", agent: gd, typ: `DERIVED\SECONDARY\MPR`},
			shot{view: ax, number: 9, minute: 23, desc: "t1 tra", agent: gd, typ: `DERIVED\SECONDARY\REFORMATTED`},
			shot{view: ax, number: 10, minute: 23, desc: "mip", agent: gd, typ: `DERIVED\PRIMARY\MIP`},
			shot{view: ax, number: 11, minute: 23, desc: "t1 tra", agent: gd, typ: `DERIVED\SECONDARY\OTHER`},
		), nil, [3]string{"4", "5", "6"}, "", map[string]string{
			"7": "no: a subtraction", "8": "no: a reformat", "9": "no: a reformat", "10": "no: a projection", "11": "no: computed from other images",
		}},
		{"acquired again at once, no agent in any header: ask", func(_ *body, shots []shot) []shot {
			var out []shot
			for _, s := range shots {
				if s.agent = ""; s.number == 4 {
					s.minute = 9
				}
				out = append(out, s)
			}
			return out
		}, nil, [3]string{}, "sagittal: found 2 series that may be it", map[string]string{
			"3": "unsure: or acquired again", "4": "unsure: or acquired again", "6": "unsure: not known whether contrast",
		}},
		{"one acquisition with and without the correction of the coil's sensitivity", swap(5,
			shot{view: cor, number: 5, minute: 19, desc: "t1_tse_cor", agent: gd, typ: `ORIGINAL\PRIMARY\M\ND`, gain: .8},
			shot{view: cor, number: 7, minute: 19, desc: "t1_tse_cor", agent: gd, typ: `ORIGINAL\PRIMARY\M\NORM\ND`},
		), nil, [3]string{"4", "7", "6"}, "", map[string]string{"5": "no: without the correction of the coil's sensitivity"}},
		{"perfusion and its like", add(
			shot{view: ax, number: 7, minute: 30, desc: "asl_2d_tra", agent: gd, scanning: "GR", tr: 400, te: 11, typ: `ORIGINAL\PRIMARY\ASL\NONE`},
			shot{view: ax, number: 8, minute: 30, desc: "relCBF", agent: gd, scanning: "GR", tr: 400, te: 11, typ: `DERIVED\PRIMARY\ASL\RCBF`},
			shot{view: ax, number: 9, minute: 30, desc: "twist", agent: gd, scanning: "GR", tr: 400, te: 11, typ: `ORIGINAL\PRIMARY\PERFUSION\NONE`},
		), nil, [3]string{"4", "5", "6"}, "", map[string]string{
			"7": "no: made for another purpose", "8": "no: made for another purpose", "9": "no: made for another purpose",
		}},
		{"Dixon: the water image of four parts", swap(6,
			dixon(6, "W", `DERIVED\PRIMARY\M\DIXON\WATER`), dixon(6, "in", `DERIVED\PRIMARY\M\DIXON\IN_PHASE`),
			dixon(6, "opp", `DERIVED\PRIMARY\M\DIXON\OPP_PHASE`), dixon(6, "F", `DERIVED\PRIMARY\M\DIXON\FAT`),
		), nil, [3]string{"4", "5", "6"}, "", nil},
		{
			"a fat-suppressed variant: ask", add(shot{view: sag, number: 7, minute: 27, desc: "t1_tse_fs_sag", agent: gd, options: "FS", tr: 600}), nil,
			[3]string{"", "5", "6"},
			"", nil,
		}, // the outline on series 4's grid fits both: it decides nothing
		{
			"a fat-suppressed variant: as asked", add(shot{view: sag, number: 7, minute: 27, desc: "t1_tse_fs_sag", agent: gd, options: "FS", tr: 600}),
			func(o *Options) { o.Fat = Suppressed },
			[3]string{"7", "5", "6"},
			"",
			map[string]string{"4": "yes: not the variant"},
		},
		{"two stations, one below the other", func(_ *body, shots []shot) []shot {
			for i := range shots {
				if shots[i].number == 5 {
					shots[i].at[2] = 50
				}
			}
			return append(shots, shot{view: cor, number: 7, minute: 21, desc: "t1_tse_cor", agent: gd, at: [3]float64{0, 0, -60}})
		}, nil, [3]string{"4", "5 7", "6"}, "", nil},
		{"axial blocks that follow the discs, turned to each other", func(_ *body, shots []shot) []shot {
			for i := range shots {
				if shots[i].number == 6 {
					shots[i].at[2], shots[i].turn = 30, -12
				}
			}
			return append(shots, shot{view: ax, number: 7, minute: 24, desc: "t1_tse_tra", agent: gd, at: [3]float64{0, 0, -50}, turn: 25})
		}, nil, [3]string{"4", "5", "6 7"}, "", nil},
		{
			"stations put together by the scanner", add(shot{view: sag, number: 7, minute: 15, desc: "comp", agent: gd, typ: `DERIVED\PRIMARY\M\COMPOSED`}), nil,
			[3]string{"4", "5", "6"},
			"",
			map[string]string{"7": "no: put together of stations"},
		},
		{
			"acquired twice after contrast: ask", add(shot{view: cor, number: 7, minute: 30, desc: "t1_tse_cor rep", agent: gd}), nil,
			[3]string{"4", "", "6"},
			"coronal:", nil,
		},
		{"3-D gradient echo", swap(5, vibe), nil, [3]string{"4", "5", "6"}, "", map[string]string{"5": "yes: T1 weighted: 3-D gradient echo"}},
		{"T1 FLAIR is T1, STIR and FLAIR are not", func(_ *body, shots []shot) []shot {
			for i := range shots {
				if shots[i].number == 5 {
					shots[i].scanning, shots[i].tr, shots[i].te, shots[i].ti = `SE\IR`, 2200, 12, 860
				}
			}
			return append(shots, shot{view: cor, number: 7, minute: 25, scanning: `SE\IR`, tr: 4000, te: 30, ti: 160, agent: gd},
				shot{view: cor, number: 8, minute: 28, scanning: `SE\IR`, tr: 9000, te: 38, ti: 2300, agent: gd})
		}, nil, [3]string{"4", "5", "6"}, "", map[string]string{"5": "yes: inversion recovery, TI 860", "7": "no: STIR", "8": "no: FLAIR"}},
		{"proton density, T2*, bSSFP, diffusion", add(
			shot{view: ax, number: 7, minute: 26, tr: 2500, te: 12, agent: gd},
			shot{view: ax, number: 8, minute: 27, scanning: "GR", tr: 600, te: 20, flip: 30, agent: gd},
			shot{view: ax, number: 9, minute: 28, scanning: "GR", acq: "3D", tr: 6, te: 3, flip: 60, agent: gd, edit: func(_ int, s *dicomtest.Set) { s.Put(dicom.SequenceVariant, "CS", "SS") }},
			shot{view: ax, number: 10, minute: 29, scanning: "EP", tr: 3000, te: 39, agent: gd},
		), nil, [3]string{"4", "5", "6"}, "", map[string]string{"7": "no: proton density", "8": "no: T2* weighted", "9": "no: balanced", "10": "no: echo planar"}},
		{"the words of enhanced files, and none", add(
			shot{view: ax, number: 7, minute: 26, scanning: "GRADIENT", tr: 600, te: 20, flip: 30, agent: gd},
			shot{view: ax, number: 8, minute: 27, scanning: "SPIN", tr: 3000, te: 90, agent: gd},
			shot{view: ax, number: 9, minute: 28, scanning: "RM", acq: "3D", tr: 6, te: 3, flip: 3, agent: gd},
		), nil, [3]string{"4", "5", "6"}, "", map[string]string{"7": "no: T2* weighted", "8": "no: T2 weighted", "9": "unsure: hardly T1"}},
		{"a missing view is no failure", swap(6), nil, [3]string{}, "", nil},
		{"distortion corrected and not", add(shot{view: ax, number: 7, minute: 23, desc: "t1_tse_tra_ND", agent: gd, typ: `ORIGINAL\PRIMARY\M\ND`}, shot{}), nil, [3]string{"4", "5", "6"}, "", nil},
		{"another examination a year later: ask", func(b *body, shots []shot) []shot {
			for _, s := range standard() {
				s.number += 100
				s.edit = func(_ int, d *dicomtest.Set) {
					d.Put(dicom.StudyInstanceUID, "UI", "1.9.555").Put(dicom.AcquisitionDate, "DA", "20210102").Put(dicom.FrameOfReferenceUID, "UI", "1.9.555.9")
				}
				shots = append(shots, s)
			}
			return shots
		}, nil, [3]string{}, "they differ in examination", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, 1, func(b *body, shots []shot) []shot {
				if c.change != nil {
					shots = c.change(b, shots)
				}
				if c.name == "distortion corrected and not" {
					shots = shots[:len(shots)-1]
					for i := range shots {
						if shots[i].number == 6 {
							shots[i].typ = `ORIGINAL\PRIMARY\M\NORM\DIS2D`
						}
					}
				}
				return shots
			})
			if c.opt != nil {
				c.opt(&w.opt)
			}
			r, included := w.choose()
			got := w.numbers()
			want := c.use[0] != "" && c.use[1] != "" && c.use[2] != ""
			if included != want {
				t.Errorf("included: %v, want %v\n%s", included, want, failures(r))
			}
			for v, n := range c.use {
				if g := got["C0001 "+volume.View(v).String()]; g != n && (want || n != "") {
					t.Errorf("%s: series %q, want %q\n%s", volume.View(v), g, n, w.list())
				}
			}
			if c.ask != "" && !strings.Contains(failures(r), c.ask) {
				t.Errorf("listed:\n%s\nwithout %q", failures(r), c.ask)
			}
			for number, say := range c.say {
				verdict, reason := w.reason(number)
				v, words, _ := strings.Cut(say, ": ")
				if v == "yes" && strings.Contains(say, "not the variant") {
					v = "no"
				}
				if verdict != v || !strings.Contains(reason, words) {
					t.Errorf("series %s: %s: %s\nwant %s", number, verdict, reason, say)
				}
			}
		})
	}
}

func ExampleVerdict() {
	w := wordsOf("T1 SAG +C")
	fmt.Println(w.contrast(), wordsOf("T1 w/o contrast").contrast(), wordsOf("T1 增强前").contrast(), wordsOf("T1 TRA").contrast())
	// Output: 1 -1 -1 0
}
