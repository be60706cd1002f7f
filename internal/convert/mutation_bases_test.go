package convert

import (
	"bytes"
	"encoding/binary"
	"fmt"
	picture "image"
	"image/color"
	"image/jpeg"
	"math"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

const (
	syntaxRLE  = "1.2.840.10008.1.2.5"
	syntaxJPEG = "1.2.840.10008.1.2.4.50"
)

// bases are the valid series that mutants are made of.
var bases = map[string]func() []made{
	"classic":  func() []made { return sagittal(5) },
	"implicit": func() []made { return written(sagittal(5), dicom.ImplicitLittle) },
	"big":      func() []made { return written(sagittal(5), dicom.ExplicitBig) },
	"deflated": func() []made { return written(sagittal(5), dicom.Deflated) },
	"single":   func() []made { return sagittal(1) },
	"RLE":      func() []made { return each2(sagittal(5), rleFile) },
	"JPEG":     func() []made { return each2(sagittal(5), jpegFile) },
	"tilt": func() []made {
		return stackOf(6, 6, 5, [3]float64{-9, -30, 40}, axRow, [3]float64{0, math.Cos(.2), math.Sin(.2)}, [3]float64{0, 0, 3})
	},
	"philips": func() []made { return each(sagittal(5), philipsScale) },
	"mosaic":  func() []made { return []made{mosaicOf(9, csa("9", "0.0\x000.0\x001.0"))} },
	"grid":    func() []made { return []made{united5(0, 0)} },
	"localizer": func() []made {
		list := tagged(stackOf(3, 6, 5, [3]float64{-20, -50, 60}, sagRow, sagCol, [3]float64{10, 0, 0}), "1", nil)
		list = append(list, tagged(stackOf(3, 6, 5, [3]float64{-20, -50, 60}, corRow, corCol, [3]float64{0, 10, 0}), "2", nil)...)
		return append(list, tagged(stackOf(3, 6, 5, [3]float64{-20, -50, 60}, axRow, axCol, [3]float64{0, 0, 10}), "3", nil)...)
	},
	"echoes": func() []made {
		list := tagged(sagittal(4), "1", func(_ int, s *dicomtest.Set) { s.Put(tTE, "DS", 92).Put(tEchoNumber, "IS", 2) })
		return append(list, tagged(sagittal(4), "2", func(k int, s *dicomtest.Set) {
			s.Put(tTE, "DS", 11).Put(tEchoNumber, "IS", 1).Put(dicom.PixelData, "OW", pixels(30, k))
		})...)
	},
	"dynamic": func() []made {
		var list []made
		for i := range 3 {
			list = append(list, tagged(sagittal(4), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
				s.Put(tTemporalPosition, "IS", i+1).Put(dicom.PixelData, "OW", pixels(30, 7*i+k))
			})...)
		}
		return list
	},
	"enhanced":  func() []made { return []made{enhanced(4, 1)} },
	"enhanced4": func() []made { return []made{enhanced(4, 2)} },
	"enhancedRLE": func() []made {
		m := enhanced(4, 1)
		words := m.Get(dicom.PixelData).Value.([]uint16)
		m.Delete(dicom.PixelData)
		m.file = dicomtest.File{Syntax: syntaxRLE, Table: true}
		for len(words) > 0 {
			m.file.Frames = append(m.file.Frames, [][]byte{rleOf(words[:30])})
			words = words[30:]
		}
		return []made{m}
	},
}

// written gives files a transfer syntax.
func written(list []made, syntax string) []made {
	for i := range list {
		list[i].file.Syntax = syntax
	}
	return list
}

func each2(list []made, do func(m *made)) []made {
	for i := range list {
		do(&list[i])
	}
	return list
}

func rleFile(m *made) {
	m.file = dicomtest.File{Syntax: syntaxRLE, Frames: [][][]byte{{rleOf(m.Get(dicom.PixelData).Value.([]uint16))}}}
	m.Delete(dicom.PixelData)
}

// rleOf is 16-bit pixels in DICOM's run lengths (PS3.5 annex G), all literal: the
// high bytes, then the low ones.
func rleOf(words []uint16) []byte {
	segment := func(shift int) []byte {
		var b []byte
		for at := 0; at < len(words); at += 128 {
			part := words[at:min(at+128, len(words))]
			b = append(b, byte(len(part)-1))
			for _, w := range part {
				b = append(b, byte(w>>shift))
			}
		}
		return append(b, make([]byte, len(b)%2)...)
	}
	high, low := segment(8), segment(0)
	b := make([]byte, 64)
	for i, v := range []int{2, 64, 64 + len(high)} {
		binary.LittleEndian.PutUint32(b[4*i:], uint32(v))
	}
	return append(append(b, high...), low...)
}

// jpegFile makes a file's low bytes its pixels, in JPEG baseline.
func jpegFile(m *made) {
	im := grey(m.Get(dicom.PixelData).Value.([]uint16))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, im, &jpeg.Options{Quality: 90}); err != nil {
		panic(err)
	}
	m.Image(6, 5, 8, false).Delete(dicom.PixelData)
	m.file = dicomtest.File{Syntax: syntaxJPEG, Frames: [][][]byte{{b.Bytes()}}}
}

func grey(words []uint16) picture.Image {
	im := picture.NewGray(picture.Rect(0, 0, 5, 6))
	for i, w := range words {
		im.Set(i%5, i/5, color.Gray{uint8(w)})
	}
	return im
}

// mosaicOf is a Siemens mosaic of n tiles of 4 × 4 pixels in 3 × 3 places.
func mosaicOf(n int, header []byte) made {
	s := dicomtest.MR(12, 12, pixels(144, n)).
		Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC").
		Put(tManufacturer, "LO", "SIEMENS").Put(tSeriesDescription, "LO", "ep2d_fmri").
		Put(tPosition, "DS", -60, -50, 20).Put(tPixelSpacing, "DS", 3, 3).
		Put(tThickness, "DS", 3).Put(tSpacingBetween, "DS", 3.3).
		Private(0x0029, siemens, 0x10, "OB", header)
	return made{Set: s}
}

// csa is a CSA header of the second form with the number of tiles and the slice
// normal (its three parts parted by zeros); none of what is "".
func csa(tiles, normal string) []byte {
	le := binary.LittleEndian
	var tags [][]byte
	add := func(name string, values ...string) {
		b := make([]byte, 84)
		copy(b, name)
		le.PutUint32(b[64:], uint32(len(values)))
		copy(b[68:], "IS")
		le.PutUint32(b[76:], uint32(len(values)))
		le.PutUint32(b[80:], 77)
		for _, v := range values {
			head := make([]byte, 16)
			le.PutUint32(head[4:], uint32(len(v)))
			b = append(append(b, head...), v...)
			b = append(b, make([]byte, (4-len(v)%4)%4)...)
		}
		tags = append(tags, b)
	}
	add("EchoLinePosition", "32")
	if tiles != "" {
		add("NumberOfImagesInMosaic", tiles)
	}
	if normal != "" {
		parts := bytes.Split([]byte(normal), []byte{0})
		values := make([]string, len(parts))
		for i, p := range parts {
			values[i] = string(p)
		}
		add("SliceNormalVector", values...)
	}
	b := []byte("SV10\x04\x03\x02\x01")
	b = le.AppendUint32(b, uint32(len(tags)))
	b = le.AppendUint32(b, 77)
	for _, t := range tags {
		b = append(b, t...)
	}
	return append(b, make([]byte, len(b)%2)...)
}
