package phantom

import (
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/testenv"
)

// Other people's checkers find no error: dciodvfy holds one file of each series and
// each annotation against the standard's definition of its object, dcentvfy whether
// files agree about what they share, dcmftest whether they are DICOM files.
func TestPeerCheckers(t *testing.T) {
	dciodvfy := testenv.Program(t, "dciodvfy", "apt-get install dicom3tools")
	dcentvfy := testenv.Program(t, "dcentvfy", "apt-get install dicom3tools")
	dcmftest := testenv.Program(t, "dcmftest", "apt-get install dcmtk")
	dir, _ := write(t, Options{Patients: 24, Seed: 1, Size: 32, Moved: 6})
	byFolder := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (strings.HasPrefix(d.Name(), "IM0") || strings.HasSuffix(d.Name(), ".dcm")) {
			byFolder[filepath.Dir(path)] = append(byFolder[filepath.Dir(path)], path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	checked, kinds, all := 0, map[string]int{}, []string{}
	for folder, files := range byFolder {
		one := files[:1]
		if strings.HasSuffix(folder, "annotations") {
			one = files
		}
		all = append(all, one...)
		for _, file := range one {
			out, err := exec.Command(dciodvfy, file).CombinedOutput()
			if err != nil || strings.Contains(string(out), "Error") {
				t.Errorf("%s: %v\n%s", file, err, out)
			}
			for _, line := range strings.Split(string(out), "\n") {
				if line != "" && !strings.Contains(line, " ") {
					kinds[line]++
				}
			}
			checked++
		}
	}
	if checked < 100 || kinds["MRImage"] < 90 || kinds["EnhancedMRImage"] == 0 || kinds["Segmentation"] == 0 || kinds["RTStructureSet"] == 0 {
		t.Errorf("%d files checked: %v", checked, kinds)
	}
	if out, err := exec.Command(dcmftest, all...).CombinedOutput(); err != nil || strings.Contains(string(out), "no:") {
		t.Errorf("dcmftest: %v\n%s", err, out)
	}
	if out, err := exec.Command(dcentvfy, all...).CombinedOutput(); err != nil || strings.Contains(string(out), "Error") {
		t.Errorf("dcentvfy: %v\n%s", err, out)
	}
	t.Logf("%d files checked: %v", checked, kinds)
}
