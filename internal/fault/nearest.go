package fault

import "strings"

// Nearest is which of the known words a mistyped one was meant to be, for an
// error's "did you mean": at most two letters away (Levenshtein's distance),
// capitals and separators not counted, and less than half of the word. It is
// empty where none is near.
func Nearest(typed string, known []string) string {
	if len(typed) > longest {
		return ""
	}
	best, at := "", 3
	for _, k := range known {
		if d := edits(plain(typed), plain(k)); d < at && d < len(k)/2 {
			best, at = k, d
		}
	}
	return best
}

// longest bounds the work on a word of an untrusted file.
const longest = 60

func plain(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
}

// edits is how many letters must be changed, added or left out.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
