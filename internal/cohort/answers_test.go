package cohort

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswers(t *testing.T) {
	const text = "病例号\t病灶\t阅片医生\t判断\tAI辅助\t年资\n" +
		"C0001\t1\tA\tMM\t无\t5年\nC0001\t1\tA\t转移瘤\t有\t5年\nC0002\t\tB\tmm\t\t10\n"
	a, err := ParseAnswers("t.csv", []byte(text), TableOptions{Classes: map[string][]string{"myeloma": {"MM"}, "metastasis": {"转移瘤"}}})
	if err != nil {
		t.Fatal(err)
	}
	five, ten := 5., 10.
	want := []Answer{
		{Line: 2, Patient: "C0001", Lesion: "1", Reader: "A", Class: "myeloma", Aided: No, Years: &five},
		{Line: 3, Patient: "C0001", Lesion: "1", Reader: "A", Class: "metastasis", Aided: Yes, Years: &five},
		{Line: 4, Patient: "C0002", Reader: "B", Class: "myeloma", Years: &ten},
	}
	if d := cmp.Diff(want, a.Rows); d != "" || a.Scores || strings.Join(a.Readers, " ") != "A B" {
		t.Error(d, a.Scores, a.Readers)
	}
}

func TestAnswersAreScoresOrClasses(t *testing.T) {
	for text, want := range map[string][]float64{
		"0.2|0,9|1": {.2, .9, 1}, "3|5|1|2": {3, 5, 1, 2}, "80%|100%|5%": {.8, 1, .05}, "1|0|0": nil, "MM|meta|MM": nil,
	} {
		a, err := ParseAnswers("t.csv", []byte("id;reader;read\n"+answersOf(text)), TableOptions{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if a.Scores != (want != nil) {
			t.Errorf("%s: scores %v", text, a.Scores)
		}
		for i, r := range a.Rows {
			if want != nil && *r.Score != want[i] || want == nil && r.Class != strings.Split(text, "|")[i] {
				t.Errorf("%s: row %d %+v", text, i, r)
			}
		}
	}
	for text, reason := range map[string]string{
		"80%|.7|.6": "1 scores with a per cent sign and 2 without", "MM|meta|benign": "3 different answers", "0.2|0.3|0.4|MM": `"MM", expected a score`,
		"0.5||0.4": "no answer", "1|#REF!": "#REF!",
	} {
		_, err := ParseAnswers("t.csv", []byte("id;reader;read\n"+answersOf(text)), TableOptions{})
		wantProblem(t, err, "t.csv", "column read", reason)
	}
	for text, want := range map[string][2]string{
		"id,reader,read\na,R,1\na,R,0\n":                   {"line 3, column read", "a second answer; the first is in line 2"},
		"id,reader,read,years\na,R,1,5\nb,R,0,6\n":         {"line 3, column years", "the same experience"},
		"id,read\na,1\n":                                   {"header", "no column reader"},
		"id,reader,read\na,,1\n":                           {"column reader", "no reader"},
		"id,reader,read,help\na,R,1,x\n":                   {"column help", "yes or no"},
		"id,reader,read,years\na,R,1,500\n":                {"column years", "0 to 80"},
		"id,reader,read\n1.2E+11,R,1\n":                    {"column id", "scientific"},
		"id,reader,read,diagnosis\na,R,1,MM\n":             {"header", "may both be the column read"},
		"id,reader,read,lesion\na,R,1,1\na,R,1,2\na,R,0,2": {"line 4, column read", "second answer"},
	} {
		_, err := ParseAnswers("t.csv", []byte(text), TableOptions{})
		wantProblem(t, err, "t.csv", want[0], want[1])
	}
}

func answersOf(values string) string {
	var b strings.Builder
	for i, v := range strings.Split(values, "|") {
		b.WriteString("p" + strings.Repeat("x", i) + ";R;" + v + "\n")
	}
	return b.String()
}
