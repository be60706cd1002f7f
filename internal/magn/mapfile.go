package magn

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"magn/internal/fault"
	"magn/internal/torch"
)

func (m Map) named(key string) torch.Named {
	return torch.Named{Name: key, DType: torch.Float32, Shape: []int{m.H, m.W}, Fill: func() ([]byte, error) {
		b := make([]byte, 4*len(m.Raw))
		for i, x := range m.Raw {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
		return b, nil
	}}
}

// ReadMaps reads a unit's maps.safetensors; keys are "<case>/<view>".
func ReadMaps(path string) (map[string]Map, error) {
	f, err := torch.OpenSafetensors(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := map[string]Map{}
	for _, name := range f.Names() {
		a, err := f.Read(name)
		if err != nil {
			return nil, err
		}
		if len(a.Shape) != 2 || a.Len() == 0 || a.DType != torch.Float32 {
			return nil, &fault.Input{File: path, Field: "tensor " + name, Found: fmt.Sprintf("%v of %v", a.DType, a.Shape), Expected: "float32 [h, w]"}
		}
		m := Map{H: a.Shape[0], W: a.Shape[1], Raw: make([]float32, a.Len())}
		for i := range m.Raw {
			m.Raw[i] = math.Float32frombits(binary.LittleEndian.Uint32(a.Data[4*i:]))
		}
		out[name] = m
	}
	return out, nil
}

// peakMemory is the process's largest resident size in bytes, 0 where the system
// does not say.
func peakMemory() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}
