import functools
import math

import pytest
import torch

from geomdl.errors import GeometryError
from scenes.build.home import LABELS
from scenes.build.moving import MovingRoom, moving_room, smooth

CASES = [(0, "living"), (1, "office"), (2, "studio")]


@functools.cache
def built(seed: int, kind: str) -> MovingRoom:
    return moving_room(seed, 12, kind, bodies=2, pushed=2)


@pytest.mark.parametrize(("seed", "kind"), CASES)
def test_only_what_moves_moves_and_smoothly(seed: int, kind: str) -> None:
    world = built(seed, kind)
    assert len(world.poses) >= 2
    first, last = world.room(0).mesh, world.room(11).mesh
    assert torch.equal(first.faces, last.faces)
    assert torch.equal(first.attributes["label"], last.attributes["label"])
    moving = first.attributes["moving"].bool()
    gone = (last.vertices - first.vertices).norm(dim=1)
    assert float(gone[~moving].max()) == 0
    assert float(gone[moving].max()) > 0.15
    flows = torch.stack([world.flow(frame) for frame in range(11)])
    assert torch.allclose(first.vertices + flows.sum(0), last.vertices, atol=1e-4)
    assert float(flows.norm(dim=-1).max()) < 0.4  # in 0.1 s, with swinging feet
    for poses in world.poses.values():
        way = poses[:, :2]
        assert float((way[2:] - 2 * way[1:-1] + way[:-2]).norm(dim=1).max()) < 0.06


@pytest.mark.parametrize(("seed", "kind"), CASES)
def test_nobody_runs_into_anything(seed: int, kind: str) -> None:
    """Middles of what moves are outside all that stands, inside the walls, and apart."""
    world = built(seed, kind)
    x, y, _ = world.home.size
    still = [place for number, place in world.home.floor.items() if number not in world.poses]
    ways = [poses[:, :2] for n, poses in world.poses.items() if n not in world.home.floor]
    for index, way in enumerate(ways):
        assert bool((way.abs() < torch.tensor([x / 2 - 0.3, y / 2 - 0.3])).all())
        for x0, y0, x1, y1 in still:
            inside = (way > torch.tensor([x0, y0]) - 0.3) & (way < torch.tensor([x1, y1]) + 0.3)
            corner = torch.stack(
                [way.clamp(min=torch.tensor([x0, y0]), max=torch.tensor([x1, y1]))]
            )
            assert bool((~inside.all(1) | ((way - corner[0]).norm(dim=1) > 0.3)).all())
        for other in ways[:index]:
            assert float((way - other).norm(dim=1).min()) > 0.6


def test_walkers_look_where_they_go_and_swing_their_legs() -> None:
    seen = 0
    for seed, kind in CASES:
        world = built(seed, kind)
        for number, forms in world.forms.items():
            poses = world.poses[number]
            step = poses[7, :2] - poses[5, :2]
            turn = float(poses[6, 3])
            front = torch.tensor([math.sin(turn), -math.cos(turn)])  # -y, turned
            assert float(front @ step) > 0.95 * float(step.norm())
            assert not torch.equal(forms[0], forms[5])
            assert torch.allclose(forms[:, :, 2].amin(1), torch.zeros(12), atol=1e-5)
            seen += 1
    assert seen >= 2


def test_one_seed_is_one_film() -> None:
    first, again = built(1, "office"), moving_room(1, 12, "office", bodies=2, pushed=2)
    assert torch.equal(first.room(5).mesh.vertices, again.room(5).mesh.vertices)
    people = LABELS.index("person"), LABELS.index("dog")
    assert set(people) & set(first.room(0).mesh.attributes["label"].unique().tolist())


def test_smooth_starts_and_stops() -> None:
    s = smooth(torch.linspace(0, 1, 101, dtype=torch.float64), 0.2, 0.7)
    assert float(s[20]) == 0
    assert float(s[70]) == pytest.approx(1)
    assert float(s[45]) == pytest.approx(0.5)
    assert float(s.diff().diff().abs().max()) < 0.003
    with pytest.raises(GeometryError, match=r"frame: expected 0\.\.11"):
        built(0, "living").room(12)
    with pytest.raises(GeometryError, match="frames"):
        moving_room(0, 1)
