package convert

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// dynamicPair is n slices in two volumes, which the i-th call of mark tells
// apart; times say the same.
func dynamicPair(n int, mark func(i int, s *dicomtest.Set)) []made {
	var list []made
	for i := range 2 {
		list = append(list, tagged(sagittal(n), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
			mark(i, s.Put(dicom.PixelData, "OW", pixels(30, 7*i+k)))
		})...)
	}
	return list
}

// What vendors hide in private elements is read the same whether the file says
// the elements' VR, is implicit, or came through an archive that made them UN.
func TestPrivateElements(t *testing.T) {
	for _, c := range []struct {
		name  string
		group uint16
		make  func() []made
		want  string
	}{
		{"Siemens b-value", 0x0019, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) { s.Private(0x0019, siemensMR, 0x0C, "IS", 1000*i) })
		}, "001_t1-tse-sag_b1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"Siemens direction", 0x0019, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Private(0x0019, siemensMR, 0x0C, "IS", 1000).Private(0x0019, siemensMR, 0x0E, "FD", float64(i), float64(1-i), 0.0)
			})
		}, "001_t1-tse-sag_d1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_d2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"GE b-value", 0x0043, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "GE MEDICAL SYSTEMS").Private(0x0043, geParam, 0x39, "IS", 1000000000+500*i, 8, 0, 0)
			})
		}, "001_t1-tse-sag_b1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"GE direction", 0x0019, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "GE MEDICAL SYSTEMS").Private(0x0019, geAcq, 0xBB, "DS", i).Private(0x0019, geAcq, 0xBC, "DS", 1-i).Private(0x0019, geAcq, 0xBD, "DS", 0)
			})
		}, "001_t1-tse-sag_d1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_d2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"GE real and imaginary", 0x0043, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "GE MEDICAL SYSTEMS").Private(0x0043, geParam, 0x2F, "SS", 2+i)
			})
		}, "001_t1-tse-sag_imaginary: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_real: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"Philips b-value", 0x2001, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "Philips").Private(0x2001, philips, 0x03, "FL", float64(800*i))
			})
		}, "001_t1-tse-sag_b1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"United Imaging grids of two b-values", 0x0065, func() []made {
			return []made{united5(800, 1), united5(0, 0)}
		}, "001_t1-tse-sag_b1: 5×6×5, 0.7×0.8×4.4 mm\n001_t1-tse-sag_b2: 5×6×5, 0.7×0.8×4.4 mm\n"},
		{"United Imaging direction", 0x0065, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "UIH").Private(0x0065, united, 0x09, "FD", 1000.0).Private(0x0065, united, 0x37, "FD", float64(i), float64(1-i), 0.0)
			})
		}, "001_t1-tse-sag_d1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_d2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"Philips gradient number, directions nearer than their rounding", 0x2005, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "Philips").Private(0x2001, philips, 0x03, "FL", 1000.0).Private(0x2005, philips1, 0xB0, "FL", -.65329+.0001*float64(i)).
					Private(0x2005, philips1, 0xB1, "FL", -.2706).Private(0x2005, philips1, 0xB2, "FL", -.7071).
					Private(0x2005, philips5, 0x12, "IS", 2).Private(0x2005, philips5, 0x13, "IS", 4+5*i)
			})
		}, "001_t1-tse-sag_d1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_d2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"Philips ASL, label and control", 0x2005, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "Philips").Private(0x2005, philips5, 0x29, "CS", [2]string{"LABEL", "CONTROL"}[i])
			})
		}, "001_t1-tse-sag_l1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_l2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"GE real-time timer", 0x0021, func() []made {
			return each(dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "GE MEDICAL SYSTEMS").Private(0x0021, geRelation, 0x5E, "DS", 1.1898+1.5*float64(i))
			}), func(k int, s *dicomtest.Set) { s.Put(dicom.InstanceNumber, "IS", 1) })
		}, "001_t1-tse-sag_t1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_t2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"GE field map and magnitude", 0x0043, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "GE MEDICAL SYSTEMS").Private(0x0019, geAcq, 0x9C, "LO", "B0rf").Private(0x0019, geAcq, 0x9E, "LO", "B0map").
					Private(0x0043, geParam, 0x30, "SS", 2*i)
			})
		}, "001_t1-tse-sag_fieldmap: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"Canon direction in Image Comments", 0x0019, func() []made {
			return dynamicPair(4, func(i int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "CANON_MEC").Put(tBValue, "FD", 1500.0).Put(tImageComments, "LT", [2]string{"b=1500(0.895,-0.445,0.000)", "b=1500(0.445,0.000,0.895)"}[i])
			})
		}, "001_t1-tse-sag_d1: 5×6×4, 0.7×0.8×4.4 mm\n001_t1-tse-sag_d2: 5×6×4, 0.7×0.8×4.4 mm\n"},
		{"Siemens mosaic", 0x0019, func() []made {
			return each(stackOf(1, 12, 10, [3]float64{}, axRow, axCol, [3]float64{}), func(_ int, s *dicomtest.Set) {
				s.Put(tSpacingBetween, "DS", 3).Private(0x0019, siemensMR, 0x0A, "US", 4)
			})
		}, "001_t1-tse-sag: 5×6×4, 0.7×0.8×3 mm\n"},
		{"Siemens mosaic that only its slices' times count", 0x0019, func() []made {
			return each(stackOf(1, 12, 10, [3]float64{}, axRow, axCol, [3]float64{}), func(_ int, s *dicomtest.Set) {
				s.Put(tSpacingBetween, "DS", 3).Put(tImageType, "CS", "ORIGINAL", "PRIMARY", "M", "MOSAIC").Private(0x0019, siemensMR, 0x29, "FD", 0.0, 500.0, 250.0)
			})
		}, "001_t1-tse-sag: 5×6×3, 0.7×0.8×3 mm\n"},
	} {
		for _, form := range []string{"explicit", "implicit", "UN"} {
			t.Run(c.name+", "+form, func(t *testing.T) {
				list := c.make()
				for i := range list {
					switch form {
					case "implicit":
						list[i].file.Syntax = dicom.ImplicitLittle
					case "UN":
						unknown(list[i].Set, c.group)
					}
				}
				dir := t.TempDir()
				writeAll(t, dir, list)
				if got := summary(scan(t, Options{}, dir)); got != c.want {
					t.Errorf("%s\nwant\n%s", got, c.want)
				}
			})
		}
	}
}

// unknown makes a group's private elements UN, little endian, creators excepted.
func unknown(s *dicomtest.Set, group uint16) {
	for i, e := range s.Elements {
		values, ok := e.Value.([]any)
		if e.Tag.Group() != group || e.Tag.Element() < 0x1000 || !ok {
			continue
		}
		var b []byte
		for k, v := range values {
			switch e.VR {
			case "IS", "DS":
				if k > 0 {
					b = append(b, '\\')
				}
				b = fmt.Append(b, v)
			case "CS", "LO":
				b = append(b, v.(string)...)
			case "US", "SS":
				b = binary.LittleEndian.AppendUint16(b, uint16(v.(int)))
			case "FL":
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v.(float64))))
			case "FD":
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v.(float64)))
			}
		}
		if len(b)%2 == 1 {
			b = append(b, ' ')
		}
		s.Elements[i].VR, s.Elements[i].Value = "UN", b
	}
}
