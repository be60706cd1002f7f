// Package evidence turns predictions into metrics with intervals, comparisons
// between arms, and the statement that nothing fitted has seen a test group.
//
// Nouns: a Prediction is what one unit (one arm on one fold with one seed) says
// of one case it has not seen. Evidence is everything that is computed from the
// predictions of a study; written as results.json it holds no time, path or
// host, so that the same study gives the same bytes.
//
// The unit of analysis is the patient (case); the independent one is the group
// (cases that may be one person): every interval clusters or resamples by it.
package evidence

// Prediction is one row of a unit's predictions.csv.
type Prediction struct {
	Case, Group string
	Arm         string
	Fold, Seed  int
	Label       int     // 1 for the positive class, 0 for the negative
	Logit       float64 // before the sigmoid
	Score       float64 // probability of the positive class
	Threshold   float64 // on Score, from the inner split; 0.5 where there was none
}

// MapRow is one row of a unit's maps.csv: what the attention map of one view of
// one held-out case did on one crop, and beside it the best fixed Gaussian in the
// crop's middle, which looks at nothing.
type MapRow struct {
	Case, Group    string
	Arm            string
	Fold, Seed     int
	View           string  // sagittal, coronal or axial
	Crop           int     // 0 is centred on the lesion; the others are shifted away from it
	ShiftX, ShiftY int     // of the crop's middle, pixels to the right and down
	Share          float64 // the lesion's share of the crop's area, padding left out
	Zero           bool    // the map is zero everywhere; counted, and scores 0
	Map            Overlap
	Gaussian       Overlap
}

// Overlap is how a map lies to the lesion's outline.
type Overlap struct {
	Energy float64 // share of the ReLU map (before min–max) inside the lesion; 0 for an all-zero map
	IoU    float64 // of map > 0.5 (after min–max) and lesion
	Hit    bool    // pointing game: the map's maximum lies in the lesion
}

// Fit is one fitted step of a unit and the groups that it saw: the leakage
// proof checks that no test group of that unit is among them.
type Fit struct {
	Step   string   `json:"step"`   // "weights", "lambda", "epoch", "threshold", ...
	Groups []string `json:"groups"` // sorted
}

// Unit is what one unit left behind.
type Unit struct {
	Arm         string
	Fold, Seed  int
	Backbone    string  // chosen by the inner split; empty where there was no choice of one
	Lambda      float64 // chosen by the inner split; 0 without attention
	Epochs      int     // trained in the final fit
	Predictions []Prediction
	Maps        []MapRow
	Exams       []ExamRow // where the unit was examined
	Locked      bool      // a model of another study answers: nothing was fitted here
	Fits        []Fit     // none of a reader, to whom nothing was fitted
	TestGroups  []string
	Tried       []Tried   // what the inner split of a network chose among
	Features    []Feature // of an arm that answers from a table: those that its fold kept
	Candidates  int       // features that it chose them from
}

// Tried is what the inner split of a unit said of one backbone and λ.
type Tried struct {
	Backbone string  `json:"backbone,omitempty"` // where there was a choice of one
	Lambda   float64 `json:"lambda"`             // 0 without attention
	Loss     float64 `json:"loss"`               // the lowest validation cross-entropy, smoothed over three epochs: the lowest of all was chosen
	Epoch    int     `json:"epoch"`              // where that was
}

// Feature is one of a table's features that a unit's ranking kept.
type Feature struct {
	Name       string
	Rank       int // from 1
	Importance float64
	Used       bool // by the model
}

// Arm describes one way to answer.
type Arm struct {
	Name      string   // multi-view-attention
	Kind      string   // KindNetwork …
	Views     []string // sagittal, coronal, axial
	Attention bool

	// An arm that is another one but for one thing, which stands beside that one and
	// does not compete: crops moved off the outline, labels permuted, another
	// classifier, a reader with help.
	Of, Variant string

	Reader string  // of a reader: the name …
	Years  float64 // … years of experience, 0 where not known …
	Aided  bool    // … answered with help of a program …
	Binary bool    // … chose a class, gave no score
}

// Kinds of arms.
const (
	KindNetwork   = "magn"      // a network
	KindRadiomics = "radiomics" // a classifier on features of the lesions
	KindBlind     = "blind"     // a classifier that sees no image
	KindReader    = "reader"    // a person
)

// Interval is a value with its confidence interval at 95 %. Undefined numbers
// are NaN here and null in JSON.
type Interval struct{ Value, Low, High float64 }

