#!/usr/bin/env bash
# magn convert beside dcm2niix -z y, in turn within each round, on the shared sets and on a generated
# tree of 2,000 slices. Raw measurements go to bench/results/convert-<set>.jsonl (seconds and peak MiB of
# the process with its children, and the bytes of the packed images), medians and ratios to standard
# output and bench/results/convert.txt.
# Environment: SETS (shared tree), ROUNDS (5), SLICES (2000), MAGN_DATA (../shared/data), MAGN_PYTHON
# (/usr/bin/python3 with numpy), CPUS (0,1: the processors both are bound to).
# Needs: apt-get install dcm2niix pigz (dcm2niix -z y packs with pigz where it is installed).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${MAGN_PYTHON:-/usr/bin/python3}
data=${MAGN_DATA:-../shared/data}
results=bench/results
mkdir -p "$results"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

measure() { # name, command... ; the output folder is $work/out
	rm -rf "$work/out"
	mkdir "$work/out"
	"$python" - "$work/out" "$@" <<'PYTHON'
import json, os, pathlib, resource, subprocess, sys, time
out, name, command = sys.argv[1], sys.argv[2], sys.argv[3:]
start = time.monotonic()
r = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
took = time.monotonic() - start
images = list(pathlib.Path(out).rglob("*.nii.gz"))
print(json.dumps({"program": name, "seconds": round(took, 4), "peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10,
    "images": len(images), "bytes": sum(p.stat().st_size for p in images), "code": r.returncode, "load": round(os.getloadavg()[0], 2)}))
PYTHON
}

for set in ${SETS:-shared tree}; do
	case $set in
	shared) src=$data/dicom/convert ;;
	tree)
		src=$work/tree
		"$python" bench/dicom_tree.py "$src" "${SLICES:-2000}"
		;;
	*) src=$set set=$(basename "$set") ;;
	esac
	find "$src" -type f -exec cat {} + >/dev/null # into the page cache for both
	log=$results/convert-$set.jsonl
	: >"$log"
	for _ in $(seq "${ROUNDS:-5}"); do
		measure magn taskset -c "${CPUS:-0,1}" bin/magn convert "$src" --out "$work/out" --json
		measure dcm2niix taskset -c "${CPUS:-0,1}" dcm2niix -z y -o "$work/out" "$src"
	done | tee -a "$log" >&2
done

"$python" - "$results" ${SETS:-shared tree} <<'PYTHON' | tee "$results/convert.txt"
import json, os, statistics, subprocess, sys
print("machine:", next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?"), "x", os.cpu_count(),
      " commit:", subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip())
for name in sys.argv[2:]:
    rows = [json.loads(l) for l in open(f"{sys.argv[1]}/convert-{os.path.basename(name)}.jsonl")]
    ours, theirs = ([r for r in rows if r["program"] == p] for p in ("magn", "dcm2niix"))
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(ours, theirs)]
    for what, rs in (("magn", ours), ("dcm2niix -z y", theirs)):
        print(f"{os.path.basename(name)}: {what} {statistics.median(r['seconds'] for r in rs):.3f} s, {max(r['peak_mib'] for r in rs)} MiB, {rs[0]['images']} images, {rs[0]['bytes'] / 2**20:.1f} MiB packed")
    print(f"{os.path.basename(name)}: magn is {statistics.median(ratios):.2f} times as fast ({min(ratios):.2f} to {max(ratios):.2f}) over {len(ratios)} rounds")
    if statistics.median(ratios) < 1:
        print("  BELOW the 1.0 that is wanted here")
PYTHON
