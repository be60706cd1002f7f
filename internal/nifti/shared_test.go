package nifti

import (
	"math"
	"path/filepath"
	"testing"

	"magn/internal/testenv"
	"magn/internal/volume"
)

// Files that other programs wrote of real scans. The numbers are nibabel
// 5.4.2's; weighted tells where the values lie:
//
//	d = nibabel.load(f).get_fdata().ravel(order='F')
//	d.sum(), (d * (numpy.arange(d.size) % 1009)).sum(), affine.round(6)
func TestRealFiles(t *testing.T) {
	dir := testenv.Data(t)
	for _, c := range []struct {
		file          string
		size          [3]int
		sum, weighted float64
		a             volume.Affine
	}{
		{ // qform only
			"dicom/annotated/sts_008/MR_T1_image.nii.gz",
			[3]int{77, 79, 28},
			83264712, 41919678950,
			volume.Affine{{-.976562, 0, 0, -141.601364}, {0, -.976562, 0, 33.203228}, {0, 0, 3.26996, -230.442566}},
		},
		{ // scaled and oblique, both forms
			"dicom/convert/enh/Ref/Philips_WIP_B0_NS_801_e1.nii",
			[3]int{64, 64, 32},
			6839873930950.609, 3455236688886018,
			volume.Affine{{4, 0, .00011, -124.757019}, {0, 4, 0, -132.223389}, {-.00011, 0, 4, -38.347679}},
		},
		{ // a sagittal series, without units
			"dicom/convert/ge_anat/Ref/001_ground_truth.nii.gz",
			[3]int{256, 256, 4},
			33235061, 16737077497,
			volume.Affine{{-.053017, 0, .9986, 40.000702}, {-.998594, 0, -.053, 140.729996}, {0, -1, 0, 124.699997}},
		},
		{
			"dicom/convert/philips_anat/Ref/001_ground_truth.nii.gz",
			[3]int{240, 240, 4},
			29218881, 14708313960,
			volume.Affine{{-1.040754, -.040955, .008603, 128.163895}, {-.015714, .019322, -.599833, 102.441849}, {.040666, -1.040682, -.011475, 109.789154}},
		},
		{ // negative values
			"ibsi/ct/phantom.nii.gz",
			[3]int{204, 201, 60},
			-655581056, -330284848634,
			volume.Affine{{-.977, 0, 0, 174.394501}, {0, -.977, 0, 79.625504}, {0, 0, 3, -100.400002}},
		},
	} {
		im, err := Read(filepath.Join(dir, filepath.FromSlash(c.file)))
		if err != nil {
			t.Error(err)
			continue
		}
		if im.Size != c.size || !im.SpacingKnown {
			t.Errorf("%s: size %v, spacing known %v", c.file, im.Size, im.SpacingKnown)
		}
		var sum, weighted float64
		for i, x := range im.Float64s() {
			sum += x
			weighted += x * float64(i%1009)
		}
		if math.Abs(sum-c.sum) > 1e-9*math.Abs(c.sum) || math.Abs(weighted-c.weighted) > 1e-9*math.Abs(c.weighted) {
			t.Errorf("%s: sums %v, %v; nibabel %v, %v", c.file, sum, weighted, c.sum, c.weighted)
		}
		for r := range 3 {
			for k := range 4 {
				if math.Abs(im.Affine[r][k]-c.a[r][k]) > 2e-6 {
					t.Errorf("%s: affine[%d][%d] is %v, nibabel %v", c.file, r, k, im.Affine[r][k], c.a[r][k])
				}
			}
		}
	}
	_, err := Read(filepath.Join(dir, "dicom/convert/enh/Ref/Siemens_REST1_w_SMS_PF7-8_6.nii"))
	wantFault(t, err, "Siemens_REST1", "a 4-D image of 4 volumes")
}
