package radiomics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"magn/internal/fault"
)

// Source reads cases; this package knows no file format.
type Source interface {
	// Read reads an image and its mask. layer is the settings' label_channel.
	Read(image, mask string, layer int) (*Case, error)
	// Hash is the SHA-256 of all that Read takes from a file, in hexadecimal.
	Hash(path string) (string, error)
}

// Batch describes a list of cases and writes one table. Rows that are done are
// kept in a journal beside it (Out.journal): the same program, profile, settings,
// label and contents of files give the same key, and what has that key is not
// computed again. Memory is that of Threads cases, whatever the list's length.
type Batch struct {
	Extraction
	SettingsPath string // for messages; empty for the defaults
	Cases        *Cases
	Out          string // features.csv or features.parquet: the name says which
	Source       Source
	Threads      int                   // cases at once; at least 1
	Progress     func(done, total int) // rows; may be nil
}

// Summary says what a batch did.
type Summary struct {
	Rows    int // of the list
	Kept    int // rows that the journal had
	Lesions int // rows of the table
	Failed  []Failure
	// The files written.
	Out, Errors, Provenance string
}

// Failure is a case or a lesion that could not be described.
type Failure struct {
	Row   *CaseRow
	Label string // empty for the whole row
	Err   error
}

// rowState is what a run knows of a row.
type rowState struct {
	key         string // empty where the files cannot be read
	image, mask string // hashes
	failed      []Failure
}

// Run describes all cases and writes, each beside its place and renamed:
// errors.csv and, named after Out, features.provenance.json and features.csv.
// Rows that fail are in Summary.Failed, and the rest is done nevertheless.
func (b *Batch) Run(ctx context.Context) (*Summary, error) {
	if err := b.Check(); err != nil {
		return nil, InFiles(err, "", "", b.SettingsPath)
	}
	for _, out := range []string{b.Out, b.errorsPath(), b.provenancePath(), b.journalPath()} {
		if same(out, b.Cases.Path) || b.SettingsPath != "" && same(out, b.SettingsPath) {
			return nil, &fault.Input{File: out, Found: "the list of cases or the settings", Expected: "a place to write to", Do: "choose another --out"}
		}
	}
	if err := os.MkdirAll(filepath.Dir(b.Out), 0o755); err != nil {
		return nil, &fault.Input{File: filepath.Dir(b.Out), Err: err, Expected: "a folder to write to"}
	}
	j, err := openJournal(b.journalPath())
	if err != nil {
		return nil, err
	}
	defer j.close()
	rows := make([]rowState, len(b.Cases.Rows))
	var mu sync.Mutex
	done, kept := 0, 0
	tell := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done += n
		if b.Progress != nil {
			b.Progress(done, len(rows))
		}
	}
	tell(0)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(max(1, b.Threads))
	for from := 0; from < len(rows) && inner.Err() == nil; {
		// Rows that name the same files one after another read them once.
		to := from + 1
		for to < len(rows) && b.Cases.Rows[to].Image == b.Cases.Rows[from].Image && b.Cases.Rows[to].Mask == b.Cases.Rows[from].Mask {
			to++
		}
		first, last := from, to
		group.Go(func() error {
			k, err := b.job(inner, j, rows, first, last)
			mu.Lock()
			kept += k
			mu.Unlock()
			if err == nil {
				tell(last - first)
			}
			return err
		})
		from = to
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if done < len(rows) {
		return nil, ctx.Err() // before the last was begun
	}
	return b.write(j, rows, kept)
}

// job describes rows first to last-1, which name the same files. The error is of
// what ends the whole batch.
func (b *Batch) job(ctx context.Context, j *journal, rows []rowState, first, last int) (kept int, err error) {
	list := b.Cases.Rows
	image, mask := b.Cases.file(list[first].Image), b.Cases.file(list[first].Mask)
	fail := func(k int, label string, err error) {
		rows[k].failed = append(rows[k].failed, Failure{&list[k], label, InFiles(err, image, mask, b.SettingsPath)})
	}
	imageHash, err := b.Source.Hash(image)
	var maskHash string
	if err == nil {
		maskHash, err = b.Source.Hash(mask)
	}
	if err != nil {
		for k := first; k < last; k++ {
			fail(k, "", err)
		}
		return 0, ctx.Err()
	}
	var todo []int
	for k := first; k < last; k++ {
		r := &rows[k]
		r.image, r.mask = imageHash, maskHash
		r.key = b.key(r, list[k].Target)
		if j.done(r.key) {
			kept++
		} else {
			todo = append(todo, k)
		}
	}
	if len(todo) == 0 {
		return kept, ctx.Err()
	}
	c, err := b.Source.Read(image, mask, b.Settings.LabelChannel)
	for _, k := range todo {
		if ctx.Err() != nil {
			return kept, ctx.Err()
		}
		if err != nil {
			rows[k].key = ""
			fail(k, "", err)
			continue
		}
		var names [][]string
		line := journalLine{Key: rows[k].key}
		whole := b.Describe(ctx, c, list[k].Target, func(l Lesion, err error) error {
			if err != nil {
				fail(k, l.Label, err)
				return nil
			}
			n, cells := l.row(&rows[k])
			names = append(names, n)
			line.Lesions = append(line.Lesions, recordLesion{Label: l.Label, Name: l.Name, Notes: l.Notes, Cells: cells})
			return nil
		}, nil)
		if ctx.Err() != nil {
			return kept, ctx.Err()
		}
		if whole != nil {
			fail(k, list[k].Target.text(), whole)
		}
		line.Partly = len(rows[k].failed) > 0
		if err := j.add(line, names); err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// key is what decides whether a row is done already.
func (b *Batch) key(r *rowState, t Target) string {
	h := sha256.Sum256([]byte(strings.Join([]string{b.Program, b.Hash(), r.image, r.mask, t.text()}, "\n")))
	return hex.EncodeToString(h[:16])
}

// row is a lesion's cells and their columns.
func (l *Lesion) row(r *rowState) (names, cells []string) {
	for _, d := range slices.Concat(l.Diagnostics, FileDiagnostics(r.image, r.mask)) {
		names, cells = append(names, d.Name), append(cells, d.Text())
	}
	for _, v := range l.Values {
		names, cells = append(names, v.Name), append(cells, shortest(v.Value))
	}
	return names, cells
}

// FileDiagnostics are those that say which files a lesion was described from, by
// their SHA-256.
func FileDiagnostics(image, mask string) []Diagnostic {
	return []Diagnostic{{"diagnostics_Image-original_SHA256", image}, {"diagnostics_Mask-original_SHA256", mask}}
}

// InFiles puts paths in the place of the words image, mask and settings in an
// error's File.
func InFiles(err error, image, mask, settings string) error {
	var bad *fault.Input
	if !errors.As(err, &bad) {
		return fmt.Errorf("%s: %w", image, err)
	}
	if settings == "" {
		settings = "settings"
	}
	switch bad.File {
	case "image":
		bad.File = image
	case "mask", "":
		bad.File = mask
	case "settings":
		bad.File = settings
	}
	return err
}

// same says whether two paths are one file, or would be.
func same(a, b string) bool {
	if x, err := os.Stat(a); err == nil {
		if y, err := os.Stat(b); err == nil {
			return os.SameFile(x, y)
		}
	}
	return filepath.Clean(a) == filepath.Clean(b)
}
