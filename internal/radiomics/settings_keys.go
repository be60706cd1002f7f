package radiomics

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"magn/internal/fault"
)

// setter puts a value into parameters; what is wrong with it comes back without
// file and field.
type setter func(o *Options, value ast.Node) *fault.Input

// Bounds that only a mistyped number passes, and that keep memory bounded.
const (
	maxList    = 100 // sigmas, distances
	maxLevel   = 16  // wavelet levels and start level
	maxSamples = 24  // of LBP: its patterns are numbered in 32 bits
	maxCount   = 1 << 30
)

// optionKeys are the keys of the section setting, and of each image type.
// PyRadiomics' schema gives their types and ranges; null stands for its None.
// Two are ours, for what PyRadiomics does not have: ivhBinWidth and ivhBinCount.
var optionKeys = map[string]setter{
	"label":                func(o *Options, v ast.Node) *fault.Input { return integer(v, 1, math.MaxUint16, &o.Label) },
	"label_channel":        func(o *Options, v ast.Node) *fault.Input { return integer(v, 0, maxCount, &o.LabelChannel) },
	"minimumROIDimensions": func(o *Options, v ast.Node) *fault.Input { return integer(v, 1, 3, &o.MinimumROIDimensions) },
	"minimumROISize": func(o *Options, v ast.Node) *fault.Input {
		return orNull(v, func() { o.MinimumROISize = 0 }, integer(v, 1, maxCount, &o.MinimumROISize))
	},
	"geometryTolerance": func(o *Options, v ast.Node) *fault.Input {
		return orNull(v, func() { o.GeometryTolerance = 0 }, positive(v, &o.GeometryTolerance))
	},
	"correctMask":    func(o *Options, v ast.Node) *fault.Input { return boolean(v, &o.CorrectMask) },
	"additionalInfo": func(_ *Options, v ast.Node) *fault.Input { return boolean(v, new(bool)) }, // diagnostics are always there

	"normalize":      func(o *Options, v ast.Node) *fault.Input { return boolean(v, &o.Normalize) },
	"normalizeScale": func(o *Options, v ast.Node) *fault.Input { return positive(v, &o.NormalizeScale) },
	"removeOutliers": func(o *Options, v ast.Node) *fault.Input {
		return orNull(v, func() { o.RemoveOutliers = 0 }, positive(v, &o.RemoveOutliers))
	},
	"resampledPixelSpacing": setSpacing,
	"interpolator":          setInterpolator,
	"preCrop":               func(o *Options, v ast.Node) *fault.Input { return boolean(v, &o.PreCrop) },
	"padDistance":           func(o *Options, v ast.Node) *fault.Input { return integer(v, 0, 10000, &o.PadDistance) },
	"resegmentRange":        setResegment,
	"resegmentMode": func(o *Options, v ast.Node) *fault.Input {
		return oneOf(v, &o.ResegmentMode, "absolute", "relative", "sigma")
	},
	"resegmentShape": func(o *Options, v ast.Node) *fault.Input { return boolean(v, &o.ResegmentShape) },

	"binWidth": func(o *Options, v ast.Node) *fault.Input {
		return orNull(v, func() { o.BinWidth = 0 }, positive(v, &o.BinWidth))
	},
	"binCount": func(o *Options, v ast.Node) *fault.Input {
		return orNull(v, func() { o.BinCount = 0 }, integer(v, 1, maxCount, &o.BinCount))
	},
	"ivhBinWidth": func(o *Options, v ast.Node) *fault.Input {
		return orNull(v, func() { o.VolumeBinWidth = 0 }, positive(v, &o.VolumeBinWidth))
	},
	"ivhBinCount": func(o *Options, v ast.Node) *fault.Input {
		return orNull(v, func() { o.VolumeBinCount = 0 }, integer(v, 1, maxLevels, &o.VolumeBinCount))
	},

	"force2D":          func(o *Options, v ast.Node) *fault.Input { return boolean(v, &o.Force2D) },
	"force2Ddimension": func(o *Options, v ast.Node) *fault.Input { return integer(v, 0, 2, &o.Force2DDimension) },
	"distances": func(o *Options, v ast.Node) *fault.Input {
		return list(v, 1, maxList, &o.Distances, func(v ast.Node, d *int) *fault.Input { return integer(v, 1, 10000, d) })
	},
	"voxelArrayShift": func(o *Options, v ast.Node) *fault.Input {
		shift := 0
		bad := integer(v, -maxCount, maxCount, &shift)
		o.VoxelArrayShift = float64(shift)
		return bad
	},
	"symmetricalGLCM": func(o *Options, v ast.Node) *fault.Input { return boolean(v, &o.SymmetricalGLCM) },
	"weightingNorm": func(o *Options, v ast.Node) *fault.Input {
		return orNull(v, func() { o.WeightingNorm = "" },
			oneOf(v, &o.WeightingNorm, "euclidean", "manhattan", "infinity", "no_weighting"))
	},
	"gldm_a": func(o *Options, v ast.Node) *fault.Input { return integer(v, 0, maxCount, &o.GLDMA) },

	"sigma":              func(o *Options, v ast.Node) *fault.Input { return list(v, 0, maxList, &o.Sigma, width) },
	"wavelet":            setWavelet,
	"start_level":        func(o *Options, v ast.Node) *fault.Input { return integer(v, 0, maxLevel, &o.StartLevel) },
	"level":              func(o *Options, v ast.Node) *fault.Input { return integer(v, 1, maxLevel, &o.Level) },
	"gradientUseSpacing": func(o *Options, v ast.Node) *fault.Input { return boolean(v, &o.GradientUseSpacing) },
	"lbp2DRadius":        func(o *Options, v ast.Node) *fault.Input { return positive(v, &o.LBP2DRadius) },
	"lbp2DSamples":       func(o *Options, v ast.Node) *fault.Input { return integer(v, 1, maxSamples, &o.LBP2DSamples) },
	"lbp2DMethod": func(o *Options, v ast.Node) *fault.Input {
		return oneOf(v, &o.LBP2DMethod, "default", "ror", "uniform", "var")
	},
	"lbp3DLevels":          func(o *Options, v ast.Node) *fault.Input { return integer(v, 1, 10, &o.LBP3DLevels) },
	"lbp3DIcosphereRadius": func(o *Options, v ast.Node) *fault.Input { return positive(v, &o.LBP3DIcosphereRadius) },
	"lbp3DIcosphereSubdivision": func(o *Options, v ast.Node) *fault.Input {
		return integer(v, 0, 4, &o.LBP3DIcosphereSubdivision)
	},
}

