package convert

import (
	"sync"

	"magn/internal/dicom"
)

// opened keeps multi-frame files open between the volumes that are made of them:
// reading the header of thousands of frames anew for each would take hours, and
// several at once the memory of as many.
type opened struct {
	mu   sync.Mutex
	by   map[int32]*shared
	idle []int32 // nobody reads from these; the one that was used last is the last
}

// shared is an open file and how many read from it.
type shared struct {
	once sync.Once
	file *dicom.File
	err  error
	refs int
}

// maxIdle is how many files stay open that nobody reads from.
const maxIdle = 2

// get is a file's, read if it is not there. done must be called after the last use.
func (o *opened) get(file int32, path string) (f *dicom.File, done func(), err error) {
	o.mu.Lock()
	if o.by == nil {
		o.by = map[int32]*shared{}
	}
	e := o.by[file]
	if e == nil {
		e = &shared{}
		o.by[file] = e
	}
	if e.refs++; e.refs == 1 {
		o.busy(file)
	}
	o.mu.Unlock()
	e.once.Do(func() { e.file, e.err = dicom.Options{StopAtPixels: true}.Open(path) })
	return e.file, func() { o.release(file, e) }, e.err
}

func (o *opened) busy(file int32) {
	for i, x := range o.idle {
		if x == file {
			o.idle = append(o.idle[:i], o.idle[i+1:]...)
			return
		}
	}
}

func (o *opened) release(file int32, e *shared) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.refs--; e.refs > 0 {
		return
	}
	if o.idle = append(o.idle, file); len(o.idle) > maxIdle {
		o.close(o.idle[0])
		o.idle = o.idle[1:]
	}
}

func (o *opened) close(file int32) {
	if e := o.by[file]; e.file != nil {
		_ = e.file.Close()
	}
	delete(o.by, file)
}

// Close closes the files that Convert left open for the next candidate. The scan
// can be used on.
func (s *Scan) Close() {
	o := &s.open
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, file := range o.idle {
		o.close(file)
	}
	o.idle = nil
}
