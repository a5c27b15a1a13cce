"""A film has the frames of the path, and ends when it is to."""

import subprocess
from pathlib import Path

import pytest

from geomdl.errors import GeometryError
from geomdl.render.video import ffmpeg
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.filming import Filming
from geomdl.viewer.path import CameraPath, Keyframe
from geomdl.viewer.viewpoint import Viewpoint
from tests.geomdl.viewer.page.visitor import Visitor, ball, scene_of

VIEWS = [Viewpoint((x, -5.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 40.0) for x in (0.0, 2.0)]
PATH = CameraPath((Keyframe(VIEWS[0], 0.5), Keyframe(VIEWS[1])))


def make() -> tuple[Visitor, Filming]:
    try:
        ffmpeg()
    except GeometryError as error:
        pytest.skip(str(error))
    visitor = Visitor(scene_of(ball()))
    filming = Filming(Controls(visitor), lambda: PATH)
    filming.size.value, filming.fps.value = (32.0, 24.0), 10
    return visitor, filming


def test_a_film_of_the_path(tmp_path: Path):
    visitor, filming = make()
    filming.toggle()
    (tmp_path / "film.mp4").write_bytes(visitor.files["a_film.mp4"])
    said = subprocess.run(
        [
            ffmpeg(),
            "-i",
            tmp_path / "film.mp4",
            "-map",
            "0:v",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ],
        capture_output=True,
        check=True,
    )
    assert len(said.stdout) == 6 * 32 * 24 * 3
    assert filming.button.label == "Film"
    assert not filming.done.visible


def test_the_button_ends_it():
    visitor, filming = make()
    visitor.left = True
    filming.toggle()
    assert visitor.files == {}
    assert filming.button.label == "Film"


def test_no_path_no_film():
    visitor, _ = make()

    def none() -> CameraPath:
        raise GeometryError("path: it has no keyframe yet")

    filming = Filming(Controls(visitor), none)
    with pytest.raises(GeometryError, match="keyframe"):
        filming.toggle()
    assert filming.button.label == "Film"
