#!/usr/bin/env bash
# A synthetic study from DICOM to its report, every kind of arm in it; run by make
# demo. What is there already is kept: an interrupted demo goes on, make clean
# starts it afresh.
set -euo pipefail
cd "$(dirname "$0")/.."
make=${MAKE:-make}
data=demo-out/phantom
study=demo-out/study

# Those of the paper's Table 2 but the readers, who come with the tables; then what always stands beside them.
arms="multi-view, multi-view-attention, sagittal, sagittal-attention, coronal, coronal-attention, axial, axial-attention"
arms+=", radiomics-multi-view, radiomics-sagittal, radiomics-coronal, radiomics-axial, radiomics-multi-view-forest"
arms+=", outline, clinical, scanner, multi-view-permuted"
arms+=", multi-view-attention-jitter-5, multi-view-attention-jitter-10, multi-view-attention-jitter-20, multi-view-attention-point"

began=$SECONDS
"$make" setup
installed=$SECONDS
"$make" build
built=$SECONDS

mkdir -p demo-out
bin/magn phantom --out "$data" --patients 24 --seed 1 --size 192
if [ ! -f "$study/study.yaml" ] || ! grep -q '^name: phantom' "$study/study.yaml"; then
	bin/magn import dicom "$data/dicom" --study "$study" --clinical "$data/clinical.csv" --annotations "$data/annotations" \
		--rules "$data/rules.yaml" --readers "$data/readers.csv" --classes myeloma,metastasis
	# The phantom comes with settings for a trial of minutes; here with every arm.
	sed -e 's/^name: [^ ]*/name: phantom/' -e "s/^arms: \[[^]]*\]/arms: [$arms]/" "$data/study.yaml" >"$study/study.yaml.new"
	mv "$study/study.yaml.new" "$study/study.yaml"
fi
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
		part == "arms" && /^      "name": /        { name = text($0); wanted = name == "multi-view" || name == "multi-view-attention" }
		part == "arms" && /^      "metrics": /     { metrics = 1 }
		part == "arms" && /^      "metrics_inner"/ { metrics = 0 }
		metrics && /^        "auc": /              { auc = 1 }
		auc && /"value": /       { value = num($0) }
		auc && /"low": /         { low = num($0) }
		auc && /"high": /        { if (wanted) printf "  AUC of %-22s %s (95 %% interval %s to %s)\n", name, value, low, num($0); auc = metrics = 0 }
		part == "comparisons" && /^      "a": /    { a = text($0) }
		part == "comparisons" && /^      "family": / { family = text($0) }
		part == "comparisons" && /^      "b": /    { b = text($0) }
		part == "comparisons" && /^      "delta_auc": / { delta = num($0) }
		part == "comparisons" && /^      "low": /  { low = num($0) }
		part == "comparisons" && /^      "high": / { high = num($0) }
		part == "comparisons" && /^      "p": /    { if (family == "primary") printf "  %s minus %s: %s (%s to %s), p = %s\n", a, b, delta, low, high, num($0) }
	' "$1"
}

cat <<TEXT

Report:  $PWD/$study/report/index.html
Numbers: $study/report/results.json
$(numbers "$study/report/results.json")
The cohort is synthetic: this says that the software works, and nothing about patients.
Installing took $((installed - began)) s, building $((built - installed)) s, computing $((computed - built)) s.
TEXT
