package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// plainEvery is how often progress is told where no bar can be drawn.
const plainEvery = 20 * time.Second

// tooEarly is the percentage of what was to do below which its time is not said:
// what was done by then is mostly the start of the work, and no measure of it.
const tooEarly = 3

// Progress tells how far a piece of work is and how long it will still take:
// a bar on a terminal, a line now and then in a log file, nothing with --json.
// Its methods may be called from several goroutines.
type Progress struct {
	env  *Env
	what string

	mu          sync.Mutex
	done, total int
	share       bool // done is thousandths of the work, not things
	note        string
	began       time.Time // of the first Set: what was there before says nothing about speed
	base        int       // done then; more than 0 where work is resumed
	told        time.Time // of the last plain line

	container *mpb.Progress // nil without a terminal
	bar       *mpb.Bar
	before    io.Writer // where standard error went before the bar took it
}

// Progress begins a piece of work, one at a time. Close must be called at its
// end.
func (e *Env) Progress(what string) *Progress {
	p := &Progress{env: e, what: what}
	if e.terminal && !e.JSON {
		p.draw()
	}
	return p
}

// draw puts the bar on the terminal and lets log lines appear above it.
func (p *Progress) draw() {
	s, ok := p.env.Err.(*stderr)
	if !ok {
		return
	}
	p.container = mpb.New(mpb.WithOutput(s.target()), mpb.WithWidth(40), mpb.WithAutoRefresh())
	p.bar = p.container.AddBar(0,
		mpb.PrependDecorators(decor.Name(p.what+" ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return " " + p.words()
		})),
	)
	p.before = s.redirect(p.container)
}

// Set says how much is done. It has the shape of the progress callbacks of the
// packages below, so it is passed to them as it is.
func (p *Progress) Set(done, total int) {
	p.mu.Lock()
	now := p.env.now()
	if p.began.IsZero() {
		p.began, p.told = now, now
		if !p.share {
			p.base = done
		}
	}
	p.done, p.total = done, total
	if p.bar == nil && !p.env.JSON && now.Sub(p.told) >= plainEvery {
		p.told = now
		fmt.Fprintf(p.env.Err, "%s: %s\n", p.what, p.words())
	}
	p.mu.Unlock()
	// Outside the lock: the bar's own goroutine asks for the words meanwhile.
	if p.bar != nil {
		p.bar.SetTotal(int64(total), false)
		p.bar.SetCurrent(int64(done))
	}
}

// Share says how much is done as a share of all, for work whose pieces are too
// large to count; old is how much of it was there before, as far as that is known
// by now: a checkpoint tells it late.
func (p *Progress) Share(share, old float64) {
	const rounding = 1e-6 // shares are sums: all of them may fall short of 1 by one
	p.mu.Lock()
	p.share, p.base = true, int(1000*old+rounding)
	p.mu.Unlock()
	p.Set(int(1000*share+rounding), 1000)
}

// Note says what is going on just now, e.g. "multi-view, fold 2 of 5, epoch 3";
// it stands behind the numbers until the next Note.
func (p *Progress) Note(note string) {
	p.mu.Lock()
	p.note = note
	p.mu.Unlock()
}

// Close ends the bar, or writes the last line.
func (p *Progress) Close() {
	if p.bar != nil {
		p.bar.Abort(false)                     // leaves it on the screen, full or not
		p.env.Err.(*stderr).redirect(p.before) // before Wait, which makes the container drop lines
		p.container.Wait()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.env.JSON || p.began.IsZero() {
		return
	}
	took := p.env.now().Sub(p.began)
	if p.share {
		fmt.Fprintf(p.env.Err, "%s: %d.%d %% after %s\n", p.what, p.done/10, p.done%10, clock(took))
		return
	}
	fmt.Fprintf(p.env.Err, "%s: %d of %d in %s\n", p.what, p.done, p.total, clock(took))
}

// words are the numbers: "120 of 336 (36 %), 0:12 left, coronal". The caller
// holds the lock.
func (p *Progress) words() string {
	if p.total <= 0 {
		return p.note
	}
	s := fmt.Sprintf("%d of %d (%d %%)", p.done, p.total, 100*p.done/p.total)
	if p.share {
		s = fmt.Sprintf("%d.%d %%", p.done/10, p.done%10)
	}
	if fresh := p.done - p.base; fresh > 0 && 100*fresh >= tooEarly*(p.total-p.base) && p.done < p.total {
		left := float64(p.env.now().Sub(p.began)) / float64(fresh) * float64(p.total-p.done)
		s += ", " + clock(time.Duration(left)) + " left"
	}
	if p.note != "" {
		s += ", " + p.note
	}
	return s
}

// clock prints a time as 0:07, 12:30 or 1:02:03.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
