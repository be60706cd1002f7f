package boost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// forest is XGBoost's JSON (model.schema of 1.7), whose loader takes much of it
// on trust. Numbers of things are strings there.
type forest struct {
	Version []int `json:"version"`
	Learner struct {
		Attributes map[string]string `json:"attributes"`
		Names      []string          `json:"feature_names"`
		NameTypes  []string          `json:"feature_types"`
		Parameters struct {
			Base     string `json:"base_score"`
			Average  string `json:"boost_from_average"`
			Classes  string `json:"num_class"`
			Features string `json:"num_feature"`
			Targets  string `json:"num_target"`
		} `json:"learner_model_param"`
		Objective struct {
			Name       string            `json:"name"`
			Parameters map[string]string `json:"reg_loss_param"`
		} `json:"objective"`
		Booster struct {
			Name  string `json:"name"`
			Model struct {
				Parameters struct {
					Trees    string `json:"num_trees"`
					Parallel string `json:"num_parallel_tree"`
					LeafSize string `json:"size_leaf_vector"`
				} `json:"gbtree_model_param"`
				TreeInfo []int  `json:"tree_info"` // the class that a tree is for
				Trees    []tree `json:"trees"`
			} `json:"model"`
		} `json:"gradient_booster"`
	} `json:"learner"`
}

// tree is one tree: a column of numbers for each property, node 0 the root.
type tree struct {
	ID         int       `json:"id"`
	Weights    []float64 `json:"base_weights"`
	Default    []int     `json:"default_left"`
	Left       []int     `json:"left_children"` // -1 at a leaf
	Right      []int     `json:"right_children"`
	Parents    []int     `json:"parents"`
	Conditions []float64 `json:"split_conditions"` // a leaf's value
	Indices    []int     `json:"split_indices"`    // the feature
	Types      []int     `json:"split_type"`       // 1 for categories
	Gains      []float64 `json:"loss_changes"`
	Hessians   []float64 `json:"sum_hessian"`
	Categories []int     `json:"categories_nodes"`
	CatValues  []int     `json:"categories"`
	CatStarts  []int     `json:"categories_segments"`
	CatSizes   []int     `json:"categories_sizes"`
	Parameters struct {
		Deleted  string `json:"num_deleted"`
		Features string `json:"num_feature"`
		Nodes    string `json:"num_nodes"`
		LeafSize string `json:"size_leaf_vector"`
	} `json:"tree_param"`
}

// checkTrees says whether data are trees of a binary classifier over so many
// features that XGBoost can load and walk: every array as long as its number of
// nodes, every child inside it, no way round in a circle. That guards against
// damage and other versions, not against somebody who forges a model.
func checkTrees(data []byte, features int) error {
	var f forest
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the trees")
	}
	l := &f.Learner
	m := &l.Booster.Model
	for _, w := range []struct{ name, found, expected string }{
		{"objective", l.Objective.Name, "binary:logistic"},
		{"gradient_booster", l.Booster.Name, "gbtree"},
		{"num_class", l.Parameters.Classes, "0"},
		{"num_target", l.Parameters.Targets, "1"},
		{"feature_names and feature_types", strconv.Itoa(len(l.Names) + len(l.NameTypes)), "0"},
		{"num_feature", l.Parameters.Features, strconv.Itoa(features)},
		{"num_trees", m.Parameters.Trees, strconv.Itoa(len(m.Trees))},
		{"size_leaf_vector", m.Parameters.LeafSize, "0"},
		{"length of tree_info", strconv.Itoa(len(m.TreeInfo)), strconv.Itoa(len(m.Trees))},
	} {
		if w.found != w.expected {
			return fmt.Errorf("%s: found %q, expected %s", w.name, w.found, w.expected)
		}
	}
	if n, err := strconv.Atoi(m.Parameters.Parallel); err != nil || n < 1 || len(m.Trees)%n != 0 || len(m.Trees) == 0 {
		return fmt.Errorf("num_parallel_tree: found %q for %d trees", m.Parameters.Parallel, len(m.Trees))
	}
	for i := range m.Trees {
		if m.TreeInfo[i] != 0 {
			return fmt.Errorf("tree_info: tree %d is for class %d", i, m.TreeInfo[i])
		}
		if err := m.Trees[i].check(features); err != nil {
			return fmt.Errorf("tree %d: %w", i, err)
		}
	}
	return nil
}

func (t *tree) check(features int) error {
	nodes := len(t.Left)
	for name, n := range map[string]int{
		"base_weights": len(t.Weights), "default_left": len(t.Default), "right_children": len(t.Right), "parents": len(t.Parents),
		"split_conditions": len(t.Conditions), "split_indices": len(t.Indices), "split_type": len(t.Types),
		"loss_changes": len(t.Gains), "sum_hessian": len(t.Hessians),
	} {
		if n != nodes {
			return fmt.Errorf("%s: %d numbers for %d nodes", name, n, nodes)
		}
	}
	p := t.Parameters
	if nodes == 0 || p.Nodes != strconv.Itoa(nodes) || p.Features != strconv.Itoa(features) || p.LeafSize != "0" || len(t.Categories)+len(t.CatValues)+len(t.CatStarts)+len(t.CatSizes) > 0 {
		return fmt.Errorf("tree_param or categories that do not fit %d nodes over %d features", nodes, features)
	}
	for i := range nodes {
		// float32, as XGBoost reads it.
		if math.Abs(t.Conditions[i]) > math.MaxFloat32 || t.Types[i] != 0 || t.Default[i] != 0 && t.Default[i] != 1 {
			return fmt.Errorf("node %d: a split that is no comparison with a number", i)
		}
	}
	// Nodes that pruning took out stay in the arrays; no way leads to them.
	seen := make([]bool, nodes)
	for todo := []int{0}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] {
			return fmt.Errorf("node %d: two ways lead to it", n)
		}
		seen[n] = true
		left, right := t.Left[n], t.Right[n]
		if left == -1 && right == -1 {
			continue
		}
		for _, child := range []int{left, right} {
			if child <= 0 || child >= nodes || t.Parents[child] != n {
				return fmt.Errorf("node %d: its child is %d of %d nodes", n, child, nodes)
			}
			todo = append(todo, child)
		}
		if t.Indices[n] < 0 || t.Indices[n] >= features {
			return fmt.Errorf("node %d: feature %d of %d", n, t.Indices[n], features)
		}
	}
	return nil
}
