package convert

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Series Description, Protocol Name and Contrast/Bolus Agent are typed by people
// and may name a patient (PS3.15 Table E.1-1 removes them). Only words of these
// lists pass from them into names and sidecars: the way of the standard's Clean
// Descriptors Option (PS3.15 E.3.4).

// vocabulary are the words of MR and CT protocols.
var vocabulary = words(`
	t1 t2 t2s t2star pd pdw t1w t2w t1wi t2wi dwi dti dki adc trace tracew fa flair tirm stir swi swan gre se fse tse ffe tfe tfl
	bffe fiesta ciss space cube vista vibe lava thrive mprage bravo spgr fspgr flash fisp truefisp trufi ssfp haste ssfse propeller blade
	multivane radial star vfa spc qtse qspace medic merge memp spair spir fs fatsat fat sat water wfs dixon mdixon ideal iq lavaflex flex in out opp
	opposed phase inphase outphase ip op wo without with w f ff pre post plain native unenh contrast ce gd gad c km enhanced enh delayed late early dyn
	dynamic dce dsc perf perfusion asl pcasl pasl bold rest resting task func fmri fmap fieldmap b0 b1 map mapping epi se-epi ep2d ep mb sms
	mag magnitude real imag imaginary sub subtraction subtracted mip minip mpr mnip recon reformat reformatted
	loc localizer localiser scout survey calibration cal ref reference shim test aascout 3plane plane planes
	sag sagittal cor coronal ax axial tra trans transverse transversal obl oblique tilt tilted iso isotropic
	left right l r lt rt ap pa lr rl hf fh is si
	head brain skull neck cspine tspine lspine cervical thoracic lumbar lumbosacral sacrum sacral spine vertebra vertebral whole total spinal cord
	canal disc discs disk coccyx pelvis hip knee ankle foot shoulder elbow wrist hand chest thorax heart cardiac abdomen liver kidney breast prostate
	thigh calf leg arm body ws wsp ls ts cs c1 c2 c3 c4 c5 c6 c7 t3 t4 t5 t6 t7 t8 t9 t10 t11 t12 l1 l2 l3 l4 l5 s1 s2
	2d 3d 4d hr hires high low res resolution thin thick fast turbo ultra short long sense grappa asset arc caipi cs compressed cd deep
	breath bh hold trig triggered gated navi nav resp free motion corr corrected uncorrected moco norm normalized filtered unfiltered
	ct cta ctv bone soft tissue lung kernel topogram dose scan mr mra mrv mrcp mri tof pc inhance vessel angio angiography venography
	spectroscopy mrs csi echo echoes multi multiecho me dual single vol volume slab stack sl slices station stations composed composing comp inline
	b50 b0 dw tensor colfa exp eadc isodwi v1 v2 v3 1st 2nd 3rd rep repeat rpt new copy
	wip orig original derived dis2d dis3d nd`)

// amount is a number of at most two digits with its unit, such as 3mm. Bare
// numbers do not pass: they may be a date's or a patient's.
var amount = regexp.MustCompile(`^\d{1,2}(?:mm|min|s|deg|ms|ch|d)$`)

// setting is a parameter with its value, such as te30 or b1000.
var setting = regexp.MustCompile(`^(te|tr|ti|fa|b)([1-9]\d{0,4})$`)

// settings are the values that protocols have: at most, and in steps of.
var settings = map[string][2]int{"te": {300, 1}, "tr": {15000, 10}, "ti": {5000, 10}, "fa": {180, 1}, "b": {5000, 50}}

// isSetting says that w is a parameter with a value that a protocol would have.
func isSetting(w string) bool {
	m := setting.FindStringSubmatch(w)
	if m == nil {
		return false
	}
	v, err := strconv.Atoi(m[2])
	limit := settings[m[1]]
	return err == nil && v <= limit[0] && (v < 100 && m[1] != "b" || v%limit[1] == 0)
}

// isKnown says that w is in the vocabulary, or is a word of it with up to two
// digits: rest1 is no t1.
func isKnown(w string) bool {
	if vocabulary[w] {
		return true
	}
	bare := strings.TrimRight(w, "0123456789")
	return len(bare) > 1 && len(w)-len(bare) <= 2 && vocabulary[bare]
}

// fraction is a number with decimals or a date; it becomes one word, which is
// not known, so that no part of it passes.
var fraction = regexp.MustCompile(`(\d)[.,](\d)`)

