package intake

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"magn/internal/fault"
)

// words are what a series description says, in lower case. It is typed by people:
// it counts as one weak vote, and never goes into a file.
type words struct {
	list []string
	text string // for languages without spaces
}

// term is a list of words that mean one thing; those with a character outside ASCII
// are looked for anywhere in the text.
type term []string

// In English, German and Chinese.
var (
	after = term{
		"+c", "c+", "ce", "post", "postcontrast", "gd", "gad", "gado", "gadolinium", "contrast", "enhanced", "enh", "km", "nachkm", "postkm",
		"kontrast", "kontrastmittel", "c", "增强", "强化",
	}
	before = term{
		"pre", "precontrast", "nativ", "native", "unenhanced", "noncontrast", "plain", "ohne", "vor", "nonenhanced", "平扫", "增强前", "未增强",
	}
	subtraction = term{"sub", "subtraction", "subtracted", "subtraktion", "减影", "剪影"}
	scout       = term{"loc", "localizer", "localiser", "scout", "survey", "topogramm", "lokalizer", "3plane", "定位", "定位像"}
	fatWords    = term{"fs", "fatsat", "spir", "spair", "stir", "tirm", "fettgesättigt", "fettsat", "chess", "压脂", "抑脂", "脂肪抑制"}
	t1Words     = term{"t1", "t1w", "t1wi", "t1加权"}
	notT1Words  = term{"t2", "t2w", "t2wi", "pd", "pdw", "stir", "tirm", "dwi", "adc", "flair", "myelo", "myelographie", "ciss"}
)

func wordsOf(text string) words {
	text = strings.ToLower(text)
	// "w/o contrast" and its like are the opposite of the word that follows.
	for _, no := range []string{"w/o contrast", "w/o c", "without contrast", "without gd", "no contrast", "non contrast", "non-contrast", "ohne km", "ohne kontrast", "vor km", "pre contrast", "pre-contrast", "pre gd", "t1 -c", "c-"} {
		text = strings.ReplaceAll(text, no, " precontrast ")
	}
	split := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '+' }
	w := words{text: text}
	for _, x := range strings.FieldsFunc(text, split) {
		w.list = append(w.list, x)
		for _, y := range strings.Split(x, "+") {
			if y != "" && y != x {
				if strings.Contains(x, "+"+y) && y == "c" {
					y = "+c"
				}
				w.list = append(w.list, y)
			}
		}
	}
	return w
}

func (w words) has(t term) bool {
	for _, x := range t {
		ascii := !strings.ContainsFunc(x, func(r rune) bool { return r > unicode.MaxASCII })
		if x == "c" { // a letter by itself means too much
			continue
		}
		if ascii && slices.Contains(w.list, x) || !ascii && strings.Contains(w.text, x) {
			return true
		}
	}
	return false
}

// contrast is +1 where the description says that contrast was given, -1 where it
// says that it was not, 0 where it says neither or both.
func (w words) contrast() int {
	n, p := w.has(before), w.has(after)
	if strings.Contains(w.text, "增强前") || strings.Contains(w.text, "未增强") {
		p = false
	}
	switch {
	case p && !n:
		return 1
	case n && !p:
		return -1
	}
	return 0
}

// plain is what an error says without the file that it names: paths have patients'
// names in them.
func plain(err error) string {
	var in *fault.Input
	if !errors.As(err, &in) {
		return "it cannot be read"
	}
	var parts []string
	if in.Field != "" {
		parts = append(parts, in.Field)
	}
	if in.Found != "" {
		parts = append(parts, "found "+in.Found)
	}
	if in.Expected != "" {
		parts = append(parts, "expected "+in.Expected)
	}
	if len(parts) == 0 {
		return "it cannot be read"
	}
	return strings.Join(parts, ", ")
}
