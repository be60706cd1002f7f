package magn

import (
	"context"
	"slices"
	"time"

	"magn/internal/draw"
	"magn/internal/torch"
)

// Bench is one measurement of the network's own speed on random crops: no
// reading, no augmentation.
type Bench struct {
	What      string // train: optimiser steps; predict: forward passes with running statistics
	Network   Network
	Precision string
	Attention bool
	Batch     int
	Size      int // pixels of a crop's side
	Steps     int // measured, after two that are not
	Threads   int
	Device    string
}

// Measurement is what a Bench found.
type Measurement struct {
	Program         string  `json:"program"`
	What            string  `json:"what"`
	Backbone        string  `json:"backbone"`
	Precision       string  `json:"precision"`
	Attention       bool    `json:"attention"`
	Batch           int     `json:"batch"`
	Size            int     `json:"size"`
	Views           int     `json:"views"`
	Threads         int     `json:"threads"`
	Device          string  `json:"device"`
	Steps           int     `json:"steps"`
	StepSeconds     float64 `json:"step_seconds"`      // median
	ImagesPerSecond float64 `json:"images_per_second"` // of all views
	PeakMiB         int64   `json:"peak_mib"`          // resident memory of the process
}

// Run measures.
func (b Bench) Run(ctx context.Context) (Measurement, error) {
	u := Unit{Network: b.Network, Training: DefaultTraining(), Seed: 1}
	u.Training.Precision, u.Training.Crop = b.Precision, b.Size
	device, err := OpenDevice(b.Device, b.Threads)
	if err != nil {
		return Measurement{}, err
	}
	info, err := torch.GetInfo()
	if err != nil {
		return Measurement{}, err
	}
	t := &trainer{unit: u, mode: torch.Mode{BF16: b.Precision == "bf16"}, opt: &adam{}}
	if b.What == "train" {
		t, err = newTrainer(u, newInput(b.Network.Views, u.Training), device)
	} else {
		t.net, err = NewNet(b.Network, device, u.dtype(), u.Seed)
	}
	if err != nil {
		return Measurement{}, err
	}
	defer t.Close()
	hb := b.batch()
	step := func() error {
		lambda := 0.0
		if b.Attention {
			lambda = 0.5
		}
		_, _, err := t.step(hb, lambda, 1e-4)
		return err
	}
	if b.What == "predict" {
		step = func() error { return b.predict(t, hb) }
	}
	var seconds []float64
	for i := range b.Steps + 2 {
		if err := ctx.Err(); err != nil {
			return Measurement{}, err
		}
		start := time.Now()
		if err := step(); err != nil {
			return Measurement{}, err
		}
		if i >= 2 {
			seconds = append(seconds, time.Since(start).Seconds())
		}
	}
	slices.Sort(seconds)
	median := (seconds[(len(seconds)-1)/2] + seconds[len(seconds)/2]) / 2
	name := "cpu"
	if device != torch.CPU {
		name = "cuda"
	}
	return Measurement{
		Program: "magn, libtorch " + info.Version, What: b.What, Backbone: b.Network.Backbone, Precision: b.Precision, Attention: b.Attention,
		Batch: b.Batch, Size: b.Size, Views: len(b.Network.Views), Threads: info.Threads, Device: name, Steps: b.Steps,
		StepSeconds: median, ImagesPerSecond: float64(b.Batch*len(b.Network.Views)) / median, PeakMiB: peakMemory() >> 20,
	}, nil
}

// predict answers for the batch as an evaluation does: view by view, evalBatch
// crops at a time. What is read back ends the step on a device that computes on
// its own.
func (b Bench) predict(t *trainer, hb hostBatch) error {
	area := len(hb.images[0]) / hb.n
	for v, images := range hb.images {
		for start := 0; start < hb.n; start += evalBatch {
			end := min(start+evalBatch, hb.n)
			c := chunk{view: v, images: images[start*area : end*area]}
			answers := make([]answer, end-start)
			for i := range answers {
				answers[i].terms = make([]float64, len(hb.images))
				c.crops = append(c.crops, crop{of: i, term: true, cam: -1})
			}
			if err := t.net.evaluateChunk(t.mode, b.Size, c, answers); err != nil {
				return err
			}
		}
	}
	return nil
}

// batch is noise with a square lesion.
func (b Bench) batch() hostBatch {
	hb := hostBatch{n: b.Batch, labels: make([]float32, b.Batch)}
	r := draw.New("bench")
	for range b.Network.Views {
		x := make([]float32, b.Batch*b.Size*b.Size)
		var m []float32
		if b.What == "train" {
			m = make([]float32, len(x))
		}
		for i := range x {
			x[i] = r.Float32()
			row, col := i/b.Size%b.Size, i%b.Size
			if m != nil && 3*row > b.Size && 2*row < b.Size && 3*col > b.Size && 2*col < b.Size {
				m[i] = 1
			}
		}
		hb.images, hb.masks = append(hb.images, x), append(hb.masks, m)
	}
	for i := range hb.labels {
		hb.labels[i] = float32(i % 2)
	}
	return hb
}
