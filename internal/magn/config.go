// Package magn is the multi-view attention-guided network (Chen et al. 2022,
// 10.3389/fonc.2022.981769): a ResNet per view, log-sum-exp pooling,
// concatenation and one linear layer; the class activation map that this head
// gives in closed form; and the training that pushes each view's map toward the
// outline.
//
// Nouns: a Net is the network with its weights. A Unit is one arm on one fold
// with one seed, which RunUnit trains, evaluates and leaves in a folder. A stage
// is one training within a unit: an inner one for each λ, and the final fit.
// A pair is one lesion on one slice, the thing a crop is centred on.
package magn

import (
	"fmt"
	"slices"

	"magn/internal/cohort"
	"magn/internal/volume"
)

// Network says what the network is made of.
type Network struct {
	Backbone string        `json:"backbone" yaml:"backbone"` // resnet18, resnet34 or resnet50
	Stride   int           `json:"stride" yaml:"stride"`     // of the backbone's output: 32, or 16 with a dilated last stage
	Shared   bool          `json:"shared" yaml:"shared"`     // one backbone for all views instead of one each
	Views    []volume.View `json:"views" yaml:"views"`
	R        float64       `json:"lse_r" yaml:"lse_r"` // sharpness of the log-sum-exp pooling
}

// DefaultNetwork is ResNet-50 on three views, as the paper.
func DefaultNetwork() Network {
	return Network{Backbone: "resnet50", Stride: 32, Views: slices.Clone(volume.Views), R: 6}
}

// Backbones are those that there are, the smallest first.
func Backbones() []string { return []string{"resnet18", "resnet34", "resnet50"} }

// Training says how a unit is trained. The defaults and their sources are in
// docs/methods/training.md.
type Training struct {
	Epochs     int     `json:"epochs" yaml:"epochs"`
	Batch      int     `json:"batch" yaml:"batch"`
	LR         float64 `json:"learning_rate" yaml:"learning_rate"`
	Decay      float64 `json:"decay" yaml:"decay"`             // factor on the learning rate …
	DecayEvery int     `json:"decay_every" yaml:"decay_every"` // … every so many epochs

	Lambda        []float64 `json:"lambda" yaml:"lambda"`                 // weights of the attention loss to choose from; one value turns the search off
	Loss          string    `json:"attention_loss" yaml:"attention_loss"` // normalised, mse or energy
	InnerFraction float64   `json:"inner_fraction" yaml:"inner_fraction"` // of the training groups, to choose epoch, λ and threshold; 0: last epoch, first λ, 0.5

	Precision string `json:"precision" yaml:"precision"` // bf16, fp32 or fp64
	Device    string `json:"device" yaml:"device"`       // auto, cpu or cuda
	Threads   int    `json:"threads" yaml:"threads"`     // of one worker; 0: as many as processors

	Crop          int     `json:"crop" yaml:"crop"`                             // pixels of a side, a multiple of 32
	Lesions       string  `json:"lesions" yaml:"lesions"`                       // what a crop is centred on: each (one lesion of the slice) or merged (all of the slice as one)
	Channels      string  `json:"channels" yaml:"channels"`                     // grey (the slice stands for all three) or adjacent (the slice before, itself, the slice after)
	PixelMM       float64 `json:"pixel_mm" yaml:"pixel_mm"`                     // in-plane size to resample to; 0: native; without effect where spacing is unknown
	Shift         int     `json:"shift" yaml:"shift"`                           // augmentation: up to so many pixels each way
	Rotate        float64 `json:"rotate" yaml:"rotate"`                         // augmentation: up to so many degrees each way
	Brightness    float64 `json:"brightness" yaml:"brightness"`                 // augmentation: offset up to this and gain up to twice this around 1
	Noise         float64 `json:"noise" yaml:"noise"`                           // augmentation: Gaussian noise of up to this deviation
	Slices        int     `json:"slices" yaml:"slices"`                         // evaluation takes so many of the largest pairs a view
	Weights       string  `json:"weights" yaml:"weights"`                       // torchvision .pth or .safetensors to start from; empty: He-uniform
	CheckpointSec float64 `json:"checkpoint_seconds" yaml:"checkpoint_seconds"` // a rolling checkpoint after the first epoch that ends so long after the last one; 0: after every epoch
}

// DefaultTraining is methods for training from scratch; with pretrained weights
// the paper's learning rate of 1e-3 is the one to set.
func DefaultTraining() Training {
	return Training{
		Epochs: 50, Batch: 16, LR: 5e-4, Decay: 0.9, DecayEvery: 5,
		Lambda: []float64{0.1, 0.5, 1}, Loss: LossNormalised, InnerFraction: 0.2,
		Precision: "bf16", Device: "auto",
		Crop: 256, Lesions: LesionsEach, Channels: ChannelsGrey, PixelMM: 0.7, Shift: 32, Rotate: 5, Brightness: 0.05, Noise: 0.02, Slices: 3,
		CheckpointSec: 180,
	}
}

// The three forms of the attention loss.
const (
	LossNormalised = "normalised"
	LossMSE        = "mse"
	LossEnergy     = "energy"
)

// What a crop is centred on, and what its channels are.
const (
	LesionsEach      = "each"
	LesionsMerged    = "merged"
	ChannelsGrey     = "grey"
	ChannelsAdjacent = "adjacent"
)

