package convert

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/suyashkumar/dicom/pkg/tag"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// secrets puts something secret into every attribute of the profile: a word into
// texts and UIDs, a date and a time into those, an item with a secret in it into
// sequences, bytes elsewhere. salt makes UIDs differ between files.
func secrets(t *testing.T, s *dicomtest.Set, salt string, spare ...dicom.Tag) int {
	t.Helper()
	n := 0
fields:
	for _, w := range strings.Fields(confidential) {
		v, err := strconv.ParseUint(w, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		at := dicom.Tag(v)
		for _, p := range spare {
			if p == at {
				continue fields
			}
		}
		info, err := tag.Find(tag.Tag{Group: at.Group(), Element: at.Element()})
		vr := "LO"
		if err == nil && len(info.VRs) > 0 {
			vr = info.VRs[0]
		}
		n++
		switch vr {
		case "SQ":
			s.Seq(at, dicomtest.New().Put(tPatientName, "PN", "SECRET^Item").Put(tCodeMeaning, "LO", "SECRET meaning"))
		case "DA":
			s.Put(at, vr, "19431207")
		case "TM":
			s.Put(at, vr, "031415.926")
		case "DT":
			s.Put(at, vr, "19431207031415.926")
		case "UI":
			s.Put(at, vr, "SECRET."+at.String()+salt)
		case "DS", "IS", "AS":
			s.Put(at, vr, "194312")
		case "US", "SS", "UL", "SL", "FL", "FD", "OB", "OW", "UN", "OF", "OD", "OL", "AT", "SV", "UV", "OV":
			s.Put(at, vr, []byte("SECRET19431207  "))
		default:
			s.Put(at, vr, "SECRET"+salt)
		}
	}
	s.Put(0x60003000, "OW", []byte("SECRET overlay  ")).Put(0x50003000, "OW", []byte("SECRET curve"))
	s.Private(0x0029, siemens, 0x10, "OB", []byte("SV10\x04\x03\x02\x01SECRET")).Private(0x0029, siemens, 0x20, "OB", []byte("SECRET"))
	s.Private(0x2005, philips1, 0x11, "CS", "M").Private(0x2001, philips, 0x63, "CS", "SECRET").Private(0x0099, "SECRET", 0x01, "LO", "SECRET")
	return n
}

// A file full of secrets gives a sidecar, an image and names without one, in
// single-frame, mosaic and enhanced form. Dates are in none of them either.
func TestNoIdentifiersLeave(t *testing.T) {
	dir, out := filepath.Join(t.TempDir(), "in"), t.TempDir()
	keep := []dicom.Tag{tSOPInstance, tStudyUID, tSeriesUID, tFrameOfReference, 0x00020003}
	list := sagittal(4)
	n := 0
	for k, m := range list {
		n = secrets(t, m.Set, "0")
		m.Put(tSOPInstance, "UI", "SECRET."+strconv.Itoa(k))
		m.Put(tSeriesDescription, "LO", "t1 MR1234567 P4711 07.12.1943 7.12.43 b4711 A0815 c1812 R1812").Put(tAccession, "SH", "A0815").Put(tPatientID, "LO", "1812")
		m.Put(tContrastRoute, "LO", "SECRET").Put(tBodyPart, "CS", "SECRET")
	}
	if n < 600 {
		t.Fatalf("%d attributes filled", n)
	}
	mosaic := tagged(stackOf(1, 12, 10, [3]float64{}, axRow, axCol, [3]float64{}), "m", nil)[0]
	secrets(t, mosaic.Set, "m", keep...)
	mosaic.Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "M", "MOSAIC").Put(tSeriesNumber, "IS", 5).Put(tSpacingBetween, "DS", 3).
		Private(0x0029, siemens, 0x10, "OB", csa2(map[string][]string{"NumberOfImagesInMosaic": {"4"}, "SliceNormalVector": {"0", "0", "1"}, "PatientSECRET": {"SECRET"}}))
	multi := enhanced(3, 1)
	secrets(t, multi.Set, "e", keep...)
	multi.Put(tSeriesNumber, "IS", 6).Put(tSOPInstance, "UI", "1.2.3.4.77")
	for _, item := range multi.Get(tFrameGroups).Value.([]*dicomtest.Set) {
		item.Get(tFrameContentSeq).Value.([]*dicomtest.Set)[0].Put(tFrameAcquired, "DT", "19431207031415.926").Put(0x00209158, "LT", "SECRET")
	}
	writeAll(t, dir, append(append(list, mosaic), multi))
	s := scan(t, Options{}, dir)
	r, err := s.Run(context.Background(), out, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil || len(r.Volumes) != 3 {
		t.Fatalf("%v\n%s", err, summary(s))
	}
	secret := regexp.MustCompile(`(?i)secret|1943|12-?07|0314|03:14|194312|1234567|4711|0?7-12|0815|1812`)
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(out, path)
		if err != nil {
			return err
		}
		if m := secret.FindString(name); m != "" {
			t.Errorf("the name %s has %q", name, m)
		}
		fi, err := os.Stat(path)
		if err != nil {
			return err
		}
		if name == FilesFile || name == UIDsFile {
			if fi.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v: it holds UIDs or paths", name, fi.Mode())
			}
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".gz") {
			z, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				return err
			}
			var raw bytes.Buffer
			if _, err := raw.ReadFrom(z); err != nil {
				return err
			}
			b = raw.Bytes()[:352] // the header; the rest is voxels
		}
		if strings.HasSuffix(path, ".json") {
			var have Sidecar
			if err := json.Unmarshal(b, &have); err != nil {
				return err
			}
			b = bytes.ReplaceAll(b, []byte(have.Inputs), nil) // a digest may have any digits
			if have.AcquisitionSeconds == nil || *have.AcquisitionSeconds != 0 {
				t.Errorf("%s: acquired %v s into the study, want 0", name, have.AcquisitionSeconds)
			}
		}
		if m := secret.FindString(string(b)); m != "" {
			t.Errorf("%s has %q", name, m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// csa2 is a CSA header of the second form.
func csa2(tags map[string][]string) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("SV10\x04\x03\x02\x01"), uint32(len(tags)))
	b = le.AppendUint32(b, 77)
	for name, values := range tags {
		head := make([]byte, 84)
		copy(head, name)
		le.PutUint32(head[64:], uint32(len(values)))
		copy(head[68:], "FD")
		le.PutUint32(head[76:], uint32(len(values)))
		b = append(b, head...)
		for _, v := range values {
			for _, x := range []int{len(v) + 1, len(v) + 1, 77, len(v) + 1} {
				b = le.AppendUint32(b, uint32(x))
			}
			b = append(b, v...)
			b = append(b, make([]byte, 4-len(v)%4)...)
		}
	}
	return b
}

