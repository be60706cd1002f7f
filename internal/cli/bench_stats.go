package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"magn/internal/evidence"
	"magn/internal/fault"
)

// statsSettings are what magn bench stats simulates: arms that do not differ and
// arms that do, without and with noise of training. 112 cases as in
// docs/results/brain-cet1.md, 217 as in the paper (79 of them positive); a tenth of
// the groups hold two cases. A training noise of 0.2 moves the AUC of a unit by
// about .04 at .78.
func statsSettings() []evidence.Design {
	var out []evidence.Design
	add := func(auc, delta, training float64) {
		for _, n := range [2][3]int{{112, 55, 10}, {217, 79, 20}} {
			for _, seeds := range [2]int{1, 3} {
				out = append(out, evidence.Design{
					Cases: n[0], Positive: n[1], Twins: n[2],
					Folds: 5, Seeds: seeds, AUC: auc, Delta: delta, Training: training,
				})
			}
		}
	}
	add(0.78, 0, 0)
	add(0.78, 0.1, 0)
	add(0.78, 0, 0.2)
	add(0.95, 0, 0)
	add(0.78, 0.05, 0)
	add(0.78, 0.1, 0.2)
	add(0.78, 0, 0.4)
	return out
}

// statsBlock is a line of the log: so many data sets of one setting. A data set
// belongs to its number, so blocks may be made in any order and by anyone.
type statsBlock struct {
	Design      evidence.Design `json:"design"`
	From        int             `json:"from"`
	Runs        int             `json:"runs"`
	Significant int             `json:"significant"` // p < .05
	Above       int             `json:"above"`       // of those, A better
	Holds       int             `json:"holds"`       // the interval holds the true difference
	Width       float64         `json:"width"`       // of the intervals, summed
	Sum         float64         `json:"sum"`         // of the differences found
	Squares     float64         `json:"squares"`
	Undefined   int             `json:"undefined"` // without a p
}

// statsBlockRuns is how many data sets a line of the log is about: what a kill
// can cost.
const statsBlockRuns = 100

