package nifti

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

var le = binary.LittleEndian

func readBytes(b []byte) (*Image, error) { return read("memory", bytes.NewReader(b), int64(len(b))) }

func mustRead(t *testing.T, b []byte) *Image {
	t.Helper()
	im, err := readBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func pack(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Cut anywhere, a gzip file is refused: also in its last eight bytes, the
// checksum and length, where every voxel is there.
func TestTruncatedGzip(t *testing.T) {
	b, err := os.ReadFile("testdata/int16-1-le.nii.gz")
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		_, err := readBytes(b[:n])
		wantFault(t, err, "memory")
	}
	mustRead(t, b)
}

// A flipped bit anywhere in the stream changes no voxel unnoticed. (Some bytes
// of the gzip header, such as the time, do not matter.)
func TestFlippedBitInGzip(t *testing.T) {
	b, err := os.ReadFile("testdata/float64-1-le.nii.gz")
	if err != nil {
		t.Fatal(err)
	}
	want := mustRead(t, b).raw
	for i := range 8 * len(b) {
		c := bytes.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		if im, err := readBytes(c); err == nil && !bytes.Equal(im.raw, want) {
			t.Fatalf("bit %d flipped: voxels changed and nobody said so", i)
		}
	}
}

// A header that promises much in front of nothing is refused before anything
// is allocated for it.
func TestPromiseBeyondFile(t *testing.T) {
	b, err := os.ReadFile("testdata/float64-2-le.nii")
	if err != nil {
		t.Fatal(err)
	}
	for _, dims := range [][3]uint64{{1 << 12, 1 << 12, 1 << 12}, {1 << 40, 1 << 40, 1 << 40}, {1<<63 - 1, 1<<63 - 1, 1<<63 - 1}, {1, 1, 1 << 62}} {
		for i, d := range dims {
			le.PutUint64(b[16+8*(i+1):], d)
		}
		for name, file := range map[string][]byte{"plain": b, "gzip": pack(t, b)} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readBytes(file)
			runtime.ReadMemStats(&after)
			wantFault(t, err, "memory", "length", "expected")
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
				t.Errorf("%s, %v: %d bytes allocated", name, dims, got)
			}
		}
	}
}

// zeros is a gzip stream of n zero bytes after head: about n/1030 bytes.
func zeros(t *testing.T, head []byte, n int64) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(head)
	if _, err := io.CopyN(z, zeroReader{}, n); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// counter counts what is read of a file.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// A small header in front of a stream that goes on for long: the image is read,
// the rest is not decompressed.
func TestBombIsNotDecompressed(t *testing.T) {
	b, err := os.ReadFile("testdata/int16-1-be.nii")
	if err != nil {
		t.Fatal(err)
	}
	// 800 MB of zeros, as 200 gzip members of 4 MB each after the image's.
	bomb := append(pack(t, b), bytes.Repeat(zeros(t, nil, 4<<20), 200)...)
	c := &counter{r: bytes.NewReader(bomb)}
	im, err := read("memory", c, int64(len(bomb)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(im.raw, mustRead(t, b).raw) {
		t.Error("other voxels than without the tail")
	}
	if c.n > 1<<18 || len(bomb) < 800_000 {
		t.Errorf("%d of %d bytes read", c.n, len(bomb))
	}
}

// A stream that packs more than 32 to 1 is read in steps and comes out whole;
// one that promises more than it has costs no more than what is there.
func TestHighlyPacked(t *testing.T) {
	b, err := os.ReadFile("testdata/int16-2-le.nii")
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range []uint64{512, 512, 16} {
		le.PutUint64(b[16+8*(i+1):], d)
	}
	file := zeros(t, b[:544], 512*512*16*2)
	im := mustRead(t, file)
	if len(im.raw) != 512*512*16*2 || bytes.ContainsFunc(im.raw, func(r rune) bool { return r != 0 }) {
		t.Errorf("%d bytes, or not all zero", len(im.raw))
	}
	_, err = readBytes(zeros(t, b[:544], 512*512*16*2-1))
	wantFault(t, err, "memory", "found 8388607 of 8388608 bytes", "cut off")
}

// Bytes after the voxels, also such as are no gzip, are nobody's business.
func TestTrailingBytes(t *testing.T) {
	b, err := os.ReadFile("testdata/int16-1-be.nii")
	if err != nil {
		t.Fatal(err)
	}
	want := mustRead(t, b).raw
	long := append(bytes.Clone(b), make([]byte, 1000)...)
	for name, file := range map[string][]byte{
		"plain": long, "gzip": pack(t, long),
		"after gzip":  append(pack(t, b), make([]byte, 512)...),
		"two members": append(pack(t, b[:300]), pack(t, b[300:])...),
	} {
		if im, err := readBytes(file); err != nil || !bytes.Equal(im.raw, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A header extension lies between header and voxels.
func TestExtension(t *testing.T) {
	b, err := os.ReadFile("testdata/int16-1-be.nii")
	if err != nil {
		t.Fatal(err)
	}
	want := mustRead(t, b).raw
	long := append(bytes.Clone(b[:352]), make([]byte, 160)...)
	long = append(long, b[352:]...)
	binary.BigEndian.PutUint32(long[108:], 0x44000000) // 512 as float32
	if got := mustRead(t, long).raw; !bytes.Equal(got, want) {
		t.Error("extension read as voxels")
	}
	binary.BigEndian.PutUint32(b[108:], 0)
	if got := mustRead(t, b).raw; !bytes.Equal(got, want) {
		t.Error("vox_offset 0 is not 352")
	}
}

// FuzzRead: no input makes the reader panic or hold more than the input could
// expand to, and what is read is consistent.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.nii*")
	if err != nil || len(files) < 50 {
		f.Fatal(len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)*3/4])
		if !strings.HasSuffix(name, ".gz") {
			f.Add(pack(f, b))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		im, err := readBytes(b)
		if err != nil {
			wantFault(t, err, "memory")
			return
		}
		if len(im.raw) != im.Len()*im.Type.Bytes() || len(im.raw) > len(b)*maxInflate {
			t.Fatalf("%d bytes for %v voxels of %v out of %d", len(im.raw), im.Size, im.Type, len(b))
		}
		if n := len(im.Float64s()); n != im.Len() {
			t.Fatal(n)
		}
		if v, err := im.Volume(); err == nil && len(v.Data) != im.Len() {
			t.Fatal("volume")
		}
		if m, err := im.Mask(); err == nil && len(m.Labels) != im.Len() {
			t.Fatal("mask")
		}
	})
}

// A study reads each volume for each case: a stack of 320×320×20 int16, about
// what a spine series is.
func BenchmarkRead(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	v := stack(320, 320, 20, func(i int) float32 { return float32(400 + i%300 + r.IntN(64)) })
	path := filepath.Join(b.TempDir(), "v.nii.gz")
	if err := WriteVolume(path, v, Int16); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(2 * v.Len()))
	for b.Loop() {
		im, err := Read(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := im.Volume(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	v := stack(320, 320, 20, func(i int) float32 { return float32(400 + i%300 + r.IntN(64)) })
	path := filepath.Join(b.TempDir(), "v.nii.gz")
	b.SetBytes(int64(2 * v.Len()))
	for b.Loop() {
		if err := WriteVolume(path, v, Int16); err != nil {
			b.Fatal(err)
		}
	}
}
