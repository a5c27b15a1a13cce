from collections.abc import Callable

import pytest
import torch

from geomdl.structures import Mesh
from scenes.build import furniture
from scenes.build.assembly import Part
from scenes.build.paint import linear

MAKERS: dict[str, Callable[[torch.Generator], list[Part]]] = {
    "table": lambda rng: furniture.table(rng, 1.3, 0.8),
    "chair": lambda rng: furniture.chair(rng, linear("#b98a56"), linear("#3f6f8c")),
    "sofa": furniture.sofa,
    "lamp": furniture.floor_lamp,
    "plant": furniture.plant,
    "picture": lambda rng: furniture.framed_picture(rng, 0.6, 0.4),
    "cabinet": furniture.cabinet,
    "rug": lambda rng: furniture.carpet(rng, 2.0, 1.5),
    "pendant": lambda rng: furniture.pendant(rng, 2.5),
}


def is_closed(mesh: Mesh) -> bool:
    """Every directed edge has its opposite, once."""
    edges = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    key = edges[:, 0] * mesh.vertices.shape[0] + edges[:, 1]
    back = edges[:, 1] * mesh.vertices.shape[0] + edges[:, 0]
    return (
        torch.equal(key.sort().values, back.sort().values) and key.unique().numel() == key.numel()
    )


@pytest.mark.parametrize("name", MAKERS)
def test_parts_are_closed_coloured_and_stand_on_the_floor(name: str) -> None:
    parts = MAKERS[name](torch.Generator().manual_seed(1))
    assert name in {part.label for part in parts} or name == "pendant"
    for part in parts:
        assert is_closed(part.mesh)
        assert part.mesh.colors is not None
    low = min(float(part.mesh.bounds[0][2]) for part in parts)
    if name not in ("picture", "pendant"):
        assert abs(low) < 5e-3
    again = MAKERS[name](torch.Generator().manual_seed(1))
    assert all(
        torch.equal(a.mesh.vertices, b.mesh.vertices) for a, b in zip(parts, again, strict=True)
    )


def test_sizes_are_those_of_furniture() -> None:
    heights = {"table": 0.95, "chair": 0.95, "sofa": 0.95, "lamp": 1.64, "plant": 1.6}
    for name, height in heights.items():
        parts = MAKERS[name](torch.Generator().manual_seed(2))
        top = max(float(part.mesh.bounds[1][2]) for part in parts)
        assert 0.6 * height < top < 1.1 * height
