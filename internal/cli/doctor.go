package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magn/internal/boost"
	"magn/internal/fault"
	"magn/internal/gdcm"
	"magn/internal/torch"
)

// diagnosis is what doctor prints.
type diagnosis struct {
	Version   string      `json:"version"`
	Go        string      `json:"go"`
	OS        string      `json:"os"`
	Machine   machineInfo `json:"machine"`
	DiskFree  uint64      `json:"disk_free_bytes"` // where the command was called
	Torch     *torch.Info `json:"torch"`           // null where the library is missing
	BLAS      string      `json:"blas"`            // the file that the library loaded
	BF16      bool        `json:"bf16_hardware"`   // the processor computes bf16 itself
	TorchHint string      `json:"torch_hint,omitempty"`
	GDCM      *gdcm.Info  `json:"gdcm"` // null where the library is missing
	GDCMHint  string      `json:"gdcm_hint,omitempty"`
	XGBoost   *boost.Info `json:"xgboost"` // null where the library is missing
	BoostHint string      `json:"xgboost_hint,omitempty"`
}

// machineInfo is the hardware as Linux tells it; what is not known is empty.
type machineInfo struct {
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	Memory     uint64 `json:"memory_bytes"`
	Available  uint64 `json:"memory_available_bytes"`
}

func newDoctorCommand(env *Env) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine has and what is missing",
		Long: `Looks for the native libraries, asks libtorch for its version, BLAS, oneDNN, threads
and CUDA devices and GDCM and XGBoost for theirs, and reads processor, memory and disk. Ends
with 4 where a library is missing, and prints the line that installs it. Everything
but training and prediction works without libtorch, everything but reading
compressed DICOM without GDCM, everything but the radiomics classifier without
XGBoost.`,
		Example: `  magn doctor
  magn doctor --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			d, err := diagnose()
			var missing *fault.Missing
			if err != nil && !errors.As(err, &missing) {
				return err
			}
			if e := env.Result(d, d.print); e != nil {
				return e
			}
			return err
		},
	}, fault.CodeMissing)
}

func diagnose() (diagnosis, error) {
	d := diagnosis{Version: Version(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH, Machine: machine(), BF16: bf16()}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(".", &disk); err == nil {
		d.DiskFree = disk.Bavail * uint64(disk.Bsize)
	}
	info, torchErr := torch.GetInfo()
	if torchErr != nil {
		d.TorchHint = torchErr.Error()
	} else {
		d.Torch, d.BLAS = &info, loadedBLAS()
	}
	pixels, gdcmErr := gdcm.GetInfo()
	if gdcmErr != nil {
		d.GDCMHint = gdcmErr.Error()
	} else {
		d.GDCM = &pixels
	}
	trees, boostErr := boost.GetInfo()
	if boostErr != nil {
		d.BoostHint = boostErr.Error()
	} else {
		d.XGBoost = &trees
	}
	return d, errors.Join(torchErr, gdcmErr, boostErr)
}

func (d diagnosis) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, a ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, a...)) }
	row("magn", "%s (%s, %s)", d.Version, d.Go, d.OS)
	row("processor", "%s, %d threads", orUnknown(d.Machine.Processor), d.Machine.Processors)
	row("bf16", "%s", map[bool]string{true: "in hardware", false: "not in hardware: precision fp32 may be faster"}[d.BF16])
	row("memory", "%.1f GiB, %.1f available", gib(d.Machine.Memory), gib(d.Machine.Available))
	row("disk here", "%.1f GiB free", gib(d.DiskFree))
	if d.GDCM == nil {
		row("GDCM", "missing")
	} else {
		row("GDCM", "%s, %s", d.GDCM.Version, d.GDCM.Path)
	}
	if d.XGBoost == nil {
		row("XGBoost", "missing")
	} else {
		row("XGBoost", "%s, %s", d.XGBoost.Version, d.XGBoost.Path)
	}
	if d.Torch == nil {
		row("native library", "missing")
		return t.Flush()
	}
	row("native library", "%s", d.Torch.Path)
	row("libtorch", "%s, %d threads", d.Torch.Version, d.Torch.Threads)
	row("BLAS", "%s", blasWords(d.BLAS))
	row("oneDNN", "%s", map[bool]string{true: "yes", false: "no: convolutions will be slow"}[d.Torch.OneDNN])
	row("CUDA", "%s", map[bool]string{true: fmt.Sprintf("%d devices", d.Torch.Devices), false: "no device"}[d.Torch.Devices > 0])
	return t.Flush()
}

func blasWords(path string) string {
	switch name := filepath.Base(path); {
	case path == "":
		return "none of its own file"
	case strings.HasPrefix(name, "libblas"):
		return path + " (the reference one, slow: apt install libopenblas0)"
	default:
		return path
	}
}

func gib(bytes uint64) float64 { return float64(bytes) / (1 << 30) }

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// machine reads what Linux says of processor and memory.
func machine() machineInfo {
	m := machineInfo{Processors: runtime.NumCPU()}
	fields("/proc/cpuinfo", func(key, value string) bool {
		if key == "model name" {
			m.Processor = value
		}
		return m.Processor == ""
	})
	fields("/proc/meminfo", func(key, value string) bool {
		n, _ := strconv.ParseUint(strings.TrimSuffix(value, " kB"), 10, 64)
		switch key {
		case "MemTotal":
			m.Memory = n << 10
		case "MemAvailable":
			m.Available = n << 10
		}
		return m.Available == 0
	})
	return m
}

// bf16 says whether the processor multiplies bf16 by itself.
func bf16() bool {
	found := false
	fields("/proc/cpuinfo", func(key, value string) bool {
		if key != "flags" && key != "Features" {
			return true
		}
		for _, flag := range strings.Fields(value) {
			if flag == "avx512_bf16" || flag == "amx_bf16" || flag == "bf16" {
				found = true
			}
		}
		return false
	})
	return found
}

// fields reads the lines "key: value" of a file until do returns false.
func fields(path string, do func(key, value string) bool) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		key, value, ok := strings.Cut(sc.Text(), ":")
		if ok && !do(strings.TrimSpace(key), strings.TrimSpace(value)) {
			return
		}
	}
}

// loadedBLAS is the BLAS among the files that this process has mapped; the
// library's own word does not tell OpenBLAS from the reference.
func loadedBLAS() string {
	data, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return ""
	}
	found := ""
	for l := range strings.Lines(string(data)) {
		at := strings.Index(l, "/")
		if at < 0 {
			continue
		}
		path := strings.TrimSpace(l[at:])
		name := filepath.Base(path)
		for _, want := range []string{"libopenblas", "libmkl_core", "libmkl_rt", "libblis", "libblas"} {
			if strings.HasPrefix(name, want) {
				if found == "" || strings.HasPrefix(filepath.Base(found), "libblas") {
					found = path
				}
			}
		}
	}
	return found
}
