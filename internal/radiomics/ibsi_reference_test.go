package radiomics

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"magn/internal/testenv"
	"magn/internal/volume"
)

// configurations are the manual's of the CT phantom (chapter 5), as settings.
var configurations = []struct{ name, settings string }{
	{"a", `{binWidth: 25, resegmentRange: [-500, 400]}`},
	{"b", `{binCount: 32, resegmentRange: [-500, 400], resampledPixelSpacing: [2, 2, 0], interpolator: sitkLinear}`},
	{"c", `{binWidth: 25, ivhBinWidth: 2.5, resegmentRange: [-1000, 400], resampledPixelSpacing: [2, 2, 2], interpolator: sitkLinear}`},
	{"d", `{binCount: 32, removeOutliers: 3, resampledPixelSpacing: [2, 2, 2], interpolator: sitkLinear}`},
	{"e", `{binCount: 32, ivhBinCount: 1000, resegmentRange: [-1000, 400], removeOutliers: 3, resampledPixelSpacing: [2, 2, 2], interpolator: sitkBSpline}`},
}

// readCTPhantom is the initiative's CT image and its lesion, on axes of the
// patient.
func readCTPhantom(t testing.TB) (*Image, *volume.Mask) {
	t.Helper()
	dir := testenv.Data(t, "ibsi", "ct")
	size, spacing, values := readPhantom(t, filepath.Join(dir, "phantom.nii.gz"))
	_, _, labels := readPhantom(t, filepath.Join(dir, "mask.nii.gz"))
	g := volume.Grid{Size: size, Affine: volume.Scaling(spacing[0], spacing[1], spacing[2]), SpacingKnown: true}
	mask := &volume.Mask{Grid: g, Labels: make([]uint16, len(labels))}
	for v, l := range labels {
		mask.Labels[v] = uint16(l)
	}
	return &Image{g, values, Int16}, mask
}

// reference is a value of the manual's tables.
type reference struct {
	tag, text        string
	value, tolerance float64
	digit            float64 // what half a unit of the last digit printed stands for
}

func references(t testing.TB, name string) (all []reference, without []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(testenv.Data(t, "ibsi", "reference"), "ibsi_1_"+name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		if row[0] == "" {
			without = append(without, row[2])
			continue
		}
		c := reference{tag: row[2], text: row[0]}
		if c.value, err = strconv.ParseFloat(row[0], 64); err != nil {
			t.Fatal(err)
		}
		if c.tolerance, err = strconv.ParseFloat(row[1], 64); err != nil {
			t.Fatal(err)
		}
		c.digit = halfDigit(row[0])
		all = append(all, c)
	}
	return all, without
}

// halfDigit is half a unit of the last digit printed; of a whole number three
// digits count.
func halfDigit(text string) float64 {
	mantissa, exponent, _ := strings.Cut(strings.ToUpper(text), "E")
	scale, _ := strconv.Atoi(exponent)
	places := 0
	if _, fraction, ok := strings.Cut(mantissa, "."); ok {
		places = len(fraction)
	} else if digits := strings.TrimLeft(mantissa, "-0"); len(digits) >= 3 {
		places = 3 - len(digits)
	}
	return math.Pow(10, float64(scale-places)) / 2 * (1 + 1e-9)
}

// families are the manual's, in its order, by their tags' first part; image is
// what the tables say of image and mask on the way.
var families = []struct{ tag, name string }{
	{"image", "image and mask"},
	{"morph", "morphology"},
	{"loc", "local intensity"},
	{"stat", "intensity statistics"},
	{"ih", "intensity histogram"},
	{"ivh", "intensity-volume histogram"},
	{"cm", "co-occurrence (GLCM)"},
	{"rlm", "run length (GLRLM)"},
	{"szm", "size zone (GLSZM)"},
	{"dzm", "distance zone (GLDZM)"},
	{"ngt", "tone difference (NGTDM)"},
	{"ngl", "level dependence (NGLDM)"},
}

// notOffered are the features that the standard names and IBSI does not compute.
// No table has a value of them.
var notOffered = []string{
	"morph_vol_dens_ombb", "morph_area_dens_ombb", "morph_vol_dens_mvee", "morph_area_dens_mvee", "ivh_auc",
}

// agreement is of one family in one table.
type agreement struct{ values, within, printed int }

