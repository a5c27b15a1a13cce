"""A visitor's hands: buttons, keys, clicks and the mouse on the page."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from geomdl.viewer.scene import Item, Scene
from tests.geomdl.viewer.page.conftest import FRONT, Serving, wait_for_picture, wait_until
from tests.geomdl.viewer.page.test_browser_draws import blueness, redness
from tools.browser import CANVAS, settled, shot, visit

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def page(chromium: Browser, serve: Serving, balls: Scene) -> Page:
    """The two balls from the front, with the panel built."""
    opened = visit(chromium, serve(balls, FRONT).url, size=(800, 700))
    opened.get_by_role("tab", name="Look").wait_for()
    settled(opened)  # the panel has taken its place beside the canvas
    return opened


def press(page: Page, key: str) -> None:
    """A key on the page, with the focus on the scene."""
    page.locator(CANVAS).hover(position={"x": 5, "y": 5})
    page.keyboard.press(key)


def test_a_file_is_hidden_by_its_button_and_shown_again(page: Page) -> None:
    before = shot(page)
    row = page.get_by_role("button", name="blue")
    row.click()
    without = settled(page, lambda seen: not blueness(seen).any())
    assert redness(without).sum() == redness(before).sum()
    row.click()
    settled(page, lambda seen: bool(blueness(seen).sum() == blueness(before).sum()))


def test_keys_cut_colour_and_turn(page: Page, serve: Serving) -> None:
    session = wait_for_picture(serve.viewers[-1])
    before = shot(page)
    press(page, "z")
    settled(page, lambda seen: bool(redness(seen).sum() < 0.55 * redness(before).sum()))
    assert session.look.clip == ("z<50%",)
    press(page, "u")
    settled(page, lambda seen: bool(redness(seen).sum() > 0.98 * redness(before).sum()))
    press(page, "f")
    wait_until(lambda: session.look.wireframe == "over")
    press(page, "3")  # from the left: one ball hides the other
    settled(page, lambda seen: bool(redness(seen).any()) and not blueness(seen).any())


def test_a_click_tells_what_is_there(page: Page) -> None:
    page.get_by_role("tab", name="Pick").click()
    rows, columns = np.nonzero(redness(shot(page)))
    place = {"x": float(columns.mean()), "y": float(rows.mean())}
    page.locator(CANVAS).click(position=place)  # type: ignore[arg-type]
    told = page.locator(".geomdl-pick")
    told.wait_for()
    page.wait_for_timeout(1500)  # until the status has been written anew
    words = told.inner_text().replace("\N{MINUS SIGN}", "-")
    assert "red" in words
    x, y, z = (float(v) for v in words.split("position")[1].split()[:3])
    assert (x + 1.5) ** 2 + y**2 + z**2 == pytest.approx(1, abs=0.05)
    assert y < -0.9, "the side that looks at us"
    assert " points" not in page.locator("#geomdl-overlay").inner_text(), "the mark is no point"
    page.locator(CANVAS).click(position={"x": 8, "y": 300})
    page.get_by_text("Nothing there").wait_for()


def test_two_clicks_measure(page: Page, serve: Serving) -> None:
    session = wait_for_picture(serve.viewers[-1])
    page.get_by_role("tab", name="Pick").click()
    picture = shot(page)
    press(page, "m")
    for mask in (redness(picture), blueness(picture)):
        rows, columns = np.nonzero(mask)
        place = {"x": float(columns.mean()), "y": float(rows.mean())}
        page.locator(CANVAS).click(position=place)  # type: ignore[arg-type]
        page.wait_for_timeout(400)
    wait_until(lambda: len(session.look.measure) == 1)
    a, b = np.array(session.look.measure[0]).reshape(2, 3)
    # Seen from 12 metres, the middles of the two discs are not quite the nearest points.
    assert np.linalg.norm(a - b) == pytest.approx(2.75, abs=0.3)
    press(page, "Delete")
    wait_until(lambda: session.look.measure == ())


def test_dragging_turns_the_camera_around_the_target(page: Page, serve: Serving) -> None:
    session = wait_for_picture(serve.viewers[-1])
    before = session.viewpoint()
    page.mouse.move(200, 350)
    page.mouse.down()
    page.mouse.move(260, 350, steps=4)
    page.mouse.up()
    wait_until(lambda: np.linalg.norm(np.subtract(session.viewpoint().eye, before.eye)) > 0.5)
    after = session.viewpoint()
    assert np.linalg.norm(after.eye) == pytest.approx(12, rel=0.02)
    assert np.linalg.norm(after.target) < 0.05


def test_a_screenshot_is_saved(page: Page) -> None:
    page.get_by_role("tab", name="View").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Screenshot").click()
    picture = np.asarray(Image.open(waiting.value.path()).convert("RGB"))
    assert waiting.value.suggested_filename.endswith(".png")
    assert redness(picture).sum() == pytest.approx(redness(shot(page)).sum(), rel=0.05)
    assert blueness(picture).any()


def test_the_rendered_picture_is_the_same_view(page: Page) -> None:
    page.get_by_role("tab", name="View").click()
    with page.expect_download(timeout=150_000) as waiting:
        page.get_by_role("button", name="Render").click()
    data = Path(waiting.value.path()).read_bytes()
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    seen = shot(page)
    assert picture.shape == (960, 1280, 3)
    shares = [redness(p).sum() / p.shape[0] ** 2 for p in (picture, seen)]
    assert shares[0] == pytest.approx(shares[1], rel=0.08)


def test_the_command_is_copied_to_where_a_visitor_can_read_it(page: Page) -> None:
    press(page, "Shift+J")
    note = page.get_by_text("geomdl render", exact=False).first
    note.wait_for()
    assert "--eye" in note.inner_text()


def test_every_key_is_listed_on_the_page(page: Page) -> None:
    page.get_by_role("tab", name="Keys").click()
    table = page.locator(".geomdl-keys")
    table.wait_for()
    words = table.inner_text()
    for key in ("measure between two clicks", "no cuts", "save a screenshot", "legend"):
        assert key in words


def test_frame_rate_and_memory_are_shown_and_can_be_hidden(page: Page) -> None:
    status = page.locator("#geomdl-overlay")
    page.wait_for_function("document.querySelector('#geomdl-overlay').innerText.includes('MB')")
    assert "triangles" in status.inner_text()
    page.get_by_role("tab", name="View").click()
    page.get_by_label("Status").uncheck()
    status.wait_for(state="hidden")


def test_a_sequence_is_stepped_and_played(chromium: Browser, serve: Serving, balls: Scene) -> None:
    frames = tuple(balls[name].frames[0] for name in ("red", "blue"))
    viewer = serve(Scene([Item("ball", frames)]), FRONT)
    page = visit(chromium, viewer.url, size=(800, 700))
    settled(page, lambda seen: bool(redness(seen).any()))
    press(page, "PageDown")
    settled(page, lambda seen: bool(blueness(seen).any()) and not redness(seen).any())
    session = wait_for_picture(viewer)
    assert session.look.frame == 1
    seen: list[int] = []
    session.listen(lambda old, new: seen.append(new.frame))
    press(page, "Space")
    wait_until(lambda: {0, 1} <= set(seen))
    press(page, "Space")
    page.wait_for_timeout(600)
    count = len(seen)
    page.wait_for_timeout(800)
    assert len(seen) == count, "it stopped"
