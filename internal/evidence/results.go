package evidence

import (
	"encoding/json"
	"math"
)

// WriteResults writes results.json (docs/formats/results.md): the same results
// give the same bytes, undefined numbers are null, lists are never null. An
// infinite number is an error.
func WriteResults(path string, r Results) error {
	return writeJSON(path, r.filled())
}

// ReadResults is the inverse of WriteResults: null and absent numbers of
// intervals and comparisons are NaN. What does not parse is a *fault.Input.
func ReadResults(path string) (Results, error) {
	var r Results
	if err := readJSON(path, &r); err != nil {
		return Results{}, err
	}
	return r.filled(), nil
}

// filled is a copy whose lists are empty where they were nil.
func (r Results) filled() Results {
	r.Arms = list(r.Arms)
	for i := range r.Arms {
		a := &r.Arms[i]
		a.Views, a.Seeds, a.ROC, a.Maps = list(a.Views), list(a.Seeds), list(a.ROC), list(a.Maps)
		a.Folds, a.Decision, a.Subgroups, a.Exams = list(a.Folds), list(a.Decision), list(a.Subgroups), list(a.Exams)
		for k := range a.Folds {
			a.Folds[k].ROC = list(a.Folds[k].ROC)
		}
	}
	r.Comparisons, r.Patients, r.MapDifferences = list(r.Comparisons), list(r.Patients), list(r.MapDifferences)
	r.Leakage.Steps, r.Leakage.Violations = list(r.Leakage.Steps), list(r.Leakage.Violations)
	for i := range r.Leakage.Violations {
		v := &r.Leakage.Violations[i]
		v.Groups = list(v.Groups)
	}
	return r
}

// list is a copy of s, empty where s is nil.
func list[T any](s []T) []T { return append(make([]T, 0, len(s)), s...) }

type intervalJSON struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// Undefined is an interval of which nothing is known.
func Undefined() Interval { return Interval{math.NaN(), math.NaN(), math.NaN()} }

// MarshalJSON writes {"value", "low", "high"} with null for NaN.
func (i Interval) MarshalJSON() ([]byte, error) {
	return json.Marshal(intervalJSON{Number(i.Value), Number(i.Low), Number(i.High)})
}

// UnmarshalJSON is the inverse of MarshalJSON; what is absent is NaN.
func (i *Interval) UnmarshalJSON(b []byte) error {
	nan := Number(math.NaN())
	j := intervalJSON{nan, nan, nan}
	if err := json.Unmarshal(b, &j); err != nil {
		return nested("interval", err)
	}
	*i = Interval{float64(j.Value), float64(j.Low), float64(j.High)}
	return nil
}

// UnmarshalJSON leaves metrics that are absent undefined, rather than 0.
func (m *Metrics) UnmarshalJSON(b []byte) error {
	type plain Metrics
	u := Undefined()
	p := plain{u, u, u, u, u, u, u}
	if err := json.Unmarshal(b, &p); err != nil {
		return nested("metrics", err)
	}
	*m = Metrics(p)
	return nil
}

type comparisonJSON struct {
	A        string `json:"a"`
	B        string `json:"b"`
	Family   string `json:"family"`
	Seeds    int    `json:"seeds"`
	Chosen   bool   `json:"chosen,omitempty"`
	DeltaAUC Number `json:"delta_auc"`
	Low      Number `json:"low"`
	High     Number `json:"high"`
	P        Number `json:"p"`
	PHolm    Number `json:"p_holm"`
	Fixed    Fixed  `json:"fixed"`
}

type fixedJSON struct {
	DeltaAUC Interval `json:"delta_auc"`
	P        Number   `json:"p"`
	OnlyA    int      `json:"only_a_right"`
	OnlyB    int      `json:"only_b_right"`
	Accuracy Interval `json:"delta_accuracy"`
	McNemar  Number   `json:"p_mcnemar"`
}

// MarshalJSON writes null for NaN.
func (f Fixed) MarshalJSON() ([]byte, error) {
	return json.Marshal(fixedJSON{f.DeltaAUC, Number(f.P), f.OnlyA, f.OnlyB, f.Accuracy, Number(f.McNemar)})
}

// UnmarshalJSON is the inverse of MarshalJSON; what is absent is NaN.
func (f *Fixed) UnmarshalJSON(b []byte) error {
	nan := Number(math.NaN())
	j := fixedJSON{DeltaAUC: Undefined(), P: nan, Accuracy: Undefined(), McNemar: nan}
	if err := json.Unmarshal(b, &j); err != nil {
		return nested("fixed", err)
	}
	*f = Fixed{j.DeltaAUC, float64(j.P), j.OnlyA, j.OnlyB, j.Accuracy, float64(j.McNemar)}
	return nil
}

// MarshalJSON writes null for NaN.
func (c Comparison) MarshalJSON() ([]byte, error) {
	return json.Marshal(comparisonJSON{c.A, c.B, c.Family, c.Seeds, c.Chosen, Number(c.DeltaAUC), Number(c.Low), Number(c.High), Number(c.P), Number(c.PHolm), c.Fixed})
}

// UnmarshalJSON is the inverse of MarshalJSON; what is absent is NaN.
func (c *Comparison) UnmarshalJSON(b []byte) error {
	nan := Number(math.NaN())
	j := comparisonJSON{DeltaAUC: nan, Low: nan, High: nan, P: nan, PHolm: nan, Fixed: Fixed{Undefined(), math.NaN(), 0, 0, Undefined(), math.NaN()}}
	if err := json.Unmarshal(b, &j); err != nil {
		return nested("comparison", err)
	}
	*c = Comparison{j.A, j.B, j.Family, j.Seeds, j.Chosen, float64(j.DeltaAUC), float64(j.Low), float64(j.High), float64(j.P), float64(j.PHolm), j.Fixed}
	return nil
}
