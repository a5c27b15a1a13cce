"""Lanes see their own scenes; a library makes a scene once and travels as its maker."""

import dataclasses
import pickle

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from geomdl.ops.rasterize import rasterize
from geomdl.render.shade import lit
from geomdl.structures.srgb import to_srgb
from scenes.envs.batch_view import NEAR, BatchView, Body, Lens, Library, library_of, looking

LENS = Lens(size=24, opening=80.0, far=8.0)
MADE: list[int] = []


@dataclasses.dataclass(frozen=True)
class Walls:
    """A wall at x = number + 1, label number + 5."""

    def __call__(self, number: int) -> Body:
        MADE.append(number)
        x = float(number + 1)
        corners = torch.tensor([[x, -60, -60], [x, 60, -60], [x, 60, 60], [x, -60, 60]])
        faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
        label = torch.full((2,), number + 5, dtype=torch.uint8)
        return Body(corners, faces, label, torch.full((2, 3), 0.5))


def view_of(numbers: list[int]) -> BatchView:
    view = BatchView(Library(Walls()), LENS, len(numbers))
    view.scene[:] = numbers
    eye, ahead = np.zeros((len(numbers), 3)), np.tile([1.0, 0.0, 0.0], (len(numbers), 1))
    view.world_to_camera = looking(eye, ahead)
    return view


def test_depth_labels_and_bytes():
    view = view_of([3, 0, 9, 3])
    MADE.clear()
    depth, face = view.look(np.arange(4))
    assert sorted(MADE) == [0, 3, 9]
    for lane, x in enumerate([4.0, 1.0, 10.0, 4.0]):
        torch.testing.assert_close(depth[lane], torch.full((24, 24), x))
        assert (view.labels(face)[lane] == x + 4).all()
    bytes_ = view.depth_bytes(depth)
    assert [int(b.max()) for b in bytes_] == [128, 32, 255, 128]
    some, _ = view.look(np.array([2]))
    assert torch.equal(some[0], depth[2])
    view.scene[1] = 1  # another scene later on
    assert float(view.look(np.array([1]))[0].mean()) == pytest.approx(2.0)
    assert sorted(MADE) == [0, 1, 3, 9]


def test_nothing_is_seen_as_far_and_label_0():
    view = view_of([0, 1])
    view.world_to_camera = looking(np.zeros((2, 3)), np.tile([-1.0, 0.0, 0.0], (2, 1)))
    depth, face = view.look(np.arange(2))
    assert (view.depth_bytes(depth) == 255).all()
    assert (view.labels(face) == 0).all()
    assert view.picture(0, 16).shape == (16, 32, 3)


def test_colours_are_those_of_each_lane_and_its_light():
    view = view_of([3, 0, 1])
    view.world_to_camera[2] = looking(np.zeros((1, 3)), np.array([[-1.0, 0.0, 0.0]]))[0]
    lanes = np.array([2, 0])
    _, face = view.look(lanes)
    image = view.colors(lanes, face)
    assert (image.shape, image.dtype) == ((2, 24, 24, 3), np.uint8)
    assert np.array_equal(image[1], view.shot(0, 24)[0].numpy())
    assert (image[0] == image[0, 0, 0]).all()  # nothing is there
    normal = torch.tensor([0.0, 0.0, -1.0]).expand(1, 3)  # of the wall, towards the camera
    middle = torch.tensor([[0.5 / 24 * 2 * np.tan(np.radians(40.0))] * 2 + [1.0]]).float()
    one = torch.ones(1, 1)
    want = to_srgb(lit(torch.full((1, 3), 0.5), normal, middle, one, one)) * 255
    assert np.abs(image[1, 12, 12] - want[0].numpy()).max() <= 0.51


def test_looking_is_a_camera_that_looks_there():
    rng = np.random.default_rng(0)
    eye, ahead = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    pose = looking(eye, ahead)
    turn, step = pose[:, :, :3], pose[:, :, 3]
    np.testing.assert_allclose(
        turn @ turn.transpose(0, 2, 1), np.tile(np.eye(3), (5, 1, 1)), atol=1e-12
    )
    assert (np.linalg.det(turn) > 0).all()
    target = np.einsum("lij,lj->li", turn, eye + 2 * ahead) + step
    np.testing.assert_allclose(target[:, :2], 0, atol=1e-12)
    np.testing.assert_allclose(target[:, 2], 2 * np.linalg.norm(ahead, axis=1))
    above = np.einsum("lij,lj->li", turn, eye + np.array([0.0, 0.0, 1.0])) + step
    assert (above[:, 1] < 0).all()  # up in the world is up in the picture


def test_agrees_with_the_rasteriser_in_a_room():
    from scenes.envs.object_goal import Rooms

    library = library_of(Rooms(0, 0.0))
    view = BatchView(library, LENS, 2)
    eye, ahead = np.array([[0.1, 0.2, 1.2]] * 2), np.array([[1.0, 0.3, -0.2], [-0.5, 1.0, 0.1]])
    view.world_to_camera = looking(eye, ahead)
    depth, _ = view.look(np.arange(2))
    body = library.body(0)
    for lane in range(2):
        pose = torch.from_numpy(view.world_to_camera[lane])
        seen = body.vertices.double() @ pose[:, :3].T + pose[:, 3]
        truth = rasterize(seen, body.faces, LENS.intrinsics(), 24, 24, NEAR)[1][0]
        assert torch.isclose(depth[lane].double(), truth, rtol=1e-3).double().mean() > 0.99


def test_a_library_travels_as_its_maker():
    library = library_of(Walls())
    library.body(2)
    assert pickle.loads(pickle.dumps(library)) is library
    assert library_of(Walls()) is library
    assert len(pickle.dumps(library)) < 500


def test_bad_lenses_are_refused():
    with pytest.raises(InputError, match="opening"):
        Lens(64, 180.0, 5.0)
    with pytest.raises(InputError, match="far"):
        Lens(64, 90.0, 0.0)
    with pytest.raises(InputError, match="lanes"):
        BatchView(Library(Walls()), LENS, 0)
