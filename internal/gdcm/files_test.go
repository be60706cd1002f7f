package gdcm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"magn/internal/fault"
	"magn/internal/testenv"
)

// realFiles are those of dicom/odd that are compressed, with the first digits of
// the SHA-256 of a frame's samples as little-endian bytes at Bits Allocated, and
// which frame. From pydicom 3.0.2, with
//
//	get_decoder(ts).as_array(d, index=i, decoding_plugin=p)[0]
//
// and p python-gdcm 3.2.6 for lossy JPEG in colours (pylibjpeg-libjpeg 2.5.0
// rounds differently there, by at most 1), pylibjpeg-openjpeg 2.6.0 and pyjpegls
// 1.5.1 (the same numbers as python-gdcm's) and pylibjpeg-rle 2.2.0 otherwise.
var realFiles = []struct {
	name  string
	frame int
	hash  string
}{
	{"693_J2KI.dcm", 0, "f249f833d5e3"}, // 16 bits in the codestream, 14 in the header
	{"GDCMJ2K_TextGBR.dcm", 0, "bea5673fdd49"},
	{"J2K_pixelrep_mismatch.dcm", 0, "9408934a5b06"}, // a & 0x1fff: its sign is in bit 12
	{"JPEG2000.dcm", 0, "0b1224a6dcd0"},
	{"JPEGLSNearLossless_08.dcm", 0, "9eb46aa86c34"},
	{"JPEGLSNearLossless_16.dcm", 0, "f92931827811"},
	{"MR_small_RLE.dcm", 0, "88617aaa4613"},
	{"MR_small_jp2klossless.dcm", 0, "88617aaa4613"},
	{"MR_small_jpeg_ls_lossless.dcm", 0, "88617aaa4613"},
	{"SC_jpeg_no_color_transform.dcm", 0, "be7aa556b206"},
	{"SC_jpeg_no_color_transform_2.dcm", 0, "334275c10bc6"},
	{"SC_rgb_dcmtk_+eb+cr.dcm", 0, "e414aaca6866"},
	{"SC_rgb_dcmtk_+eb+cy+n1.dcm", 0, "e0b1a561989d"},
	{"SC_rgb_dcmtk_+eb+cy+n2.dcm", 0, "ddb100d8f45a"},
	{"SC_rgb_dcmtk_+eb+cy+np.dcm", 0, "e0b1a561989d"},
	{"SC_rgb_dcmtk_+eb+cy+s2.dcm", 0, "ddb100d8f45a"},
	{"SC_rgb_dcmtk_+eb+cy+s4.dcm", 0, "ddb100d8f45a"},
	{"SC_rgb_gdcm_KY.dcm", 0, "169e619557b1"},
	{"SC_rgb_jls_lossy_line.dcm", 0, "bd5344c0a46b"},
	{"SC_rgb_jls_lossy_sample.dcm", 0, "bd5344c0a46b"},
	{"SC_rgb_jpeg.dcm", 0, "be7aa556b206"},
	{"SC_rgb_jpeg_app14_dcmd.dcm", 0, "334275c10bc6"},
	{"SC_rgb_jpeg_dcmtk.dcm", 0, "ddb100d8f45a"},
	{"SC_rgb_jpeg_gdcm.dcm", 0, "169e619557b1"},
	{"SC_rgb_jpeg_lossy_gdcm.dcm", 0, "e42f7896adb9"},
	{"SC_rgb_rle.dcm", 0, "169e619557b1"},
	{"SC_rgb_rle_16bit.dcm", 0, "36de0258708d"},
	{"SC_rgb_rle_16bit_2frame.dcm", 1, "5c8af3b4e000"},
	{"SC_rgb_rle_32bit.dcm", 0, "1a243c9351e3"},
	{"SC_rgb_small_odd_jpeg.dcm", 0, "f750a8047876"},
	{"examples_jpeg2k.dcm", 0, "e16892020c73"},
	{"examples_ybr_color.dcm", 1, "e4466c73577f"},
	{"examples_ybr_color.dcm", 29, "40229e504a1f"},
	{"rtdose_rle.dcm", 1, "b76a33d11e56"},
	{"rtdose_rle.dcm", 14, "7e395880501a"},
	{"rtdose_rle_1frame.dcm", 0, "67f96b3373d7"},
	// 12-bit lossy JPEG, which python-gdcm's wheel does not decode. This is GDCM
	// 3.0.21's own; pylibjpeg-libjpeg's differs in 3612 of 262144 samples, by 1.
	{"JPGExtended.dcm", 0, "d30242775a41"},
	{"JPEG-lossy.dcm", 0, "d30242775a41"}, // the same with a wrong end of its spectrum
}

func TestRealFiles(t *testing.T) {
	d := newDecoder(t)
	for _, c := range realFiles {
		f := readFile(t, testenv.Data(t, "dicom", "odd", c.name)).frame(c.frame)
		p, err := d.Decode(t.Context(), f)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := hash(p); got != c.hash || len(p) != f.size() {
			t.Errorf("%s, frame %d: %d bytes, %s, want %s", c.name, c.frame, len(p), got, c.hash)
		}
	}
	// Four bytes of its header are those of a sequence's end.
	_, err := d.Decode(t.Context(), readFile(t, testenv.Data(t, "dicom", "odd", "JPEG2000-embedded-sequence-delimiter.dcm")).frame(0))
	if fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "3722445056") {
		t.Errorf("a broken size: %v", err)
	}
}

func hash(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:6])
}

// One image in several transfer syntaxes, all lossless: the same samples as
// uncompressed, which is 1.dcm (2 and 3 are so as well, implicit and big endian).
func TestTransferSyntaxesAgree(t *testing.T) {
	d := newDecoder(t)
	file := func(n string) file { return readFile(t, testenv.Data(t, "dicom", "convert", "ts", "In", n+".dcm")) }
	want := file("1").pixels
	if len(want) != 384*384*2 {
		t.Fatalf("1.dcm has %d bytes of pixels", len(want))
	}
	for n, kind := range map[string]family{"4": rle, "5": jpeg, "6": jpeg, "7": jpegLS, "8": jpegLS, "9": jpeg2000} {
		f := file(n).frame(0)
		got, err := d.Decode(t.Context(), f)
		if err != nil || !bytes.Equal(got, want) || syntaxes[f.TransferSyntax] != kind {
			t.Errorf("%s.dcm (%s): %v, first difference at byte %d", n, f.TransferSyntax, err, firstDifference(got, want))
		}
	}
}
