package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/radiomics"
)

// radiomicsMeasurement is a line that magn bench radiomics prints; seconds are
// medians of the rounds.
type radiomicsMeasurement struct {
	Program  string  `json:"program"`
	What     string  `json:"what"`
	Threads  int     `json:"threads"`
	Rounds   int     `json:"rounds"`
	Seconds  float64 `json:"seconds"`     // by the wall's clock
	CPU      float64 `json:"cpu_seconds"` // of the process, system calls included
	Features int     `json:"features"`
	PeakMiB  int     `json:"peak_mib"` // of the process up to here; 0 where the system does not say
}

type radiomicsBench struct {
	image, mask, settings string
	threads, rounds       int
	classes               bool
	env                   *Env
}

func newBenchRadiomicsCommand(env *Env) *cobra.Command {
	line := *env
	line.JSON = true // always: the output is for programs
	b := radiomicsBench{env: &line}
	c := &cobra.Command{
		Use:   "radiomics",
		Short: "Time the features of one lesion",
		Long: `Times the features of a mask's label, and prints a JSON line for each of: everything that
the settings ask for, of files (read and extract) and of what is in memory (extract); with
--classes also each class alone, as a whole extraction of the original image (extract
glcm) and from the lesion's cut-out on, bins counted (glcm). Seconds are medians.`,
		Example: `  magn bench radiomics --image t1.nrrd --mask t1_label.nrrd --threads 1 --classes`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if b.threads < 1 || b.rounds < 1 {
				return &fault.Usage{Err: fmt.Errorf("expected --threads and --rounds of at least 1")}
			}
			if err := b.run(c.Context()); err != nil {
				return radiomics.InFiles(err, b.image, b.mask, b.settings)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&b.image, "image", "", "the image")
	f.StringVar(&b.mask, "mask", "", "the mask")
	f.StringVar(&b.settings, "settings", "", "PyRadiomics parameter file (default its defaults)")
	f.IntVar(&b.threads, "threads", 1, "threads to use")
	f.IntVar(&b.rounds, "rounds", 5, "times that each is measured, after one that is not")
	f.BoolVar(&b.classes, "classes", false, "each class alone, too")
	c.MarkFlagRequired("image")
	c.MarkFlagRequired("mask")
	return exits(c, fault.CodeInput, fault.CodeInterrupted)
}

func (b *radiomicsBench) run(ctx context.Context) error {
	s := radiomics.DefaultSettings()
	if b.settings != "" {
		var err error
		if s, err = radiomics.ParseSettings(b.settings); err != nil {
			return err
		}
	}
	in, err := caseFiles{}.Read(b.image, b.mask, s.LabelChannel)
	if err != nil {
		return err
	}
	extract := func(in *radiomics.Case, s *radiomics.Settings) (int, error) {
		r, err := radiomics.Extract(ctx, in.Image, in.Mask, s.Label, s, b.threads)
		if err != nil {
			return 0, err
		}
		return len(r.Features), nil
	}
	if err := b.measure("read and extract", func() (int, error) {
		in, err := caseFiles{}.Read(b.image, b.mask, s.LabelChannel)
		if err != nil {
			return 0, err
		}
		return extract(in, s)
	}); err != nil {
		return err
	}
	if err := b.measure("extract", func() (int, error) { return extract(in, s) }); err != nil || !b.classes {
		return err
	}
	one := *s
	one.ImageTypes = []radiomics.ImageType{{Name: "Original", Options: s.Options}}
	p, err := radiomics.Prepare(ctx, in.Image, in.Mask, s.Label, &one, b.threads)
	if err != nil {
		return err
	}
	return p.Images(ctx, b.threads, func(_ string, o *radiomics.Options, lesion *radiomics.Region) error {
		for _, class := range s.Features {
			if class.Class == "shape2D" {
				continue // of a lesion on one slice alone
			}
			one.Features = []radiomics.ClassFeatures{class}
			if err := b.measure("extract "+class.Class, func() (int, error) { return extract(in, &one) }); err != nil {
				return err
			}
			if err := b.measure(class.Class, func() (int, error) {
				all, err := radiomics.Compute(lesion, class.Class, o)
				return len(all), err
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// shortest is the least time that a round takes: what takes less is done again and
// again.
const shortest = 20 * time.Millisecond

// measure prints what doing it takes.
func (b *radiomicsBench) measure(what string, do func() (features int, err error)) error {
	m := radiomicsMeasurement{Program: "magn", What: what, Threads: b.threads, Rounds: b.rounds}
	var wall, cpu []float64
	for round := range b.rounds + 1 {
		start, spent, times := time.Now(), cpuTime(), 0.0
		for times == 0 || time.Since(start) < shortest {
			n, err := do()
			if err != nil {
				return err
			}
			m.Features = n
			times++
		}
		if round > 0 {
			wall, cpu = append(wall, time.Since(start).Seconds()/times), append(cpu, (cpuTime()-spent).Seconds()/times)
		}
	}
	m.Seconds, m.CPU, m.PeakMiB = middle(wall), middle(cpu), peakMiB()
	return b.env.Result(m, func(io.Writer) error { return nil })
}

// middle is the median; x is put in order.
func middle(x []float64) float64 {
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// cpuTime is what this process has spent so far; 0 where the system does not say.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