// Metrics of an arm or of one of its folds. AUC is the mean of the fold AUCs
// (and over seeds), undefined where a fold lacks a class; AUCPooled is over all
// out-of-fold scores at once, beside it because five models have five score
// scales. The others are over cases (means over seeds), not over folds. A score
// that equals the threshold is positive. docs/methods/statistics.md says how
// the intervals are made.
type Metrics struct {
	AUC         Interval `json:"auc"`
	AUCPooled   Interval `json:"auc_pooled"`
	Accuracy    Interval `json:"accuracy"`
	F1          Interval `json:"f1"`
	Sensitivity Interval `json:"sensitivity"`
	Specificity Interval `json:"specificity"`
	Brier       Interval `json:"brier"`
}

// FoldResult is one arm on one fold with one seed.
type FoldResult struct {
	Fold         int     `json:"fold"`
	Seed         int     `json:"seed"`
	N            int     `json:"n"`
	Positive     int     `json:"positive"`
	Backbone     string  `json:"backbone,omitempty"` // where the inner split chose it
	Lambda       float64 `json:"lambda"`
	Epochs       int     `json:"epochs"`
	Tried        []Tried `json:"tried,omitempty"` // what it chose among
	Metrics      Metrics `json:"metrics"`         // at 0.5
	MetricsInner Metrics `json:"metrics_inner"`   // at the inner threshold
	ROC          []Point `json:"roc"`
}

// Point of a ROC curve.
type Point struct {
	FPR float64 `json:"fpr"`
	TPR float64 `json:"tpr"`
}

// MapSummary is what the attention maps of one arm and view did on centred or on
// shifted crops, with intervals clustered by group. N and Zero count maps (a case
// has one for each seed and crop); the means are over cases, each with the mean
// of its seeds and crops. What is said about attention rests on the shifted ones:
// on centred crops a map that always points to the middle does well.
type MapSummary struct {
	View     string          `json:"view"`
	Crops    string          `json:"crops"` // Centred or Shifted
	N        int             `json:"n"`
	Zero     int             `json:"zero"`
	Energy   Interval        `json:"energy"`
	Share    Interval        `json:"share"`
	IoU      Interval        `json:"iou"`
	Hit      Interval        `json:"hit"`
	Gaussian GaussianSummary `json:"gaussian"`
}

// Which crops a MapSummary is about.
const (
	Centred = "centred"
	Shifted = "shifted"
)

// GaussianSummary is what the best fixed Gaussian did on the same crops.
type GaussianSummary struct {
	Energy Interval `json:"energy"`
	IoU    Interval `json:"iou"`
	Hit    Interval `json:"hit"`
}

// ArmResult is everything about one arm.
type ArmResult struct {
	Name         string        `json:"name"`
	Kind         string        `json:"kind"`
	Views        []string      `json:"views"`
	Attention    bool          `json:"attention"`
	Of           string        `json:"of,omitempty"`      // the arm that this one is a variant of
	Variant      string        `json:"variant,omitempty"` // in what
	Reader       *ReaderFacts  `json:"reader,omitempty"`
	N            int           `json:"n"`
	Groups       int           `json:"groups"`
	Seeds        []int         `json:"seeds"`
	Metrics      Metrics       `json:"metrics"`
	MetricsInner Metrics       `json:"metrics_inner"`
	Folds        []FoldResult  `json:"folds"`
	ROC          []Point       `json:"roc"` // mean of the folds', by threshold-free vertical averaging
	Maps         []MapSummary  `json:"maps"`
	Exams        []ExamSummary `json:"exams"`

	Calibration *Calibration `json:"calibration,omitempty"` // none of a reader
	Decision    []Decision   `json:"decision"`
	Subgroups   []Subgroup   `json:"subgroups"`

	Candidates int              `json:"candidates,omitempty"` // features that a table's arm chose from
	Features   []FeatureSummary `json:"features,omitempty"`   // those that any of its units kept, the most used first
}

// ReaderFacts is what is known of a reader.
type ReaderFacts struct {
	Name   string  `json:"name"`
	Years  float64 `json:"years,omitempty"` // of experience
	Aided  bool    `json:"aided"`
	Binary bool    `json:"binary"` // chose a class: the AUC is the balanced accuracy
}

