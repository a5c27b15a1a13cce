"""The names of geomdl.ops load lazily and are functions, whatever was imported first."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import geomdl.ops as ops

PROMISED = [
    "knn_index",
    "knn",
    "radius_index",
    "farthest_point_index",
    "sample_surface",
    "morton_keys",
    "voxelize",
    "first_hit",
    "any_hit",
    "closest_point",
    "signed_distance",
    "rasterize",
    "fuse",
    "isosurface",
    "chamfer_distance",
    "f_score",
    "vertex_normals",
    "icp",
]


@pytest.mark.parametrize("name", ops.__all__)
def test_every_name_is_a_documented_function(name: str) -> None:
    value = getattr(ops, name)
    assert callable(value)
    assert not isinstance(value, ModuleType)
    assert value.__doc__


def test_promised_names_are_there() -> None:
    assert set(PROMISED) <= set(ops.__all__)
    assert set(ops.__all__) <= set(dir(ops))


def test_a_name_is_a_function_after_its_file_was_imported() -> None:
    importlib.import_module("geomdl.ops.isosurface")
    assert callable(ops.isosurface)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(ops.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        node.module.rpartition(".")[2]: tuple(alias.name for alias in node.names)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert {file: set(names) for file, names in seen.items()} == {
        file: set(names) for file, names in ops.FILES.items()
    }


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'knm'"):
        ops.knm  # noqa: B018


@pytest.mark.parametrize("first", ["import geomdl.ops.rasterize", "import geomdl.ops"])
def test_order_of_imports_does_not_matter(first: str) -> None:
    code = f"{first}; from geomdl.ops import rasterize; assert callable(rasterize)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_package_names_load() -> None:
    import geomdl

    for name in geomdl.__all__:
        assert getattr(geomdl, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        geomdl.nothing  # noqa: B018
