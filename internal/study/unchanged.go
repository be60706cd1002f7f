package study

import (
	"path/filepath"

	"magn/internal/fault"
)

// unchanged holds one of a done unit's files against the SHA-256 that its record
// has.
func (r *Record) unchanged(dir, name string) error {
	path := filepath.Join(dir, name)
	sum, err := hashFile(path)
	switch {
	case err != nil:
		return &fault.Input{File: path, Err: plainCause(err), Do: again(dir)}
	case sum != r.Files[name]:
		return &fault.Input{File: path, Found: "changed since the unit was done", Expected: "the SHA-256 that " + recordFile + " has", Do: again(dir)}
	}
	return nil
}

// read are the files of a unit that evidence is made of. Weights, maps and a
// table's model are large and not among them: whoever opens those checks them.
func (u Unit) read() []string {
	var out []string
	for _, name := range u.files() {
		switch name {
		case modelFile, mapsFile, tableModelFile:
		default:
			out = append(out, name)
		}
	}
	return out
}

// checkFiles says which of the files that evidence is made of are not what the
// unit wrote.
func (u Unit) checkFiles(rec *Record) error {
	for _, name := range u.read() {
		if err := rec.unchanged(u.Dir, name); err != nil {
			return err
		}
	}
	return nil
}
