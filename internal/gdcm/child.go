package gdcm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"magn/internal/fault"
	"magn/internal/subprocess"
)

// grace is how long a child that was told to end has for it.
const grace = 2 * time.Second

// child is a process that decodes.
type child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.ReadCloser
	said *subprocess.Tail
	used bool // it has decoded a frame
}

// start starts a child whose memory is bounded.
func start(command []string, memory uint64) (*child, error) {
	if len(command) == 0 {
		return nil, errors.New("gdcm: no command to start a decoder with")
	}
	cmd := exec.Command(command[0], command[1:]...)
	// One arena, or glibc keeps memory apart for threads that only copy.
	cmd.Env = append(os.Environ(), "MALLOC_ARENA_MAX=1", "GOTRACEBACK=none")
	cmd.WaitDelay = grace
	subprocess.OwnGroup(cmd) // a signal from the terminal reaches the parent, who ends its children
	c := &child{cmd: cmd, said: &subprocess.Tail{}}
	cmd.Stderr = c.said
	var err error
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if c.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a decoder: %w", err)
	}
	if err := subprocess.Bound(cmd.Process.Pid, memory); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		c.kill()
		_ = c.end()
		return nil, fmt.Errorf("bound a decoder's memory: %w", err)
	}
	return c, nil
}

// decode has a frame decoded. told is the child's word about it, or that it took
// too long or its caller stopped waiting; broken says that the child is of no
// more use without a word.
func (c *child) decode(ctx context.Context, f Frame, within time.Duration) (samples []byte, told, broken error) {
	c.used = true
	var late atomic.Bool
	timer := time.AfterFunc(within, func() { late.Store(true); c.kill() })
	defer timer.Stop()
	stop := context.AfterFunc(ctx, c.kill)
	defer stop()
	err := writeFrame(c.in, f)
	if err == nil {
		samples, told, err = readReply(c.out, f.size())
	}
	switch {
	case err == nil:
		return samples, told, nil
	case ctx.Err() != nil:
		return nil, ctx.Err(), nil
	case late.Load():
		return nil, &fault.Input{Field: pixelData, Err: fmt.Errorf("the decoder did not finish this frame in %v and was ended", within)}, nil
	}
	return nil, nil, err
}

func (c *child) kill() { _ = c.cmd.Process.Kill() }

// end closes the child's input, upon which it ends, and waits for that. The
// error says how it ended.
func (c *child) end() error {
	_ = c.in.Close()
	hung := time.AfterFunc(grace, c.kill)
	defer hung.Stop()
	return c.cmd.Wait()
}

// crashed is the error of a frame whose child ended without a word.
func (c *child) crashed(broken, ended error) error {
	how := "exit status 0"
	if ended != nil {
		how = ended.Error()
	} else if errors.Is(broken, errProtocol) {
		how = broken.Error()
	}
	if said := c.said.String(); said != "" {
		how += "; it said: " + said
	}
	return &fault.Input{Field: pixelData, Err: fmt.Errorf("the decoder crashed on this frame (%s)", how)}
}
