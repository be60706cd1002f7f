package radiomics

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"magn/internal/fault"
)

// maxMerged bounds the keys that merges bring in: each may bring those of others.
const maxMerged = 1000

// anchors are what a parameter file has named with & so far.
type anchors map[string]ast.Node

// plain is node with anchors taken off and aliases replaced by what they name
// (YAML 1.2, 7.1). A name is known from the end of its value on, so that nothing
// contains itself.
func (p paramFile) plain(node ast.Node, known anchors) (ast.Node, error) {
	var err error
	switch n := node.(type) {
	case *ast.AnchorNode:
		v, err := p.plain(n.Value, known)
		if err == nil {
			known[n.Name.GetToken().Value] = v
		}
		return v, err
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		v, there := known[name]
		if !there {
			return nil, &fault.Input{File: p.path, Field: fmt.Sprintf("line %d", n.GetToken().Position.Line), Found: "*" + name, Expected: "a name that stands with & before it"}
		}
		return v, nil
	case *ast.MappingNode:
		for _, v := range n.Values {
			if v.Value, err = p.plain(v.Value, known); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		n.Value, err = p.plain(n.Value, known)
	case *ast.SequenceNode:
		for i := range n.Values {
			if n.Values[i], err = p.plain(n.Values[i], known); err != nil {
				return nil, err
			}
		}
	}
	return node, err
}

// pairs are a mapping's keys and values, those that it merges (<<) after its own,
// which count before them.
func (p paramFile) pairs(node ast.Node, left *int) (own, merged []*ast.MappingValueNode, err error) {
	switch n := node.(type) {
	case *ast.MappingNode:
		own = n.Values
	case *ast.MappingValueNode:
		own = []*ast.MappingValueNode{n}
	default:
		return nil, nil, &fault.Input{File: p.path, Field: lineOf(node), Found: kindOf(node), Expected: "keys with values"}
	}
	plain := make([]*ast.MappingValueNode, 0, len(own))
	for _, v := range own {
		if v.Key.Type() != ast.MergeKeyType {
			plain = append(plain, v)
			continue
		}
		from := []ast.Node{v.Value}
		if list, ok := v.Value.(*ast.SequenceNode); ok {
			from = list.Values
		}
		for _, f := range from {
			a, b, err := p.pairs(f, left)
			if err != nil {
				return nil, nil, err
			}
			merged = append(append(merged, a...), b...)
			if *left -= len(a) + 1; *left < 0 {
				return nil, nil, &fault.Input{File: p.path, Field: lineOf(v.Key), Found: "merges of merges", Expected: fmt.Sprintf("at most %d keys of them", maxMerged)}
			}
		}
	}
	return plain, merged, nil
}
