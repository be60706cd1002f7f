package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
	"magn/internal/volume"
)

// oblique is a stack of 20×16 pixels and 6 slices of 4 mm, turned about two axes.
func oblique() volume.Grid {
	g := volume.Grid{Size: [3]int{20, 16, 6}, SpacingKnown: true}
	c, s := math.Cos(.3), math.Sin(.3)
	for r, row := range [3][3]float64{{c, -s * c, s * s}, {s, c * c, -s * c}, {0, s, c}} {
		g.Affine[r] = [4]float64{row[0] * .8, row[1] * .8, row[2] * 4, float64(10 * r)}
	}
	return g
}

// roi is a region of interest: a name, and contours in indices of a grid.
type roi struct {
	name     string
	contours [][][3]float64
}

func lps(g volume.Grid, p [3]float64) [3]float64 {
	q := g.Affine.Apply(p)
	return [3]float64{-q[0], -q[1], q[2]}
}

func structureSet(g volume.Grid, edit func(contour *dicomtest.Set), rois ...roi) dicomtest.File {
	s := dicomtest.New().Put(dicom.SOPClassUID, "UI", rtClass).Put(dicom.Modality, "CS", "RTSTRUCT").Put(dicom.StudyInstanceUID, "UI", "1.2.3")
	s.Seq(dicom.ReferencedFrameOfReferenceSequence, dicomtest.New().Put(dicom.FrameOfReferenceUID, "UI", "1.2.9").
		Seq(rtReferencedStudySequence, dicomtest.New().
			Seq(dicom.RTReferencedSeriesSequence, dicomtest.New().Put(dicom.SeriesInstanceUID, "UI", "1.2.7"))))
	var names, data []*dicomtest.Set
	for n, r := range rois {
		names = append(names, dicomtest.New().Put(dicom.ROINumber, "IS", n+5).Put(dicom.ROIName, "LO", r.name).Put(dicom.ReferencedFrameOfReferenceUID, "UI", "1.2.9"))
		var contours []*dicomtest.Set
		for _, c := range r.contours {
			var coordinates []any
			for _, p := range c {
				q := lps(g, p)
				coordinates = append(coordinates, fmt.Sprintf("%.10g", q[0]), fmt.Sprintf("%.10g", q[1]), fmt.Sprintf("%.10g", q[2]))
			}
			set := dicomtest.New().Put(dicom.ContourGeometricType, "CS", "CLOSED_PLANAR").
				Put(dicom.NumberOfContourPoints, "IS", len(c)).Put(dicom.ContourData, "DS", coordinates...)
			if edit != nil {
				edit(set)
			}
			contours = append(contours, set)
		}
		data = append(data, dicomtest.New().Put(dicom.ReferencedROINumber, "IS", n+5).Seq(dicom.ContourSequence, contours...))
	}
	s.Seq(dicom.StructureSetROISequence, names...)
	s.Seq(dicom.ROIContourSequence, data...)
	return dicomtest.File{Set: s}
}

