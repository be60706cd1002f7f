package volume

import "fmt"

// View is one of the three directions in which a patient is sliced.
type View uint8

// The views, in the order in which a network concatenates them.
const (
	Sagittal View = iota
	Coronal
	Axial
)

// Views lists all three in the network's order.
var Views = []View{Sagittal, Coronal, Axial}

var viewNames = [...]string{"sagittal", "coronal", "axial"}

func (v View) String() string {
	if int(v) < len(viewNames) {
		return viewNames[v]
	}
	return fmt.Sprintf("View(%d)", uint8(v))
}

// ParseView reads a view's name as it stands in files: sagittal, coronal, axial.
func ParseView(s string) (View, error) {
	for i, n := range viewNames {
		if s == n {
			return View(i), nil
		}
	}
	return 0, fmt.Errorf("view %q: expected sagittal, coronal or axial", s)
}

// MarshalText makes a View its name in JSON, YAML and CSV.
func (v View) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (v *View) UnmarshalText(b []byte) error {
	p, err := ParseView(string(b))
	if err != nil {
		return err
	}
	*v = p
	return nil
}
