package report

import (
	"strings"

	"magn/internal/evidence"
)

// kappaTable is how readers agree.
func kappaTable(r evidence.Results) table {
	t := table{
		name:    "readers-agreement",
		caption: "Agreement of the readers: Cohen’s κ of the answers at 0.5 with its 95 % interval and the p of no agreement beyond chance; for scores also that of their tenths, weighted by squared distance. Pairs are two readers, or one without and with help.",
		columns: []column{
			{head: "Reader", key: "a"},
			{head: "Reader", key: "b"},
			{head: "κ", key: "kappa", kind: interval},
			{head: "p", key: "p", kind: pvalue},
			{head: "Weighted κ", key: "kappa_weighted", kind: interval},
			{head: "p", key: "p_weighted", kind: pvalue},
		},
	}
	if r.Readers == nil {
		return t
	}
	const chose = "classes were chosen, which have no tenths"
	none := evidence.Interval{Value: undefinedNumber, Low: undefinedNumber, High: undefinedNumber}
	line := func(a, b string, k evidence.Agreement, w *evidence.Agreement, why string) {
		weighted := evidence.Agreement{Kappa: none, P: evidence.Number(undefinedNumber)}
		if w != nil {
			weighted, why = *w, ""
		}
		wk, wp := span(weighted.Kappa), single(float64(weighted.P), why)
		wk.why = why
		t.add("", words(a), words(b), span(k.Kappa), single(float64(k.P), ""), wk, wp)
	}
	for _, k := range r.Readers.Kappas {
		line(k.A, k.B, k.Binary, k.Weighted, chose)
	}
	if f := r.Readers.Fleiss; f != nil {
		line("all readers without help", "(Fleiss)", *f, nil, "Fleiss’ κ is of the classes")
	}
	return t
}

// readersTable is help against none and a model against readers.
func readersTable(r evidence.Results) table {
	t := table{
		name: "readers-differences",
		columns: []column{
			{head: "Difference", key: "difference_of"},
			{head: "Reader", key: "reader"},
			{head: "First", key: "first", kind: number},
			{head: "Second", key: "second", kind: number},
			{head: "Difference", key: "difference", kind: change},
			{head: "df", key: "df", kind: whole},
			{head: "p", key: "p", kind: pvalue},
			{head: "Readers", key: "readers"},
		},
	}
	if r.Readers == nil {
		return t
	}
	t.caption = "Readers’ performance (" + r.Readers.Performance + " over all patients at once; a model’s by the mean logit of its seeds) with and without help, and a model against the readers without help: Obuchowski–Rockette’s method with Hillis’ degrees of freedom, covariances by a jackknife over groups, p not adjusted. Random: the readers stand for readers like them; fixed (fewer than three): nothing is said about others."
	for _, e := range []struct {
		of     string
		effect *evidence.ReaderEffect
	}{{"with help − without", r.Readers.Help}, {"", r.Readers.Model}} {
		if e.effect == nil {
			continue
		}
		of := e.of
		if of == "" {
			of = e.effect.Arm + " − readers"
		}
		kind := "fixed"
		if e.effect.Random {
			kind = "random"
		}
		line := func(who string, a, b evidence.Number, x evidence.ReaderEstimate, kind string) {
			first, second := single(float64(a), ""), single(float64(b), "")
			if isNaN(float64(a)) { // of one reader the mean table says it
				first, second = cell{iv: first.iv, blank: true, why: "see the table of results"}, cell{iv: second.iv, blank: true, why: "see the table of results"}
			}
			df := single(float64(x.DF), "the test is normal")
			t.add("", words(of), words(who), first, second, span(x.Difference), df, single(float64(x.P), ""), words(kind))
		}
		nan := evidence.Number(undefinedNumber)
		line("mean of "+strings.Join(e.effect.Readers, ", "), e.effect.A, e.effect.B, e.effect.Mean, kind)
		for i, x := range e.effect.ByReader {
			if i < len(e.effect.Readers) {
				line(e.effect.Readers[i], nan, nan, x, "this one")
			}
		}
	}
	return t
}
