package radiomics

import (
	"slices"
	"strconv"
	"strings"
)

// Settings is what a PyRadiomics parameter file says: the parameters of the whole
// extraction, the image types with their own parameters, and the features.
type Settings struct {
	Options
	ImageTypes []ImageType     // in the file's order; at least one
	Features   []ClassFeatures // in the file's order; at least one
}

// ImageType is one entry of the section imageType.
type ImageType struct {
	Name string // Original, LoG, Wavelet, Square, SquareRoot, Logarithm, Exponential, Gradient, LBP2D
	// Options are those of the extraction with the image type's own in their
	// place. As in PyRadiomics they govern the filter and the features computed
	// from its images; how image and mask are prepared follows the extraction's.
	Options Options
}

// ClassFeatures is one entry of the section featureClass.
type ClassFeatures struct {
	Class string   // firstorder, shape, shape2D, glcm, glrlm, glszm, gldm, ngtdm
	Names []string // the features asked for, in the file's order; none: all but the deprecated ones
}

// Options are PyRadiomics' settings under its names, with its defaults; what it
// calls None is the zero value. Lengths along axes are in the order x, y, z.
type Options struct {
	// Which lesion, and whether it can be used.
	Label                uint16  // 1
	LabelChannel         int     // label_channel: layer of a segmentation, 0
	MinimumROIDimensions int     // 1 to 3: least number of axes along which the lesion has two voxels; 2
	MinimumROISize       int     // the lesion must have more voxels than this; 0: not looked at
	GeometryTolerance    float64 // how far origin (in voxels), spacing and direction of mask and image may differ; 0: ITK's 1e-6
	CorrectMask          bool    // bring a mask on another grid to the image's by nearest neighbour

	// Grey values and grid.
	Normalize             bool
	NormalizeScale        float64      // 1
	RemoveOutliers        float64      // in standard deviations; 0: none removed
	ResampledPixelSpacing *[3]float64  // mm, 0 along an axis keeps the mask's spacing; nil: not resampled
	Interpolator          Interpolator // sitkBSpline; none: not resampled
	PreCrop               bool
	PadDistance           int       // voxels around the lesion that are kept for the filters: 5
	ResegmentRange        []float64 // one or two thresholds; none: not resegmented
	ResegmentMode         string    // absolute, relative, sigma
	ResegmentShape        bool      // shape features see the resegmented mask too

	// Discretisation.
	BinWidth float64 // 25
	BinCount int     // 0: BinWidth counts
	// Of the intensity-volume histogram, which the profile ibsi alone has:
	// ivhBinWidth and ivhBinCount; 0 and 0: steps of 1 where values are whole
	// numbers, otherwise 1000 bins.
	VolumeBinWidth float64
	VolumeBinCount int

	// Features.
	Force2D          bool
	Force2DDimension int     // 0, 1, 2: the axis across the slices, z, y, x
	Distances        []int   // 1
	VoxelArrayShift  float64 // added to grey values in Energy, TotalEnergy and RootMeanSquared
	SymmetricalGLCM  bool    // true
	WeightingNorm    string  // euclidean, manhattan, infinity, no_weighting; "": none
	GLDMA            int     // gldm_a

	// Filters.
	Sigma                     []Sigma // of LoG
	Wavelet                   string  // coif1
	StartLevel                int     // start_level
	Level                     int     // 1
	GradientUseSpacing        bool    // true
	LBP2DRadius               float64 // 1
	LBP2DSamples              int     // 8
	LBP2DMethod               string  // default, ror, uniform, var; uniform
	LBP3DLevels               int     // 2
	LBP3DIcosphereRadius      float64 // 1
	LBP3DIcosphereSubdivision int     // 1
}

// Sigma is a width of LoG.
type Sigma struct {
	MM float64
	// Whole says that the file has it without a decimal point: PyRadiomics
	// names the image of 3 log-sigma-3-mm-3D and that of 3.0 log-sigma-3-0-mm-3D.
	Whole bool
}

// text is the width in an image's name: as Python prints it, points as hyphens.
func (s Sigma) text() string {
	if s.Whole {
		return strconv.FormatFloat(s.MM, 'f', -1, 64)
	}
	t := strconv.FormatFloat(s.MM, 'f', -1, 64)
	if s.MM < 1e-4 || s.MM >= 1e16 {
		t = strconv.FormatFloat(s.MM, 'e', -1, 64)
	} else if !strings.Contains(t, ".") {
		t += ".0"
	}
	return strings.ReplaceAll(t, ".", "-")
}

// Interpolator is a way to find grey values between voxels, by SimpleITK's name.
type Interpolator string

// The interpolators on offer. The empty one stands for no resampling.
const (
	NearestNeighbor Interpolator = "sitkNearestNeighbor"
	Linear          Interpolator = "sitkLinear"
	BSpline         Interpolator = "sitkBSpline" // cubic
)

// interpolators lists SimpleITK's in the order of their numbers, from 1.
var interpolators = []Interpolator{
	NearestNeighbor, Linear, BSpline, "sitkGaussian", "sitkLabelGaussian", "sitkHammingWindowedSinc",
	"sitkCosineWindowedSinc", "sitkWelchWindowedSinc", "sitkLanczosWindowedSinc", "sitkBlackmanWindowedSinc",
}

