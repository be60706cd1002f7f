#!/usr/bin/env bash
# Installs the packages that are missing, and touches apt only where one is.
#   scripts/setup.sh build    what building needs
#   scripts/setup.sh peers    what the peer tests compare with
# Exit code 4: something is missing and this user may not install it.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*" >&2; }

case ${1:-} in
build)
	want="g++ libxgboost0"
	# A GDCM of one's own makes Debian's needless.
	[ -n "${GDCM:-}" ] || want+=" libgdcm-dev"
	# A libtorch of one's own (CUDA, or the one in a Python torch) makes Debian's needless.
	[ -n "${LIBTORCH:-}${PYTHON_TORCH:-}" ] || want+=" libtorch-dev libopenblas0"
	;;
peers) want="python3-torch python3-torchvision python3-sklearn python3-scipy python3-pil python3-openpyxl python3-pydicom python3-xgboost chromium dcm2niix pigz dicom3tools dcmtk plastimatch" ;;
*)
	say "usage: scripts/setup.sh build|peers"
	exit 64
	;;
esac

need=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)
if ! command -v go >/dev/null; then
	say "Go $need or newer is missing (Debian 12's golang is 1.19, too old)"
	exit 4
fi
# In a folder without go.mod, or an older Go would only say that it cannot read ours.
have=$(cd / && go env GOVERSION | sed 's/^go//')
if [ "$(printf '%s\n' "$need" "$have" | sort -V | head -n 1)" != "$need" ]; then
	say "Go $have is too old, $need or newer is needed (Debian 12's golang is 1.19)"
	exit 4
fi

if ! command -v dpkg-query >/dev/null; then
	say "not a Debian system, so nothing was checked; needed here: $want"
	exit 0
fi
missing=()
for p in $want; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null) || status=
	[ "$status" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
	root=()
elif sudo -n true 2>/dev/null; then
	root=(sudo -n)
else
	say "missing: ${missing[*]}. An administrator installs them with"
	say "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
	exit 4
fi
say "installing ${missing[*]}"
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq)
"${apt[@]}" update >&2
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2
