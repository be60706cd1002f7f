package intake

import (
	"os"
	"path/filepath"
	"testing"

	"magn/internal/fault"
)

// Whatever a spreadsheet program makes of series.csv is read or refused as input.
func FuzzReadUse(f *testing.F) {
	for _, s := range []string{
		"case,series,use\nC0001,ab,yes\n", "\ufeffuse;series;case\r\nno;ab;C0001\r\n", "case\tseries\tuse\nC0001\tab\tsagittal axial\n",
		"case,series,use\nC0001,ab\n", "", "use\n", "case,series,use\n\"C0001,ab,yes\n", "case,series,use\nC0001,ab,YES \nC0001,ab,no\n", "case,series,use\nC0001,ab,left\n",
	} {
		f.Add(s)
	}
	file := filepath.Join(f.TempDir(), seriesFile)
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		u, err := readUse(file)
		if err != nil {
			if fault.Code(err) != fault.CodeInput {
				t.Error(err)
			}
			return
		}
		for k, x := range u.rows {
			n := 0
			for _, v := range x.views {
				if v {
					n++
				}
			}
			if said := x.no || x.own || n > 0; !said || x.no && (x.own || n > 0) || x.line < 2 {
				t.Errorf("%v: %+v", k, x)
			}
		}
	})
}

func TestReadUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), seriesFile)
	for text, want := range map[string]use{
		"case,series,use\nC1,k, Yes \n":                        {line: 2, text: "yes", own: true},
		"\ufeffuse;series;case\r\n\r\nNO;k;C1\r\n":             {line: 3, text: "no", no: true},
		"case\tview\tseries\tuse\nC1\t\"a\nb\"\tk\taxial\n":    {line: 2, text: "axial", views: [3]bool{2: true}},
		"case,series,use\nC1,other,\nC1,k,sagittal  coronal\n": {line: 3, text: "sagittal  coronal", views: [3]bool{true, true, false}},
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		u, err := readUse(file)
		if got := u.rows[[2]string{"C1", "k"}]; err != nil || got != want {
			t.Errorf("%q: %v %+v, want %+v", text, err, got, want)
		}
	}
}
