package study

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/magn"
)

// everyKind is a study with an arm of every kind, the recentred ones before those
// whose networks they need.
const everyKind = `name: fixture
positive: tumour
classes: [tumour, other]
folds: 2
seeds: [1, 2]
map_steps: 4
arms: [multi-view-attention-jitter-10, multi-view, multi-view-attention, multi-view-point, multi-view-permuted, sagittal, radiomics-multi-view, radiomics-multi-view-forest, radiomics-axial, outline, clinical, scanner]
network: {backbone: resnet18}
training: {epochs: 4, lambda: [0.5], precision: fp32, crop: 32, threads: 1, inner_fraction: 0}
`

// known is a fixture whose patients have an age and a scanner, which the blind
// arms read.
func known(t *testing.T, config string) string {
	t.Helper()
	dir := fixture(t, config)
	path := filepath.Join(dir, "cohort.csv")
	rows := strings.Split(strings.TrimSpace(read(t, path)), "\n")
	rows[0] += ",age,scanner"
	for i := range rows[1:] {
		rows[i+1] += fmt.Sprintf(",%d,%s", 50+i, []string{"A", "B"}[i/2%2])
	}
	if err := os.WriteFile(path, []byte(strings.Join(rows, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// readers is a table in which a reader answers for the fixture's cases with a
// class, first without and then with help.
func readers(t *testing.T, dir string, change func(rows []string) []string) {
	t.Helper()
	rows := []string{"case,reader,read,aided,years"}
	for i := range 9 {
		id := "p" + string(rune('0'+i))
		truth := []string{"other", "tumour"}[i%2]
		wrong := []string{"tumour", "other"}[i%2]
		rows = append(rows, id+",A,"+map[bool]string{true: wrong, false: truth}[i < 3]+",no,5", id+",A,"+truth+",yes,5")
	}
	if change != nil {
		rows = change(rows)
	}
	if err := os.WriteFile(filepath.Join(dir, readersFile), []byte(strings.Join(rows, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A study of every kind of arm runs, in whatever order its arms are named, and
// its evidence says of each what it is.
func TestEveryKindOfArm(t *testing.T) {
	dir := known(t, everyKind)
	readers(t, dir, nil)
	mustRun(t, dir)
	s := open(t, dir)
	r, err := evidence.ReadResults(filepath.Join(dir, reportFolder, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	type fact struct{ Name, Kind, Of, Variant string }
	var got []fact
	for _, a := range r.Arms {
		got = append(got, fact{a.Name, a.Kind, a.Of, a.Variant})
		if a.N != 8 || len(a.Folds) != 2*len(a.Seeds) {
			t.Errorf("%s: %d cases, %d folds and seeds", a.Name, a.N, len(a.Folds))
		}
	}
	want := []fact{
		{"multi-view-attention-jitter-10", "magn", "multi-view-attention", "jitter-10"},
		{"multi-view", "magn", "", ""},
		{"multi-view-attention", "magn", "", ""},
		{"multi-view-point", "magn", "multi-view", "point"},
		{"multi-view-permuted", "magn", "multi-view", "permuted"},
		{"sagittal", "magn", "", ""},
		{"radiomics-multi-view", "radiomics", "", ""},
		{"radiomics-multi-view-forest", "radiomics", "radiomics-multi-view", "forest"},
		{"radiomics-axial", "radiomics", "", ""},
		{"outline", "blind", "", ""},
		{"clinical", "blind", "", ""},
		{"scanner", "blind", "", ""},
		{"reader-A", "reader", "", ""},
		{"reader-A-aided", "reader", "reader-A", "aided"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	reader := r.Arms[12]
	if d := cmp.Diff(&evidence.ReaderFacts{Name: "A", Years: 5, Binary: true}, reader.Reader); d != "" {
		t.Error(d)
	}
	if v := reader.Metrics.Accuracy.Value; v != 5./8 { // three of nine wrong, and the last is excluded
		t.Errorf("accuracy of the reader: %v", v)
	}
	if v := r.Arms[13].Metrics.AUC.Value; v != 1 {
		t.Errorf("AUC of the reader with help: %v", v)
	}
	pairs := map[string]string{}
	for _, c := range r.Comparisons {
		pairs[c.A+" "+c.B] = c.Family
	}
	if d := cmp.Diff(map[string]string{
		"multi-view-attention multi-view": "primary", "multi-view sagittal": "secondary",
		"multi-view-attention radiomics-multi-view": "secondary", "multi-view-attention reader-A": "secondary",
		"multi-view-attention outline": "descriptive", "multi-view-attention clinical": "descriptive", "multi-view-attention scanner": "descriptive",
		"reader-A-aided reader-A": "descriptive", "radiomics-multi-view radiomics-axial": "descriptive", // the best and the next
	}, pairs); d != "" {
		t.Error(d)
	}
	features := r.Arms[6].Features
	if len(features) != 3 || features[0].Units != 4 || features[0].Used != 4 || features[1].Used != 0 || r.Arms[6].Candidates != 3 {
		t.Errorf("features: %+v", features)
	}
	exams := r.Arms[2].Exams
	if len(exams) != 2 || exams[1].Crops != evidence.Shifted || exams[0].N != 16 || exams[0].Deletion.Difference.Value != -0.25 || len(r.Arms[4].Exams)+len(r.Arms[6].Exams) > 0 {
		t.Errorf("exams: %+v", exams)
	}
	if len(r.MapDifferences) != 3 || r.MapDifferences[0].A != "multi-view-attention" || r.MapDifferences[0].N != 8 {
		t.Errorf("what attention did to the maps: %+v", r.MapDifferences)
	}
	if _, err := s.Verify(t.Context(), nil); err != nil {
		t.Error(err)
	}
	models, err := filepath.Glob(filepath.Join(dir, modelsFolder, "*"))
	if err != nil || len(models) != 3 {
		t.Errorf("models %v, want those of multi-view, multi-view-attention and sagittal", models)
	}
	if sum, err := run(t, dir, ""); err != nil || sum.Ran != 0 {
		t.Errorf("a second run did %d units (%v)", sum.Ran, err)
	}
}

// A permuted arm trains on the same patients with the classes dealt out anew,
// group by group, and is tested on the true ones.
func TestPermuted(t *testing.T) {
	s := open(t, known(t, everyKind))
	plan, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	truth := map[string]int{}
	for _, c := range s.Cases {
		truth[c.ID] = c.Label
	}
	moved := 0
	for _, p := range plan {
		if p.Unit.Arm != "multi-view-permuted" {
			continue
		}
		var before, after []int
		for _, c := range p.Unit.Train {
			before, after = append(before, truth[c.ID]), append(after, c.Label)
			if c.Label != truth[c.ID] {
				moved++
			}
		}
		slices.Sort(before)
		slices.Sort(after)
		if !slices.Equal(before, after) {
			t.Errorf("%s: classes %v became %v", p.Name(), before, after)
		}
		for _, c := range p.Unit.Test {
			if c.Label != truth[c.ID] {
				t.Errorf("%s: test case %s has another class", p.Name(), c.ID)
			}
		}
	}
	if moved == 0 {
		t.Error("no class moved")
	}
}

// A recentred arm depends on the unit whose network answers.
func TestRecentredDependsOnItsNetwork(t *testing.T) {
	dir := known(t, everyKind)
	hash := func() map[string]string {
		plan, err := open(t, dir).Plan()
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, p := range plan {
			out[p.Name()] = p.Unit.Hash
		}
		return out
	}
	before := hash()
	rewrite(t, dir, "epochs: 4", "epochs: 5")
	after := hash()
	for _, unit := range []string{"multi-view", "multi-view-point"} {
		if before[unit+", fold 0, seed 1"] == after[unit+", fold 0, seed 1"] {
			t.Errorf("%s has the same hash with other epochs", unit)
		}
	}
	for _, unit := range []string{"outline", "radiomics-axial"} {
		if before[unit+", fold 0, seed 1"] != after[unit+", fold 0, seed 1"] {
			t.Errorf("%s has another hash with other epochs", unit)
		}
	}
}

func rewrite(t *testing.T, dir, old, new string) {
	t.Helper()
	path := filepath.Join(dir, ConfigFile)
	text := read(t, path)
	if !strings.Contains(text, old) {
		t.Fatalf("no %q in %s", old, path)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(text, old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Arms and readers that cannot be are named with line, reader and case.
func TestArmsThatCannotBe(t *testing.T) {
	for _, c := range []struct{ arms, want string }{
		{"[multi-view, sagittal-point]", "arms: found sagittal-point without sagittal, expected sagittal too"},
		{"[multi-view, sagittal-permuted]", "arms: found sagittal-permuted without the arm itself"},
		{"[multi-view, radiomics]", "arms: found radiomics, expected one of multi-view"},
		{"[multi-view, outline, outline]", "arms: found outline a second time"},
		{"[multi-view]\nprimary: [multi-view]", "primary: found [multi-view], expected two different arms"},
		{"[multi-view]\nprimary: [multi-view, sagittal]", "primary: found sagittal, expected two different arms"},
	} {
		config := strings.Replace(everyKind, everyKind[strings.Index(everyKind, "arms: ")+6:strings.Index(everyKind, "\nnetwork")], c.arms, 1)
		_, err := Open(known(t, config))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.arms, err, c.want)
		}
	}
	// What nothing is known of is said before anything runs.
	if _, err := open(t, fixture(t, everyKind)).Plan(); err == nil || !strings.Contains(err.Error(), "arm clinical") || !strings.Contains(err.Error(), "take the arm out of study.yaml") {
		t.Errorf("clinical without covariates: %v", err)
	}
	for _, c := range []struct {
		change func([]string) []string
		want   string
	}{
		{func(r []string) []string { return r[:8] }, `readers.csv: reader A: found answers for 4 of 8 cases; none for p4, p5, p6, p7, expected every case`},
		{func(r []string) []string { return append(r, "p99,A,other,no,5") }, `line 20, column case: found "p99", expected a case of cohort.csv`},
		{func(r []string) []string { return append(r, "p1,A,other,,5") }, "a second answer; the first is in line 4"},
		{func(r []string) []string { r[3] = "p1,A,cyst,no,5"; return r }, "3 different answers"},
		{func(r []string) []string { return append(r, "p5,A,other,no,5") }, "a second answer"},
	} {
		dir := known(t, everyKind)
		readers(t, dir, c.change)
		_, err := Open(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// A study split by a column holds each of its values out once, and says which.
func TestSplitBy(t *testing.T) {
	dir := fixture(t, strings.Replace(fixtureConfig, "folds: 2", "split_by: scanner", 1))
	path := filepath.Join(dir, "cohort.csv")
	rows := strings.Split(strings.TrimSpace(read(t, path)), "\n")
	rows[0] += ",scanner"
	for i := range rows[1:] {
		rows[i+1] += []string{",B", ",A", ",A", ",B", ",C", ",C", ",A", ",B", ",A"}[i]
	}
	if err := os.WriteFile(path, []byte(strings.Join(rows, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rewrite(t, dir, "threads: 1}", "threads: 1, inner_fraction: 0}")
	mustRun(t, dir)
	r, err := evidence.ReadResults(filepath.Join(dir, reportFolder, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"A", "B", "C"}, r.FoldNames); d != "" || r.SplitBy != "scanner" {
		t.Errorf("%s %s", r.SplitBy, d)
	}
	for _, f := range r.Arms[0].Folds {
		if want := []int{4, 3, 2}[f.Fold]; f.N != want {
			t.Errorf("fold %d has %d cases, want %d", f.Fold, f.N, want)
		}
	}
	rewrite(t, dir, "split_by: scanner", "split_by: level")
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), `split_by: found level, expected scanner, as at the first run`) {
		t.Errorf("%v", err)
	}
}

// The shares of a learning curve are nested, keep both classes, and cost as many
// updates as all patients do.
func TestShares(t *testing.T) {
	config := strings.Replace(everyKind, everyKind[strings.Index(everyKind, "arms: ")+6:strings.Index(everyKind, "\nnetwork")], "[sagittal, sagittal-share-25, sagittal-share-50, sagittal-attention, sagittal-attention-share-50]", 1)
	s := open(t, fixture(t, config))
	plan, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	train := map[string][]string{}
	for _, p := range plan {
		if p.Unit.Exam != nil {
			continue
		}
		var ids []string
		labels := map[int]int{}
		for _, c := range p.Unit.Train {
			ids = append(ids, c.ID)
			labels[c.Label]++
		}
		train[p.Name()] = ids
		if labels[0] < 2 && labels[1] < 2 {
			t.Errorf("%s: classes %v", p.Name(), labels)
		}
		if a := arms[p.Unit.Arm]; a.share > 0 {
			if e := p.Unit.Network.Training.Epochs; e != 4 { // as few batches as all patients make: one
				t.Errorf("%s: %d epochs", p.Name(), e)
			}
		}
	}
	for _, unit := range []string{", fold 0, seed 1", ", fold 1, seed 2"} {
		all, half, quarter := train["sagittal"+unit], train["sagittal-share-50"+unit], train["sagittal-share-25"+unit]
		if len(half) > len(all) || len(quarter) > len(half) { // with so few patients, two a class are all
			t.Errorf("%s: %d, %d and %d cases", unit, len(all), len(half), len(quarter))
		}
		for _, id := range quarter {
			if !slices.Contains(half, id) || !slices.Contains(all, id) {
				t.Errorf("%s: %s is not in the larger share", unit, id)
			}
		}
		if d := cmp.Diff(half, train["sagittal-attention-share-50"+unit]); d != "" {
			t.Errorf("%s: attention has other patients: %s", unit, d)
		}
	}
	for _, c := range []struct{ cases, batch, steps int }{{90, 16, 6}, {23, 16, 1}, {24, 16, 2}, {3, 16, 1}, {112, 16, 7}, {28, 16, 2}} {
		if n := magn.Steps(c.cases, c.batch); n != c.steps {
			t.Errorf("%d cases by %d: %d steps, want %d", c.cases, c.batch, n, c.steps)
		}
	}
	var many []cohort.Case
	for i := range 80 {
		many = append(many, cohort.Case{ID: fmt.Sprint(i), Group: fmt.Sprint(i / 2), Label: i / 2 % 2})
	}
	for seed := range 5 {
		half, quarter := nested(many, 0.5, 0, seed), nested(many, 0.25, 0, seed)
		positive := 0
		for _, c := range quarter {
			positive += c.Label
			if !slices.ContainsFunc(half, func(k cohort.Case) bool { return k.ID == c.ID }) {
				t.Errorf("seed %d: %s is not in the half", seed, c.ID)
			}
		}
		if len(half) != 40 || len(quarter) != 20 || positive != 10 {
			t.Errorf("seed %d: %d and %d cases, %d positive", seed, len(half), len(quarter), positive)
		}
		if other := nested(many, 0.25, 0, seed+1); fmt.Sprint(other) == fmt.Sprint(quarter) {
			t.Errorf("seeds %d and %d draw the same patients", seed, seed+1)
		}
	}
	rewrite(t, s.Dir, ", inner_fraction: 0", "")
	if _, err := Open(s.Dir); err == nil || !strings.Contains(err.Error(), "arms: found sagittal-share-25, expected training.inner_fraction: 0") {
		t.Errorf("%v", err)
	}
}

// What a reader's scores say does not depend on what another reader writes, and
// a reader who answered with help alone stands by himself.
func TestReaderScales(t *testing.T) {
	read := func(rows ...string) map[string]Reader {
		t.Helper()
		dir := known(t, everyKind)
		text := []string{"case,reader,read,aided"}
		for i := range 9 {
			for _, r := range rows {
				f := strings.Split(r, " ") // reader, aided, answers
				text = append(text, fmt.Sprintf("p%d,%s,%s,%s", i, f[0], strings.Split(f[2], ",")[i], f[1]))
			}
		}
		if err := os.WriteFile(filepath.Join(dir, readersFile), []byte(strings.Join(text, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		out := map[string]Reader{}
		for _, r := range open(t, dir).Readers {
			out[r.armName()] = r
		}
		return out
	}
	const mine = "A no .1,.9,.2,.8,.3,.7,.4,.6,.5"
	alone := read(mine, "B no .1,.1,.1,.1,.1,.1,.1,.1,.1")["reader-A"].Answer
	for _, other := range []string{"B no .01,.01,.01,.01,.01,.01,.01,.01,.02", "B no 10,90,20,80,30,70,40,60,50", "B no 1,5,2,4,3,3,2,4,1"} {
		if d := cmp.Diff(alone, read(mine, other)["reader-A"].Answer); d != "" {
			t.Errorf("beside %s: %s", other, d)
		}
	}
	both := read("A no 0,1,0,1,0,1,0,1,0", "B yes 10,90,20,80,30,70,40,60,50")
	if a := both["reader-A"]; !a.Binary || a.Answer["p1"] != 1 || a.arm().Of != "" {
		t.Errorf("A: %+v", a)
	}
	if b := both["reader-B-aided"]; b.Binary || b.Answer["p1"] != .9 || b.arm().Of != "" {
		t.Errorf("B: %+v", b)
	}
	if five := read("A no 1,5,2,4,3,3,2,4,1")["reader-A"].Answer; five["p1"] != 1 || five["p4"] != .5 || five["p0"] != 0 {
		t.Errorf("1 to 5: %v", five)
	}
}

// The primary comparison is fixed with the first run, and named among the arms.
func TestPrimaryIsFixed(t *testing.T) {
	dir := known(t, strings.Replace(fixtureConfig, "folds: 2", "folds: 2\nprimary: [sagittal-attention, sagittal]", 1))
	mustRun(t, dir)
	rewrite(t, dir, "primary: [sagittal-attention, sagittal]", "primary: [sagittal, sagittal-attention]")
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "primary: found [sagittal, sagittal-attention], expected [sagittal-attention, sagittal], as at the first run") {
		t.Errorf("%v", err)
	}
	rewrite(t, dir, "primary: [sagittal, sagittal-attention]", "primary: [sagittal-attention, reader-Z]")
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "primary: found reader-Z, expected an arm of the study or a reader of readers.csv") {
		t.Errorf("%v", err)
	}
	// A text among numbers is named before hours of training, not after.
	dir = known(t, fixtureConfig)
	path := filepath.Join(dir, "cohort.csv")
	if err := os.WriteFile(path, []byte(strings.Replace(read(t, path), ",52,", ",unknown,", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, dir, ""); err == nil || !strings.Contains(err.Error(), `case p2, column age: found "unknown", expected a number`) {
		t.Errorf("%v", err)
	}
	if exists(filepath.Join(dir, runsFolder)) {
		t.Error("something ran")
	}
	// Unless somebody says that the column is one of categories.
	if err := cohort.WriteColumnKinds(dir, []cohort.ColumnKind{{Name: "age"}}); err == nil {
		t.Error("import/ was made from nothing")
	}
	if err := os.Mkdir(filepath.Join(dir, "import"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, number := range []bool{true, false} {
		if err := cohort.WriteColumnKinds(dir, []cohort.ColumnKind{{Name: "age", Number: number}}); err != nil {
			t.Fatal(err)
		}
		if err := open(t, dir).CheckFacts(); (err != nil) != number {
			t.Errorf("declared a number: %v: found %v", number, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "import", "columns.csv"), []byte("column,kind\nage,text\nage,number\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).CheckFacts(); err == nil || !strings.Contains(err.Error(), `"text", expected number or category`) || !strings.Contains(err.Error(), "a second time") {
		t.Errorf("%v", err)
	}
}
