package cohort

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An import asks which cases were there, so as to lose none: a list that cannot be
// read is no empty list. Cases of one class alone are what a first part may have.
func TestGrowthCases(t *testing.T) {
	for name, c := range map[string]struct {
		table, fails string
		want         []string
	}{
		"none yet":  {},
		"one class": {table: "case,group,class,label\na,1,x,0\nb,2,x,0\n", want: []string{"a", "b"}},
		"torn":      {table: "case,group,class,label\na,1,x,0\nb,2", fails: "line 3"},
		"no table":  {table: "\x00\x01", fails: "header"},
	} {
		dir := filepath.Join(t.TempDir(), "study")
		g, err := Grow(dir, "import")
		if err != nil {
			t.Fatal(err)
		}
		defer g.Abort()
		if c.table != "" {
			if err := os.WriteFile(filepath.Join(dir, cohortFile), []byte(c.table), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := g.Cases()
		switch {
		case c.fails == "" && (err != nil || !slices.Equal(got, c.want)):
			t.Errorf("%s: %v, %v", name, got, err)
		case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || !strings.Contains(err.Error(), cohortFile)):
			t.Errorf("%s: %v", name, err)
		}
	}
}