// imageTypes lists the names that PyRadiomics has.
var imageTypes = []string{"Original", "LoG", "Wavelet", "Square", "SquareRoot", "Logarithm", "Exponential", "Gradient", "LBP2D", "LBP3D"}

func defaultOptions() Options {
	return Options{
		Label: 1, MinimumROIDimensions: 2,
		NormalizeScale: 1, Interpolator: BSpline, PadDistance: 5, ResegmentMode: "absolute",
		BinWidth: 25, Distances: []int{1}, SymmetricalGLCM: true,
		Wavelet: "coif1", Level: 1, GradientUseSpacing: true,
		LBP2DRadius: 1, LBP2DSamples: 8, LBP2DMethod: "uniform",
		LBP3DLevels: 2, LBP3DIcosphereRadius: 1, LBP3DIcosphereSubdivision: 1,
	}
}

// DefaultSettings is what PyRadiomics does without a parameter file: the
// original image, and every class but shape2D.
func DefaultSettings() *Settings {
	s := &Settings{Options: defaultOptions()}
	s.ImageTypes = []ImageType{{Name: "Original", Options: s.Options}}
	for _, c := range FeatureClasses() {
		if c != "shape2D" {
			s.Features = append(s.Features, ClassFeatures{Class: c})
		}
	}
	return s
}

// FeatureClasses lists the classes in PyRadiomics' order.
func FeatureClasses() []string {
	return []string{"firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape", "shape2D"}
}

// FeatureNames lists the features of a class as PyRadiomics writes and orders
// them; deprecated are those of them that are computed only where a file asks
// for them by name. An unknown class has none.
func FeatureNames(class string) (names, deprecated []string) {
	for f := range strings.FieldsSeq(featureNames[class]) {
		if name, old := strings.CutPrefix(f, "-"); old {
			names, deprecated = append(names, name), append(deprecated, name)
		} else {
			names = append(names, f)
		}
	}
	return names, deprecated
}

// Wanted lists the features of the class to compute, in order.
func (c ClassFeatures) Wanted() []string {
	if len(c.Names) > 0 {
		return c.Names
	}
	names, deprecated := FeatureNames(c.Class)
	return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(deprecated, n) })
}

// featureNames has a minus before each deprecated one.
var featureNames = map[string]string{
	"firstorder": `10Percentile 90Percentile Energy Entropy InterquartileRange Kurtosis Maximum MeanAbsoluteDeviation
		Mean Median Minimum Range RobustMeanAbsoluteDeviation RootMeanSquared Skewness -StandardDeviation TotalEnergy
		Uniformity Variance`,
	"glcm": `Autocorrelation ClusterProminence ClusterShade ClusterTendency Contrast Correlation DifferenceAverage
		DifferenceEntropy DifferenceVariance -Dissimilarity -Homogeneity1 -Homogeneity2 Id Idm Idmn Idn Imc1 Imc2
		InverseVariance JointAverage JointEnergy JointEntropy MCC MaximumProbability SumAverage SumEntropy SumSquares
		-SumVariance`,
	"gldm": `DependenceEntropy DependenceNonUniformity DependenceNonUniformityNormalized -DependencePercentage
		DependenceVariance GrayLevelNonUniformity -GrayLevelNonUniformityNormalized GrayLevelVariance
		HighGrayLevelEmphasis LargeDependenceEmphasis LargeDependenceHighGrayLevelEmphasis
		LargeDependenceLowGrayLevelEmphasis LowGrayLevelEmphasis SmallDependenceEmphasis
		SmallDependenceHighGrayLevelEmphasis SmallDependenceLowGrayLevelEmphasis`,
	"glrlm": `GrayLevelNonUniformity GrayLevelNonUniformityNormalized GrayLevelVariance HighGrayLevelRunEmphasis
		LongRunEmphasis LongRunHighGrayLevelEmphasis LongRunLowGrayLevelEmphasis LowGrayLevelRunEmphasis RunEntropy
		RunLengthNonUniformity RunLengthNonUniformityNormalized RunPercentage RunVariance ShortRunEmphasis
		ShortRunHighGrayLevelEmphasis ShortRunLowGrayLevelEmphasis`,
	"glszm": `GrayLevelNonUniformity GrayLevelNonUniformityNormalized GrayLevelVariance HighGrayLevelZoneEmphasis
		LargeAreaEmphasis LargeAreaHighGrayLevelEmphasis LargeAreaLowGrayLevelEmphasis LowGrayLevelZoneEmphasis
		SizeZoneNonUniformity SizeZoneNonUniformityNormalized SmallAreaEmphasis SmallAreaHighGrayLevelEmphasis
		SmallAreaLowGrayLevelEmphasis ZoneEntropy ZonePercentage ZoneVariance`,
	"ngtdm": `Busyness Coarseness Complexity Contrast Strength`,
	"shape": `-Compactness1 -Compactness2 Elongation Flatness LeastAxisLength MajorAxisLength Maximum2DDiameterColumn
		Maximum2DDiameterRow Maximum2DDiameterSlice Maximum3DDiameter MeshVolume MinorAxisLength
		-SphericalDisproportion Sphericity SurfaceArea SurfaceVolumeRatio VoxelVolume`,
	"shape2D": `Elongation MajorAxisLength MaximumDiameter MeshSurface MinorAxisLength Perimeter PerimeterSurfaceRatio
		PixelSurface -SphericalDisproportion Sphericity`,
}
