package subprocess

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// OwnGroup puts a process that is not started yet into a group of its own, so
// that a signal from the terminal reaches the parent alone, who tells it.
func OwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Bound bounds a process's data segment, heap and private mappings, to so many
// bytes (0: no bound), and has it leave no core, which would hold a patient's
// image. RLIMIT_AS would count the address space that CUDA and Go reserve and
// never use. Where it cannot, the error is errors.ErrUnsupported.
func Bound(pid int, memory uint64) error {
	if err := unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil); err != nil || memory == 0 {
		return err
	}
	return unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: memory, Max: memory}, nil)
}
