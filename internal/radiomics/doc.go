// Package radiomics computes features: numbers that describe a lesion in an
// image by its values, its form and its texture.
//
// Settings are what a PyRadiomics parameter file says, and Prepare brings image
// and mask to what they ask for. A Region is the lesion in one prepared (and
// filtered) image: values in the smallest box around it, as float64, and which
// of the box's voxels are inside. Grey is a region in grey levels; every texture
// class reads it. A matrix counts what lies beside what: a co-occurrence matrix
// pairs of levels, a size matrix levels against the size of a piece (a run, a
// zone, a voxel's dependent neighbours). A Feature is one number, under
// PyRadiomics' name; Extract computes all that settings ask for.
//
// There are two profiles. Extract is PyRadiomics', deviations from the standard
// included: its bins are aligned to multiples of their width, kurtosis is not
// reduced by 3, tone differences count voxels without neighbours. IBSI has the
// definitions and the names of the Image Biomarker Standardisation Initiative.
//
// Axes of arrays run x, y, z with x fastest, as everywhere in this program;
// settings that name an axis by a number (force2Ddimension) count as PyRadiomics
// does: 0 is z.
package radiomics