func setSpacing(o *Options, v ast.Node) *fault.Input {
	if isNull(v) {
		o.ResampledPixelSpacing = nil
		return nil
	}
	var mm []float64
	if bad := list(v, 3, 3, &mm, notNegative); bad != nil {
		bad.Expected = "three lengths in mm, 0 for an axis that stays as it is"
		return bad
	}
	o.ResampledPixelSpacing = (*[3]float64)(mm)
	return nil
}

func setInterpolator(o *Options, v ast.Node) *fault.Input {
	if isNull(v) {
		o.Interpolator = ""
		return nil
	}
	name := Interpolator(v.GetToken().Value)
	if n, err := strconv.Atoi(string(name)); err == nil && n >= 1 && n <= len(interpolators) {
		name = interpolators[n-1]
	}
	offered := []Interpolator{NearestNeighbor, Linear, BSpline}
	switch {
	case slices.Contains(offered, name):
		o.Interpolator = name
		return nil
	case slices.Contains(interpolators, name):
		return &fault.Input{Found: strconv.Quote(string(name)), Expected: fmt.Sprintf("one of %v", offered), Do: "this interpolator of PyRadiomics is not offered"}
	}
	return &fault.Input{Found: kindOf(v), Expected: fmt.Sprintf("one of %v", offered)}
}

func setResegment(o *Options, v ast.Node) *fault.Input {
	if isNull(v) {
		o.ResegmentRange = nil
		return nil
	}
	if bad := list(v, 1, 2, &o.ResegmentRange, number); bad != nil {
		bad.Expected = "one or two thresholds in brackets"
		return bad
	}
	// PyRadiomics sorts them.
	slices.Sort(o.ResegmentRange)
	return nil
}

func setWavelet(o *Options, v ast.Node) *fault.Input {
	name := v.GetToken().Value
	if _, isText := v.(*ast.StringNode); !isText || !waveletKnown(name) {
		return &fault.Input{Found: kindOf(v), Expected: "a discrete wavelet of PyWavelets: haar, db1-38, sym2-20, coif1-17, bior…, rbio…, dmey"}
	}
	o.Wavelet = name
	return nil
}

// orNull runs null for a null value, for which bad is not meant.
func orNull(v ast.Node, null func(), bad *fault.Input) *fault.Input {
	if isNull(v) {
		null()
		return nil
	}
	return bad
}

