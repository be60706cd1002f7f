package study

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magn/internal/fault"
)

// What a user mistypes is named with its line.
func TestConfigNamesTheLine(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"folds: 2", "fold: 2", `line 4: found the key "fold", expected a key that docs/formats/study.md lists; is "folds" meant?`},
		{"epochs: 4", "epoch: 4", `line 7: found the key "epoch" under training:, expected a key that docs/formats/study.md lists; is "epochs" meant?`},
		{"backbone: resnet18", "epochs: 4", `line 6: found the key "epochs" under network:, expected a key that docs/formats/study.md lists; it belongs under training:`},
		{"backbone: resnet18", "epoch: 4", `line 6: found the key "epoch" under network:, expected a key that docs/formats/study.md lists; is "epochs" meant, under training:?`},
		{"backbone: resnet18", "folds: 4", `line 6: found the key "folds" under network:, expected a key that docs/formats/study.md lists; it belongs at the top, not under network:`},
		{"folds: 2", "epochs: 4", `line 4: found the key "epochs", expected a key that docs/formats/study.md lists; it belongs under training:`},
		{"epochs: 4", "epochs: 4.5", `line 7, training.epochs: found "4.5", expected a whole number`},
		{"epochs: 4", "epochs: 4.0", `line 7, training.epochs: found "4.0", expected a whole number`},
		{"epochs: 4", "epochs: '4'", `line 7, training.epochs: found "4" in quotes, expected a whole number`},
		{"epochs: 4", "epochs: 010", `line 7, training.epochs: found "010", expected a whole number`},
		{"epochs: 4", "epochs: 0x10", `line 7, training.epochs: found "0x10", expected a whole number`},
		{"epochs: 4", "epochs: 1_0", `line 7, training.epochs: found "1_0", expected a whole number`},
		{"epochs: 4", "epochs: !!int '4'", `line 7, training.epochs: found `},
		{"epochs: 4", "epochs: ", "line 7, training.epochs: found nothing, expected a whole number; a key that is left out has its default"},
		{"epochs: 4", "epochs: ~", "line 7, training.epochs: found nothing, expected a whole number"},
		{"epochs: 4", "learning_rate: 01.5", `line 7, training.learning_rate: found "01.5", expected a number`},
		{"epochs: 4", "learning_rate: '0.1'", `line 7, training.learning_rate: found "0.1" in quotes, expected a number`},
		{"folds: 2", "folds:", "line 4, folds: found nothing, expected a whole number"},
		{"folds: 2", "folds: [2]", "line 4, folds: found a list, expected a whole number"},
		{"folds: 2", "seeds: [1, 2.5]", `line 4, seeds: found "2.5", expected a whole number`},
		{"folds: 2", "seeds: [1, ~]", "line 4, seeds: found nothing, expected a whole number"},
		{"folds: 2", "execution:", "line 4, execution: found nothing, expected keys with their values"},
		{"folds: 2", "execution: 3", `line 4, execution: found "3", expected keys with their values, such as workers`},
		{"folds: 2", "note:", "line 4, note: found nothing, expected a word"},
		{"name: fixture", "name: 010", `line 1, name: found "010", expected a word (in quotes`},
		{"resnet18", "[resnet18, ~]", "line 6, network.backbone: found nothing"},
		{"backbone: resnet18", "shared: 1", `line 6, network.shared: found "1", expected true or false`},
		{"lambda: [0.5]", "lambda: 0.5", `line 7, training.lambda: found "0.5", expected a list in brackets`},
		{"lambda: [0.5]", "lambda: [0.5, 1, 0.50]", "line 7, training.lambda: found 0.5 a second time, expected each once"},
		{"backbone: resnet18", "views: [sagittal]", `line 6: found the key "views"`},
		{"folds: 2", "folds: two", `line 4, folds: found "two", expected a whole number`},
		{"folds: 2", "folds: 1", "line 4, folds: found 1, expected 2 to 100"},
		{"folds: 2", "folds: 2\nfolds: 3", "line 5: "},
		{"epochs: 4", "epochs: 0", "line 7, training.epochs: found 0, expected at least 1"},
		{"resnet18", "vgg", "line 6, network.backbone: found vgg, expected resnet18, resnet34 or resnet50"},
		{"lambda: [0.5]", "lambda: []", "line 7, training.lambda: found none"},
		{"lambda: [0.5]", "lambda: [-1]", "line 7, training.lambda: found -1"},
		{"[sagittal, sagittal-attention]", "[sagital]", "line 5, arms: found sagital, expected one of multi-view, "},
		{"[sagittal, sagittal-attention]", "[axial, axial]", "line 5, arms: found axial a second time"},
		{"[sagittal, sagittal-attention]", "[]", "line 5, arms: found none"},
		{"positive: tumour", "positive: cyst", `line 2, positive: found "cyst", expected one of tumour, other`},
		{"classes: [tumour, other]", "classes: [tumour]", "line 3, classes: "},
		{"folds: 2", "folds: 2\nseeds: [1, 2, 1]", "line 5, seeds: found 1 a second time"},
		{"folds: 2", "folds: 2\nexecution: {workers: 0}", "line 5, execution.workers: found 0, expected 1 to 256"},
		{"folds: 2", "folds: 2\nexecution: {memory_gib: .nan}", "line 5, execution.memory_gib: "},
		{"folds: 2", "folds: &a 2", "line 4: found an anchor or alias"},
		{"name: fixture", "name: ' '", "line 1, name: found nothing"},
		{"folds: 2", "missing_view: impute", "line 4, missing_view: found impute, expected exclude"},
		{"arms: [", "arms: [[", "line "},
	} {
		text := strings.Replace(fixtureConfig, c.old, c.new, 1)
		if text == fixtureConfig {
			t.Fatalf("%q is not in the fixture", c.old)
		}
		_, _, err := parseConfig("study.yaml", []byte(text))
		if err == nil {
			t.Errorf("%q: no error", c.new)
			continue
		}
		asInput(t, err)
		if !strings.HasPrefix(err.Error(), "study.yaml: "+c.want) {
			t.Errorf("%q: %q, want it to begin with %q", c.new, err, "study.yaml: "+c.want)
		}
	}
}

