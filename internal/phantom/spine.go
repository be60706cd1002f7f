package phantom

import "fmt"

// level is a vertebra, T1 is 1, L5 is 17.
type level int

const firstLumbar = 13

func (l level) String() string {
	if l >= firstLumbar {
		return fmt.Sprintf("L%d", l-firstLumbar+1)
	}
	return fmt.Sprintf("T%d", int(l))
}

// toL1 is how many vertebrae up the first lumbar one is; below it where negative.
func (l level) toL1() float64 { return float64(l - firstLumbar) }
