// Package tabular answers from a table of features, a row a case: the paper's
// comparator to the network, radiomics of the lesions; and the arms that see no
// image and always stand beside the others: the outline's geometry alone,
// clinical covariates alone, the scanner alone.
//
// Nouns: a Source is where a row comes from. A Row is what one case gives: Values,
// which are numbers, and Texts, whose meaning as numbers is fitted. Extract makes
// a row and keeps it in the study's features folder, so that the units of all
// folds and arms compute it once. A Unit is one arm on one fold with one seed;
// RunUnit fits columns, ranking, selection, trees and threshold on its training
// cases, in that order, and answers for its test cases. Every fitted step is a
// Fit, with the groups of the rows that it was handed.
//
// What the features are is in docs/methods/tabular.md. Names are the view and
// PyRadiomics' name: sagittal_wavelet-LH_glcm_JointEntropy.
package tabular
