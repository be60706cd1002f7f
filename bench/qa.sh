#!/usr/bin/env bash
# magn convert beside dcm2niix on real scanner sets: every volume that dcm2niix makes of a set is looked for
# among ours, voxel for voxel and by affine (bench/qa_compare.py). A folder of sets is given in MAGN_QA:
# MAGN_QA/<set>/In (or the whole set where it has no In), each a repository neurolabusc/dcm_qa_<set>.
# Files *.gz and *.zip in a set are unpacked to the work folder first, since neither program reads them.
# Writes bench/results/qa.jsonl (one line a set), bench/results/qa-volumes.txt (one line a volume), and the
# table by set to standard output.
# Environment: MAGN_QA; SETS (all); WORK (a new folder, removed at the end; one that is named is kept);
# MAGN (bin/magn); RESULTS (bench/results); MAGN_PYTHON (/usr/bin/python3 with numpy).
# Needs: apt-get install dcm2niix python3-numpy
set -euo pipefail
cd "$(dirname "$0")/.."
: "${MAGN_QA:?a folder of sets}"
python=${MAGN_PYTHON:-/usr/bin/python3}
magn=${MAGN:-bin/magn}
results=${RESULTS:-bench/results}
work=${WORK:-}
if [ -z "$work" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$results" "$work"
for set in ${SETS:-$(ls "$MAGN_QA")}; do
	src=$MAGN_QA/$set
	[ -d "$src" ] || continue
	[ -d "$src/In" ] && src=$src/In
	if [ -n "$(find "$src" -name '*.gz' -o -name '*.zip')" ]; then
		if [ ! -d "$work/in/$set" ]; then
			mkdir -p "$work/in"
			rm -rf "$work/in/$set.part"
			cp -r "$src" "$work/in/$set.part"
			find "$work/in/$set.part" -name '*.gz' ! -name '*.nii.gz' -print0 | xargs -0 -r -n 200 gunzip -f
			find "$work/in/$set.part" -name '*.zip' | while read -r zip; do
				"$python" -m zipfile -e "$zip" "${zip%.zip}"
				rm "$zip"
			done
			mv "$work/in/$set.part" "$work/in/$set"
		fi
		src=$work/in/$set
	fi
	"$python" bench/qa_compare.py "$set" "$src" "$magn" "$work/out/$set" "$results" $([ -d "$MAGN_QA/$set/Ref" ] && echo "$MAGN_QA/$set/Ref")
done
"$python" bench/qa_compare.py --table "$results"
