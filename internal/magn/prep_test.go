package magn

import (
	"os"
	"testing"

	"magn/internal/cohort"
	"magn/internal/volume"
)

func BenchmarkPrepare(b *testing.B) {
	dir := os.Getenv("MAGN_STUDY")
	if dir == "" {
		b.Skip("MAGN_STUDY names no study folder")
	}
	c, err := cohort.Load(dir)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		in := newInput(volume.Views, DefaultTraining())
		for _, k := range c.Cases[:30] {
			if _, err := in.get(k); err != nil {
				b.Fatal(err)
			}
		}
	}
}
