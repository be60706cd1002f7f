package convert

import (
	"compress/gzip"
	"encoding/binary"
	"hash/fnv"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magn/internal/testenv"
	"magn/internal/volume"
)

// realSetsTime is how long TestRealSets begins sets for.
const realSetsTime = 2 * time.Minute

// otherwise are volumes of the sets' Ref that are not to be found among ours, by
// set and the beginning of the file's name, and why (docs/results/convert-real.md).
var otherwise = map[string]map[string]string{
	"philips_asl": {"301_ASL_MultiPhase": "multiplied by the Rescale Slope twice"},
	"xa30i":       {"anat-T1w_acq-tfl_5001": "the first gap for the mean spacing", "anat-T1w_acq-tfl_6001": "the first gap for the mean spacing"},
	"frag":        {"anat-T1w_acq-tfl_5001": "the first gap for the mean spacing", "anat-T1w_acq-tfl_6001": "the first gap for the mean spacing"},
	// Their input is too large for some copies of the repository.
	"base": {"noPF_noPAT_noPOS_PEres100_ES0p59_BW2222_INTERP": "of input that may be missing"},
	"stc":  {"Siemens_diff": "of input that may be missing"},
}

// The repositories neurolabusc/dcm_qa_<set>, where MAGN_QA names a folder of them:
// every volume in a set's Ref, which a dcm2niix of its time has written, is one of
// ours, voxel for voxel on the same grid.
func TestRealSets(t *testing.T) {
	root := testenv.Sets(t)
	sets, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	d, start, n := decoder(t), time.Now(), 0
	for _, set := range sets {
		in, ref := filepath.Join(root, set.Name(), "In"), filepath.Join(root, set.Name(), "Ref")
		if files := images(t, ref); len(files) == 0 || !folder(in) {
			continue
		} else if time.Since(start) > realSetsTime {
			t.Logf("%s and what follows: no time left", set.Name())
			break
		} else {
			t.Run(set.Name(), func(t *testing.T) { n += realSet(t, unpacked(t, in), set.Name(), files, Options{Decoder: d}) })
		}
	}
	t.Logf("%d volumes are the same, %.0f s", n, time.Since(start).Seconds())
	if n == 0 && !t.Failed() {
		t.Errorf("no set with In and Ref in %s", root)
	}
}

// realSet holds the volumes of reference files against ours, and counts those that
// are the same.
func realSet(t *testing.T, in, set string, files []string, o Options) (same int) {
	s := scan(t, o, in)
	defer s.Close()
	type print struct {
		size [3]int
		hash uint64
	}
	ours := map[print][]volume.Grid{}
	for _, c := range s.Candidates {
		if c.Err != nil {
			t.Logf("%s: %v", c.Name, c.Err)
			continue
		}
		v := canonical(t, image(t, s, c), volume.Axial)
		p := print{v.Size, hashOf(v)}
		ours[p] = append(ours[p], v.Grid)
	}
next:
	for _, file := range files {
		for i := range volumesOf(t, file) {
			v := canonical(t, reference(t, file, i), volume.Axial)
			found := false
			for _, g := range ours[print{v.Size, hashOf(v)}] {
				found = found || v.Match(g) == nil
			}
			if found {
				same++
				continue
			}
			for name, why := range otherwise[set] {
				if strings.HasPrefix(filepath.Base(file), name) {
					t.Logf("%s: %s", filepath.Base(file), why)
					continue next
				}
			}
			t.Errorf("%s, volume %d, is none of ours", filepath.Base(file), i)
		}
	}
	return same
}

func hashOf(v *volume.Volume) uint64 {
	h := fnv.New64a()
	b := make([]byte, 0, 4*len(v.Data))
	for _, x := range v.Data {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x+0)) // one zero
	}
	h.Write(b)
	return h.Sum64()
}

// images are the unpacked NIfTI files of a folder that are not in colour.
func images(t *testing.T, dir string) (out []string) {
	for _, pattern := range []string{"*.nii"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			head := make([]byte, 72)
			if _, err := io.ReadFull(f, head); err == nil && head[70] != 128 {
				out = append(out, file)
			}
			f.Close()
		}
	}
	return out
}

func folder(path string) bool {
	f, err := os.Stat(path)
	return err == nil && f.IsDir()
}

// unpacked is dir, or a copy of it without the compression of files *.gz.
func unpacked(t *testing.T, dir string) string {
	t.Helper()
	out := t.TempDir()
	any := false
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".nii.gz") {
			return err
		}
		any = true
		rel, err := filepath.Rel(dir, strings.TrimSuffix(path, ".gz"))
		if err != nil {
			return err
		}
		to := filepath.Join(out, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return gunzip(path, to)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !any {
		return dir
	}
	return out
}

func gunzip(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	w, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, io.LimitReader(z, 1<<30)); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}
