package radiomics

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"magn/internal/testenv"
)

// small is an image of odd and even sizes on an ordinary grid.
func small(name, op, kind string) *truthCase {
	return &truthCase{
		Name: name, Op: op, Type: kind, Size: [3]int{23, 18, 13}, Shift: 60,
		Spacing: [3]float64{.7, .9, 2.5}, Origin: [3]float64{-11.3, 20.7, 5.1}, Direction: straight, LeaveOut: -1,
	}
}

// truthCases lists the cases; those on shared images are left out where there
// are none.
func truthCases(t testing.TB) []*truthCase {
	var all []*truthCase
	add := func(c *truthCase, set func(*truthCase)) {
		set(c)
		all = append(all, c)
	}
	for _, kind := range []string{"int16", "uint8", "float32", "float64"} {
		for _, sigma := range []float64{.5, 1, 3, 5} {
			add(small(fmt.Sprintf("log-%s-%g", kind, sigma), "log", kind), func(c *truthCase) {
				c.Sigma, c.tolerance = sigma, 1.3e-7 // a last bit of float32, where the passes' sums differ in order
			})
		}
		for _, spacing := range []bool{true, false} {
			add(small(fmt.Sprintf("gradient-%s-%v", kind, spacing), "gradient", kind), func(c *truthCase) { c.UseSpacing = spacing })
		}
		add(small("pointwise-"+kind, "pointwise", kind), func(c *truthCase) { c.tolerance = 1e-15 })
	}
	add(small("log-oblique", "log", "int16"), func(c *truthCase) { c.Sigma, c.Direction, c.tolerance = 2, oblique, 1.3e-7 })

	for _, kind := range []string{"int16", "float32", "float64"} {
		for _, w := range []string{"coif1", "db3", "bior2.4", "rbio3.3"} {
			add(small("wavelet-"+kind+"-"+w, "wavelet", kind), func(c *truthCase) { c.Wavelet, c.Level = w, 1 })
		}
	}
	for _, w := range []string{
		"haar", "db1", "db10", "db20", "db38", "sym2", "sym5", "sym8", "sym13", "sym20", "coif3", "coif17",
		"dmey", "bior1.1", "bior1.3", "bior3.9", "bior4.4", "bior5.5", "bior6.8", "rbio1.5", "rbio2.8", "rbio4.4",
	} {
		add(small("wavelet-"+w, "wavelet", "int16"), func(c *truthCase) { c.Wavelet, c.Level = w, 1 })
	}
	for _, n := range []struct{ level, start, leaveOut int }{{2, 0, -1}, {1, 1, -1}, {2, 1, 0}, {1, 0, 0}, {1, 0, 1}, {3, 0, 2}} {
		add(small(fmt.Sprintf("wavelet-levels-%d-%d-%d", n.level, n.start, n.leaveOut), "wavelet", "int16"), func(c *truthCase) {
			c.Wavelet, c.Level, c.Start, c.LeaveOut = "coif1", n.level, n.start, n.leaveOut
		})
	}
	add(small("wavelet-large", "wavelet", "int16"), func(c *truthCase) {
		c.Size, c.Wavelet, c.Level = [3]int{61, 44, 29}, "coif1", 2
	})

	for d := range 3 {
		for _, m := range []string{"default", "ror", "uniform", "var"} {
			for _, kind := range []string{"int16", "float64"} {
				add(small(fmt.Sprintf("lbp-%s-%s-%d", kind, m, d), "lbp", kind), func(c *truthCase) {
					c.Dimension, c.Method, c.Samples, c.Radius, c.tolerance = d, m, 8, 1, 1e-14 // variances
				})
			}
		}
	}
	add(small("lbp-wide", "lbp", "uint8"), func(c *truthCase) { c.Method, c.Samples, c.Radius = "default", 12, 2.3 })
	add(small("lbp-few", "lbp", "float32"), func(c *truthCase) { c.Method, c.Samples, c.Radius, c.tolerance = "var", 5, 1.7, 1e-7 })

	return append(all, append(preparations(t), brain(t)...)...)
}

