"""Pictures are saved, links and commands are copied."""

import io

import numpy as np
import pytest
from PIL import Image

from geomdl.viewer.look import Look
from geomdl.viewer.page import script, sharing
from geomdl.viewer.page.controls import Controls
from tests.geomdl.viewer.page.visitor import Visitor, ball, scene_of


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Visitor:
    made = Visitor(scene_of(ball()), Look(color="#ff0000", background="#0000ff"))
    monkeypatch.setattr(script, "run", lambda client, source: made.ran.append(source))
    made.controls = Controls(made)
    sharing.build(made.controls)
    return made


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_render_has_the_size_and_the_look(visitor):
    sharing.render(visitor.controls, (48, 32))
    pixels = opened(visitor.files["a_render.png"])
    assert pixels.shape == (32, 48, 3)
    assert tuple(pixels[0, 0]) == (0, 0, 255)
    red, green, blue = pixels[16, 24].astype(int)
    assert red > 100 > max(green, blue)


def test_a_screenshot_lies_on_the_background(visitor):
    picture = np.zeros((40, 60, 4), np.uint8)
    picture[:20] = (255, 255, 0, 255)
    visitor.client.get_render = lambda height, width, **_: picture[:height, :width]
    sharing.screenshot(visitor.controls)
    pixels = opened(visitor.files["a_page.png"])
    assert tuple(pixels[0, 0]) == (255, 255, 0)
    assert tuple(pixels[39, 0]) == (0, 0, 255)


def test_a_screenshot_may_be_transparent(visitor):
    visitor.change(background="none")
    visitor.client.get_render = lambda *_, **__: np.zeros((40, 60, 4), np.uint8)
    sharing.screenshot(visitor.controls)
    assert opened(visitor.files["a_page.png"]).shape == (40, 60, 4)


def test_copies(visitor):
    sharing.copy_link(visitor.controls)
    assert visitor.link() in visitor.notes[-1][1]
    assert "clipboard" in visitor.ran[-1]
    sharing.copy_command(visitor.controls)
    assert visitor.notes[-1][1].startswith("geomdl render")
    assert "#ff0000" in visitor.ran[-1]


def test_words_cannot_leave_their_string(visitor):
    """A file name with quotes stays a string of the script."""
    sharing.copy(visitor.controls, '"); alert(1); ("', "x")
    assert '"\\"); alert(1); (\\""' in visitor.ran[-1]


def test_two_views(visitor):
    link = "http://127.0.0.1:8080/?initialCameraFov=0.7&look=%7B%7D"
    assert sharing.beside_of(link) == (
        "http://127.0.0.1:8080/beside?initialCameraFov=0.7&look=%7B%7D"
    )
    sharing.beside(visitor.controls)
    assert "/beside" in visitor.ran[-1]


def test_file_names():
    assert sharing.file_stem(("my scan/1.ply",)) == "my_scan_1.ply"
    assert sharing.file_stem(("..",)) == "scene"
    assert sharing.file_stem(()) == "scene"
