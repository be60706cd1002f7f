package magn

import (
	"context"
	"fmt"
	"reflect"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/torch"
	"magn/internal/volume"
)

// ViewCrop is the centred evaluation crop of one view's largest pair.
type ViewCrop struct {
	View   volume.View
	Size   int       // pixels a side
	Image  []float32 // 0…1
	Lesion []bool
	Inside []bool // false where the crop reaches beyond the image
}

// Crops are the crops that maps are drawn on, one a view.
func Crops(c cohort.Case, views []volume.View, t Training) ([]ViewCrop, error) {
	in := newInput(views, t)
	s, err := in.get(c)
	if err != nil {
		return nil, err
	}
	var out []ViewCrop
	for v, view := range views {
		out = append(out, in.crop(view, s.views[v][0]))
	}
	return out, nil
}

func (in *input) crop(view volume.View, p pair) ViewCrop {
	flags := in.flags(p, centred)
	c := ViewCrop{View: view, Size: in.training.Crop, Image: in.cut(p.middle(), centred), Lesion: make([]bool, len(flags)), Inside: make([]bool, len(flags))}
	for i, f := range flags {
		c.Lesion[i], c.Inside[i] = f&inLesion != 0, f&inImage != 0
	}
	return c
}

// Model is the networks of a study's folds, which answer together.
type Model struct {
	nets  []*Net
	infos []ModelInfo
	mode  torch.Mode
}

// OpenModels opens the networks of one arm. They must agree on network and input.
func OpenModels(paths []string, device string, threads int) (*Model, error) {
	d, err := OpenDevice(device, threads)
	if err != nil {
		return nil, err
	}
	m := &Model{}
	for i, path := range paths {
		n, info, err := OpenModel(path, d)
		if err != nil {
			m.Close()
			return nil, err
		}
		m.nets, m.infos = append(m.nets, n), append(m.infos, info)
		if i > 0 && !sameInput(info, m.infos[0]) {
			m.Close()
			return nil, &fault.Input{File: path, Field: "network and input", Found: fmt.Sprintf("%+v %+v", info.Network, info.Training), Expected: fmt.Sprintf("%+v %+v, as %s", m.infos[0].Network, m.infos[0].Training, paths[0])}
		}
	}
	if len(m.nets) == 0 {
		return nil, &fault.Input{File: "model", Found: "no network", Expected: "at least one fold-*.safetensors"}
	}
	m.mode = torch.Mode{BF16: m.Info().Training.Precision == "bf16"}
	return m, nil
}

// sameInput says whether two networks are of one kind and were trained alike;
// where and with how many threads does not matter, nor what the attention loss
// weighed (without attention nothing, and with it a study's folds agree), nor the
// backbone, which each fold may have chosen for itself.
func sameInput(a, b ModelInfo) bool {
	for _, t := range []*Training{&a.Training, &b.Training} {
		t.Device, t.Threads, t.CheckpointSec, t.Lambda, t.Loss = "", 0, 0, nil, ""
	}
	a.Network.Backbone, b.Network.Backbone = "", ""
	return reflect.DeepEqual(a.Network, b.Network) && reflect.DeepEqual(a.Training, b.Training)
}

// Info is what the networks have in common.
func (m *Model) Info() ModelInfo { return m.infos[0] }

// Close frees the networks.
func (m *Model) Close() error {
	for _, n := range m.nets {
		if err := n.Close(); err != nil {
			return err
		}
	}
	return nil
}

// CasePrediction is the answer for one case: the mean logit of the folds.
type CasePrediction struct {
	Logit, Score float64
	Views        []ViewPrediction
}

// ViewPrediction is one view's part in it.
type ViewPrediction struct {
	View         volume.View
	Contribution float64 // W_v·(p_v − its mean over the training cases' largest pairs), mean of the folds
	Crop         ViewCrop
	Map          []float32 // 0…1 at the crop's size; of the predicted class, mean of the folds' maps before min–max
	Energy       float64
	Share        float64
	Zero         bool
}

// Predict answers for one case. A case without one of the model's views is a
// *fault.Input that names it.
func (m *Model) Predict(ctx context.Context, c cohort.Case) (*CasePrediction, error) {
	return m.PredictAt(ctx, c, Centre{})
}

// PredictAt is Predict with crops centred otherwise than on the outline. With
// a point, Energy and Share say nothing and Crop has no lesion.
func (m *Model) PredictAt(ctx context.Context, c cohort.Case, centre Centre) (*CasePrediction, error) {
	in := newInput(m.Info().Network.Views, m.Info().Training) // reads the case once for all folds
	in.centre = centre
	var folds []answer
	p := &CasePrediction{}
	for _, n := range m.nets {
		a, err := evaluate(ctx, n, in, m.mode, []cohort.Case{c}, 0)
		if err != nil {
			return nil, err
		}
		folds = append(folds, a[0])
		p.Logit += a[0].logit / float64(len(m.nets))
	}
	p.Score = sigmoid(p.Logit)
	for v, view := range m.Info().Network.Views {
		vp := ViewPrediction{View: view}
		var mean Map
		for i, a := range folds {
			vp.Contribution += (a.terms[v] - m.infos[i].TrainingMean[view.String()]) / float64(len(folds))
			r := a.cams[v][0].rectified(p.Logit > 0)
			if i == 0 {
				mean = Map{r.H, r.W, make([]float32, len(r.Raw))}
			}
			for k, x := range r.Raw {
				mean.Raw[k] += x / float32(len(folds))
			}
		}
		pr := folds[0].subject.views[v][0]
		vp.Crop = in.crop(view, pr)
		vp.Map = mean.Upsample(vp.Crop.Size)
		s := score(mean.enlarge(vp.Crop.Size), in.flags(pr, centred))
		vp.Energy, vp.Share, vp.Zero = s.Energy, s.Share, s.Zero
		if centre.At != nil {
			clear(vp.Crop.Lesion)
			vp.Energy, vp.Share = 0, 0
		}
		p.Views = append(p.Views, vp)
	}
	return p, nil
}
