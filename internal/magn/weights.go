package magn

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/pytorch"
	"github.com/nlpodyssey/gopickle/types"

	"magn/internal/fault"
	"magn/internal/torch"
)

// State is a set of named tensors from a file.
type State struct {
	File  string
	Names []string
	Read  func(name string) (torch.Array, error)
	Close func() error
}

// OpenState opens .safetensors or a .pth of tensors (a state_dict saved by
// PyTorch). Errors are *fault.Input.
func OpenState(path string) (*State, error) {
	if strings.EqualFold(filepath.Ext(path), ".safetensors") {
		f, err := torch.OpenSafetensors(path)
		if err != nil {
			return nil, err
		}
		return &State{path, f.Names(), f.Read, f.Close}, nil
	}
	return openPickle(path)
}

// openPickle reads a pickled state_dict. The unpickler builds containers and
// tensors only; it runs nothing that the file names.
func openPickle(path string) (st *State, err error) {
	defer func() { // the unpickler panics on some malformed input
		if r := recover(); r != nil {
			st, err = nil, &fault.Input{File: path, Found: fmt.Sprint(r), Expected: "a state_dict saved by torch.save"}
		}
	}()
	x, err := pytorch.Load(path)
	if err != nil {
		return nil, &fault.Input{File: path, Err: err, Expected: "a state_dict saved by torch.save"}
	}
	tensors := map[string]*pytorch.Tensor{}
	add := func(k, v any) {
		if name, ok := k.(string); ok {
			if t, ok := v.(*pytorch.Tensor); ok {
				tensors[name] = t
			}
		}
	}
	switch d := x.(type) {
	case *types.OrderedDict:
		for k, e := range d.Map {
			add(k, e.Value)
		}
	case *types.Dict:
		for _, e := range *d {
			add(e.Key, e.Value)
		}
	default:
		return nil, &fault.Input{File: path, Found: fmt.Sprintf("%T", x), Expected: "a state_dict: names and tensors; in Python: torch.save(model.state_dict(), file)"}
	}
	st = &State{File: path, Close: func() error { return nil }}
	for n := range tensors {
		st.Names = append(st.Names, n)
	}
	slices.Sort(st.Names)
	st.Read = func(name string) (torch.Array, error) {
		t, ok := tensors[name]
		if !ok {
			return torch.Array{}, &fault.Input{File: path, Field: "tensor " + name, Found: "none of that name"}
		}
		a, err := contiguous(t)
		if err != nil {
			return a, &fault.Input{File: path, Field: "tensor " + name, Err: err}
		}
		return a, nil
	}
	return st, nil
}

// contiguous copies a pickled tensor, which may be a strided window of its
// storage, into row-major float32.
func contiguous(t *pytorch.Tensor) (torch.Array, error) {
	var at func(i int) float32
	var have int
	switch s := t.Source.(type) {
	case *pytorch.FloatStorage:
		at, have = func(i int) float32 { return s.Data[i] }, len(s.Data)
	case *pytorch.HalfStorage:
		at, have = func(i int) float32 { return s.Data[i] }, len(s.Data)
	case *pytorch.BFloat16Storage:
		at, have = func(i int) float32 { return s.Data[i] }, len(s.Data)
	case *pytorch.DoubleStorage:
		at, have = func(i int) float32 { return float32(s.Data[i]) }, len(s.Data)
	case *pytorch.LongStorage:
		at, have = func(i int) float32 { return float32(s.Data[i]) }, len(s.Data)
	default:
		return torch.Array{}, fmt.Errorf("found storage %T, expected floating point", t.Source)
	}
	if len(t.Size) != len(t.Stride) || len(t.Size) > 8 {
		return torch.Array{}, fmt.Errorf("found shape %v with strides %v", t.Size, t.Stride)
	}
	n, last := 1, t.StorageOffset
	for d, size := range t.Size {
		if t.Stride[d] < 0 || (t.Stride[d] == 0 && size > 1) {
			return torch.Array{}, fmt.Errorf("found strides %v, expected positive ones", t.Stride)
		}
		if size < 0 || (size > 0 && n > math.MaxInt32/size) {
			return torch.Array{}, fmt.Errorf("found shape %v", t.Size)
		}
		n *= size
		last += (size - 1) * t.Stride[d]
	}
	if n > have || n > 0 && (t.StorageOffset < 0 || last >= have || last < 0) {
		return torch.Array{}, fmt.Errorf("found shape %v beyond its storage of %d numbers; the file may be truncated", t.Size, have)
	}
	a := torch.Array{DType: torch.Float32, Shape: slices.Clone(t.Size), Data: make([]byte, 4*n)}
	index := make([]int, len(t.Size))
	for i := range n {
		from := t.StorageOffset
		for d, x := range index {
			from += x * t.Stride[d]
		}
		binary.LittleEndian.PutUint32(a.Data[4*i:], math.Float32bits(at(from)))
		for d := len(index) - 1; d >= 0; d-- {
			if index[d]++; index[d] < t.Size[d] {
				break
			}
			index[d] = 0
		}
	}
	return a, nil
}

