package intake

import (
	"math"
	"strings"
)

// judge decides for the series of one examination which were acquired after
// contrast was given, and what each scores.
//
// Evidence, in points: the agent is named +2 (its route or dose +1 more), unless
// the examination names it of its localizer or of its very first series: then
// somebody typed it in for all. A twin, of the same geometry and parameters, was
// acquired later −3 or earlier +3. It was acquired after a series that shows
// contrast +2. Twins within repeatGap of which neither names an agent may be one
// acquisition made again: ±1. Where agents tell, twins that both name one are both after contrast.
// Others acquired later name an agent and it does not −2. The
// description ±1. From 2 on contrast was given, from −2 on it was not.
func judge(list []*Series) {
	informs := agentInforms(list)
	agent := func(s *Series) bool { return informs && agentNamed(s.Facts.Contrast) }
	first := math.Inf(1) // acquisition of the first series that shows contrast
	show := func(s *Series) {
		if t := s.begin(); t < first {
			first = t
		}
	}
	type twins struct{ earlier, later *Series }
	twin := map[*Series]twins{}
	for _, s := range list {
		if s.Verdict == No {
			continue
		}
		if agent(s) {
			show(s)
		}
		for _, o := range list {
			if o == s || o.Verdict == No || !isTwin(s, o) {
				continue
			}
			t := twin[s]
			switch gap := o.begin() - s.begin(); {
			case gap >= twinGap:
				t.later = o
			case gap <= -twinGap:
				t.earlier = o
				// Where both name the agent, or both do not, the later one is after contrast.
				if !agent(o) && o.words.contrast() <= 0 && (agent(s) || gap <= -repeatGap) {
					show(s)
				}
			}
			twin[s] = t
		}
	}
	for _, s := range list {
		if s.Verdict == No {
			continue
		}
		point := func(n int, format string, args ...any) {
			s.contrast += n
			s.say(format, args...)
		}
		switch {
		case agentDenied(s.Facts.Contrast):
			point(-2, "the header says no contrast agent")
		case agent(s):
			point(2, "the header names a contrast agent")
			if s.Facts.ContrastRoute != "" || s.Facts.ContrastVolume > 0 || s.Facts.ContrastDose > 0 {
				point(1, "and its route or dose")
			}
		case agentNamed(s.Facts.Contrast):
			s.say("a contrast agent is named in all series, also those before it: this tells nothing")
		case s.begin() < first && !math.IsInf(first, 1):
			point(-2, "no contrast agent, and acquired before a series that shows one")
		}
		t := twin[s]
		for _, o := range []**Series{&t.earlier, &t.later} {
			if *o != nil && agent(s) && agent(*o) {
				s.say("its twin (series %d) names the agent too: acquired again", (*o).Facts.SeriesNumber)
				*o = nil
			}
		}
		for _, o := range []**Series{&t.earlier, &t.later} {
			if *o != nil && !agent(s) && !agent(*o) && math.Abs(s.begin()-(*o).begin()) < repeatGap {
				n := 1
				if o == &t.later {
					n = -1
				}
				point(n, "its twin (series %d) was acquired within %.0f min: before and after contrast, or acquired again", (*o).Facts.SeriesNumber, repeatGap/60.)
				*o = nil
			}
		}
		if t.earlier != nil {
			point(3, "its twin (series %d) was acquired %.0f min earlier", t.earlier.Facts.SeriesNumber, (s.begin()-t.earlier.begin())/60)
		}
		if t.later != nil {
			point(-3, "its twin (series %d) was acquired %.0f min later", t.later.Facts.SeriesNumber, (t.later.begin()-s.begin())/60)
		}
		if !agent(s) && t.earlier == nil && s.begin() > first {
			point(2, "acquired after a series that shows contrast")
		}
		switch s.words.contrast() {
		case 1:
			point(1, "its description says contrast")
		case -1:
			point(-1, "its description says before contrast")
		}
		switch {
		case s.contrast >= 2:
			s.Contrast = Yes
		case s.contrast <= -2:
			s.Contrast = No
		default:
			s.say("not known whether contrast was given before it")
		}
		s.decide(list)
	}
}

// twinGap is how much later a twin must begin, in seconds: parts and
// reconstructions of one acquisition begin together.
const twinGap = 30

// repeatGap is how much later a twin must begin, in seconds, to be after contrast
// where no header names an agent: what a patient moved in is acquired again at once.
const repeatGap = 180