// FeatureSummary is how often the units of an arm chose a feature.
type FeatureSummary struct {
	Name  string  `json:"name"`
	Units int     `json:"units"`     // of the arm: folds times seeds
	Kept  int     `json:"kept"`      // units whose ranking kept it
	Used  int     `json:"used"`      // units whose model was given it
	Rank  float64 `json:"mean_rank"` // among the units that kept it
}

// Comparison is arm A minus arm B, paired on the same patients, stratified by
// fold. PHolm is P of the primary comparison, P adjusted for the others of its
// family of a secondary one, and undefined of one that only describes.
type Comparison struct {
	A        string  `json:"a"`
	B        string  `json:"b"`
	Family   string  `json:"family"`           // Primary, Secondary or Descriptive
	Seeds    int     `json:"seeds"`            // of the arm with fewer, readers apart: below MinSeeds nothing is shown, since P leaves the noise of training out
	Chosen   bool    `json:"chosen,omitempty"` // descriptive, of a pair that the results chose: the highest AUC and what it is set against
	DeltaAUC float64 `json:"delta_auc"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	P        float64 `json:"p"`
	PHolm    float64 `json:"p_holm"`

	Fixed Fixed `json:"fixed"`
}

// Fixed compares two arms as the models that they happen to be, their scores
// averaged over seeds: nothing is said about another training.
type Fixed struct {
	DeltaAUC Interval `json:"delta_auc"` // mean of the folds' DeLong differences
	P        float64  `json:"p"`
	OnlyA    int      `json:"only_a_right"` // cases that A alone classifies rightly at 0.5
	OnlyB    int      `json:"only_b_right"`
	Accuracy Interval `json:"delta_accuracy"`
	McNemar  float64  `json:"p_mcnemar"` // exact below 25 such cases
}

// Violation names a unit's fitted step that saw test groups.
type Violation struct {
	Arm    string   `json:"arm"`
	Fold   int      `json:"fold"`
	Seed   int      `json:"seed"`
	Step   string   `json:"step"`
	Groups []string `json:"groups"`
}

// Leakage is the statement about every fitted step.
type Leakage struct {
	Checked    int         `json:"checked"` // fitted steps looked at
	Steps      []StepSeen  `json:"steps"`   // by arm and step
	Violations []Violation `json:"violations"`
}

// StepSeen is how many groups a fitted step of an arm's units saw, how many those
// units were tested on, and how many were both.
type StepSeen struct {
	Arm       string `json:"arm"`
	Step      string `json:"step"`
	Units     int    `json:"units"`
	SeenMin   int    `json:"seen_min"` // of the unit that saw the fewest groups
	SeenMax   int    `json:"seen_max"`
	TestedMin int    `json:"tested_min"`
	TestedMax int    `json:"tested_max"`
	Both      int    `json:"both"` // groups both seen and tested on, over all units; 0 without a leak
}

// Training is what is known of the patients that a locked model was trained on.
type Training struct {
	Arm    string          `json:"arm"`   // of the model
	Known  bool            `json:"known"` // the model says who they were
	Shared []SharedPatient `json:"shared"`
}

// SharedPatient is one who is answered for here, and was trained on there.
type SharedPatient struct {
	Case  string `json:"case"`
	Group bool   `json:"group"` // by the id of the group
	Image bool   `json:"image"` // by the voxels of a stack
	Folds []int  `json:"folds"` // whose networks saw the patient
}

// Results is results.json.
type Results struct {
	Study       string       `json:"study"`
	Positive    string       `json:"positive"`
	Negative    string       `json:"negative"`
	Cases       int          `json:"cases"`
	Groups      int          `json:"groups"`
	Locked      bool         `json:"locked,omitempty"`       // a model of another study answered: nothing was fitted here
	Training    *Training    `json:"training,omitempty"`     // then which of the patients it was trained on
	SplitBy     string       `json:"split_by,omitempty"`     // what each fold holds out whole, such as scanner
	FoldNames   []string     `json:"fold_names,omitempty"`   // then which one
	PrimaryLate bool         `json:"primary_late,omitempty"` // the primary comparison was fixed after units were done
	Arms        []ArmResult  `json:"arms"`
	Comparisons []Comparison `json:"comparisons"`
	Leakage     Leakage      `json:"leakage"`

	MapDifferences []MapDifference `json:"map_differences"` // what attention did to the maps

	Patients []Characteristic `json:"patients"` // Table 1
	Readers  *ReaderStudy     `json:"readers,omitempty"`
}
