package cohort

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"testing"
)

func encodePNG(t *testing.T, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openBytes(t *testing.T, data []byte) (*picture, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture")
	writeText(t, path, string(data))
	p, err := openPicture(path, "image of slice 1")
	if err == nil {
		t.Cleanup(p.close)
	}
	return p, err
}

// bilevel is a 1-bit PNG as drawing programs and Pillow write masks: the image
// package does not write it. Pixels are bits, rows from the top.
func bilevel(w, h int, rows ...byte) []byte {
	gray := image.NewGray(image.Rect(0, 0, w, h))
	var b bytes.Buffer
	png.Encode(&b, gray)
	out := b.Bytes()
	// Signature 8, length 4, "IHDR" 4, width 4, height 4, then the bit depth.
	out[24] = 1
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	// The picture data: stored, not compressed, one filter byte a row.
	raw := []byte{}
	for _, r := range rows {
		raw = append(raw, 0, r)
	}
	z := []byte{0x78, 1, 1, byte(len(raw)), 0, ^byte(len(raw)), 0xff}
	z = append(z, raw...)
	a, s := uint32(1), uint32(0) // Adler-32, RFC 1950
	for _, c := range raw {
		a = (a + uint32(c)) % 65521
		s = (s + a) % 65521
	}
	z = binary.BigEndian.AppendUint32(z, s<<16|a)
	chunk := append([]byte("IDAT"), z...)
	out = append([]byte{}, out[:33]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(z)))
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, "\x00\x00\x00\x00IEND\xaeB`\x82"...)
}

func TestGrey(t *testing.T) {
	box := image.Rect(0, 0, 3, 1)
	gray := image.NewGray(box)
	copy(gray.Pix, []byte{0, 7, 255})
	deep := image.NewGray16(box)
	deep.SetGray16(1, 0, color.Gray16{Y: 300})
	deep.SetGray16(2, 0, color.Gray16{Y: 65535})
	rgb := image.NewNRGBA(box)
	rgb.Set(0, 0, color.NRGBA{255, 0, 0, 255})
	rgb.Set(1, 0, color.NRGBA{0, 255, 0, 255})
	rgb.Set(2, 0, color.NRGBA{90, 90, 90, 255})
	deepRGB := image.NewNRGBA64(box)
	deepRGB.Set(1, 0, color.NRGBA64{40000, 40000, 40000, 65535})
	pal := image.NewPaletted(box, color.Palette{color.Black, color.Gray{Y: 40}, color.White})
	copy(pal.Pix, []byte{2, 1, 0})
	for name, test := range map[string]struct {
		data []byte
		want [3]float32
	}{
		"8 bit":         {encodePNG(t, gray), [3]float32{0, 7, 255}},
		"16 bit":        {encodePNG(t, deep), [3]float32{0, 300, 65535}},
		"1 bit":         {bilevel(3, 1, 0b10100000), [3]float32{255, 0, 255}},
		"colour":        {encodePNG(t, rgb), [3]float32{76, 150, 90}}, // ITU-R BT.601: .299·255, .587·255
		"16-bit colour": {encodePNG(t, deepRGB), [3]float32{0, 40000, 0}},
		"palette":       {encodePNG(t, pal), [3]float32{255, 40, 0}},
	} {
		p, err := openBytes(t, test.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got [3]float32
		if err := p.grey(got[:]); err != nil || got != test.want {
			t.Errorf("%s: %v, want %v (%v)", name, got, test.want, err)
		}
	}
}

// A grey JPEG and the same picture saved as a colour JPEG are the same image.
func TestGreyJPEG(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 16, 16))
	rgb := image.NewRGBA(gray.Rect)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(i)
		rgb.Set(i%16, i/16, color.Gray{Y: uint8(i)})
	}
	var got [2][256]float32
	for i, im := range []image.Image{gray, rgb} {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, im, &jpeg.Options{Quality: 100}); err != nil {
			t.Fatal(err)
		}
		p, err := openBytes(t, b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.grey(got[i][:]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range gray.Pix {
		if d := got[0][i] - float32(i); d < -2 || d > 2 || got[1][i]-got[0][i] > 1 || got[0][i]-got[1][i] > 1 {
			t.Fatalf("pixel %d: %v grey, %v colour", i, got[0][i], got[1][i])
		}
	}
}

func TestLabels(t *testing.T) {
	box := image.Rect(0, 0, 4, 1)
	gray := image.NewGray(box)
	copy(gray.Pix, []byte{0, 255, 255, 0})
	numbered := image.NewGray(box)
	copy(numbered.Pix, []byte{0, 1, 2, 7})
	deep := image.NewGray16(box)
	deep.SetGray16(0, 0, color.Gray16{Y: 65535})
	deep.SetGray16(3, 0, color.Gray16{Y: 1000})
	pal := image.NewPaletted(box, color.Palette{color.Black, color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}})
	copy(pal.Pix, []byte{0, 1, 2, 1})
	odd := image.NewPaletted(box, color.Palette{color.White, color.Black})
	copy(odd.Pix, []byte{0, 1, 1, 0})
	for name, test := range map[string]struct {
		data []byte
		want [4]uint16
	}{
		"white":             {encodePNG(t, gray), [4]uint16{0, 1, 1, 0}},
		"numbered":          {encodePNG(t, numbered), [4]uint16{0, 1, 2, 7}},
		"16 bit":            {encodePNG(t, deep), [4]uint16{1, 0, 0, 1000}},
		"1 bit":             {bilevel(4, 1, 0b01100000), [4]uint16{0, 1, 1, 0}},
		"palette":           {encodePNG(t, pal), [4]uint16{0, 1, 2, 1}},
		"palette of colour": {encodePNG(t, odd), [4]uint16{1, 0, 0, 1}},
	} {
		p, err := openBytes(t, test.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got [4]uint16
		if err := p.labels(got[:]); err != nil || got != test.want {
			t.Errorf("%s: %v, want %v (%v)", name, got, test.want, err)
		}
	}
	// What JPEG does to the edges of a drawing is no lesion of its own.
	drawn := image.NewGray(image.Rect(0, 0, 16, 8))
	for i := range drawn.Pix {
		if i%16 >= 5 {
			drawn.Pix[i] = 255
		}
	}
	var b bytes.Buffer
	jpeg.Encode(&b, drawn, nil)
	p, err := openBytes(t, b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]uint16, 16*8)
	if err := p.labels(got); err != nil {
		t.Fatal(err)
	}
	for i, l := range got {
		if (l == 1) != (drawn.Pix[i] == 255) || l > 1 {
			t.Fatalf("JPEG: label %d at %d", l, i)
		}
	}
}

// A header that promises more than it may is refused before anything is decoded.
func TestPictureIsBounded(t *testing.T) {
	b := encodePNG(t, image.NewGray(image.Rect(0, 0, 4, 4)))
	binary.BigEndian.PutUint32(b[16:], maxSide+1)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	_, err := openBytes(t, b)
	wantProblem(t, err, "picture", "image of slice 1", "8193×4 pixels, expected 1 to 8192 a side")

	f := newFixture(t)
	binary.BigEndian.PutUint32(b[16:], maxSide)
	binary.BigEndian.PutUint32(b[20:], maxSide)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	for n := range 5 { // 5 × 8192² would be 1.3 GB
		f.slice("p1", "p1", "tumour", "axial")
		i := f.find("p1", "axial", n)
		f.write(f.rows[i][5], string(b))
	}
	_, err = f.importAll()
	wantProblem(t, err, ".png", "patient p1, axial", "voxels a stack")
}
