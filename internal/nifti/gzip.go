package nifti

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"

	"github.com/klauspost/compress/flate"
)

// gzipLevel packs MR images to within 4 % of zlib's level 6, in a quarter of its
// time.
const gzipLevel = 6

// gzipBlock is how much is packed at a time. Blocks know nothing of one
// another, which costs a few bytes in a thousand at this size.
const gzipBlock = 1 << 20

// writeGzip packs head and body into one gzip member (RFC 1952) whose blocks
// are deflated side by side: each but the last ends at a byte boundary with an
// empty stored block (RFC 1951 3.2.4), so that joined they are one stream. The
// bytes do not depend on the number of processors.
func writeGzip(w io.Writer, head, body []byte) error {
	first := append(append(make([]byte, 0, gzipBlock), head...), body[:min(len(body), gzipBlock-len(head))]...)
	rest := body[len(first)-len(head):]
	blocks := [][]byte{first}
	for len(rest) > 0 {
		n := min(len(rest), gzipBlock)
		blocks, rest = append(blocks, rest[:n]), rest[n:]
	}

	type packed struct {
		buf *bytes.Buffer
		err error
	}
	done := make([]chan packed, len(blocks))
	for i := range done {
		done[i] = make(chan packed, 1)
	}
	workers := min(runtime.GOMAXPROCS(0), len(blocks))
	ahead := make(chan struct{}, 2*workers) // blocks packed and not yet written
	stop := make(chan struct{})
	defer close(stop)
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range blocks {
			select {
			case ahead <- struct{}{}:
			case <-stop:
				return
			}
			select {
			case next <- i:
			case <-stop:
				return
			}
		}
	}()
	for range workers {
		go func() {
			z, err := flate.NewWriter(io.Discard, gzipLevel)
			for i := range next {
				p := packed{buf: bytes.NewBuffer(make([]byte, 0, gzipBlock)), err: err}
				if err == nil {
					z.Reset(p.buf)
					p.err = deflate(z, blocks[i], i == len(blocks)-1)
				}
				done[i] <- p
			}
		}()
	}

	// Magic, deflate, no flags, no time, no extra flags, an unknown system:
	// the same voxels give the same bytes.
	if _, err := w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}); err != nil {
		return err
	}
	var sum uint32
	for i, b := range blocks {
		p := <-done[i]
		<-ahead
		if p.err != nil {
			return p.err
		}
		sum = crc32.Update(sum, crc32.IEEETable, b)
		if _, err := w.Write(p.buf.Bytes()); err != nil {
			return err
		}
	}
	tail := binary.LittleEndian.AppendUint32(nil, sum)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(head)+len(body)))
	_, err := w.Write(tail)
	return err
}

func deflate(z *flate.Writer, block []byte, last bool) error {
	if _, err := z.Write(block); err != nil {
		return err
	}
	if last {
		return z.Close()
	}
	return z.Flush()
}
