package report

import (
	"fmt"

	"magn/internal/fault"
)

// maxSide bounds a panel's crop, in pixels a side.
const maxSide = 4096

// check refuses panels whose pixels do not fit their sizes.
func check(in Input) error {
	for _, p := range in.Panels {
		for _, v := range p.Views {
			where := fmt.Sprintf("heat-map panel of case %q, view %s", p.Case, v.View)
			if v.W < 1 || v.H < 1 || v.W > maxSide || v.H > maxSide {
				return &fault.Input{
					File: where, Field: "size", Found: fmt.Sprintf("%d×%d", v.W, v.H),
					Expected: fmt.Sprintf("1 to %d pixels a side", maxSide),
				}
			}
			n := v.W * v.H
			if err := checkLen(where, "image", len(v.Image), n); err != nil {
				return err
			}
			if err := checkLen(where, "annotation", len(v.Lesion), n); err != nil {
				return err
			}
			for _, m := range v.Maps {
				if err := checkLen(where, "map of arm "+m.Arm, len(m.Map), n); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkLen(where, field string, found, expected int) error {
	if found == expected {
		return nil
	}
	return &fault.Input{
		File: where, Field: field, Found: fmt.Sprintf("%d pixels", found),
		Expected: fmt.Sprintf("%d, as many as its crop has", expected),
	}
}
