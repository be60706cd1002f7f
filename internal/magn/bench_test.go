package magn

import (
	"fmt"
	"testing"

	"magn/internal/draw"
	"magn/internal/testenv"
	"magn/internal/torch"
	"magn/internal/volume"
)

func benchTrainer(b *testing.B, backbone, precision string, views []volume.View, n, side int) (*trainer, hostBatch) {
	testenv.Torch(b)
	if err := torch.SetThreads(2); err != nil {
		b.Fatal(err)
	}
	u := Unit{Network: DefaultNetwork(), Training: DefaultTraining(), Seed: 1}
	u.Network.Backbone, u.Network.Views = backbone, views
	u.Training.Precision, u.Training.Crop = precision, side
	t, err := newTrainer(u, newInput(views, u.Training), torch.CPU)
	if err != nil {
		b.Fatal(err)
	}
	hb := hostBatch{n: n, labels: make([]float32, n)}
	r := draw.New("bench")
	for range views {
		x, m := make([]float32, n*side*side), make([]float32, n*side*side)
		for i := range x {
			x[i] = r.Float32()
			if i%side > side/3 && i%side < side/2 {
				m[i] = 1
			}
		}
		hb.images, hb.masks = append(hb.images, x), append(hb.masks, m)
	}
	for i := range hb.labels {
		hb.labels[i] = float32(i % 2)
	}
	return t, hb
}

// BenchmarkStep is one optimiser step on three views of 16 crops of 256².
func BenchmarkStep(b *testing.B) {
	for _, backbone := range []string{"resnet18", "resnet50"} {
		for _, precision := range []string{"fp32", "bf16"} {
			for _, lambda := range []float64{0, 0.5} {
				b.Run(fmt.Sprintf("%s/%s/lambda=%g", backbone, precision, lambda), func(b *testing.B) {
					t, hb := benchTrainer(b, backbone, precision, volume.Views, 16, 256)
					defer t.Close()
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
}
