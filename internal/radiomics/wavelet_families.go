package radiomics

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// wavelet_tables.txt has PyWavelets 1.9's filters but for dbN, which are
// computed. A line is a name and the reconstruction low-pass filter or, with
// /dec, a biorthogonal wavelet's decomposition low-pass filter. The numbers are
// PyWavelets' to the last digit, though its symlets have only eleven right: over
// a flat part of an image a band is all rounding, and its sign decides the bin.
//
//go:embed wavelet_tables.txt
var waveletTables string

// waveletKnown says whether PyWavelets has a discrete wavelet of that name.
func waveletKnown(name string) bool {
	_, _, err := waveletLowPass(name)
	return err == nil
}

// waveletFilters are the decomposition filters of a wavelet, of the same even
// length.
func waveletFilters(name string) (low, high []float64, err error) {
	low, rec, err := waveletLowPass(name)
	if err != nil {
		return nil, nil, err
	}
	high = make([]float64, len(rec))
	for i, c := range rec {
		high[i] = c
		if i%2 == 0 {
			high[i] = -c
		}
	}
	return low, high, nil
}

// waveletLowPass are the low-pass filters for decomposition and reconstruction.
func waveletLowPass(name string) (dec, rec []float64, err error) {
	family := strings.TrimRight(name, "0123456789.")
	order := name[len(family):]
	n, _ := strconv.Atoi(order)
	numbered := strconv.Itoa(n) == order // and not db01
	switch {
	case name == "haar":
		rec = daubechiesOf(1)
	case family == "db" && numbered && 1 <= n && n <= 38:
		rec = daubechiesOf(n)
	case family == "bior":
		dec, rec = tabulated(name+"/dec"), tabulated(name)
	case family == "rbio": // the two change places
		dec, rec = reversed(tabulated("bior"+order)), reversed(tabulated("bior"+order+"/dec"))
	case family == "sym" || family == "coif" || family == "dmey":
		rec = tabulated(name)
	}
	if rec == nil {
		return nil, nil, fmt.Errorf("no discrete wavelet %q", name)
	}
	if dec == nil {
		dec = reversed(rec)
	}
	return dec, rec, nil
}

// daubechiesOf remembers what takes up to a tenth of a second.
func daubechiesOf(n int) []float64 {
	if f, ok := daubechiesKnown.Load(n); ok {
		return f.([]float64)
	}
	f := reversed(daubechies(n))
	daubechiesKnown.Store(n, f)
	return f
}

var daubechiesKnown sync.Map

// tabulated is a line of the table, nil where there is none.
func tabulated(name string) []float64 {
	for line := range strings.Lines(waveletTables) {
		fields := strings.Fields(line)
		if fields[0] != name {
			continue
		}
		var out []float64
		for _, f := range fields[1:] {
			x, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return nil
			}
			out = append(out, x)
		}
		return out
	}
	return nil
}

func reversed(filter []float64) []float64 {
	out := slices.Clone(filter)
	slices.Reverse(out)
	return out
}
