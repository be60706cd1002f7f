package fault

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"epochs", "batch", "learning_rate", "lr", "binWidth", "binCount"}
	for typed, want := range map[string]string{
		"epoch": "epochs", "batsh": "batch", "learningRate": "learning_rate", "binwidth": "binWidth", "binCont": "binCount",
		"rl": "", "nothing": "", "": "", "epochs" + strings.Repeat("_", longest): "",
	} {
		if got := Nearest(typed, known); got != want {
			t.Errorf("%q: %q, expected %q", typed, got, want)
		}
	}
	// kitten and sitting are three apart, the textbook's example.
	if d := edits("kitten", "sitting"); d != 3 {
		t.Errorf("kitten to sitting: %d", d)
	}
}
