package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"magn/internal/fault"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"magn": func() { os.Exit(Main(os.Args[1:])) }})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true})
}

// Every command that there is or will be: what it is for, an example that
// begins with its own name, and how it can end.
func TestEveryCommandExplainsItself(t *testing.T) {
	root := newRoot(NewEnv(nil, &bytes.Buffer{}, &bytes.Buffer{}))
	prepare(root, NewEnv(nil, nil, &bytes.Buffer{}))
	each(root, func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: Short is %q; a sentence without its full stop is expected", c.CommandPath(), c.Short)
		}
		if c.HasSubCommands() {
			return
		}
		if !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: no example of it in Example", c.CommandPath())
		}
		if c.Annotations["exits"] == "" {
			t.Errorf("%s: no exit codes; wrap the command in exits(…)", c.CommandPath())
		}
		if c.Run != nil {
			t.Errorf("%s: has Run, which cannot return an error; RunE is expected", c.CommandPath())
		}
	})
}

// fails is a command line whose one command ends with err, optionally after
// its context was cancelled.
func fails(t *testing.T, err error, cancelled bool, args ...string) (code int, out, errOut string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout, stderr bytes.Buffer
	env := NewEnv(nil, &stdout, &stderr)
	env.JSON = asksJSON(args)
	root := newRoot(env)
	root.AddCommand(exits(&cobra.Command{
		Use: "break",
		RunE: func(*cobra.Command, []string) error {
			if cancelled {
				cancel()
			}
			return err
		},
	}))
	code = run(ctx, env, root, append(args, "break"))
	return code, stdout.String(), stderr.String()
}

func TestErrorsBecomeExitCodes(t *testing.T) {
	bad := &fault.Input{File: "manifest.csv", Field: "line 3", Found: "view \"oblique\""}
	for _, c := range []struct {
		name      string
		err       error
		cancelled bool
		code      int
	}{
		{"done", nil, false, 0},
		{"done although interrupted", nil, true, 0},
		{"plain", errors.New("disk full"), false, 1},
		{"input", bad, false, 3},
		{"wrapped input", fmt.Errorf("import: %w", bad), false, 3},
		{"missing", &fault.Missing{What: "libtorch", Do: "make native"}, false, 4},
		{"partial", &fault.Partial{Done: 2, What: "cases", Failed: []error{bad}}, false, 8},
		{"usage", &fault.Usage{Err: errors.New("--patients must be at least 10")}, false, 64},
		{"cancelled without a signal", context.Canceled, false, 1},
		{"interrupted", fmt.Errorf("fold 2: %w", context.Canceled), true, 130},
		{"worker killed by the same signal", errors.New("worker ended early"), true, 130},
		{"some units cancelled", &fault.Partial{Done: 2, What: "units", Failed: []error{context.Canceled}}, true, 130},
		{"bad input found while stopping", bad, true, 3},
	} {
		code, out, errOut := fails(t, c.err, c.cancelled)
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d", c.name, code, c.code)
		}
		if out != "" {
			t.Errorf("%s: standard output has %q, which is for results", c.name, out)
		}
		if (errOut == "") != (c.err == nil) {
			t.Errorf("%s: standard error is %q", c.name, errOut)
		}

		code, out, errOut = fails(t, c.err, c.cancelled, "--json")
		if errOut != "" || code != c.code {
			t.Errorf("%s --json: exit code %d, standard error %q", c.name, code, errOut)
		}
		if c.err == nil {
			continue
		}
		var got failure
		if err := json.Unmarshal([]byte(out), &got); err != nil || strings.Count(out, "\n") != 1 {
			t.Errorf("%s --json: %q is not one JSON line: %v", c.name, out, err)
		}
		if got.Error.Code != c.code || got.Error.Message == "" {
			t.Errorf("%s --json: printed %+v", c.name, got)
		}
	}
}

func TestSignalsAskTheWorkToStop(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		ctx, stop := untilSignal(t.Context())
		defer stop()
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Errorf("%v did not cancel the context", s)
		}
	}
}

// A result that cannot be written is a failure, not a silent success.
func TestFullDiskAtStdout(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range [][]string{{"version"}, {"version", "--json"}, {"help"}} {
		var stderr bytes.Buffer
		if code := Run(t.Context(), NewEnv(nil, full, &stderr), args); code != fault.CodeFailed {
			t.Errorf("%v: exit code %d, want 1", args, code)
		}
		if !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%v: standard error %q does not say why", args, stderr.String())
		}
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	fails(t, nil, false)
	p := barOn(t, &bytes.Buffer{})
	p.Set(1, 2)
	p.Close()
}
