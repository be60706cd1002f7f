package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/nrrd"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

// caseFiles reads the files of radiomics: NIfTI and NRRD.
type caseFiles struct{}

// Read reads an image with its values as they are, in double precision, and its
// mask. layer above 0 keeps the segments of that layer only, under their own
// values.
func (caseFiles) Read(image, mask string, layer int) (*radiomics.Case, error) {
	c := &radiomics.Case{}
	if err := readGreys(c, image); err != nil {
		return nil, err
	}
	if !isNRRD(mask) {
		im, err := nifti.Read(mask)
		if err != nil {
			return nil, err
		}
		c.Mask, err = im.Mask()
		return c, err
	}
	im, err := nrrd.Read(mask)
	if err != nil {
		return nil, err
	}
	if layer > 0 && im.Layers > 1 {
		return c, readLayer(c, im, mask, layer)
	}
	var shared int
	if c.Mask, shared, err = im.Mask(); err != nil {
		return nil, err
	}
	c.Names = map[uint16]string{}
	ids := map[uint16]string{}
	for _, s := range im.Segments {
		c.Names[s.Label], ids[s.Label] = s.Name, s.ID
	}
	if shared > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("segments share %d voxels; each is described with all of its own", shared))
		c.Segment = func(label uint16) (*volume.Mask, error) {
			if ids[label] == "" {
				return c.Mask, nil
			}
			m, _, err := im.Mask(ids[label])
			return m, err
		}
	}
	return c, nil
}

// readLayer takes the segments of one layer, under their values.
func readLayer(c *radiomics.Case, im *nrrd.Image, path string, layer int) error {
	var ids []string
	value := map[uint16]uint16{}
	c.Names = map[uint16]string{}
	for _, s := range im.Segments {
		if s.Layer == layer {
			ids = append(ids, s.ID)
			value[s.Label], c.Names[s.Value] = s.Value, s.Name
		}
	}
	if len(ids) == 0 {
		return &fault.Input{File: path, Field: "label_channel", Found: fmt.Sprint(layer), Expected: fmt.Sprintf("a layer with segments, below %d", im.Layers)}
	}
	var err error
	if c.Mask, _, err = im.Mask(ids...); err != nil {
		return err
	}
	for i, l := range c.Mask.Labels {
		c.Mask.Labels[i] = value[l]
	}
	return nil
}

// readGreys reads the image. Scaled integers become single precision, as in ITK.
func readGreys(c *radiomics.Case, path string) error {
	if isNRRD(path) {
		im, err := nrrd.Read(path)
		if err != nil {
			return err
		}
		if im.Layers != 1 {
			return &fault.Input{File: path, Found: fmt.Sprintf("%d values a voxel", im.Layers), Expected: "an image of grey values"}
		}
		c.Image = &radiomics.Image{Grid: im.Grid, Values: im.Float64s(), Type: nrrdPixels[im.Type]}
	} else {
		im, err := nifti.Read(path)
		if err != nil {
			return err
		}
		c.Image = &radiomics.Image{Grid: im.Grid, Values: im.Float64s(), Type: niftiPixels[im.Type]}
		if scaled := im.Slope != 1 || im.Inter != 0; scaled && im.Type != nifti.Float64 {
			c.Image.Type = radiomics.Float32
			for i, x := range c.Image.Values {
				c.Image.Values[i] = float64(float32(x))
			}
		}
	}
	if !c.Image.SpacingKnown {
		c.Notes = append(c.Notes, "the image says no spacing: lengths are in voxels, not in millimetres")
	}
	return nil
}

var niftiPixels = map[nifti.DataType]radiomics.PixelType{
	nifti.Int8: radiomics.Int8, nifti.Uint8: radiomics.Uint8, nifti.Int16: radiomics.Int16, nifti.Uint16: radiomics.Uint16,
	nifti.Int32: radiomics.Int32, nifti.Uint32: radiomics.Uint32, nifti.Int64: radiomics.Int64, nifti.Uint64: radiomics.Uint64,
	nifti.Float32: radiomics.Float32, nifti.Float64: radiomics.Float64,
}

var nrrdPixels = map[nrrd.DataType]radiomics.PixelType{
	nrrd.Int8: radiomics.Int8, nrrd.Uint8: radiomics.Uint8, nrrd.Int16: radiomics.Int16, nrrd.Uint16: radiomics.Uint16,
	nrrd.Int32: radiomics.Int32, nrrd.Uint32: radiomics.Uint32, nrrd.Int64: radiomics.Int64, nrrd.Uint64: radiomics.Uint64,
	nrrd.Float32: radiomics.Float32, nrrd.Float64: radiomics.Float64,
}

// Hash is the SHA-256 of a file, and where that is a detached NRRD header, of
// header and data one after the other.
func (caseFiles) Hash(path string) (string, error) {
	h := sha256.New()
	data, err := hashFile(h, path)
	if err == nil && data != "" {
		_, err = hashFile(h, data)
	}
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return "", &fault.Input{File: path, Err: err}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashFile adds a file to h and returns the data file that its NRRD header names.
// A name that leads out of the header's folder is left to the reader to refuse.
func hashFile(h io.Writer, path string) (data string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := io.Copy(h, f); err != nil || strings.ToLower(filepath.Ext(path)) != ".nhdr" {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(io.LimitReader(f, 4<<20))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if key = strings.ToLower(strings.ReplaceAll(key, " ", "")); key != "datafile" {
			continue
		}
		if value = filepath.FromSlash(strings.TrimSpace(value)); filepath.IsLocal(value) {
			return filepath.Join(filepath.Dir(path), value), nil
		}
	}
	return "", nil
}
