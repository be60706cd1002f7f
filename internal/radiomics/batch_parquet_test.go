package radiomics

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"magn/internal/fault"
	"magn/internal/testenv"
)

// bothTables runs one list into a CSV and a Parquet table.
func bothTables(t *testing.T) (csvPath, parquetPath string) {
	t.Helper()
	dir := t.TempDir()
	rows := listOf(9)
	rows = append(rows, "all,3,m3,", "few,4,m4,merged")
	b := batchOf(t, dir, &numbered{}, rows...)
	b.Settings.Features = append(b.Settings.Features, ClassFeatures{Class: "glcm"}, ClassFeatures{Class: "shape"})
	if _, err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := *b
	p.Out = filepath.Join(dir, "features.parquet")
	if _, err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b.Out, p.Out
}

func readTable(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// openParquet opens a file that Cleanup closes.
func openParquet(t *testing.T, path string) *parquet.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The Parquet table is the CSV table: its columns in its order, its numbers to the
// last bit, an empty cell as null.
func TestParquetIsTheCSV(t *testing.T) {
	csvPath, path := bothTables(t)
	want := readTable(t, csvPath)
	f := openParquet(t, path)
	for i, c := range f.Schema().Columns() {
		if c[0] != want[0][i] {
			t.Fatalf("column %d is %s, want %s", i, c[0], want[0][i])
		}
	}
	if int(f.NumRows()) != len(want)-1 {
		t.Fatalf("%d rows, want %d", f.NumRows(), len(want)-1)
	}
	row, numbers, nulls := 0, 0, 0
	for _, g := range f.RowGroups() {
		r := g.Rows()
		buf := make([]parquet.Row, 4)
		for {
			n, err := r.ReadRows(buf)
			for _, cells := range buf[:n] {
				row++
				for i, v := range cells {
					text := want[row][i]
					switch {
					case text == "":
						nulls++
						if !v.IsNull() {
							t.Fatalf("row %d, %s: %v, want null", row, want[0][i], v)
						}
					case v.Kind() == parquet.Double:
						numbers++
						x, err := strconv.ParseFloat(text, 64)
						if err != nil || math.Float64bits(x) != math.Float64bits(v.Double()) {
							t.Fatalf("row %d, %s: %v, want %s", row, want[0][i], v, text)
						}
					case v.String() != text:
						t.Fatalf("row %d, %s: %q, want %q", row, want[0][i], v.String(), text)
					}
				}
			}
			if err != nil {
				break
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if row != len(want)-1 || numbers < row*50 || nulls == 0 {
		t.Errorf("%d rows, %d numbers and %d nulls compared", row, numbers, nulls)
	}
}

// The file says what made it: version, profile, settings and their hash, the
// list's hash; and the same inputs give the same bytes.
func TestParquetProvenance(t *testing.T) {
	_, path := bothTables(t)
	f := openParquet(t, path)
	about := map[string]string{}
	for _, kv := range f.Metadata().KeyValueMetadata {
		about[kv.Key] = kv.Value
	}
	var s Settings
	if err := json.Unmarshal([]byte(about["magn.settings_parsed"]), &s); err != nil {
		t.Fatal(err)
	}
	e := Extraction{Settings: &s, Profile: Profile(about["magn.profile"])}
	if about["magn.version"] != "test" || len(about["magn.cases_sha256"]) != 64 || about["magn.settings_sha256"] != e.Hash() {
		t.Errorf("metadata is %v", about)
	}
	first := contents(t, path)
	_, again := bothTables(t)
	if string(contents(t, again)) != string(first) {
		t.Error("the same list gives other bytes")
	}
}

// Memory is that of a row group, however many rows there are.
func TestParquetMemoryIsBounded(t *testing.T) {
	const width = 600
	columns := []string{"case"}
	for i := 1; i < width; i++ {
		columns = append(columns, fmt.Sprintf("original_x_%d", i))
	}
	peak := func(n int) (most uint64, groups int) {
		path := filepath.Join(t.TempDir(), "x.parquet")
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		before := m.HeapAlloc
		err := writeParquet(path, columns, 1, n, nil, func(row func([]string) error) error {
			cells := make([]string, width)
			for k := range n {
				for i := range cells {
					cells[i] = strconv.Itoa((k*31 + i*17) % 9973)
				}
				if err := row(cells); err != nil {
					return err
				}
				if k%500 == 0 {
					runtime.GC()
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc-min(before, m.HeapAlloc))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return most, len(openParquet(t, path).RowGroups())
	}
	small, one := peak(groupValues / width)
	large, many := peak(4 * groupValues / width)
	if one != 1 || many < 4 {
		t.Errorf("%d and %d row groups", one, many)
	}
	if large > small+small/2 {
		t.Errorf("%d MiB for four times the rows of %d MiB", large>>20, small>>20)
	}
	t.Logf("%d MiB, %d MiB", small>>20, large>>20)
}

func TestParquetRefusesTwinColumns(t *testing.T) {
	err := checkColumns("cases.csv", []string{"case", "Hospital", "hospital"})
	var bad *fault.Input
	if !errors.As(err, &bad) || !strings.Contains(bad.Found, "Hospital") {
		t.Errorf("%v", err)
	}
	if err := checkColumns("cases.csv", []string{"case", "hospital"}); err != nil {
		t.Error(err)
	}
}

// pandas reads the table, by pyarrow, as it reads the CSV one: names, types,
// numbers to the last bit, and the metadata.
func TestParquetPyPI(t *testing.T) {
	python := testenv.Python(t, "pandas", "pyarrow")
	csvPath, path := bothTables(t)
	out, err := exec.Command(python, "-c", `
import sys, pandas, pyarrow.parquet as pq
a = pandas.read_csv(sys.argv[1], float_precision="round_trip", keep_default_na=False, dtype=str)
b = pandas.read_parquet(sys.argv[2])
assert list(a.columns) == list(b.columns), "columns"
numbers = 0
for c in a.columns:
    if b[c].dtype == float:
        want = a[c].map(lambda s: float(s) if s != "" else float("nan"))
        assert want.equals(b[c]), c
        numbers += 1
    else:
        assert (a[c] == b[c].fillna("")).all(), c
meta = {k.decode(): v.decode() for k, v in pq.read_schema(sys.argv[2]).metadata.items()}
assert meta["magn.program"] == "magn" and len(meta["magn.settings_sha256"]) == 64, meta
print(len(b), numbers)
`, csvPath, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := strings.TrimSpace(string(out)); got != "13 56" {
		t.Errorf("rows and columns of numbers: %s", got)
	}
}
