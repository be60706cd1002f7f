package study

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
)

// key is one line of a study file: where it stands, its value, what it means.
type key struct {
	section string // "", network, training, execution
	name    string
	value   func(c Config) any
	comment string
}

// keys of a study file, in the order of the template. A test holds them against
// Config, so that none is without its explanation.
var keys = []key{
	{"", "name", func(c Config) any { return c.Name }, "what results and report call the study"},
	{"", "positive", func(c Config) any { return c.Positive }, "the class whose probability is predicted; label 1 in cohort.csv"},
	{"", "classes", func(c Config) any { return c.Classes }, "both classes, as in cohort.csv"},
	{"", "folds", func(c Config) any { return c.Folds }, "cross-validation by group; the split is frozen in folds.csv at the first plan or run"},
	{"", "seed", func(c Config) any { return c.Seed }, "of the split"},
	{"", "split_by", func(c Config) any { return c.SplitBy }, "a column of cohort.csv, or scanner or field_strength of the import: each of its values is held out once, whatever folds says; empty: folds by group"},
	{"", "seeds", func(c Config) any { return c.Seeds }, "of the trainings: each arm is trained once a fold and seed; take three or more where a difference is to be claimed"},
	{"", "arms", func(c Config) any { return c.Arms }, armWords},
	{"", "primary", func(c Config) any { return c.Primary }, "two arms: the one comparison that is made without adjusting for others; empty: multi-view-attention and multi-view where both are there"},
	{"", "missing_view", func(c Config) any { return c.MissingView }, "a patient without a view that any arm needs is excluded from all arms"},
	{"", "map_steps", func(c Config) any { return c.MapSteps }, "steps of the deletion and insertion curves of the heat maps; 0: no such curves"},
	{"", "note", func(c Config) any { return c.Note }, "a sentence that the report says near its top"},

	{"network", "backbone", func(c Config) any { return c.Network.Backbone.value() }, "resnet18, resnet34 or resnet50; or a list of them for the inner split to choose from, with lambda"},
	{"network", "stride", func(c Config) any { return c.Network.Stride }, "of the backbone's output: 32, or 16 for a finer attention map (slower)"},
	{"network", "shared", func(c Config) any { return c.Network.Shared }, "true: one backbone for all views instead of one each"},
	{"network", "lse_r", func(c Config) any { return c.Network.R }, "sharpness of the log-sum-exp pooling: small is the mean, large the maximum"},

	{"training", "epochs", func(c Config) any { return c.Training.Epochs }, "at most; the inner split chooses how many"},
	{"training", "batch", func(c Config) any { return c.Training.Batch }, "patients in a step"},
	{"training", "learning_rate", func(c Config) any { return c.Training.LR }, "of Adam; with pretrained weights the paper's 0.001"},
	{"training", "decay", func(c Config) any { return c.Training.Decay }, "factor on the learning rate"},
	{"training", "decay_every", func(c Config) any { return c.Training.DecayEvery }, "epochs between two such factors"},
	{"training", "lambda", func(c Config) any { return c.Training.Lambda }, "weights of the attention loss for the inner split to choose from; one value turns the search off"},
	{"training", "attention_loss", func(c Config) any { return c.Training.Loss }, "normalised, mse (the paper's) or energy"},
	{"training", "inner_fraction", func(c Config) any { return c.Training.InnerFraction }, "of the training groups, set aside to choose epochs, lambda and threshold; 0: all epochs, the one lambda, 0.5"},
	{"training", "precision", func(c Config) any { return c.Training.Precision }, "bf16 (fast), fp32 or fp64"},
	{"training", "device", func(c Config) any { return c.Training.Device }, "auto, cpu or cuda"},
	{"training", "threads", func(c Config) any { return c.Training.Threads }, "of one worker; 0: the processors, shared out between the workers"},
	{"training", "crop", func(c Config) any { return c.Training.Crop }, "pixels of a crop's side, a multiple of 32"},
	{"training", "lesions", func(c Config) any { return c.Training.Lesions }, "what a crop is centred on: each (one lesion of the slice) or merged (all lesions of the slice as one)"},
	{"training", "channels", func(c Config) any { return c.Training.Channels }, "grey (the slice three times) or adjacent (the slice before, itself, the slice after)"},
	{"training", "pixel_mm", func(c Config) any { return c.Training.PixelMM }, "in-plane size that slices are resampled to; 0: as they are; without effect where the spacing is unknown"},
	{"training", "shift", func(c Config) any { return c.Training.Shift }, "augmentation: up to so many pixels each way"},
	{"training", "rotate", func(c Config) any { return c.Training.Rotate }, "augmentation: up to so many degrees each way"},
	{"training", "brightness", func(c Config) any { return c.Training.Brightness }, "augmentation: offset up to this, gain up to twice this around 1"},
	{"training", "noise", func(c Config) any { return c.Training.Noise }, "augmentation: Gaussian noise of up to this deviation"},
	{"training", "slices", func(c Config) any { return c.Training.Slices }, "evaluation takes so many of the largest lesion outlines a view"},
	{"training", "weights", func(c Config) any { return c.Training.Weights }, "torchvision .pth or .safetensors to start from; empty: from scratch"},
	{"training", "checkpoint_seconds", func(c Config) any { return c.Training.CheckpointSec }, "a checkpoint after the first epoch that ends so long after the last one; 0: after every epoch"},

	{"radiomics", "mode", func(c Config) any { return c.Radiomics.Mode }, "2d: texture and wavelets within slices; 3d: on cubic voxels"},
	{"radiomics", "pixel_mm", func(c Config) any { return c.Radiomics.PixelMM }, "resampled to, in plane or as cubes; 0: native; without effect where the spacing is unknown"},
	{"radiomics", "bin_width", func(c Config) any { return c.Radiomics.BinWidth }, "of grey levels, in hundredths of the image's standard deviation"},
	{"radiomics", "wavelet", func(c Config) any { return c.Radiomics.Wavelet }, "the bands of one level beside the original"},
	{"radiomics", "params", func(c Config) any { return c.Radiomics.Params }, "a PyRadiomics parameter file in the place of the four above; empty: none"},

	{"execution", "workers", func(c Config) any { return c.Execution.Workers }, "units trained at a time"},
	{"execution", "memory_gib", func(c Config) any { return c.Execution.MemoryGiB }, "bound on the data of one worker; 0: none"},
	{"execution", "unit_minutes", func(c Config) any { return c.Execution.UnitMinutes }, "bound on one unit; 0: none"},
}

