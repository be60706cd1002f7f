package cohort

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Whatever is in a table of verdicts, it is read or refused with what is wrong:
// each case once, and no rejection without a reason.
func FuzzVerdicts(f *testing.F) {
	for _, s := range []string{
		"case,verdict,reason\na,reject,dark\nb,accept,\nc,,\n", "case,verdict,reason\na,reject,\n", "\xef\xbb\xbfreason,verdict,case\n\"x\ny\",reject,a\n",
		"case,verdict\na,accept\n", "case,reason\n", "", "case,verdict,reason\na,accept,\na,accept,\n", "case,verdict,reason,reason\n",
	} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "checked.csv")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ReadVerdicts(path)
		var ps *Problems
		if err != nil && !errors.As(err, &ps) {
			t.Fatalf("%T: %v", err, err)
		}
		seen := map[string]bool{}
		for _, v := range got {
			if err == nil && (v.Case == "" || seen[v.Case] || v.Rejected && v.Reason == "") {
				t.Fatalf("%+v was read", v)
			}
			seen[v.Case] = true
		}
	})
}
