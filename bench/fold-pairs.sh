#!/usr/bin/env bash
# Seconds of one fold, ours and a plain PyTorch reference script's in turn: fold 0 of
# brain-cet1, ResNet-18, three views, 256², 15 epochs, no inner split, no attention.
# Ours is the worker's whole unit: reading the cases, training, evaluation, writing. The
# reference's is what it prints: training and evaluation, without reading.
# Needs a machine that does nothing else. Raw: bench/results/fold-pairs.log.
# Environment: REFERENCE, MAGN_DATA, PAIRS (2), STUDY (a study folder made by bench/fold.sh).
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
for pair in $(seq "${PAIRS:-2}"); do
	rm -rf "$study/runs"
	bin/magn study run "$study" --json >/dev/null 2>&1 &
	run=$!
	until [ -f "$study/runs/multi-view/0-1/unit.json" ]; do sleep 0.5; done
	kill -INT "$run"
	wait "$run" || true
	echo "pair $pair: magn $(grep -o '"seconds": [0-9.]*' "$study/runs/multi-view/0-1/unit.json"), peak bytes $(grep -o '"peak_bytes": [0-9]*' "$study/runs/multi-view/0-1/unit.json" | cut -d' ' -f2), epochs $(awk -F, 'NR > 1 { s += $NF } END { printf "%.1f", s }' "$study/runs/multi-view/0-1/history.csv") s" >>"$out"
	log=$(mktemp)
	FOLDS=$study/folds.csv SEED=1 "${MAGN_PYTHON:-/usr/bin/python3}" bench/reference_folds.py multi 0 resnet18 15 5e-4 sagittal,coronal,axial >"$log" 2>"$log.err" &
	run=$!
	until grep -q 'fold 0' "$log"; do sleep 0.5; done
	peak=$(grep VmHWM "/proc/$run/status" | awk '{ print $2 * 1024 }')
	kill "$run"
	wait "$run" || true
	echo "pair $pair: $(grep 'fold 0' "$log"), peak bytes $peak" >>"$out"
	rm -f "$log" "$log.err"
done
cat "$out"
