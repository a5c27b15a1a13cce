"""Fragments of procedural rooms, as pairs to train on."""

import pytest
import torch

from core2d.errors import InputError
from scenes.build.home import furnished_room
from scenes.datasets import room_fragments as r
from scenes.datasets.fragments import Fragments

QUICK = {"views": 4, "cell": 0.08}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Fragments:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOMDL_CACHE", str(tmp_path_factory.mktemp("cache")))
        first = r.room_fragments(0, **QUICK)
        patch.setattr(r, "furnished_room", lambda *_: pytest.fail("furnished again"))
        again = r.room_fragments(0, **QUICK)
    assert all(torch.equal(value, vars(again)[name]) for name, value in vars(first).items())
    return first


def test_fragments_are_what_a_camera_saw_of_the_room(made: Fragments) -> None:
    assert len(made) == 4
    mesh = furnished_room(r.seed_of("room fragments", 0, 0) % 2**31).mesh
    low, high = mesh.vertices.amin(0) - 0.3, mesh.vertices.amax(0) + 0.3
    for number in range(4):
        points, normals = made.item(number)
        assert len(points) > 200
        assert float((points[:, 2] > 0).float().mean()) > 0.99  # in front of the camera
        assert bool(((normals * points).sum(1) <= 1e-5).all())  # which they look at
        places = made.places(number)
        assert bool(((places > low) & (places < high)).all())


def test_fragments_share_surface_but_no_point(made: Fragments) -> None:
    assert torch.equal(made.overlap, made.overlap.T)
    exact = "donot_use_mm_for_euclid_dist"
    apart = torch.cdist(made.places(0), made.places(1), compute_mode=exact)
    assert float(apart.min()) > 0


def test_pairs_lie_in_one_room(made: Fragments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(r, "room_fragments", lambda number, seed: made)
    one, two = (r.room_pairs(n, least=0.02, voxel=0.2, noise=0.01) for n in (1, 2))
    assert len(one) > 0
    assert torch.equal(two.pairs, torch.cat([one.pairs, one.pairs + 4]))
    assert (two.voxel, two.noise) == (0.2, 0.01)


def test_bad_numbers_are_named() -> None:
    with pytest.raises(InputError, match="rooms"):
        r.room_pairs(0)
    with pytest.raises(InputError, match="number"):
        r.room_fragments(-1)
    with pytest.raises(InputError, match="views"):
        r.room_fragments(0, views=1)
