package radiomics

import (
	"context"
	"fmt"
	"math"

	"magn/internal/fault"
)

// filter calls yield with each image of a type, cut to the lesion's box. Most
// filters need the whole image around it, or its extreme values; none computes
// more than the box asks for.
func (p *Prepared) filter(ctx context.Context, t *ImageType, workers int, yield func(name string, values []float64) error) error {
	im, b, o := p.Image, p.box(), &t.Options
	if err := ctx.Err(); err != nil {
		return err
	}
	switch t.Name {
	case "Original":
		return yield("original", b.take(im.Values, im.Size))
	case "Wavelet":
		return im.waveletBands(ctx, b, o, workers, yield)
	case "LoG":
		return p.laplacians(ctx, b, o, workers, yield)
	case "Square", "SquareRoot", "Logarithm", "Exponential":
		values := b.take(im.Values, im.Size)
		name := pointwise(t.Name, values, im.extreme())
		return yield(name, values)
	case "Gradient":
		return yield("gradient", im.gradient(b, o.GradientUseSpacing))
	case "LBP2D":
		return yield("lbp-2D", im.lbp2D(b, o))
	}
	return &fault.Input{File: "settings", Field: "imageType." + t.Name, Found: "a filter that is not offered", Do: "leave it out"}
}

// single says whether the type's images are of single precision, as ITK's
// filters make them and numpy's do not; of is the type of the image that is
// filtered.
func (t *ImageType) single(of PixelType) bool {
	switch t.Name {
	case "LoG", "Gradient":
		return true
	case "Original", "LBP2D":
		return of == Float32
	}
	return false
}

// laplacians calls yield for each sigma that the image is large enough for.
func (p *Prepared) laplacians(ctx context.Context, b box, o *Options, workers int, yield func(name string, values []float64) error) error {
	im := p.Image
	spacing := im.Spacing()
	for _, s := range o.Sigma {
		for a, n := range im.Size {
			if need := max(4, math.Ceil(s.MM/spacing[a])+1); float64(n) < need {
				p.LeftOut = append(p.LeftOut, fmt.Sprintf("%s: the image has %d voxels along %s, and LoG needs %g", logName(s), n, "xyz"[a:a+1], need))
				break
			} else if a < 2 {
				continue
			}
			values, err := im.laplacian(ctx, b, s.MM, workers)
			if err != nil {
				return err
			}
			if err := yield(logName(s), values); err != nil {
				return err
			}
		}
	}
	return nil
}

// extreme is the greatest absolute value of the image.
func (im *Image) extreme() float64 {
	m := 0.0
	for _, x := range im.Values {
		m = max(m, math.Abs(x)) // keeps a NaN
	}
	return m
}

// pointwise replaces each value x by a function of it that keeps the image's
// range, m being the image's greatest absolute value, and names the image:
//
//	square       x²/m
//	squareroot   sign(x) √(m|x|)
//	logarithm    sign(x) m ln(|x|+1) / ln(m+1)
//	exponential  exp(x ln(m) / m)
func pointwise(filter string, values []float64, m float64) string {
	switch filter {
	case "Square":
		c := 1 / math.Sqrt(m)
		for i, x := range values {
			values[i] = float64(c*x) * float64(c*x)
		}
		return "square"
	case "SquareRoot":
		for i, x := range values {
			values[i] = math.Copysign(math.Sqrt(math.Abs(x)*m), x)
		}
		return "squareroot"
	case "Logarithm":
		c := m / math.Log(m+1)
		for i, x := range values {
			values[i] = math.Copysign(math.Log(math.Abs(x)+1), x) * c
		}
		return "logarithm"
	default:
		c := math.Log(m) / m
		for i, x := range values {
			values[i] = math.Exp(c * x)
		}
		return "exponential"
	}
}

// gradient is the length of the gradient in the box, in grey values a
// millimetre, or a voxel where spacing does not count: central differences,
// with the outermost voxel repeated beyond the image, in single precision as
// itk::GradientMagnitudeImageFilter stores it.
func (im *Image) gradient(b box, useSpacing bool) []float64 {
	half := [3]float64{.5, .5, .5}
	if useSpacing {
		for a, mm := range im.Spacing() {
			half[a] = .5 * (1 / mm)
		}
	}
	stride := [3]int{1, im.Size[0], im.Size[0] * im.Size[1]}
	out := make([]float64, 0, voxels(b.size))
	for z := b.low[2]; z < b.low[2]+b.size[2]; z++ {
		for y := b.low[1]; y < b.low[1]+b.size[1]; y++ {
			for x := b.low[0]; x < b.low[0]+b.size[0]; x++ {
				n := x + stride[1]*y + stride[2]*z
				sum := 0.0
				for a, at := range [3]int{x, y, z} {
					before, after := n, n
					if at > 0 {
						before -= stride[a]
					}
					if at < im.Size[a]-1 {
						after += stride[a]
					}
					g := float64(half[a]*im.Values[after]) - float64(half[a]*im.Values[before])
					sum += float64(g * g)
				}
				out = append(out, float64(float32(math.Sqrt(sum))))
			}
		}
	}
	return out
}
