package convert

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dateTime is a DT value, or else a DA and a TM value (PS3.5 6.2), as seconds
// since 1970 in the clock of whoever wrote it; NaN where it is none. Without
// a date the day is 1970-01-01.
func dateTime(dt, da, tm string) float64 {
	dt, _, _ = strings.Cut(dt, `\`)
	if len(dt) >= 10 {
		// The offset from UTC is left out: within a study it is the same, and
		// the other attributes have none.
		if i := strings.IndexAny(dt[8:], "+-"); i >= 0 {
			dt = dt[:8+i]
		}
		da, tm = dt[:8], dt[8:]
	}
	da, _, _ = strings.Cut(da, `\`)
	tm, _, _ = strings.Cut(tm, `\`)
	s := timeOfDay(tm)
	if math.IsNaN(s) {
		return nan
	}
	da = strings.ReplaceAll(strings.TrimSpace(da), ".", "") // ACR-NEMA's 1997.04.24
	if da == "" {
		return s
	}
	day, err := time.Parse("20060102", da)
	if err != nil {
		return nan
	}
	return float64(day.Unix()) + s
}

// timeOfDay is a TM value in seconds; minutes and seconds may be absent.
func timeOfDay(tm string) float64 {
	tm = strings.ReplaceAll(strings.TrimSpace(tm), ":", "") // ACR-NEMA's 10:20:30
	whole, fraction, _ := strings.Cut(tm, ".")
	if len(whole) < 2 || len(whole) > 6 || len(whole)%2 != 0 {
		return nan
	}
	s := 0.0
	for i, unit := 0, 3600.0; i < len(whole); i, unit = i+2, unit/60 {
		v, err := strconv.ParseUint(whole[i:i+2], 10, 8)
		if err != nil || i == 0 && v > 23 || v > 60 {
			return nan
		}
		s += float64(v) * unit
	}
	if fraction != "" {
		f, err := strconv.ParseUint(fraction[:min(len(fraction), 9)], 10, 64)
		if err != nil {
			return nan
		}
		s += float64(f) / math.Pow10(min(len(fraction), 9))
	}
	return s
}

// day is in seconds.
const day = 24 * 3600

// midnight puts a study's times that have no date in order where it went on past
// midnight: where more than half a day lies between two of them, those before the
// gap are the next day's.
func midnight(list []*slice) {
	byStudy := map[string][]*slice{}
	for _, s := range list {
		byStudy[s.facts.StudyUID] = append(byStudy[s.facts.StudyUID], s)
	}
	for _, in := range byStudy {
		for _, key := range [...]int{keyTime, keyContent} {
			var undated []float64
			for _, s := range in {
				if t := s.keys[key]; t < day { // not of NaN
					undated = append(undated, t)
				}
			}
			slices.Sort(undated)
			for i := 1; i < len(undated); i++ {
				if undated[i]-undated[i-1] <= day/2 {
					continue
				}
				for _, s := range in {
					if s.keys[key] < undated[i] {
						s.keys[key] += day
					}
				}
				break
			}
		}
	}
}
