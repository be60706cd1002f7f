package magn

import (
	"context"
	"fmt"
	"os"
	"testing"

	"magn/internal/cohort"
	"magn/internal/testenv"
	"magn/internal/torch"
	"magn/internal/volume"
)

// BenchmarkStep is one optimiser step on three views of 16 crops of 256².
func BenchmarkStep(b *testing.B) {
	testenv.Torch(b)
	if err := torch.SetThreads(2); err != nil {
		b.Fatal(err)
	}
	for _, precision := range []string{"fp32", "bf16"} {
		for _, lambda := range []float64{0, 0.5} {
			b.Run(fmt.Sprintf("resnet18/%s/lambda=%g", precision, lambda), func(b *testing.B) {
				m := Bench{Network: Network{"resnet18", 32, false, volume.Views, 6}, Batch: 16, Size: 256}
				u := Unit{Network: m.Network, Training: DefaultTraining(), Seed: 1}
				u.Training.Precision = precision
				t, err := newTrainer(u, newInput(m.Network.Views, u.Training), torch.CPU)
				if err != nil {
					b.Fatal(err)
				}
				defer t.Close()
				hb := m.batch()
				for b.Loop() {
					if _, _, err := t.step(hb, lambda, 1e-4); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*hb.n*len(hb.images))/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}

// TestBench: a measurement measures both things.
func TestBench(t *testing.T) {
	testenv.Torch(t)
	for _, what := range []string{"train", "predict"} {
		m, err := Bench{What: what, Network: Network{"resnet18", 32, false, volume.Views, 6}, Precision: "bf16", Batch: 2, Size: 32, Steps: 2, Threads: 2, Device: "cpu"}.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if m.ImagesPerSecond <= 0 || m.StepSeconds <= 0 || m.Threads != 2 {
			t.Errorf("%s: %+v", what, m)
		}
	}
}

// BenchmarkPrepare reads and crops the cases of a study folder, $MAGN_STUDY.
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
		for _, k := range c.Cases[:min(30, len(c.Cases))] {
			if _, err := in.get(k); err != nil {
				b.Fatal(err)
			}
		}
	}
}
