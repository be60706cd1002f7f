package study

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"

	"magn/internal/fault"
	"magn/internal/magn"
)

// Options of a run.
type Options struct {
	Command []string              // a worker's command line, which is given a job on standard input
	Report  func(Event)           // may be nil; its calls do not overlap
	Check   func(done, total int) // progress of the cohort's check; may be nil
}

// Kind says what happened in a run.
type Kind string

// Kinds of events.
const (
	UnitStarted  Kind = "started"
	UnitProgress Kind = "progress"
	UnitDone     Kind = "done"
	UnitRetried  Kind = "retried" // its worker crashed; Err says how
	UnitFailed   Kind = "failed"  // Err says why; the others go on
)

// Event is something that happened in a run.
type Event struct {
	Kind  Kind
	Unit  Unit
	Inner magn.Event // of UnitProgress
	Err   error
	Share float64 // of the run's work that is done, 0 to 1
	Old   float64 // … of which earlier runs did this much
	Done  int     // units, of Total
	Total int
}

// Summary is what a run did.
type Summary struct {
	Units  int `json:"units"`  // of the plan
	Before int `json:"before"` // done already
	Ran    int `json:"ran"`    // done now
}

// Run checks the cohort, trains every unit that is not done, each in a worker,
// and writes models and results.json. A worker that ends without its final line
// has crashed: its unit is tried a second time. Units that failed are listed in
// a *fault.Partial and the others go on; a missing library or a full disk ends the run. When
// ctx is cancelled, workers are asked to stop, and the same call goes on later.
func (s *Study) Run(ctx context.Context, opt Options) (Summary, error) {
	unlock, err := s.lock()
	if err != nil {
		return Summary{}, err
	}
	defer unlock()
	if err := s.CheckFacts(); err != nil {
		return Summary{}, err
	}
	// Before anything is frozen: a patient who must be taken out changes the split.
	if err := s.Cohort.Check(ctx, opt.Check); err != nil {
		return Summary{}, err
	}
	plan, err := s.Plan()
	if err != nil {
		return Summary{}, err
	}
	done := 0
	for _, p := range plan {
		if p.State == Done {
			done++
		}
	}
	if err := s.freeze(done); err != nil {
		return Summary{}, err
	}
	if err := s.removeTemporary(); err != nil {
		return Summary{}, err
	}
	r := &runState{study: s, opt: opt, shares: make([]float64, len(plan)), old: make([]float64, len(plan)), total: len(plan), broken: map[string]bool{}}
	sum := Summary{Units: len(plan)}
	for _, p := range plan {
		r.effort = append(r.effort, p.Unit.effort())
		r.whole += p.Unit.effort()
	}
	for i, p := range plan {
		if p.State == Done {
			// A kill between the two last writes leaves the checkpoint, one while a file is written its beginning.
			if err := errors.Join(magn.RemoveCheckpoint(p.Unit.Dir), p.Unit.removeTemporary()); err != nil {
				return sum, err
			}
			r.shares[i], r.old[i] = 1, 1
			r.done++
		}
		if p.State == Started {
			r.old[i] = -1
		}
	}
	sum.Before = r.done
	err = r.all(ctx, plan)
	sum.Ran = r.done - sum.Before
	if err != nil {
		return sum, err
	}
	if _, err := s.Evidence(); err != nil {
		return sum, err
	}
	return sum, s.WriteModels()
}

// lock keeps a second run of the same study out.
func (s *Study) lock() (unlock func(), err error) {
	path := filepath.Join(s.Dir, lockFile)
	l := flock.New(path)
	held, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, plainCause(err))
	}
	if !held {
		return nil, &fault.Input{File: s.Dir, Found: "another run of this study", Do: "wait for it to end; magn study status shows how far it is"}
	}
	return func() { l.Close() }, nil
}

// runState is one call of Run.
type runState struct {
	study *Study
	opt   Options
	total int

	effort []float64 // of each unit
	whole  float64   // their sum

	mu     sync.Mutex
	shares []float64 // of each unit's work that is done
	old    []float64 // of each unit's work that earlier runs did; -1: its worker has not told yet how far its checkpoint is
	done   int
	failed []error
	broken map[string]bool // hashes of the units that failed
}

// all brings every unit to its end: those that train something, then those that
// answer with another unit's network.
func (r *runState) all(ctx context.Context, plan []Planned) error {
	for _, later := range []bool{false, true} {
		if err := r.some(ctx, plan, later); err != nil {
			return err
		}
	}
	if len(r.failed) > 0 {
		return &fault.Partial{Done: r.done, What: "units", Failed: r.failed}
	}
	return nil
}

func (r *runState) some(ctx context.Context, plan []Planned, later bool) error {
	var todo []int // places in plan, chosen before the first unit starts: units write r.broken
	for i, p := range plan {
		needs, _ := p.Unit.needs()
		if p.State == Done || (needs != "") != later || r.broken[needs] {
			continue // what answers with the network of a unit that failed is left out: the failure is told once
		}
		todo = append(todo, i)
	}
	workers := r.study.Config.Execution.Workers
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, i := range todo {
		p := plan[i]
		if inner.Err() != nil {
			break
		}
		if p.Unit.Threads == 0 {
			p.Unit.Threads = max(1, runtime.NumCPU()/workers)
		}
		group.Go(func() error {
			if inner.Err() != nil {
				return nil
			}
			return r.one(inner, i, p)
		})
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return fault.ErrInterrupted
	}
	return err
}

