package phantom

import "math"

// soft is everything that is not spine: skin, fat, muscles, vessels, belly, lungs.
// up is the height above the first lumbar vertebra's middle, mm.
func (a *anatomy) soft(x, u, w, t, z float64) spot {
	// The trunk is a flat oval, the spine near its back.
	centre := 98 - a.skin
	du, dw := u/160, (w-centre)/98
	out := .6*(du*du+dw*dw) + .4*(du*du*du*du+dw*dw*dw*dw)
	groove := 5 * smooth((26-math.Abs(u))/26) // the furrow of the back
	depth := (1 - out) * 48
	if w < 0 {
		depth -= groove * smooth((-40-w)/20)
	}
	if depth < 0 {
		return pure(air, 0)
	}
	au := math.Abs(u)
	if depth < a.fat {
		if depth < 1.7 {
			return pure(muscle, .9)
		}
		septum := smooth(a.tex.at(u/6, w/2.2, z/6)*5 - 2.7)
		return blend(fat, ligament, .35*septum, 1+.04*a.tex.at(u/9, w/9, z/9+a.shift))
	}
	if depth < a.fat+1.6 { // fascia
		return pure(ligament, 1.2)
	}
	if w < -18+.0022*u*u {
		if s, ok := a.back(u, au, w, t); ok {
			return s
		}
	}
	return a.front(x, u, au, w, z, z-a.lumbar)
}

// back is the muscles beside the processes: multifidus, then longissimus and
// iliocostalis as one mass with a septum, and quadratus lumborum; fatty streaks run
// through them and fat lies between.
func (a *anatomy) back(u, au, w, t float64) (spot, bool) {
	ragged := .1 * a.tex.at(u/8, w/8+a.shift, t/30)
	at := func(mu, mw, ru, rw float64) float64 {
		return (au-mu)*(au-mu)/(ru*ru) + (w-mw)*(w-mw)/(rw*rw) + ragged
	}
	d := at(62, -12, 19, 8)                    // quadratus lumborum
	if e := at(13.5, -45, 13.5, 16.5); e < d { // multifidus
		d = e
	}
	if e := at(42, -45+.1*(au-42), 31, 18); e < d || e < 1 && d > .9 {
		// The septum between the two leans outwards.
		septum := .45 * smooth(1.6-math.Abs(au-46-.35*(w+45)))
		d = max(e, .92*septum)
	}
	if d >= 1.03 {
		return pure(fat, .88+.05*a.tex.at(u/6, w/6, t/6)), true
	}
	streak := a.tex.at(u/3+a.shift, w/3, t/26)
	share := .7*smooth(streak*4-2.2) + .6*smooth((d-.93)*10) + .2*smooth(a.tex.at(u/9, w/9+a.shift, t/40)*3-.6)
	return blend(muscle, fat, min(share, .9), 1+.08*a.tex.at(u/1.8, w/1.8, t/30)), true
}

