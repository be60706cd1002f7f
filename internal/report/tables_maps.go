package report

import "magn/internal/evidence"

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

// mapDifferencesTable is what attention did to the maps, paired.
func mapDifferencesTable(r evidence.Results) table {
	t := table{
		name:    "heatmaps-differences",
		caption: "What attention does to the maps: first minus second arm on the same crops of the same patients, with 95 % intervals clustered by group. No test is made.",
		columns: []column{
			{head: "First arm", key: "a"},
			{head: "Second arm", key: "b"},
			{head: "View", key: "view"},
			{head: "Crops", key: "crops"},
			{head: "n", key: "n", kind: whole},
			{head: "Energy", key: "energy", kind: change},
			{head: "IoU", key: "iou", kind: change},
			{head: "Hit", key: "hit", kind: change},
		},
	}
	for _, d := range r.MapDifferences {
		t.add("", words(d.A), words(d.B), words(d.View), words(d.Crops), wholeNumber(d.N), span(d.Energy), span(d.IoU), span(d.Hit))
	}
	return t
}

// examsTable is what becomes of the answers when crops change along their maps.
func examsTable(r evidence.Results) table {
	t := table{
		name:    "heatmaps-exams",
		caption: "A closer look at the maps on centred crops, beside the fixed Gaussian. IoU: of the lesion and what lies above Otsu’s threshold. Deletion: mean probability of the predicted class while the map’s strongest pixels are blackened, small is good; insertion: while they come back into a blurred crop, large is good. Difference: map minus Gaussian, paired, with its 95 % interval (those of the others are in the CSV file). Last columns: the map of the true class instead of the predicted one.",
		columns: []column{
			{key: "view", only: fileOnly}, {head: "Arm", key: "arm"}, {head: "Maps", key: "n", kind: whole},
		},
	}
	for _, c := range [][2]string{{"IoU (Otsu)", "otsu_iou"}, {"Deletion", "deletion"}, {"Insertion", "insertion"}} {
		t.columns = append(
			t.columns, column{group: c[0], head: "Map", key: c[1], kind: interval, bare: true},
			column{group: c[0], head: "Gauss", key: "gaussian_" + c[1], kind: interval, bare: true},
			column{group: c[0], head: "Difference", key: "difference_" + c[1], kind: change},
		)
	}
	for _, c := range [][2]string{{"Energy", "true_energy"}, {"IoU", "true_iou"}, {"Otsu", "true_otsu_iou"}, {"Hit", "true_hit"}} {
		t.columns = append(t.columns, column{group: "true class", head: c[0], key: c[1], kind: interval, bare: true})
	}
	t.columns = append(t.columns, column{group: "true class", head: "Zero", key: "true_zero", kind: whole})
	seen := map[string]bool{}
	var views []string
	for _, a := range r.Arms {
		for _, e := range a.Exams {
			if !seen[e.View] {
				seen[e.View] = true
				views = append(views, e.View)
			}
		}
	}
	for _, v := range views {
		head := v
		for _, a := range r.Arms {
			for _, e := range a.Exams {
				if e.View != v {
					continue
				}
				cells := []cell{words(v), words(a.Name), wholeNumber(e.N)}
				for _, s := range []evidence.AlongSummary{e.Otsu, e.Deletion, e.Insertion} {
					cells = append(cells, span(s.Map), span(s.Gaussian), span(s.Difference))
				}
				for _, iv := range []evidence.Interval{e.TrueEnergy, e.TrueIoU, e.TrueOtsu, e.TrueHit} {
					cells = append(cells, span(iv))
				}
				t.add(head, append(cells, wholeNumber(e.TrueZero))...)
				head = ""
			}
		}
	}
	return t
}
