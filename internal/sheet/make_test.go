package sheet

import (
	"context"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// small is a case of few voxels.
func small(t *testing.T, id string) cohort.Case {
	return made(t, id, ball, three(func(_ volume.View, s *series) { s.size, s.pixel = [3]int{40, 40, 12}, 1.5 })...)
}

// Cards are made once: again they are read, whatever was made in between; another
// mask makes another card, and the old one goes.
func TestCardsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a [b]*")
	cases := []cohort.Case{small(t, "one"), small(t, "two")}
	calls := 0
	set := func(done, total int) { calls++ }
	first, err := Make(t.Context(), dir, cases, quick, set)
	if err != nil || calls != 2 {
		t.Fatal(err, calls)
	}
	stat := func() map[string]os.FileInfo {
		out := map[string]os.FileInfo{}
		names, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			info, err := n.Info()
			if err != nil {
				t.Fatal(err)
			}
			out[n.Name()] = info
		}
		return out
	}
	before := stat()
	again, err := Make(t.Context(), dir, cases, quick, nil)
	if err != nil || len(again) != 2 || again[0].Case != "one" || string(again[1].Views[2].Picture.JPEG) != string(first[1].Views[2].Picture.JPEG) {
		t.Fatal(err)
	}
	for name, info := range stat() {
		if was := before[name]; was == nil || !os.SameFile(was, info) {
			t.Errorf("%s was made again", name)
		}
	}
	other := made(t, "one", [][4]float64{{0, 0, 0, 8}}, three(func(_ volume.View, s *series) { s.size, s.pixel = [3]int{40, 40, 12}, 1.5 })...)
	cases[0].Dir = other.Dir
	third, err := Make(t.Context(), dir, cases, quick, nil)
	if err != nil || third[0].Diameter > first[0].Diameter-2 {
		t.Error(err, third[0].Diameter, first[0].Diameter)
	}
	after := stat()
	same := 0
	for name := range after {
		if before[name] != nil {
			same++
		}
	}
	if len(after) != 2 || same != 1 {
		t.Errorf("%d files, %d as before", len(after), same)
	}
}

// Who cannot be read has a card that says why; an end of the context is an error.
func TestUnreadableCases(t *testing.T) {
	dir := t.TempDir()
	broken := small(t, "broken")
	if err := os.Truncate(filepath.Join(broken.Dir, "axial.nii.gz"), 900); err != nil {
		t.Fatal(err)
	}
	cards, err := Make(t.Context(), dir, []cohort.Case{broken, {ID: "nobody", Dir: filepath.Join(dir, "none")}, small(t, "sound")}, quick, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, say := range []string{"axial.nii.gz", "no stack of any view", ""} {
		if c := cards[i]; !strings.Contains(c.Error, say) || (c.Error == "") != (say == "") || (say != "" && c.Suspicion() != 100) {
			t.Errorf("%+v", c)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Make(ctx, dir, []cohort.Case{broken}, quick, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The page is one file, the most suspicious first, with everything that a case is
// called escaped, and it asks nothing of any network.
func TestPage(t *testing.T) {
	sound, bad := small(t, "sound"), Card{Case: "b<i>d", Class: `"><script>x</script>`, Error: "cannot <read>"}
	c, err := Read(sound, quick)
	if err != nil {
		t.Fatal(err)
	}
	html, err := Page("my & study", []Card{*c, bad}, map[string]cohort.Checked{"sound": {Case: "sound", Rejected: true, Reason: "too \"dark\""}}, settings, false)
	if err != nil {
		t.Fatal(err)
	}
	page := string(html)
	if strings.Contains(page, "<script>x") || strings.Contains(page, "<i>d") || strings.Contains(page, "cannot <read>") || !strings.Contains(page, "my &amp; study: 2 cases") {
		t.Error("what a case is called is not escaped")
	}
	if at, first := strings.Index(page, `data-case="sound"`), strings.Index(page, `data-score="100"`); first < 0 || at < first {
		t.Error("the suspicious case is not the first")
	}
	if regexp.MustCompile(`(src|href)="?(https?:)?//`).MatchString(page) || strings.Contains(page, "@import") {
		t.Error("the page asks the network")
	}
	if n := strings.Count(page, "data:image/jpeg;base64,"); n != 3 {
		t.Errorf("%d pictures", n)
	}
	if !regexp.MustCompile(`value="reject" checked`).MatchString(page) || !strings.Contains(page, `value="too &#34;dark&#34;"`) {
		t.Error("the verdict is not there")
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the template refused a value")
	}
	if one := len(page) - len(pageScript) - len(pageStyle); one > 100_000 {
		t.Errorf("%d bytes for one case with pictures: 217 would be too many", one)
	}
	frozen, err := Page("s", nil, nil, settings, true)
	if err != nil || !strings.Contains(string(frozen), "The split is made") {
		t.Error(err)
	}
}

func TestFigure(t *testing.T) {
	k := small(t, "one")
	note := `{"stacks":[{"view":"sagittal","n":1,"outline":{"how":"drawn"}},{"view":"axial","n":1,"outline":{"how":"carried","method":"shape"}}]}`
	if err := os.WriteFile(filepath.Join(k.Dir, "import.json"), []byte(note), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := Figure(k, Around(60, .5))
	if err != nil {
		t.Fatal(err)
	}
	svg, err := Render(d, "a.SVG")
	if err != nil {
		t.Fatal(err)
	}
	for _, say := range []string{"sagittal", "coronal", "axial", "20 mm", "outline drawn on this series", "outline carried over, method shape", "coverage 100 %", "shift ", "pixels of 0.5 mm", ">A<", ">P<", ">R<", ">L<", ">S<", ">I<"} {
		if !strings.Contains(string(svg), say) {
			t.Errorf("the figure does not say %q", say)
		}
	}
	b, err := Render(d, "a.png")
	if err != nil {
		t.Fatal(err)
	}
	im, err := png.Decode(strings.NewReader(string(b)))
	if err != nil || im.Bounds().Dx() < 1500 {
		t.Error(err, im.Bounds())
	}
	if _, err := Render(d, "a.jpg"); fault.Code(err) != fault.CodeUsage {
		t.Error(err)
	}
	if _, err := Figure(cohort.Case{ID: "x", Dir: t.TempDir()}, Around(60, .5)); fault.Code(err) != fault.CodeInput {
		t.Error(err)
	}
}
