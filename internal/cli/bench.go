package cli

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/magn"
	"magn/internal/study"
)

// tuned marks a process that has a worker's environment.
const tuned = "MAGN_BENCH_TUNED"

func newBenchCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "bench",
		Short:   "Measure speed and accuracy",
		Long:    "Measures the network's own speed on random crops, in a worker's environment, the conversion of DICOM files, radiomics, how far transferred outlines are from true ones, and how often the comparison of arms errs: one JSON line a measurement.",
		Example: "  magn bench train --backbone resnet18 --precision bf16\n  magn bench predict --backbone resnet50",
	}
	c.AddCommand(newBenchNetworkCommand(env, "train", "optimiser steps"), newBenchNetworkCommand(env, "predict", "forward passes"),
		newBenchConvertCommand(env), newBenchStatsCommand(env), newBenchNullCommand(env), newBenchRadiomicsCommand(env), newBenchTransferCommand(env))
	return exits(c, fault.CodeMissing)
}

func newBenchNetworkCommand(env *Env, what, of string) *cobra.Command {
	b := magn.Bench{What: what, Network: magn.DefaultNetwork()}
	c := &cobra.Command{
		Use:     what,
		Short:   "Time " + of + " of the whole network",
		Long:    "Times " + of + " on three views of random crops and prints one JSON line: median seconds a step, images a second over all views, peak memory.",
		Example: fmt.Sprintf("  magn bench %s --backbone resnet18 --precision fp32 --batch 16 --size 256 --steps 10 --threads 2", what),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if b.Steps < 1 || b.Batch < 2 || b.Size < 32 || b.Size%32 != 0 || b.Threads < 1 {
				return &fault.Usage{Err: fmt.Errorf("expected --steps of at least 1, --batch of at least 2, --size a multiple of 32, --threads of at least 1")}
			}
			if b.Precision != "bf16" && b.Precision != "fp32" && b.Precision != "fp64" {
				return &fault.Usage{Err: fmt.Errorf("--precision %s: expected bf16, fp32 or fp64", b.Precision)}
			}
			if b.Device != "auto" && b.Device != "cpu" && b.Device != "cuda" {
				return &fault.Usage{Err: fmt.Errorf("--device %s: expected auto, cpu or cuda", b.Device)}
			}
			if err := b.Network.Validate(); err != nil {
				return &fault.Usage{Err: err}
			}
			if os.Getenv(tuned) == "" {
				return again(c, env, b.Threads)
			}
			m, err := b.Run(c.Context())
			if err != nil {
				return err
			}
			line := *env
			line.JSON = true // always: the output is for programs
			return line.Result(m, func(io.Writer) error { return nil })
		},
	}
	f := c.Flags()
	f.StringVar(&b.Network.Backbone, "backbone", b.Network.Backbone, "resnet18, resnet34 or resnet50")
	f.StringVar(&b.Precision, "precision", "bf16", "bf16, fp32 or fp64")
	f.StringVar(&b.Device, "device", "auto", "auto, cpu or cuda")
	f.BoolVar(&b.Attention, "attention", false, "with the attention loss")
	f.IntVar(&b.Batch, "batch", 16, "patients in a step")
	f.IntVar(&b.Size, "size", 256, "pixels of a crop's side")
	f.IntVar(&b.Steps, "steps", 10, "steps to measure, after two that are not")
	f.IntVar(&b.Threads, "threads", runtime.NumCPU(), "threads to use")
	return exits(c, fault.CodeInput, fault.CodeMissing, fault.CodeInterrupted)
}

// again runs this command in a worker's environment: glibc reads how to keep
// memory when a process starts.
func again(c *cobra.Command, env *Env, threads int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(c.Context(), self, os.Args[1:]...)
	child.Env = append(study.WorkerEnv(os.Environ(), threads), tuned+"=1")
	child.Stdout, child.Stderr = env.Out, env.Err
	err = child.Run()
	if e, ok := err.(*exec.ExitError); ok {
		return &childError{e.ExitCode()}
	}
	return err
}

// childError is a failure that the child has already told.
type childError struct{ code int }

func (e *childError) Error() string { return "the measurement failed; see above" }

// ExitCode is the child's.
func (e *childError) ExitCode() int { return e.code }