// decide adds up.
func (s *Series) decide(list []*Series) {
	s.Score = s.contrast
	if s.T1 == Yes {
		s.Score += 2
	}
	doubt := 0
	planes := map[int]bool{}
	for _, o := range list {
		if o.Facts.SeriesUID == s.Facts.SeriesUID && o.Err == nil {
			planes[int(o.View)] = true
		}
	}
	if len(planes) > 1 && !s.Block {
		doubt += 3
		s.say("its series holds several planes, as localizers do")
	}
	if s.words.has(scout) {
		doubt += 2
		s.say("its description says localizer")
	}
	if s.Of > 1 && s.By != "" {
		doubt += 3
		s.say("one of %d volumes of its series (by %s)", s.Of, s.By)
	}
	if s.Facts.Derived() && s.Facts.Part() == "" && !strings.Contains(s.Facts.ImageType, "DIXON") {
		doubt += 1
		s.say("computed from other images")
	}
	if s.words.has(notT1Words) && !s.words.has(t1Words) && s.T1 == Yes && !s.Fat {
		doubt += 1
		s.say("its description names another weighting")
	}
	if s.words.has(subtraction) {
		doubt += 3
		s.say("its description says subtraction")
	}
	if s.Doubt != nil {
		doubt += 3
		s.say("its series has more slices of the same stack, which its headers set apart")
	}
	s.Score -= doubt
	switch {
	case s.T1 == No || s.Contrast == No:
		s.Verdict = No
	case s.T1 == Yes && s.Contrast == Yes && doubt < 3:
		s.Verdict = Yes
	}
}

// agentNamed says that the header names an agent; agentDenied that it says there
// was none.
func agentNamed(agent string) bool { return agent != "" && !agentDenied(agent) }

func agentDenied(agent string) bool {
	switch strings.ToLower(strings.TrimSpace(agent)) {
	case "no", "none", "nein", "kein", "keine", "keins", "ohne", "without", "no contrast", "0", "n", "无", "ohne km", "nil", "non", "-":
		return true
	}
	return false
}

// agentInforms says whether the agent's name tells series before contrast from
// those after it.
func agentInforms(list []*Series) bool {
	var first *Series
	for _, s := range list {
		if s.Err != nil {
			continue
		}
		scouting := s.Facts.Part() == "localizer" || s.words.has(scout)
		if scouting && agentNamed(s.Facts.Contrast) {
			return false
		}
		if !math.IsNaN(s.begin()) && (first == nil || s.begin() < first.begin()) {
			first = s
		}
	}
	return first == nil || first.T1 != No || !agentNamed(first.Facts.Contrast)
}

// isTwin says that two series have one geometry and one set of parameters.
func isTwin(a, b *Series) bool {
	f, g := a.Facts, b.Facts
	return sameParameters(a, b) && parallel(a, b) && a.Grid.Size == b.Grid.Size && a.Fat == b.Fat && f.Part() == g.Part() && centreDistance(a, b) < 10 &&
		(a.Of == 1 || f.SeriesUID != g.SeriesUID)
}

// sameParameters says that two series are of one sequence and one spacing.
func sameParameters(a, b *Series) bool {
	f, g := a.Facts, b.Facts
	if a.View != b.View || f.Scanning != g.Scanning || f.AcquisitionType != g.AcquisitionType ||
		!near(f.TR, g.TR, .1) || !near(f.TE, g.TE, .1) || !near(f.TI, g.TI, .1) || !near(f.FlipAngle, g.FlipAngle, .1) {
		return false
	}
	p, q := a.Grid.Spacing(), b.Grid.Spacing()
	return near(p[0], q[0], .05) && near(p[1], q[1], .05) && near(p[2], q[2], .05)
}

func near(a, b, share float64) bool { return math.Abs(a-b) <= share*max(math.Abs(a), math.Abs(b)) }

func parallel(a, b *Series) bool {
	p, q := a.Grid.Spacing(), b.Grid.Spacing()
	dot := 0.0
	for r := range 3 {
		dot += a.Grid.Affine[r][2] / p[2] * b.Grid.Affine[r][2] / q[2]
	}
	return math.Abs(dot) > math.Cos(10*math.Pi/180)
}

func centre(s *Series) [3]float64 {
	n := s.Grid.Size
	return s.Grid.Affine.Apply([3]float64{float64(n[0]-1) / 2, float64(n[1]-1) / 2, float64(n[2]-1) / 2})
}

func centreDistance(a, b *Series) float64 {
	p, q := centre(a), centre(b)
	return math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2]))
}
