package convert

import (
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// What the sidecar has of the sequence, where only private elements say it.
func TestVendorFacts(t *testing.T) {
	for _, c := range []struct {
		name string
		list []made
		want Facts
	}{
		{
			"Philips: the delay after an inversion",
			each(sagittal(4), func(_ int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "Philips").Delete(tTI).Private(0x2001, philips, 0x1B, "FL", 900.0).Private(0x2001, philips, 0x1C, "CS", "INV")
			}),
			Facts{TI: 900},
		},
		{
			"Philips: the delay after another pulse",
			each(sagittal(4), func(_ int, s *dicomtest.Set) {
				s.Put(tManufacturer, "LO", "Philips").Delete(tTI).Private(0x2001, philips, 0x1B, "FL", 90.0).Private(0x2001, philips, 0x1C, "CS", "NO")
			}),
			Facts{},
		},
		{"Siemens XA", func() []made {
			m := enhanced(4, 1)
			m.Delete(tTI).Delete(tScanningSequence).Delete(tSequenceVariant).Delete(tScanOptions).Put(tEchoPulseSequence, "CS", "GRADIENT")
			shared := m.Get(tSharedGroups).Value.([]*dicom.Set)
			shared[0].PrivateSeq(0x0021, siemensShare, 0xFE, dicomtest.New().Private(0x0021, siemensShare, 0x5A, "CS", "GR", "IR").
				Private(0x0021, siemensShare, 0x5B, "CS", "SK", "SP").Private(0x0021, siemensShare, 0x5C, "CS", "PFP", "FS"))
			return []made{m}
		}(), Facts{Scanning: `GR\IR`, Variant: `SK\SP`, ScanOptions: `PFP\FS`, FatSuppression: "fat"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeAll(t, dir, c.list)
			s := scan(t, Options{}, dir)
			if len(s.Candidates) != 1 {
				t.Fatal(summary(s))
			}
			f := s.Candidates[0].Facts
			if got := (Facts{TI: f.TI, Scanning: f.Scanning, Variant: f.Variant, ScanOptions: f.ScanOptions, FatSuppression: f.FatSuppression}); c.want != got {
				t.Errorf("%+v\nwant %+v", got, c.want)
			}
		})
	}
}
