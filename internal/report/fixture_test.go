package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"magn/internal/draw"
	"magn/internal/evidence"
)

// fixture is a study as it comes: two arms, five folds, one seed, 40 patients,
// some of whom may be one person. Scores are drawn, and metrics follow from
// them; intervals are normal approximations that only have to look right.
func fixture(side int) Input {
	const n, folds = 40, 5
	views := []string{"sagittal", "coronal", "axial"}
	r := evidence.Results{
		Study: "brain-cet1 meningioma", Positive: "meningioma", Negative: "glioma", Cases: n, Groups: 38,
		Leakage: evidence.Leakage{Checked: 40, Steps: []evidence.StepSeen{{Arm: "multi-view", Step: "weights", Units: 5, SeenMin: 30, SeenMax: 31, TestedMin: 7, TestedMax: 8}}, Violations: []evidence.Violation{}},
	}
	var hist []History
	for _, a := range []struct {
		name      string
		attention bool
		d, lambda float64
	}{{"multi-view", false, 2.0, 0}, {"multi-view-attention", true, 2.15, 0.3}} {
		rng := draw.New("report fixture", a.name)
		arm := evidence.ArmResult{Name: a.name, Kind: "magn", Views: views, Attention: a.attention, N: n, Groups: 38, Seeds: []int{1}}
		var labels []int
		var scores []float64
		var aucSum float64
		for f := range folds {
			var ls []int
			var ss []float64
			for i := range n / folds {
				l := 0
				if i%2 == 0 && (i > 0 || f%2 == 0) {
					l = 1
				}
				z := rng.NormFloat64() + a.d*(float64(l)-0.5)
				ls, ss = append(ls, l), append(ss, 1/(1+math.Exp(-1.5*z)))
			}
			m := metricsOf(ls, ss, 0.5)
			aucSum += m.AUC.Value
			arm.Folds = append(arm.Folds, evidence.FoldResult{
				Fold: f, Seed: 1, N: len(ls), Positive: sumInts(ls), Lambda: a.lambda, Epochs: 9 + f,
				Metrics: m, MetricsInner: metricsOf(ls, ss, 0.38), ROC: rocOf(ls, ss),
			})
			labels, scores = append(labels, ls...), append(scores, ss...)
			hist = append(hist, historyOf(rng, a.name, f)...)
		}
		arm.Metrics, arm.MetricsInner = metricsOf(labels, scores, 0.5), metricsOf(labels, scores, 0.38)
		arm.Metrics.AUCPooled = arm.Metrics.AUC
		mean := aucSum / folds
		arm.Metrics.AUC = evidence.Interval{Value: mean, Low: mean - 0.081, High: min(1, mean+0.081)}
		arm.MetricsInner.AUC, arm.MetricsInner.AUCPooled = arm.Metrics.AUC, arm.Metrics.AUCPooled
		arm.ROC = meanROC(arm.Folds)
		for i, v := range views {
			e := 0.12 + 0.02*float64(i) + 0.1*a.lambda/0.3
			for k, crops := range []string{evidence.Centred, evidence.Shifted} {
				arm.Maps = append(arm.Maps, evidence.MapSummary{
					View: v, Crops: crops, N: n, Zero: 1 - int(a.lambda*3), Energy: around(e-0.02*float64(k), 0.03),
					Share: around(0.071+0.01*float64(i), 0.008), IoU: around(e*0.9, 0.04), Hit: around(0.4+e, 0.13),
					Gaussian: evidence.GaussianSummary{Energy: around(0.5-0.3*float64(k), 0.03), IoU: around(0.4, 0.04), Hit: around(0.6, 0.1)},
				})
			}
		}
		r.Arms = append(r.Arms, arm)
	}
	d := r.Arms[1].Metrics.AUC.Value - r.Arms[0].Metrics.AUC.Value
	r.Comparisons = []evidence.Comparison{{A: "multi-view-attention", B: "multi-view", DeltaAUC: d, Low: d - 0.062, High: d + 0.071, P: 0.412, PHolm: 0.412}}
	return Input{
		Results: r, Histories: hist, Panels: []Panel{panelOf("patient-017", "meningioma", side), panelOf("patient-023", "glioma", side)},
		Notes: []string{"Synthetic cohort: says something about the software, nothing about patients."},
		Run:   RunInfo{Hardware: "2 cores, no accelerator", Seconds: 4210, Versions: []Fact{{"magn", "0.1.0"}, {"libtorch", "1.13.0"}, {"Precision", "bf16"}}},
	}
}

func around(x, d float64) evidence.Interval {
	return evidence.Interval{Value: x, Low: x - d, High: x + d*1.1}
}

func sumInts(xs []int) int {
	n := 0
	for _, x := range xs {
		n += x
	}
	return n
}

func ratio(a, b int) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}

func metricsOf(labels []int, scores []float64, at float64) evidence.Metrics {
	var tp, fp, tn, fn int
	var brier float64
	for i, l := range labels {
		brier += (scores[i] - float64(l)) * (scores[i] - float64(l))
		switch p := scores[i] >= at; {
		case p && l == 1:
			tp++
		case p:
			fp++
		case l == 1:
			fn++
		default:
			tn++
		}
	}
	n := float64(len(labels))
	prop := func(x float64) evidence.Interval {
		w := 1.96 * math.Sqrt(x*(1-x)/n)
		return evidence.Interval{Value: x, Low: max(0, x-w), High: min(1, x+w)}
	}
	var area float64
	roc := rocOf(labels, scores)
	for i := 1; i < len(roc); i++ {
		area += (roc[i].FPR - roc[i-1].FPR) * (roc[i].TPR + roc[i-1].TPR) / 2
	}
	return evidence.Metrics{
		AUC: prop(area), AUCPooled: prop(area), Accuracy: prop(float64(tp+tn) / n), F1: prop(ratio(2*tp, 2*tp+fp+fn)),
		Sensitivity: prop(ratio(tp, tp+fn)), Specificity: prop(ratio(tn, tn+fp)), Brier: prop(brier / n),
	}
}

