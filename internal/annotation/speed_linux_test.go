package annotation

import (
	"syscall"
	"testing"
	"time"

	"magn/internal/solid"
	"magn/internal/volume"
)

// Onto 512×512×24 a lesion of 7 cm takes less than a second of one processor: the
// time that this process used, whatever else the machine does.
func TestTransferIsFast(t *testing.T) {
	src := stackOf(volume.Sagittal, rotate(0, 5, 3), .6, 4, 512, 24, [3]float64{})
	m := drawn(src, ellipsoid([3]float64{}, [3]float64{30, 25, 35}, rotate(10, 20, 30)))
	dst := stackOf(volume.Axial, rotate(8, 0, 5), .5, 4, 512, 24, [3]float64{})
	for _, method := range []Method{Shape, Linear} {
		start := used(t)
		got, err := Transfer(m, dst, Options{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		took := used(t) - start
		_, n, _ := solid.Points(got)
		t.Logf("%s: %d voxels in %v", method, n, took)
		if took > time.Second || n < 100000 {
			t.Errorf("%s: %d voxels in %v", method, n, took)
		}
	}
}

func used(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
