package radiomics

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"

	"magn/internal/fault"
)

// isParquet tells the format of a table from its name.
func isParquet(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }

// groupValues is about how many cells a row group has, of which a writer keeps one
// in memory: 8 MB of numbers. A table has at most maxGroups of them, larger where
// need be: the file's footer says something of each column of each group, and is
// kept in memory too.
const (
	groupValues = 1 << 20
	maxGroups   = 256
)

// pageBytes bounds the buffer of each column; there may be thousands.
const pageBytes = 16 << 10

// writeParquet writes a table as Parquet: its first texts columns are strings, the
// others float64, all of them optional, and an empty cell is null. rows is about
// how many there will be; about goes into the file's metadata.
func writeParquet(path string, columns []string, texts, rows int, about [][2]string, fill func(row func(cells []string) error) error) error {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	node := table{columns, parquet.Group{}}
	for i, c := range columns {
		kind := parquet.String()
		if i >= texts {
			kind = parquet.Leaf(parquet.DoubleType)
		}
		node.Group[c] = parquet.Optional(kind)
	}
	options := []parquet.WriterOption{
		parquet.NewSchema("lesion", node), parquet.Compression(&parquet.Zstd), parquet.PageBufferSize(pageBytes),
		parquet.MaxRowsPerRowGroup(int64(max(16, groupValues/len(columns), rows/maxGroups))), parquet.CreatedBy("magn", "", ""),
	}
	for _, kv := range about {
		options = append(options, parquet.KeyValueMetadata(kv[0], kv[1]))
	}
	if _, err := parquet.NewWriterConfig(options...); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	w := parquet.NewWriter(f, options...)
	row := make(parquet.Row, len(columns))
	err = fill(func(cells []string) error {
		for i, text := range cells {
			switch {
			case text == "":
				row[i] = parquet.NullValue().Level(0, 0, i)
			case i < texts:
				row[i] = parquet.ByteArrayValue([]byte(text)).Level(0, 1, i)
			default:
				x, err := strconv.ParseFloat(text, 64)
				if err != nil {
					return fmt.Errorf("%s: column %s: %w", path, columns[i], err)
				}
				row[i] = parquet.DoubleValue(x).Level(0, 1, i)
			}
		}
		_, err := w.WriteRows([]parquet.Row{row})
		return err
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.CloseAtomicallyReplace()
}

// table is a group whose columns stay in their order, which parquet.Group sorts.
type table struct {
	columns []string
	parquet.Group
}

// Fields are the columns in order.
func (t table) Fields() []parquet.Field {
	at := make(map[string]int, len(t.columns))
	for i, c := range t.columns {
		at[c] = i
	}
	fields := t.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int { return at[a.Name()] - at[b.Name()] })
	return fields
}

// GoType is not that of a struct, which not every column's name could be a field of.
func (t table) GoType() reflect.Type { return reflect.TypeFor[map[string]any]() }

// about is the table's provenance but for its rows, whose files' hashes stand in
// two columns.
func (b *Batch) about() ([][2]string, error) {
	settings, err := json.Marshal(b.Settings)
	if err != nil {
		return nil, err
	}
	return [][2]string{
		{"magn.program", "magn"},
		{"magn.version", b.Program},
		{"magn.profile", string(b.Profile)},
		{"magn.settings_sha256", b.Hash()},
		{"magn.settings_parsed", string(settings)},
		{"magn.cases_sha256", b.Cases.Hash},
	}, nil
}

// checkColumns refuses names that a reader of Parquet would take for one.
func checkColumns(path string, columns []string) error {
	seen := map[string]string{}
	for _, c := range columns {
		key := strings.ToLower(c)
		if other, twice := seen[key]; twice {
			return &fault.Input{File: path, Field: "column " + c, Found: "a name that differs from " + other + " in capitals only", Expected: "another name", Do: "rename it; what was computed is kept"}
		}
		seen[key] = c
	}
	return nil
}
