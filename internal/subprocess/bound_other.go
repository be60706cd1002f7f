//go:build !linux

package subprocess

import (
	"errors"
	"os/exec"
)

// OwnGroup does nothing here.
func OwnGroup(*exec.Cmd) {}

// Bound is errors.ErrUnsupported: only Linux can bound another process.
func Bound(_ int, memory uint64) error {
	if memory == 0 {
		return nil
	}
	return errors.ErrUnsupported
}
