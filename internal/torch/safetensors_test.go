package torch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/fault"
	"magn/internal/torch"
)

func array(name string, d torch.DType, data []byte, shape ...int) torch.Named {
	return torch.Named{Name: name, DType: d, Shape: shape, Fill: func() ([]byte, error) { return data, nil }}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(dir, "x.safetensors")
		var in []torch.Named
		want := map[string][]byte{}
		for i := range rapid.IntRange(0, 5).Draw(t, "tensors") {
			d := torch.DType(rapid.IntRange(0, 5).Draw(t, "type"))
			shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "shape")
			n := d.Size() * torch.Array{Shape: shape}.Len()
			data := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "data")
			name := rapid.String().Draw(t, "name") + string(rune('a'+i))
			in = append(in, array(name, d, data, shape...))
			want[name] = data
		}
		if err := torch.WriteSafetensors(path, map[string]string{"k": "v"}, in); err != nil {
			t.Fatal(err)
		}
		f, err := torch.OpenSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if len(f.Names()) != len(in) || f.Metadata["k"] != "v" {
			t.Fatalf("%v, metadata %v", f.Names(), f.Metadata)
		}
		for name, data := range want {
			a, err := f.Read(name)
			if err != nil || !bytes.Equal(a.Data, data) {
				t.Fatalf("%q: %v", name, err)
			}
		}
	})
}

// Every cut and every flipped bit is found.
func TestSafetensorsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := torch.WriteSafetensors(path, nil, []torch.Named{array("w", torch.Float32, make([]byte, 64), 4, 4)}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := torch.OpenSafetensors(path)
		var in *fault.Input
		if err == nil {
			defer f.Close()
			if f.Checked() { // a flip in the word sha256 leaves a file without a digest
				t.Errorf("%s: not noticed", what)
			}
		} else if !errors.As(err, &in) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for n := range whole {
		refused("cut", whole[:n])
	}
	for at := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[at] ^= 1 << bit
			refused(fmt.Sprintf("bit %d of byte %d flipped", bit, at), b)
		}
	}
	huge := bytes.Clone(whole)
	binary.LittleEndian.PutUint64(huge, 1<<60)
	refused("a header longer than the file", huge)
	for _, h := range []string{
		`{"w":{"dtype":"F32","shape":[1000000000,1000000000,1000000000],"data_offsets":[0,64]}}`,
		`{"w":{"dtype":"F32","shape":[-4,-4],"data_offsets":[0,64]}}`,
		`{"w":{"dtype":"F32","shape":[4,4],"data_offsets":[64,0]}}`,
		`{"w":{"dtype":"C64","shape":[4],"data_offsets":[0,32]}}`,
		`{"w":3}`, `[]`, `{"__metadata__":{"a":1}}`,
	} {
		b := binary.LittleEndian.AppendUint64(nil, uint64(len(h)))
		refused(h, append(append(b, h...), make([]byte, 64)...))
	}
}

// A writer that fails leaves what was there.
func TestSafetensorsWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	broken := torch.Named{Name: "w", DType: torch.Uint8, Shape: []int{1}, Fill: func() ([]byte, error) { return nil, errors.New("gone") }}
	if err := torch.WriteSafetensors(path, nil, []torch.Named{broken}); err == nil {
		t.Error("no error")
	}
	if b, _ := os.ReadFile(path); string(b) != "before" {
		t.Errorf("%q", b)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("litter: %v", left)
	}
	err := torch.WriteSafetensors("/proc/nowhere/x.safetensors", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "/proc/nowhere") {
		t.Errorf("%v", err)
	}
}

func FuzzOpenSafetensors(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed.safetensors")
	if err := torch.WriteSafetensors(path, map[string]string{"a": "b"}, []torch.Named{array("w", torch.Int64, make([]byte, 16), 2)}); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte{})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, "x.safetensors")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := torch.OpenSafetensors(path)
		if err != nil {
			return
		}
		defer s.Close()
		for _, n := range s.Names() {
			if a, err := s.Read(n); err == nil && len(a.Data) != a.Len()*a.DType.Size() {
				t.Fatalf("%s: %d bytes for %v of %v", n, len(a.Data), a.Shape, a.DType)
			}
		}
	})
}
