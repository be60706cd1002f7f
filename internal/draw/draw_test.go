package draw

import "testing"

func TestKeysAreKeptApart(t *testing.T) {
	a, b := New("a", "bc").Uint64(), New("ab", "c").Uint64()
	if a == b {
		t.Fatal("(a, bc) and (ab, c) draw the same number")
	}
	if New("fold", 1).Uint64() != New("fold", 1).Uint64() {
		t.Fatal("one key draws two numbers")
	}
	if New("fold", 1).Uint64() == New("fold", 11).Uint64() {
		t.Fatal("fold 1 and fold 11 draw the same number")
	}
}
