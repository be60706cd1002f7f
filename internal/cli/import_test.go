package cli

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/fault"
)

func sum(data []byte) [32]byte { return sha256.Sum256(data) }

// manifest writes a manifest with three patients a class, one slice a view.
func manifest(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var rows strings.Builder
	rows.WriteString("slice,patient,group,class,view,image,mask\n")
	n := 0
	for p, class := range []string{"wolf", "sheep", "wolf", "sheep", "wolf", "sheep", "goat"} {
		for _, view := range []string{"sagittal", "coronal", "axial"} {
			if p == 5 && view == "axial" {
				continue
			}
			n++
			grey, mask := image.NewGray(image.Rect(0, 0, 16, 16)), image.NewGray(image.Rect(0, 0, 16, 16))
			for i := range grey.Pix {
				grey.Pix[i] = byte(i*(n+3) + i*i*n)
			}
			mask.SetGray(5, 6, color.Gray{255})
			for name, im := range map[string]image.Image{"image": grey, "mask": mask} {
				var b bytes.Buffer
				if err := png.Encode(&b, im); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, n)), b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			fmt.Fprintf(&rows, "%d,p%d,g%d,%s,%s,image-%d.png,mask-%d.png\n", n, p, p, class, view, n, n)
		}
	}
	path := filepath.Join(dir, "manifest.csv")
	if err := os.WriteFile(path, []byte(rows.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// call runs one command line in this process.
func call(t *testing.T, args ...string) (out, errOut string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), NewEnv(nil, &stdout, &stderr), args)
	return stdout.String(), stderr.String(), code
}

func TestImportSlices(t *testing.T) {
	m := manifest(t)
	dir := filepath.Join(t.TempDir(), "pack")
	out, errOut, code := call(t, "import", "slices", m, "--study", dir, "--classes", "sheep,wolf", "--positive", "wolf", "--json")
	if code != 0 || !strings.Contains(out, `"cases":5,"positive":3,"negative":2,"excluded":2,"settings_written":true`) {
		t.Fatal(code, out, errOut)
	}
	config, err := os.ReadFile(filepath.Join(dir, "study.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"name: pack # ", "positive: wolf # ", "classes: [wolf, sheep] # ", "arms: [multi-view, multi-view-attention] # ", "backbone: resnet50 # "} {
		if !strings.Contains(string(config), "\n"+want) && !strings.Contains(string(config), "  "+want) {
			t.Errorf("study.yaml lacks %q:\n%s", want, config)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "study.yaml"), append(config, "note: mine\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, errOut, code = call(t, "import", "slices", m, "--study", dir, "--classes", "sheep,wolf", "--positive", "wolf"); code != 0 || !strings.Contains(out, "kept as they were") {
		t.Error(code, out, errOut)
	}

	// One view: the arms are those that its patients can answer for.
	one := filepath.Join(t.TempDir(), "axial")
	if out, errOut, code = call(t, "import", "slices", m, "--study", one, "--classes", "wolf,sheep", "--views", "sagittal"); code != 0 {
		t.Fatal(out, errOut)
	}
	if config, err = os.ReadFile(filepath.Join(one, "study.yaml")); err != nil || !strings.Contains(string(config), "arms: [sagittal, sagittal-attention]") {
		t.Errorf("%v: %s", err, config)
	}

	bad := filepath.Join(filepath.Dir(m), "image-4.png")
	if err := os.Truncate(bad, 60); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken")
	_, errOut, code = call(t, "import", "slices", m, "--study", broken, "--classes", "wolf,sheep")
	if code != fault.CodeInput || !strings.Contains(errOut, bad) {
		t.Errorf("code %d: %s", code, errOut)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(broken), "*")); len(left) > 0 {
		t.Errorf("a failed import left %v", left)
	}
}