// TestIBSIValues holds every value of the manual's tables (the digital phantom,
// configurations A to E of the CT phantom) within its tolerance; where that is
// less than half a unit of the last digit printed (it often is 0), within that.
// The document has the counts by family.
func TestIBSIValues(t *testing.T) {
	counts := map[string][]agreement{}
	tally := func(t *testing.T, table string, found map[string]float64) {
		of := map[string]*agreement{}
		for _, f := range families {
			of[f.tag] = &agreement{}
		}
		values, without := references(t, table)
		for _, want := range values {
			tag, _, _ := strings.Cut(want.tag, "_")
			if strings.HasSuffix(want.tag, "_img") || strings.HasSuffix(want.tag, "_roi") {
				tag = "image"
			}
			a := of[tag]
			a.values++
			got, there := found[want.tag]
			switch off := math.Abs(got - want.value); {
			case there && off <= want.tolerance:
				a.within++
			case there && off <= want.digit:
				a.printed++
			default:
				t.Errorf("%s is %.6g (%v), want %s ± %g", want.tag, got, there, want.text, want.tolerance)
			}
		}
		for _, tag := range without {
			if _, there := found[tag]; there || !slices.Contains(notOffered, tag) {
				t.Errorf("%s has no reference value; it is computed: %v", tag, there)
			}
		}
		for _, f := range families {
			counts[f.name] = append(counts[f.name], *of[f.tag])
		}
	}
	t.Run("digital", func(t *testing.T) {
		dir := testenv.Data(t, "ibsi", "digital")
		in := IBSIInput{Lowest: math.NaN(), VolumeLow: math.NaN(), VolumeHigh: math.NaN()}
		in.Size, in.Spacing, in.Values = readPhantom(t, filepath.Join(dir, "phantom.nii.gz"))
		_, _, mask := readPhantom(t, filepath.Join(dir, "mask.nii.gz"))
		for _, m := range mask {
			in.Intensity = append(in.Intensity, m > 0)
		}
		found := standardValues(t, in)
		values, _ := references(t, "dig_phantom")
		if len(values) != len(found) {
			t.Errorf("%d values for %d features", len(values), len(found))
		}
		tally(t, "dig_phantom", found)
	})
	im, mask := readCTPhantom(t)
	for _, c := range configurations {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseSettings("settings", []byte("setting: "+c.settings))
			if err != nil {
				t.Fatal(err)
			}
			e := &Extraction{Settings: s, Profile: IBSIProfile}
			if err := e.Check(); err != nil {
				t.Fatal(err)
			}
			p, err := prepareStandard(context.Background(), im, mask, 1, s, 2)
			if err != nil {
				t.Fatal(err)
			}
			found := standardValues(t, e.standardInput(p))
			preparationFacts(t, found, im, mask, p, s)
			tally(t, "chest_config_"+c.name, found)
		})
	}
	doc, err := os.ReadFile("../../docs/results/radiomics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		row := "| " + f.name
		for _, a := range counts[f.name] {
			row += fmt.Sprintf(" | %d/%d", a.within+a.printed, a.values)
			if a.printed > 0 {
				row += fmt.Sprintf(" (%d)", a.printed)
			}
		}
		row = strings.ReplaceAll(row, "0/0", "–") + " |"
		t.Log(row)
		if !strings.Contains(string(doc), row+"\n") {
			t.Errorf("docs/results/radiomics.md does not have the row %s", row)
		}
	}
}

func standardValues(t testing.TB, in IBSIInput) map[string]float64 {
	t.Helper()
	all, err := IBSI(in)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range all {
		if _, twice := found[f.Name]; twice {
			t.Errorf("%s comes twice", f.Name)
		}
		found[f.Name] = f.Value
	}
	return found
}

// preparationFacts are what the tables say of image and mask step by step.
func preparationFacts(t *testing.T, found map[string]float64, im *Image, mask *volume.Mask, p *Prepared, s *Settings) {
	t.Helper()
	from, err := frameOf(im.Grid)
	if err != nil {
		t.Fatal(err)
	}
	whole, values := from, im.Values // the whole image, of which p has what the features need
	if s.ResampledPixelSpacing != nil {
		if whole, err = from.centred(*s.ResampledPixelSpacing); err != nil {
			t.Fatal(err)
		}
		if values, err = im.standardValues(context.Background(), &from, &whole, s.Interpolator, 2); err != nil {
			t.Fatal(err)
		}
	}
	image := func(step string, f *frame, values []float64) {
		for a, axis := range []string{"x", "y", "z"} {
			found["img_dim_"+axis+"_"+step+"_img"] = float64(f.size[a])
			found["vox_dim_"+axis+"_"+step+"_img"] = f.spacing[a]
		}
		lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
		for _, x := range values {
			lo, hi, sum = min(lo, x), max(hi, x), sum+x
		}
		found["mean_int_"+step+"_img"] = sum / float64(len(values))
		found["min_int_"+step+"_img"], found["max_int_"+step+"_img"] = lo, hi
	}
	image("init", &from, im.Values)
	image("interp", &whole, values)
	drawn := make([]bool, len(mask.Labels))
	for v, l := range mask.Labels {
		drawn[v] = l == 1
	}
	lesion := func(kind, step string, f *frame, values []float64, inside []bool, size [3]int) {
		r, err := NewRegion(values, inside, size, f.spacing)
		if err != nil {
			t.Fatal(err)
		}
		for a, axis := range []string{"x", "y", "z"} {
			found[kind+"_mask_dim_"+axis+"_"+step+"_roi"] = float64(f.size[a])
			found[kind+"_mask_bb_dim_"+axis+"_"+step+"_roi"] = float64(r.Size[a])
		}
		x := r.inside()
		sum := 0.0
		for _, v := range x {
			sum += v
		}
		found[kind+"_mask_vox_count_"+step+"_roi"] = float64(len(x))
		found[kind+"_mask_mean_int_"+step+"_roi"] = sum / float64(len(x))
		found[kind+"_mask_min_int_"+step+"_roi"] = slices.Min(x)
		found[kind+"_mask_max_int_"+step+"_roi"] = slices.Max(x)
	}
	for _, kind := range []string{"int", "morph"} {
		lesion(kind, "init", &from, im.Values, drawn, im.Size)
		lesion(kind, "interp", &whole, p.Image.Values, p.ShapeMask, p.Image.Size)
	}
	lesion("int", "reseg", &whole, p.Image.Values, p.Mask, p.Image.Size)
	lesion("morph", "reseg", &whole, p.Image.Values, p.ShapeMask, p.Image.Size)
}