func rocOf(labels []int, scores []float64) []evidence.Point {
	order := make([]int, len(labels))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if scores[a] > scores[b] {
			return -1
		}
		return 1
	})
	pos := sumInts(labels)
	roc := []evidence.Point{{}}
	var tp, fp int
	for _, i := range order {
		if labels[i] == 1 {
			tp++
		} else {
			fp++
		}
		roc = append(roc, evidence.Point{FPR: ratio(fp, len(labels)-pos), TPR: ratio(tp, pos)})
	}
	return roc
}

func meanROC(folds []evidence.FoldResult) []evidence.Point {
	mean := []evidence.Point{{}}
	for k := 0; k <= 100; k++ {
		x := float64(k) / 100
		var y float64
		for _, f := range folds {
			var best float64
			for _, p := range f.ROC {
				if p.FPR <= x+1e-12 {
					best = max(best, p.TPR)
				}
			}
			y += best / float64(len(folds))
		}
		mean = append(mean, evidence.Point{FPR: x, TPR: y})
	}
	return mean
}

func historyOf(rng *rand.Rand, arm string, fold int) []History {
	var rows []History
	for _, stage := range []string{"inner", "refit"} {
		for e := 1; e <= 15; e++ {
			t := 0.15 + 0.6*math.Exp(-float64(e)/5) + 0.02*rng.NormFloat64()
			h := History{Arm: arm, Fold: fold, Seed: 1, Stage: stage, Epoch: e, Train: t, Val: math.NaN()}
			if stage == "inner" {
				h.Val = t + 0.02*float64(e) + 0.05*math.Abs(rng.NormFloat64())
			}
			rows = append(rows, h)
		}
	}
	return rows
}

// panelOf draws a head-like crop with a lesion and two arms' maps.
func panelOf(id, truth string, side int) Panel {
	p := Panel{Case: id, Truth: truth}
	rng := draw.New("report panel", id)
	for k, view := range []string{"sagittal", "coronal", "axial"} {
		v := PanelView{View: view, W: side, H: side, Image: make([]float32, side*side), Lesion: make([]bool, side*side)}
		loose, tight := make([]float32, side*side), make([]float32, side*side)
		for i := range v.Image {
			x, y := float64(i%side)/float64(side)-0.5, float64(i/side)/float64(side)-0.5
			head := math.Hypot(x/0.46, y/(0.4+0.03*float64(k)))
			g := 0.02
			if head < 1 {
				g = 0.45 + 0.12*math.Sin(19*x+float64(k))*math.Cos(23*y) + 0.4*math.Exp(-math.Pow((head-0.93)/0.04, 2))
			}
			lesion := math.Hypot((x-0.04)/0.13, (y+0.03)/0.11)*(1+0.15*math.Sin(5*math.Atan2(y+0.03, x-0.04))) < 1
			if lesion {
				g += 0.3
			}
			v.Lesion[i] = lesion
			v.Image[i] = float32(g + 0.03*rng.NormFloat64())
			loose[i] = float32(math.Exp(-((x+0.15)*(x+0.15) + (y-0.1)*(y-0.1)) / 0.05))
			tight[i] = float32(math.Exp(-((x-0.02)*(x-0.02) + (y+0.02)*(y+0.02)) / 0.015))
		}
		a := PanelMap{Arm: "multi-view", Score: 0.312, Predicted: "glioma", Map: loose, Energy: 0.113, Share: 0.071}
		b := PanelMap{Arm: "multi-view-attention", Attention: true, Score: 0.847, Predicted: "meningioma", Map: tight, Energy: 0.487, Share: 0.071}
		if truth == "glioma" && k == 1 {
			a.Zero, a.Energy, a.Map = true, 0, make([]float32, side*side)
		}
		v.Maps = []PanelMap{a, b}
		p.Views = append(p.Views, v)
	}
	return p
}

// eightArms is the paper's Table 2: each view and all, without and with
// attention.
func eightArms(in Input) Input {
	base := in.Results.Arms
	in.Results.Arms, in.Results.Comparisons = nil, nil
	for i, v := range []string{"sagittal", "coronal", "axial", "multi-view"} {
		for k, suffix := range []string{"", "-attention"} {
			a := base[k]
			a.Name = v + suffix
			if i < 3 {
				a.Views, a.Maps = []string{v}, base[k].Maps[i:i+1]
			}
			a.Metrics.AUC.Value -= 0.03 * float64(3-i)
			a.Metrics.AUC.Low -= 0.04 * float64(3-i)
			in.Results.Arms = append(in.Results.Arms, a)
		}
		d := 0.02 * float64(i-1)
		in.Results.Comparisons = append(in.Results.Comparisons, evidence.Comparison{
			A: v + "-attention", B: v, DeltaAUC: d, Low: d - 0.05, High: d + 0.04, P: 0.2, PHolm: 0.8,
		})
	}
	var h []History
	for _, a := range in.Results.Arms {
		for _, row := range in.Histories {
			if row.Arm == base[0].Name {
				row.Arm = a.Name
				h = append(h, row)
			}
		}
	}
	in.Histories = h
	for i := range in.Results.Arms {
		in.Results.Arms[i].Seeds = []int{1, 2, 3}
	}
	in.Results.Study = fmt.Sprint(in.Results.Study, ", eight arms")
	return in
}
