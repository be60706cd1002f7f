package phantom

import (
	"testing"

	"magn/internal/draw"
	"magn/internal/volume"
)

// One stack of a view at 256 pixels a side, without noise.
func BenchmarkScan(b *testing.B) {
	opt := Options{Patients: 12, Seed: 1, Size: 256, Difficulty: .2}
	tex := newTexture(draw.New("phantom", opt.Seed, "texture"))
	p := opt.patients()[0]
	body := newAnatomy(opt, p, tex)
	for _, v := range volume.Views {
		b.Run(v.String(), func(b *testing.B) {
			s := stacksOf(opt, p, body, v)[0]
			for b.Loop() {
				if _, err := scan(b.Context(), body, s, newBias(draw.New("coil"), body.focus()), []*weighting{&t1Post}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
