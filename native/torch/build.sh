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

std=c++14 abi=1 cuda=0
if [ -n "$root" ]; then
	[ -d "$root/include/ATen" ] || { echo "native/torch: $root has no include/ATen; set LIBTORCH to a libtorch folder" >&2; exit 4; }
	inc="-I$root/include -I$root/include/torch/csrc/api/include"
	lib="$root/lib"
	link="-L$lib -Wl,-rpath,$lib"
	version=$(sed -n 's/^#define TORCH_VERSION_MAJOR \([0-9]*\)/\1/p' "$root/include/torch/csrc/api/include/torch/version.h" "$root/include/torch/version.h" 2>/dev/null | head -n 1)
	[ "${version:-2}" -ge 2 ] && std=c++17
	# Since 2.9 or so the headers ask for C++20 features in places.
	grep -qs 'C++20' "$root/include/c10/util/C++17.h" && std=c++20
	# The two ABIs of std::string: the library says itself which one it was built with.
	if ! nm -DC "$lib/libc10.so" 2>/dev/null | grep -q '__cxx11::basic_string'; then abi=0; fi
	[ -f "$lib/libtorch_cuda.so" ] && cuda=1
else
	[ -f /usr/include/ATen/ATen.h ] || { echo "native/torch: no libtorch found; apt install libtorch-dev libopenblas0 g++, or set LIBTORCH" >&2; exit 4; }
	inc="-I/usr/include/torch/csrc/api/include"
	link=""
fi

libs="-ltorch -ltorch_cpu -lc10"
[ "$cuda" = 1 ] && libs="$libs -ltorch_cuda -lc10_cuda"
tmp=$out.tmp.$$
objects=$(mktemp -d)
trap 'rm -rf "$objects" "$tmp"' EXIT
flags="-std=$std -O3 -fno-math-errno -fPIC -fvisibility=hidden -fopenmp -D_GLIBCXX_USE_CXX11_ABI=$abi -Wall -Wno-sign-compare -Wno-unknown-pragmas"
pids=""
for f in tensors layers norm learn; do
	${CXX:-g++} $flags $inc -c "$here/$f.cpp" -o "$objects/$f.o" &
	pids="$pids $!"
done
for p in $pids; do wait "$p"; done
# Nothing in our objects names libtorch_cuda: without --no-as-needed the linker
# would drop it, and CUDA with it.
${CXX:-g++} -shared -fopenmp -o "$tmp" "$objects"/*.o $link -Wl,--no-as-needed $libs
mv "$tmp" "$out"
echo "native/torch: $out against ${root:-Debian\'s libtorch} ($std, C++11 ABI $abi, CUDA $cuda)"
