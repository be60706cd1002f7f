package convert

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/testenv"
)

// mutant is a valid series with one rule broken on purpose.
type mutant struct {
	name  string // what is broken
	base  string // in bases
	do    func([]made) []made
	bytes func(k int, b []byte) []byte // changes a file's bytes
	opt   Options
	want  want
}

// want is what is to come of a mutant. Files that it does not mention are used.
type want struct {
	same    bool   // the base's volumes, voxel for voxel
	volumes string // else their sizes, or size and spacing, "; " between them; "" for none
	note    string // contained in a note
	files   []fileWant
	code8   bool // although every file is used
}

type fileWant struct {
	status Status
	which  string   // "all", or the numbers of files
	why    []string // all contained in the reason
}

func same() want                   { return want{same: true} }
func noted(word string) want       { return want{same: true, note: word} }
func makes(sizes string) want      { return want{volumes: sizes} }
func (w want) noted(s string) want { w.note = s; return w }

func (w want) partial() want { w.code8 = true; return w }

func (w want) file(status Status, which string, why ...string) want {
	w.files = append(slices.Clone(w.files), fileWant{status, which, why})
	return w
}

func (w want) refused(which string, why ...string) want { return w.file(Refused, which, why...) }

func refused(which string, why ...string) want { return want{}.refused(which, why...) }

// broken2 is what comes of five slices whose third cannot be used.
func broken2(why ...string) want {
	return refused("2", why...).refused("0 1 3 4", "(0020,0032)", "1 of 5 slices missing (3)")
}

// all changes every file, at one.
func all(do func(s *dicomtest.Set)) func([]made) []made {
	return func(l []made) []made { return each(l, func(_ int, s *dicomtest.Set) { do(s) }) }
}

func at(i int, do func(s *dicomtest.Set)) func([]made) []made {
	return func(l []made) []made { do(l[i].Set); return l }
}

func put(t dicom.Tag, vr string, values ...any) func(s *dicomtest.Set) {
	return func(s *dicomtest.Set) { s.Put(t, vr, values...) }
}

func del(tags ...dicom.Tag) func(s *dicomtest.Set) {
	return func(s *dicomtest.Set) {
		for _, t := range tags {
			s.Delete(t)
		}
	}
}

// file changes how every file is written.
func file(do func(f *dicomtest.File)) func([]made) []made {
	return func(l []made) []made {
		for i := range l {
			do(&l[i].file)
		}
		return l
	}
}