func parse(t testing.TB, f dicomtest.File) *dicom.File {
	t.Helper()
	b := f.Bytes()
	d, err := dicom.Read(bytes.NewReader(b), int64(len(b)), "memory.dcm")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// square is a contour around pixels x0…x1, y0…y1 of slice z.
func square(x0, x1, y0, y1 int, z float64) [][3]float64 {
	a, b, c, d := float64(x0)-.4, float64(x1)+.4, float64(y0)-.4, float64(y1)+.4
	return [][3]float64{{a, c, z}, {b, c, z}, {b, d, z}, {a, d, z}}
}

// picture is a slice of a mask as text, a row a line.
func picture(m *volume.Mask, z int) string {
	var b strings.Builder
	for y := range m.Size[1] {
		for x := range m.Size[0] {
			b.WriteByte(".123456789"[m.Labels[x+m.Size[0]*(y+m.Size[1]*z)]])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func count(m *volume.Mask, label uint16, z int) int {
	n := 0
	for i, l := range m.Labels {
		if l == label && (z < 0 || m.Voxel(i)[2] == z) {
			n++
		}
	}
	return n
}

func TestContours(t *testing.T) {
	g := oblique()
	keyhole := [][3]float64{
		{1.6, 1.6, 3}, {9.4, 1.6, 3}, {9.4, 9.4, 3}, {1.6, 9.4, 3}, {1.6, 5.3, 3}, // out, to the hole and back on the same line
		{3.6, 5.3, 3}, {3.6, 7.4, 3}, {7.4, 7.4, 3}, {7.4, 3.6, 3}, {3.6, 3.6, 3}, {3.6, 5.3, 3}, {1.6, 5.3, 3},
	}
	f := parse(t, structureSet(g, nil,
		roi{"ring", [][][3]float64{square(2, 9, 2, 9, 1), square(4, 7, 4, 7, 1), square(5, 6, 5, 6, 1)}},
		roi{"two", [][][3]float64{square(12, 14, 1, 3, 2.4), square(12, 15, 8, 9, 2.4), square(12, 12, 1, 1, 1.52), square(12, 12, 1, 1, 5.8)}},
		roi{"keyhole", [][][3]float64{keyhole, keyhole}},
		roi{"beside", [][][3]float64{square(0, 3, 0, 3, 0), square(-9, -3, 0, 3, 0), square(0, 3, 0, 3, -4)}},
		roi{"nothing", nil},
	))
	a, err := Read(t.Context(), f, Options{Series: &g})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		label uint16
		z     int
		want  int
	}{
		{1, 1, 64 - 16 + 4},
		{1, -1, 52},
		{2, 2, 9 + 8},
		{2, 5, 0}, // of the planes at 1.6 and 2.4, both nearest to slice 2, the one that comes first counts
		{3, 3, 64 - 16},
		{4, 0, 16},
		{4, -1, 16},
		{5, -1, 0},
	} {
		if n := count(a.Mask, c.label, c.z); n != c.want {
			t.Errorf("label %d in slice %d: %d voxels, want %d\n%s", c.label, c.z, n, c.want, picture(a.Mask, max(c.z, 0)))
		}
	}
	notes := strings.Join(a.Notes, "; ")
	for _, say := range []string{`"keyhole": a contour that is there twice`, `"beside": contours beyond the series' slices: 1`, `"two": contours beyond the series' slices: 1`, `"two": contours between slices, beside nearer ones: 1`, `segment "nothing" has no voxel`} {
		if !strings.Contains(notes, say) {
			t.Errorf("%q does not say %q", notes, say)
		}
	}
	if a.Series != "1.2.7" || a.Frame.UID != "1.2.9" || a.Frame.Study != "1.2.3" || a.Segments[1].Name != "two" || a.Segments[1].Number != 6 {
		t.Errorf("%+v", a)
	}
	one, err := Read(t.Context(), f, Options{Series: &g, Names: []string{"two"}})
	if err != nil || len(one.Segments) != 1 || count(one.Mask, 1, 2) != 17 || count(one.Mask, 2, -1) != 0 {
		t.Error(err, one)
	}
}

// What one contour, given twice or beside others, covers does not hang on where it
// begins or on its direction; only one inside another is a hole.
func TestContoursThatMeet(t *testing.T) {
	g := oblique()
	reversed := func(c [][3]float64) [][3]float64 {
		c = slices.Clone(c)
		slices.Reverse(c)
		return c
	}
	begun := func(c [][3]float64) [][3]float64 { return append(slices.Clone(c[2:]), c[:2]...) }
	big, hole, island := square(2, 9, 2, 9, 1), square(4, 7, 4, 7, 1), square(5, 6, 5, 6, 1)
	xor := func(set *dicomtest.Set) { set.Put(dicom.ContourGeometricType, "CS", "CLOSEDPLANAR_XOR") }
	const twice, joined = "is there twice counts once", "overlap are joined"
	for _, c := range []struct {
		name     string
		edit     func(*dicomtest.Set)
		contours [][][3]float64
		want     int
		say      string
	}{
		{"reversed", nil, [][][3]float64{big, reversed(big)}, 64, twice},
		{"begun elsewhere", nil, [][][3]float64{big, begun(big), begun(reversed(big))}, 64, twice},
		{"drawn again a little larger", nil, [][][3]float64{big, {{1.55, 1.55, 1}, {9.45, 1.55, 1}, {9.45, 9.45, 1}, {1.55, 9.45, 1}}}, 64, twice},
		{"overlapping", nil, [][][3]float64{big, square(8, 11, 8, 11, 1)}, 64 + 16 - 4, joined},
		{"touching", nil, [][][3]float64{big, square(10, 11, 2, 9, 1)}, 64 + 16, ""},
		{"hole first", nil, [][][3]float64{hole, big, island}, 64 - 16 + 4, ""},
		{"hole twice", nil, [][][3]float64{big, hole, reversed(hole)}, 64 - 16, twice},
		{"hole in two that overlap", nil, [][][3]float64{big, square(3, 10, 3, 9, 1), hole}, 64 + 7 - 16, joined},
		{"xor", xor, [][][3]float64{big, square(8, 11, 8, 11, 1)}, 64 + 16 - 8, ""},
	} {
		a, err := Read(t.Context(), parse(t, structureSet(g, c.edit, roi{"gtv", c.contours})), Options{Series: &g})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if n := count(a.Mask, 1, 1); n != c.want || count(a.Mask, 1, -1) != n {
			t.Errorf("%s: %d voxels, want %d\n%s", c.name, n, c.want, picture(a.Mask, 1))
		}
		if notes := strings.Join(a.Notes, "; "); !strings.Contains(notes, c.say) || c.say == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.say)
		}
	}
}

// Slices as thin as their pixels, or thinner, are found by the contours' own
// normal, and a segmentation's by its frames'.
func TestThinSlices(t *testing.T) {
	for _, thick := range []float64{3, 1, .625} {
		for k := range 3 { // where the slices' axis is stored
			g := volume.Grid{SpacingKnown: true}
			steps := [3][3]float64{{-1, 0, 0}, {0, -1, 0}, {0, 0, thick}}
			var size [3]int
			for c := range 3 {
				from := (c + 2 - k + 3) % 3
				size[c] = []int{14, 12, 10}[from]
				for r := range 3 {
					g.Affine[r][c] = steps[from][r]
				}
			}
			g.Size = size
			at := func(x, y, z float64) (p [3]float64) {
				p[(k+1)%3], p[(k+2)%3], p[k] = x, y, z
				return p
			}
			var c [][3]float64
			for _, q := range square(2, 8, 3, 5, 4) {
				c = append(c, at(q[0], q[1], q[2]))
			}
			a, err := Read(t.Context(), parse(t, structureSet(g, nil, roi{"gtv", [][][3]float64{c}})), Options{Series: &g})
			if err != nil {
				t.Errorf("%g mm along axis %d: %v", thick, k, err)
				continue
			}
			if n := count(a.Mask, 1, -1); n != 21 {
				t.Errorf("%g mm along axis %d: %d voxels, want 21", thick, k, n)
			}
		}
		g := volume.Grid{Size: [3]int{20, 16, 10}, SpacingKnown: true, Affine: volume.Affine{{-1, 0, 0, 9}, {0, -1, 0, 7}, {0, 0, thick, -3}}}
		f := parse(t, segmentation(g, bitmap, [][]byte{disc(g, 8, 6, 4, 1)}, []int{1}, []int{7}, 1))
		a, err := Read(t.Context(), f, Options{Series: &g})
		if err != nil {
			t.Errorf("SEG, %g mm: %v", thick, err)
			continue
		}
		if n := count(a.Mask, 1, 7); n < 40 || n != count(a.Mask, 1, -1) {
			t.Errorf("SEG, %g mm: %d voxels in slice 7", thick, n)
		}
	}
}

// toLine is how far a point is from a line, the third coordinate aside.
func toLine(x [2]float64, p, q [3]float64) float64 {
	d := [2]float64{q[0] - p[0], q[1] - p[1]}
	t := 0.0
	if n := d[0]*d[0] + d[1]*d[1]; n > 0 {
		t = max(0, min(1, ((x[0]-p[0])*d[0]+(x[1]-p[1])*d[1])/n))
	}
	return math.Hypot(p[0]+t*d[0]-x[0], p[1]+t*d[1]-x[1])
}

// A contour through the centres of pixels has those on it: by Pick's theorem a
// polygon of area A with whole corners has A + B/2 + 1 whole points inside and on
// it, B of them on it. The pixels on the line around a hole stay, as OpenCV draws it.
func TestContoursThroughCentres(t *testing.T) {
	g := oblique()
	pixels := func(t rapid.TB, contours ...[][3]float64) int {
		b := structureSet(g, nil, roi{"any", contours}).Bytes()
		f, err := dicom.Read(bytes.NewReader(b), int64(len(b)), "memory.dcm")
		if err != nil {
			t.Fatal(err)
		}
		a, err := Read(context.Background(), f, Options{Series: &g})
		if err != nil {
			t.Fatal(err)
		}
		return count(a.Mask, 1, -1)
	}
	gcd := func(a, b int) int {
		for b != 0 {
			a, b = b, a%b
		}
		return max(a, -a)
	}
	rapid.Check(t, func(t *rapid.T) {
		var c [][3]float64
		var x, y [3]int
		for i := range 3 {
			x[i], y[i] = rapid.IntRange(0, 19).Draw(t, "x"), rapid.IntRange(0, 15).Draw(t, "y")
			c = append(c, [3]float64{float64(x[i]), float64(y[i]), 2})
		}
		twice := (x[1]-x[0])*(y[2]-y[0]) - (x[2]-x[0])*(y[1]-y[0])
		on := 0
		for i := range 3 {
			on += gcd(x[(i+1)%3]-x[i], y[(i+1)%3]-y[i])
		}
		if twice == 0 {
			t.Skip("a line")
		}
		if n, want := pixels(t, c), (max(twice, -twice)+on)/2+1; n != want {
			t.Errorf("%d pixels, want %d", n, want)
		}
	})
	box := func(x0, x1, y0, y1 float64) [][3]float64 {
		return [][3]float64{{x0, y0, 2}, {x1, y0, 2}, {x1, y1, 2}, {x0, y1, 2}}
	}
	for _, c := range []struct {
		name     string
		contours [][][3]float64
		want     int
	}{
		{"one pixel wide", [][][3]float64{box(3, 3, 2, 9)}, 8},
		{"a ring", [][][3]float64{box(2, 9, 2, 9), box(4, 7, 4, 7)}, 64 - 4},
		{"a ring and an island", [][][3]float64{box(2, 13, 2, 13), box(4, 11, 4, 11), box(6, 9, 6, 9)}, 144 - 36 + 16},
	} {
		if n := pixels(t, c.contours...); n != c.want {
			t.Errorf("%s: %d pixels, want %d", c.name, n, c.want)
		}
	}
}

// A pixel is inside where its centre is: the polygon, point by point, by the
// even-odd rule, of several where they are to be combined by it, on any storage of the grid.
func TestRasterIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := oblique()
		var contours [][][3]float64
		for range rapid.IntRange(1, 3).Draw(t, "contours") {
			var c [][3]float64
			for range rapid.IntRange(3, 9).Draw(t, "points") {
				c = append(c, [3]float64{rapid.Float64Range(-3, 22).Draw(t, "x"), rapid.Float64Range(-3, 18).Draw(t, "y"), 2})
			}
			contours = append(contours, c)
		}
		// The same voxels, slices first and columns from the other side.
		stored := volume.Grid{Size: [3]int{g.Size[2], g.Size[0], g.Size[1]}, SpacingKnown: true}
		for r := range 3 {
			a := g.Affine[r]
			stored.Affine[r] = [4]float64{a[2], -a[0], a[1], a[3] + a[0]*float64(g.Size[0]-1)}
		}
		xor := func(set *dicomtest.Set) {
			if len(contours) > 1 {
				set.Put(dicom.ContourGeometricType, "CS", "CLOSEDPLANAR_XOR")
			}
		}
		b := structureSet(g, xor, roi{"any", contours}).Bytes()
		f, err := dicom.Read(bytes.NewReader(b), int64(len(b)), "memory.dcm")
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(t.Context(), f, Options{Series: &g})
		if err != nil {
			t.Fatal(err)
		}
		other, err := Read(t.Context(), f, Options{Series: &stored})
		if err != nil {
			t.Fatal(err)
		}
		for y := range g.Size[1] {
			for x := range g.Size[0] {
				in, near := false, false
				for _, c := range contours {
					p := c[len(c)-1]
					for _, q := range c {
						if (p[1] > float64(y)) != (q[1] > float64(y)) {
							at := p[0] + (float64(y)-p[1])/(q[1]-p[1])*(q[0]-p[0])
							in = in != (at > float64(x))
						}
						near = near || toLine([2]float64{float64(x), float64(y)}, p, q) < 2*onLine
						p = q
					}
				}
				if near {
					continue
				}
				if l := got.Mask.Labels[x+20*(y+16*2)]; (l != 0) != in {
					t.Fatalf("pixel (%d,%d) is %d, inside: %v", x, y, l, in)
				}
				if l := other.Mask.Labels[2+6*((19-x)+20*y)]; (l != 0) != in {
					t.Fatalf("stored otherwise, pixel (%d,%d) is %d, inside: %v", x, y, l, in)
				}
			}
		}
	})
}