// preparations are images and masks made ready in PyRadiomics' ways.
func preparations(t testing.TB) []*truthCase {
	var all []*truthCase
	add := func(name, kind string, settings map[string]any, set func(*truthCase)) {
		c := small("prepare-"+name, "prepare", kind)
		c.Settings = settings
		ball := *c
		ball.Radius, ball.Type = 6, "uint8"
		c.Mask = &ball
		if set != nil {
			set(c)
		}
		all = append(all, c)
	}
	type s = map[string]any
	for _, kind := range []string{"int16", "uint8", "float32", "float64"} {
		for _, method := range []Interpolator{BSpline, Linear, NearestNeighbor} {
			add(fmt.Sprintf("%s-%s", kind, method), kind, s{"interpolator": method, "resampledPixelSpacing": []float64{1, 1, 1}}, nil)
		}
		add("normalize-"+kind, kind, s{"normalize": true, "normalizeScale": 100, "removeOutliers": 2}, func(c *truthCase) { c.tolerance = 1e-13 })
	}
	// Places half way between voxels, and on voxels.
	for _, mm := range [][]float64{{1.4, 1.8, 5}, {.35, .45, 1.25}, {.7, .9, 1.25}, {2.1, 2.7, 2.5}, {1.4, 1.8, 0}, {.233, .3, 2.5}} {
		for _, direction := range [][9]float64{straight, {-1, 0, 0, 0, -1, 0, 0, 0, 1}, {0, 0, 1, 1, 0, 0, 0, -1, 0}} {
			add(fmt.Sprintf("ties-%g-%g-%g-%g", mm[0], mm[2], direction[0], direction[2]), "int16",
				s{"resampledPixelSpacing": mm, "padDistance": 2}, func(c *truthCase) { c.Direction, c.Mask.Direction = direction, direction })
		}
	}
	add("oblique", "float64", s{"resampledPixelSpacing": []float64{1.1, 1.23, 1.31}}, func(c *truthCase) {
		c.Direction, c.Mask.Direction, c.tolerance = oblique, oblique, 1e-13
	})
	add("thin", "int16", s{"resampledPixelSpacing": []float64{1, 1, 1}, "minimumROIDimensions": 1}, func(c *truthCase) { c.Mask.Radius = 1 })
	add("slices", "float64", s{"resampledPixelSpacing": []float64{.5, .5, 1}, "padDistance": 0}, func(c *truthCase) {
		c.Size[2], c.Mask.Size[2] = 3, 3
	})
	add("other-grid", "float64", s{"resampledPixelSpacing": []float64{.8, .8, .8}}, func(c *truthCase) {
		c.Size = [3]int{60, 40, 30}
		c.Origin = [3]float64{-20, 10, 0}
		c.Direction, c.tolerance = oblique, 1e-13
	})
	add("same-spacing", "int16", s{"resampledPixelSpacing": []float64{.7, .9, 2.5}, "padDistance": 1}, func(c *truthCase) {
		c.Mask.Origin[0] += .35 // half a voxel
		c.Mask.Radius = 4
	})
	add("precrop", "int16", s{"preCrop": true, "padDistance": 2}, nil)
	add("correct", "int16", s{"correctMask": true}, func(c *truthCase) {
		c.Mask.Spacing = [3]float64{.5, .6, 2}
		c.Mask.Origin = [3]float64{-8, 23, 7}
	})
	add("correct-precrop", "int16", s{"correctMask": true, "preCrop": true}, func(c *truthCase) { c.Mask.Origin[1] += .45; c.Mask.Radius = 4 })
	add("tolerance", "int16", s{"geometryTolerance": .2}, func(c *truthCase) { c.Mask.Origin[1] += .1 })
	for mode, thresholds := range map[string][]float64{"absolute": {10, 90}, "relative": {.3}, "sigma": {1, -1}} {
		add("resegment-"+mode, "float64", s{"resegmentRange": thresholds, "resegmentMode": mode}, func(c *truthCase) { c.Shift = 0 })
		add("resegment-shape-"+mode, "int16", s{"resegmentRange": thresholds, "resegmentMode": mode}, func(c *truthCase) { c.Shift = 0 })
	}
	return all
}

// brain are cases on the shared image brain1; none where there is no shared
// data.
func brain(t testing.TB) []*truthCase {
	if _, err := os.Stat(filepath.Join(testenv.Root(t), "..", "shared")); err != nil && os.Getenv("MAGN_DATA") == "" {
		return nil
	}
	dir := testenv.Data(t, "pyradiomics")
	file := filepath.Join(dir, "brain1_image.nrrd")
	base := truthCase{File: file, Type: "int16", LeaveOut: -1}
	var all []*truthCase
	for _, sigma := range []float64{1, 3, 5} {
		c := base
		c.Name, c.Op, c.Sigma, c.tolerance = fmt.Sprintf("brain1-log-%g", sigma), "log", sigma, 1.3e-7
		all = append(all, &c)
	}
	c := base
	c.Name, c.Op, c.Wavelet, c.Level = "brain1-wavelet", "wavelet", "coif1", 1
	all = append(all, &c)
	for _, mm := range [][]float64{{2, 2, 2}, {3, 3, 3}, {1, 1, 0}} {
		for _, normalize := range []bool{false, true} {
			c := base
			c.Name, c.Op = fmt.Sprintf("brain1-prepare-%g-%g-%v", mm[0], mm[2], normalize), "prepare"
			c.Settings = map[string]any{"resampledPixelSpacing": mm, "normalize": normalize, "normalizeScale": 100}
			c.Mask = &truthCase{File: filepath.Join(dir, "brain1_label.nrrd")}
			if normalize {
				c.tolerance = 1e-12
			}
			all = append(all, &c)
		}
	}
	return all
}
