#!/usr/bin/env bash
# Build the C++ kernels in place: tools/native.sh [FAMILY...]; all families when none is named.
# Where no compiler is found it says so and succeeds: the torch bodies run.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/.venv/bin
export PATH="$venv:$PATH"
if ! command -v "${CXX:-c++}" >/dev/null; then
    echo "geomdl: no C++ compiler, the torch bodies will run (see 'geomdl doctor')" >&2
    exit 0
fi
build=${GEOMDL_BUILD:-build/native}
mkdir -p build
exec 9>build/.lock
flock 9
if [ ! -f "$build/build.ninja" ]; then
    cmake -S geomdl/csrc -B "$build" -G Ninja -DPython_EXECUTABLE="$venv/python" \
        -DCMAKE_LIBRARY_OUTPUT_DIRECTORY="$PWD/geomdl/native" \
        ${GEOMDL_ISAS:+-DGEOMDL_ISAS="$GEOMDL_ISAS"} >"build/configure.log" 2>&1 ||
        { cat build/configure.log >&2; exit 1; }
fi
targets=()
for family in "$@"; do
    [ "$family" = all ] && continue
    while read -r target; do targets+=("$target"); done < <(
        cmake --build "$build" --target help | sed -nE "s/^(${family}_(baseline|avx2|avx512)): phony.*/\1/p")
done
cmake --build "$build" ${targets[@]:+--target "${targets[@]}"} -- -k 0
