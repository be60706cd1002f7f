package radiomics

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"magn/internal/fault"
)

// Bounds of a parameter file; one with every comment has some kilobytes. The
// parser's time grows with the square of the brackets that are open at a time.
const (
	maxSettings = 1 << 17
	maxBrackets = 1000
)

// ParseSettings reads a PyRadiomics parameter file (YAML or JSON). Sections
// that are left out have PyRadiomics' defaults: the original image, all
// classes. What is wrong is a *fault.Input with file and line: a key that
// PyRadiomics does not document, a value of the wrong type or out of range,
// voxelSetting, an interpolator or wavelet that is not offered.
func ParseSettings(path string) (*Settings, error) {
	data, err := readBounded(path, maxSettings, "a parameter file")
	if err != nil {
		return nil, err
	}
	return parseSettings(path, data)
}

// parseSettings is ParseSettings for data that were read from path.
func parseSettings(path string, data []byte) (*Settings, error) {
	if len(data) > maxSettings {
		return nil, &fault.Input{File: path, Found: "more than 128 KiB", Expected: "a parameter file"}
	}
	if n := bytes.Count(data, []byte("[")) + bytes.Count(data, []byte("{")); n > maxBrackets {
		return nil, &fault.Input{File: path, Found: fmt.Sprintf("%d opening brackets", n), Expected: "a parameter file"}
	}
	p := paramFile{path}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, p.syntax(err)
	}
	if len(file.Docs) > 1 {
		return nil, &fault.Input{File: path, Found: fmt.Sprintf("%d documents", len(file.Docs)), Expected: "one"}
	}
	s := &Settings{Options: defaultOptions()}
	sections := map[string]ast.Node{}
	if len(file.Docs) == 1 {
		body, err := p.plain(file.Docs[0].Body, anchors{})
		if err != nil {
			return nil, err
		}
		entries, err := p.entries(body, "the file")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			switch e.key {
			case "setting", "imageType", "featureClass":
				sections[e.key] = e.value
			case "voxelSetting":
				return nil, p.at(e, "").found("the section voxelSetting", "setting, imageType and featureClass",
					"maps of a feature at every voxel are not offered; leave the section out for one value a lesion")
			default:
				return nil, p.unknown(e, "", []string{"setting", "imageType", "featureClass"})
			}
		}
	}
	// The image types take over what the extraction's own section says, which
	// may stand after them in the file.
	if err := p.options(&s.Options, sections["setting"], "setting"); err != nil {
		return nil, err
	}
	if s.ImageTypes, err = p.imageTypes(s.Options, sections["imageType"]); err != nil {
		return nil, err
	}
	if s.Features, err = p.features(sections["featureClass"]); err != nil {
		return nil, err
	}
	return s, nil
}

// paramFile words what is wrong in a parameter file.
type paramFile struct{ path string }

// entry is one key and its value.
type entry struct {
	key   string
	line  int
	value ast.Node
}

// entries lists what a mapping says; nothing where node is absent or null.
func (p paramFile) entries(node ast.Node, where string) ([]entry, error) {
	switch node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil, nil
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		return nil, &fault.Input{File: p.path, Field: lineOf(node) + where, Found: kindOf(node), Expected: "keys with values"}
	}
	left := maxMerged
	own, merged, err := p.pairs(node, &left)
	if err != nil {
		return nil, err
	}
	var all []entry
	seen := map[string]int{}
	for i, v := range append(own[:len(own):len(own)], merged...) {
		tk := v.Key.GetToken()
		e := entry{key: tk.Value, line: tk.Position.Line, value: v.Value}
		if _, plain := v.Key.(ast.ScalarNode); !plain {
			return nil, p.at(e, where).found(strconv.Quote(e.key), "a plain key", "")
		}
		if first, twice := seen[e.key]; twice {
			if i >= len(own) {
				continue // what a mapping says itself counts before what it merges
			}
			return nil, p.at(e, where).found("the key a second time", "it once", fmt.Sprintf("line %d has it already", first))
		}
		seen[e.key] = e.line
		all = append(all, e)
	}
	return all, nil
}

