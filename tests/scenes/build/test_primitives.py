import math

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from scenes.build import primitives as p


def as_trimesh(mesh: Mesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False)


CLOSED = {
    "box": (p.box((1, 2, 3), 0.3), 6.0, 1e-5),
    "box uneven": (p.box((1, 2, 3), (9.0, 0.1, 9.0)), 6.0, 1e-5),
    "rounded box": (p.rounded_box((1, 2, 0.5), 0.1, 0.2, 6), None, 0),
    "pill": (p.rounded_box((0.4, 0.4, 0.4), 0.2, 0.1, 16), 4 / 3 * math.pi * 0.2**3, 0.02),
    "cylinder": (p.cylinder(0.5, 2.0, 96, 0.2), math.pi * 0.25 * 2, 0.01),
    "cone": (p.cone(0.5, 1.2, segments=96), math.pi * 0.25 * 1.2 / 3, 0.01),
    "frustum": (p.cone(0.5, 1.0, 0.2, 96), math.pi / 3 * (0.25 + 0.1 + 0.04), 0.01),
    "torus": (p.torus(1.0, 0.3, 96, 48), 2 * math.pi**2 * 0.09, 0.01),
    "uv sphere": (p.uv_sphere(1.0, 96, 48), 4 / 3 * math.pi, 0.01),
    "icosphere": (p.icosphere(2.0, 4), 4 / 3 * math.pi * 8, 0.01),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_and_outward_with_the_known_volume(name: str) -> None:
    mesh, volume, tolerance = CLOSED[name]
    shape = as_trimesh(mesh)
    assert shape.is_watertight
    assert shape.is_winding_consistent
    assert shape.volume > 0
    assert shape.euler_number == (0 if name == "torus" else 2)
    if volume is not None:
        assert shape.volume == pytest.approx(volume, rel=tolerance)


def test_rounded_box_is_a_box_less_its_edges() -> None:
    """Steiner's formula: core, slabs, quarter cylinders along the edges, an eighth ball each."""
    size, r = (1.0, 2.0, 0.5), 0.1
    a, b, c = (s - 2 * r for s in size)
    sides = 2 * r * (a * b + b * c + c * a)
    volume = a * b * c + sides + math.pi * r**2 * (a + b + c) + 4 / 3 * math.pi * r**3
    mesh = CLOSED["rounded box"][0]
    assert as_trimesh(mesh).volume == pytest.approx(volume, rel=3e-3)
    low, high = mesh.bounds
    assert torch.allclose(high - low, torch.tensor(size))


def test_detail_bounds_the_edges_of_flat_parts() -> None:
    mesh = p.plane(2.0, 1.0, 0.11)
    edges = (mesh.triangles - mesh.triangles.roll(1, dims=1)).norm(dim=-1)
    assert float(edges.max()) <= 0.11 * math.sqrt(2) + 1e-6
    assert bool((mesh.with_normals().normals == torch.tensor([0.0, 0, 1])).all())
    assert p.plane(2.0, 1.0).faces.shape == (2, 3)


def test_icosphere_is_even() -> None:
    mesh = p.icosphere(1.0, 3)
    assert len(mesh) == 20 * 4**3
    assert torch.allclose(mesh.vertices.norm(dim=1), torch.ones(mesh.vertices.shape[0]))
    assert mesh.vertices.shape[0] == 10 * 4**3 + 2


def test_bad_sizes_are_named() -> None:
    with pytest.raises(GeometryError, match="radius: expected at most"):
        p.rounded_box((1, 1, 0.1), 0.2)
    with pytest.raises(GeometryError, match="profile"):
        p.lathe(torch.tensor([[1.0, 0.0]]))
