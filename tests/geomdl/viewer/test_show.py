"""What `geomdl.show` makes of things: names, sequences, cameras, the page and the picture."""

import sys
import types
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

import geomdl
from geomdl.errors import GeometryError
from geomdl.render import look_at
from geomdl.structures import Camera, Mesh, PointCloud, Pose
from geomdl.viewer import show as module
from geomdl.viewer.look import Look
from geomdl.viewer.scene import Scene
from geomdl.viewer.show import scene_of, seen_from, show

SQUARE = Mesh(
    torch.tensor([[-1.0, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]]),
    torch.tensor([[0, 1, 2], [0, 2, 3]]),
)
CAMERA = look_at((0.0, -6.0, 0.0), (0.0, 0.0, 0.0), size=(120, 80))


class Page:
    """In place of the page's Viewer: remembers what it was given."""

    made: ClassVar["list[Page]"] = []

    def __init__(self, scene: Scene, look: Look, *, port: int) -> None:
        self.scene, self.look, self.url = scene, look, f"http://127.0.0.1:{port}"
        self.waited = self.stopped = False
        Page.made.append(self)

    def wait(self) -> None:
        self.waited = True

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were opened in a browser, with Page as the viewer."""
    addresses: list[str] = []
    stub = types.ModuleType("geomdl.viewer.page.server")
    monkeypatch.setattr(stub, "Viewer", Page, raising=False)
    monkeypatch.setitem(sys.modules, "geomdl.viewer.page.server", stub)
    monkeypatch.setattr(module.webbrowser, "open", addresses.append)
    Page.made.clear()
    return addresses


def test_items_have_different_names_and_keep_the_given_ones() -> None:
    cloud = PointCloud(torch.rand(5, 3))
    scene = scene_of([SQUARE, cloud, SQUARE, CAMERA])
    assert scene.names == ("mesh", "cloud", "mesh 2", "camera")
    assert scene_of([SQUARE, cloud], ["a", "a"]).names == ("a", "a 2")
    assert scene.up == "z"


def test_points_are_clouds_of_any_kind_of_number() -> None:
    points = [[0, 1, 2], [3, 4, 5]]
    for values in (torch.tensor(points), np.array(points), np.array(points, np.float32)[::-1]):
        shape = scene_of([values]).shape("cloud")
        assert isinstance(shape, PointCloud)
        assert shape.points.is_floating_point()
        assert shape.points.sum() == 15


def test_a_list_is_a_sequence_and_its_functions_are_called_late() -> None:
    calls: list[int] = []

    def second() -> Mesh:
        calls.append(1)
        return SQUARE

    scene = scene_of([[SQUARE, second], PointCloud(torch.rand(4, 3))])
    assert scene.frame_count == 2
    assert not calls
    assert scene.shape("mesh", 1) is SQUARE
    assert calls == [1]


def test_files_bring_their_name_and_what_is_up(tmp_path: Path) -> None:
    geomdl.save(tmp_path / "wall.glb", SQUARE)
    scene = scene_of([tmp_path / "wall.glb", SQUARE, str(tmp_path / "wall.glb")])
    assert scene.names == ("wall", "mesh", "wall 2")
    assert scene.up == "y"


@pytest.mark.parametrize(
    ("things", "names", "words"),
    [
        ((), None, "things: expected something"),
        ((SQUARE,), ["a", "b"], "names: expected 1"),
        ((3.5,), None, "got float"),
        (([],), None, "got list"),
        (([SQUARE, "a.ply"],), None, "got str"),
        ((torch.rand(5, 4),), None, "points"),
    ],
)
def test_what_cannot_be_shown_is_refused(things: tuple, names: list | None, words: str) -> None:
    with pytest.raises(GeometryError, match=words):
        scene_of(things, names)


def test_the_picture_is_taken_by_the_camera() -> None:
    plain = Look(color="#ff0000", color_by="plain", shading="none")
    image = np.asarray(show(SQUARE, camera=CAMERA, look=plain, page=False).convert("RGB"))
    assert image.shape == (80, 120, 3)
    corners, _ = CAMERA.project(SQUARE.vertices)
    low, high = corners.amin(0), corners.amax(0)
    rows, columns = np.nonzero((image[..., 1] < 128) & (image[..., 0] > 128))
    assert abs(columns.min() - float(low[0])) <= 1.5
    assert abs(columns.max() - float(high[0])) <= 1.5
    assert abs(rows.min() - float(low[1])) <= 1.5
    assert abs(rows.max() - float(high[1])) <= 1.5


def test_the_picture_without_a_camera_shows_everything() -> None:
    image = np.asarray(show(SQUARE, page=False, size=(90, 60)).convert("RGB")).astype(int)
    drawn = (np.abs(image - 255) > 20).any(-1)
    assert drawn.shape == (60, 90)
    assert drawn.mean() > 0.1
    assert not drawn[[0, -1]].any()
    assert not drawn[:, [0, -1]].any()


def test_the_page_looks_from_the_camera_at_what_it_sees() -> None:
    look = seen_from(scene_of([SQUARE]), Look(), CAMERA)
    assert look.eye == pytest.approx((0, -6, 0), abs=1e-5)
    assert look.target == pytest.approx((0, 0, 0), abs=1e-5)
    focal = float(CAMERA.intrinsics[1, 1])
    assert np.tan(np.radians(look.fov) / 2) == pytest.approx(40 / focal, rel=1e-5)
    away = look_at((0.0, -6.0, 0.0), (0.0, -9.0, 0.0))
    assert seen_from(scene_of([SQUARE]), Look(), away).target == pytest.approx((0, -7, 0), abs=1e-5)
    many = Camera.stack([CAMERA, CAMERA])
    with pytest.raises(GeometryError, match="got a batch"):
        seen_from(scene_of([SQUARE]), Look(), many)


def test_a_script_waits_and_a_prompt_goes_on(
    opened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "has_screen", lambda: True)
    monkeypatch.setattr(module, "at_prompt", lambda: False)
    shown = show(SQUARE, port=8123)
    assert Page.made[-1].waited
    assert opened == ["http://127.0.0.1:8123"]
    assert "http://127.0.0.1:8123" in capsys.readouterr().err
    assert repr(shown) == "Shown(http://127.0.0.1:8123)"
    monkeypatch.setattr(module, "at_prompt", lambda: True)
    show(SQUARE).stop()
    assert not Page.made[-1].waited
    assert Page.made[-1].stopped
    monkeypatch.setattr(module, "has_screen", lambda: False)
    show(SQUARE, wait=True)
    assert Page.made[-1].waited
    assert len(opened) == 2


def test_a_notebook_shows_the_page_below_the_cell(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    IPython = pytest.importorskip("IPython")
    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    frames: list[str] = []
    import IPython.display as displays

    monkeypatch.setattr(displays, "display", lambda frame: frames.append(frame._repr_html_()))
    show(SQUARE, port=8124, size=(100, 321))
    assert 'src="http://127.0.0.1:8124"' in frames[0]
    assert 'height="321"' in frames[0]
    assert not Page.made[-1].waited
    assert not opened


def test_a_linux_without_display_opens_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not module.has_screen()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert module.has_screen()
    monkeypatch.setattr(module.sys, "platform", "darwin")
    monkeypatch.delenv("WAYLAND_DISPLAY")
    assert module.has_screen()


def test_a_pose_without_its_camera_is_not_shown() -> None:
    with pytest.raises(GeometryError, match="got Pose"):
        scene_of([Pose.identity()])  # type: ignore[list-item]
