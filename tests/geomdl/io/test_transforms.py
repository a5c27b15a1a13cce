"""transforms.json in the dialects of NeRF, instant-ngp and nerfstudio."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import PosedImage, PosedImages, load_transforms, save_transforms
from geomdl.io.images import encode_png
from geomdl.structures import Camera, Pose

EYE = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 4], [0, 0, 0, 1]]


def write(folder: Path, frames: Any = None, **shared: Any) -> Path:
    frames = [{"file_path": "a.png", "transform_matrix": EYE}] if frames is None else frames
    (folder / "t.json").write_text(json.dumps({**shared, "frames": frames}))
    (folder / "a.png").write_bytes(encode_png(torch.zeros(4, 8, 4)))
    return folder / "t.json"


def test_blender(tmp_path: Path) -> None:
    frames = [{"file_path": "./a", "transform_matrix": EYE, "rotation": 0.1}]
    image = load_transforms(write(tmp_path, frames, camera_angle_x=math.pi / 2))[0]
    assert image.path == tmp_path / "a.png"
    assert (image.camera.width, image.camera.height) == (8, 4)
    torch.testing.assert_close(
        image.camera.intrinsics, torch.tensor([[4.0, 0, 4], [0, 4, 2], [0, 0, 1]])
    )
    # the camera stands at z = 4, looks down -z with y up: what is above appears above
    pixels, depth = image.camera.project(torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]))
    torch.testing.assert_close(depth, torch.full((3,), 4.0))
    torch.testing.assert_close(pixels, torch.tensor([[4.0, 2], [5, 2], [4, 1]]))


def test_intrinsics_of_frames_win(tmp_path: Path) -> None:
    frames = [
        {"file_path": "a.png", "transform_matrix": EYE, "fl_x": 9.0, "w": 16, "k1": 0.1},
        {"file_path": "b.png", "transform_matrix": EYE[:3]},
    ]
    shared = {"fl_x": 5.0, "fl_y": 6.0, "cx": 3.5, "cy": 2.5, "w": 8.0, "h": 4, "p2": 0.01}
    first, second = load_transforms(write(tmp_path, frames, **shared)).images
    assert first.camera.intrinsics[0].tolist() == [9, 0, 3.5]
    assert first.camera.width == 16
    assert first.camera.distortion is not None
    torch.testing.assert_close(first.camera.distortion, torch.tensor([0.1, 0, 0, 0.01, 0]))
    assert second.camera.intrinsics[1].tolist() == [0, 6, 2.5]


def test_round_trip(tmp_path: Path) -> None:
    for equal in (True, False):
        images = []
        for i in range(3):
            pose = Pose.from_axis_angle(torch.tensor([0.3, i, 0.1]), torch.tensor([1.0, 2, i]))
            k = torch.tensor([[50.0 + (0 if equal else i), 0, 4.25], [0, 51, 2.125], [0, 0, 1]])
            bent = torch.tensor([0.1, 0.2, 0.01, 0.02, 0.3]) if i else None
            camera = Camera(k, pose, 8, 4, bent if not equal else None)
            images.append(PosedImage(tmp_path / "images" / f"{i}.png", camera))
        path = tmp_path / f"{equal}.json"
        save_transforms(path, PosedImages(tuple(images)))
        assert ("fl_x" in json.loads(path.read_text())) == equal
        found = load_transforms(path)
        for mine, theirs in zip(found.images, images, strict=True):
            assert mine.path == theirs.path
            torch.testing.assert_close(mine.camera.intrinsics, theirs.camera.intrinsics)
            torch.testing.assert_close(
                mine.camera.world_to_camera.matrix(), theirs.camera.world_to_camera.matrix()
            )
            assert (mine.camera.distortion is None) == (theirs.camera.distortion is None)
            if mine.camera.distortion is not None:
                torch.testing.assert_close(mine.camera.distortion, theirs.camera.distortion)
        with pytest.raises(GeometryError, match="exists already"):
            save_transforms(path, found)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"file_path": "../../x.png"}, "frame 0: refers to .* outside"),
        ({"file_path": "/etc/passwd"}, "frame 0: refers to .* outside"),
        ({"file_path": 3}, "frame 0: file_path: expected a name"),
        ({"transform_matrix": [1, 2]}, "frame 0: transform_matrix: expected 4 x 4"),
        ({"transform_matrix": [["a"] * 4] * 4}, "expected 4 x 4"),
        ({"transform_matrix": np.diag([2, 1, 1, 1]).tolist()}, "frame 0: .* no rigid motion"),
        ({"transform_matrix": [[float("nan")] * 4] * 4}, "transform_matrix: NaN"),
        ({"fl_x": "wide"}, "frame 0: fl_x: expected a number"),
        ({"fl_x": -3}, "frame 0: intrinsics: expected rows"),
        ({"w": 0}, "w, h: expected whole pixels"),
        ({"w": 8.5}, "w, h: expected whole pixels"),
        ({"camera_angle_x": 7.0, "fl_x": None}, "camera_angle: expected 0 < radians < pi"),
        ({"fl_x": None, "fl_y": None}, "expected fl_x or camera_angle_x"),
        ({"camera_model": "OPENCV_FISHEYE"}, "camera_model 'OPENCV_FISHEYE': expected one of"),
        ({"k4": 0.1}, "camera_model"),
    ],
)
def test_what_is_wrong_names_the_frame(tmp_path: Path, frame: dict[str, Any], message: str) -> None:
    whole = {"file_path": "a.png", "transform_matrix": EYE, "fl_x": 5.0, "w": 8, "h": 4}
    with pytest.raises(GeometryError, match=message) as caught:
        load_transforms(write(tmp_path, [{**whole, **frame}]))
    assert "t.json" in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    for text, message in (
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "expected a list of frames"),
        ('{"frames": []}', "expected a list of frames"),
        ('{"frames": [3]}', "frame 0: expected an object"),
    ):
        path.write_text(text)
        with pytest.raises(GeometryError, match=message):
            load_transforms(path)


def test_the_real_ones(data: Path) -> None:
    lego = load_transforms(data / "lego" / "transforms_train.json")
    assert len(lego) == 90
    assert lego[0].read().shape == (800, 800, 4)
    looks = lego.cameras
    torch.testing.assert_close(
        looks.centre.norm(dim=-1), torch.full((90,), 4.031128), atol=1e-3, rtol=0
    )
    pixels, depth = looks.project(torch.zeros(90, 1, 3))
    assert bool((depth > 3.9).all())
    torch.testing.assert_close(pixels, torch.full((90, 1, 2), 400.0), atol=1.0, rtol=0)
    fox = load_transforms(data / "fox" / "transforms.json")
    assert len(fox) == 45
    assert fox[0].camera.distortion is not None
    assert fox[0].read().shape == (1920, 1080, 3)
