package gdcm

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"magn/internal/fault"
)

// Decoder decodes frames in child processes, which it starts when they are
// needed, at most one a processor, and keeps. Any number of goroutines may use
// it.
type Decoder struct {
	command []string
	within  time.Duration // for one frame
	memory  uint64        // bytes of one child's data

	slots  chan struct{} // holds one for each child at work
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	idle []*child
}

// New makes a Decoder whose children are processes of this command line, such
// as this program with "work decode"; each calls Serve on its standard input and
// output. A frame has 30 seconds, a child 1 GiB.
func New(command []string) *Decoder {
	return &Decoder{
		command: command, within: 30 * time.Second, memory: 1 << 30,
		slots: make(chan struct{}, runtime.NumCPU()), closed: make(chan struct{}),
	}
}

var errClosed = errors.New("gdcm: the decoder was closed")

// Decode returns the frame's samples: little-endian, interleaved, row by row,
// Rows*Cols*Samples*Allocated/8 bytes. Samples of YBR come as RGB (see RGB).
// Those of a codestream that knows no sign have their bits above Stored as they
// were written; what overshoots Stored is brought to its end of the range.
//
// The error is a *fault.Input without its File where the frame cannot be decoded,
// says something else than the header, took too long or crashed its child; a
// *fault.Missing where the library is not there; or the context's.
func (d *Decoder) Decode(ctx context.Context, f Frame) ([]byte, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if syntaxes[f.TransferSyntax] == rle {
		return decode(f)
	}
	if _, err := f.codestream(); err != nil {
		return nil, err
	}
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-d.closed:
		return nil, errClosed
	}
	c, err := d.take()
	if err != nil {
		return nil, err
	}
	used := c.used
	samples, again, err := d.ask(ctx, c, f)
	if again && used {
		// What broke may have been left by an earlier frame.
		if c, err = start(d.command, d.memory); err != nil {
			return nil, err
		}
		samples, _, err = d.ask(ctx, c, f)
	}
	return samples, err
}

// ask has a child decode a frame, and puts it back or ends it. again says that
// another child may do better.
func (d *Decoder) ask(ctx context.Context, c *child, f Frame) (samples []byte, again bool, err error) {
	samples, told, broken := c.decode(ctx, f, d.within)
	var missing *fault.Missing
	switch {
	case broken != nil:
		return nil, true, c.crashed(broken, c.end())
	case told == nil || errors.As(told, &missing):
		d.put(c)
		return samples, false, told
	}
	// GDCM leaks where it fails, and a child that was killed is gone.
	again = ctx.Err() == nil && c.end() == nil
	return nil, again, told
}

func (d *Decoder) take() (*child, error) {
	select {
	case <-d.closed: // and there was a slot as well
		return nil, errClosed
	default:
	}
	d.mu.Lock()
	if n := len(d.idle); n > 0 {
		c := d.idle[n-1]
		d.idle = d.idle[:n-1]
		d.mu.Unlock()
		return c, nil
	}
	d.mu.Unlock()
	return start(d.command, d.memory)
}

func (d *Decoder) put(c *child) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, c)
}

// Close waits for the frames that are being decoded and ends the children.
// Decode fails from then on.
func (d *Decoder) Close() error {
	d.once.Do(func() {
		close(d.closed)
		for range cap(d.slots) {
			d.slots <- struct{}{}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, c := range d.idle {
			_ = c.end()
		}
		d.idle = nil
	})
	return nil
}
