#!/usr/bin/env bash
# Cross-compile the kernels for arm64 and run tools/selfcheck.py on them under qemu-aarch64.
# An arm64 Python and its libraries come from Debian, torch and numpy from PyPI (about 200 MB,
# kept in build/arm64); nothing is installed into the system.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/.venv/bin
root=$PWD/build/arm64
need() { command -v "$1" >/dev/null || { echo "arm64: $1 is not installed ($2)" >&2; exit 1; }; }
need aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
need qemu-aarch64 qemu-user
need apt-get "a Debian system"
"$venv/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    { echo "arm64: Debian's arm64 Python is 3.11, so .venv must be of 3.11" >&2; exit 1; }
mkdir -p "$root/lists/partial" "$root/debs" "$root/sysroot"

if [ ! -x "$root/sysroot/usr/bin/python3.11" ]; then
    apt=(-oAPT::Architecture=arm64 -oAPT::Architectures=arm64 "-oDir::State::Lists=$root/lists")
    apt-get "${apt[@]}" -qq update
    (cd "$root/debs" && apt-get "${apt[@]}" -qq download python3.11-minimal libpython3.11-minimal \
        libpython3.11-stdlib libc6 libgcc-s1 libstdc++6 libgomp1 zlib1g libexpat1 libffi8 libssl3 \
        libbz2-1.0 liblzma5 libuuid1 libcrypt1 libsqlite3-0)
    for deb in "$root"/debs/*.deb; do dpkg -x "$deb" "$root/sysroot"; done
fi
if [ ! -d "$root/site/scipy" ]; then
    platforms=(--platform manylinux_2_28_aarch64 --platform manylinux2014_aarch64)
    "$venv/python" -m pip install -q --no-deps --only-binary=:all: --python-version 3.11 \
        "${platforms[@]}" --target "$root/site" torch==2.4.0 numpy==2.4.6 scipy==1.17.1 \
        typing_extensions filelock sympy==1.14.0 mpmath==1.3.0 networkx jinja2 markupsafe fsspec
fi

rm -rf "$root/site/geomdl"
"$venv/cmake" -S geomdl/csrc -B "$root/build" -G Ninja -DCMAKE_MAKE_PROGRAM="$venv/ninja" \
    -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DPython_EXECUTABLE="$venv/python" \
    -DGEOMDL_ISAS=baseline -DCMAKE_LIBRARY_OUTPUT_DIRECTORY="$root/modules" >"$root/configure.log"
"$venv/cmake" --build "$root/build"
mkdir -p "$root/site/geomdl"
cp -r geomdl/*.py geomdl/ops "$root/site/geomdl/"
mkdir -p "$root/site/geomdl/native"
cp geomdl/native/__init__.py "$root/site/geomdl/native/"
for module in "$root"/modules/*.so; do  # the suffix is the host's: a plain one loads anywhere
    cp "$module" "$root/site/geomdl/native/$(basename "${module%%.*}").so"
done
cd "$root/site"
PYTHONPATH="$root/site" PYTHONHOME="$root/sysroot/usr" qemu-aarch64 -L "$root/sysroot" \
    "$root/sysroot/usr/bin/python3.11" "$OLDPWD/tools/selfcheck.py" "$@"
