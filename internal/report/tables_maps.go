package report

import (
	"slices"

	"magn/internal/evidence"
)

// mapsTable is what the attention maps did, per view and arm.
func mapsTable(r evidence.Results) table {
	t := table{
		name:    "heatmaps",
		caption: "Heat maps of the patients held out, with 95 % intervals clustered by group, on crops centred on the lesion and on the same crops shifted away from it. Energy: the part of the map that lies inside the lesion; share: the part of the crop that the lesion covers, which a uniform map would reach; IoU: of the map above one half with the lesion; hit: the map’s maximum lies inside the lesion. Gaussian: the same numbers of a fixed Gaussian in the crop’s middle, as wide as fits the training outlines best; it looks at nothing, and only what exceeds it on shifted crops says that a map follows the lesion. Maps that are zero everywhere are counted, and score 0.",
		columns: []column{
			{key: "view", only: fileOnly},
			{key: "crops", only: fileOnly},
			{head: "Arm", key: "arm"},
			{head: "Maps", key: "n", kind: whole},
			{head: "Zero", key: "zero", kind: whole},
			{head: "Energy", key: "energy", kind: interval},
			{head: "Share", key: "share", kind: interval},
			{head: "IoU", key: "iou", kind: interval},
			{head: "Hit", key: "hit", kind: interval},
			{group: "fixed Gaussian", head: "Energy", key: "gaussian_energy", kind: interval},
			{group: "fixed Gaussian", head: "IoU", key: "gaussian_iou", kind: interval},
			{group: "fixed Gaussian", head: "Hit", key: "gaussian_hit", kind: interval},
		},
	}
	for _, of := range mapKinds(r) {
		head := of.view + ", " + of.crops + " crops"
		for _, a := range r.Arms {
			for _, m := range a.Maps {
				if kindOf(m) != of {
					continue
				}
				cells := []cell{words(m.View), words(m.Crops), words(a.Name), wholeNumber(m.N), wholeNumber(m.Zero)}
				for _, iv := range []evidence.Interval{m.Energy, m.Share, m.IoU, m.Hit, m.Gaussian.Energy, m.Gaussian.IoU, m.Gaussian.Hit} {
					c := span(iv)
					c.why = "no map of this view"
					cells = append(cells, c)
				}
				t.add("", cells...)
				line := &t.rows[len(t.rows)-1]
				if line.fileOnly = a.Of != ""; !line.fileOnly {
					line.head, head = head, ""
				}
			}
		}
	}
	return t
}

// mapDifferenceTables are what attention did to the maps, paired: of the predicted
// class, and of the true one.
func mapDifferenceTables(r evidence.Results) []table {
	const paired = "first minus second arm on the same crops of the same patients, with 95 % intervals clustered by group. Otsu: IoU of the lesion and what lies above Otsu’s threshold; deletion falls and insertion rises where a map finds what the answer rests on, but both also rise with how sure the network is. No test is made. Shifted crops: "
	columns := []column{
		{head: "First arm", key: "a"},
		{head: "Second arm", key: "b"},
		{head: "View", key: "view"},
		{head: "Crops", key: "crops"},
		{head: "n", key: "n", kind: whole},
		{head: "Energy", key: "energy", kind: change},
		{head: "IoU", key: "iou", kind: change},
		{head: "Hit", key: "hit", kind: change},
		{head: "Otsu", key: "otsu_iou", kind: change},
		{head: "Deletion", key: "deletion", kind: change},
		{head: "Insertion", key: "insertion", kind: change},
	}
	predicted := table{name: "heatmaps-differences", caption: "What attention does to the maps of the predicted class: " + paired + "energy, IoU and hit of four a patient, the others of the first of these.", columns: columns}
	truth := table{name: "heatmaps-differences-true", caption: "What attention does to the maps of the true class: " + paired + "one a patient.", columns: columns}
	for _, d := range r.MapDifferences {
		add := func(t *table, numbers ...evidence.Interval) {
			cells := []cell{words(d.A), words(d.B), words(d.View), words(d.Crops), wholeNumber(d.N)}
			for _, iv := range numbers {
				c := span(iv)
				c.why = "the maps of this arm were not examined"
				cells = append(cells, c)
			}
			t.add("", cells...)
		}
		add(&predicted, d.Energy, d.IoU, d.Hit, d.Otsu, d.Deletion, d.Insertion)
		if !isNaN(d.TrueEnergy.Value) {
			add(&truth, d.TrueEnergy, d.TrueIoU, d.TrueHit, d.TrueOtsu, d.TrueDeletion, d.TrueInsertion)
		}
	}
	return []table{predicted, truth}
}

