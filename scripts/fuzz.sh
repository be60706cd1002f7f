#!/usr/bin/env bash
# Runs the project's fuzz targets, one after another.
#   scripts/fuzz.sh [WORD...]     all targets, or those whose package or name has one of the words
# FUZZTIME (10m) is for each; FUZZPROCS (2) how many processes. A target that is done
# stays done while the code is the same: a rerun goes on with the next one. FRESH=1 begins
# again. What is found lies in the package's testdata/fuzz and is a test from then on.
# Exit codes: 0; 1 something was found, or a target does not build; 130 interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${FUZZTIME:-10m}
out=bin/fuzz
mkdir -p "$out"
# The code as it is, what is not committed included.
code=$({ git rev-parse HEAD; git diff HEAD -- '*.go'; git ls-files -o --exclude-standard -- '*.go' | xargs -r -d '\n' cat; } | sha256sum | cut -c1-12)
table=$out/$code-$time.tsv
[ -z "${FRESH:-}" ] || rm -f "$table"
touch "$table"
trap 'echo "fuzz: interrupted; the same command goes on from here" >&2; exit 130' INT TERM

targets=$(grep -rE --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' cmd internal |
	sed -E 's|^(.*)/[^/]*:func (.*)$|\1 \2|' | sort)
[ -n "$targets" ] || { echo 'fuzz: no targets' >&2; exit 1; }

failed=0
while read -r package name; do
	if [ $# -gt 0 ]; then
		wanted=
		for word; do [[ "$package $name" != *"$word"* ]] || wanted=1; done
		[ -n "$wanted" ] || continue
	fi
	if row=$(grep -P "^$package\t$name\t" "$table"); then
		[[ $row == *$'\tok' ]] || failed=1
		continue
	fi
	echo "fuzz: $package $name, $time" >&2
	log=$out/${package//\//-}-$name.log
	result=ok
	# Minimising each new input for a minute, as is usual, would be most of the time.
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 5x -parallel "${FUZZPROCS:-2}" "./$package" >"$log" 2>&1 || {
		result='failed, see '$log
		! found=$(grep -oE 'testdata/fuzz/[^ ]+' "$log" | head -n 1) || result="found $package/$found"
		failed=1
	}
	last=$(grep -E '^fuzz: elapsed' "$log" | tail -n 1 || true)
	runs=$(sed -nE 's/.*execs: ([0-9]+).*/\1/p' <<<"$last")
	new=$(sed -nE 's/.*interesting: ([0-9]+).*/\1/p' <<<"$last")
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$package" "$name" "$time" "${runs:--}" "${new:--}" "$result" >>"$table"
done <<<"$targets"

printf 'package\ttarget\ttime\truns\tnew\tresult\n' | cat - "$table" | column -t -s $'\t'
exit "$failed"
