package cohort

import (
	"strings"
	"testing"
)

func FuzzManifest(f *testing.F) {
	const header = "slice,patient,group,class,view,image,mask\n"
	f.Add(header + "1,a,a,tumour,axial,i/1.png,m/1.png\n2,a,a,tumour,sagittal,i/2.png,m/2.png\n")
	f.Add(header + "2,a,a,tumour,axial,x,y\n10,a,a,tumour,axial,x,y\n1,b,a,cyst,axial,x,y\n")
	f.Add("\xef\xbb\xbfmask,image,view,class,group,patient,slice,note\r\ny,x,coronal,t,g,\"p\",\"s 1\",\r\n")
	f.Add(header + "1,../a,a,tumour,axial,x,y\n1,A,a,t,saggital,x,y\n1,a,a,t")
	f.Add(header + "\"1,a\nb\"\"")
	f.Fuzz(func(t *testing.T, text string) {
		var ps Problems
		patients := parseManifest("manifest.csv", strings.NewReader(text), &ps)
		if len(ps.List) > 0 {
			return
		}
		// What is accepted hangs together: every slice once, under its patient,
		// with that patient's class and group, and ids that are safe folder names.
		ids, rows := map[string]bool{}, 0
		for i, p := range patients {
			if i > 0 && patients[i-1].id >= p.id {
				t.Fatalf("%q before %q", patients[i-1].id, p.id)
			}
			if strings.ContainsAny(p.id, "/\\:\x00") || strings.HasPrefix(p.id, ".") || p.id == "" {
				t.Fatalf("id %q", p.id)
			}
			for v, list := range p.views {
				for _, s := range list {
					rows++
					if ids[s.id()] || int(s.view) != v || s.patient() != p.id || s.class() != p.class || s.group() != p.group {
						t.Fatalf("slice %q of %q: %+v", s.id(), p.id, s.fields)
					}
					ids[s.id()] = true
				}
			}
		}
		if rows == 0 && len(patients) > 0 {
			t.Fatal("patients without slices")
		}
	})
}

func TestSliceOrder(t *testing.T) {
	for name, test := range map[string]struct{ ids, want string }{
		"numbers":     {"10 9 1 -2", "-2 1 9 10"},
		"zeros":       {"010 009 0011", "009 010 0011"},
		"not numbers": {"c b 10 9", "c b 10 9"},
	} {
		var s []slice
		for _, id := range strings.Fields(test.ids) {
			s = append(s, slice{record: record{fields: []string{id}}})
		}
		sortSlices(s)
		var got []string
		for _, x := range s {
			got = append(got, x.id())
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
}
