package boost

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"magn/internal/draw"
	"magn/internal/testenv"
)

// Bytes altered under a right hash: decode refuses, or XGBoost loads or refuses;
// nothing crashes or stays open.
func TestMutatedTrees(t *testing.T) {
	testenv.XGBoost(t)
	noneLeft(t)
	p := Boosting()
	p.Rounds, p.MinChildWeight = 2, 0
	model := train(t, tiny(), p)
	second, err := json.Marshal(header{model.features, p, nil})
	fatal(t, err)
	r, taken := draw.New("mutate"), 0
	for range 600 {
		trees := bytes.Clone(model.trees)
		for range 1 + r.IntN(2) {
			trees[r.IntN(len(trees))] = "0123456789-.eE,[]{}\"a"[r.IntN(21)]
		}
		rest := append(append(bytes.Clone(second), '\n'), trees...)
		m, _, err := decode("model", append([]byte(magic+hash(rest)+"\n"), rest...))
		if err != nil {
			continue
		}
		taken++
		if margins, err := m.Predict(context.Background(), tiny()); err == nil && len(margins) != 4 {
			t.Errorf("%d margins of 4 rows", len(margins))
		}
	}
	if taken < 10 {
		t.Errorf("only %d of 600 reached XGBoost", taken)
	}
	t.Logf("%d of 600 reached XGBoost", taken)
}
