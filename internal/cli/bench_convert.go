package cli

import (
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"magn/internal/convert"
	"magn/internal/fault"
)

// convertMeasurement is the line that magn bench convert prints.
type convertMeasurement struct {
	Program        string  `json:"program"`
	Files          int     `json:"files"`
	Volumes        int     `json:"volumes"`
	Refused        int     `json:"refused"` // volumes
	Seconds        float64 `json:"seconds"`
	FilesPerSecond float64 `json:"files_per_second"`
	MiB            float64 `json:"mib"`      // of voxels
	PeakMiB        int     `json:"peak_mib"` // resident, this process; decoders are others. 0 where the system does not say
}

func newBenchConvertCommand(env *Env) *cobra.Command {
	var o convertOptions
	c := &cobra.Command{
		Use:   "convert SRC...",
		Short: "Time the conversion of DICOM files",
		Long: `Converts what is at and below SRC as magn convert does, compressed images and all, and
prints one JSON line: files, volumes, seconds, peak memory. Without --out the volumes
go to a temporary folder that is removed.`,
		Example: `  magn bench convert /media/dvd`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.out == "" {
				dir, err := os.MkdirTemp("", "magn-bench-convert-")
				if err != nil {
					return err
				}
				defer os.RemoveAll(dir)
				o.out = dir
			}
			quiet := *env
			quiet.JSON = true // always: the output is for programs
			start := time.Now()
			r, err := o.convert(c, &quiet, args)
			if err != nil {
				return err
			}
			return quiet.Result(measure(r, time.Since(start)), func(io.Writer) error { return nil })
		},
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "keep the volumes in this folder")
	f.IntVar(&o.Workers, "threads", 0, "files read at once (default one a processor)")
	return exits(c, fault.CodeInput, fault.CodeMissing, fault.CodeInterrupted)
}

func measure(r *convert.Result, took time.Duration) convertMeasurement {
	m := convertMeasurement{Program: "magn", Files: len(r.Files), Seconds: took.Seconds(), MiB: float64(r.Bytes) / (1 << 20), PeakMiB: peakMiB()}
	m.FilesPerSecond = float64(m.Files) / m.Seconds
	for _, v := range r.Volumes {
		if v.Err != nil {
			m.Refused++
		} else {
			m.Volumes++
		}
	}
	return m
}

// peakMiB is the most memory that this process has had, as Linux keeps it.
func peakMiB() int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	kb, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0
	}
	return kb >> 10
}