func TestRefused(t *testing.T) {
	g := oblique()
	other := g
	for r := range 3 {
		other.Affine[r][0] *= 1.5
	}
	shifted := g
	shifted.Affine[0][3] += 1
	small := g
	small.Size[2] = 2
	tilted := volume.Grid{Size: g.Size, Affine: volume.Scaling(1, 1, 4), SpacingKnown: true}
	unknown := g
	unknown.SpacingKnown = false
	rt := structureSet(g, nil, roi{"a", [][][3]float64{square(2, 9, 2, 9, 1)}})
	seg := segmentation(g, bitmap, [][]byte{disc(g, 9, 8, 6, 1), disc(g, 9, 8, 6, 1)}, []int{1, 4}, []int{1, 3}, 1)
	with := func(f dicomtest.File, edit func(*dicomtest.Set)) dicomtest.File {
		f.Set = f.Set.Clone()
		edit(f.Set)
		return f
	}
	contour := func(edit func(*dicomtest.Set)) dicomtest.File {
		return structureSet(g, edit, roi{"a", [][][3]float64{square(2, 9, 2, 9, 1)}})
	}
	for _, c := range []struct {
		say string
		f   dicomtest.File
		o   Options
	}{
		{"the grid of the series", rt, Options{}},
		{"no grid with known spacing", rt, Options{Series: &unknown}},
		{"another series", rt, Options{Series: &tilted}},
		{`found "a", expected "b"`, rt, Options{Series: &g, Names: []string{"b"}}},
		{"segments: found none", structureSet(g, nil), Options{Series: &g}},
		{"SOP class", with(rt, func(s *dicomtest.Set) { s.Put(dicom.SOPClassUID, "UI", "1.2") }), Options{Series: &g}},
		{"11 numbers for 4 points", contour(func(s *dicomtest.Set) { e := s.Get(dicom.ContourData); e.Value = e.Value.([]any)[:11] }), Options{Series: &g}},
		{"12 numbers for 9 points", contour(func(s *dicomtest.Set) { s.Put(dicom.NumberOfContourPoints, "IS", 9) }), Options{Series: &g}},
		{`found "SPLINE"`, contour(func(s *dicomtest.Set) { s.Put(dicom.ContourGeometricType, "CS", "SPLINE") }), Options{Series: &g}},
		{"coordinates", contour(func(s *dicomtest.Set) { s.Get(dicom.ContourData).Value.([]any)[4] = "left" }), Options{Series: &g}},
		{"spacing along i", seg, Options{Series: &other}},
		{"origin differs by 1 mm", seg, Options{Series: &shifted}},
		{"outside the series", seg, Options{Series: &small}},
		{"frame 1", seg, Options{Series: &tilted}},
		{"1 items for 2 frames", with(seg, func(s *dicomtest.Set) {
			e := s.Get(dicom.PerFrameFunctionalGroupsSequence)
			e.Value = e.Value.([]*dicomtest.Set)[:1]
		}), Options{Series: &g}},
		{"frame 1: ImageOrientationPatient", with(seg, func(s *dicomtest.Set) { s.Delete(dicom.SharedFunctionalGroupsSequence) }), Options{Series: &g}},
		{"SegmentationType", with(seg, func(s *dicomtest.Set) { s.Put(dicom.SegmentationType, "CS", "FANCY") }), Options{Series: &g}},
		{"SegmentNumber", with(seg, func(s *dicomtest.Set) {
			s.Seq(dicom.SegmentSequence, dicomtest.New().Put(dicom.SegmentNumber, "US", 1), dicomtest.New().Put(dicom.SegmentNumber, "US", 1))
		}), Options{Series: &g}},
	} {
		_, err := Read(t.Context(), parse(t, c.f), c.o)
		var in *fault.Input
		if !errors.As(err, &in) || !strings.Contains(err.Error(), c.say) || !strings.Contains(err.Error(), "memory.dcm") {
			t.Errorf("%v does not say %q", err, c.say)
		}
	}
	// A point or an open line is no lesion.
	f := parse(t, structureSet(g, func(s *dicomtest.Set) { s.Put(dicom.ContourGeometricType, "CS", "OPEN_PLANAR") }, roi{"a", [][][3]float64{square(2, 9, 2, 9, 1)}}))
	a, err := Read(t.Context(), f, Options{Series: &g})
	if err != nil || !slices.Contains(a.Notes, "OPEN_PLANAR contours enclose nothing and are left out") {
		t.Error(err, a)
	}
}

// A contour that zigzags over the rows is stopped before it takes the memory.
func TestHostileContour(t *testing.T) {
	g := oblique()
	g.Size[1] = 60000
	var c [][3]float64
	for i := range 1000 {
		c = append(c, [3]float64{float64(i % 7), float64(i%2) * 59999, 1})
	}
	_, err := Read(t.Context(), parse(t, structureSet(g, nil, roi{"a", [][][3]float64{c}})), Options{Series: &g})
	if err == nil || !strings.Contains(err.Error(), "cross the rows") {
		t.Error(err)
	}
}
