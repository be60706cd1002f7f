package study

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"

	"magn/internal/fault"
	"magn/internal/magn"
)

var historyColumns = []string{"stage", "lambda", "epoch", "learning_rate", "classification", "attention", "validation", "seconds"}

// backboneColumn comes last where the inner split chose among several.
const backboneColumn = "backbone"

// writeHistory writes history.csv: one row an epoch. What does not exist (the
// validation loss of the final fit) is an empty field.
func writeHistory(path string, rows []magn.Epoch) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b) // a bytes.Buffer takes everything: no errors to look for
	several := slices.ContainsFunc(rows, func(e magn.Epoch) bool { return e.Backbone != "" })
	header := slices.Clone(historyColumns)
	if several {
		header = append(header, backboneColumn)
	}
	w.Write(header)
	for _, e := range rows {
		record := []string{e.Stage, "", strconv.Itoa(e.Epoch), "", "", "", "", ""}
		for i, x := range map[int]float64{1: e.Lambda, 3: e.LR, 4: e.Classification, 5: e.Attention, 6: e.Validation, 7: e.Seconds} {
			if !math.IsNaN(x) {
				record[i] = strconv.FormatFloat(x, 'g', -1, 64)
			}
		}
		if several {
			record = append(record, e.Backbone)
		}
		w.Write(record)
	}
	w.Flush()
	return writeFile(path, b.Bytes())
}

// readHistory is the inverse of writeHistory; a bad row is a *fault.Input with
// its line and column.
func readHistory(path string) ([]magn.Epoch, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &fault.Input{File: path, Err: plainCause(err)}
	}
	defer f.Close()
	return parseHistory(path, f)
}

func parseHistory(path string, in io.Reader) ([]magn.Epoch, error) {
	r := csv.NewReader(in)
	head, err := r.Read() // which says how many fields the others have
	if several := slices.Equal(head, append(slices.Clone(historyColumns), backboneColumn)); err != nil || !several && !slices.Equal(head, historyColumns) {
		return nil, &fault.Input{File: path, Field: "line 1", Expected: fmt.Sprint("the columns ", historyColumns, " and, where there was a choice, ", backboneColumn), Err: err}
	}
	var out []magn.Epoch
	for {
		record, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, &fault.Input{File: path, Err: err}
		}
		line, _ := r.FieldPos(0)
		e := magn.Epoch{Stage: record[0]}
		if len(record) > len(historyColumns) {
			e.Backbone = record[len(historyColumns)]
		}
		if e.Epoch, err = strconv.Atoi(record[2]); err != nil {
			return nil, &fault.Input{File: path, Field: fmt.Sprintf("line %d, epoch", line), Found: strconv.Quote(record[2]), Expected: "a whole number"}
		}
		for i, x := range map[int]*float64{1: &e.Lambda, 3: &e.LR, 4: &e.Classification, 5: &e.Attention, 6: &e.Validation, 7: &e.Seconds} {
			if record[i] == "" {
				*x = math.NaN()
			} else if *x, err = strconv.ParseFloat(record[i], 64); err != nil {
				return nil, &fault.Input{File: path, Field: fmt.Sprintf("line %d, %s", line, historyColumns[i]), Found: strconv.Quote(record[i]), Expected: "a number"}
			}
		}
		out = append(out, e)
	}
}
