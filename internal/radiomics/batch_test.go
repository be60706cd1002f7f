package radiomics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"magn/internal/fault"
	"magn/internal/volume"

	"pgregory.net/rapid"
)

// numbered is a source of generated cases: an image's name is a number, its
// seed, and every mask has the labels 1 and 2. It counts what is read, and stops
// the work (if after is above 0) with that many.
type numbered struct {
	read  atomic.Int64
	after int64
	stop  func()
}

func (s *numbered) Hash(path string) (string, error) {
	if strings.Contains(path, "missing") {
		return "", &fault.Input{File: path, Err: os.ErrNotExist}
	}
	return "hash of " + filepath.Base(path), nil
}

func (s *numbered) Read(image, _ string, _ int) (*Case, error) {
	if n := s.read.Add(1); s.after > 0 && n >= s.after {
		s.stop()
	}
	seed, err := strconv.Atoi(filepath.Base(image))
	if err != nil {
		return nil, &fault.Input{File: image, Field: "voxels", Found: "damage"}
	}
	g := volume.Grid{Size: [3]int{6, 5, 4}, Affine: volume.Scaling(1, 1, 2), SpacingKnown: true}
	c := &Case{Image: &Image{Grid: g, Values: make([]float64, g.Len()), Type: Int16}, Mask: &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}}
	for i := range c.Image.Values {
		c.Image.Values[i] = float64((i*i*7 + seed*13*i) % 257)
		c.Mask.Labels[i] = uint16(1 + i/60)
	}
	return c, nil
}

