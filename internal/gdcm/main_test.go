package gdcm

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary is its own child: with this variable set it serves frames.
const childEnv = "MAGN_GDCM_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if err := serve(os.Stdin, os.Stdout, misbehave); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// What a child does with a frame of so many rows.
const (
	rowsKilled = 101 + iota
	rowsHang
	rowsExit
	rowsMemory
	rowsGarbage
	rowsTooLong
	rowsAbort
	rowsFail
	rowsOnce // fails in a child that has decoded before
)

var decoded int

func misbehave(f Frame) ([]byte, error) {
	decoded++
	switch f.Rows {
	case rowsKilled:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case rowsHang:
		time.Sleep(time.Hour)
	case rowsExit:
		fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 1<<16)+"the last word")
		os.Exit(3)
	case rowsMemory:
		hog := make([][]byte, 0, 64)
		for range 64 { // 16 GiB
			hog = append(hog, make([]byte, 256<<20))
		}
		return hog[0], nil
	case rowsGarbage:
		fmt.Fprint(os.Stdout, "no message at all")
		select {}
	case rowsTooLong:
		return make([]byte, f.size()+1), nil
	case rowsAbort:
		_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	case rowsFail:
		return nil, fmt.Errorf("this one cannot be decoded")
	case rowsOnce:
		if decoded > 1 {
			os.Exit(4)
		}
	}
	return decode(f)
}
