"""Quick scans of rooms: points lie on what they are labelled as."""

import numpy as np
import pytest
import torch

from geomdl import ops
from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from scenes.build.home import LABELS, furnished_room
from scenes.build.room import Room
from scenes.scan import survey as s
from scenes.scan.sensor import PERFECT


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def room() -> Room:
    return furnished_room(3, "bedroom", clutter=0.5)


def test_points_lie_on_what_they_are_labelled_as(room: Room) -> None:
    found = s.survey(room, generator(), views=4, cell=0.05, sensor=PERFECT)
    mesh = room.mesh
    place, face, _ = ops.closest_point(mesh.vertices, mesh.faces, found.points)
    apart = (place - found.points).norm(dim=1)
    assert float(apart.median()) < 0.01
    assert float(apart.max()) < 0.05, "a mean within a cube of 5 cm"
    corner = mesh.faces[face, 0]
    for name, values in (("label", found.label), ("instance", found.instance)):
        same = (mesh.attributes[name][corner] == values).float().mean()
        assert float(same) > 0.93, name
    assert LABELS.index("wall") in found.label
    color = mesh.colors[corner]
    assert found.colors.dtype == torch.uint8
    linear = ((found.colors.float() / 255 + 0.055) / 1.055) ** 2.4
    assert np.corrcoef(linear.flatten(), color.flatten())[0, 1] > 0.7


def test_noise_is_that_of_a_depth_camera_and_cubes_hold_one_point(room: Room) -> None:
    found = s.survey(room, generator(), views=4, cell=0.05)
    place, _, _ = ops.closest_point(room.mesh.vertices, room.mesh.faces, found.points)
    apart = (place - found.points).norm(dim=1)
    assert 0.001 < float(apart.median()) < 0.02
    cells = torch.floor(found.points.double() / 0.05)
    assert len(cells.unique(dim=0)) == len(cells)


def test_the_same_seed_gives_the_same_bytes(room: Room) -> None:
    one, again = (s.survey(room, generator(7), views=2, cell=0.08) for _ in range(2))
    other = s.survey(room, generator(8), views=2, cell=0.08)
    for ours, theirs in zip(one, again, strict=True):
        assert torch.equal(ours, theirs)
    assert len(one.points) != len(other.points)


def test_views_are_from_free_places_in_all_directions(room: Room) -> None:
    poses = s.viewpoints(room, 24, generator())
    eyes = torch.stack([pose.inverse().translation for pose in poses])
    place, _, _ = ops.closest_point(room.mesh.vertices, room.mesh.faces, eyes)
    assert float((place - eyes).norm(dim=1).min()) > min(s.CLEARANCE)
    assert 1.0 <= float(eyes[:, 2].min()) <= float(eyes[:, 2].max()) <= 1.8
    ahead = torch.stack([p.inverse().apply(torch.tensor([[0.0, 0, 1]]))[0] for p in poses]) - eyes
    angle = torch.atan2(ahead[:, 1], ahead[:, 0]).sort().values
    assert float(angle.diff().max()) < 0.8
    sheet = torch.tensor([[0.0, -1, 0], [0.0, 1, 0], [0.0, 0, 9]])  # never farther than 5 cm
    mesh = Mesh(sheet, torch.tensor([[0, 1, 2]]))
    with pytest.raises(GeometryError, match="free places for a camera"):
        s.viewpoints(Room(mesh, LABELS, (0.1, 0.1, 2.0), {}), 5, generator())


def test_most_of_is_what_loops_count() -> None:
    rng = np.random.default_rng(0)
    values, index = rng.integers(0, 5, 300), np.r_[np.arange(40), rng.integers(0, 40, 260)]
    found = s.most_of(torch.from_numpy(values), torch.from_numpy(index), 40)
    for i in range(40):
        counts = np.bincount(values[index == i], minlength=5)
        assert counts[found[i]] == counts.max()
        assert found[i] == np.flatnonzero(counts == counts.max())[-1]
