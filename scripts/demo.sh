#!/usr/bin/env bash
# A synthetic study from nothing to its report; run by make demo. What is there
# already is kept: an interrupted demo goes on, make clean starts it afresh.
set -euo pipefail
cd "$(dirname "$0")/.."
make=${MAKE:-make}
study=demo-out/study

began=$SECONDS
"$make" setup
installed=$SECONDS
"$make" build
built=$SECONDS

mkdir -p demo-out
[ -f "$study/cohort.csv" ] || bin/magn phantom --out "$study" --patients 24 --seed 1
bin/magn study run "$study"
bin/magn study report "$study"
computed=$SECONDS

# results.json is written with fixed indentation, the same bytes for the same results.
numbers() {
	awk '
		function text(s) { sub(/^[^:]*: /, "", s); sub(/,$/, "", s); gsub(/"/, "", s); return s }
		function num(s) { s = text(s); return s == "null" ? "undefined" : sprintf("%.3f", s) }
		/^  "arms": /            { part = "arms" }
		/^  "comparisons": /     { part = "comparisons" }
		/^  "leakage": /         { part = "" }
		part == "arms" && /^      "name": /        { name = text($0) }
		part == "arms" && /^      "metrics": /     { metrics = 1 }
		part == "arms" && /^      "metrics_inner"/ { metrics = 0 }
		metrics && /^        "auc": /              { auc = 1 }
		auc && /"value": /       { value = num($0) }
		auc && /"low": /         { low = num($0) }
		auc && /"high": /        { printf "  AUC of %-22s %s (95 %% interval %s to %s)\n", name, value, low, num($0); auc = metrics = 0 }
		part == "comparisons" && /^      "a": /    { a = text($0) }
		part == "comparisons" && /^      "b": /    { b = text($0) }
		part == "comparisons" && /^      "delta_auc": / { delta = num($0) }
		part == "comparisons" && /^      "low": /  { low = num($0) }
		part == "comparisons" && /^      "high": / { high = num($0) }
		part == "comparisons" && /^      "p": /    { printf "  %s minus %s: %s (%s to %s), p = %s\n", a, b, delta, low, high, num($0) }
	' "$1"
}

cat <<TEXT

Report:  $PWD/$study/report/index.html
Numbers: $study/report/results.json
$(numbers "$study/report/results.json")
The cohort is synthetic: this says that the software works, and nothing about patients.
Installing took $((installed - began)) s, building $((built - installed)) s, computing $((computed - built)) s.
TEXT
