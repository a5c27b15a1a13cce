"""The share of occupied cells falls as one over the resolution."""

import json
from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.recipes.surface_occupancy import Config, exponent, main, measure, occupancy
from geomdl.structures import Mesh


def square() -> Mesh:
    """A unit square: one layer of cells, or two where it lies on the border between them."""
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    return Mesh(vertices, torch.tensor([[0, 1, 2], [0, 2, 3]]))


def test_a_square_fills_one_layer() -> None:
    assert occupancy(square(), 15) == pytest.approx(1 / 15)  # the layer in the middle
    assert occupancy(square(), 16) == pytest.approx(2 / 16)  # between two layers


def test_exponent_of_a_known_law() -> None:
    sizes = [10, 20, 40]
    assert exponent(sizes, [3.0 * s**-1.5 for s in sizes]) == pytest.approx(-1.5)


def test_procedural_shapes_fall_as_expected() -> None:
    found = measure(Config(resolutions=(16, 32, 64)))
    assert len(found["exponent"]) == 4
    assert all(-1.3 < e < -0.8 for e in found["exponent"])
    assert max(found["occupancy_64"]) < min(found["occupancy_16"])


def test_recorded_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geomdl.recipes.surface_occupancy.shapes", lambda folder: {"a": square()})
    main(["--record", str(tmp_path)])
    content = json.loads((tmp_path / "surface_occupancy.json").read_text())
    assert content["metrics"]["exponent"]["mean"] == pytest.approx(-1.0, abs=0.35)
    assert content["reference"]["occupancy_64"]["value"] == 0.0509


def test_a_folder_without_meshes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match=r"no \.obj or \.off"):
        measure(Config(folder=tmp_path))
