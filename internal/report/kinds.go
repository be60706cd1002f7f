package report

import (
	"slices"

	"magn/internal/evidence"
)

// kinds of arms in the order in which tables and figures group them.
var kinds = []struct{ kind, head string }{
	{evidence.KindNetwork, "Networks"},
	{evidence.KindRadiomics, "Radiomics"},
	{evidence.KindReader, "Readers"},
	{evidence.KindBlind, "Image-blind"},
}

// competes says whether an arm is one that the study asks about: not a variant
// of another, and not one that sees no image.
func competes(a evidence.ArmResult) bool { return a.Of == "" && a.Kind != evidence.KindBlind }

func isBlind(a evidence.ArmResult) bool  { return a.Of == "" && a.Kind == evidence.KindBlind }
func isReader(a evidence.ArmResult) bool { return a.Kind == evidence.KindReader }

// isModel says whether an arm is a competing program.
func isModel(a evidence.ArmResult) bool { return competes(a) && !isReader(a) }

// recalibrated is the variant of a locked model whose probabilities went through
// the calibration that was locked with it.
const recalibrated = "calibrated"

// hasCalibration says whether the calibration of an arm is shown.
func hasCalibration(a evidence.ArmResult) bool {
	return a.Calibration != nil && (a.Of == "" || a.Variant == recalibrated)
}

// choseClasses says whether an arm's AUC is the balanced accuracy of a reader.
func choseClasses(a evidence.ArmResult) bool { return a.Reader != nil && a.Reader.Binary }

// armIndex is a place in Results.Arms with the heading of the arm's kind where
// it is the first of that kind.
type armIndex struct {
	i    int
	head string
}

// byKind are the arms for which keep holds, grouped by kind, those of one kind in
// the order of the results. Headings are empty where there is one kind only.
func byKind(r evidence.Results, keep func(evidence.ArmResult) bool) []armIndex {
	var out []armIndex
	heads := 0
	add := func(head string, of func(string) bool) {
		for i, a := range r.Arms {
			if keep(a) && of(a.Kind) {
				out = append(out, armIndex{i, head})
				if head != "" {
					heads++
				}
				head = ""
			}
		}
	}
	known := func(kind string) bool {
		for _, k := range kinds {
			if k.kind == kind {
				return true
			}
		}
		return false
	}
	for _, k := range kinds {
		add(k.head, func(kind string) bool { return kind == k.kind })
	}
	add("Others", func(kind string) bool { return !known(kind) })
	if heads == 1 {
		for i := range out {
			out[i].head = ""
		}
	}
	return out
}

// base is the arm that an arm is at last a variant of: itself for one that is
// none.
func base(r evidence.Results, a evidence.ArmResult) string {
	for range r.Arms { // a bound: names that go in a circle end, too
		if a.Of == "" {
			break
		}
		i := slices.IndexFunc(r.Arms, func(b evidence.ArmResult) bool { return b.Name == a.Of })
		if i < 0 {
			return a.Of
		}
		a = r.Arms[i]
	}
	return a.Name
}

// variants are, for each arm that has any, the arm (-1 where the results lack it)
// and those that differ from it in one thing or more; learning curves are not
// among them.
func variants(r evidence.Results) []family {
	var out []family
	at := map[string]int{}
	for i, a := range r.Arms {
		if _, learning := shareOf(a); a.Of == "" || learning {
			continue
		}
		name := base(r, a)
		k, ok := at[name]
		if !ok {
			k = len(out)
			at[name] = k
			own := slices.IndexFunc(r.Arms, func(b evidence.ArmResult) bool { return b.Name == name })
			out = append(out, family{name: name, own: own})
		}
		out[k].variants = append(out[k].variants, i)
	}
	return out
}

// family is an arm with its variants, places in Results.Arms.
type family struct {
	name     string
	own      int
	variants []int
}

// variantWords says what a variant is.
func variantWords(variant string) string {
	if w, ok := map[string]string{
		"point":      "lesion given as a point",
		"permuted":   "labels permuted for training",
		"forest":     "random forest instead of boosting",
		"aided":      "with help",
		recalibrated: "probabilities recalibrated",
	}[variant]; ok {
		return w
	}
	const jitter = "jitter-"
	if len(variant) > len(jitter) && variant[:len(jitter)] == jitter {
		return "crops moved by " + variant[len(jitter):] + " mm (or pixels)"
	}
	return variant
}

// sameSample are the patients and groups of every arm, where all have the same.
func sameSample(r evidence.Results) (n, groups int, same bool) {
	for i, a := range r.Arms {
		if i == 0 {
			n, groups = a.N, a.Groups
		} else if a.N != n || a.Groups != groups {
			return 0, 0, false
		}
	}
	return n, groups, len(r.Arms) > 0
}
