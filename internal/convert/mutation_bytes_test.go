package convert

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// capsuleMutants break encapsulated pixel data (PS3.5 A.4), in run lengths that
// Go decodes.
func capsuleMutants() (out []mutant) {
	add := func(name, base string, do func(f *dicomtest.File), w want) {
		out = append(out, mutant{name: name, base: base, do: file(do), want: w})
	}
	frame := func(do func(b []byte) []byte) func(f *dicomtest.File) {
		return func(f *dicomtest.File) {
			f.Frames = [][][]byte{{do(append([]byte(nil), f.Frames[0][0]...))}}
		}
	}
	const pix = "(7fe0,0010)"
	add("no fragments", "RLE", func(f *dicomtest.File) { f.Frames = [][][]byte{} }, refused("all", pix))
	add("a fragment of nothing", "RLE", frame(func([]byte) []byte { return nil }), refused("all", pix))
	add("a fragment of zeros", "RLE", frame(func(b []byte) []byte { return make([]byte, len(b)) }), refused("all", "RLE"))
	add("a fragment cut to its header", "RLE", frame(func(b []byte) []byte { return b[:64] }), refused("all", "RLE"))
	add("a fragment cut in its header", "RLE", frame(func(b []byte) []byte { return b[:20] }), refused("all", "RLE"))
	add("a fragment cut in its runs", "RLE", frame(func(b []byte) []byte { return b[:len(b)-10] }), refused("all", "RLE"))
	add("a fragment too many", "RLE", func(f *dicomtest.File) { f.Frames = [][][]byte{{f.Frames[0][0], make([]byte, 100)}} }, same())
	add("a frame in two fragments", "RLE", func(f *dicomtest.File) { b := f.Frames[0][0]; f.Frames = [][][]byte{{b[:80], b[80:]}} }, same())
	add("a frame in twenty fragments", "RLE", func(f *dicomtest.File) {
		b, parts := f.Frames[0][0], [][]byte{}
		for len(b) > 0 {
			n := min(len(b), 8)
			parts, b = append(parts, b[:n]), b[n:]
		}
		f.Frames = [][][]byte{parts}
	}, same())
	add("RLE of three segments", "RLE", frame(func(b []byte) []byte { b[0] = 3; return b }), refused("all", "3 RLE segments"))
	add("RLE of 4294967295 segments", "RLE", frame(func(b []byte) []byte { copy(b, "\xff\xff\xff\xff"); return b }), refused("all", "RLE segments"))
	add("RLE offset behind the end", "RLE", frame(func(b []byte) []byte { b[9] = 0x40; return b }), refused("all", "RLE"))
	add("RLE offsets backwards", "RLE", frame(func(b []byte) []byte { b[4], b[8] = b[8], b[4]; return b }), refused("all", "RLE"))
	add("RLE offset of 0", "RLE", frame(func(b []byte) []byte { b[4] = 0; return b }), refused("all", "RLE"))
	add("RLE runs of 128", "RLE", frame(func(b []byte) []byte {
		for i := 64; i < len(b); i++ {
			b[i] = 0x81
		}
		return b
	}), makes(whole5))
	add("an offset table of one that is right", "RLE", func(f *dicomtest.File) { f.Table = true }, same())
	add("garbage claimed to be JPEG", "RLE", func(f *dicomtest.File) { f.Claim = syntaxJPEG }, refused("all", "JPEG"))
	add("RLE claimed to be native", "RLE", func(f *dicomtest.File) { f.Claim = dicom.ExplicitLittle }, noted("compressed pixel data under an uncompressed"))
	add("RLE claimed to be implicit", "RLE", func(f *dicomtest.File) { f.Claim = dicom.ImplicitLittle }, noted("transfer syntax"))
	add("RLE claimed to be video", "RLE", func(f *dicomtest.File) { f.Claim = "1.2.840.10008.1.2.4.102" }, refused("all", "1.2.840.10008.1.2.4.102"))
	add("native claimed to be RLE", "classic", func(f *dicomtest.File) { f.Claim = syntaxRLE }, noted("uncompressed pixel data under a compressed"))
	add("encapsulated under a made-up transfer syntax", "RLE", func(f *dicomtest.File) { f.Claim = "1.2.3.4.5" }, refused("all", "1.2.3.4.5"))

	// A file of four frames with a table of offsets.
	patch := func(name string, do func(b []byte, table int) []byte, w want) {
		out = append(out, mutant{name: name, base: "enhancedRLE", want: w, bytes: func(_ int, b []byte) []byte {
			at := bytes.LastIndex(b, []byte{0xE0, 0x7F, 0x10, 0, 'O', 'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF})
			return do(b, at+20)
		}})
	}
	le := binary.LittleEndian
	patch("offset table of zeros", func(b []byte, t int) []byte { copy(b[t:], make([]byte, 16)); return b }, noted("table of offsets that does not fit"))
	patch("offset table of 4 GB", func(b []byte, t int) []byte { copy(b[t:], bytes.Repeat([]byte{0xFF}, 16)); return b }, noted("table of offsets that does not fit"))
	patch("offset table off by two", func(b []byte, t int) []byte { b[t+4] += 2; return b }, noted("table of offsets that does not fit"))
	patch("offset table backwards", func(b []byte, t int) []byte {
		for i := range 2 {
			x, y := le.Uint32(b[t+4*i:]), le.Uint32(b[t+12-4*i:])
			le.PutUint32(b[t+4*i:], y)
			le.PutUint32(b[t+12-4*i:], x)
		}
		return b
	}, noted("table of offsets that does not fit"))
	patch("offset table longer than the file", func(b []byte, t int) []byte { le.PutUint32(b[t-4:], 1<<30); return b }, refused("all", pix))
	patch("fragment longer than the file", func(b []byte, t int) []byte { le.PutUint32(b[t+20:], 1<<30); return b }, refused("all", pix))
	patch("fragment of undefined length", func(b []byte, t int) []byte { le.PutUint32(b[t+20:], 0xFFFFFFFF); return b }, refused("all", pix))
	patch("fragment's tag wrong", func(b []byte, t int) []byte { b[t+16] = 0; return b }, refused("all", pix))
	patch("cut off in the last fragment", func(b []byte, _ int) []byte { return b[:len(b)-30] }, refused("all", pix, "3 of 4 frames"))
	patch("cut off after the table", func(b []byte, t int) []byte { return b[:t+16] }, refused("all", pix))
	patch("no delimiter", func(b []byte, _ int) []byte { return b[:len(b)-8] }, noted("no delimiter"))
	add("a frame too few", "enhancedRLE", func(f *dicomtest.File) { f.Frames = f.Frames[:3] }, refused("all", pix))
	add("a frame too many", "enhancedRLE", func(f *dicomtest.File) { f.Frames = append(f.Frames, f.Frames[0]) }, same())
	add("no table", "enhancedRLE", func(f *dicomtest.File) { f.Table = false }, same())
	add("one frame of four broken", "enhancedRLE", func(f *dicomtest.File) { f.Frames[1][0] = make([]byte, 64) }, refused("all", "frame 2", "RLE"))
	return out
}

// jpegMutants are those that reach GDCM, in a child process of its own.
func jpegMutants() (out []mutant) {
	add := func(name string, do func(b []byte) []byte, w want) {
		out = append(out, mutant{name: name, base: "JPEG", want: w, do: file(func(f *dicomtest.File) {
			f.Frames = [][][]byte{{do(append([]byte(nil), f.Frames[0][0]...))}}
		})})
	}
	frame := func(b []byte, at int) int { return at + bytes.Index(b[at:], []byte{0xFF, 0xC0}) }
	add("JPEG as it is", func(b []byte) []byte { return b }, same())
	add("JPEG cut to its first marker", func(b []byte) []byte { return b[:4] }, refused("all", "JPEG"))
	add("JPEG cut in half", func(b []byte) []byte { return b[:len(b)/2] }, refused("all"))
	add("JPEG without its end", func(b []byte) []byte { return b[:len(b)-2] }, refused("all", "no end marker"))
	add("JPEG of zeros", func(b []byte) []byte { return make([]byte, len(b)) }, refused("all", "JPEG"))
	add("JPEG of 60000 rows", func(b []byte) []byte { b[frame(b, 0)+5] = 0xEA; return b }, refused("all", "rows"))
	add("JPEG of three components", func(b []byte) []byte { b[frame(b, 0)+9] = 3; return b }, refused("all"))
	add("JPEG of 12 bits", func(b []byte) []byte { b[frame(b, 0)+4] = 12; return b }, refused("all"))
	add("JPEG without tables", func(b []byte) []byte {
		at := bytes.Index(b, []byte{0xFF, 0xC4})
		b[at+1] = 0xEF
		return b
	}, refused("all"))
	for _, x := range []struct {
		name string
		do   func(s *dicomtest.Set)
		w    want
	}{
		{"JPEG of other rows than the header's", put(dicom.Rows, "US", 12), refused("all", "rows")},
		{"JPEG under 16 bits", func(s *dicomtest.Set) { s.Image(6, 5, 16, false) }, same()},
		{"JPEG under MONOCHROME2 of three samples", put(dicom.SamplesPerPixel, "US", 3), want{}.file(Skipped, "all", "colour")},
	} {
		out = append(out, mutant{name: x.name, base: "JPEG", do: all(x.do), want: x.w})
	}
	out = append(out, mutant{name: "JPEG baseline claimed to be lossless", base: "JPEG", do: file(func(f *dicomtest.File) { f.Claim = "1.2.840.10008.1.2.4.70" }), want: same()})
	for _, uid := range []string{"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", syntaxRLE} {
		out = append(out, mutant{name: "JPEG baseline claimed to be " + uid, base: "JPEG", do: file(func(f *dicomtest.File) { f.Claim = uid }), want: refused("all")})
	}
	return out
}

// encodingMutants break the file around the data set, and elements' form (PS3.5,
// PS3.10).
func encodingMutants() (out []mutant) {
	add := func(name, base string, do func([]made) []made, w want) {
		out = append(out, mutant{name: name, base: base, do: do, want: w})
	}
	bend := func(name, base string, do func(k int, b []byte) []byte, w want) {
		out = append(out, mutant{name: name, base: base, bytes: do, want: w})
	}
	add("no preamble", "classic", file(func(f *dicomtest.File) { f.NoPreamble = true }), same())
	add("no meta information", "classic", file(func(f *dicomtest.File) { f.NoMeta = true }), same())
	add("no meta information, implicit", "implicit", file(func(f *dicomtest.File) { f.NoMeta = true }), same())
	add("no meta information, big endian", "big", file(func(f *dicomtest.File) { f.NoMeta = true }), same())
	add("implicit claimed explicit", "implicit", file(func(f *dicomtest.File) { f.Claim = dicom.ExplicitLittle }), noted("transfer syntax"))
	add("explicit claimed implicit", "classic", file(func(f *dicomtest.File) { f.Claim = dicom.ImplicitLittle }), noted("transfer syntax"))
	add("explicit claimed big endian", "classic", file(func(f *dicomtest.File) { f.Claim = dicom.ExplicitBig }), noted("transfer syntax"))
	add("deflated claimed explicit", "deflated", file(func(f *dicomtest.File) { f.Claim = dicom.ExplicitLittle }), noted("deflated"))
	add("explicit claimed deflated", "classic", file(func(f *dicomtest.File) { f.Claim = dicom.Deflated }), noted("transfer syntax"))
	add("undefined lengths, enhanced", "enhanced", file(func(f *dicomtest.File) { f.Undefined = true }), same())
	bend("deflated stream cut off", "deflated", func(k int, b []byte) []byte { return b[:len(b)-40] }, refused("all", "deflated"))
	bend("deflated stream of garbage", "deflated", func(k int, b []byte) []byte {
		copy(b[len(b)-100:], bytes.Repeat([]byte{0xAA}, 100))
		return b
	}, refused("all"))
	bend("empty file", "classic", func(k int, b []byte) []byte {
		if k == 2 {
			return nil
		}
		return b
	}, broken2("an empty file"))
	bend("zeros instead of a file", "classic", func(k int, b []byte) []byte {
		if k == 2 {
			return make([]byte, len(b))
		}
		return b
	}, broken2("zeros and nothing else"))
	bend("text instead of a file", "classic", func(k int, b []byte) []byte {
		if k == 2 {
			return []byte("The scan was moved to another folder.\n")
		}
		return b
	}, want{}.file(Skipped, "2", "not a DICOM file").refused("0 1 3 4", position, "missing (3)"))
	for _, n := range []int{1, 64, 200, 400} {
		bend(fmt.Sprintf("the last %d bytes lacking in one file", n), "classic", func(k int, b []byte) []byte {
			if k == 2 {
				return b[:len(b)-n]
			}
			return b
		}, broken2())
	}
	bend("a kilobyte of zeros behind", "classic", func(_ int, b []byte) []byte { return append(b, make([]byte, 1024)...) }, same())
	bend("a kilobyte of text behind", "classic", func(_ int, b []byte) []byte { return append(b, bytes.Repeat([]byte("trailer "), 128)...) }, same())
	for _, x := range []struct {
		name string
		tag  dicom.Tag
		to   []byte
		w    want
	}{
		{"a VR that does not exist", tPixelSpacing, []byte("ZZ"), same()},
		{"a length of 65535", tPatientPosition, []byte("CS\xff\xff"), refused("all")},
		{"a length of one more", tPatientPosition, []byte("CS\x05\x00"), refused("all")},
	} {
		out = append(out, mutant{
			name: x.name, base: "classic", do: all(put(tPatientPosition, "CS", "HFS")), want: x.w,
			bytes: func(_ int, b []byte) []byte {
				head := []byte{byte(x.tag >> 16), byte(x.tag >> 24), byte(x.tag), byte(x.tag >> 8)}
				copy(b[bytes.Index(b, head)+4:], x.to)
				return b
			},
		})
	}

	// Elements that are nobody's concern.
	nest := func(depth int) func(s *dicomtest.Set) {
		return func(s *dicomtest.Set) {
			inner := dicomtest.New()
			for range depth {
				inner = dicomtest.New().Seq(dicom.ReferencedImageSequence, inner)
			}
			s.Seq(dicom.ReferencedImageSequence, inner)
		}
	}
	add("sequences twenty deep", "classic", all(nest(20)), same())
	add("sequences a hundred deep", "classic", all(nest(100)), refused("all", "(0008,1140)"))
	add("sequences a hundred deep, undefined lengths", "classic", func(l []made) []made {
		return file(func(f *dicomtest.File) { f.Undefined = true })(all(nest(100))(l))
	}, refused("all", "(0008,1140)"))
	add("a hundred thousand items", "single", all(func(s *dicomtest.Set) {
		list := make([]*dicomtest.Set, 100_000)
		for i := range list {
			list[i] = dicomtest.New()
		}
		s.Seq(dicom.ReferencedImageSequence, list...)
	}), same())
	add("four million items", "single", all(func(s *dicomtest.Set) {
		s.Put(dicom.ReferencedImageSequence, "SQ", bytes.Repeat([]byte{0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0}, 4_000_000))
	}), refused("all", "(fffe,e000)", "more than 3000000 elements"))
	add("a private element of 20 MB", "single", all(func(s *dicomtest.Set) { s.Private(0x0099, "X", 1, "OB", make([]byte, 20<<20)) }), same())
	add("image type of ten thousand values", "classic", all(put(tImageType, "CS", strings.Repeat(`A\`, 10000)+"B")), makes(whole5))
	add("image type empty", "classic", all(put(tImageType, "CS", "")), same())
	add("odd lengths", "classic", all(func(s *dicomtest.Set) {
		s.Put(tPixelSpacing, "DS", []byte(`0.8\0.7`)).Put(tModality, "CS", []byte("MR\x00"))
	}), same())
	for _, cs := range []string{"ISO_IR 999", "GBK", "ISO 2022 IR 87", `\ISO 2022 IR 58`, strings.Repeat(`ISO_IR 100\`, 500), "\x00\xff", "UTF-8"} {
		add(fmt.Sprintf("character set %.20q", cs), "classic", all(func(s *dicomtest.Set) {
			s.Put(0x00080005, "CS", cs).Put(tPatientName, "PN", []byte("\x1b$B\xb5\xfe\xff^\x1b(\xc3\x28=\\")).Put(tSeriesDescription, "LO", []byte("t1_tse_sag"))
		}), same())
	}
	for _, x := range []struct {
		name string
		tag  dicom.Tag
		vr   string
	}{
		{"TR", tTR, "DS"},
		{"flip angle", tFlipAngle, "DS"},
		{"field strength", tFieldStrength, "DS"},
		{"acquisition matrix", tAcquisitionMatrix, "DS"},
		{"contrast volume", tContrastVolume, "DS"},
		{"echo train", tEchoTrain, "IS"},
		{"averages", tAverages, "DS"},
		{"bandwidth", tBandwidth, "DS"},
	} {
		for _, v := range []string{`1e308\1e308\1e308\1e308`, `-1e308\NaN\x\-1`} {
			add(fmt.Sprintf("%s %s", x.name, v), "classic", all(put(x.tag, x.vr, v)), makes(whole5))
		}
	}
	add("b-values of NaN", "classic", all(func(s *dicomtest.Set) {
		s.Private(0x0019, siemensMR, 0x0C, "IS", "NaN").Private(0x0019, siemensMR, 0x0E, "FD", []byte(strings.Repeat("\xff", 24)))
	}), same())
	return out
}