// front is what lies beside and before the bodies: psoas, great vessels, kidneys,
// liver and spleen below the lungs, and loops of bowel in fat.
func (a *anatomy) front(x, u, au, w, z, up float64) spot {
	// Psoas begins at the first lumbar vertebra and grows downwards.
	if full := smooth((25 - up) / 110); full > 0 {
		ru, rw := 2+16*full, 3+17*full
		mu := 24 + ru*.75 + 2*full
		if d := (au-mu)*(au-mu)/(ru*ru) + (w+3)*(w+3)/(rw*rw) + .1*a.tex.at(u/9, w/9, z/30); d < 1 {
			streak := a.tex.at(u/3.4+a.shift, w/3.4, z/30)
			return blend(muscle, fat, .5*smooth(streak*5-3.1)+.3*smooth((d-.9)*8), 1+.06*a.tex.at(u/1.8, w/1.8, z/30))
		}
	}
	if d := (u+10)*(u+10) + (w-27.5)*(w-27.5); d < 81 { // aorta, to the patient's left; its wall is seen
		return blend(flow, muscle, smooth((d-58)/18), 1+.25*a.tex.at(u/2, w/2, z/12))
	}
	if d := (u-14)*(u-14)/(11*11) + (w-25.5)*(w-25.5)/(7.5*7.5); d < 1 { // caval vein
		return blend(flow, muscle, .15+.6*smooth((d-.75)/.25), 1+.3*a.tex.at(u/3, w/2, z/10))
	}
	// The diaphragm's domes, crura beside the spine, lungs above.
	dome := 48 + 34*(1-smooth(math.Abs(au-68)/70)) + 8*a.tex.at(u/40, w/40, a.shift) - .3*(w-10)
	if au > 17 && up > dome {
		if up < dome+2.2 {
			return pure(muscle, .9)
		}
		vessel := smooth(a.tex.at(u/3, w/3, z/5)*5 - 3.2)
		return blend(air, venous, .05+.5*vessel, 1)
	}
	if s, ok := a.kidney(u, au, w, z, up); ok {
		return s
	}
	if s, ok := a.glands(u, w, z, dome-up); ok {
		return s
	}
	// The fat behind the belly, with strands.
	if w < 25+8*a.tex.at(u/14, z/14, a.shift)+.0016*u*u && au > 12 {
		strand := smooth(a.tex.at(u/12, w/3, z/12+a.shift)*5 - 3)
		return blend(fat, ligament, .35*strand, .84+.05*a.tex.at(u/7, w/7, z/7))
	}
	return a.bowel(x, w, z)
}

// glands are the liver on the right and the spleen on the left, under the domes;
// below is how far under them a point is, mm.
func (a *anatomy) glands(u, w, z, below float64) (spot, bool) {
	du, dw, end := (u-88)/62, (w-40)/50, 95. // mm from the dome to the lower edge
	if u < 0 {
		du, dw, end = (u+98)/30, (w-8)/40, 70
	}
	inside := 1 - du*du - dw*dw - .12*a.tex.at(u/22, w/22, z/22+a.shift)
	if inside < 0 || below > end*math.Sqrt(inside)+10*a.tex.at(u/30, w/30, z/30) {
		return spot{}, false
	}
	vessel := smooth(a.tex.at(u/5, w/5+a.shift, z/9)*5 - 3.2)
	return blend(organ, flow, .8*vessel, 1.12+.03*a.tex.at(u/4, w/4, z/4)), true
}

// kidney has a cortex, pyramids and a sinus of fat.
func (a *anatomy) kidney(u, au, w, z, up float64) (spot, bool) {
	tilt := .18 * up // the lower pole lies farther out
	right := 0.
	if u > 0 {
		right = 12 // the right one lies lower
	}
	du, dw, dz := (au-66+tilt)/22, (w-2)/26, (up+22+right)/52
	d := du*du + dw*dw + dz*dz
	if d >= 1.25 {
		return spot{}, false
	}
	if d >= 1 {
		return pure(fat, .92), true // its capsule of fat
	}
	su, sw := (au-57+tilt)/13, (w-6)/12
	sinus := smooth((1 - su*su - sw*sw - dz*dz*2.6 + .5*a.tex.at(u/5, w/5+a.shift, z/7)) * 2.2)
	pyramid := smooth((a.tex.at(u/5+a.shift, w/5, z/6)-.05)*6) * smooth((.8-d)*8)
	s := blend(organ, fat, .9*sinus, 1.45-.35*pyramid+.04*a.tex.at(u/4, w/4, z/4))
	if sinus > .3 {
		s.gain = 1
	}
	return s, true
}

// bowel is loops in fat, some with gas. Its signal is mostly taken away by the
// saturation band that spine protocols lay over it (see bias).
func (a *anatomy) bowel(x, w, z float64) spot {
	loops := a.tex.at(x/15+a.shift, w/13, z/17) + .4*a.tex.at(x/6, w/6+a.shift, z/6)
	in := smooth((loops + .12) * 9)
	wall := smooth(1 - math.Abs(loops+.04)*12)
	gas := smooth(a.tex.at(x/18, w/18, z/18+a.shift)*7 - 2.8)
	s := spot{of: [3]tissue{fat, organ, air}, gain: .8 + .12*a.tex.at(x/4, w/4, z/4) + .25*wall*in}
	s.share = [3]float64{1 - in, in * (1 - gas), in * gas}
	return s
}
