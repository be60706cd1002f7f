package intake

import "strings"

// weighting tells T1 from the times of the sequence, in ms. The limits are wide:
// they part weightings, not protocols. Spin echo: T1 has a short TE and a TR of up
// to 1200 (3 T), T2 a long TE, proton density a short TE and a long TR. Inversion
// recovery: STIR inverts for 80–260, T1 FLAIR and MPRAGE for 500–1200, FLAIR
// longer. Gradient echo: T1 is spoiled, TE up to 10 and a flip angle that saturates.
func (s *Series) weighting() {
	f := s.Facts
	up := strings.ToUpper(f.Scanning + `\` + f.SequenceName + `\` + f.Variant)
	is := func(list string, word string) bool {
		for _, w := range strings.Split(strings.ToUpper(list), `\`) {
			if strings.TrimSpace(w) == word {
				return true
			}
		}
		return false
	}
	// Echo Pulse Sequence of enhanced files says GRADIENT, SPIN or BOTH (C.8.13.4.1).
	gr := is(f.Scanning, "GR") || is(f.Scanning, "GRADIENT") || is(f.Scanning, "BOTH")
	se := is(f.Scanning, "SE") || is(f.Scanning, "SPIN") || is(f.Scanning, "BOTH")
	if !gr && !se && f.TR > 0 && f.TR < 50 { // research mode (RM), or not said: no spin echo is that fast
		gr = true
	}
	ir := is(f.Scanning, "IR") || f.TI > 0
	verdict := func(v Verdict, format string, args ...any) {
		s.T1 = v
		s.say(format, args...)
	}
	spinEcho := se || !gr && f.EchoTrain > 1
	switch {
	case f.TR <= 0 || f.TE <= 0:
		switch t1, other := s.words.has(t1Words), s.words.has(notT1Words); {
		case other && !t1:
			verdict(No, "its description names another weighting; TR and TE are not said")
		case t1 && !other:
			verdict(Unsure, "T1 by its description only; TR and TE are not said")
		default:
			verdict(Unsure, "weighting not known: TR and TE are not said")
		}
	case is(f.Scanning, "EP") || strings.Contains(up, "EP2D"):
		verdict(No, "echo planar")
	case f.TE > 40:
		verdict(No, "T2 weighted: TE %.0f ms", f.TE)
	case ir && f.TI > 0 && f.TI < 350 && f.TR > 1200:
		verdict(No, "STIR: TI %.0f ms", f.TI)
	case ir && f.TI > 1400:
		verdict(No, "FLAIR: TI %.0f ms", f.TI)
	case ir && f.TI >= 350 && f.TE <= 30:
		verdict(Yes, "T1 weighted: inversion recovery, TI %.0f ms", f.TI)
	case gr && f.AcquisitionType == "3D":
		switch {
		case is(f.Variant, "SS") && !is(f.Variant, "SP") && f.FlipAngle > 30:
			verdict(No, "balanced steady state: flip angle %.0f°, not spoiled", f.FlipAngle)
		case f.TE > 12:
			verdict(No, "T2* weighted: gradient echo, TE %.0f ms", f.TE)
		case f.FlipAngle > 0 && f.FlipAngle < 7:
			verdict(Unsure, "gradient echo, flip angle %.0f°: hardly T1 weighted", f.FlipAngle)
		case f.TR <= 40:
			verdict(Yes, "T1 weighted: 3-D gradient echo, TR %.1f ms, TE %.1f ms, flip angle %.0f°", f.TR, f.TE, f.FlipAngle)
		default:
			verdict(Unsure, "3-D gradient echo, TR %.0f ms", f.TR)
		}
	case gr && !se:
		switch {
		case f.TE > 12:
			verdict(No, "T2* weighted: gradient echo, TE %.0f ms", f.TE)
		case f.TR < 30 && s.Grid.Size[2] <= 20 && f.AcquisitionType != "3D":
			// One slice after the other in a second each: what localizers are made with.
			verdict(No, "a localizer's sequence: 2-D gradient echo, TR %.0f ms", f.TR)
		case f.FlipAngle >= 40 && f.TR <= 600:
			verdict(Yes, "T1 weighted: gradient echo, TR %.0f ms, TE %.1f ms, flip angle %.0f°", f.TR, f.TE, f.FlipAngle)
		default:
			verdict(Unsure, "gradient echo, TR %.0f ms, TE %.1f ms, flip angle %.0f°", f.TR, f.TE, f.FlipAngle)
		}
	case spinEcho || f.Scanning == "" || f.Scanning == "RM":
		switch {
		case f.TR < 150:
			verdict(Unsure, "TR %.0f ms: too short for the spin echo that the header says", f.TR)
		case f.TE > 30:
			verdict(No, "not T1 weighted: TE %.0f ms", f.TE)
		case f.TR <= 1200:
			verdict(Yes, "T1 weighted: spin echo, TR %.0f ms, TE %.0f ms", f.TR, f.TE)
		case f.TR > 1500:
			verdict(No, "proton density: TR %.0f ms, TE %.0f ms", f.TR, f.TE)
		default:
			verdict(Unsure, "spin echo, TR %.0f ms: long for T1", f.TR)
		}
	default:
		verdict(Unsure, "TR %.0f ms, TE %.0f ms, of an unknown sequence", f.TR, f.TE)
	}
}
