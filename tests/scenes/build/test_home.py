import functools
import itertools

import pytest
import torch

from geomdl.errors import GeometryError
from scenes.build.home import LABELS, ROOMS, S3DIS, SCANNET, Home, furnish, furnished_room


@functools.cache
def built(seed: int, kind: str) -> Home:
    return furnish(seed, kind)


CASES = [(seed, kind) for kind in ROOMS for seed in range(2)]


@pytest.mark.parametrize(("seed", "kind"), CASES)
def test_rooms_are_within_their_walls_and_labelled(seed: int, kind: str) -> None:
    home = built(seed, kind)
    room = home.room()
    x, y, z = room.size
    low, high = room.mesh.bounds
    slack = torch.tensor([0.01, 0.01, 0.01])
    assert bool((low >= torch.tensor([-x / 2, -y / 2, 0.0]) - slack).all())
    assert bool((high <= torch.tensor([x / 2, y / 2, z]) + slack).all())
    label, instance = room.mesh.attributes["label"], room.mesh.attributes["instance"]
    for number, item in enumerate(home.things):
        assert {LABELS[i] for i in label[instance == number].tolist()} == {item.label}
    assert {"floor", "wall", "ceiling", "door"} <= {item.label for item in home.things}
    assert room.mesh.colors is not None


@pytest.mark.parametrize(("seed", "kind"), CASES)
def test_furniture_does_not_overlap(seed: int, kind: str) -> None:
    """But for chairs, whose seats reach under the table that they stand at."""
    home = built(seed, kind)
    for (i, a), (j, b) in itertools.combinations(home.floor.items(), 2):
        names = {home.things[i].label, home.things[j].label}
        if not ("chair" in names and names & {"table", "desk"}):
            wide, deep = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            assert min(wide, deep) < 1e-4


@pytest.mark.parametrize(("seed", "kind"), CASES)
def test_nothing_floats(seed: int, kind: str) -> None:
    """What does not stand on the floor hangs on a wall or the ceiling, or lies on something."""
    home = built(seed, kind)
    hung = {"ceiling", "window", "picture", "curtain", "mirror", "board", "clock", "lamp"}
    tops = [
        (item.place[2] + top[4]) for item in home.things for top in item.tops
    ]  # heights of all tops
    for item in home.things:
        if item.label in hung | {"cabinet", "radiator"}:
            continue
        low = item.box[0][2]
        assert low < 0.02 or min(abs(low - z) for z in tops) < 1e-3


def test_there_are_many_kinds_of_furniture() -> None:
    small = LABELS[LABELS.index("box") :]
    shell = {"floor", "wall", "ceiling", "door", "window", "curtain", "picture"}
    seen = {item.label for seed, kind in CASES for item in built(seed, kind).things}
    assert len(seen - shell - set(small)) >= 20
    assert len(seen & set(small)) >= 8


def test_one_seed_is_one_room() -> None:
    first, again = furnished_room(3), furnished_room(3)
    assert torch.equal(first.mesh.vertices, again.mesh.vertices)
    assert torch.equal(first.mesh.colors, again.mesh.colors)  # type: ignore[arg-type]
    assert torch.equal(first.mesh.faces, again.mesh.faces)
    assert furnished_room(4).size != first.size
    assert len({furnish(seed, clutter=0.0).kind for seed in (0, 2, 6, 9, 10)}) == 5


def test_clutter_and_detail() -> None:
    small = set(LABELS[LABELS.index("box") :]) | {"plant"}
    bare, full = furnish(1, "office", clutter=0.0), furnish(1, "office", clutter=2.0)
    counts = [sum(item.label in small for item in home.things) for home in (bare, full)]
    assert counts[0] <= 6 < counts[1]
    fine = furnished_room(1, "bath", detail=0.1).mesh
    floor = fine.attributes["label"] == LABELS.index("floor")
    assert fine.colors is not None
    assert len(fine.colors[floor].unique(dim=0)) > 50


def test_tables_of_other_data_sets_name_our_classes() -> None:
    assert set(SCANNET) | set(S3DIS) <= set(LABELS)
    assert len(set(SCANNET.values())) == 19  # no shower curtain
    assert len(set(S3DIS.values())) == 10  # no beam and column; the rest is clutter


def test_bad_arguments_are_named() -> None:
    with pytest.raises(GeometryError, match="kind: expected one of bath"):
        furnish(0, "castle")
    with pytest.raises(GeometryError, match="clutter"):
        furnish(0, clutter=-1.0)
    with pytest.raises(GeometryError, match="detail"):
        furnish(0, detail=0.0)
