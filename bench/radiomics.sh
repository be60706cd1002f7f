#!/usr/bin/env bash
# magn's radiomics beside PyRadiomics 3.0.1 on brain1, in turn within each round: everything that
# default settings and wavelets ask for with one thread (classes alone too) and with two, whole
# processes with their peak memory, and a batch of cases. Raw lines go to
# bench/results/radiomics.jsonl, medians and ratios to bench/results/radiomics.txt.
# Environment: ROUNDS (3), CASES (100; 0 leaves the batch out), MAGN_DATA (../shared/data),
# MAGN (bin/magn), PYRADIOMICS (bin/pypi/bin, which make bin/pypi/ready makes), CPUS (0,1).
set -euo pipefail
cd "$(dirname "$0")/.."
magn=${MAGN:-bin/magn}
peer=${PYRADIOMICS:-bin/pypi/bin}
data=${MAGN_DATA:-../shared/data}/pyradiomics
image=$data/brain1_image.nrrd
mask=$data/brain1_label.nrrd
if [ ! -x "$peer/python" ] || [ ! -f "$image" ] || [ ! -x "$magn" ]; then
	echo "bench/radiomics.sh: needs $magn (make build), $peer/python (make bin/pypi/ready) and $image; skipped" >&2
	exit 0
fi
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
log=bench/results/radiomics.jsonl
mkdir -p bench/results
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'imageType:\n  Original: {}\n  Wavelet: {}\n' >"$work/wavelet.yaml"
: >"$log"
bound() { taskset -c "$cpus" "$@"; }

process() { # program, what, threads, command...: seconds and peak memory of the process and its children
	bound "$peer/python" - "$@" <<'PYTHON'
import json, os, resource, subprocess, sys, time
program, what, threads, *command = sys.argv[1:]
start = time.monotonic()
code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
took = time.monotonic() - start
u = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"program": program, "what": what, "threads": int(threads), "seconds": round(took, 4),
    "cpu_seconds": round(u.ru_utime + u.ru_stime, 4), "peak_mib": u.ru_maxrss >> 10, "code": code, "load": round(os.getloadavg()[0], 2)}))
PYTHON
}

for _ in $(seq "${ROUNDS:-3}"); do
	cpus=${CPUS:-0,1} cpus=${cpus%%,*} # one thread: one processor
	bound "$magn" bench radiomics --image "$image" --mask "$mask" --settings "$work/wavelet.yaml" --threads 1 --classes --rounds 5
	bound "$peer/python" bench/radiomics_peer.py "$image" "$mask" "$work/wavelet.yaml" 1 2 classes
	process magn "process" 1 "$magn" radiomics --image "$image" --mask "$mask" --settings "$work/wavelet.yaml" --threads 1 --json
	process pyradiomics "process" 1 "$peer/python" bench/radiomics_peer.py --once "$image" "$mask" "$work/wavelet.yaml"
	cpus=${CPUS:-0,1}
	bound "$magn" bench radiomics --image "$image" --mask "$mask" --settings "$work/wavelet.yaml" --threads 2 --rounds 5
	bound "$peer/python" bench/radiomics_peer.py "$image" "$mask" "$work/wavelet.yaml" 2 2
done | tee -a "$log" >&2

if [ "${CASES:-100}" -gt 0 ]; then
	cpus=${CPUS:-0,1}
	mkdir "$work/cases"
	"$peer/python" bench/radiomics_peer.py --cases "$image" "$mask" "$work/cases" "${CASES:-100}"
	{
		process magn "batch of ${CASES:-100}" 2 "$magn" radiomics --batch "$work/cases/cases.csv" --out "$work/ours.csv" --settings "$work/wavelet.yaml" --threads 2
		process pyradiomics "batch of ${CASES:-100}" 2 "$peer/pyradiomics" "$work/cases/peer.csv" -o "$work/peer.csv" -f csv -p "$work/wavelet.yaml" -j 2 -v 1
		"$peer/python" - "$work" <<'PYTHON'
import csv, json, sys
ours, peer = (list(csv.DictReader(open(f"{sys.argv[1]}/{n}.csv"))) for n in ("ours", "peer"))
worst, where, n = 0, "", 0
for a, b in zip(ours, peer):
    for k in a.keys() & b.keys():
        if k.startswith(("original_", "wavelet-")):
            x, y = float(a[k]), float(b[k])
            d = 0 if x == y or x != x and y != y else abs(x - y) / max(abs(y), 1e-300)
            n += 1
            if d > worst:
                worst, where = d, k
print(json.dumps({"what": "batch: values compared", "cases": len(ours), "peer_cases": len(peer), "values": n, "worst": worst, "where": where}))
PYTHON
	} | tee -a "$log" >&2
fi

"$peer/python" - "$log" <<'PYTHON' | tee bench/results/radiomics.txt
import json, os, statistics, subprocess, sys
print("machine:", next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?"), "x", os.cpu_count(),
      " commit:", subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip(),
      " load at the end:", round(os.getloadavg()[0], 1))
rows = [json.loads(l) for l in open(sys.argv[1])]
wanted = {"extract": 10, "read and extract": 10, "shape": 50, "extract shape": 10}
print(f"{'what':24} {'threads':>7} {'magn ms':>10} {'peer ms':>10} {'ratio':>7} {'cpu ms':>10} {'peer cpu':>10} {'ratio':>7} {'MiB':>9}")
for key in dict.fromkeys((r["what"], r["threads"]) for r in rows if "program" in r):
    ours, peer = ([r for r in rows if r.get("program") == p and (r["what"], r["threads"]) == key] for p in ("magn", "pyradiomics"))
    assert ours and peer and not any(r.get("code") for r in ours + peer), key
    assert {r.get("features", 0) for r in ours if key[0].startswith(("extract", "read"))} == {r.get("features", 0) for r in peer if key[0].startswith(("extract", "read"))}, key
    s = lambda rs, k: statistics.median(r[k] for r in rs)
    wall, cpu = (statistics.median(b[k] / a[k] for a, b in zip(ours, peer)) for k in ("seconds", "cpu_seconds"))
    low = wall < wanted.get(key[0], 10)
    memory = f"{max(r['peak_mib'] for r in ours)}/{max(r['peak_mib'] for r in peer)}"
    print(f"{key[0]:24} {key[1]:7} {s(ours, 'seconds') * 1e3:10.3f} {s(peer, 'seconds') * 1e3:10.2f} {wall:7.1f} {s(ours, 'cpu_seconds') * 1e3:10.3f} {s(peer, 'cpu_seconds') * 1e3:10.2f} {cpu:7.1f} {memory:>9}"
          + (f"  below {wanted.get(key[0], 10)}" if low else ""))
for r in rows:
    if "values" in r:
        print(f"batch: {r['values']} values of {r['cases']} cases compared, the worst off by {r['worst']:.1e} ({r['where']})")
PYTHON
