// Package draw makes random numbers by key. A draw depends on what it is for
// (seed, arm, fold, epoch, case) and on nothing that was drawn before, so
// a run that was killed and resumed, or that loads its cases in another order,
// draws the same numbers.
package draw

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
)

// New is the generator of one key. The key's parts are any values that print
// themselves unambiguously (strings, numbers, named constants); parts are kept
// apart, so ("a", "bc") and ("ab", "c") are different keys.
func New(key ...any) *rand.Rand {
	h := sha256.New()
	for _, k := range key {
		s := fmt.Sprint(k)
		fmt.Fprintf(h, "%d:", len(s))
		io.WriteString(h, s)
	}
	var seed [32]byte
	h.Sum(seed[:0])
	return rand.New(rand.NewChaCha8(seed))
}