// number is a run of digits.
var number = regexp.MustCompile(`\d+`)

// agents are contrast agents and their brands, and what they stand for.
var agents = map[string]string{
	"gadobutrol": "gadobutrol", "gadovist": "gadobutrol", "gadavist": "gadobutrol",
	"gadoterate": "gadoterate", "gadoteric": "gadoterate", "dotarem": "gadoterate", "clariscan": "gadoterate", "artirem": "gadoterate",
	"gadoteridol": "gadoteridol", "prohance": "gadoteridol",
	"gadopentetate": "gadopentetate", "magnevist": "gadopentetate", "dtpa": "gadopentetate",
	"gadobenate": "gadobenate", "multihance": "gadobenate",
	"gadodiamide": "gadodiamide", "omniscan": "gadodiamide",
	"gadoversetamide": "gadoversetamide", "optimark": "gadoversetamide",
	"gadoxetate": "gadoxetate", "gadoxetic": "gadoxetate", "primovist": "gadoxetate", "eovist": "gadoxetate",
	"gadopiclenol": "gadopiclenol", "elucirem": "gadopiclenol", "vueway": "gadopiclenol",
	"gadofosveset": "gadofosveset", "ablavar": "gadofosveset", "vasovist": "gadofosveset",
	"ferumoxytol": "ferumoxytol", "feraheme": "ferumoxytol",
	"iohexol": "iohexol", "omnipaque": "iohexol", "iopamidol": "iopamidol", "isovue": "iopamidol",
	"iodixanol": "iodixanol", "visipaque": "iodixanol", "iopromide": "iopromide", "ultravist": "iopromide",
	"ioversol": "ioversol", "optiray": "ioversol", "iomeprol": "iomeprol", "imeron": "iomeprol",
	"gadolinium": "gadolinium", "gd": "gadolinium", "gado": "gadolinium", "gad": "gadolinium",
}

// routes are the ways in which a contrast agent is given.
var routes = map[string]string{
	"iv": "intravenous", "intravenous": "intravenous", "i.v.": "intravenous", "intra-venous": "intravenous", "intravenous route": "intravenous",
	"oral": "oral", "po": "oral", "intraarticular": "intraarticular", "intrathecal": "intrathecal", "rectal": "rectal",
}

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// clean is the words of a free text that are in the vocabulary, in order,
// without those that stand in one of the identifiers, or have a number of two
// digits or more that does.
func clean(text string, identifiers ...string) []string {
	var out []string
	secret := map[string]bool{}
	for _, id := range identifiers {
		for _, w := range tokens(id) {
			secret[w] = true
			for _, n := range number.FindAllString(w, -1) {
				if len(n) > 1 {
					secret[n] = true
				}
			}
		}
	}
	// Twice, as matches may share a digit: 1.2.3.
	text = fraction.ReplaceAllString(fraction.ReplaceAllString(text, "${1}z${2}"), "${1}z${2}")
	for _, w := range tokens(text) {
		if secret[w] || secret[number.FindString(w)] {
			continue
		}
		if isKnown(w) || isSetting(w) || amount.MatchString(w) {
			out = append(out, w)
		} else if strings.ContainsAny(w, "0123456789") {
			out = append(out, pieces(w)...)
		}
	}
	return out
}

// tokens are the words of a text: runs of letters and digits of ASCII, in lower
// case.
func tokens(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	})
}

// pieces parts a word such as sagt1 or t1wtse into words of the vocabulary; nil
// where it is not made of them entirely. It is for words with a digit only, which
// no name has.
func pieces(w string) []string {
	if len(w) > 24 {
		return nil
	}
	// best[i] is a way to write w[:i], the one with the longest last word.
	best := make([][]string, len(w)+1)
	best[0] = []string{}
	for i := 1; i <= len(w); i++ {
		for j := 0; j < i; j++ {
			if best[j] != nil && i-j >= 2 && vocabulary[w[j:i]] {
				best[i] = append(slices.Clone(best[j]), w[j:i])
				break
			}
		}
	}
	return best[len(w)]
}

// cleanAgent is a contrast agent's international name, "given" where the text is
// none that is known, and "" where there is no text.
func cleanAgent(text string) string {
	if text == "" {
		return ""
	}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !(r >= 'a' && r <= 'z') }) {
		if a := agents[w]; a != "" {
			return a
		}
	}
	return "given"
}

func cleanRoute(text string) string { return routes[strings.ToLower(strings.TrimSpace(text))] }