// LoadBackbones fills every backbone from a torchvision ResNet state. Its
// classifier (fc.*) and num_batches_tracked are left out; any other tensor that
// is extra, missing or of another shape is named in the error.
func (n *Net) LoadBackbones(path string) error {
	return n.load(path, func(name string) (string, bool) {
		for _, v := range n.Views {
			if rest, ok := strings.CutPrefix(name, n.prefix(v)); ok {
				return rest, true
			}
		}
		return "", false // the head stays as it was drawn
	}, func(name string) bool { return strings.HasPrefix(name, "fc.") })
}

// Load fills the whole network from a model that Save wrote.
func (n *Net) Load(path string) error {
	return n.load(path, func(name string) (string, bool) { return name, true }, func(string) bool { return false })
}

func (n *Net) load(path string, source func(name string) (string, bool), ignore func(string) bool) error {
	st, err := OpenState(path)
	if err != nil {
		return err
	}
	defer st.Close()
	want := map[string]bool{}
	var missing, extra []string
	for _, p := range n.params {
		if from, ok := source(p.name); ok && !want[from] {
			want[from] = true
			if _, found := slices.BinarySearch(st.Names, from); !found {
				missing = append(missing, from)
			}
		}
	}
	for _, name := range st.Names {
		if !want[name] && !ignore(name) && !strings.HasSuffix(name, "num_batches_tracked") {
			extra = append(extra, name)
		}
	}
	if len(missing)+len(extra) > 0 {
		return &fault.Input{
			File: path, Field: "tensors", Found: describe(missing, "missing") + describe(extra, "extra"),
			Expected: "the tensors of " + n.Backbone, Do: "give a file of the same backbone and views",
		}
	}
	return torch.Do(torch.Mode{}, func(s *torch.Scope) {
		for _, p := range n.params {
			from, ok := source(p.name)
			if !ok {
				continue
			}
			a, err := st.Read(from)
			if err != nil {
				s.Fail(err)
				return
			}
			if !slices.Equal(a.Shape, p.shape) {
				s.Fail(&fault.Input{File: path, Field: "tensor " + from, Found: fmt.Sprintf("shape %v", a.Shape), Expected: fmt.Sprintf("%v", p.shape)})
				return
			}
			t := s.FromBytes(a.Data, a.DType, torch.CPU, a.Shape...)
			s.Assign(p.t, t)
			s.Free(t)
		}
	})
}

func describe(names []string, what string) string {
	if len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > 5 {
		more = fmt.Sprintf(" and %d more", len(names)-5)
		names = names[:5]
	}
	return fmt.Sprintf("[%s %s%s]", what, strings.Join(names, ", "), more)
}

// tensors lists the network's tensors for a safetensors file.
func (n *Net) tensors() []torch.Named {
	var out []torch.Named
	for _, p := range n.params {
		out = append(out, named(p.name, n.DType, p.shape, p.t))
	}
	return out
}

func named(name string, d torch.DType, shape []int, t torch.Tensor) torch.Named {
	return torch.Named{Name: name, DType: d, Shape: shape, Fill: func() (b []byte, err error) {
		err = torch.Do(torch.Mode{}, func(s *torch.Scope) { b = s.Bytes(t) })
		return b, err
	}}
}

// ModelInfo goes into a model file's metadata: what a prediction must know
// beside the weights.
type ModelInfo struct {
	Network      Network            `json:"network"`
	Training     Training           `json:"training"`      // the input's preparation is in it
	Threshold    float64            `json:"threshold"`     // on the probability, from the inner split
	TrainingMean map[string]float64 `json:"training_mean"` // per view: mean of W_v·p_v over the training cases, of the largest pair of each; the origin of contributions
}

// Save writes the weights with what a prediction must know.
func (n *Net) Save(path string, info ModelInfo) error {
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	return torch.WriteSafetensors(path, map[string]string{"format": "magn-model-1", "model": string(text)}, n.tensors())
}

// OpenModel reads a file that Save wrote. Close the Net after use.
func OpenModel(path string, device torch.Device) (*Net, ModelInfo, error) {
	var info ModelInfo
	f, err := torch.OpenSafetensors(path)
	if err != nil {
		return nil, info, err
	}
	text, format, checked := f.Metadata["model"], f.Metadata["format"], f.Checked()
	_, d, _ := f.Shape("fc.weight")
	f.Close()
	if format != "magn-model-1" || !checked {
		return nil, info, &fault.Input{File: path, Field: "metadata format", Found: fmt.Sprintf("%q", format), Expected: "magn-model-1", Do: "give a model that a study left behind"}
	}
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		return nil, info, &fault.Input{File: path, Field: "metadata model", Err: err}
	}
	if err := errors.Join(info.Network.Validate(), info.Training.Validate()); err != nil {
		return nil, info, &fault.Input{File: path, Field: "metadata model", Err: err}
	}
	n, err := NewNet(info.Network, device, d, 0)
	if err != nil {
		return nil, info, err
	}
	n.imagenet = info.Training.Weights != ""
	if err := n.Load(path); err != nil {
		n.Close()
		return nil, info, err
	}
	return n, info, nil
}
