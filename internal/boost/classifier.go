package boost

import (
	"context"
	"fmt"
	"math"
	"slices"

	"magn/internal/draw"
	"magn/internal/fault"
)

// Method is the model that a Classifier ends with.
type Method string

// The methods.
const (
	GradientBoosting Method = "boosting"
	RandomForest     Method = "forest"
)

// Probability of the positive class at a margin: the logistic function for
// boosting, the trees' mean share ½+margin/4 for a forest (see Forest).
func (m Method) Probability(margin float64) float64 {
	if m == RandomForest {
		// Leaves are float32, so the mean of pure ones may be a little beyond.
		return min(1, max(0, 0.5+margin/4))
	}
	return 1 / (1 + math.Exp(-margin))
}

// Settings say how a Classifier is fitted.
type Settings struct {
	Method   Method
	Top      int    // features kept of the ranking, the first half of which is used; even
	Trees    int    // of the ranking's forest, and of the model's where that is the method
	Boosting Params // where that is the method; Seed and Threads come from below
	Seed     uint64 // ranking and model draw by key from it
	Threads  int
}

// Defaults keeps 30 features, uses 15, ranks by 500 trees and boosts as Boosting
// says.
func Defaults() Settings {
	return Settings{Method: GradientBoosting, Top: 30, Trees: 500, Boosting: Boosting(), Threads: 1}
}

// Check says which setting cannot be used, as a *fault.Input.
func (s Settings) Check() error {
	if s.Method != GradientBoosting && s.Method != RandomForest {
		return badParam("method", fmt.Sprintf("%q", s.Method), "boosting or forest")
	}
	if s.Top < 2 || s.Top%2 != 0 || s.Top > maxColumns {
		return badParam("top", fmt.Sprint(s.Top), "an even number, 2 or more")
	}
	p := Forest(1)
	if s.Method == GradientBoosting {
		p = s.Boosting
		p.Threads = s.Threads
		if err := p.Check(); err != nil {
			return err
		}
	}
	p = Forest(1)
	p.NumParallelTree, p.Threads = s.Trees, s.Threads
	return p.Check()
}

// Fit is a fitted step and the groups of the rows that it saw, each once, sorted.
type Fit struct {
	Step   string   `json:"step"`
	Groups []string `json:"groups"`
}

// Classifier is what Learn fitted. It does not change.
type Classifier struct {
	lines classifierLines
	model *Model
}

// classifierLines is what a file holds of it beside the model.
type classifierLines struct {
	Method  Method   `json:"method"`
	Ranking []Ranked `json:"ranking"`
	Kept    []string `json:"kept"`
	Fits    []Fit    `json:"fits"`
}

// Learn ranks the features of m, selects among them and trains on those, all on
// the rows of m: give it a fold's training rows and nothing else. Several views
// are columns of one m. Its steps are ranking, selection and trees. The error is
// a *fault.Input where m or s cannot be used or no feature splits the classes.
func Learn(ctx context.Context, m Matrix, s Settings) (*Classifier, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	ranking, ranked, err := Rank(ctx, m, s.Trees, s.Seed, s.Threads)
	if err != nil {
		return nil, err
	}
	kept, used := Select(ranking, s.Top)
	if len(used) == 0 {
		return nil, refuse("importance", "0 for every feature", "a feature whose value differs between cases")
	}
	x, err := m.Select(used)
	if err != nil {
		return nil, err
	}
	p := s.Boosting
	if s.Method == RandomForest {
		p = Forest(len(used))
		p.NumParallelTree = s.Trees
	}
	p.Threads, p.Seed = s.Threads, draw.New("boost", "trees", s.Seed).Uint32()
	model, err := Train(ctx, x, p)
	if err != nil {
		return nil, err
	}
	fits := []Fit{ranked, {"selection", ranked.Groups}, {"trees", x.saw()}}
	return &Classifier{classifierLines{s.Method, ranking, kept, fits}, model}, nil
}

// Method is the kind of trees that it ends with.
func (c *Classifier) Method() Method { return c.lines.Method }

// Ranking is every feature, the most important first.
func (c *Classifier) Ranking() []Ranked { return slices.Clone(c.lines.Ranking) }

// Kept are the ranking's top features.
func (c *Classifier) Kept() []string { return slices.Clone(c.lines.Kept) }

// Used are those of Kept that the model was trained on.
func (c *Classifier) Used() []string { return c.model.Features() }

// Fits are the fitted steps and the groups that each saw.
func (c *Classifier) Fits() []Fit {
	out := slices.Clone(c.lines.Fits)
	for i := range out {
		out[i].Groups = slices.Clone(out[i].Groups)
	}
	return out
}

// Model is the trees.
func (c *Classifier) Model() *Model { return c.model }

// Predict gives each row's margin; Method's Probability makes a probability of
// it. x may have other columns too, in any order and of any value.
func (c *Classifier) Predict(ctx context.Context, x Matrix) ([]float64, error) {
	if err := x.checkShape(); err != nil {
		return nil, err
	}
	used, err := x.Select(c.model.features)
	if err != nil {
		return nil, err
	}
	return c.model.Predict(ctx, used)
}

// Save writes the classifier, whole or not at all; Load reads its trees.
func (c *Classifier) Save(path string) error {
	return save(path, func() ([]byte, error) { return c.model.encode(&c.lines) })
}

// LoadClassifier reads what a Classifier's Save wrote. The error is
// a *fault.Input where the file is cut short, altered or no classifier.
func LoadClassifier(path string) (*Classifier, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return decodeClassifier(path, data)
}

func decodeClassifier(name string, data []byte) (*Classifier, error) {
	m, lines, err := decode(name, data)
	if err != nil {
		return nil, err
	}
	if lines == nil {
		return nil, &fault.Input{File: name, Found: "trees alone", Expected: "a classifier"}
	}
	if lines.Method != GradientBoosting && lines.Method != RandomForest {
		return nil, &fault.Input{File: name, Field: "line 2, method", Found: fmt.Sprintf("%q", lines.Method), Expected: "boosting or forest"}
	}
	return &Classifier{*lines, m}, nil
}
