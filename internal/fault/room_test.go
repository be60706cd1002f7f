package fault

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestNoRoom(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.ENOSPC: true, syscall.EDQUOT: true, syscall.EROFS: true, syscall.EFBIG: true,
		syscall.EACCES: false, syscall.ENOENT: false, errors.New("no space left on device"): false,
	} {
		if got := NoRoom(fmt.Errorf("write x: %w", &os.PathError{Op: "write", Path: "x", Err: err})); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
	if NoRoom(nil) {
		t.Error("nothing went wrong, and there is no room")
	}
}
