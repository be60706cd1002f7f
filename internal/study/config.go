package study

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/magn"
)

// Config is study.yaml. Keys that are left out keep their default; a key that
// does not exist is an error.
type Config struct {
	Name        string        `yaml:"name"`
	Positive    string        `yaml:"positive"`
	Classes     []string      `yaml:"classes"` // two, the positive one among them
	Folds       int           `yaml:"folds"`
	Seed        int64         `yaml:"seed"`  // of the split
	Seeds       []int         `yaml:"seeds"` // of the trainings; the arms share them
	Arms        []string      `yaml:"arms"`
	MissingView string        `yaml:"missing_view"` // exclude
	Note        string        `yaml:"note"`         // a sentence for the report
	Network     Network       `yaml:"network"`
	Training    magn.Training `yaml:"training"`
	Execution   Execution     `yaml:"execution"`
}

// Network is magn.Network without its views, which come from the arm.
type Network struct {
	Backbone string  `yaml:"backbone"`
	Stride   int     `yaml:"stride"`
	Shared   bool    `yaml:"shared"`
	R        float64 `yaml:"lse_r"`
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
		MissingView: "exclude",
		Network:     Network{Backbone: n.Backbone, Stride: n.Stride, Shared: n.Shared, R: n.R},
		Training:    magn.DefaultTraining(),
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

// network is the network of an arm.
func (c Config) network(a arm) magn.Network {
	n := c.Network
	return magn.Network{Backbone: n.Backbone, Stride: n.Stride, Shared: n.Shared, Views: a.views, R: n.R}
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
		return bad("arms", "none", "at least one of "+strings.Join(armOrder, ", "))
	case c.MissingView != "exclude":
		return bad("missing_view", c.MissingView, "exclude")
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
	for i, name := range c.Arms {
		if _, ok := arms[name]; !ok {
			return bad("arms", name, "one of "+strings.Join(armOrder, ", "))
		}
		if slices.Contains(c.Arms[:i], name) {
			return bad("arms", name+" a second time", "each once")
		}
		if e := c.network(arms[name]).Validate(); e != nil {
			return magnSetting("network", e)
		}
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
