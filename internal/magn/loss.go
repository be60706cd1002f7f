package magn

import (
	"fmt"

	"magn/internal/torch"
)

// attentionLoss is L_S of one view: the mean over the batch's images that have
// a lesion in their mask (an empty mask is skipped). raw is the map at the crop's
// size before min–max [B,H,W], mask [B,H,W] 0 or 1.
//
//	normalised  Σ(T−M)²/Σ(T+M), T = sigmoid(100(A−0.4))   (soft threshold of Li et al. 2018)
//	mse         mean (A−M)²                                (the paper)
//	energy      1 − ΣR·M/ΣR, R the map before min–max      (arXiv 2303.11932)
func attentionLoss(s *torch.Scope, form string, raw, mask torch.Tensor) torch.Tensor {
	has := s.Greater(s.Sum(mask, false, 1, 2), 0) // [B]
	var each torch.Tensor
	switch form {
	case LossNormalised:
		t := s.Sigmoid(s.Affine(normaliseMap(s, raw), 100, -40))
		d := s.Sub(t, mask)
		each = s.Div(s.Sum(s.Mul(d, d), false, 1, 2), s.Sum(s.Add(t, mask), false, 1, 2))
	case LossMSE:
		shape, _ := s.Shape(mask)
		if s.Err() != nil {
			return torch.Tensor{}
		}
		d := s.Sub(normaliseMap(s, raw), mask)
		each = s.Affine(s.Sum(s.Mul(d, d), false, 1, 2), 1/float64(shape[1]*shape[2]), 0)
	case LossEnergy:
		inside := s.Div(s.Sum(s.Mul(raw, mask), false, 1, 2), s.Affine(s.Sum(raw, false, 1, 2), 1, 1e-8))
		each = s.Affine(inside, -1, 1)
	default:
		s.Fail(fmt.Errorf("attention loss %q: expected normalised, mse or energy", form))
		return torch.Tensor{}
	}
	// A batch without any lesion in this view: nought over one.
	n := s.Sum(has, false, 0)
	return s.Div(s.Sum(s.Mul(each, has), false, 0), s.Add(n, s.Affine(s.Greater(n, 0), -1, 1)))
}

// Batch is what one step sees: images per view [B,1 or 3,H,W] and masks per view
// [B,H,W], labels [B].
type batch struct {
	images, masks []torch.Tensor
	labels        torch.Tensor
}

// loss is L = L_C + λ Σ_v L_S,v and its parts. Without attention λ is 0 and
// L_S is not computed.
func (n *Net) loss(s *torch.Scope, b batch, lambda float64, form string) (total, classification, attention torch.Tensor) {
	logits, features := n.forward(s, b.images, true)
	classification = s.BCE(s.Convert(logits, n.DType, n.Device, false), b.labels)
	total = classification
	if lambda == 0 {
		return total, classification, torch.Tensor{}
	}
	// The true class decides the sign in training: +1 positive, −1 negative.
	sign := s.Reshape(s.Affine(b.labels, 2, -1), -1, 1, 1)
	for v, f := range features {
		l := s.Inner(func(s *torch.Scope) torch.Tensor {
			shape, _ := s.Shape(b.masks[v])
			if s.Err() != nil {
				return torch.Tensor{}
			}
			return attentionLoss(s, form, s.Upsample(n.rawMap(s, v, f, sign), shape[1], shape[2]), b.masks[v])
		})
		if v == 0 {
			attention = l
		} else {
			attention = s.Add(attention, l)
		}
	}
	total = s.Add(classification, s.Affine(attention, lambda, 0))
	return total, classification, attention
}
