package tabular

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// AcquisitionFile is what an import of DICOM leaves in a case folder: of each
// stack what its header says of the scanner (docs/formats/series.md).
const AcquisitionFile = "import.json"

// acquisition are the header's facts that the arm reads, under their names in the
// sidecar of docs/convert.md: who built the scanner, and how it was set. Counts
// of slices are not among them, since they follow the lesion.
var acquisition = []string{
	"Manufacturer", "ManufacturersModelName", "SoftwareVersions", "MagneticFieldStrength",
	"MRAcquisitionType", "ScanningSequence", "SequenceVariant", "ScanOptions", "SequenceName",
	"RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "EchoTrainLength", "NumberOfAverages",
	"PixelBandwidth", "FatSuppression", "InPlanePhaseEncodingDirection",
	"PixelSpacing", "FieldOfView", "AcquisitionMatrix", "SliceThickness", "SpacingBetweenSlices",
}

// scannerColumn is the covariate that the clinical table may have for the scanner.
const scannerColumn = "scanner"

// maxAcquisition bounds the file: some kilobytes a stack.
const maxAcquisition = 16 << 20

// scanner are the facts of the first stack of each view, and the covariate
// scanner. ErrNoFeatures where there are none.
func scanner(c cohort.Case, views []volume.View) ([]Text, error) {
	var out []Text
	if s := c.Covariates[scannerColumn]; s != "" {
		out = append(out, Text{scannerColumn, s})
	}
	stacks, err := ReadAcquisition(c.Dir)
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		for _, s := range stacks {
			if s.View != v.String() || s.N > 1 {
				continue
			}
			for _, key := range acquisition {
				out = append(out, facts(v.String()+"_"+key, s.Acquisition[key])...)
			}
		}
	}
	if len(out) == 0 {
		return nil, noFeatures("case "+c.ID, "scanner", "nothing about the scanner", "the facts that an import of DICOM leaves in "+AcquisitionFile+", or the covariate "+scannerColumn,
			"leave the scanner arm out, or add the column "+scannerColumn+" to cohort.csv")
	}
	return out, nil
}

// Acquired is what an import of DICOM knows of one stack.
type Acquired struct {
	View        string         `json:"view"`
	N           int            `json:"n"`
	Acquisition map[string]any `json:"acquisition"`
}

// ReadAcquisition reads AcquisitionFile of a case folder; nothing where there is
// none: slices have no headers.
func ReadAcquisition(dir string) ([]Acquired, error) {
	path := filepath.Join(dir, AcquisitionFile)
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &fault.Input{File: path, Err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxAcquisition+1))
	if err != nil {
		return nil, &fault.Input{File: path, Err: err}
	}
	if len(text) > maxAcquisition {
		return nil, &fault.Input{File: path, Found: "more than 16 MiB", Expected: "what an import leaves"}
	}
	var all struct {
		Stacks []Acquired `json:"stacks"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, &fault.Input{File: path, Expected: "what an import of DICOM leaves", Err: err, Do: "run magn import dicom again"}
	}
	return all.Stacks, nil
}

// facts is a JSON value as texts: a list as one for each of its places.
func facts(name string, value any) []Text {
	switch x := value.(type) {
	case string:
		if x != "" {
			return []Text{{name, x}}
		}
	case float64:
		if !math.IsNaN(x) {
			return []Text{{name, strconv.FormatFloat(x, 'g', -1, 64)}}
		}
	case []any:
		var out []Text
		for i, y := range x {
			if i < 3 {
				out = append(out, facts(name+strconv.Itoa(i+1), y)...)
			}
		}
		return out
	}
	return nil
}