// What Windows' editors make of a study file is the same study file, and so is
// every way to write a value that stays what it is.
func TestConfigIsTakenAsItStands(t *testing.T) {
	want, _, err := parseConfig("study.yaml", []byte(fixtureConfig))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"mark and CR":   "\xef\xbb\xbf" + strings.ReplaceAll(fixtureConfig, "\n", "\r\n"),
		"comment first": "\xef\xbb\xbf# mine\n\n" + fixtureConfig,
		"quoted words":  strings.Replace(fixtureConfig, "[tumour, other]", `["tumour", 'other']`, 1),
		"a whole λ":     strings.Replace(fixtureConfig, "lambda: [0.5]", "lambda: [5e-1]", 1),
		"a list":        strings.Replace(fixtureConfig, "classes: [tumour, other]", "classes:\n- tumour\n- other", 1),
		"a section":     strings.Replace(fixtureConfig, "network: {backbone: resnet18}", "network:\n  # small\n  backbone: resnet18\n", 1),
	} {
		got, _, err := parseConfig("study.yaml", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	numbers := strings.NewReplacer("positive: tumour", "positive: 1", "[tumour, other]", "[1, 0]").Replace(fixtureConfig)
	if got, _, err := parseConfig("study.yaml", []byte(numbers)); err != nil || got.Positive != "1" || !slices.Equal(got.Classes, []string{"1", "0"}) {
		t.Errorf("classes 1 and 0: %v, %v", got.Classes, err)
	}
}

// A name with letters that YAML gives a meaning to comes back from the template.
func TestTemplateComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := DefaultConfig()
		word := rapid.StringN(1, 20, 60)
		c.Name = "n" + word.Draw(t, "name")
		c.Note = word.Draw(t, "note")
		c.Classes = []string{"a" + word.Draw(t, "a"), "b" + word.Draw(t, "b")}
		c.Positive = c.Classes[rapid.IntRange(0, 1).Draw(t, "positive")]
		c.Seeds = rapid.SliceOfNDistinct(rapid.IntRange(0, 1<<40), 1, 4, rapid.ID[int]).Draw(t, "seeds")
		c.Seed = rapid.Int64().Draw(t, "seed")
		var some []string // any but those that need another one
		for _, name := range slices.Sorted(maps.Keys(arms)) {
			if arms[name].of == "" && arms[name].share == 0 && !arms[name].permuted {
				some = append(some, name)
			}
		}
		c.Arms = rapid.Permutation(some).Draw(t, "arms")[:rapid.IntRange(1, len(some)).Draw(t, "n")]
		if len(c.Arms) > 1 && rapid.Bool().Draw(t, "primary") {
			c.Primary = c.Arms[:2]
		}
		c.Radiomics.BinWidth = rapid.Float64Range(0.1, 1000).Draw(t, "bin width")
		c.Training.LR = rapid.Float64Range(1e-12, 10).Draw(t, "lr")
		c.Training.Weights = word.Draw(t, "weights")
		c.Execution.UnitMinutes = rapid.Float64Range(0, 1000).Draw(t, "minutes")
		got, _, err := parseConfig("study.yaml", template(c))
		if err != nil {
			t.Fatalf("%v\n%s", err, template(c))
		}
		if d := cmp.Diff(c, got); d != "" {
			t.Fatal(d)
		}
	})
}

