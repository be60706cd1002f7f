package radiomics

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The document of methods names each feature of both profiles in the table of its
// class, with a value, a unit and how the profiles differ, and nothing else.
func TestEveryFeatureIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/methods/radiomics.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`^[0-9A-Z]{4}$`)
	named := map[string][]string{} // by class; those of ibsi under ""
	class := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if heading, is := strings.CutPrefix(line, "### "); is {
			class, _, _ = strings.Cut(heading, ":")
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "|") || len(cells) != 6 || cells[0] == "PyRadiomics" {
			continue
		}
		for k, c := range cells {
			if strings.TrimSpace(c) == "" {
				t.Errorf("column %d is empty: %s", k+1, line)
			}
		}
		if name := strings.NewReplacer("`", "", "†", "").Replace(cells[0]); name != "–" {
			named[class] = append(named[class], name)
			_, deprecated := FeatureNames(class)
			if slices.Contains(deprecated, name) != strings.Contains(cells[0], "†") {
				t.Errorf("%s %s is marked as deprecated, or is and is not marked", class, name)
			}
		}
		if tag := strings.Trim(cells[1], "`"); tag != "–" {
			named[""] = append(named[""], tag)
			if !code.MatchString(cells[2]) {
				t.Errorf("%s has the code %q", tag, cells[2])
			}
		} else if cells[2] != "–" {
			t.Errorf("a code without a feature: %s", line)
		}
	}
	same := func(what string, documented, offered []string) {
		for _, n := range offered {
			if !slices.Contains(documented, n) {
				t.Errorf("%s: %s is not documented", what, n)
			}
		}
		for k, n := range documented {
			if !slices.Contains(offered, n) {
				t.Errorf("%s: %s is documented and not offered", what, n)
			}
			if slices.Contains(documented[:k], n) {
				t.Errorf("%s: %s is documented twice", what, n)
			}
		}
	}
	for _, c := range FeatureClasses() {
		names, _ := FeatureNames(c)
		same(c, named[c], names)
	}
	r, err := NewRegion([]float64{1, 2, 2, 1}, []bool{true, true, true, true}, [3]int{2, 2, 1}, [3]float64{1, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for name := range standardValues(t, IBSIInput{
		Values: r.Values, Size: r.Size, Spacing: r.Spacing, Intensity: r.Inside,
		Lowest: math.NaN(), VolumeLow: math.NaN(), VolumeHigh: math.NaN(),
	}) {
		tag := regexp.MustCompile(`_(2D|2_5D|3D)(_avg|_comb)?$`).ReplaceAllString(name, "")
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	same("ibsi", named[""], tags)
	for _, tag := range notOffered {
		if !strings.Contains(string(text), "`"+tag+"`") {
			t.Errorf("%s is not offered, and the document does not say so", tag)
		}
	}
}