// A mosaic whose CSA normal runs against rows × columns is stored against it
// too: the first tile is the last slice of the patient, and the affine says so.
func TestMosaicAgainstNormal(t *testing.T) {
	px := make([]uint16, 16)
	for i := range px {
		px[i] = uint16(i)
	}
	s := dicomtest.MR(4, 4, px).Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "M", "MOSAIC").Put(tManufacturer, "LO", "SIEMENS").Put(tSpacingBetween, "DS", 3).
		Private(0x0029, siemens, 0x10, "OB", csa2(map[string][]string{"NumberOfImagesInMosaic": {"3"}, "SliceNormalVector": {"0", "0", "-1"}}))
	_, _, im := one(t, Options{}, []made{{Set: s}})
	// Tile 0 holds 0 1 4 5, tile 2 holds 8 9 12 13; tile 0 lies highest.
	if v := im.Float64s(); v[0] != 8 || v[11] != 5 || im.Size != [3]int{2, 2, 3} {
		t.Errorf("%v %v", im.Size, v)
	}
	if p := im.Affine.Apply([3]float64{0, 0, 2}); norm(along(p, 1, [3]float64{1, 1, 0})) > 1e-9 {
		t.Errorf("tile 0 lies at %v, want (-1, -1, 0): half a mosaic less half a tile into it", p)
	}
}
