package study

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/magn"
	"magn/internal/tabular"
)

// Config is study.yaml. Keys that are left out keep their default; a key that
// does not exist is an error.
type Config struct {
	Name        string                  `yaml:"name"`
	Positive    string                  `yaml:"positive"`
	Classes     []string                `yaml:"classes"` // two, the positive one among them
	Folds       int                     `yaml:"folds"`
	Seed        int64                   `yaml:"seed"`     // of the split
	SplitBy     string                  `yaml:"split_by"` // a column of patients, such as scanner: each of its values is held out once; empty: folds by group
	Seeds       []int                   `yaml:"seeds"`    // of the trainings; the arms share them
	Arms        []string                `yaml:"arms"`
	Primary     []string                `yaml:"primary"`      // two arms: the one comparison that is not adjusted for others
	MissingView string                  `yaml:"missing_view"` // exclude
	MapSteps    int                     `yaml:"map_steps"`    // of the deletion and insertion curves of the heat maps; 0: none
	Note        string                  `yaml:"note"`         // a sentence for the report
	Network     Network                 `yaml:"network"`
	Training    magn.Training           `yaml:"training"`
	Radiomics   tabular.FeatureSettings `yaml:"radiomics"`
	Execution   Execution               `yaml:"execution"`
}

// Network is magn.Network without its views, which come from the arm.
type Network struct {
	Backbone Backbones `yaml:"backbone"`
	Stride   int       `yaml:"stride"`
	Shared   bool      `yaml:"shared"`
	R        float64   `yaml:"lse_r"`
}

// Backbones are those for the inner split to choose from, in the file a list, or
// the one alone, which turns the search off.
type Backbones []string

// UnmarshalYAML takes a word or a list of words.
func (b *Backbones) UnmarshalYAML(decode func(any) error) error {
	var one string
	if err := decode(&one); err == nil {
		*b = Backbones{one}
		return nil
	}
	var several []string
	if err := decode(&several); err != nil {
		return err
	}
	*b = several
	return nil
}

// value is how they stand in a study file.
func (b Backbones) value() any {
	if len(b) == 1 {
		return b[0]
	}
	return []string(b)
}

// sorted are they in the order of size, which no result depends on.
func (b Backbones) sorted() []string {
	out := slices.Clone(b)
	slices.SortFunc(out, func(x, y string) int {
		return cmp.Compare(slices.Index(magn.Backbones(), x), slices.Index(magn.Backbones(), y))
	})
	return out
}

// Execution says how units are run, which no result depends on.
type Execution struct {
	Workers     int     `yaml:"workers"`      // at a time
	MemoryGiB   float64 `yaml:"memory_gib"`   // bound on a worker's data; 0: none
	UnitMinutes float64 `yaml:"unit_minutes"` // bound on one unit; 0: none
}

// DefaultConfig is what keys that are left out are. It has no name and no
// classes.
func DefaultConfig() Config {
	n := magn.DefaultNetwork()
	return Config{
		Folds: 5, Seed: 1, Seeds: []int{1},
		Arms:        []string{"multi-view", "multi-view-attention"},
		Primary:     []string{},
		MissingView: "exclude",
		MapSteps:    10,
		Network:     Network{Backbone: Backbones{n.Backbone}, Stride: n.Stride, Shared: n.Shared, R: n.R},
		Training:    magn.DefaultTraining(),
		Radiomics:   tabular.DefaultSettings().Features,
		Execution:   Execution{Workers: 1},
	}
}

// negative is the class that is not the positive one.
func (c Config) negative() string {
	for _, name := range c.Classes {
		if name != c.Positive {
			return name
		}
	}
	return ""
}

// network is the network of an arm; of several backbones the smallest.
func (c Config) network(a arm) magn.Network {
	n := c.Network
	m := magn.Network{Stride: n.Stride, Shared: n.Shared, Views: a.views, R: n.R}
	if len(n.Backbone) > 0 {
		m.Backbone = n.Backbone.sorted()[0]
	}
	return m
}

// work is how an arm's networks are trained.
func (c Config) work(a arm) *NetworkWork {
	w := &NetworkWork{Attention: a.attention, Network: c.network(a), Training: c.Training}
	if len(c.Network.Backbone) > 1 {
		w.Backbones = c.Network.Backbone.sorted()
	}
	return w
}