func newBenchStatsCommand(env *Env) *cobra.Command {
	var log string
	var runs, threads int
	c := &cobra.Command{
		Use:   "stats",
		Short: "Simulate how often the comparison of two arms is wrong",
		Long: `Draws score sets of two arms with a known difference and compares them as a study
does: how often p < .05 where nothing differs (type I error) and where something does
(power), and how often the interval holds the true difference. Every 100 sets are a line
of the log; the same command goes on where an earlier one stopped.`,
		Example: `  magn bench stats --runs 2000 --log stats.jsonl
  magn bench stats --runs 200 --log stats.jsonl --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if runs < statsBlockRuns || runs%statsBlockRuns != 0 || threads < 1 || log == "" {
				return &fault.Usage{Err: fmt.Errorf("expected --log FILE, --runs a multiple of %d, --threads of at least 1", statsBlockRuns)}
			}
			return benchStats(c.Context(), env, statsSettings(), log, runs, threads)
		},
	}
	f := c.Flags()
	f.StringVar(&log, "log", "", "file of finished blocks, appended to")
	f.IntVar(&runs, "runs", 2000, "score sets a setting")
	f.IntVar(&threads, "threads", runtime.NumCPU(), "sets compared at once")
	return exits(c, fault.CodeInput, fault.CodeInterrupted)
}

// benchStats makes the blocks that the log lacks, appends each as it is done,
// and prints the table.
func benchStats(ctx context.Context, env *Env, settings []evidence.Design, log string, runs, threads int) error {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return &fault.Input{File: log, Err: err}
	}
	defer f.Close()
	blocks, err := readStatsLog(f)
	if err != nil {
		return err
	}
	type block struct {
		design evidence.Design
		from   int
	}
	done := map[block]bool{}
	for _, b := range blocks {
		done[block{b.Design, b.From}] = true
	}
	var todo []block
	for _, d := range settings {
		for from := 0; from < runs; from += statsBlockRuns {
			if !done[block{d, from}] {
				todo = append(todo, block{d, from})
			}
		}
	}
	p := env.Progress("simulating")
	defer p.Close()
	total := len(settings) * runs / statsBlockRuns
	p.Set(total-len(todo), total)
	made := make(chan statsBlock)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(threads + 1)
	g.Go(func() error {
		for k := range todo {
			select {
			case b := <-made:
				line, err := json.Marshal(b)
				if err != nil {
					return err
				}
				if _, err := f.Write(append(line, '\n')); err != nil {
					return err
				}
				blocks = append(blocks, b)
				p.Set(total-len(todo)+k+1, total)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for _, b := range todo {
		g.Go(func() error {
			r, err := simulateBlock(ctx, b.design, b.from)
			if err != nil {
				return err
			}
			select {
			case made <- r:
			case <-ctx.Done():
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return printStats(env, settings, blocks, runs)
}

// simulateBlock compares the data sets of one block.
func simulateBlock(ctx context.Context, d evidence.Design, from int) (statsBlock, error) {
	b := statsBlock{Design: d, From: from, Runs: statsBlockRuns}
	for run := from; run < from+b.Runs; run++ {
		if err := ctx.Err(); err != nil {
			return b, err
		}
		c := d.Simulate(run)
		if math.IsNaN(c.P) {
			b.Undefined++
			continue
		}
		if c.P < 0.05 {
			b.Significant++
			if c.DeltaAUC > 0 {
				b.Above++
			}
		}
		if c.Low <= d.Delta && d.Delta <= c.High {
			b.Holds++
		}
		b.Width += c.High - c.Low
		b.Sum += c.DeltaAUC
		b.Squares += c.DeltaAUC * c.DeltaAUC
	}
	return b, nil
}

// readStatsLog reads the finished blocks of f and leaves it at the end of the last
// of them: a last line without its end is of a run that was killed while writing
// it, and is cut off.
func readStatsLog(f *os.File) ([]statsBlock, error) {
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, &fault.Input{File: f.Name(), Err: err}
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	var blocks []statsBlock
	for n, line := range bytes.Split(data[:whole], []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var b statsBlock
		if err := json.Unmarshal(line, &b); err != nil || b.Runs != statsBlockRuns {
			return nil, &fault.Input{
				File: f.Name(), Field: fmt.Sprint("line ", n+1),
				Expected: "a block of magn bench stats", Do: "name another file, or remove the line",
			}
		}
		blocks = append(blocks, b)
	}
	if err := f.Truncate(int64(whole)); err != nil {
		return nil, err
	}
	_, err = f.Seek(int64(whole), io.SeekStart)
	return blocks, err
}

// statsRow is what is said of one setting.
type statsRow struct {
	Design      evidence.Design `json:"design"`
	Runs        int             `json:"runs"`
	Significant float64         `json:"significant"` // share with p < .05
	Above       float64         `json:"above"`       // share with p < .05 and A better
	Holds       float64         `json:"holds"`       // share of intervals that hold the true difference
	Width       float64         `json:"width"`       // mean
	Mean        float64         `json:"mean"`        // of the differences found
	SD          float64         `json:"sd"`
	Undefined   int             `json:"undefined"`
}

func printStats(env *Env, settings []evidence.Design, blocks []statsBlock, runs int) error {
	var rows []statsRow
	for _, d := range settings {
		r := statsRow{Design: d}
		var squares float64
		seen := map[int]bool{}
		for _, b := range blocks {
			if b.Design != d || b.From >= runs || seen[b.From] {
				continue
			}
			seen[b.From] = true
			r.Runs += b.Runs
			r.Undefined += b.Undefined
			r.Significant += float64(b.Significant)
			r.Above += float64(b.Above)
			r.Holds += float64(b.Holds)
			r.Width += b.Width
			r.Mean += b.Sum
			squares += b.Squares
		}
		n := float64(r.Runs - r.Undefined)
		for _, x := range [5]*float64{&r.Significant, &r.Above, &r.Holds, &r.Width, &r.Mean} {
			*x /= n
		}
		r.SD = math.Sqrt(math.Max(0, squares/n-r.Mean*r.Mean))
		rows = append(rows, r)
	}
	return env.Result(rows, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "cases\tseeds\tAUC B\tdelta\ttraining\tsets\tp<.05\tA better\tinterval holds\twidth\tSD\t")
		for _, r := range rows {
			fmt.Fprintf(t, "%d\t%d\t%.2f\t%.2f\t%.1f\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.4f\t\n",
				r.Design.Cases, r.Design.Seeds, r.Design.AUC, r.Design.Delta, r.Design.Training, r.Runs, r.Significant, r.Above, r.Holds, r.Width, r.SD)
		}
		return t.Flush()
	})
}
