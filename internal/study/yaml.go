package study

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"magn/internal/fault"
)

// maxConfig bounds a study file; one with every comment has some kilobytes.
const maxConfig = 1 << 20

// place knows where in a study file a key stands, so that what is wrong with
// its value can be said with its line.
type place struct {
	path string
	file *ast.File
}

// fault is a problem with the value of a key such as training.epochs.
func (p place) fault(key, found, expected string) *fault.Input {
	return &fault.Input{File: p.path, Field: p.line(key) + key, Found: found, Expected: expected}
}

// cause is a problem with the value of a key that err tells.
func (p place) cause(key string, err error, do string) *fault.Input {
	return &fault.Input{File: p.path, Field: p.line(key) + key, Err: err, Do: do}
}

// line is "line 12, ", or nothing where the key is not in the file.
func (p place) line(key string) string {
	if p.file == nil {
		return ""
	}
	path, err := yaml.PathString("$." + key)
	if err != nil {
		return ""
	}
	node, err := path.FilterFile(p.file)
	if err != nil || node == nil || node.GetToken() == nil {
		return ""
	}
	return fmt.Sprintf("line %d, ", node.GetToken().Position.Line)
}

// readConfig reads and checks a study file. What is wrong is a *fault.Input
// with file and line.
func readConfig(path string) (Config, place, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, place{}, &fault.Input{File: path, Err: plainCause(err), Do: "magn import or magn phantom writes one"}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return Config{}, place{}, &fault.Input{File: path, Err: err}
	}
	return parseConfig(path, data)
}

func parseConfig(path string, data []byte) (Config, place, error) {
	at := place{path: path}
	if len(data) > maxConfig {
		return Config{}, at, &fault.Input{File: path, Found: "more than 1 MiB", Expected: "a study file"}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // of Windows' editors
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Config{}, at, yamlFault(path, err)
	}
	at.file = file
	if len(file.Docs) > 1 {
		return Config{}, at, &fault.Input{File: path, Found: fmt.Sprintf("%d documents", len(file.Docs)), Expected: "one"}
	}
	// Anchors could make a small file a large one, and a study needs none.
	for _, k := range []token.Type{token.AnchorType, token.AliasType, token.MergeKeyType} {
		for tk := firstToken(file); tk != nil; tk = tk.Next {
			if tk.Type == k {
				return Config{}, at, &fault.Input{File: path, Field: fmt.Sprintf("line %d", tk.Position.Line), Found: "an anchor or alias", Expected: "plain values"}
			}
		}
	}
	for _, d := range file.Docs {
		if d.Body == nil || d.Body.Type() == ast.NullType || d.Body.Type() == ast.CommentType {
			continue // nothing but comments
		}
		if err := (values{path}).of(d.Body, reflect.TypeFor[Config](), ""); err != nil {
			return Config{}, at, err
		}
	}
	c := DefaultConfig()
	err = yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&c)
	if err != nil && !errors.Is(err, io.EOF) { // an empty file has defaults only, and lacks a name
		return Config{}, at, yamlFault(path, err)
	}
	if bad := c.check(); bad != nil {
		return Config{}, at, at.fault(bad.key, bad.found, bad.expected)
	}
	return c, at, nil
}

func firstToken(file *ast.File) *token.Token {
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.GetToken() != nil {
			tk := d.Body.GetToken()
			for tk.Prev != nil {
				tk = tk.Prev
			}
			return tk
		}
	}
	return nil
}

// yamlFault words what the parser found.
func yamlFault(path string, err error) error {
	bad := &fault.Input{File: path}
	var where interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &where) {
		bad.Err = err
		return bad
	}
	word := ""
	if tk := where.GetToken(); tk != nil {
		bad.Field = fmt.Sprintf("line %d", tk.Position.Line)
		word = tk.Value
	}
	message := where.GetMessage()
	var wrongType *yaml.TypeError
	switch {
	case errors.As(err, &wrongType) && word != "" && wrongType.DstType != nil:
		bad.Field += keyOf(where.GetToken())
		bad.Found, bad.Expected = strconv.Quote(word), typeWord(wrongType.DstType)
	default:
		bad.Err = errors.New(message)
	}
	return bad
}

// keyOf is ", name" for the key before a value, where the value follows it
// directly.
func keyOf(value *token.Token) string {
	if colon := value.Prev; colon != nil && colon.Type == token.MappingValueType && colon.Prev != nil {
		return ", " + colon.Prev.Value
	}
	return ""
}

// plainCause is the reason without the path, which the message has already.
func plainCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
