package sheet

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"magn/internal/cohort"
)

var (
	//go:embed page.html.tmpl
	pageSource string
	//go:embed page.js
	pageScript string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("sheet").Parse(pageSource))
)

// row is a case as the page prints it.
type row struct {
	Card
	Score        string
	Worst        float64 // coverage over the views, %; −1: not known
	Shift        float64 // longest, mm; −1: not known
	Verdict, Why string
	Pictures     []tile
}

// tile is a picture as the page prints it.
type tile struct {
	Picture
	View, Words string
	Image       template.URL
	Size        [2]float64 // of the crop
	Bar         float64    // 20 mm in pixels; 0: not known
}

// Page is the contact sheet: one file of HTML that needs nothing else. Cards are
// sorted by suspicion; verdicts are by case. frozen says that the split is there,
// so that nobody can be rejected any more.
func Page(study string, cards []Card, verdicts map[string]cohort.Checked, s Settings, frozen bool) ([]byte, error) {
	rows := make([]row, len(cards))
	for i, c := range cards {
		rows[i] = rowOf(c, verdicts[c.Case])
		if _, judged := verdicts[c.Case]; !judged {
			rows[i].Verdict = ""
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		switch x, y := a.Suspicion(), b.Suspicion(); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return strings.Compare(a.Case, b.Case)
	})
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		Study    string
		Rows     []row
		Settings Settings
		Frozen   bool
		CSS      template.CSS
		JS       template.JS
	}{study, rows, s, frozen, template.CSS(pageStyle), template.JS(pageScript)})
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func rowOf(c Card, v cohort.Checked) row {
	r := row{Card: c, Score: fmt.Sprintf("%.0f", c.Suspicion()), Worst: -1, Shift: -1, Verdict: "accept", Why: v.Reason}
	if v.Rejected {
		r.Verdict = "reject"
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return int(b.Points - a.Points) })
	for _, view := range c.Views {
		if view.Coverage != nil && (r.Worst < 0 || 100**view.Coverage < r.Worst) {
			r.Worst = 100 * *view.Coverage
		}
		if s := view.Shift(); s != nil {
			r.Shift = max(r.Shift, s.Length)
		}
		r.Pictures = append(r.Pictures, tileOf(view))
	}
	return r
}

func tileOf(v View) tile {
	p := v.Picture
	t := tile{Picture: p, View: v.View.String(), Words: words(v)}
	t.Size = [2]float64{p.Frame[2] - p.Frame[0], p.Frame[3] - p.Frame[1]}
	if len(p.JPEG) > 0 {
		t.Image = template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(p.JPEG)) // trusted: ours
	}
	if p.MM > 0 {
		t.Bar = 20 / p.MM
	}
	return t
}

// words are the line below a picture.
func words(v View) string {
	parts := []string{}
	switch {
	case v.How == "drawn":
		parts = append(parts, "outline drawn here")
	case v.How != "":
		parts = append(parts, "carried, "+string(v.Method))
	}
	if v.Coverage != nil {
		parts = append(parts, v.coverage())
	}
	if s := v.Shift(); s != nil {
		parts = append(parts, fmt.Sprintf("shift %.1f mm", s.Length))
	} else if len(v.Shifts) > 0 {
		parts = append(parts, "shift not known")
	}
	if v.Stacks > 1 {
		parts = append(parts, fmt.Sprintf("%d stacks", v.Stacks))
	}
	return strings.Join(parts, " · ")
}