// batchOf is a batch over rows of a list, which is written to dir.
func batchOf(t *testing.T, dir string, source Source, rows ...string) *Batch {
	t.Helper()
	path := filepath.Join(dir, "cases.csv")
	if err := os.WriteFile(path, []byte("case,image,mask,label\n"+strings.Join(rows, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cases, err := ReadCases(path)
	if err != nil {
		t.Fatal(err)
	}
	s := DefaultSettings()
	s.Features = []ClassFeatures{{Class: "firstorder"}}
	return &Batch{
		Extraction: Extraction{Settings: s, Profile: PyRadiomics, Program: "test"},
		Cases:      cases, Out: filepath.Join(dir, "features.csv"), Source: source, Threads: 2,
	}
}

func listOf(n int) []string {
	rows := make([]string, n)
	for k := range rows {
		rows[k] = fmt.Sprintf("p%d,%d,m%d,%d", k, k, k, 1+k%2)
	}
	return rows
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A batch that is stopped half way goes on, and ends with the bytes of one that
// was not; wherever its journal is cut, too.
func TestBatchGoesOn(t *testing.T) {
	const n = 12
	whole := batchOf(t, t.TempDir(), &numbered{}, listOf(n)...)
	if s, err := whole.Run(t.Context()); err != nil || s.Lesions != n || s.Kept != 0 || len(s.Failed) != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	want := contents(t, whole.Out)

	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := batchOf(t, dir, &numbered{after: 5, stop: cancel}, listOf(n)...)
	if _, err := b.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("the stopped run says %v", err)
	}
	if _, err := os.Stat(b.Out); err == nil {
		t.Error("a stopped run left a table")
	}
	again := &numbered{}
	b = batchOf(t, dir, again, listOf(n)...)
	s, err := b.Run(t.Context())
	if err != nil || s.Lesions != n {
		t.Fatalf("%+v, %v", s, err)
	}
	if s.Kept == 0 || int(again.read.Load()) != n-s.Kept {
		t.Errorf("%d rows kept, %d cases read", s.Kept, again.read.Load())
	}
	if !bytes.Equal(contents(t, b.Out), want) {
		t.Error("the table is not that of a run that was not stopped")
	}

	full := contents(t, b.journalPath())
	for cut := 0; cut < len(full); cut += 1 + len(full)/9 {
		if err := os.WriteFile(b.journalPath(), full[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if s, err := b.Run(t.Context()); err != nil || s.Lesions != n {
			t.Fatalf("journal of %d bytes: %+v, %v", cut, s, err)
		}
		if !bytes.Equal(contents(t, b.Out), want) {
			t.Errorf("journal of %d bytes: another table", cut)
		}
	}
}

// Whatever the journal holds, the run ends with the right table or refuses it.
func TestBatchWithDamagedJournal(t *testing.T) {
	b := batchOf(t, t.TempDir(), &numbered{}, listOf(4)...)
	if _, err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, full := contents(t, b.Out), contents(t, b.journalPath())
	rapid.Check(t, func(t *rapid.T) {
		damaged := bytes.Clone(full)
		from := rapid.IntRange(0, len(full)-1).Draw(t, "from")
		// What is inside a number would need a checksum of every line; what is
		// torn, overwritten with zeros or not a line is found.
		for k := from; k < min(len(full), from+rapid.IntRange(1, 4000).Draw(t, "n")); k++ {
			damaged[k] = 0
		}
		if err := os.WriteFile(b.journalPath(), damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Run(context.Background()); err != nil {
			var bad *fault.Input
			if from >= len(journalHead) || !errors.As(err, &bad) {
				t.Fatal(err)
			}
			return
		}
		if got, err := os.ReadFile(b.Out); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("another table (%v)", err)
		}
	})
}

// Settings, program and label are part of what decides; a bad case fails alone.
func TestBatchKeys(t *testing.T) {
	dir := t.TempDir()
	source := &numbered{}
	run := func(change func(b *Batch), rows ...string) *Summary {
		t.Helper()
		b := batchOf(t, dir, source, rows...)
		change(b)
		s, err := b.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	same := func(*Batch) {}
	run(same, "a,1,m,1", "b,2,m,1")
	for _, c := range []struct {
		what   string
		change func(b *Batch)
		rows   []string
		kept   int
	}{
		{"the same", same, []string{"a,1,m,1", "b,2,m,1"}, 2},
		{"another order and case", same, []string{"x,2,m,1", "y,1,m,1"}, 2},
		{"a row more", same, []string{"a,1,m,1", "n,3,m,1", "b,2,m,1"}, 2},
		{"another label", same, []string{"a,1,m,2"}, 0},
		{"another mask", same, []string{"a,1,other,1"}, 0},
		{"another bin width", func(b *Batch) { b.Settings.BinWidth, b.Settings.ImageTypes[0].Options.BinWidth = 5, 5 }, []string{"a,1,m,1"}, 0},
		{"another version", func(b *Batch) { b.Program = "later" }, []string{"a,1,m,1"}, 0},
	} {
		if s := run(c.change, c.rows...); s.Kept != c.kept || len(s.Failed) != 0 {
			t.Errorf("%s: %d rows kept, want %d; %v", c.what, s.Kept, c.kept, s.Failed)
		}
	}
	before := source.read.Load()
	run(same, "a,7,m,1", "a,7,m,2", "a,7,m,merged")
	if n := source.read.Load() - before; n != 1 {
		t.Errorf("three lesions of one pair of files: read %d times", n)
	}
	s := run(same, "a,missing,m,", "b,damaged,m,", "c,1,m,9", "d,8,m,")
	if len(s.Failed) != 3 || s.Lesions != 3 {
		t.Errorf("%d lesions, failures %v", s.Lesions, s.Failed)
	}
	for k, want := range []string{"missing: file does not exist", "damaged: voxels: found damage", "m: label 9: found labels 1, 2"} {
		if got := s.Failed[k].Err.Error(); !strings.Contains(got, want) {
			t.Errorf("failure %d is %q, want %q in it", k, got, want)
		}
	}
}

// Two batches cannot write one table at a time.
func TestBatchIsAlone(t *testing.T) {
	b := batchOf(t, t.TempDir(), &numbered{}, listOf(1)...)
	j, err := openJournal(b.journalPath())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), journalUsage) {
		t.Errorf("beside another: %v", err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

// A carried column that has a result's name is refused, and renamed it works
// with what was computed.
func TestBatchColumns(t *testing.T) {
	dir := t.TempDir()
	b := batchOf(t, dir, &numbered{}, "a,1,m,1")
	b.Cases.Columns, b.Cases.Rows[0].Others = []string{"original_firstorder_Mean"}, []string{"x"}
	if _, err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "rename it") {
		t.Errorf("error is %v", err)
	}
	b.Cases.Columns = []string{"mean"}
	if s, err := b.Run(t.Context()); err != nil || s.Kept != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// Segments that overlap are described with all of their voxels, and one that
// others hide altogether is described too.
func TestDescribeOverlappingSegments(t *testing.T) {
	c, err := (&numbered{}).Read("1", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range c.Mask.Labels { // 2 lies on 1 and hides it
		if l == 1 {
			c.Mask.Labels[i] = 2
		}
	}
	c.Names = map[uint16]string{1: "organ", 2: "lesion"}
	c.Segment = func(label uint16) (*volume.Mask, error) {
		m := &volume.Mask{Grid: c.Mask.Grid, Labels: make([]uint16, len(c.Mask.Labels))}
		for i := range m.Labels {
			if label == 2 || i < 60 {
				m.Labels[i] = label
			}
		}
		return m, nil
	}
	e := &Extraction{Settings: DefaultSettings(), Profile: PyRadiomics}
	got := map[string]float64{}
	err = e.Describe(t.Context(), c, Target{}, func(l Lesion, err error) error {
		for _, v := range l.Values {
			if v.Name == "original_shape_VoxelVolume" {
				got[l.Label+" "+l.Name] = v.Value
			}
		}
		return err
	}, nil)
	if want := "map[1 organ:120 2 lesion:240 merged :240]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v, want %s", got, err, want)
	}
}

// Whatever is in a list of cases, it is read or refused with the file's name.
func FuzzCases(f *testing.F) {
	for _, seed := range []string{
		"image,mask\na,b\n", "\ufeffCase;Image;Mask;Label\n1;a;b;merged\n", "image\tmask\tlabel\n\"a\tb\"\tc\t65535\n",
		"", "image,mask\n", "image,image,mask\n", "image,mask\na\n", "image,mask\n\"a", "image,mask,label\na,b,NaN\n", "image,mask\n,b\n", "\xff",
	} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "cases.csv")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		cases, err := ReadCases(path)
		if err != nil {
			var bad *fault.Input
			if !errors.As(err, &bad) || bad.File != path {
				t.Fatalf("error is %v", err)
			}
			return
		}
		for _, r := range cases.Rows {
			if r.Image == "" || r.Mask == "" || r.Case == "" || len(r.Others) != len(cases.Columns) || r.Line < 2 {
				t.Fatalf("row %+v", r)
			}
		}
	})
}
