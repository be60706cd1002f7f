package tabular

import (
	"errors"
	"slices"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

// outline describes the geometry of one view's masks: size, form and place. It
// opens no image. Lengths are in millimetres, in pixels where spacing is unknown;
// several stacks are averaged by the volume outlined in each.
func outline(v volume.View, stacks []cohort.Stack) (row viewRow, err error) {
	var all pool
	labels := map[uint16]bool{}
	for _, st := range stacks {
		m, err := maskOf(st, v)
		if err != nil {
			return row, err
		}
		for _, l := range m.Labels {
			if l > 0 {
				labels[l] = true
			}
		}
		_, _, total := biggestLabel(m.Labels)
		if total == 0 {
			return row, &fault.Input{File: st.Mask, Field: "voxels", Found: "an empty mask", Expected: "a lesion in every stack"}
		}
		sp := m.Spacing()
		if err := describe(m, float64(total)*sp[0]*sp[1]*sp[2], &all); err != nil {
			return row, radiomics.InFiles(err, st.Image, st.Mask, "")
		}
		if !st.SpacingKnown {
			row.Notes = []string{noteNative}
		}
	}
	row.add("outline_Lesions", float64(len(labels)))
	all.into(&row)
	return row, nil
}

// maskOf reads the mask alone, canonical for its view.
func maskOf(st cohort.Stack, v volume.View) (*volume.Mask, error) {
	im, err := nifti.Read(st.Mask)
	if err != nil {
		return nil, inFile(st.Mask, err)
	}
	m, err := im.Mask()
	if err != nil {
		return nil, inFile(st.Mask, err)
	}
	m.SpacingKnown = st.SpacingKnown // the sidecar knows what NIfTI can say only roughly
	if m, err = m.Canonical(v); err != nil {
		return nil, inFile(st.Mask, err)
	}
	return m, nil
}

func inFile(path string, err error) error {
	var bad *fault.Input
	if errors.As(err, &bad) {
		return err
	}
	return &fault.Input{File: path, Err: err}
}

// describe adds a stack's geometry, all lesions of a slice as one, with the weight
// of the stack.
func describe(m *volume.Mask, weight float64, all *pool) error {
	g := m.Grid
	n := g.Size[0] * g.Size[1]
	pixel := g.Spacing()[0] * g.Spacing()[1]
	var mean pool
	var most *radiomics.Region
	slices, area := 0, 0
	for k := range g.Size[2] {
		r, err := region(volume.Grid{Size: [3]int{g.Size[0], g.Size[1], 1}, Affine: g.Affine}, m.Labels[k*n:][:n], 0)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		slices++
		area += r.Count
		form, err := radiomics.Shape2D(r, 0)
		if err != nil {
			return err
		}
		for _, f := range wanted("shape2D", form) {
			mean.add("mean-slice_shape2D_"+f.Name, f.Value, float64(r.Count))
		}
		if most == nil || r.Count > most.Count {
			most = r
		}
	}
	add := func(name string, x float64) { all.add(name, x, weight) }
	sp := most.Spacing
	for _, x := range []radiomics.Value{
		{Name: "Slices", Value: float64(slices)},
		{Name: "Area", Value: float64(area) * pixel}, // of all slices
		{Name: "AreaMean", Value: float64(area) * pixel / float64(slices)},
		{Name: "AreaLargest", Value: float64(most.Count) * pixel},
		// Place and size of the box on the slice that shows most; places and the
		// share of the field as shares of the image, from its left and top.
		{Name: "CentreX", Value: (float64(most.Start[0]) + float64(most.Size[0])/2) / float64(g.Size[0])},
		{Name: "CentreY", Value: (float64(most.Start[1]) + float64(most.Size[1])/2) / float64(g.Size[1])},
		{Name: "FieldShare", Value: float64(most.Count) / float64(n)},
		{Name: "BoxWidth", Value: float64(most.Size[0]) * sp[0]},
		{Name: "BoxHeight", Value: float64(most.Size[1]) * sp[1]},
		{Name: "BoxAspect", Value: float64(most.Size[0]) * sp[0] / (float64(most.Size[1]) * sp[1])},
		{Name: "BoxFill", Value: float64(most.Count) / float64(most.Size[0]*most.Size[1])},
	} {
		add("outline_"+x.Name, x.Value)
	}
	form, err := radiomics.Shape2D(most, 0)
	if err != nil {
		return err
	}
	for _, f := range wanted("shape2D", form) {
		add("largest-slice_shape2D_"+f.Name, f.Value)
	}
	var means viewRow
	mean.into(&means)
	for i, name := range means.Names {
		add(name, float64(means.Values[i]))
	}
	if !g.SpacingKnown {
		return nil
	}
	label, _, _ := biggestLabel(m.Labels)
	for i, name := range []string{"union", "largest"} {
		r, err := region(g, m.Labels, [2]uint16{0, label}[i])
		if err != nil {
			return err
		}
		for _, f := range wanted("shape", radiomics.Shape(r)) {
			add(name+"_shape_"+f.Name, f.Value)
		}
	}
	return nil
}

// wanted leaves out the deprecated features, which are functions of the others.
func wanted(class string, all []radiomics.Feature) []radiomics.Feature {
	names := radiomics.ClassFeatures{Class: class}.Wanted()
	return slices.DeleteFunc(all, func(f radiomics.Feature) bool { return !slices.Contains(names, f.Name) })
}

// region is the voxels with a label, or with any where that is 0; nil where there
// are none. It has no grey values.
func region(g volume.Grid, labels []uint16, label uint16) (*radiomics.Region, error) {
	inside := make([]bool, len(labels))
	found := false
	for i, l := range labels {
		inside[i] = l != 0 && (l == label || label == 0)
		found = found || inside[i]
	}
	if !found {
		return nil, nil
	}
	return radiomics.NewRegion(make([]float64, len(labels)), inside, g.Size, g.Spacing())
}
