package study

import (
	"os"
	"os/signal"
	"syscall"
)

// onTerm calls f at the first SIGTERM.
func onTerm(f func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	go func() { <-c; f() }()
}
