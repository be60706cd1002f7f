package study

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup puts a worker into a process group of its own.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// limitMemory bounds a process's data segment, heap and private mappings; 0 is
// no bound. RLIMIT_AS would count the address space that CUDA and Go reserve and
// never use.
func limitMemory(pid int, gib float64) error {
	if gib == 0 {
		return nil
	}
	n := uint64(gib * (1 << 30))
	return unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: n, Max: n}, nil)
}
