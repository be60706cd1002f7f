package radiomics

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"magn/internal/fault"
)

// A journal keeps what a batch has computed, so that one that was stopped goes
// on, and a longer list computes only what is new. It is a text file, appended
// to: a first line that says what it is, then one JSON object a line. A line has
// either names, which are the columns of cells, or the record of one row of
// the list. The last line may be torn, and is then dropped.
type journal struct {
	lock *flock.Flock
	file *os.File

	mu      sync.Mutex
	end     int64
	records map[string]place    // by key
	names   map[string][]string // by their hash
}

// journalLine is either kind of line.
type journalLine struct {
	ID    string   `json:"id,omitempty"`
	Names []string `json:"names,omitempty"`

	Key     string         `json:"key,omitempty"`
	Lesions []recordLesion `json:"lesions,omitempty"`
	Partly  bool           `json:"partly,omitempty"` // some lesion of the row failed: it is tried again by the next run
}

type recordLesion struct {
	Label string   `json:"label"`
	Name  string   `json:"name,omitempty"`
	Notes []string `json:"notes,omitempty"`
	Names string   `json:"names"` // id
	Cells []string `json:"cells"`
}

// place is where a record stands, and the names of its lesions' cells.
type place struct {
	at, size int64
	names    []string
	partly   bool
}

const (
	journalHead  = "magn radiomics journal 1\n"
	maxJournal   = 1 << 26 // bytes of a line
	journalUsage = "another batch writes this output"
)

// openJournal opens or begins a journal, and takes it for itself.
func openJournal(path string) (*journal, error) {
	j := &journal{lock: flock.New(path), records: map[string]place{}, names: map[string][]string{}}
	free, err := j.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !free {
		return nil, &fault.Input{File: path, Found: journalUsage, Do: "wait for it"}
	}
	if j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err == nil {
		err = j.load(path)
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *journal) close() error {
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Unlock())
}

// load reads what is there, up to the first line that is not whole.
func (j *journal) load(path string) error {
	r := bufio.NewReaderSize(j.file, 1<<20)
	head := make([]byte, len(journalHead))
	n, err := io.ReadFull(r, head)
	switch {
	case string(head[:n]) == journalHead:
		j.end = int64(n)
	case err != nil && strings.HasPrefix(journalHead, string(head[:n])): // new, or torn in its first line
		if err := j.file.Truncate(0); err != nil {
			return err
		}
		if _, err := j.file.WriteAt([]byte(journalHead), 0); err != nil {
			return err
		}
		j.end = int64(len(journalHead))
		return nil
	default:
		return &fault.Input{File: path, Found: "something else", Expected: "the journal of a batch", Do: "move it away, or choose another --out"}
	}
	for {
		line, err := readLine(r)
		if err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return fmt.Errorf("%s: %w", path, err)
		}
		var l journalLine
		if json.Unmarshal(line, &l) != nil || !j.take(&l, j.end, int64(len(line))) {
			break
		}
		j.end += int64(len(line))
	}
	return j.file.Truncate(j.end)
}

// readLine reads up to and with the next line end; io.EOF where there is none
// within maxJournal bytes.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for len(line) < maxJournal {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			return line, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
	return nil, io.EOF
}

// take notes what a line says; false where it does not fit what came before.
func (j *journal) take(l *journalLine, at, size int64) bool {
	if l.ID != "" {
		j.names[l.ID] = l.Names
		return namesID(l.Names) == l.ID
	}
	p := place{at: at, size: size, partly: l.Partly}
	for _, lesion := range l.Lesions {
		names, known := j.names[lesion.Names]
		if !known || len(names) != len(lesion.Cells) {
			return false
		}
		p.names = append(p.names, lesion.Names)
	}
	if l.Key == "" {
		return false
	}
	j.records[l.Key] = p
	return true
}

func namesID(names []string) string {
	h := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(h[:8])
}

// done says whether a row is there whole.
func (j *journal) done(key string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	p, there := j.records[key]
	return there && !p.partly
}

// add appends the record of a row. names has the columns of each lesion.
func (j *journal) add(l journalLine, names [][]string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for k := range l.Lesions {
		id := namesID(names[k])
		l.Lesions[k].Names = id
		if _, known := j.names[id]; known {
			continue
		}
		if err := j.append(&journalLine{ID: id, Names: names[k]}); err != nil {
			return err
		}
	}
	return j.append(&l)
}

func (j *journal) append(l *journalLine) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return err
	}
	// At the end of what is whole: a line that failed half way is overwritten.
	if _, err := j.file.WriteAt(b.Bytes(), j.end); err != nil {
		return err
	}
	if !j.take(l, j.end, int64(b.Len())) {
		return fmt.Errorf("journal: a record of %d lesions does not fit its names", len(l.Lesions))
	}
	j.end += int64(b.Len())
	return nil
}

// read is the record of a row; nothing where there is none.
func (j *journal) read(key string) (l journalLine, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	p, there := j.records[key]
	if !there {
		return l, nil
	}
	b := make([]byte, p.size)
	if _, err := j.file.ReadAt(b, p.at); err != nil {
		return l, err
	}
	return l, json.Unmarshal(b, &l)
}
