package gdcm

import (
	"bufio"
	"errors"
	"io"
)

// Serve is the child's side of a Decoder: it reads frames from in and answers each
// on out, until in ends. It opens the library on the first frame that needs it;
// where that is missing, the answer says so. It returns when in ends even while
// a frame is being decoded: nobody waits for that one any more.
func Serve(in io.Reader, out io.Writer) error { return serve(in, out, decode) }

func serve(in io.Reader, out io.Writer, decode func(Frame) ([]byte, error)) error {
	frames, failed := make(chan Frame), make(chan error, 1)
	defer close(frames)
	go func() {
		for f := range frames {
			if err := answer(out, f, decode); err != nil {
				failed <- err
				return
			}
		}
	}()
	r := bufio.NewReaderSize(in, 1<<16)
	for {
		f, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case frames <- f:
		case err := <-failed:
			return err
		}
	}
}

func answer(out io.Writer, f Frame, decode func(Frame) ([]byte, error)) error {
	samples, err := decode(f)
	if err != nil {
		return writeError(out, err)
	}
	return writeMessage(out, kindSamples, samples)
}