func isNull(v ast.Node) bool {
	switch v.(type) {
	case nil, *ast.NullNode:
		return true
	}
	return false
}

// integer reads a whole number.
func integer[T int | uint16](v ast.Node, least, most int64, to *T) *fault.Input {
	n, ok := v.(*ast.IntegerNode)
	var x int64
	if ok {
		switch i := n.Value.(type) {
		case int64:
			x = i
		case uint64:
			x, ok = int64(i), i <= math.MaxInt64
		default:
			ok = false
		}
	}
	if !ok || x < least || x > most {
		expected := fmt.Sprintf("a whole number from %d to %d", least, most)
		if most == maxCount {
			expected = fmt.Sprintf("a whole number of at least %d", least)
		}
		return &fault.Input{Found: kindOf(v), Expected: expected}
	}
	*to = T(x)
	return nil
}

// number reads a finite number.
func number(v ast.Node, to *float64) *fault.Input {
	text := ""
	switch n := v.(type) {
	case *ast.IntegerNode:
		text = fmt.Sprint(n.Value)
	case *ast.FloatNode:
		text = strconv.FormatFloat(n.Value, 'g', -1, 64)
	case *ast.StringNode:
		// YAML 1.2 has 1e-3 as a number, which the parser takes for a word.
		if n.Token.Type == token.StringType && decimal.MatchString(n.Value) {
			text = n.Value
		}
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return &fault.Input{Found: kindOf(v), Expected: "a number"}
	}
	*to = x
	return nil
}

// decimal is YAML 1.2's form of a number (10.3.2, core schema).
var decimal = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)

// positive reads a number above 0.
func positive(v ast.Node, to *float64) *fault.Input {
	var x float64
	if bad := number(v, &x); bad != nil || !(x > 0) {
		return &fault.Input{Found: kindOf(v), Expected: "a number above 0"}
	}
	*to = x
	return nil
}

func width(v ast.Node, to *Sigma) *fault.Input {
	_, to.Whole = v.(*ast.IntegerNode)
	return positive(v, &to.MM)
}

func notNegative(v ast.Node, to *float64) *fault.Input {
	if bad := number(v, to); bad != nil || *to < 0 {
		return &fault.Input{Found: kindOf(v), Expected: "a number of at least 0"}
	}
	return nil
}

// boolean reads true or false; null is false, as Python takes it.
func boolean(v ast.Node, to *bool) *fault.Input {
	if n, ok := v.(*ast.BoolNode); ok {
		*to = n.Value
		return nil
	}
	if isNull(v) {
		*to = false
		return nil
	}
	return &fault.Input{Found: kindOf(v), Expected: "true or false"}
}

func oneOf(v ast.Node, to *string, words ...string) *fault.Input {
	n, ok := v.(*ast.StringNode)
	if !ok || !slices.Contains(words, n.Value) {
		return &fault.Input{Found: kindOf(v), Expected: strings.Join(words, ", ")}
	}
	*to = n.Value
	return nil
}

// list reads a sequence of least to most elements.
func list[T any](v ast.Node, least, most int, to *[]T, read func(ast.Node, *T) *fault.Input) *fault.Input {
	nodes, bad := sequence(v)
	if bad != nil {
		return bad
	}
	if len(nodes) < least || len(nodes) > most {
		return &fault.Input{Found: fmt.Sprintf("%d elements", len(nodes)), Expected: fmt.Sprintf("%d to %d", least, most)}
	}
	all := make([]T, len(nodes))
	for i, n := range nodes {
		if bad := read(n, &all[i]); bad != nil {
			return bad
		}
	}
	*to = all
	return nil
}

// sequence is the elements of a list; none of a null.
func sequence(v ast.Node) ([]ast.Node, *fault.Input) {
	if isNull(v) {
		return nil, nil
	}
	n, ok := v.(*ast.SequenceNode)
	if !ok {
		return nil, &fault.Input{Found: kindOf(v), Expected: "a list in brackets"}
	}
	return n.Values, nil
}

// kindOf says what stands at a node.
func kindOf(v ast.Node) string {
	switch n := v.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias"
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value
	}
	value := []rune(v.GetToken().Value)
	if len(value) > 40 {
		value = append(value[:40], '…')
	}
	return strconv.Quote(string(value))
}

func lineOf(v ast.Node) string {
	if v == nil || v.GetToken() == nil {
		return ""
	}
	return fmt.Sprintf("line %d, ", v.GetToken().Position.Line)
}
