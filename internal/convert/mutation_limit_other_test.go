//go:build !linux

package convert

func bounded(uint64) (ok bool, err error) { return false, nil }

func cpuSeconds() float64 { return 0 }

func peak() int64 { return 0 }
