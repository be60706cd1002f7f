package phantom

import (
	"context"
	"fmt"

	"magn/internal/draw"
	"magn/internal/volume"
)

// stackKey names a stack of an exam.
func stackKey(s stack) string {
	if s.station > 1 {
		return fmt.Sprintf("%s_%d", s.view, s.station)
	}
	return s.view.String()
}

func seriesKey(k kind, s stack) string { return fmt.Sprintf("%d/%s", k, stackKey(s)) }

// render acquires the images of an exam: those of the same stack at once. only says
// which series are wanted; nil means all.
func (e *exam) render(ctx context.Context, only func(*series) bool) error {
	groups := map[string][]*series{}
	var order []string
	for _, s := range e.series {
		if only != nil && !only(s) {
			continue
		}
		key := stackKey(s.stack)
		if s.kind == localizer {
			key = "localizer " + key
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], s)
	}
	for _, key := range order {
		if err := e.acquire(ctx, key, groups[key]); err != nil {
			return err
		}
	}
	return nil
}

// acquire samples one stack for all its series and adds their noise. A subtraction
// is made of the two series that it is made of, noise and all.
func (e *exam) acquire(ctx context.Context, key string, list []*series) error {
	var weights []*weighting
	var plain []*series
	for _, s := range list {
		if w := s.kind.weights(); w != nil {
			weights = append(weights, w)
			plain = append(plain, s)
		}
	}
	if len(weights) > maxWeights {
		return fmt.Errorf("%s: %d series of one stack, expected at most %d", e.id, len(weights), maxWeights)
	}
	sc, err := scan(ctx, e.body, list[0].stack, e.gain, weights)
	if err != nil {
		return err
	}
	byKind := map[kind]*series{}
	for i, s := range plain {
		r := draw.New("phantom", e.opt.Seed, "noise", e.person, e.exam, s.key)
		s.image = rician(r, sc.images[i], e.scale(s), e.noise(s))
		most := manners[e.maker].most()
		for k, x := range s.image {
			s.image[k] = min(x, most)
		}
		byKind[s.kind] = s
		if s.used {
			e.truths[key] = sc.truth
		}
	}
	for _, s := range list {
		if s.kind == subtracted {
			a, b := byKind[after], byKind[before]
			s.image = make([]float32, len(a.image))
			for i := range s.image {
				s.image[i] = max(0, a.image[i]-b.image[i])
			}
		}
	}
	return nil
}

// scale is how many units of the scanner a unit of signal is; it differs from
// series to series, as prescans do.
func (e *exam) scale(s *series) float64 {
	key := s.key
	if s.kind == before || s.kind == after { // one setting, or a subtraction would be useless
		key = "t1"
	}
	r := draw.New("phantom", e.opt.Seed, "prescan", e.person, e.exam, key)
	return manners[e.maker].scale * (.85 + .3*r.Float64())
}

// volume is a series' image on its grid.
func (s *series) volume() *volume.Volume { return &volume.Volume{Grid: s.stack.grid, Data: s.image} }
