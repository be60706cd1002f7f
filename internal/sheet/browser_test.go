package sheet

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magn/internal/annotation"
	"magn/internal/cohort"
	"magn/internal/testenv"
)

// drive does what a person does, and leaves in the document what came of it.
const drive = `<script>
const rowOf = id => document.querySelector('tr[data-case="' + id + '"]');
const order = () => [...document.querySelectorAll("#cases tbody tr")].map(r => r.dataset.case).join(" ");
const say = (what, id, why) => {
  const r = rowOf(id);
  r.querySelector('input[value="' + what + '"]').click();
  r.querySelector(".why").value = why;
  r.querySelector(".why").dispatchEvent(new Event("input", { bubbles: true }));
};
const out = [order()];
const click = key => { document.querySelector('th[data-key="' + key + '"] button').click(); out.push(key + ": " + order()); };
click("case"); click("shift"); click("shift"); click("class");
let blob;
URL.createObjectURL = b => { blob = b; return "blob:none"; };
HTMLAnchorElement.prototype.click = function () { out.push("file: " + this.download); };
say("reject", "b", "");
document.getElementById("download").click();
out.push("said: " + document.getElementById("count").textContent);
say("reject", "b", 'moved, "far"');
say("accept", "c", "");
out.push("count: " + document.getElementById("count").textContent);
document.getElementById("show").value = "reject";
document.getElementById("show").dispatchEvent(new Event("input", { bubbles: true }));
out.push("shown: " + [...document.querySelectorAll("#cases tbody tr")].filter(r => !r.hidden).map(r => r.dataset.case));
document.getElementById("download").click();
blob.text().then(t => { const p = document.createElement("pre"); p.id = "came"; p.textContent = out.join("\n") + "\n" + t; document.body.append(p); });
</script></body>`

// In a browser the page sorts by its columns, counts verdicts, does not give out a
// rejection without a reason, and gives the table that magn reads.
func TestPageInABrowserPeer(t *testing.T) {
	browser := testenv.Browser(t)
	dir := t.TempDir()
	shift := func(mm float64) []View {
		return []View{{Shifts: []annotation.Shift{{Length: mm, Trusted: true}}}}
	}
	cards := []Card{
		{Case: "a", Class: "myeloma", Views: shift(2)},
		{Case: "b", Class: "metastasis", Views: shift(11), Findings: []Finding{{"moved", 40}}},
		{Case: "c", Class: "metastasis", Views: shift(.5), Findings: []Finding{{"edge", 10}}},
	}
	html, err := Page("trial", cards, map[string]cohort.Checked{"a": {Case: "a"}}, settings, false)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "page.html")
	if err := os.WriteFile(page, []byte(strings.Replace(string(html), "</body>", drive, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	got, err := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--virtual-time-budget=2000", "--dump-dom", "file://"+page).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, came, ok := strings.Cut(string(got), `<pre id="came">`)
	if !ok {
		t.Fatalf("the page's script failed:\n%.2000s", got)
	}
	came, _, _ = strings.Cut(came, "</pre>")
	want := `b c a
case: a b c
shift: b a c
shift: c a b
class: b c a
said: why is b rejected?
count: 2 accepted, 1 rejected, 0 open
shown: b
file: checked.csv
case,verdict,reason
a,accept,
b,reject,"moved, ""far"""
c,accept,
`
	if came != want {
		t.Errorf("got\n%s\nwant\n%s", came, want)
	}
	table := filepath.Join(dir, "checked.csv")
	_, rows, _ := strings.Cut(came, "file: checked.csv\n")
	if err := os.WriteFile(table, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	verdicts, err := cohort.ReadVerdicts(table)
	if err != nil || len(verdicts) != 3 || verdicts[1] != (cohort.Checked{Case: "b", Rejected: true, Reason: `moved, "far"`}) {
		t.Error(verdicts, err)
	}
}
