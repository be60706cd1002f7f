#!/usr/bin/env bash
# How far radiomics is from others' numbers, as the tests print it: PyRadiomics' baselines (the worst
# ten of all values), the standard's reference values by family, and, where bin/pypi is there
# (make bin/pypi/ready), PyRadiomics, pywt and ITK as installed. Logs: bench/results/radiomics-agreement.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
out=bench/results/radiomics-agreement.txt
mkdir -p bench/results
lines() { grep -E '^ +[a-z_]+_test.go|^--- |^ok|^FAIL' | sed -E 's/ \([0-9.]+s\)$//; s/\t[0-9.]+s$//; s/ +$//'; }
{
	git describe --always --dirty
	go test -count 1 -v -run 'TestBaselines|TestMatrices|TestIBSIValues|TestGeneratedLesions' ./internal/radiomics | lines
	if [ -x bin/pypi/bin/python ]; then
		MAGN_PEERS=1 MAGN_PYTHON=$PWD/bin/pypi/bin/python go test -count 1 -v -timeout 30m -run 'PyPI(Lesions|Extract|Settings|Filters|Cases)' ./internal/radiomics | lines | awk '/truth_test.go/ && $NF == 0 && !/brain1/ { exact++; next } { print } END { print exact " other cases of filters and preparation are exact, bit for bit" }'
	else
		echo "no bin/pypi: nothing of PyRadiomics, pywt and ITK as installed" >&2
	fi
} | tee "$out"
