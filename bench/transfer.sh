#!/usr/bin/env bash
# How far transferred outlines are from true ones, ours and plastimatch's: measurements to
# bench/results/transfer*.jsonl, the tables of docs/results/transfer.md to standard output.
# Environment: LESIONS (12 a row), MAGN_PYTHON (/usr/bin/python3).
# Needs: make build; apt-get install plastimatch.
set -euo pipefail
cd "$(dirname "$0")/.."
bin/magn bench transfer --peer plastimatch --lesions "${LESIONS:-12}" --json > bench/results/transfer.jsonl.partial
mv bench/results/transfer.jsonl.partial bench/results/transfer.jsonl
# The rows that matter most, more closely, and synthetic patients.
bin/magn bench transfer --kind ball,ellipsoid --diameter 8 --slice 4.5 --lesions 100 --json > bench/results/transfer-small.jsonl
phantom=$(mktemp -d)
trap 'rm -rf "$phantom"' EXIT
bin/magn phantom --out "$phantom/p" --patients 12 --seed 1 > /dev/null
bin/magn bench transfer --peer plastimatch --phantom "$phantom/p" --json > bench/results/transfer-phantom.jsonl
for log in transfer transfer-small transfer-phantom; do
	"${MAGN_PYTHON:-/usr/bin/python3}" bench/transfer_table.py bench/results/$log.jsonl
	echo
done
