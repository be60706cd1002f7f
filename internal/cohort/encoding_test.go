package cohort

import (
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Bytes are Python's, as in '住院号,姓名…'.encode('gb18030').hex().
func TestEncodings(t *testing.T) {
	const han = "住院号,姓名,诊断,年龄\n0012,张三,骨髓瘤,54岁\n"
	for name, test := range map[string]struct{ data, told, text, note string }{
		"utf-8":           {hex.EncodeToString([]byte(han)), "", han, "UTF-8"},
		"utf-8 with mark": {"efbbbf" + hex.EncodeToString([]byte(han)), "", han, "UTF-8, by its byte-order mark"},
		"gb18030":         {"d7a1d4babac52cd0d5c3fb2cd5efb6cf2cc4eac1e40a303031322cd5c5c8fd2cb9c7cbe8c1f62c3534cbea0a", "", han, "GB18030"},
		"utf-16":          {"fffe4f4f6296f7532c00d3590d542c00ca8bad652c00745e849f0a0030003000310032002c00205f094e2c00a89ad39a24762c0035003400815c0a00", "", han, "UTF-16, little-endian"},
		"utf-16 big":      {"feff004100e95f200041", "", "Aé张A", "UTF-16, big-endian"},
		"windows-1252":    {"69643b6e616d653b6167650a373b4dfc6c6c65723b35340a", "", "id;name;age\n7;Müller;54\n", "Windows-1252"},
		// Valid GB18030 each, as M黮ler, Gr鲞e, cora玢o and P閞ez;Mu駉z.
		"Größe":    {"4772f6df65", "", "Größe", "Windows-1252"},
		"coração":  {"636f7261e7e36f", "", "coração", "Windows-1252"},
		"two":      {"50e972657a3b4d75f16f7a", "", "Pérez;Muñoz", "Windows-1252"},
		"told":     {"4dfc6c6c6572", "gb18030", "M黮ler", "gb18030, as told"},
		"told mac": {"4d9f6c6c6572", "macintosh", "Müller", "macintosh, as told"},
		// A rare name among common characters: 镕 is outside GB 2312.
		"rare":  {"c4eac1e42cd0d5c3fb0ae946", "", "年龄,姓名\n镕", "GB18030"},
		"lost":  {"61efbfbd62", "", "a\ufffdb", "1 characters were lost"},
		"empty": {"", "", "", "UTF-8"},
	} {
		text, note, err := decodeText("t.csv", unhex(t, test.data), test.told)
		if err != nil || text != test.text || !strings.Contains(note, test.note) {
			t.Errorf("%s: %q (%s, %v), want %q (%s)", name, text, note, err, test.text, test.note)
		}
	}
}

func TestEncodingsRefused(t *testing.T) {
	utf8Text := "姓名,诊断\n张三,骨髓瘤\n李四,转移瘤\n"
	for name, test := range map[string]struct{ data, told, reason string }{
		"damaged utf-8":        {hex.EncodeToString([]byte(utf8Text[:30])) + "ff0a" + hex.EncodeToString([]byte(utf8Text)), "", "damaged character in line 2"},
		"mark and other bytes": {"efbbbf610a62ff", "", "line 2"},
		"utf-16 without mark":  {"610062000a00", "", "NUL character in line 1"},
		"utf-32":               {"fffe000061000000", "", "UTF-32"},
		"half a character":     {"fffe610062", "", "half a UTF-16 character"},
		"lone surrogate":       {"fffe00d86100", "", "half a UTF-16 character"},
		"none":                 {"6181", "", "neither"},
		"told wrongly":         {"610aff", "utf-8", "line 2"},
		"no such encoding":     {"61", "klingon", "klingon"},
	} {
		_, _, err := decodeText("t.csv", unhex(t, test.data), test.told)
		t.Run(name, func(t *testing.T) { wantProblem(t, err, "t.csv", "encoding", test.reason) })
	}
}