// attempts at a unit whose worker crashes.
const attempts = 2

// one brings one unit to its end. Its error ends the run; what concerns the unit
// alone is noted in r.failed.
func (r *runState) one(ctx context.Context, i int, p Planned) error {
	r.tell(i, Event{Kind: UnitStarted, Unit: p.Unit}, -1)
	var err error
	var crashed *crash
	for try := range attempts {
		err = r.attempt(ctx, i, p)
		if err == nil || ctx.Err() != nil || !errors.As(err, &crashed) || crashed.timeout {
			break
		}
		if try < attempts-1 {
			r.tell(i, Event{Kind: UnitRetried, Unit: p.Unit, Err: err}, -1)
		}
	}
	if r.study.Config.Execution.MemoryGiB > 0 && ctx.Err() == nil && errors.As(err, &crashed) && !crashed.timeout {
		err = r.tooLittle("%g may be too little: %s", err)
	}
	switch {
	case err == nil:
		r.mu.Lock()
		r.done++
		r.mu.Unlock()
		r.tell(i, Event{Kind: UnitDone, Unit: p.Unit}, 1)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case fault.Code(err) == fault.CodeMissing: // no other unit would fare better
		return err
	case noRoom(err):
		return fmt.Errorf("%s: %w; no other unit would fare better, so the run ends: free disk space or make the folder writable, and run the same command again", p.Name(), err)
	}
	err = fmt.Errorf("%s: %w", p.Name(), err)
	r.mu.Lock()
	r.failed, r.broken[p.Unit.Hash] = append(r.failed, err), true
	r.mu.Unlock()
	r.tell(i, Event{Kind: UnitFailed, Unit: p.Unit, Err: err}, -1)
	return nil
}

func (r *runState) attempt(ctx context.Context, i int, p Planned) error {
	e := r.study.Config.Execution
	if e.UnitMinutes > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, time.Duration(e.UnitMinutes*float64(time.Minute)), errUnitTime)
		defer stop()
	}
	err := work(ctx, r.opt.Command, p, e.MemoryGiB, func(in magn.Event) {
		r.tell(i, Event{Kind: UnitProgress, Unit: p.Unit, Inner: in}, in.Done)
	})
	if err != nil && errors.Is(context.Cause(ctx), errUnitTime) {
		return &crash{timeout: true, err: fmt.Errorf("took longer than the %g minutes that execution.unit_minutes allows; the next run goes on from its checkpoint", e.UnitMinutes)}
	}
	if err != nil {
		return r.told(err)
	}
	if state, err := stateOf(p.Unit); err != nil {
		return err
	} else if state != Done {
		return &crash{err: errors.New("the worker said done, but the unit's files are not there")}
	}
	return nil
}

// told is what a worker's end means in the terms of the study file.
func (r *runState) told(err error) error {
	var f *failure
	if errors.As(err, &f) && f.Setting != nil {
		return r.study.at.fault(f.Setting.Key, f.Setting.Found, f.Setting.Expected)
	}
	if r.study.Config.Execution.MemoryGiB > 0 && outOfMemory(err) {
		return r.tooLittle("%g is too little: %s", err)
	}
	return err
}

// tooLittle puts a failure down to the bound on memory. The cause stays as words
// alone: its exit code, which depends on what happened to be allocated, does not
// count any more.
func (r *runState) tooLittle(format string, err error) error {
	return r.study.at.cause("execution.memory_gib", fmt.Errorf(format, r.study.Config.Execution.MemoryGiB, err.Error()), "take more, or 0 for no bound")
}

// outOfMemory knows the words of Go, glibc and libtorch for memory that is not
// given. That of a graphics card is none of the bound's.
func outOfMemory(err error) bool {
	said := strings.ToLower(err.Error())
	if strings.Contains(said, "cuda") {
		return false
	}
	for _, words := range []string{
		"cannot allocate memory", "can't allocate memory", "out of memory", "not enough memory", "bad_alloc", "failed to map segment",
		"failed to create new os thread", "pthread_create failed", "failed to reserve", "cannot allocate",
	} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

// noRoom says whether nothing can be written any more where a unit's folder lies.
func noRoom(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.NoRoom || fault.NoRoom(err)
}

var errUnitTime = errors.New("unit took too long")

// tell reports an event; a share below 0 leaves the unit's as it is.
func (r *runState) tell(i int, e Event, share float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if share >= 0 {
		r.shares[i] = share
		if r.old[i] < 0 {
			r.old[i] = share
		}
	}
	for j, s := range r.shares {
		e.Share += s * r.effort[j] / r.whole
		e.Old += max(0, r.old[j]) * r.effort[j] / r.whole
	}
	e.Done, e.Total = r.done, r.total
	if r.opt.Report != nil {
		r.opt.Report(e)
	}
}
