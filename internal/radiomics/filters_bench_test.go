package radiomics

import (
	"context"
	"testing"
)

// Filters of brain1 (256×256×25 voxels) for its lesion's box, and of the whole
// image; resampling to 2 mm as settings would. One worker.
func BenchmarkFilters(b *testing.B) {
	im, mask := sharedCase(b, "brain1")
	ctx := context.Background()
	p, err := Prepare(ctx, im, mask, 1, DefaultSettings(), 1)
	if err != nil {
		b.Fatal(err)
	}
	skip := func(string, []float64) error { return nil }
	for _, c := range []struct {
		name string
		box  box
	}{{"lesion", p.box()}, {"whole", box{size: im.Size}}} {
		for name, filter := range map[string]func(o *Options) error{
			"wavelet": func(o *Options) error { return im.waveletBands(ctx, c.box, o, 1, skip) },
			"log3":    func(*Options) error { _, err := im.laplacian(ctx, c.box, 3, 1); return err },
			"gradient": func(*Options) error {
				im.gradient(c.box, true)
				return nil
			},
			"lbp2D": func(o *Options) error { im.lbp2D(c.box, o); return nil },
			"square": func(*Options) error {
				pointwise("Square", c.box.take(im.Values, im.Size), im.extreme())
				return nil
			},
		} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				o := defaultOptions()
				measure(b, func() {
					if err := filter(&o); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
	for _, method := range []Interpolator{BSpline, Linear, NearestNeighbor} {
		s := DefaultSettings()
		s.ResampledPixelSpacing, s.Interpolator = &[3]float64{2, 2, 2}, method
		b.Run("resample/"+string(method), func(b *testing.B) {
			measure(b, func() {
				if _, err := Prepare(ctx, im, mask, 1, s, 1); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
	s := DefaultSettings()
	s.Normalize = true
	b.Run("normalise", func(b *testing.B) {
		measure(b, func() {
			if _, err := Prepare(ctx, im, mask, 1, s, 1); err != nil {
				b.Fatal(err)
			}
		})
	})
}
