# make help lists what there is. Given are git, make and Go; setup installs the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

export CGO_ENABLED := 0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
GOBUILD := go build -buildvcs=false -trimpath
TOOLS   := bin/tools

# Tests against another program have one of these words in their name; they run
# in test-peers and nowhere else.
PEERS := Parity|Peer|Slurm
peer_packages = grep -rlE --include='*_test.go' '^func Test[A-Za-z0-9_]*($(PEERS))' cmd internal | xargs -r -n1 dirname | sort -u | sed 's|^|./|'
# What starts goroutines or locks is what the race detector is for.
race_packages = grep -rlE --include='*.go' --exclude='*_test.go' '\bgo func|errgroup|\bsync\.|make\(chan ' internal | xargs -r -n1 dirname | sort -u | grep -v testenv | sed 's|^|./|'

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what building needs, where it is missing (Debian 12)
	@scripts/setup.sh build

.PHONY: setup-peers
setup-peers: setup ## install what the peer tests compare with, too
	@scripts/setup.sh peers

.PHONY: build
build: magn native ## bin/magn and lib/*.so

.PHONY: magn
magn: ## bin/magn alone: pure Go, needs no compiler
	@$(GOBUILD) -ldflags '-X magn/internal/cli.version=$(VERSION)' -o bin/magn ./cmd/magn

.PHONY: native
native: lib/libmagn_torch.so lib/libmagn_gdcm.so ## lib/*.so; after a change of LIBTORCH or GDCM: make -B native

lib/libmagn_torch.so: $(wildcard native/torch/*)
	@mkdir -p lib
	@native/torch/build.sh $@

lib/libmagn_gdcm.so: $(wildcard native/gdcm/*)
	@mkdir -p lib
	@native/gdcm/build.sh $@

.PHONY: demo
demo: ## a synthetic study from nothing to its report, in demo-out/
	@MAKE='$(MAKE)' scripts/demo.sh

.PHONY: test
test: setup build check unit race ## setup, checks and the whole suite, without the peers

.PHONY: check
check: tools ## formatting, vet, staticcheck
	@out=$$($(TOOLS)/gofumpt -l cmd internal); if [ -n "$$out" ]; then printf 'not formatted, make fmt mends it:\n%s\n' "$$out"; exit 1; fi
	@go vet ./...
	@$(TOOLS)/staticcheck ./...

.PHONY: unit
unit: ## the tests that need no peer
	go test -timeout 15m -skip '$(PEERS)|PyPI' ./...

.PHONY: race
race: ## the concurrent packages under the race detector, without native libraries
	packages=$$($(race_packages)); CGO_ENABLED=1 MAGN_NATIVE=none go test -race -timeout 15m -skip '$(PEERS)|PyPI' $$packages

.PHONY: test-peers
test-peers: setup-peers build ## the tests against PyTorch, scikit-learn, a browser
	packages=$$($(peer_packages)) || { echo 'no test has $(PEERS) in its name'; exit 1; }; MAGN_PEERS=1 go test -timeout 30m -run '$(PEERS)' $$packages

.PHONY: test-pypi
test-pypi: bin/pypi/ready ## the tests against PyRadiomics and SimpleITK, which Debian does not have
	MAGN_PEERS=1 MAGN_PYTHON='$(CURDIR)/bin/pypi/bin/python' go test -timeout 30m -run PyPI ./internal/radiomics ./internal/tabular

bin/pypi/ready: bench/pypi.txt
	python3 -m venv bin/pypi
	bin/pypi/bin/pip install -q -r bench/pypi.txt
	bin/pypi/bin/pip install -q --no-build-isolation pyradiomics==3.0.1
	@touch $@

.PHONY: bench
bench: setup-peers build ## side by side with the peers, then the Go benchmarks; logs in bench/results/
	@mkdir -p bench/results
	@for b in bench/*.sh; do if [ -x "$$b" ]; then "$$b"; fi; done
	go test -run '^$$' -bench . -benchmem ./internal/... | tee bench/results/go-$(VERSION).txt

.PHONY: fuzz
fuzz: ## every fuzz target, FUZZTIME=10m each; goes on where it was interrupted
	@scripts/fuzz.sh

.PHONY: fmt
fmt: tools ## format the Go code
	@$(TOOLS)/gofumpt -l -w cmd internal

.PHONY: tools
tools: $(TOOLS)/staticcheck ## staticcheck, gofumpt, benchstat, as pinned in tools/go.mod

$(TOOLS)/staticcheck: tools/go.mod tools/go.sum
	@mkdir -p $(TOOLS)
	@go -C tools build -buildvcs=false -o '$(CURDIR)/$(TOOLS)/' tool
	@touch $@

.PHONY: clean
clean: ## remove what the other targets made
	rm -rf bin lib demo-out
