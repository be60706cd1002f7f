package radiomics

import "math"

// Feature is one number that describes a lesion.
type Feature struct {
	Image string  // the image type: original, wavelet-LLH, log-sigma-3-0-mm-3D; empty where one class is computed by itself
	Class string  // firstorder, shape, shape2D, glcm, glrlm, glszm, gldm, ngtdm
	Name  string  // as PyRadiomics writes it: JointEntropy
	Value float64 // NaN where it is not defined for this lesion
}

// FullName is the feature's name among those of all images and classes:
// original_glcm_JointEntropy.
func (f Feature) FullName() string { return f.Image + "_" + f.Class + "_" + f.Name }

// features brings a class's values into the order of FeatureNames.
func features(class string, values map[string]float64) []Feature {
	names, _ := FeatureNames(class)
	all := make([]Feature, len(names))
	for i, n := range names {
		all[i] = Feature{Class: class, Name: n, Value: values[n]}
	}
	return all
}

// eps is what PyRadiomics adds to a probability before its logarithm is taken
// (numpy.spacing(1)), so that 0 log 0 is 0.
const eps = 0x1p-52

// entropyTerm is -p log2 p, with PyRadiomics' eps. (math.Log2 is off near 1.)
func entropyTerm(p float64) float64 { return -p * math.Log(p+eps) / math.Ln2 }