var sections = map[string]string{
	"network":   "What is trained.",
	"training":  "How it is trained.",
	"radiomics": "What the radiomics arms compute.",
	"execution": "How units are run. Where training.threads is 0, workers decides how many threads one has, and the last bits depend on that.",
}

// template is a study file that says what every key means and what its default
// is.
func template(c Config) []byte {
	var b strings.Builder
	b.WriteString("# Settings of this study. Every key but name, positive and classes may be left out.\n" +
		"# A unit (an arm on a fold with a seed) whose settings change is run again.\n")
	defaults := DefaultConfig()
	section := ""
	for _, k := range keys {
		indent := ""
		if k.section != section {
			fmt.Fprintf(&b, "\n# %s\n%s:\n", sections[k.section], k.section)
			section = k.section
		}
		if section != "" {
			indent = "  "
		}
		comment := k.comment
		if k.name != "name" && k.name != "positive" && k.name != "classes" {
			comment += "; default " + yamlValue(k.value(defaults))
		}
		fmt.Fprintf(&b, "%s%s: %s # %s\n", indent, k.name, yamlValue(k.value(c)), comment)
	}
	return []byte(b.String())
}

// yamlValue is v as it stands in a study file: lists in brackets, words in
// quotes where they could be read as something else.
func yamlValue(v any) string {
	switch v := v.(type) {
	case string:
		plain := v != "" && strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789-_") == "" && v[0] >= 'a'
		switch v {
		case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
			plain = false
		}
		if plain {
			return v
		}
		return strconv.Quote(v)
	case []string:
		return yamlList(v)
	case []int:
		return yamlList(v)
	case []float64:
		return yamlList(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func yamlList[T any](v []T) string {
	words := make([]string, len(v))
	for i, x := range v {
		words[i] = yamlValue(x)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// WriteConfig writes a commented study file into a study folder that has none;
// one that is there is left alone. It says whether it wrote.
func WriteConfig(dir string, c Config) (bool, error) {
	path := filepath.Join(dir, ConfigFile)
	if bad := c.check(); bad != nil {
		return false, place{path: path}.fault(bad.key, bad.found, bad.expected)
	}
	if _, err := os.Lstat(path); err == nil {
		return false, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if err := renameio.WriteFile(path, template(c), 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return false, fmt.Errorf("write %s: %w", path, err)
	}
	return true, nil
}

// knownKeys are the names of all keys and sections.
func knownKeys() []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
		if k.section != "" {
			names = append(names, k.section)
		}
	}
	return names
}
