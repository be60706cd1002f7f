package study

import (
	"fmt"
	"slices"
	"strings"

	"magn/internal/boost"
	"magn/internal/evidence"
	"magn/internal/magn"
	"magn/internal/tabular"
	"magn/internal/volume"
)

// arm is one way to answer that a study file can name.
type arm struct {
	kind      string
	views     []volume.View
	attention bool // of a network

	share    float64     // trained on this share of the training groups, with as many updates as on all; 0: on all
	permuted bool        // trained on labels dealt out anew among the training groups: what is left when there is nothing to learn
	of       string      // answers with the networks of this arm …
	centre   magn.Centre // … on crops centred so

	source tabular.Source // of a table of features
	method boost.Method
}

// jitters are how far crops are moved off the outline, mm; pixels where the
// spacing is unknown.
var jitters = []float64{5, 10, 20}

// shares of the training groups that a learning curve has beside all of them, %.
var shares = []float64{25, 50}

// armWords says to a user which arms there are.
const armWords = "multi-view, sagittal, coronal, axial or two views such as sagittal-axial, each also with -attention; any of these with -jitter-5, -jitter-10, -jitter-20 or -point after it, or -share-25, -share-50; " +
	"radiomics-multi-view, radiomics-sagittal and so on, each also with -forest; outline, clinical, scanner; any trained arm with -permuted"

// viewSets are the sets of views an arm can have, by the name it takes from them.
func viewSets() (names []string, sets map[string][]volume.View) {
	sets = map[string][]volume.View{}
	add := func(name string, views ...volume.View) {
		names, sets[name] = append(names, name), views
	}
	add("multi-view", volume.Views...)
	for _, v := range volume.Views {
		add(v.String(), v)
	}
	for i, v := range volume.Views {
		for _, w := range volume.Views[i+1:] {
			add(v.String()+"-"+w.String(), v, w)
		}
	}
	return names, sets
}

// arms by name.
var arms = func() map[string]arm {
	out := map[string]arm{}
	trained := func(name string, a arm) {
		out[name] = a
		a.permuted = true
		out[name+"-permuted"] = a
	}
	names, sets := viewSets()
	for _, set := range names {
		for _, attention := range []bool{false, true} {
			name := set
			if attention {
				name += "-attention"
			}
			a := arm{kind: evidence.KindNetwork, views: sets[set], attention: attention}
			trained(name, a)
			for _, percent := range shares {
				a.share = percent / 100
				out[fmt.Sprintf("%s-share-%g", name, percent)] = a
			}
			a.share = 0
			a.of = name
			for _, mm := range jitters {
				a.centre = magn.Centre{Jitter: mm}
				out[fmt.Sprintf("%s-jitter-%g", name, mm)] = a
			}
			a.centre = magn.Centre{Point: true}
			out[name+"-point"] = a
		}
		a := arm{kind: evidence.KindRadiomics, views: sets[set], source: tabular.Radiomics, method: boost.GradientBoosting}
		trained("radiomics-"+set, a)
		a.method = boost.RandomForest
		trained("radiomics-"+set+"-forest", a)
	}
	for _, source := range []tabular.Source{tabular.Outline, tabular.Clinical, tabular.Scanner} {
		trained(string(source), arm{kind: evidence.KindBlind, views: volume.Views, source: source, method: boost.GradientBoosting})
	}
	return out
}()

// checkArms returns the first of the arms that cannot be, or nil.
func (c Config) checkArms() *setting {
	for i, name := range c.Arms {
		a, ok := arms[name]
		switch {
		case !ok:
			return &setting{"arms", name, "one of " + armWords}
		case slices.Contains(c.Arms[:i], name):
			return &setting{"arms", name + " a second time", "each once"}
		case a.of != "" && !slices.Contains(c.Arms, a.of):
			return &setting{"arms", name + " without " + a.of, a.of + " too, whose networks it answers with"}
		case a.permuted && !slices.Contains(c.Arms, strings.TrimSuffix(name, "-permuted")):
			return &setting{"arms", name + " without the arm itself", strings.TrimSuffix(name, "-permuted") + " too, beside which it stands"}
		case a.share > 0 && !slices.Contains(c.Arms, name[:strings.Index(name, "-share-")]):
			return &setting{"arms", name + " without the arm on all patients", name[:strings.Index(name, "-share-")] + " too, beside which it stands"}
		}
		if a.kind != evidence.KindNetwork {
			continue
		}
		if a.share > 0 && (c.Training.InnerFraction > 0 || len(c.Training.Lambda) > 1 || len(c.Network.Backbone) > 1) {
			return &setting{"arms", name, "training.inner_fraction: 0, one training.lambda and one network.backbone: a learning curve is drawn at settings fixed in advance"}
		}
		if len(c.Network.Backbone) == 0 {
			return &setting{"network.backbone", "none", "at least one"}
		}
		u := Unit{Network: c.work(a)}.network()
		if e := u.CheckNetwork(); e != nil {
			return magnSetting("network", e)
		}
	}
	return nil
}

// evidenceArms describes the study's arms, in its order, readers after them.
func (s *Study) evidenceArms() []evidence.Arm {
	out := make([]evidence.Arm, 0, len(s.Config.Arms)+len(s.Readers))
	for _, name := range s.Config.Arms {
		a := arms[name]
		e := evidence.Arm{Name: name, Kind: a.kind, Attention: a.attention}
		for _, v := range a.views {
			e.Views = append(e.Views, v.String())
		}
		switch {
		case a.of != "":
			e.Of, e.Variant = a.of, strings.TrimPrefix(name, a.of+"-")
		case a.share > 0:
			e.Variant = fmt.Sprintf("share-%g", 100*a.share)
			e.Of = strings.TrimSuffix(name, "-"+e.Variant)
		case a.permuted:
			e.Of, e.Variant = strings.TrimSuffix(name, "-permuted"), "permuted"
		case a.kind == evidence.KindRadiomics && a.method == boost.RandomForest && slices.Contains(s.Config.Arms, strings.TrimSuffix(name, "-forest")):
			e.Of, e.Variant = strings.TrimSuffix(name, "-forest"), "forest"
		}
		out = append(out, e)
	}
	for _, r := range s.Readers {
		out = append(out, r.arm())
	}
	return out
}
