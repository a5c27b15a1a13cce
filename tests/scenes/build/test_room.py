import functools
import itertools

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops.raycast import closest_point
from scenes.build.room import LABELS, Room, room
from scenes.scan.trajectory import walk


@functools.cache
def built(seed: int) -> Room:
    return room(seed, detail=0.3)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_room_is_furnished_within_its_walls(seed: int) -> None:
    world = built(seed)
    x, y, z = world.size
    low, high = world.mesh.bounds
    assert torch.allclose(high, torch.tensor([x / 2, y / 2, z]), atol=2e-3)
    assert torch.allclose(low, torch.tensor([-x / 2, -y / 2, 0.0]), atol=2e-3)
    there = {LABELS[i] for i in world.mesh.attributes["label"].unique().tolist()}
    assert there >= {"floor", "wall", "ceiling", "table", "chair", "sofa", "shelf", "book", "door"}
    assert world.mesh.colors is not None


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_furniture_does_not_overlap(seed: int) -> None:
    for a, b in itertools.combinations(built(seed).rectangles.values(), 2):
        wide = min(a[2], b[2]) - max(a[0], b[0])
        deep = min(a[3], b[3]) - max(a[1], b[1])
        assert min(wide, deep) < 0.02  # a chair may stand that far under the table top


def test_rectangles_are_under_their_pieces() -> None:
    world = built(0)
    for number, (x0, y0, x1, y1) in world.rectangles.items():
        points = world.mesh.vertices[world.mesh.attributes["instance"] == number]
        inside = (points[:, :2] > torch.tensor([x0, y0]) - 0.05).all(1)
        inside &= (points[:, :2] < torch.tensor([x1, y1]) + 0.05).all(1)
        assert float(inside.float().mean()) > 0.95


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_there_is_room_to_walk(seed: int) -> None:
    world = built(seed)
    eye = walk(world.size, 60).inverse().translation
    nearest, _, _ = closest_point(world.mesh.vertices, world.mesh.faces, eye)
    assert float((nearest - eye).norm(dim=1).min()) > 0.2


def test_one_seed_is_one_room() -> None:
    again = room(1, detail=0.3)
    assert torch.equal(again.mesh.vertices, built(1).mesh.vertices)
    assert torch.equal(again.mesh.colors, built(1).mesh.colors)  # type: ignore[arg-type]
    assert again.size != built(0).size


def test_without_a_ceiling() -> None:
    world = room(0, ceiling=False, detail=0.5)
    assert LABELS.index("ceiling") not in world.mesh.attributes["label"]
    with pytest.raises(GeometryError, match="detail"):
        room(0, detail=0.0)
