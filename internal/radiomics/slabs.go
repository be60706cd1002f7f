package radiomics

import (
	"context"
	"sync"
)

// slabs calls do for stretches [from, to) that cover [0, n), on at most workers
// goroutines, and returns when all are done. Each stretch is called once and
// with a worker's number, so that scratch memory can be one a worker. Once ctx
// is cancelled no new stretch is begun, and its error is returned.
func slabs(ctx context.Context, workers, n int, do func(worker, from, to int)) error {
	workers = max(1, min(workers, n))
	if workers == 1 {
		if err := ctx.Err(); err != nil {
			return err
		}
		do(0, 0, n)
		return ctx.Err()
	}
	// A few stretches a worker even out rows of unequal cost.
	step := max(1, n/(4*workers))
	var next int
	var lock sync.Mutex
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for ctx.Err() == nil {
				lock.Lock()
				from := next
				next = min(n, next+step)
				to := next
				lock.Unlock()
				if from >= to {
					return
				}
				do(w, from, to)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}
