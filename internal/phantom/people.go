package phantom

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"magn/internal/draw"
	"magn/internal/volume"
)

// patient is one id of the cohort.
type patient struct {
	id       string
	person   int // number of the person, from 1
	exam     int // 0, or 1 for the second id of a person
	label    int
	central  level // of the vertebra at z = 0
	flaw     flaw
	moved    bool    // between the sagittal series and the others
	stations [3]bool // views in two stations
	maker    maker
	outlined format
	enhanced bool // images are multi-frame files
}

// flaw is why a patient has to be excluded.
type flaw uint8

const (
	none flaw = iota
	noCoronal
	noOutline
	treated
	otherClass
	noPathology
	poorQuality
	noAge
	flaws // how many, none among them
)

// reason is what stands in truth/patients.csv, in the words of an import.
func (f flaw) reason() string {
	return [flaws]string{
		"", "no contrast-enhanced T1 of coronal", "no outline of the lesion", "treated before", "another diagnosis",
		"not confirmed by pathology", "images not good enough", "clinical data incomplete: age",
	}[f]
}

// format is what an outline is saved as.
type format uint8

const (
	asNIfTI format = iota
	asNRRD
	asSEG
	asRTSTRUCT
)

func (p patient) class() string {
	switch {
	case p.flaw == otherClass:
		return Other
	case p.label == 1:
		return Positive
	}
	return Negative
}

// group is the id of the person's first exam.
func (p patient) group() string { return personID(p.person) }

func (p patient) level() level { return p.central }

func personID(n int) string { return fmt.Sprintf("phantom-%04d", n) }

// Persons with something about them.
const (
	twice = 2 // stands in the cohort under two ids
	mover = 3 // moved between series
)

// patients of a cohort. The second id of one person comes right after the first;
// those who must be excluded come last, an eighth of all. Of each pair of persons
// one has either class, at random, so that nothing which goes by a person's number
// goes with the class.
func (o Options) patients() []patient {
	out := make([]patient, 0, o.Patients)
	for n := 1; len(out) < o.Patients; n++ {
		p := o.person(n)
		out = append(out, p)
		if n == twice {
			p.id, p.exam, p.maker = p.id+"b", 1, (p.maker+1)%makers
			p.stations = [3]bool{}
			out = append(out, p)
		}
	}
	out = out[:o.Patients]
	bad := max(1, o.Patients/8)
	for i := range bad {
		p := &out[len(out)-bad+i]
		p.flaw, p.moved, p.outlined = flaw(1+i%int(flaws-1)), false, asNIfTI
	}
	return out
}

func (o Options) person(n int) patient {
	coin := draw.New("phantom", o.Seed, "label", (n-1)/2).IntN(2)
	r := draw.New("phantom", o.Seed, "plan", n)
	p := patient{id: personID(n), person: n, label: (n + coin) % 2, central: level(12 + r.IntN(4)), maker: maker(r.IntN(int(makers)))}
	if n > 3 { // the first three are of the three makers and plain
		p.outlined = []format{asNIfTI, asNIfTI, asNIfTI, asSEG, asRTSTRUCT, asNRRD}[n%6]
		for v, every := range [3][2]int{volume.Sagittal: {9, 8}, volume.Coronal: {7, 5}, volume.Axial: {5, 4}} {
			p.stations[v] = n%every[0] == every[1]
		}
	} else {
		p.maker = maker(n-1) % makers
	}
	p.enhanced = n > 3 && p.maker == philips && r.IntN(2) == 0
	p.moved = n == mover && o.Moved > 0
	return p
}

// shift is by how much a patient moved who did, mm.
func (p patient) shift(opt Options) (d [3]float64) {
	r := draw.New("phantom", opt.Seed, "moved", p.person, p.exam)
	square := 0.
	for k, most := range [3]float64{.5, .6, 1} { // along the table rather than off it
		d[k] = most * (.4 + .6*r.Float64()) * float64(1-2*r.IntN(2))
		square += d[k] * d[k]
	}
	for k := range d {
		d[k] *= opt.Moved / math.Sqrt(square)
	}
	return d
}

// identity is who a person is: it is the same for both of their ids.
type identity struct {
	name  string // DICOM's form
	sex   string // M or F
	birth time.Time
	kg, m float64
}

var (
	families = []string{"Abendroth", "Bergström", "Castellanos", "Dvořák", "Eriksen", "Fontaine", "Grünwald", "Haugen", "Ivanova", "Jansen", "Kovács", "Lindqvist", "Müller", "Nakamura", "Oliveira", "Pettersson", "Quist", "Rossi", "Schäfer", "Takahashi", "Ulrich", "Vasquez", "Weiß", "Zhang"}
	women    = []string{"Anna", "Berta", "Clara", "Dora", "Elena", "Freya", "Greta", "Hanna", "Ines", "Jana", "Karin", "Lucía"}
	men      = []string{"Anton", "Björn", "Carlos", "David", "Emil", "Felix", "Georg", "Hugo", "Ivan", "José", "Karl", "Lars"}
)

// identity draws a person who does not exist.
func (p patient) identity(opt Options) identity {
	r := draw.New("phantom", opt.Seed, "identity", p.person)
	given, sex := men, "M"
	if r.IntN(2) == 0 {
		given, sex = women, "F"
	}
	id := identity{sex: sex, name: pick(r, families) + "^" + pick(r, given)}
	id.birth = time.Date(1940, 1, 2, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(40*365))
	id.m = 1.6 + .1*r.Float64()
	if sex == "M" {
		id.m += .12
	}
	id.kg = 24 * id.m * id.m * (.85 + .35*r.Float64())
	return id
}

// examined is when the first series of an exam was begun.
func (p patient) examined(opt Options) time.Time {
	r := draw.New("phantom", opt.Seed, "date", p.person)
	day := time.Date(2016, 1, 4, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(5*365)+150*p.exam)
	return day.Add(7*time.Hour + time.Duration(r.IntN(10*3600))*time.Second)
}

// age in years at an exam.
func (id identity) age(at time.Time) int {
	n := at.Year() - id.birth.Year()
	if at.YearDay() < id.birth.YearDay() {
		n--
	}
	return n
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
