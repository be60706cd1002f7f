package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/evidence"
	"magn/internal/fault"
)

func simulate(t *testing.T, log string, runs int) (out string, lines []string, err error) {
	t.Helper()
	var b bytes.Buffer
	env := NewEnv(strings.NewReader(""), &b, io.Discard)
	env.JSON = true
	settings := []evidence.Design{{Cases: 24, Positive: 12, Folds: 2, Seeds: 2, Twins: 2, AUC: 0.7, Delta: 0.2}}
	err = benchStats(context.Background(), env, settings, log, runs, 2)
	data, readErr := os.ReadFile(log)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return b.String(), strings.SplitAfter(string(data), "\n"), err
}

// A run that stopped goes on where it was: no block is made twice, what a kill
// left half written is cut off, and the table is that of one run.
func TestBenchStatsResumes(t *testing.T) {
	dir := t.TempDir()
	whole, _, err := simulate(t, filepath.Join(dir, "whole.jsonl"), 2*statsBlockRuns)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "parts.jsonl")
	if _, _, err := simulate(t, log, statsBlockRuns); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"design":{"cas`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	parts, lines, err := simulate(t, log, 2*statsBlockRuns)
	if err != nil {
		t.Fatal(err)
	}
	if parts != whole {
		t.Errorf("in parts\n%s\nat once\n%s", parts, whole)
	}
	if len(lines) != 3 || lines[2] != "" {
		t.Errorf("the log has lines %q", lines)
	}
	again, lines, err := simulate(t, log, 2*statsBlockRuns)
	if err != nil || again != whole || len(lines) != 3 {
		t.Errorf("run again: %v, %q, %d lines", err, again, len(lines))
	}
	var rows []statsRow
	if err := json.Unmarshal([]byte(whole), &rows); err != nil {
		t.Fatal(err)
	}
	if r := rows[0]; r.Runs != 200 || r.Significant < 0.2 || r.Holds < 0.85 || r.Mean < 0.15 || r.Mean > 0.25 || !(r.Width > 0) || !(r.SD > 0) {
		t.Errorf("%+v", r)
	}
}

func TestBenchStatsRefusesAnotherFile(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log.jsonl")
	const other = "{}\nnotes\n"
	if err := os.WriteFile(log, []byte(other), 0o644); err != nil {
		t.Fatal(err)
	}
	_, lines, err := simulate(t, log, statsBlockRuns)
	var bad *fault.Input
	if !errors.As(err, &bad) || bad.Field != "line 1" {
		t.Errorf("error %v", err)
	}
	if strings.Join(lines, "") != other {
		t.Errorf("the file is now %q", lines)
	}
}

func TestBenchStatsUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"--log", "x", "--runs", "150"}, {"--log", "x", "--runs", "0"}, {"--log", "x", "--threads", "0"}} {
		c := newBenchStatsCommand(NewEnv(strings.NewReader(""), io.Discard, io.Discard))
		c.SetArgs(args)
		c.SilenceErrors, c.SilenceUsage = true, true
		if err := c.Execute(); fault.Code(err) != fault.CodeUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// Whatever the log holds, reading it ends in blocks or in an error that a user can
// act on, and leaves whole lines alone.
func FuzzBenchStatsLog(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"design":{"cases":24,"positive":12,"folds":2,"seeds":2,"twins":2,"auc":0.7,"delta":0.2,"training":0},"from":0,"runs":100,"significant":3}` + "\n{\"des"))
	path := filepath.Join(f.TempDir(), "log.jsonl")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		blocks, err := readStatsLog(file)
		var bad *fault.Input
		if err != nil && (!errors.As(err, &bad) || bad.Field == "") {
			t.Fatalf("%v", err)
		}
		left, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		whole := data[:bytes.LastIndexByte(data, '\n')+1]
		if err == nil && !bytes.Equal(left, whole) || err != nil && !bytes.Equal(left, data) {
			t.Fatalf("%q became %q", data, left)
		}
		if len(blocks) > bytes.Count(data, []byte("\n")) {
			t.Fatalf("%d blocks of %q", len(blocks), data)
		}
	})
}
