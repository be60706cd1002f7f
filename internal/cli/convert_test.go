package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
)

// writeSeries is n slices of one series; those whose number is in without are
// left out.
func writeSeries(t *testing.T, dir string, number, n int, without ...int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
next:
	for k := range n {
		for _, w := range without {
			if k == w {
				continue next
			}
		}
		s := dicomtest.MR(3, 4, []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, uint16(k)}).
			Put(dicom.SeriesInstanceUID, "UI", fmt.Sprintf("1.2.%d", number)).Put(dicom.SeriesNumber, "IS", number).
			Put(dicom.SOPInstanceUID, "UI", fmt.Sprintf("1.2.%d.%d", number, k)).Put(dicom.ImagePositionPatient, "DS", 0.0, 0.0, 2.5*float64(k)).
			Put(0x0008103E, "LO", "t2 tra")
		if err := (dicomtest.File{Set: s}).Write(filepath.Join(dir, fmt.Sprintf("%d-%d", number, k))); err != nil {
			t.Fatal(err)
		}
	}
}

func command(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := NewEnv(nil, &stdout, &stderr)
	env.JSON = asksJSON(args)
	code = run(context.Background(), env, newRoot(env), args)
	return code, stdout.String(), stderr.String()
}

// One bad series among good ones: the rest is converted, the end is 8 with the
// list; a rerun keeps what is there, and --interpolate takes the bad one too.
func TestConvertPartly(t *testing.T) {
	src, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	writeSeries(t, src, 1, 4)
	writeSeries(t, filepath.Join(src, "bad"), 2, 5, 2)
	code, stdout, stderr := command(t, "convert", src, "--out", out)
	if code != fault.CodePartial || !strings.Contains(stdout, "001_t2-tra  4×3×4") || !strings.Contains(stderr, "002_t2-tra: (0020,0032) Image Position (Patient): found 1 of 5 slices missing (3)") {
		t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
	}
	code, stdout, _ = command(t, "convert", src, "--out", out, "--interpolate", "--json")
	if code != 0 {
		t.Errorf("code %d\n%s", code, stdout)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), stdout)
	}
	for i, want := range []convertedVolume{
		{Volume: "001_t2-tra", Status: "kept", Size: [3]int{4, 3, 4}, Spacing: [3]float64{1, 1, 2.5}},
		{Volume: "002_t2-tra", Status: "written", Size: [3]int{4, 3, 5}, Spacing: [3]float64{1, 1, 2.5}},
	} {
		var v convertedVolume
		if err := json.Unmarshal([]byte(lines[i]), &v); err != nil {
			t.Fatal(err)
		}
		if v.Volume != want.Volume || v.Status != want.Status || v.Size != want.Size || v.Spacing != want.Spacing {
			t.Errorf("%+v, want %+v", v, want)
		}
	}
}

// A rerun of fewer files refuses what it would leave behind, and --prune removes it.
func TestConvertPrune(t *testing.T) {
	src, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	writeSeries(t, filepath.Join(src, "a"), 1, 4)
	writeSeries(t, filepath.Join(src, "b"), 2, 4)
	if code, _, stderr := command(t, "convert", src, "--out", out); code != 0 {
		t.Fatalf("code %d\n%s", code, stderr)
	}
	if err := os.RemoveAll(filepath.Join(src, "b")); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := command(t, "convert", src, "--out", out)
	if code != fault.CodeInput || !strings.Contains(stderr, out+": found 1 volumes of an earlier run that these files do not make: 002_t2-tra, expected none; convert into another folder, or pass --prune to remove them") {
		t.Errorf("code %d\n%s", code, stderr)
	}
	code, _, stderr = command(t, "convert", src, "--out", out, "--prune")
	if code != 0 {
		t.Errorf("code %d\n%s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(out, "002_t2-tra.nii.gz")); err == nil {
		t.Error("it is still there")
	}
}
