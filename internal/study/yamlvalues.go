package study

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"magn/internal/fault"
)

// values holds the syntax tree of a study file against Config before it is
// decoded: the decoder would make 4 of 4.5 and of "4", 8 of 010, and the default
// of a key without a value.
type values struct{ path string }

// of checks the keys of one section, or of the file itself where it is empty.
func (v values) of(node ast.Node, typ reflect.Type, section string) error {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return v.bad(node, section, "keys with their values, such as "+firstKey(section))
	}
	for _, p := range pairs {
		name := p.Key.GetToken().Value
		field, known := fieldOf(typ, name)
		if !known {
			return v.unknown(p.Key.GetToken(), section)
		}
		at := strings.TrimPrefix(section+"."+name, ".")
		if err := v.value(p.Value, field, at); err != nil {
			return err
		}
	}
	return nil
}

func fieldOf(typ reflect.Type, name string) (reflect.Type, bool) {
	for i := range typ.NumField() {
		if typ.Field(i).Tag.Get("yaml") == name {
			return typ.Field(i).Type, true
		}
	}
	return nil, false
}

// Numbers as a study file has them: without a leading zero, which would mean
// octal, and without what else YAML knows.
var (
	wholeNumber   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	decimalNumber = regexp.MustCompile(`^-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
)

// value checks one value at a key such as training.epochs.
func (v values) value(node ast.Node, typ reflect.Type, at string) error {
	if node == nil || node.Type() == ast.NullType {
		return v.bad(node, at, typeWord(typ)+"; a key that is left out has its default")
	}
	text := node.GetToken().Value
	ok := true
	switch typ.Kind() {
	case reflect.Struct:
		return v.of(node, typ, at)
	case reflect.Int, reflect.Int64:
		ok = node.Type() == ast.IntegerType && wholeNumber.MatchString(text)
	case reflect.Float64:
		plain := node.Type() == ast.StringType && node.GetToken().Type == token.StringType // 1e-4, which YAML 1.1 calls a word
		ok = (plain || node.Type() == ast.IntegerType || node.Type() == ast.FloatType) && decimalNumber.MatchString(text) ||
			node.Type() == ast.NanType || node.Type() == ast.InfinityType // which no key takes; its own check says so
	case reflect.Bool:
		ok = node.Type() == ast.BoolType
	case reflect.String:
		switch node.Type() {
		case ast.StringType, ast.LiteralType:
		case ast.IntegerType, ast.FloatType: // a class named 1; 010 would become 8
			ok = decimalNumber.MatchString(text)
		default:
			ok = false
		}
	case reflect.Slice:
		list, isList := node.(*ast.SequenceNode)
		if !isList {
			if typ == reflect.TypeFor[Backbones]() {
				return v.value(node, typ.Elem(), at)
			}
			return v.bad(node, at, typeWord(typ))
		}
		for _, e := range list.Values {
			if err := v.value(e, typ.Elem(), at); err != nil {
				return err
			}
		}
	}
	if !ok {
		return v.bad(node, at, typeWord(typ))
	}
	return nil
}

func typeWord(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a word (in quotes where YAML would read something else)"
	case reflect.Slice:
		return "a list in brackets"
	}
	return "keys with their values"
}

// bad is a value of another kind than its key takes.
func (v values) bad(node ast.Node, at, expected string) error {
	e := &fault.Input{File: v.path, Field: at, Found: "nothing", Expected: expected}
	if node == nil {
		return e
	}
	tk := node.GetToken()
	if tk != nil && tk.Position != nil {
		e.Field = strings.TrimSuffix(fmt.Sprintf("line %d, %s", tk.Position.Line, at), ", ")
	}
	switch {
	case node.Type() == ast.NullType || tk == nil:
	case node.Type() == ast.SequenceType:
		e.Found = "a list"
	case node.Type() == ast.MappingType || node.Type() == ast.MappingValueType:
		e.Found = "keys"
	case tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType:
		e.Found = strconv.Quote(tk.Value) + " in quotes"
	default:
		e.Found = strconv.Quote(tk.Value)
	}
	return e
}

// unknown is a key that its section does not have.
func (v values) unknown(tk *token.Token, section string) error {
	e := &fault.Input{
		File: v.path, Field: fmt.Sprintf("line %d", tk.Position.Line),
		Found: fmt.Sprintf("the key %q", tk.Value), Expected: "a key that docs/formats/study.md lists",
	}
	if section != "" {
		e.Found += " under " + section + ":"
	}
	here, elsewhere := sectionsOf(tk.Value, section)
	switch near := fault.Nearest(tk.Value, here); {
	case len(elsewhere) > 0:
		e.Do = "it belongs " + strings.Join(elsewhere, " or ")
	case near != "":
		e.Do = fmt.Sprintf("is %q meant?", near)
	default:
		if near := fault.Nearest(tk.Value, knownKeys()); near != "" {
			_, elsewhere := sectionsOf(near, section)
			e.Do = strings.TrimSpace(fmt.Sprintf("is %q meant, %s", near, strings.Join(elsewhere, " or "))) + "?"
		}
	}
	return e
}

// sectionsOf are the keys of a section, and where a key belongs that is not one
// of them.
func sectionsOf(name, section string) (here, elsewhere []string) {
	if section == "" {
		for s := range sections {
			here = append(here, s)
		}
		slices.Sort(here)
	}
	for _, k := range keys {
		switch {
		case k.section == section:
			here = append(here, k.name)
		case k.name == name && k.section == "":
			elsewhere = append(elsewhere, "at the top, not under "+section+":")
		case k.name == name:
			elsewhere = append(elsewhere, "under "+k.section+":")
		}
	}
	if sections[name] != "" && section != "" {
		elsewhere = append(elsewhere, "at the top, not under "+section+":")
	}
	return here, elsewhere
}

// firstKey is an example of a section's keys.
func firstKey(section string) string {
	for _, k := range keys {
		if k.section == section {
			return k.name
		}
	}
	return "name"
}
