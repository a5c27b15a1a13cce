# `make demo` and `make test` do all set-up on a fresh machine.
#   PYTHON=python3.12 make setup      another interpreter (3.11, 3.12, 3.13)
#   TORCH=torch==2.4.0 make setup     another torch; the default is the one that we test with
PYTHON ?= python3
TORCH ?= torch==2.13.0
WORKERS ?= 2
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -q
# One thread a worker: OpenMP threads of two workers spin for each other on two cores.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist loadgroup

.PHONY: help setup native demo test check format bench nightly wheel arm64 systems clean

help:  ## this list
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# torch comes first and pinned: a bare `torch` may pull a newer build with gigabytes of CUDA.
# The editable install skips CMake; tools/native.sh builds the kernels in place.
$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP) install 'pip>=23.1'  # knows -C; Debian's own is older
	$(PIP) install -c constraints.txt $(TORCH)
	$(PIP) install -c constraints.txt scikit-build-core nanobind cmake ninja
	$(PIP) install -c constraints.txt --no-build-isolation -C wheel.cmake=false \
		-C wheel.platlib=false -C wheel.py-api=py3 -C editable.mode=inplace -e '.[dev]'
	touch $@

native: $(VENV)/.ready  ## build the C++ kernels into geomdl/native (FAMILY=name builds one)
	@tools/native.sh $(FAMILY)

setup: native  ## make .venv and build the kernels

demo: setup  ## furnished room -> scan -> mesh -> report and pictures in out/demo
	$(VENV)/bin/geomdl demo -o out/demo

test: setup  ## all tests but the nightly ones
	$(PYTEST) -m "not slow" $(ARGS)

check: $(VENV)/.ready  ## format, lint, types, layout, ledger
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(PY) tools/layout.py
	$(PY) tools/systems.py --check
	$(PY) tools/results.py --check

format:  ## mend format and lint where it can be done mechanically
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

$(VENV)/.bench: $(VENV)/.ready
	$(PIP) install -c constraints.txt -e '.[bench]' --no-build-isolation -C wheel.cmake=false \
		-C wheel.platlib=false -C wheel.py-api=py3 -C editable.mode=inplace
	touch $@

bench: setup $(VENV)/.bench  ## speed against the peers (NAMES="knn_index rasterize" for some)
	$(PY) tools/bench.py $(NAMES)

nightly: setup  ## all tests, 10,000 fuzz mutations, every kernel without AVX and on arm64
	GEOMDL_WHEEL_ISAS="baseline;avx2;avx512" GEOMDL_QEMU_FAMILIES="" $(PYTEST) $(ARGS)

wheel: $(VENV)/.ready  ## the manylinux wheel into dist/
	tools/wheel.sh

arm64: $(VENV)/.ready  ## cross-compile the kernels for arm64 and run them under qemu
	tools/arm64.sh

systems: $(VENV)/.ready  ## write SYSTEMS.md from tools/systems.toml
	$(PY) tools/systems.py

clean:  ## remove what was built (not .venv)
	rm -rf build dist wheelhouse out geomdl/native/*.so .pytest_cache .ruff_cache .mypy_cache
