#!/usr/bin/env bash
# Seconds a fold and AUC on brain-cet1, ours beside a plain PyTorch reference script: the
# same folds, ResNet-18, three views, 256², 15 epochs, no inner split, no attention,
# one after the other on a machine that does nothing else. Raw logs:
# bench/results/fold-*. Environment: REFERENCE (the script), MAGN_DATA, SEED (1).
set -euo pipefail
cd "$(dirname "$0")/.."
export REFERENCE=${REFERENCE:-../shared/reference/magn_pytorch.py}
if [ ! -f "$REFERENCE" ]; then
	echo "bench/fold.sh: no script to compare with at $REFERENCE (set REFERENCE); skipped" >&2
	exit 0
fi
export MAGN_DATA=${MAGN_DATA:-../shared/data}
seed=${SEED:-1}
study=${STUDY:-$(mktemp -d)/brain-plain}
out=$PWD/bench/results
mkdir -p "$out"
[ -d "$study/cases" ] || bin/magn import slices "$MAGN_DATA/brain-cet1/manifest.csv" --classes glioma,meningioma --positive meningioma --study "$study" --name brain-cet1-plain
cat >"$study/study.yaml" <<YAML
name: brain-cet1-plain
positive: meningioma
classes: [meningioma, glioma]
seeds: [$seed]
arms: [multi-view]
network: {backbone: resnet18}
training: {epochs: 15, lambda: [0.5], inner_fraction: 0}
execution: {workers: 2}
YAML
began=$SECONDS
bin/magn study run "$study"
ours=$((SECONDS - began))
bin/magn study report "$study" >&2
cp "$study/report/tables/folds.csv" "$out/fold-magn-s$seed.csv"
grep -H '"seconds"' "$study"/runs/multi-view/*/unit.json | sed "s|$study/||" >"$out/fold-magn-s$seed.log"
echo "whole run: $ours s" >>"$out/fold-magn-s$seed.log"
began=$SECONDS
FOLDS=$study/folds.csv SEED=$seed "${MAGN_PYTHON:-/usr/bin/python3}" bench/reference_folds.py multi 0 resnet18 15 5e-4 sagittal,coronal,axial >"$out/fold-reference-s$seed.log"
echo "whole run: $((SECONDS - began)) s" >>"$out/fold-reference-s$seed.log"
cat "$out/fold-magn-s$seed.log" "$out/fold-reference-s$seed.log"
