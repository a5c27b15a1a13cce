"""Importing geomdl costs little more than torch and loads nothing heavy; every name is real."""

import importlib
import importlib.metadata
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import geomdl

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("trimesh", "open3d", "scipy", "viser", "matplotlib", "skimage", "tensorboard", "gymnasium")


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", ["geomdl", "geomdl.ops", "geomdl.structures"])
def test_nothing_heavy_is_imported(name: str) -> None:
    heavy = f"import {name}, sys; print([m for m in {HEAVY} if m in sys.modules])"
    assert python(heavy).strip() == "[]"


def test_import_takes_little_longer_than_torch() -> None:
    """The processor time of both, in turn: the ratio is what we promise (under 2.5)."""
    clock = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"
    ours, torch = [], []
    for _ in range(3):
        torch.append(float(python(clock.format("torch"))))
        ours.append(float(python(clock.format("geomdl"))))
    assert statistics.median(ours) < 2.5 * statistics.median(torch), (ours, torch)


@pytest.mark.parametrize("name", ["geomdl", "geomdl.ops", "geomdl.structures", "geomdl.io"])
def test_all_names_exist(name: str) -> None:
    module = importlib.import_module(name)
    assert list(module.__all__)
    missing = [n for n in module.__all__ if not hasattr(module, n)]
    assert not missing
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("name", ["geomdl", "geomdl.ops"])
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = importlib.import_module(name).nothing


def test_ops_stay_functions_when_their_file_was_imported_first() -> None:
    for file in geomdl.ops.FILES:
        importlib.import_module(f"geomdl.ops.{file}")
    for name in geomdl.ops.__all__:
        assert callable(getattr(geomdl.ops, name)), name


def test_version_is_the_distribution_s() -> None:
    assert geomdl.__version__ == importlib.metadata.version("geomdl-torch")
