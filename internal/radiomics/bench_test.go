package radiomics

import (
	"context"
	"fmt"
	"syscall"
	"testing"
)

// measure times f by the processor's clock too: on a shared machine the wall's
// says little.
func measure(b *testing.B, f func()) {
	b.ReportAllocs()
	spent := func() (ns int64) {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := spent()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(spent()-before)/float64(b.N), "cpu-ns/op")
}

// One class each of brain1's lesion (4,137 voxels in a box of 47×70×7), the
// discretisation apart.
func BenchmarkClasses(b *testing.B) {
	r := sharedRegion(b, "brain1")
	o := defaultOptions()
	g := grey(b, r, Binning{Width: 25})
	b.Run("discretise", func(b *testing.B) {
		measure(b, func() { grey(b, r, Binning{Width: 25}).release() })
	})
	for _, class := range FeatureClasses() {
		if compute := greyClasses[class]; compute != nil {
			b.Run(class, func(b *testing.B) {
				measure(b, func() { compute(g, &o) })
			})
		}
	}
	b.Run("shape", func(b *testing.B) {
		measure(b, func() { Shape(r) })
	})
}

// Everything that default settings ask for, and the wavelet's bands too, without
// reading files.
func BenchmarkExtract(b *testing.B) {
	image, mask := sharedCase(b, "brain1")
	for _, types := range []string{"{Original: {}}", "{Original: {}, Wavelet: {}}"} {
		s, err := parseSettings("settings", []byte("imageType: "+types))
		if err != nil {
			b.Fatal(err)
		}
		s.Features = DefaultSettings().Features
		b.Run(fmt.Sprint(len(s.ImageTypes)), func(b *testing.B) {
			measure(b, func() {
				if _, err := Extract(context.Background(), image, mask, 1, s, 1); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
