"""Parts are values that do not change, told apart by what they are and not by their contents."""

import dataclasses

import pytest
import torch

from geomdl.structures import Mesh
from geomdl.viewer.drawing import Dots, Drawing, Legend, Surface


def test_parts_cannot_change() -> None:
    mesh = Mesh(torch.eye(3), torch.tensor([[0, 1, 2]]))
    part = Surface("a/surface 0", "a", "key", mesh)
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.opacity = 0.5  # type: ignore[misc]
    assert dataclasses.replace(part, opacity=0.5).mesh is mesh
    assert part != Surface("a/surface 0", "a", "key", mesh)  # tensors have no one truth
    assert len({part, part}) == 1


def test_defaults_are_plain() -> None:
    points = torch.zeros(2, 3)
    dots = Dots("a/points", "a", 1, points, points, 0.1, "place")
    assert (dots.keep, dots.normals, dots.lit) == (None, None, True)
    legend = Legend("height")
    assert (legend.ramp, legend.limits, dict(legend.entries), legend.more) == ("", None, {}, 0)
    drawing = Drawing((dots,), (legend,), points[0], points[1], "z", "#ffffff")
    assert drawing.parts[0] is dots
