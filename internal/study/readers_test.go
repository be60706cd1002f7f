package study

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/cohort"
)

// One mistyped score would move every other on the scale: it is named by its line.
// Ratings of 1 to 5 that are nearly all 1 are a scale.
func TestStrayScore(t *testing.T) {
	for name, c := range map[string]struct{ common, other, want string }{
		"0 or 1":                {"1", "1000", "0 to 1,"},
		"shares":                {".7", "5", "0 to 1,"},
		"percent":               {"70", "850", "0 to 100,"},
		"ratings":               {"4", "400", "0 to 10,"},
		"one rating":            {"1", "5", ""},
		"below":                 {"70", "-7", "0 to 100,"},
		"a scale about nothing": {"-2", "3", ""},
	} {
		text := "case,reader,read\n"
		for i := range 20 {
			text += fmt.Sprintf("p%d,A,%s\n", i, map[bool]string{true: c.other, false: c.common}[i == 7])
		}
		path := filepath.Join(t.TempDir(), readersFile)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		table, err := cohort.ReadAnswers(path, cohort.TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err = strayScore(path, table); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "line 9, column read: found "+c.other) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