// table is the settings of an arm that answers from a table of features.
func (c Config) table(a arm) tabular.Settings {
	t := tabular.DefaultSettings()
	t.Source, t.Views, t.Method, t.Features, t.InnerFraction = a.source, a.views, a.method, c.Radiomics, c.Training.InnerFraction
	return t
}

// checkPrimary returns what is wrong with the primary comparison, or nil.
func (c Config) checkPrimary() *setting {
	if len(c.Primary) == 0 {
		return nil
	}
	const expected = "two different arms of the study, such as [multi-view-attention, multi-view]; readers of readers.csv may be named, too"
	if len(c.Primary) != 2 || c.Primary[0] == c.Primary[1] {
		return &setting{"primary", fmt.Sprint(c.Primary), expected}
	}
	for _, name := range c.Primary {
		if !slices.Contains(c.Arms, name) && !strings.HasPrefix(name, "reader-") {
			return &setting{"primary", name, expected}
		}
	}
	return nil
}

// Bounds that only a mistyped number passes.
const (
	maxFolds   = 100
	maxSeeds   = 1000
	maxWorkers = 256
)

// setting is a value that cannot be used, at a key such as training.epochs.
type setting struct{ key, found, expected string }

// check returns the first setting that cannot be used, or nil.
func (c Config) check() *setting {
	bad := func(key string, found any, expected string) *setting {
		return &setting{key, fmt.Sprint(found), expected}
	}
	switch {
	case strings.TrimSpace(c.Name) == "":
		return bad("name", "nothing", "a name for the study")
	case len(c.Classes) != 2 || c.Classes[0] == c.Classes[1] || c.Classes[0] == "" || c.Classes[1] == "":
		return bad("classes", c.Classes, "two different classes; a question about three is three studies of one against the rest")
	case !slices.Contains(c.Classes, c.Positive):
		return bad("positive", fmt.Sprintf("%q", c.Positive), "one of "+strings.Join(c.Classes, ", "))
	case c.Folds < 2 || c.Folds > maxFolds:
		return bad("folds", c.Folds, fmt.Sprintf("2 to %d", maxFolds))
	case len(c.Seeds) == 0 || len(c.Seeds) > maxSeeds:
		return bad("seeds", c.Seeds, fmt.Sprintf("1 to %d of them", maxSeeds))
	case len(c.Arms) == 0:
		return bad("arms", "none", "at least one of "+armWords)
	case c.MissingView != "exclude":
		return bad("missing_view", c.MissingView, "exclude")
	case c.MapSteps < 0 || c.MapSteps > 1000:
		return bad("map_steps", c.MapSteps, "0 to 1000")
	case c.Execution.Workers < 1 || c.Execution.Workers > maxWorkers:
		return bad("execution.workers", c.Execution.Workers, fmt.Sprintf("1 to %d", maxWorkers))
	case !(c.Execution.MemoryGiB >= 0) || math.IsInf(c.Execution.MemoryGiB, 0):
		return bad("execution.memory_gib", c.Execution.MemoryGiB, "0 (no bound) or more")
	case !(c.Execution.UnitMinutes >= 0) || c.Execution.UnitMinutes > 1e6:
		return bad("execution.unit_minutes", c.Execution.UnitMinutes, "0 (no bound) or more")
	}
	for i, s := range c.Seeds {
		if s < 0 {
			return bad("seeds", s, "0 or more")
		}
		if slices.Contains(c.Seeds[:i], s) {
			return bad("seeds", fmt.Sprintf("%d a second time", s), "each once")
		}
	}
	for i, l := range c.Training.Lambda {
		if slices.Contains(c.Training.Lambda[:i], l) {
			return bad("training.lambda", fmt.Sprintf("%g a second time", l), "each once")
		}
	}
	if bad := c.checkArms(); bad != nil {
		return bad
	}
	if bad := c.checkPrimary(); bad != nil {
		return bad
	}
	if e := c.Training.Validate(); e != nil {
		return magnSetting("training", e)
	}
	return nil
}

func magnSetting(section string, err error) *setting {
	var e *magn.SettingError
	if errors.As(err, &e) {
		return &setting{section + "." + e.Key, e.Found, e.Expected}
	}
	return &setting{section, err.Error(), ""}
}
