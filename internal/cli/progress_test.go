package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// at runs a progress of 100 steps under a clock that the test moves.
func at(t *testing.T, json bool, steps func(p *Progress, wait func(time.Duration))) string {
	t.Helper()
	var out bytes.Buffer
	env := NewEnv(nil, io.Discard, &out)
	env.JSON = json
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	env.now = func() time.Time { return now }
	p := env.Progress("reading")
	steps(p, func(d time.Duration) { now = now.Add(d) })
	p.Close()
	return out.String()
}

func TestPlainLinesAreOccasional(t *testing.T) {
	got := at(t, false, func(p *Progress, wait func(time.Duration)) {
		for i := range 101 {
			p.Set(i, 100)
			if i < 100 {
				wait(500 * time.Millisecond)
			}
		}
	})
	want := "reading: 40 of 100 (40 %), 0:30 left\n" +
		"reading: 80 of 100 (80 %), 0:10 left\n" +
		"reading: 100 of 100 in 0:50\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Resumed work knows its speed only from what this run did: 10 steps in 30 s,
// 40 to go.
func TestTimeLeftOfResumedWork(t *testing.T) {
	got := at(t, false, func(p *Progress, wait func(time.Duration)) {
		p.Set(50, 100)
		wait(30 * time.Second)
		p.Note("fold 3")
		p.Set(60, 100)
	})
	if !strings.HasPrefix(got, "reading: 60 of 100 (60 %), 2:00 left, fold 3\n") {
		t.Errorf("got %q", got)
	}
}

// The checkpoints of resumed units tell late what they hold: that work was not done
// in the time since. Of 1 % that is new no time is reckoned.
func TestTimeLeftOfResumedShares(t *testing.T) {
	got := at(t, false, func(p *Progress, wait func(time.Duration)) {
		p.Share(0.2, 0.2)
		wait(30 * time.Second)
		p.Share(0.6, 0.6) // a checkpoint's
		wait(30 * time.Second)
		p.Share(0.61, 0.6)
		wait(30 * time.Second)
		p.Share(0.7, 0.6) // 10 % in 90 s, 30 % to go
	})
	want := "reading: 60.0 %\nreading: 61.0 %\nreading: 70.0 %, 4:30 left\n"
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestNoProgressWithJSON(t *testing.T) {
	got := at(t, true, func(p *Progress, wait func(time.Duration)) {
		p.Set(0, 100)
		wait(time.Hour)
		p.Set(100, 100)
	})
	if got != "" {
		t.Errorf("printed %q", got)
	}
}

func TestUnknownTotalAndNothingDone(t *testing.T) {
	if got := at(t, false, func(*Progress, func(time.Duration)) {}); got != "" {
		t.Errorf("printed %q for work that never began", got)
	}
	got := at(t, false, func(p *Progress, wait func(time.Duration)) {
		p.Note("planning")
		p.Set(0, 0)
		wait(time.Minute)
		p.Set(0, 0)
	})
	if !strings.HasPrefix(got, "reading: planning\n") {
		t.Errorf("got %q", got)
	}
}

// barOn is a progress that draws its bar although w is no terminal.
func barOn(t *testing.T, w io.Writer) *Progress {
	t.Helper()
	env := NewEnv(nil, io.Discard, w)
	env.terminal = true
	return env.Progress("reading")
}

// Log lines written while a bar stands all arrive, whole and once.
func TestLogLinesSurviveTheBar(t *testing.T) {
	var out bytes.Buffer
	p := barOn(t, &out)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 25 {
				p.env.Log.Info(fmt.Sprintf("line %d-%d.", g, i))
				p.Set(g*25+i, 100)
			}
		})
	}
	wg.Wait()
	p.Close()
	p.env.Log.Info("after.")
	for g := range 4 {
		for i := range 25 {
			if n := strings.Count(out.String(), fmt.Sprintf("line %d-%d.", g, i)); n != 1 {
				t.Fatalf("line %d-%d. arrived %d times", g, i, n)
			}
		}
	}
	if !strings.Contains(out.String(), "after.") {
		t.Error("a line after the bar was lost")
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		7400 * time.Millisecond:           "0:07",
		59600 * time.Millisecond:          "1:00",
		12*time.Minute + 30*time.Second:   "12:30",
		time.Hour + 2*time.Minute + 3*1e9: "1:02:03",
	} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %s, want %s", d, got, want)
		}
	}
}
