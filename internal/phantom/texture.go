package phantom

import "math/rand/v2"

// side of the noise cube in lattice points; a power of two, so that wrapping is
// a mask.
const side = 32

// texture is periodic value noise in [-1, 1]: random values on a cubic lattice,
// linear between them.
type texture []float32

func newTexture(r *rand.Rand) texture {
	t := make(texture, side*side*side)
	for i := range t {
		t[i] = 2*r.Float32() - 1
	}
	return t
}

// at is the noise at a point in lattice units.
func (t texture) at(x, y, z float64) float64 {
	// Far from zero, so that truncation is floor for every point of a body.
	const far = 1 << 12
	x, y, z = x+far, y+far, z+far
	i, j, k := int(x), int(y), int(z)
	fx, fy, fz := float32(x-float64(i)), float32(y-float64(j)), float32(z-float64(k))
	const m = side - 1
	i0, i1 := i&m, (i+1)&m
	j0, j1 := (j&m)*side, ((j+1)&m)*side
	k0, k1 := (k&m)*side*side, ((k+1)&m)*side*side
	a := t[k0+j0+i0] + fx*(t[k0+j0+i1]-t[k0+j0+i0])
	b := t[k0+j1+i0] + fx*(t[k0+j1+i1]-t[k0+j1+i0])
	c := t[k1+j0+i0] + fx*(t[k1+j0+i1]-t[k1+j0+i0])
	d := t[k1+j1+i0] + fx*(t[k1+j1+i1]-t[k1+j1+i0])
	a += fy * (b - a)
	c += fy * (d - c)
	return float64(a + fz*(c-a))
}