// write writes the mutant's files and gives their names.
func (m mutant) write(dir string) (names []string, err error) {
	list := bases[m.base]()
	if m.do != nil {
		list = m.do(list)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for k, x := range list {
		f := x.file
		f.Set = x.Set
		b := f.Bytes()
		if m.bytes != nil {
			b = m.bytes(k, b)
		}
		names = append(names, fmt.Sprintf("%04d.dcm", k))
		if err := os.WriteFile(filepath.Join(dir, names[k]), b, 0o600); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// mutants are all of them; those of the base "JPEG" need GDCM.
func mutants() []mutant {
	return slices.Concat(geometryMutants(), seriesMutants(), pixelMutants(), valueMutants(), multiframeMutants(), mosaicMutants(), gridMutants(), capsuleMutants(), encodingMutants(), jpegMutants())
}

func TestMutations(t *testing.T) {
	var list []mutant
	seen := map[string]bool{}
	for _, m := range mutants() {
		if seen[m.name] {
			t.Errorf("two mutants are named %q", m.name)
		}
		seen[m.name] = true
		if m.base != "JPEG" {
			list = append(list, m)
		}
	}
	if len(list) < 200 {
		t.Errorf("only %d mutants", len(list))
	}
	convertMutants(t, list)
}

// Broken JPEG goes through the child of the child that GDCM lives in.
func TestMutationsOfJPEG(t *testing.T) {
	testenv.GDCM(t)
	convertMutants(t, jpegMutants())
}

// convertMutants converts mutants in a child process of at most 1 GiB, and looks
// at what came of each.
func convertMutants(t *testing.T, list []mutant) {
	byName := map[string]mutant{}
	for _, m := range list {
		byName[m.name] = m
	}
	slowest, largest := observed{}, observed{}
	for rest := list; len(rest) > 0; {
		got, err := batch(t, rest)
		for _, o := range got {
			byName[o.Name].check(t, o)
			if o.Seconds > slowest.Seconds {
				slowest = o
			}
			if o.Peak > largest.Peak {
				largest = o
			}
		}
		rest = rest[len(got):]
		if err != nil && len(rest) > 0 {
			t.Errorf("%s: %v", rest[0].name, err)
			rest = rest[1:]
		} else if err != nil || len(got) == 0 {
			t.Fatal(err)
		}
	}
	t.Logf("%d mutants; slowest %q, %.2f s; largest %q, %d MiB", len(list), slowest.Name, slowest.Seconds, largest.Name, largest.Peak>>20)
}

// batch has a child convert mutants in order, until it ends or one takes longer
// than a minute by the clock. The error is about the first that is not among those returned.
func batch(t *testing.T, list []mutant) (done []observed, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	names := filepath.Join(t.TempDir(), "mutants")
	var text strings.Builder
	for _, m := range list {
		fmt.Fprintln(&text, m.name)
	}
	if err := os.WriteFile(names, []byte(text.String()), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asMutants+"="+names, "TMPDIR="+t.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	in := bufio.NewScanner(pipe)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var o observed
		if err := json.Unmarshal(in.Bytes(), &o); err != nil {
			return done, fmt.Errorf("%w: %.200s", err, in.Bytes())
		}
		late.Reset(time.Minute)
		if !o.Begin {
			done = append(done, o)
		}
	}
	if err := cmd.Wait(); err != nil {
		return done, fmt.Errorf("%w\n%.2000s", err, stderr.String())
	}
	return done, nil
}

// check compares what came of a mutant with what was to come.
func (m mutant) check(t *testing.T, o observed) {
	t.Helper()
	var wrong []string
	bad := func(format string, a ...any) { wrong = append(wrong, fmt.Sprintf(format, a...)) }
	for _, p := range o.Problems {
		bad("%s", p)
	}
	if o.Seconds > 10 && o.Limited {
		bad("%.1f s", o.Seconds)
	}
	if o.Peak > 1<<30 && o.Limited {
		bad("%d MiB", o.Peak>>20)
	}
	w := m.want
	switch {
	case w.same && !o.Same:
		bad("volumes %q are not its base's", o.Volumes)
	case !w.same && !fits(w.volumes, o.Volumes):
		bad("volumes %q, want %q", o.Volumes, w.volumes)
	}
	if w.code8 && o.Code != 8 {
		bad("exit code %d, want 8", o.Code)
	}
	if !strings.Contains(strings.Join(o.Notes, "\n"), w.note) {
		bad("no note has %q: %q", w.note, o.Notes)
	}
	for i, f := range o.Files {
		status, why := Used, []string(nil)
		for _, x := range w.files {
			if x.which == "all" || slices.Contains(strings.Fields(x.which), fmt.Sprint(i)) {
				status, why = x.status, x.why
			}
		}
		if Status(f.Status) != status {
			bad("%s is %s (%s), want %s", f.Name, f.Status, f.Reason, status)
		}
		for _, s := range why {
			if !strings.Contains(f.Reason, s) {
				bad("%s: reason %q without %q", f.Name, f.Reason, s)
			}
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%s (%s):\n\t%s", m.name, m.base, strings.Join(wrong, "\n\t"))
	}
}

// fits says that volumes are as wanted, in any order.
func fits(want string, got []string) bool {
	if want == "" {
		return len(got) == 0
	}
	list := strings.Split(want, "; ")
	got = slices.Clone(got)
	for _, w := range list {
		i := slices.IndexFunc(got, func(g string) bool { return strings.HasPrefix(g, w+" ") })
		if i < 0 {
			return false
		}
		got = slices.Delete(got, i, i+1)
	}
	return len(got) == 0
}
