// Package phantom makes people who do not exist and their spine MRI, so that the
// whole software can be tried and measured where the truth is known. Results on
// them are about the software and not about patients. docs/phantom.md says what
// is drawn and why.
//
// Nouns: a person has one anatomy, a function from patient millimetres (RAS+) to
// tissue, with one to three lesions in vertebrae. A spot is what is at one point, a
// weighting the signal of each tissue under a sequence. A patient is one id of the
// cohort; one person stands in it under two, which are one group. An exam is what
// was acquired of a patient: series, each of a kind (localizer, T2, T1 before and
// after contrast …) on a stack of thick, slightly oblique slices. A maker is whose
// scanner it was, a manner how that one fills in headers. A flaw is why a patient
// has to be excluded. The truth of a stack is a mask: of each voxel the lesion that
// at least half of its slab is in. The outline is what a radiologist drew of it.
//
// The classes are myeloma (positive) and metastasis; how much their lesions differ
// is the difficulty, and at 1 the label has no say in any draw. Everything is drawn
// by key from the seed, so the same options give the same bytes, whatever the number
// of cores.
//
// Signals and noise are in units in which noise has a standard deviation of 20 in
// each channel at 1.5 T; images in whole units of the scanner.
package phantom

import (
	"fmt"

	"magn/internal/fault"
)

// The classes, and one that is neither.
const (
	Positive = "myeloma"
	Negative = "metastasis"
	Other    = "lymphoma"
)

// Options of a cohort.
type Options struct {
	Patients   int     // ids, the excluded ones among them; 6 or more
	Seed       int64   // of everything drawn
	Difficulty float64 // 0: the classes are plainly different; 1: drawn from one distribution
	Size       int     // pixels a side in plane, 0.5 to 0.9 mm each; 0 means 256
	Moved      float64 // mm by which one patient moved between series; 0: nobody did
}

const (
	minPatients, maxPatients = 6, 9999
	minSize, maxSize         = 32, 1024
	maxMoved                 = 50
)

func (o *Options) verify() error {
	if o.Size == 0 {
		o.Size = 256
	}
	switch {
	case o.Patients < minPatients || o.Patients > maxPatients:
		return &fault.Usage{Err: fmt.Errorf("%d patients: expected %d to %d", o.Patients, minPatients, maxPatients)}
	case !(o.Difficulty >= 0 && o.Difficulty <= 1):
		return &fault.Usage{Err: fmt.Errorf("difficulty %v: expected 0 to 1", o.Difficulty)}
	case o.Size < minSize || o.Size > maxSize:
		return &fault.Usage{Err: fmt.Errorf("%d pixels a side: expected %d to %d", o.Size, minSize, maxSize)}
	case !(o.Moved >= 0 && o.Moved <= maxMoved):
		return &fault.Usage{Err: fmt.Errorf("moved by %v mm: expected 0 to %d", o.Moved, maxMoved)}
	}
	return nil
}
