#!/bin/sh
# Compiles libmagn_gdcm.so against Debian's libgdcm-dev, or against the GDCM in
# $GDCM (a prefix with include/gdcm-3.0 and lib).
# Usage: native/gdcm/build.sh OUTPUT.so
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh OUTPUT.so}

root=${GDCM:-/usr}
include=$root/include/gdcm-3.0
[ -f "$include/gdcmJPEGCodec.h" ] || { echo "native/gdcm: no $include; apt install libgdcm-dev g++, or set GDCM" >&2; exit 4; }
link=""
[ "$root" = /usr ] || link="-L$root/lib -Wl,-rpath,$root/lib"

tmp=$out.tmp.$$
trap 'rm -f "$tmp"' EXIT
${CXX:-g++} -std=c++17 -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -I"$include" -o "$tmp" "$here/decode.cpp" $link -lgdcmMSFF -lgdcmDSED -lgdcmCommon
mv "$tmp" "$out"
echo "native/gdcm: $out against the GDCM of $root"
