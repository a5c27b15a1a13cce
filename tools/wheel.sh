#!/usr/bin/env bash
# Build the manylinux wheel: tools/wheel.sh [OUT]; PYTHON names the interpreter, ISAS limits the
# instruction sets ("baseline;avx2"). The build is isolated, so torch is not there.
# Kernels need libgomp.so.1: a copy lies beside them, and torch's own is taken where it fits.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-dist}
venv=$PWD/.venv/bin
python=${PYTHON:-$venv/python}
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT
"$python" -m pip -q wheel . --no-deps -w "$raw" -C cmake.define.GEOMDL_BUNDLE_OPENMP=ON \
    ${ISAS:+-C cmake.define.GEOMDL_ISAS="$ISAS"}
PATH="$venv:$PATH" auditwheel -v repair --exclude libgomp.so.1 "$raw"/*.whl -w "$out" 2>"$raw/log" ||
    { cat "$raw/log" >&2; exit 1; }
ls -l "$out"/*.whl
