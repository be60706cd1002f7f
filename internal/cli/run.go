package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"magn/internal/fault"
)

// Main runs the program with the process's streams and signals and returns its
// exit code.
func Main(args []string) int {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	return Run(ctx, NewEnv(os.Stdin, os.Stdout, os.Stderr), args)
}

// untilSignal is cancelled by the first SIGINT or SIGTERM, which asks the work
// to stop where it can go on later; a second one ends the process at once.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// Run runs one command line and returns its exit code.
func Run(ctx context.Context, env *Env, args []string) int {
	env.JSON = env.JSON || asksJSON(args)
	return run(ctx, env, newRoot(env), args)
}

func run(ctx context.Context, env *Env, root *cobra.Command, args []string) int {
	started := prepare(root, env)
	root.SetArgs(args)
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var usage *fault.Usage
	if !*started || errors.As(err, &usage) {
		// Everything that fails before a command runs is about flags and
		// arguments; cobra gives those errors no type of their own.
		err = &fault.Usage{Err: fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	} else if ctx.Err() != nil {
		err = interrupted(err)
	}
	code := fault.Code(err)
	env.fail(err, code)
	return code
}

// interrupted is the error of work that was told to stop. What failed for
// a reason of its own keeps that reason, except where it has no better code
// than 1: a worker that got the same signal just looks broken.
func interrupted(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fault.ErrInterrupted
	case fault.Code(err) == fault.CodeFailed:
		return fmt.Errorf("%w (%w)", fault.ErrInterrupted, err)
	}
	return err
}

// asksJSON looks for --json before the flags are parsed, so that an error in
// them is JSON as well.
func asksJSON(args []string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		if a == "--json" {
			return true
		}
		if v, ok := strings.CutPrefix(a, "--json="); ok {
			on, _ := strconv.ParseBool(v)
			return on
		}
	}
	return false
}

// failure is an error as --json prints it.
type failure struct {
	Error struct {
		Message string `json:"message"`
		Code    int    `json:"code"`
	} `json:"error"`
}

func (e *Env) fail(err error, code int) {
	if !e.JSON {
		fmt.Fprintf(e.Err, "magn: %v\n", err)
		return
	}
	var f failure
	f.Error.Message, f.Error.Code = err.Error(), code
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(f); err != nil {
		fmt.Fprintf(e.Err, "magn: %s\nmagn: %v\n", f.Error.Message, err)
	}
}

// prepare gives every command below c what all have in common, and returns
// a flag that turns true when a command's own code begins.
func prepare(root *cobra.Command, env *Env) *bool {
	started := new(bool)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(newHelpCommand())
	root.InitDefaultHelpCmd()
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { _ = printHelp(c) })
	each(root, func(c *cobra.Command) {
		if c.HasSubCommands() && !c.Runnable() {
			makeParent(c, env)
		}
		run := c.RunE
		c.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return run(cmd, args)
		}
	})
	return started
}

func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		each(sub, do)
	}
}

// makeParent makes a command that only holds others print its help, and name
// what was meant where there is no such command.
func makeParent(c *cobra.Command, env *Env) {
	c.SuggestionsMinimumDistance = 2
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		msg := fmt.Sprintf("%s has no command %q", c.CommandPath(), args[0])
		if s := c.SuggestionsFor(args[0]); len(s) > 0 {
			msg += "; did you mean " + strings.Join(s, " or ") + "?"
		}
		return errors.New(msg)
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if env.JSON {
			return &fault.Usage{Err: errors.New("no command given")}
		}
		return printHelp(c)
	}
}
