import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.images import read_image
from geomdl.io.posed import PosedImage, PosedImages
from geomdl.structures import Camera, Pose
from geomdl.viewer import cameras
from geomdl.viewer.drawing import Photo
from geomdl.viewer.look import Look
from geomdl.viewer.opening import open_scene
from geomdl.viewer.scene import Item, Scene


def line(count: int, step: float = 1.0, size: tuple[int, int] = (40, 30)) -> list[Camera]:
    """Cameras beside each other along x."""
    poses = [Pose(torch.eye(3), torch.tensor([-step * i, 0.0, 0.0])) for i in range(count)]
    return [Camera.from_fov(*size, 1.0, pose) for pose in poses]


def pictures(folder: Path, each: list[Camera], mode: str = "RGB") -> PosedImages:
    """Left half red, right half green, in the size of the camera."""
    images = []
    for number, camera in enumerate(each):
        values = np.zeros((camera.height, camera.width, 4), np.uint8)
        values[:, : camera.width // 2] = (255, 0, 0, 255)
        values[:, camera.width // 2 :] = (0, 255, 0, 128)
        path = folder / f"{number}.png"
        Image.fromarray(values).convert(mode).save(path)
        images.append(PosedImage(path, camera))
    return PosedImages(tuple(images))


def drawn(posed: PosedImages | Camera, look: Look | None = None, **extent: float) -> list[Photo]:
    scene = Scene([Item("c", (posed,))])
    parts = cameras.camera_parts(scene, "c", posed, look or Look(), extent=extent.get("extent"))
    assert all(isinstance(part, Photo) and part.item == "c" for part in parts)
    return [part for part in parts if isinstance(part, Photo)]


def test_a_pyramid_for_every_camera(tmp_path: Path) -> None:
    each = line(3)
    parts = drawn(pictures(tmp_path, each))
    assert [part.name for part in parts] == ["c/camera 0", "c/camera 1", "c/camera 2"]
    assert [part.camera.centre.tolist() for part in parts] == [[0, 0, 0], [1, 0, 0], [2, 0, 0]]
    image = parts[0].image
    assert image is not None
    assert image.shape == (30, 40, 3)
    assert image[0, 0].tolist() == [1, 0, 0]
    assert image[0, -1].tolist() == [0, 1, 0]


def test_batches_of_cameras_have_no_photographs() -> None:
    stacked = Camera.stack(line(4))
    assert [part.image for part in drawn(stacked)] == [None] * 4
    twice = Camera.stack([stacked, stacked])
    assert len(drawn(twice)) == 8
    assert len(drawn(line(1)[0])) == 1


def test_the_look_decides(tmp_path: Path) -> None:
    posed = pictures(tmp_path, line(2))
    assert drawn(posed, Look(cameras=False)) == []
    assert [part.image for part in drawn(posed, Look(photos=False))] == [None, None]
    assert [part.size for part in drawn(posed, Look(camera_size=0.7))] == [0.7, 0.7]
    shown, bare = drawn(posed)[0].key, drawn(posed, Look(photos=False))[0].key
    assert shown != bare
    assert shown == drawn(posed, Look(color="#000000"))[0].key


def test_photographs_are_read_once(tmp_path: Path) -> None:
    posed = pictures(tmp_path, line(2))
    scene = Scene([Item("c", (posed,))])
    first = cameras.camera_parts(scene, "c", posed, Look())
    for image in posed.images:
        image.path.unlink()
    again = cameras.camera_parts(scene, "c", posed, Look(camera_size=2.0))
    assert isinstance(first[0], Photo)
    assert isinstance(again[0], Photo)
    assert first[0].image is again[0].image


def test_large_photographs_become_small_and_stay_the_same(tmp_path: Path) -> None:
    camera = Camera.from_fov(1200, 800, 1.0)
    wave = torch.linspace(0, 1, 1200).expand(800, 1200)
    values = torch.stack([wave, 1 - wave, wave * 0], 2)
    for ending, tolerance in (("png", 0.01), ("jpg", 0.03)):
        path = tmp_path / f"large.{ending}"
        Image.fromarray((values * 255).byte().numpy()).save(path)
        small = cameras.read_photo(PosedImage(path, camera), 300)
        assert small.shape == (200, 300, 3)
        expected = torch.nn.functional.avg_pool2d(values.movedim(2, 0), 4).movedim(0, 2)
        assert (small - expected)[:, 4:-4].abs().max() < tolerance


def test_a_smaller_copy_with_the_same_proportions_will_do(tmp_path: Path) -> None:
    posed = pictures(tmp_path, line(1))
    half = PosedImage(posed[0].path, posed[0].camera.resized(80, 60))
    assert cameras.read_photo(half, 100).shape == (30, 40, 3)
    turned = PosedImage(posed[0].path, posed[0].camera.resized(30, 40))
    with pytest.raises(GeometryError, match="proportions of the camera, 30x40, got 40x30"):
        cameras.read_photo(turned, 100)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    (part,) = drawn(pictures(tmp_path, line(1), "RGBA"))
    assert part.image is not None
    assert part.image[0, 0].tolist() == [1, 0, 0]
    assert torch.allclose(part.image[0, -1], torch.tensor([127, 255, 127]) / 255, atol=0.01)


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_pictures_of_other_kinds(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    if mode == "I;16":
        Image.fromarray(np.full((30, 40), 32768, np.uint16)).save(path)
    else:
        Image.fromarray(np.full((30, 40), 128, np.uint8)).convert(mode).save(path)
    image = cameras.read_photo(PosedImage(path, line(1)[0]), 100)
    assert image.shape == (30, 40, 3)
    assert torch.allclose(image, torch.tensor(0.5), atol=0.01)


def test_broken_photographs_are_left_out_with_one_warning(tmp_path: Path) -> None:
    posed = pictures(tmp_path, line(3))
    posed[0].path.unlink()
    posed[2].path.write_bytes(b"broken")
    with pytest.warns(UserWarning, match=r"2 of 3 photographs are left out: .*0\.png") as caught:
        parts = drawn(posed)
    assert len(caught) == 1
    assert [part.image is None for part in parts] == [True, False, True]


def test_pyramids_hardly_touch() -> None:
    assert cameras.pyramid_size(line(10, 0.5)) == pytest.approx(0.5)
    # Close together in a large scene they are large enough to be seen, ...
    assert cameras.pyramid_size(line(10, 1e-3), 50.0) == pytest.approx(2.0)
    # ... and far apart they do not fill it.
    assert cameras.pyramid_size(line(2, 30.0), 36.0) == pytest.approx(3.0)
    assert cameras.pyramid_size(line(1), 12.0) == pytest.approx(1.0)
    assert cameras.pyramid_size(line(1)) == 1.0
    assert cameras.pyramid_size(line(1) * 3, 12.0) == pytest.approx(1.0)


def test_the_cameras_of_all_frames_have_one_size() -> None:
    each = line(5, 0.5)
    scene = Scene([Item("c", tuple(each))])
    sizes = set()
    for frame, camera in enumerate(each):
        (part,) = cameras.camera_parts(scene, "c", camera, Look(frame=frame))
        assert isinstance(part, Photo)
        assert part.camera.centre.tolist() == [0.5 * frame, 0, 0]
        sizes.add(part.size)
    assert len(sizes) == 1
    assert sizes.pop() == pytest.approx(1 / 3)  # a 12th of twice 2 m


@pytest.mark.parametrize("count", [1, 10, 200, 5000])
def test_many_photographs_are_small(count: int) -> None:
    longest = cameras.longest_side(count)
    assert 96 <= longest <= 480
    assert count * longest**2 * 12 < 100e6 or longest == 96


def test_the_real_fox(data: Path) -> None:
    scene = open_scene([data / "fox"])
    posed = scene.shape("fox")
    assert isinstance(posed, PosedImages)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts = cameras.camera_parts(scene, "fox", posed, Look())
    assert len(parts) == 45
    first = parts[0]
    assert isinstance(first, Photo)
    assert isinstance(first.image, Tensor)
    assert first.image.shape[0] / first.image.shape[1] == pytest.approx(1920 / 1080, rel=0.01)
    whole = read_image(posed[0].path)
    assert torch.allclose(whole.mean((0, 1)), first.image.mean((0, 1)), atol=0.01)
