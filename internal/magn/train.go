package magn

import (
	"context"
	"fmt"
	"math"
	"time"

	"magn/internal/cohort"
	"magn/internal/torch"
)

// stage is one training: an inner one with its validation cases, or the final fit.
type stage struct {
	name       string
	backbone   string // where there is a choice; empty: the unit's
	lambda     float64
	train, val []cohort.Case
	epochs     int
}

// trainer is the state of the stage that is running.
type trainer struct {
	unit Unit
	in   *input
	net  *Net
	opt  *adam
	mode torch.Mode
}

// newTrainer makes network and optimiser for a stage: every stage of a unit with
// one backbone begins with the same weights.
func newTrainer(u Unit, in *input, device torch.Device) (*trainer, error) {
	net, err := NewNet(u.Network, device, u.dtype(), u.Seed)
	if err != nil {
		return nil, err
	}
	t := &trainer{unit: u, in: in, net: net, mode: torch.Mode{BF16: u.Training.Precision == "bf16"}}
	if u.Training.Weights != "" {
		net.imagenet = true
		if err := net.LoadBackbones(u.Training.Weights); err != nil {
			net.Close()
			return nil, err
		}
	}
	if t.opt, err = newAdam(net); err != nil {
		net.Close()
		return nil, err
	}
	return t, nil
}

// dtype is the type of the weights.
func (u Unit) dtype() torch.DType {
	if u.Training.Precision == "fp64" {
		return torch.Float64
	}
	return torch.Float32
}

// dropOptimiser frees the moments, twice the network's memory, before what only
// needs the network.
func (t *trainer) dropOptimiser() {
	t.opt.Close()
	t.opt = &adam{}
}

func (t *trainer) Close() {
	t.opt.Close()
	t.net.Close()
}

// rate is the learning rate of an epoch, counted from 0.
func (t Training) rate(epoch int) float64 {
	return t.LR * math.Pow(t.Decay, float64(epoch/t.DecayEvery))
}

// epoch trains once over the stage's cases. Draws depend on seed, fold, stage
// kind and epoch, and not on the arm, so that paired arms see the same crops.
// What it fed to the network, it notes in saw.
func (t *trainer) epoch(ctx context.Context, st stage, epoch int, saw groupSet) (row Epoch, err error) {
	start := time.Now()
	key := []any{"train", t.unit.Seed, t.unit.Fold, len(st.train), epoch}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready, wait := t.in.load(ctx, order(st.train, t.unit.Training.Batch, key...), key...)
	lr := t.unit.Training.rate(epoch)
	var seen, classification, attention float64
	for b := range ready {
		lc, ls, err := t.step(b, st.lambda, lr)
		if err != nil {
			cancel()
			for range ready { // let the loader end
			}
			wait()
			return row, err
		}
		saw.add(b.groups...)
		n := float64(b.n)
		seen, classification, attention = seen+n, classification+n*lc, attention+n*ls
	}
	if err := wait(); err != nil {
		return row, err
	}
	row = Epoch{Stage: st.name, Backbone: st.backbone, Lambda: st.lambda, Epoch: epoch + 1, LR: lr, Classification: classification / seen, Attention: attention / seen, Validation: math.NaN()}
	if math.IsNaN(row.Classification) || math.IsInf(row.Classification, 0) {
		return row, diverged(st, epoch)
	}
	row.Seconds = time.Since(start).Seconds()
	return row, nil
}

func diverged(st stage, epoch int) error {
	return fmt.Errorf("%s, epoch %d: the loss is no number any more: the training diverged; lower learning_rate", st.name, epoch+1)
}

// step makes one optimiser step and returns L_C and the sum of L_S.
func (t *trainer) step(b hostBatch, lambda, lr float64) (classification, attention float64, err error) {
	mode := t.mode
	mode.Grad = true
	n, side := t.net, t.unit.Training.Crop
	err = torch.Do(mode, func(s *torch.Scope) {
		var tb batch
		for v := range b.images {
			tb.images = append(tb.images, n.images(s, b.images[v], b.n, side))
			if lambda > 0 {
				tb.masks = append(tb.masks, n.toDevice(s, torch.New(s, b.masks[v], torch.CPU, b.n, side, side)))
			}
		}
		tb.labels = n.toDevice(s, torch.New(s, b.labels, torch.CPU, b.n))
		total, lc, ls := n.loss(s, tb, lambda, t.unit.Training.Loss)
		s.Backward(total)
		t.opt.step(s, lr)
		classification = s.Item(lc)
		if lambda > 0 {
			attention = s.Item(ls)
		}
	})
	return classification, attention, err
}

// toDevice converts to the network's type and device, freeing what came in.
func (n *Net) toDevice(s *torch.Scope, x torch.Tensor) torch.Tensor {
	if n.DType == torch.Float32 && n.Device == torch.CPU {
		return x
	}
	y := s.Convert(x, n.DType, n.Device, false)
	s.Free(x)
	return y
}

// ImageNet's mean and deviation, which torchvision's weights were trained with.
var imagenetMean, imagenetDev = [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}

// images brings crops 0…1, count times one plane or three, to the device: one
// grey channel that stands for three equal ones, or three. With ImageNet's
// statistics they become three.
func (n *Net) images(s *torch.Scope, planes []float32, count, side int) torch.Tensor {
	return s.Inner(func(s *torch.Scope) torch.Tensor {
		x := torch.New(s, planes, torch.CPU, count, len(planes)/(count*side*side), side, side)
		if n.imagenet {
			mean := torch.New(s, imagenetMean[:], torch.CPU, 1, 3, 1, 1)
			dev := torch.New(s, imagenetDev[:], torch.CPU, 1, 3, 1, 1)
			x = s.Div(s.Sub(x, mean), dev)
		}
		return s.Convert(x, n.DType, n.Device, true)
	})
}
