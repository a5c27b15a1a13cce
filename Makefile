# `make demo` and `make test` do all set-up on a fresh machine.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -q

.PHONY: setup native demo test check bench nightly wheel systems clean help

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt torch==2.13.0
	$(PIP) install -c constraints.txt scikit-build-core nanobind cmake ninja
	$(PIP) install -c constraints.txt --no-build-isolation -C wheel.cmake=false \
		-C wheel.platlib=false -C wheel.py-api=py3 -C editable.mode=inplace -e '.[dev]'
	touch $@

native: $(VENV)/.ready  ## build the C++ kernels into geomdl/native (FAMILY=name builds one)
	@tools/native.sh $(FAMILY)

setup: $(VENV)/.ready native  ## make .venv and build the kernels
