package torch

import (
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/fault"
)

// A file that cannot be written is no fault of an input.
func TestSafetensorsWithoutAPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nowhere", "x.safetensors")
	err := WriteSafetensors(path, nil, nil)
	if fault.Code(err) != fault.CodeFailed || !strings.HasPrefix(err.Error(), "write "+path+": no such file") {
		t.Errorf("code %d: %v", fault.Code(err), err)
	}
}
