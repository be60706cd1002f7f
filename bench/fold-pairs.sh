#!/usr/bin/env bash
# Seconds of two folds, ours and a plain PyTorch reference script's in turn: folds 0 and 1 of
# brain-cet1, ResNet-18, three views, 256², 15 epochs, no inner split, no attention, on two
# cores. Ours trains them side by side, two workers of one thread. The script runs in two
# ways: as it is, one fold after the other with two threads; and as two processes of one
# thread, a fold each. All are timed from the start of the process to the second fold's
# answer: reading the images included, and for ours check, model and maps too. In brackets
# the seconds of the epochs alone, in which ours reads its images and the script does not.
# Needs a machine that does nothing else. Raw: bench/results/fold-pairs.log.
# Environment: REFERENCE, MAGN_DATA, ROUNDS (2), STUDY (a study folder made by bench/fold.sh,
# with execution.workers: 2).
set -euo pipefail
cd "$(dirname "$0")/.."
export REFERENCE=${REFERENCE:-../shared/reference/magn_pytorch.py} MAGN_DATA=${MAGN_DATA:-../shared/data}
study=${STUDY:-}
if [ ! -f "$study/study.yaml" ] || [ ! -f "$REFERENCE" ]; then
	echo "bench/fold-pairs.sh: set STUDY to a study folder made by bench/fold.sh, and REFERENCE to a script; skipped" >&2
	exit 0
fi
out=bench/results/fold-pairs.log
mkdir -p bench/results
{
	date -u +%F
	git describe --always --dirty
	grep -m1 'model name' /proc/cpuinfo
} >"$out"
since() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'; }
script() { # the log, then what is set for it
	local log=$1
	shift
	env "$@" FOLDS="$study/folds.csv" SEED=1 "${MAGN_PYTHON:-/usr/bin/python3}" bench/reference_folds.py multi 0 resnet18 15 5e-4 sagittal,coronal,axial >"$log" 2>"$log.err"
}
for round in $(seq "${ROUNDS:-2}"); do
	rm -rf "$study/runs"
	logs=$(mktemp -d)
	start=$(date +%s.%N)
	bin/magn study run "$study" --json >/dev/null 2>&1 &
	run=$!
	until [ -f "$study/runs/multi-view/0-1/unit.json" ] && [ -f "$study/runs/multi-view/1-1/unit.json" ]; do sleep 0.2; done
	took=$(since "$start")
	kill -INT "$run"
	wait "$run" || true
	for fold in 0 1; do
		epochs=$(awk -F, 'NR > 1 { s += $8 } END { printf "%.1f", s }' "$study/runs/multi-view/$fold-1/history.csv")
		echo "fold $fold trained in $epochs s, unit $(sed -n 's/.*"seconds": \([0-9]*\.[0-9]\).*/\1/p' "$study/runs/multi-view/$fold-1/unit.json") s"
	done >"$logs/ours"
	echo "round $round: magn, two workers of one thread: $took s ($(paste -sd';' "$logs/ours"))" >>"$out"
	start=$(date +%s.%N)
	script "$logs/both" ONLY=0,1
	echo "round $round: script, two threads, one fold after the other: $(since "$start") s ($(grep -o 'fold [01] .*' "$logs/both" | paste -sd';'))" >>"$out"
	start=$(date +%s.%N)
	script "$logs/0" ONLY=0 THREADS=1 &
	script "$logs/1" ONLY=1 THREADS=1 &
	wait
	echo "round $round: script, two processes of one thread: $(since "$start") s ($(grep -ho 'fold [01] .*' "$logs"/[01] | paste -sd';'))" >>"$out"
	rm -rf "$logs"
done
cat "$out"