// Every key of Config stands in the template, with what it means.
func TestTemplateHasEveryKey(t *testing.T) {
	listed := map[string]bool{}
	for _, k := range keys {
		listed[strings.TrimPrefix(k.section+"."+k.name, ".")] = true
		if k.comment == "" {
			t.Errorf("%s has no explanation", k.name)
		}
	}
	n := 0
	var walk func(typ reflect.Type, prefix string)
	walk = func(typ reflect.Type, prefix string) {
		for i := range typ.NumField() {
			name := prefix + typ.Field(i).Tag.Get("yaml")
			if typ.Field(i).Type.Kind() == reflect.Struct {
				walk(typ.Field(i).Type, name+".")
				continue
			}
			n++
			if !listed[name] {
				t.Errorf("%s is not in the template", name)
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	if n != len(keys) {
		t.Errorf("%d keys in the template, %d in Config", len(keys), n)
	}
}

func TestDocumentNamesEveryKey(t *testing.T) {
	text := read(t, "..", "..", "docs", "formats", "study.md")
	for _, k := range keys {
		if !strings.Contains(text, "`"+k.name+"`") {
			t.Errorf("docs/formats/study.md does not explain %s", k.name)
		}
	}
}

func TestWriteConfigKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	c := DefaultConfig()
	c.Name, c.Positive, c.Classes = "x", "a", []string{"a", "b"}
	if wrote, err := WriteConfig(dir, c); err != nil || !wrote {
		t.Fatal(wrote, err)
	}
	edited := "# mine\n"
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	if wrote, err := WriteConfig(dir, c); err != nil || wrote {
		t.Fatal(wrote, err)
	}
	if got := read(t, dir, ConfigFile); got != edited {
		t.Errorf("the edited file is now %q", got)
	}
}

func TestClassesMustBeTheCohorts(t *testing.T) {
	dir := fixture(t, strings.Replace(fixtureConfig, "positive: tumour", "positive: other", 1))
	_, err := Open(dir)
	if err == nil || !strings.Contains(err.Error(), "line 3, classes: found other (positive) and tumour, expected tumour and other, as in cohort.csv") || fault.Code(err) != fault.CodeInput {
		t.Error(err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(fixtureConfig))
	f.Add([]byte("a: &x [*x, *x]\n<<: *x\n"))
	f.Add([]byte("- a\n---\nb: |\n  c\n"))
	f.Add([]byte("training: null\nnetwork: [}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, _, err := parseConfig("study.yaml", data)
		if err != nil {
			asInput(t, err)
			return
		}
		if _, _, err := parseConfig("study.yaml", template(c)); err != nil {
			t.Errorf("read, written and no more readable: %v\n%s", err, template(c))
		}
	})
}