// examTables are what becomes of the answers when crops change along their maps:
// beside the fixed Gaussian, and for the true class.
func examTables(r evidence.Results) []table {
	const curves = " Deletion: mean probability of the class while the map’s strongest pixels are blackened, small is good; insertion: while they come back into a blurred crop, large is good."
	predicted := table{
		name:    "heatmaps-exams",
		caption: "A closer look at the maps of the predicted class, on centred crops and on one shifted crop a patient, beside the fixed Gaussian. IoU: of the lesion and what lies above Otsu’s threshold." + curves + " Difference: map minus Gaussian, paired, with its 95 % interval (those of the others are in the CSV file).",
		columns: []column{
			{key: "view", only: fileOnly}, {key: "crops", only: fileOnly}, {head: "Arm", key: "arm"}, {head: "Maps", key: "n", kind: whole},
		},
	}
	for _, c := range [][2]string{{"IoU (Otsu)", "otsu_iou"}, {"Deletion", "deletion"}, {"Insertion", "insertion"}} {
		predicted.columns = append(
			predicted.columns, column{group: c[0], head: "Map", key: c[1], kind: interval, bare: true},
			column{group: c[0], head: "Gauss", key: "gaussian_" + c[1], kind: interval, bare: true},
			column{group: c[0], head: "Difference", key: "difference_" + c[1], kind: change},
		)
	}
	truth := table{
		name:    "heatmaps-exams-true",
		caption: "The maps of the true class instead of the predicted one, on the same crops, with 95 % intervals clustered by group." + curves,
		columns: []column{
			{key: "view", only: fileOnly}, {key: "crops", only: fileOnly}, {head: "Arm", key: "arm"}, {head: "Maps", key: "n", kind: whole}, {head: "Zero", key: "true_zero", kind: whole},
		},
	}
	for _, c := range [][2]string{{"Energy", "energy"}, {"IoU", "iou"}, {"Hit", "hit"}, {"IoU (Otsu)", "otsu_iou"}, {"Deletion", "deletion"}, {"Insertion", "insertion"}} {
		truth.columns = append(truth.columns, column{head: c[0], key: "true_" + c[1], kind: interval})
	}
	type kind struct{ view, crops string }
	var kinds []kind
	for _, a := range r.Arms {
		for _, e := range a.Exams {
			if k := (kind{e.View, e.Crops}); !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
	}
	for _, k := range kinds {
		head := k.view + ", " + k.crops + " crops"
		for _, a := range r.Arms {
			for _, e := range a.Exams {
				if (kind{e.View, e.Crops}) != k {
					continue
				}
				start := []cell{words(e.View), words(e.Crops), words(a.Name), wholeNumber(e.N)}
				cells := slices.Clone(start)
				for _, s := range []evidence.AlongSummary{e.Otsu, e.Deletion, e.Insertion} {
					cells = append(cells, span(s.Map), span(s.Gaussian), span(s.Difference))
				}
				predicted.add(head, cells...)
				cells = append(slices.Clone(start), wholeNumber(e.TrueZero))
				for _, iv := range []evidence.Interval{e.TrueEnergy, e.TrueIoU, e.TrueHit, e.TrueOtsu, e.TrueDeletion, e.TrueInsertion} {
					cells = append(cells, span(iv))
				}
				truth.add(head, cells...)
				head = ""
			}
		}
	}
	return []table{predicted, truth}
}
