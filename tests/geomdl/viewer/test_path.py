"""The camera path passes its keyframes, moves smoothly between them and survives its files."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.viewer.path import CameraPath, Keyframe
from geomdl.viewer.viewpoint import Viewpoint


def view(eye, target, up=(0.0, 0.0, 1.0), fov=40.0) -> Viewpoint:
    return Viewpoint(tuple(map(float, eye)), tuple(map(float, target)), up, fov)


def wild(loop: bool = False, count: int = 5) -> CameraPath:
    g = torch.Generator().manual_seed(3)
    keys = []
    for _ in range(count):
        eye, target = torch.randn(2, 3, generator=g).tolist()
        seconds = float(torch.rand((), generator=g)) + 0.3
        keys.append(Keyframe(view(eye, target, fov=30 + 20 * seconds), seconds))
    return CameraPath(tuple(keys), loop)


def forward(v: Viewpoint) -> np.ndarray:
    d = np.subtract(v.target, v.eye)
    return d / np.linalg.norm(d)


@pytest.mark.parametrize("loop", [False, True])
def test_it_passes_every_keyframe_at_its_time(loop):
    path = wild(loop)
    time = 0.0
    for key in path.keyframes:
        got = path.at(time)
        np.testing.assert_allclose(got.eye, key.viewpoint.eye, atol=1e-6)
        np.testing.assert_allclose(got.target, key.viewpoint.target, atol=1e-6)
        assert got.fov == pytest.approx(key.viewpoint.fov)
        time += key.seconds
    expected = time if loop else time - path.keyframes[-1].seconds
    assert path.seconds == pytest.approx(expected)
    if loop:
        np.testing.assert_allclose(path.at(time).eye, path.keyframes[0].viewpoint.eye, atol=1e-6)


@pytest.mark.parametrize("loop", [False, True])
def test_no_jerk_at_keyframes(loop):
    """Velocity and turning rate are the same just before and just after each inner keyframe."""
    path = wild(loop)
    d = 1e-4
    time = 0.0
    last = path.keyframes if loop else path.keyframes[:-1]
    for key in last:
        time += key.seconds
        if not loop and key is last[-1]:
            break
        a, b = path.at(time - d), path.at(time)
        c = path.at(d if loop and key is last[-1] else time + d)
        for of in (lambda v: np.array(v.eye), forward):
            np.testing.assert_allclose((of(b) - of(a)) / d, (of(c) - of(b)) / d, atol=2e-2)


def test_a_straight_line_at_constant_speed_is_kept():
    keys = tuple(Keyframe(view((t, 0, 0), (t, 5, 0)), s) for t, s in ((0, 1), (1, 2), (3, 1)))
    path = CameraPath(keys)
    for t in (0.0, 0.3, 1.7, 2.9):
        np.testing.assert_allclose(path.at(t).eye, (t, 0, 0), atol=1e-6)
        np.testing.assert_allclose(path.at(t).target, (t, 5, 0), atol=1e-6)


def test_an_orbit_stays_on_its_circle():
    keys = tuple(
        Keyframe(view((2 * math.cos(a) + 1, 2 * math.sin(a), 1), (1, 0, 0)), 1.0)
        for a in (0, math.pi / 2, math.pi, 3 * math.pi / 2)
    )
    path = CameraPath(keys, loop=True)
    for i, got in enumerate(path.frames(10)):
        np.testing.assert_allclose(got.target, (1, 0, 0), atol=1e-6)
        x, y, z = got.eye
        assert math.hypot(x - 1, y) == pytest.approx(2, abs=1e-5)
        assert z == pytest.approx(1, abs=1e-5)
        assert math.atan2(y, x - 1) % (2 * math.pi) == pytest.approx(i * math.pi / 20, abs=1e-5)
        assert got.up == (0.0, 0.0, 1.0)


def test_turning_on_the_spot_stays_on_the_spot():
    around = [(math.cos(a), math.sin(a), 0) for a in (0, 1.5, 3.0)]
    path = CameraPath(tuple(Keyframe(view((0, 0, 0), d), 1.0) for d in around))
    for i, got in enumerate(path.frames(8)):
        np.testing.assert_allclose(got.eye, (0, 0, 0), atol=1e-9)
        np.testing.assert_allclose(
            got.target, (math.cos(i * 1.5 / 8), math.sin(i * 1.5 / 8), 0), atol=1e-6
        )


def test_it_rests_between_equal_keyframes():
    views = [view((0, -3, 0), (0, 0, 0)), *[view((2, -3, 1), (1, 0, 0))] * 2]
    path = CameraPath(tuple(Keyframe(v, 1.0) for v in [*views, view((4, 0, 0), (0, 1, 0))]))
    for t in (1.0, 1.3, 1.5, 1.9, 2.0):
        np.testing.assert_allclose(path.at(t).eye, (2, -3, 1), atol=1e-6)
        np.testing.assert_allclose(path.at(t).target, (1, 0, 0), atol=1e-6)


def test_a_roll_turns_up_by_slerp():
    tilted = (math.sin(1.0), 0.0, math.cos(1.0))
    keys = (Keyframe(view((0, -2, 0), (0, 0, 0))), Keyframe(view((0, -2, 0), (0, 0, 0), tilted)))
    np.testing.assert_allclose(
        CameraPath(keys).at(1.0).up, (math.sin(0.5), 0, math.cos(0.5)), atol=1e-6
    )


def test_looking_straight_down_is_possible():
    keys = (Keyframe(view((0, 0, 5), (0, 0, 0))), Keyframe(view((0, 5, 0), (0, 0, 0))))
    for got in CameraPath(keys).frames(4):
        assert np.isfinite([*got.eye, *got.target, *got.up]).all()


def test_frames_of_a_film():
    path = wild()
    frames = path.frames(24)
    assert len(frames) == round(path.seconds * 24) + 1
    assert frames[0].eye == pytest.approx(path.keyframes[0].viewpoint.eye, abs=1e-6)
    assert len(wild(True).frames(24)) == round(wild(True).seconds * 24)
    assert len(CameraPath(path.keyframes[:1]).frames(24)) == 1


def test_time_outside_stays_at_the_ends():
    path = wild()
    assert path.at(-1) == path.at(0)
    assert path.at(path.seconds + 9) == path.at(path.seconds)


def test_files_keep_everything(tmp_path: Path):
    path = wild(True)
    path.save(tmp_path / "path.json")
    assert CameraPath.load(tmp_path / "path.json") == path
    assert [p.name for p in tmp_path.iterdir()] == ["path.json"]


def test_nerfstudio_files(tmp_path: Path):
    """A camera at (1, 2, 3), looking along +x with z up, in OpenGL axes by rows."""
    shot = [0, 0, -1, 1, -1, 0, 0, 2, 0, 1, 0, 3, 0, 0, 0, 1]
    moved = [0, 0, -1, 1, -1, 0, 0, 4, 0, 1, 0, 3, 0, 0, 0, 1]
    content = {
        "camera_type": "perspective", "render_height": 4, "render_width": 4, "fps": 10,
        "seconds": 0.2, "keyframes": [],
        "camera_path": [
            {"camera_to_world": shot, "fov": 50, "aspect": 1},
            {"camera_to_world": moved, "fov": 60, "aspect": 1},
        ],
    }  # fmt: skip
    (tmp_path / "camera_path.json").write_text(json.dumps(content))
    path = CameraPath.load(tmp_path / "camera_path.json")
    first, last = path.frames(10)
    np.testing.assert_allclose(first.eye, (1, 2, 3))
    np.testing.assert_allclose(forward(first), (1, 0, 0), atol=1e-9)
    np.testing.assert_allclose(first.up, (0, 0, 1), atol=1e-9)
    assert (first.fov, last.fov) == pytest.approx((50, 60))
    np.testing.assert_allclose(last.eye, (1, 4, 3), atol=1e-9)
    assert path.seconds == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "cannot be understood|expected JSON"),
        ("{", "cannot be understood"),
        ("{}", "geomdl_path"),
        ('{"geomdl_path": 7}', "version"),
        ('{"geomdl_path": 1, "keyframes": []}', "at least one"),
        ('{"geomdl_path": 1, "keyframes": [{"eye": [0, 0]}]}', "cannot be understood|three"),
        ('{"camera_path": [{"camera_to_world": [1, 2], "fov": 3}]}', "16"),
        ('{"camera_path": []}', "16"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, text, said):
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(GeometryError, match=said) as error:
        CameraPath.load(tmp_path / "broken.json")
    assert "broken.json" in str(error.value)


def test_missing_files_and_bad_numbers(tmp_path: Path):
    with pytest.raises(GeometryError, match=r"gone\.json"):
        CameraPath.load(tmp_path / "gone.json")
    with pytest.raises(GeometryError, match="seconds"):
        Keyframe(view((0, 0, 0), (1, 0, 0)), 0.0)
    with pytest.raises(GeometryError, match="fps"):
        wild().frames(0)


def test_a_recording_keeps_few_keyframes_and_the_way():
    """An even flight is two keyframes; a curve is followed within the tolerance."""
    even = [(t / 10, view((t / 10, 0, 0), (t / 10, 4, 0))) for t in range(50)]
    assert len(CameraPath.recorded(even).keyframes) == 2
    curve = [
        (7 + t / 20, view((3 * math.cos(t / 30), 3 * math.sin(t / 15), 1), (0, 0, 0)))
        for t in range(200)
    ]
    path = CameraPath.recorded(curve, tolerance=0.02)
    assert 5 < len(path.keyframes) < 50
    assert path.seconds == pytest.approx(199 / 20)
    for time, truth in curve:
        got = path.at(time - 7)
        reach = np.linalg.norm(np.subtract(truth.target, truth.eye))
        assert np.linalg.norm(np.subtract(got.eye, truth.eye)) < 0.021 * reach


def test_a_recording_needs_ascending_times():
    v = view((0, 0, 0), (1, 0, 0))
    with pytest.raises(GeometryError, match="ascending"):
        CameraPath.recorded([(1.0, v), (1.0, v)])
