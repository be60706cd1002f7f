#!/usr/bin/env bash
# Training and inference beside a plain PyTorch script (bench/pytorch_magn.py): the
# same network, batch, crops, threads and machine, in turn within each round. Raw
# measurements go to bench/results/<train|predict>-<backbone>.jsonl, ratios of the
# rounds' medians to standard output and bench/results/network-<backbones>.txt.
# Environment: BACKBONES (resnet18 resnet50), WHATS (train predict), ROUNDS (3), STEPS (6), BATCH (16),
# SIZE (256), THREADS (2), MAGN_PYTHON (/usr/bin/python3).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${MAGN_PYTHON:-/usr/bin/python3}
batch=${BATCH:-16} size=${SIZE:-256} steps=${STEPS:-6} threads=${THREADS:-2}
out=bench/results
names=$(tr ' ' '-' <<<"${BACKBONES:-resnet18 resnet50}")
mkdir -p "$out"
magn_run() { bin/magn bench "$1" --backbone "$2" --precision "$3" --batch "$batch" --size "$size" --steps "$steps" --threads "$threads" --device cpu; }
peer_run() { "$python" bench/pytorch_magn.py "$1" "$2" "$3" "$4" "$batch" "$size" "$steps" "$threads"; }

for backbone in ${BACKBONES:-resnet18 resnet50}; do
	for what in ${WHATS:-train predict}; do
		log=$out/$what-$backbone.jsonl
		: >"$log"
		for round in $(seq "${ROUNDS:-3}"); do
			peer_run "$what" "$backbone" fp32 contiguous
			magn_run "$what" "$backbone" fp32
			peer_run "$what" "$backbone" fp32 channels_last
			magn_run "$what" "$backbone" bf16
			peer_run "$what" "$backbone" bf16 channels_last
		done | tee -a "$log" >&2
	done
done

"$python" - "$out" ${BACKBONES:-resnet18 resnet50} <<'PYTHON' | tee "$out/network-$names.txt"
import json, os, statistics, subprocess, sys
out = sys.argv[1]
print("machine:", next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?"), "x", os.cpu_count(),
      " commit:", subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip())
for backbone in sys.argv[2:]:
    for what in ("train", "predict"):
        rows = [json.loads(l) for l in open(f"{out}/{what}-{backbone}.jsonl")]
        def of(precision, fmt=None):
            got = [r for r in rows if r["precision"] == precision and (r["program"].startswith("magn") if fmt is None else r.get("memory_format") == fmt)]
            return [r["images_per_second"] for r in got], max(r["peak_mib"] for r in got)
        peers = {"fp32": of("fp32", "contiguous"), "fp32 channels-last": of("fp32", "channels_last"), "bf16 channels-last": of("bf16", "channels_last")}
        for precision in ("fp32", "bf16"):
            speed, peak = of(precision)
            for name, (theirs, their_peak) in peers.items():
                ratios = [a / b for a, b in zip(speed, theirs)]
                print(f"{what} {backbone}: magn {precision} {statistics.median(speed):.1f} images/s, {peak} MiB; PyTorch {name} "
                      f"{statistics.median(theirs):.1f} images/s, {their_peak} MiB; speed ratio median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) over {len(ratios)} rounds")
                wanted = {("fp32", "fp32"): 1.0, ("bf16", "fp32"): 1.8}.get((precision, name))
                if wanted and statistics.median(ratios) < wanted:
                    print(f"  BELOW the {wanted} that is wanted here")
                if precision == name and peak > their_peak:
                    print("  MORE memory than the script")
PYTHON
