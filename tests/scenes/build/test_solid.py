import math

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from scenes.build import solid as s
from scenes.build.solid import Pieces, Solid


def as_trimesh(solid: Solid) -> trimesh.Trimesh:
    return trimesh.Trimesh(solid.points.numpy(), solid.faces.numpy(), process=False)


PROFILE = [(0.0, -1.0), (0.5, -1.0), (0.5, 1.0), (0.0, 1.0)]
RING = [(0.9, -0.1), (1.1, -0.1), (1.1, 0.1), (0.9, 0.1)]
CLOSED = {
    "slab": (s.slab((0, 0, 0), (1, 2, 3)), 6.0, 1e-5),
    "frustum": (s.slab((-1, -1, 0), (1, 1, 3), (0.5, 0.5)), 4 * (1 + 0.25 + 0.5), 1e-5),
    "pad": (s.pad((0, 0, 0), (1, 1, 1), 0.1, 8), 0.512 + 0.384 + 0.3 * 0.08 * math.pi, 5e-3),
    "pill": (s.pad((0, 0, 0), (1, 1, 1), 0.5, 16), math.pi / 6, 0.04),
    "spin": (s.spin(PROFILE, 96), math.pi * 0.5, 2e-3),
    "spun ring": (s.spin(RING, 96, closed=True), 2 * math.pi * 0.04, 2e-3),
    "ball": (s.ball((1, 2, 3), (0.5, 1.0, 0.25), 64), math.pi / 6, 5e-3),
    "rod": (s.rod((1, 0, 0), (1, 3, 4), 0.2, sides=96), math.pi * 0.04 * 5, 2e-3),
    "cone": (s.rod((0, 0, 0), (0, 0, 2), 1.0, 0.5, 96), math.pi * 2 / 3 * 1.75, 2e-3),
    "flat tube": (s.tube([(0, 0, 0), (0, 2, 0)], torch.tensor([[0.5, 0.1]] * 2), 96), 0.314, 2e-3),
    "hull": (s.hull([(0, 1, 0, 1), (2, 1, 0, 1), (3, 1, 0, 1)], 2, 96), math.pi * 1.5, 2e-3),
    "boxy hull": (s.hull([(0, 1, 0, 1), (2, 1, 0, 1)], 60, 96), 4.0, 0.08),
    "hoop": (s.hoop(1.0, 0.2, 96, 48), 2 * math.pi**2 * 0.04, 5e-3),
    "plate": (s.plate([(0, 0), (2, 0), (2, 1), (0, 1)], -1, 1), 4.0, 1e-5),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_and_outward_with_the_known_volume(name: str) -> None:
    solid, volume, tolerance = CLOSED[name]
    mesh = as_trimesh(solid)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(volume, rel=tolerance)
    assert solid.volume() == pytest.approx(mesh.volume, rel=1e-4)
    assert mesh.euler_number == (0 if name in ("hoop", "spun ring") else 2)


@pytest.mark.parametrize("name", CLOSED)
def test_rings_in_either_direction_face_outwards(name: str) -> None:
    solid, _, _ = CLOSED[name]
    assert solid.scaled(-1, 2, 0.5).volume() == pytest.approx(solid.volume(), rel=1e-3)
    rings = torch.tensor([[[0.0, 0, z], [1, 0, z], [0, 1, z]] for z in (0.0, 1.0)])
    assert s.loft(rings).volume() == pytest.approx(0.5)
    assert s.loft(rings.flip(0)).volume() == pytest.approx(0.5)
    assert s.loft(rings.flip(1)).volume() == pytest.approx(0.5)


def test_turns_are_right_handed_about_a_place() -> None:
    point = Solid(torch.tensor([[1.0, 2.0, 3.0]]), torch.zeros(0, 3, dtype=torch.int64))
    quarter = math.pi / 2
    for axis, expected in (("x", [1, -3, 2]), ("y", [3, 2, -1]), ("z", [-2, 1, 3])):
        turned = point.turned(axis, quarter).points[0]
        assert torch.allclose(turned, torch.tensor(expected).float(), atol=1e-6)
        assert torch.allclose(point.turned(axis, 1.0, (1, 2, 3)).points, point.points)
    assert point.at(1, 1, 1).points.tolist() == [[2, 3, 4]]


def test_tubes_keep_their_radius_about_the_path() -> None:
    path = s.curve([(0, 0, 0), (1, 0, 1), (2, 0, 0)], 40)
    ring = s.tube(path, 0.1, 12).points[:-2].reshape(40, 12, 3)
    assert torch.allclose((ring - path[:, None]).norm(dim=-1), torch.tensor(0.1))
    assert float(ring[..., 1].amax()) == pytest.approx(0.1)


def test_curves_pass_through_their_points() -> None:
    knots = [(0.0, 0, 0), (1, 2, 0), (3, 1, 1), (4, 0, 0)]
    path = s.curve(knots, 31)
    assert torch.allclose(path[::10], torch.tensor(knots), atol=1e-5)
    loop = s.curve(knots, 40, closed=True)
    assert torch.allclose(loop[::10], torch.tensor(knots), atol=1e-5)
    steps = (loop - loop.roll(1, 0)).norm(dim=1)
    assert float(steps.max()) < 1.0


def test_pieces_keep_their_names() -> None:
    pieces = Pieces()
    pieces.add("leg", *s.both([CLOSED["slab"][0]]))
    pieces.add("top", CLOSED["ball"][0])
    assert [name for name, _ in pieces] == ["leg", "leg", "top"]
    assert torch.allclose(pieces[1][1].points, pieces[0][1].points * torch.tensor([1.0, -1, 1]))
    moved = pieces.turned("z", math.pi).at(0, 0, 1)
    assert torch.allclose(moved[2][1].points.mean(0), torch.tensor([-1.0, -2, 4]), atol=1e-3)


def test_bad_rings_are_named() -> None:
    with pytest.raises(GeometryError, match="rings: expected"):
        s.loft(torch.zeros(1, 4, 3))
