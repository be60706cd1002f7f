// Package boost is gradient boosting and random forests over XGBoost, and on
// them the radiomics classifier: ranking, selection, fit.
//
// Nouns: a Matrix holds cases' features, float32, NaN where one is missing.
// Params say how trees grow. A Model is trees as bytes: nothing native stays
// open between calls, so a Model is copied, shared and dropped like any value.
// A Classifier is a ranking, the features selected by it and the Model that
// uses them; a Fit names a fitted step and the groups that it saw.
//
// Trees compare and never add features, so a feature's scale does not matter to
// them: nothing is standardised here, and there is no z-score that could leak
// from the cases held out.
//
// XGBoost keeps its last error, its settings and its random numbers in the
// calling thread and goroutines move, so every call goes through one goroutine
// locked to its OS thread. A training holds it to the end: what it draws depends
// on nothing that runs beside it.
package boost

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"magn/internal/fault"
	"magn/internal/native"
)

// The version that the numbers of this package's tests are of. Others have other
// defaults and another interface.
const major, minor = 1, 7

const install = "apt install libxgboost0"

// c holds the bound C functions; xgboost/c_api.h of 1.7 says what they do. Each
// but the first two returns 0, or another number and leaves a message.
var c struct {
	version    func(major, minor, patch *int32)
	lastError  func() string
	configure  func(json string) int32
	newMatrix  func(data *float32, rows, columns uint64, missing float32, out *uintptr, threads int32) int32
	setFloats  func(matrix uintptr, field string, data *float32, n uint64) int32
	freeMatrix func(matrix uintptr) int32
	newBooster func(matrices *uintptr, n uint64, out *uintptr) int32
	freeBoost  func(booster uintptr) int32
	set        func(booster uintptr, name, value string) int32
	update     func(booster uintptr, round int32, matrix uintptr) int32
	predict    func(booster, matrix uintptr, json string, shape **uint64, dims *uint64, out **float32) int32
	save       func(booster uintptr, json string, n *uint64, out **byte) int32
	load       func(booster uintptr, data *byte, n uint64) int32
	score      func(booster uintptr, json string, n *uint64, names ***byte, dims *uint64, shape **uint64, out **float32) int32
}

var library = native.Library{
	File: "libxgboost.so.0", Do: install,
	Symbols: []native.Symbol{
		{Name: "XGBoostVersion", Func: &c.version},
		{Name: "XGBGetLastError", Func: &c.lastError},
		{Name: "XGBSetGlobalConfig", Func: &c.configure},
		{Name: "XGDMatrixCreateFromMat_omp", Func: &c.newMatrix},
		{Name: "XGDMatrixSetFloatInfo", Func: &c.setFloats},
		{Name: "XGDMatrixFree", Func: &c.freeMatrix},
		{Name: "XGBoosterCreate", Func: &c.newBooster},
		{Name: "XGBoosterFree", Func: &c.freeBoost},
		{Name: "XGBoosterSetParam", Func: &c.set},
		{Name: "XGBoosterUpdateOneIter", Func: &c.update},
		{Name: "XGBoosterPredictFromDMatrix", Func: &c.predict},
		{Name: "XGBoosterSaveModelToBuffer", Func: &c.save},
		{Name: "XGBoosterLoadModelFromBuffer", Func: &c.load},
		{Name: "XGBoosterFeatureScore", Func: &c.score},
	},
}

// thread makes all calls into XGBoost; opened is what it found.
var (
	thread = native.Thread{Open: func() (err error) { opened, err = open(); return err }}
	opened Info
)

// Info is what the library says of itself.
type Info struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// open runs on the thread.
func open() (Info, error) {
	path, err := native.Open(library)
	if err != nil {
		return Info{}, err
	}
	var version [3]int32
	c.version(&version[0], &version[1], &version[2])
	info := Info{Path: path, Version: fmt.Sprintf("%d.%d.%d", version[0], version[1], version[2])}
	if version[0] != major || version[1] != minor {
		return Info{}, &fault.Missing{What: fmt.Sprintf("XGBoost %d.%d", major, minor), Do: install + " (Debian 12)", Err: fmt.Errorf("%s is version %s", path, info.Version)}
	}
	// Its messages go to stderr, which belongs to the command.
	return info, check("quiet", c.configure(`{"verbosity":0}`))
}

// GetInfo opens the library and asks. The error is a *fault.Missing where it
// cannot be opened or is another version.
func GetInfo() (Info, error) {
	err := thread.Do(context.Background(), func() {})
	return opened, err
}

// check turns a status into an error with XGBoost's message, without the place
// in its sources and the stack below it.
func check(op string, status int32) error {
	if status == 0 {
		return nil
	}
	message, _, _ := strings.Cut(strings.TrimSpace(c.lastError()), "\nStack trace")
	if _, after, found := strings.Cut(message, ".cc:"); found {
		_, message, _ = strings.Cut(after, ": ")
	}
	return fmt.Errorf("xgboost: %s: %s", op, strings.TrimSpace(message))
}

// live counts the handles that nobody has freed yet.
var live atomic.Int64

// Live is the number of native handles that are open: 0 between calls.
func Live() int64 { return live.Load() }

// scope owns the handles made in it, on the thread.
type scope struct{ boosters, matrices []uintptr }

// do runs f on the thread and frees the handles that it made.
func do(ctx context.Context, f func(s *scope) error) (err error) {
	if e := thread.Do(ctx, func() {
		s := &scope{}
		defer func() { err = errors.Join(err, s.free()) }()
		err = f(s)
	}); e != nil {
		return e
	}
	return err
}

func (s *scope) free() error {
	var errs []error
	for _, b := range s.boosters {
		errs = append(errs, check("free a booster", c.freeBoost(b)))
		live.Add(-1)
	}
	for _, m := range s.matrices {
		errs = append(errs, check("free a matrix", c.freeMatrix(m)))
		live.Add(-1)
	}
	return errors.Join(errs...)
}
