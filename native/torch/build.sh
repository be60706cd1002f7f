#!/bin/sh
# Compiles libmagn_torch.so against a libtorch and prints where it found it:
# $LIBTORCH, else the one inside an installed Python torch when PYTHON_TORCH names
# the interpreter, else Debian's libtorch-dev, else the torch of python3.
# Usage: native/torch/build.sh OUTPUT.so
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh OUTPUT.so}

root=${LIBTORCH:-}
python_root() { "$1" -c 'import os, torch; print(os.path.dirname(torch.__file__))' 2>/dev/null || true; }
if [ -z "$root" ] && [ -n "${PYTHON_TORCH:-}" ]; then root=$(python_root "$PYTHON_TORCH"); fi
if [ -z "$root" ] && [ ! -f /usr/include/torch/csrc/autograd/autograd.h ]; then root=$(python_root python3); fi

abi=1 cuda=0
if [ -n "$root" ]; then
	[ -f "$root/include/ATen/ATen.h" ] || { echo "native/torch: $root has no include/ATen; set LIBTORCH to a libtorch folder" >&2; exit 4; }
	aten=$root/include/ATen/ATen.h
	inc="-I$root/include -I$root/include/torch/csrc/api/include"
	lib="$root/lib"
	link="-L$lib -Wl,-rpath,$lib"
	# The two ABIs of std::string: the library's symbols say which one it was built with.
	nm -DC "$lib/libc10.so" 2>/dev/null | grep -q '__cxx11::basic_string' || abi=0
	[ -f "$lib/libtorch_cuda.so" ] && cuda=1
else
	aten=/usr/include/ATen/ATen.h
	[ -f "$aten" ] || { echo "native/torch: no libtorch found; apt install libtorch-dev libopenblas0 g++, or set LIBTORCH" >&2; exit 4; }
	inc="-I/usr/include/torch/csrc/api/include"
	link=""
fi
# ATen says itself which C++ it needs: #error C++17 or later compatible compiler …
std=c++$(sed -n 's/^#error C++\([0-9]*\) or later.*/\1/p' "$aten" | head -n 1)
[ "$std" != c++ ] || std=c++17

libs="-ltorch -ltorch_cpu -lc10"
[ "$cuda" = 1 ] && libs="$libs -ltorch_cuda -lc10_cuda"
tmp=$out.tmp.$$
objects=$(mktemp -d)
trap 'rm -rf "$objects" "$tmp"' EXIT
flags="-std=$std -O3 -fno-math-errno -fPIC -fvisibility=hidden -fopenmp -D_GLIBCXX_USE_CXX11_ABI=$abi -Wall -Wno-sign-compare -Wno-unknown-pragmas"
pids=""
for f in tensors layers norm pool learn; do
	${CXX:-g++} $flags $inc -c "$here/$f.cpp" -o "$objects/$f.o" &
	pids="$pids $!"
done
for p in $pids; do wait "$p"; done
# Nothing in our objects names libtorch_cuda: without --no-as-needed the linker
# would drop it, and CUDA with it.
${CXX:-g++} -shared -fopenmp -o "$tmp" "$objects"/*.o $link -Wl,--no-as-needed $libs
mv "$tmp" "$out"
echo "native/torch: $out against ${root:-the libtorch of Debian} ($std, C++11 ABI $abi, CUDA $cuda)"
