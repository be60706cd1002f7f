package magn

import (
	"testing"

	"magn/internal/draw"
	"magn/internal/volume"
)

// BenchmarkAugment is one crop of 256² out of its patch.
func BenchmarkAugment(b *testing.B) {
	in := newInput(volume.Views, DefaultTraining())
	p := somePair(in)
	n := in.training.Crop
	image, mask := make([]float32, n*n), make([]float32, n*n)
	for i := 0; b.Loop(); i++ {
		in.augmented(draw.New("bench", i), volume.Axial, p, image, mask)
	}
}
