"""A flight that is made, flown, saved, read again and filmed; a page in one file."""

import json
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from geomdl.viewer.page.export import export_page
from geomdl.viewer.page.session import Session
from geomdl.viewer.path import CameraPath
from geomdl.viewer.scene import Scene
from tests.geomdl.viewer.page.conftest import FRONT, Serving, wait_for_picture, wait_until
from tests.geomdl.viewer.page.test_browser_controls import press
from tests.geomdl.viewer.page.test_browser_draws import blueness, redness
from tools.browser import settled, visit

pytestmark = pytest.mark.xdist_group("browser")


def far(session: Session, place: tuple[float, float, float]) -> float:
    return float(np.linalg.norm(np.subtract(session.viewpoint().eye, place)))


def saved(page: Page, button: str) -> Path:
    """What a press of a button downloads."""
    with page.expect_download(timeout=150_000) as waiting:
        page.get_by_role("button", name=button, exact=True).click()
    return Path(waiting.value.path())


def test_a_path_is_made_flown_saved_read_and_filmed(
    chromium: Browser, serve: Serving, balls: Scene
) -> None:
    viewer = serve(balls, FRONT)
    page = visit(chromium, viewer.url, size=(900, 800))
    settled(page)
    session = wait_for_picture(viewer)
    page.get_by_role("tab", name="Path").click()
    assert not page.get_by_role("button", name="Fly").is_visible(), "nowhere to fly yet"
    press(page, "k")
    page.get_by_text("1 at 0.0 s").wait_for(state="attached")
    begin = session.viewpoint().eye
    press(page, "3")
    wait_until(lambda: far(session, begin) > 5)
    press(page, "k")
    page.get_by_role("button", name="Fly").wait_for()
    end = session.viewpoint().eye

    path = CameraPath.from_json(saved(page, "save").read_bytes())
    assert len(path.keyframes) == 2
    assert path.keyframes[0].viewpoint.eye == pytest.approx(begin, abs=1e-3)
    assert path.keyframes[1].viewpoint.eye == pytest.approx(end, abs=1e-3)

    seen: list[tuple[float, float, float]] = []
    session.on_camera(lambda view: seen.append(view.eye))
    page.get_by_role("button", name="Fly").click()
    wait_until(lambda: far(session, begin) < 1)
    wait_until(lambda: far(session, end) < 0.01)
    between = [min(np.linalg.norm(np.subtract(eye, e)) for e in (begin, end)) for eye in seen]
    assert max(between) > 2, "it went there, and did not jump"

    page.get_by_role("button", name="clear", exact=True).click()
    page.get_by_role("button", name="Fly").wait_for(state="hidden")
    short = json.loads(path.to_json())
    for keyframe in short["keyframes"]:
        keyframe["seconds"] = 0.1
    with page.expect_file_chooser() as waiting:
        page.get_by_role("button", name="Load a path").click()
    file = {"name": "p.json", "mimeType": "application/json", "buffer": json.dumps(short).encode()}
    waiting.value.set_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Fly").wait_for()
    film = saved(page, "Film")
    frames = imageio_ffmpeg.read_frames(str(film))
    meta = next(frames)
    assert meta["size"] == (960, 540)
    pictures = list(frames)
    assert len(pictures) == pytest.approx(0.1 * 24 + 1, abs=1)
    first = np.frombuffer(pictures[0], np.uint8).reshape(540, 960, 3)
    assert redness(first).any()
    assert blueness(first).any()


def test_an_exported_page_shows_the_scene_without_a_server(
    chromium: Browser, balls: Scene, tmp_path: Path
) -> None:
    file = tmp_path / "balls.html"
    export_page(balls, FRONT.replace(hide=("blue",)), file)
    page = visit(chromium, file.as_uri(), size=(800, 600))
    picture = settled(page, lambda seen: bool(redness(seen).sum() > 500))
    assert not blueness(picture).any()
    _, columns = np.nonzero(redness(picture))
    assert columns.mean() < picture.shape[1] / 2, "the red ball is the left one"