// Validate names the first setting that cannot be used, by its key.
func (n Network) Validate() error {
	switch {
	case blocks[n.Backbone] == nil:
		return settingError("backbone", n.Backbone, "resnet18, resnet34 or resnet50")
	case n.Stride != 32 && n.Stride != 16:
		return settingError("stride", n.Stride, "32 or 16")
	case len(n.Views) == 0 || len(n.Views) > 3:
		return settingError("views", n.Views, "one, two or three views")
	case !within(n.R, 1e-3, 1e3):
		return settingError("lse_r", n.R, "0.001 to 1000")
	}
	for i, v := range n.Views {
		if slices.Contains(n.Views[:i], v) {
			return settingError("views", n.Views, "each view once")
		}
	}
	return nil
}

// Validate names the first setting that cannot be used, by its key.
func (t Training) Validate() error {
	switch {
	case t.Epochs < 1:
		return settingError("epochs", t.Epochs, "at least 1")
	case t.Batch < 2:
		return settingError("batch", t.Batch, "at least 2, as batch normalisation needs")
	case !within(t.LR, 1e-12, 10):
		return settingError("learning_rate", t.LR, "above 0, at most 10")
	case !within(t.Decay, 1e-6, 1):
		return settingError("decay", t.Decay, "above 0, at most 1")
	case t.DecayEvery < 1:
		return settingError("decay_every", t.DecayEvery, "at least 1")
	case !within(t.InnerFraction, 0, 0.5):
		return settingError("inner_fraction", t.InnerFraction, "0 to 0.5")
	case t.Loss != LossNormalised && t.Loss != LossMSE && t.Loss != LossEnergy:
		return settingError("attention_loss", t.Loss, "normalised, mse or energy")
	case t.Precision != "bf16" && t.Precision != "fp32" && t.Precision != "fp64":
		return settingError("precision", t.Precision, "bf16, fp32 or fp64")
	case t.Device != "auto" && t.Device != "cpu" && t.Device != "cuda":
		return settingError("device", t.Device, "auto, cpu or cuda")
	case t.Threads < 0:
		return settingError("threads", t.Threads, "0 or more")
	case t.Crop < 32 || t.Crop > 1024 || t.Crop%32 != 0:
		return settingError("crop", t.Crop, "a multiple of 32 from 32 to 1024")
	case t.Lesions != LesionsEach && t.Lesions != LesionsMerged:
		return settingError("lesions", t.Lesions, "each or merged")
	case t.Channels != ChannelsGrey && t.Channels != ChannelsAdjacent:
		return settingError("channels", t.Channels, "grey or adjacent")
	case t.PixelMM != 0 && !within(t.PixelMM, 0.05, 20):
		return settingError("pixel_mm", t.PixelMM, "0 for native, or 0.05 to 20")
	case t.Shift < 0 || t.Shift > t.Crop:
		return settingError("shift", t.Shift, "0 to the crop's side")
	case !within(t.Rotate, 0, 45):
		return settingError("rotate", t.Rotate, "0 to 45 degrees")
	case !within(t.Brightness, 0, 0.5):
		return settingError("brightness", t.Brightness, "0 to 0.5")
	case !within(t.Noise, 0, 1):
		return settingError("noise", t.Noise, "0 to 1")
	case t.Slices < 1:
		return settingError("slices", t.Slices, "at least 1")
	case !within(t.CheckpointSec, 0, 1e9):
		return settingError("checkpoint_seconds", t.CheckpointSec, "0 or more")
	case len(t.Lambda) == 0:
		return settingError("lambda", "none", "at least one value")
	case t.InnerFraction == 0 && len(t.Lambda) > 1:
		return settingError("lambda", t.Lambda, "one value, since inner_fraction is 0 and nothing can choose")
	}
	for _, l := range t.Lambda {
		if !within(l, 1e-9, 1e6) {
			return settingError("lambda", l, "above 0, at most 1e6: an arm without attention is an arm of its own")
		}
	}
	return nil
}

// within is false for NaN too.
func within(x, lo, hi float64) bool { return x >= lo && x <= hi }

// SettingError names a setting that cannot be used.
type SettingError struct{ Key, Found, Expected string }

func (e *SettingError) Error() string {
	return fmt.Sprintf("%s: found %s, expected %s", e.Key, e.Found, e.Expected)
}

func settingError(key string, found any, expected string) error {
	return &SettingError{key, fmt.Sprint(found), expected}
}

// Unit is one arm on one fold with one seed: what a worker is handed.
type Unit struct {
	Arm       string        `json:"arm"`
	Attention bool          `json:"attention"`
	Fold      int           `json:"fold"`
	Seed      int           `json:"seed"`
	Network   Network       `json:"network"`
	Backbones []string      `json:"backbones,omitempty"` // for the inner split to choose Network.Backbone from; empty: no choice
	Training  Training      `json:"training"`
	Train     []cohort.Case `json:"train"`
	Test      []cohort.Case `json:"test"`
	Dir       string        `json:"dir"`  // where the results go
	Hash      string        `json:"hash"` // of everything that the result depends on
}

// Event is progress within a unit.
type Event struct {
	Stage   string  `json:"stage"` // "inner λ=0.1", "inner resnet18 λ=0.1", "fit", "evaluate"
	Epoch   int     `json:"epoch"` // done, of Epochs
	Epochs  int     `json:"epochs"`
	Done    float64 `json:"done"` // share of the unit's work, 0 to 1
	Loss    float64 `json:"loss"`
	ValLoss float64 `json:"val_loss,omitempty"`
	Message string  `json:"message,omitempty"`
}