// options takes over what a section says.
func (p paramFile) options(o *Options, node ast.Node, section string) error {
	entries, err := p.entries(node, section)
	if err != nil {
		return err
	}
	for _, e := range entries {
		set, known := optionKeys[e.key]
		if !known {
			return p.unknown(e, section, slices.Sorted(maps.Keys(optionKeys)))
		}
		if bad := set(o, e.value); bad != nil {
			w := p.at(e, section)
			bad.File, bad.Field = w.File, w.Field
			return bad
		}
	}
	if o.BinWidth == 0 && o.BinCount == 0 {
		for _, e := range entries {
			if e.key == "binWidth" || e.key == "binCount" {
				return p.at(e, section).found("null", "a number above 0 here or in binCount", "")
			}
		}
	}
	return nil
}

// imageTypes reads the section imageType.
func (p paramFile) imageTypes(general Options, node ast.Node) ([]ImageType, error) {
	entries, err := p.entries(node, "imageType")
	if err != nil {
		return nil, err
	}
	var types []ImageType
	for _, e := range entries {
		if !slices.Contains(imageTypes, e.key) {
			return nil, p.unknown(e, "imageType", imageTypes)
		}
		if e.key == "LBP3D" {
			return nil, p.at(e, "imageType").found("the filter LBP3D", "another filter", "3-D local binary patterns are not offered; leave the line out")
		}
		t := ImageType{Name: e.key, Options: general}
		if err := p.options(&t.Options, e.value, "imageType."+e.key); err != nil {
			return nil, err
		}
		if e.key == "LoG" && len(t.Options.Sigma) == 0 {
			return nil, p.at(e, "imageType").found("no sigma", "sigma: [a list of widths in mm]", "PyRadiomics computes nothing without one")
		}
		types = append(types, t)
	}
	if len(types) == 0 {
		types = []ImageType{{Name: "Original", Options: general}}
	}
	return types, nil
}

// features reads the section featureClass.
func (p paramFile) features(node ast.Node) ([]ClassFeatures, error) {
	entries, err := p.entries(node, "featureClass")
	if err != nil {
		return nil, err
	}
	var all []ClassFeatures
	for _, e := range entries {
		known, _ := FeatureNames(e.key)
		if known == nil {
			return nil, p.unknown(e, "featureClass", FeatureClasses())
		}
		c := ClassFeatures{Class: e.key}
		list, bad := sequence(e.value)
		if bad != nil {
			bad.Expected = "a list of features, or nothing for all"
			w := p.at(e, "featureClass")
			bad.File, bad.Field = w.File, w.Field
			return nil, bad
		}
		for _, n := range list {
			name := n.GetToken().Value
			item := entry{key: name, line: n.GetToken().Position.Line}
			if !slices.Contains(known, name) {
				return nil, p.unknown(item, "featureClass."+e.key, known)
			}
			if slices.Contains(c.Names, name) {
				continue // as PyRadiomics, which only switches features on
			}
			c.Names = append(c.Names, name)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		for _, c := range FeatureClasses() {
			all = append(all, ClassFeatures{Class: c})
		}
	}
	return all, nil
}

// spot is where in the file something is wrong.
type spot struct{ fault.Input }

func (p paramFile) at(e entry, section string) *spot {
	name := e.key
	if section != "" && section != "the file" {
		name = section + "." + e.key
	}
	return &spot{fault.Input{File: p.path, Field: fmt.Sprintf("line %d, %s", e.line, name)}}
}

func (w *spot) found(what, expected, do string) *fault.Input {
	in := w.Input
	in.Found, in.Expected, in.Do = what, expected, do
	return &in
}

// unknown refuses a name that is not in known.
func (p paramFile) unknown(e entry, section string, known []string) error {
	what := "the key " + strconv.Quote(e.key)
	do := ""
	if near := fault.Nearest(e.key, known); near != "" {
		do = fmt.Sprintf("is %q meant?", near)
	}
	expected := "one that PyRadiomics documents"
	if len(known) <= 10 {
		expected = strings.Join(known, ", ")
	}
	return p.at(e, section).found(what, expected, do)
}

// syntax words what the YAML parser found.
func (p paramFile) syntax(err error) error {
	bad := &fault.Input{File: p.path}
	var where interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &where) {
		bad.Err = err
		return bad
	}
	if tk := where.GetToken(); tk != nil {
		bad.Field = fmt.Sprintf("line %d", tk.Position.Line)
	}
	bad.Err = errors.New(where.GetMessage())
	return bad
}
