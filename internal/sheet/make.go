package sheet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/google/renameio/v2"
	"golang.org/x/sync/errgroup"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// version changes when the same case makes another card.
const version = "sheet 2"

// Make makes the cards of all cases, in their order, on all cores. A card is kept
// in dir by the hash of the case's files and of the settings, so that a sheet that
// was interrupted goes on and one of the same cases is quick; those of other
// inputs are removed. A case that cannot be read has a card that says why; the
// error is about dir or the context. progress may be nil.
func Make(ctx context.Context, dir string, cases []cohort.Case, s Settings, progress func(done, total int)) ([]Card, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making %s: %w", dir, err)
	}
	cards := make([]Card, len(cases))
	files := make([]string, len(cases))
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	var mu sync.Mutex
	done := 0
	for i, k := range cases {
		g.Go(func() error {
			if inner.Err() != nil {
				return inner.Err()
			}
			c, file, err := cached(dir, k, s)
			if err != nil {
				return err
			}
			cards[i], files[i] = *c, file
			mu.Lock()
			defer mu.Unlock()
			if done++; progress != nil {
				progress(done, len(cases))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return cards, sweep(dir, files)
}

// cached reads the card of a case where it is there, and makes it otherwise.
func cached(dir string, k cohort.Case, s Settings) (*Card, string, error) {
	sum, err := inputs(k, s)
	if err == nil {
		file := filepath.Join(dir, k.ID+"-"+sum[:16]+".json")
		if b, err := os.ReadFile(file); err == nil {
			c := new(Card)
			if json.Unmarshal(b, c) == nil && c.Case == k.ID {
				c.Class = k.Class
				return c, file, nil
			}
		}
		c, err := Read(k, s)
		if err != nil {
			return failed(k, err)
		}
		b, err := json.Marshal(c)
		if err != nil {
			return nil, "", err
		}
		if err := renameio.WriteFile(file, b, 0o644, renameio.WithTempDir(dir)); err != nil {
			return nil, "", fmt.Errorf("writing %s: %w", file, err)
		}
		return c, file, nil
	}
	return failed(k, err)
}

func failed(k cohort.Case, err error) (*Card, string, error) {
	return &Card{Case: k.ID, Class: k.Class, Error: err.Error()}, "", nil
}

// inputs is the hash of what a card is made of.
func inputs(k cohort.Case, s Settings) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%d\x00%g", version, k.ID, s.Crop, s.PixelMM)
	for _, v := range volume.Views {
		for n, st := range k.Stacks(v) {
			fmt.Fprintf(h, "\x00%s %d %t %s", v, n, st.SpacingKnown, st.ScaledBy)
			for _, path := range []string{st.Image, st.Mask} {
				if err := hashFile(h, path); err != nil {
					return "", err
				}
			}
		}
	}
	if err := hashFile(h, filepath.Join(k.Dir, "import.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashFile(h io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return &fault.Input{File: path, Err: err}
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return err
}

// sweep removes cards of other inputs.
func sweep(dir string, keep []string) error {
	there, err := filepath.Glob(filepath.Join(escaped(dir), "*.json"))
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, f := range keep {
		wanted[f] = true
	}
	for _, f := range there {
		if !wanted[f] {
			if err := os.Remove(f); err != nil {
				return fmt.Errorf("removing %s: %w", f, err)
			}
		}
	}
	return nil
}

// escaped takes the meaning of a pattern from a path.
func escaped(dir string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(dir)
}
