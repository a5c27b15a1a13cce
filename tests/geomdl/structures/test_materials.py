import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Material


def test_defaults_are_white_and_opaque() -> None:
    material = Material()
    assert material.color.tolist() == [1, 1, 1]
    assert material.opacity == 1
    assert repr(Material("oak", texture=torch.zeros(2, 5, 3))) == (
        "Material('oak', color [1 1 1], texture 5x2)"
    )
    assert material.to(dtype=torch.float64).color.dtype == torch.float64


def test_bad_fields_are_named() -> None:
    with pytest.raises(GeometryError, match="color"):
        Material(color=torch.tensor([2.0, 0, 0]))
    with pytest.raises(GeometryError, match="opacity"):
        Material(opacity=1.5)
    with pytest.raises(GeometryError, match="roughness"):
        Material(roughness=float("nan"))
    with pytest.raises(GeometryError, match="texture"):
        Material(texture=torch.zeros(4, 4, 2))
