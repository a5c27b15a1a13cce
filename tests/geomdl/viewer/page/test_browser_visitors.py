"""Several visitors: each has a view of their own, but for linked cameras; links keep a view."""

import time

import numpy as np
import pytest
from playwright.sync_api import Browser

from geomdl.viewer.page.script import REST
from geomdl.viewer.page.server import Viewer
from geomdl.viewer.page.session import Session
from geomdl.viewer.scene import Scene
from tests.geomdl.viewer.page.conftest import (
    FRONT,
    Serving,
    wait_for_picture,
    wait_until,
)
from tests.geomdl.viewer.page.test_browser_draws import blueness, redness
from tools.browser import settled, shot, visit

FRAMES = "window.__viserTestpoints.rendererInfo.render.frame"
pytestmark = pytest.mark.xdist_group("browser")


def newest(viewer: Viewer, known: tuple[Session, ...]) -> Session:
    """The session that came after the known ones, once it has drawn."""
    wait_until(lambda: len(viewer.sessions) == len(known) + 1)
    (session,) = set(viewer.sessions) - set(known)
    wait_until(lambda: session.drawing is not None and session.pending == 0)
    return session


def test_a_link_brings_back_view_and_look(chromium: Browser, serve: Serving, balls: Scene) -> None:
    viewer = serve(balls, FRONT)
    page = visit(chromium, viewer.url)
    session = wait_for_picture(viewer)
    session.change(hide=("blue",), clip=("z<50%",), shading="none", background="#203040")
    view = session.viewpoint()
    session.move(type(view)((3.0, -7.0, 2.0), (-1.0, 0.0, 0.5), view.up, view.fov))
    seen = settled(page, lambda seen: bool((seen[0, 0] == (0x20, 0x30, 0x40)).all()))
    link = session.link()
    page.context.close()
    wait_until(lambda: not viewer.sessions)
    again = visit(chromium, link)
    restored = wait_for_picture(viewer)
    assert restored.look.replace(fov=40.0) == session.look
    # The page may still be telling of the view that it began with.
    wait_until(lambda: restored.viewpoint().eye == pytest.approx((3, -7, 2), abs=1e-3))
    assert restored.viewpoint().target == pytest.approx((-1, 0, 0.5), abs=1e-3)
    assert restored.viewpoint().fov == pytest.approx(view.fov, abs=1e-3)
    repeated = settled(again)
    assert (np.abs(repeated.astype(int) - seen).max(-1) > 16).mean() < 0.003


def test_the_address_follows_so_that_a_reload_keeps_the_view(
    chromium: Browser, serve: Serving, balls: Scene
) -> None:
    viewer = serve(balls, FRONT)
    page = visit(chromium, viewer.url)
    session = wait_for_picture(viewer)
    session.change(hide=("red",))
    page.wait_for_url(lambda url: "red" in url)
    page.reload()
    settled(page, lambda seen: bool(blueness(seen).any()) and not redness(seen).any())


def test_a_bad_link_says_so_and_shows_the_scene(
    chromium: Browser, serve: Serving, balls: Scene
) -> None:
    page = visit(chromium, serve(balls, FRONT).url + "?look=%7B%22shade%22%3A1%7D")
    page.get_by_text("The link cannot be read").wait_for()
    settled(page)


def test_visitors_do_not_disturb_each_other(
    chromium: Browser, serve: Serving, balls: Scene
) -> None:
    viewer = serve(balls, FRONT)
    first = visit(chromium, viewer.url)
    one = wait_for_picture(viewer)
    before = settled(first)
    second = visit(chromium, viewer.url)
    two = newest(viewer, (one,))
    settled(second)
    two.change(hide=("red",), background="#000000")
    two.move(type(two.viewpoint())((9.0, 0.0, 3.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 50.0))
    settled(second, lambda seen: not redness(seen).any())
    first.wait_for_timeout(500)
    assert (np.abs(shot(first).astype(int) - before).max(-1) > 8).mean() < 0.001
    assert one.look.hide == ()
    assert one.viewpoint().eye == pytest.approx((0, -12, 0), abs=1e-3)
    second.context.close()
    wait_until(lambda: viewer.sessions == (one,))


def test_linked_cameras_move_together(chromium: Browser, serve: Serving, balls: Scene) -> None:
    viewer = serve(balls, FRONT)
    first = visit(chromium, viewer.url)
    one = wait_for_picture(viewer)
    second = visit(chromium, viewer.url)
    two = newest(viewer, (one,))
    one.link_group = two.link_group = "pair"
    settled(first)
    settled(second)
    first.bring_to_front()
    first.mouse.move(150, 240)
    first.mouse.down()
    first.mouse.move(230, 200, steps=5)
    first.mouse.up()
    wait_until(lambda: abs(one.viewpoint().eye[0]) > 0.5)
    wait_until(lambda: np.linalg.norm(np.subtract(one.viewpoint().eye, two.viewpoint().eye)) < 0.05)
    assert two.look == one.look


def test_two_pages_side_by_side(chromium: Browser, serve: Serving, balls: Scene) -> None:
    viewer = serve(balls, FRONT)
    page = visit_frames(chromium, f"{viewer.url}beside")
    wait_until(lambda: len(viewer.sessions) == 2)
    wait_until(lambda: all(session.link_group for session in viewer.sessions))
    assert len({session.link_group for session in viewer.sessions}) == 1
    page.context.close()
    wait_until(lambda: not viewer.sessions)


def visit_frames(browser: Browser, url: str):  # type: ignore[no-untyped-def]
    """A page whose canvases are in frames."""
    page = browser.new_context(viewport={"width": 1000, "height": 400}).new_page()
    page.goto(url, wait_until="domcontentloaded")
    return page


def test_a_page_left_open_costs_no_time(chromium: Browser, serve: Serving, balls: Scene) -> None:
    viewer = serve(balls, FRONT)
    page = visit(chromium, viewer.url)
    wait_for_picture(viewer)
    settled(page)
    time.sleep(1.5 + REST)  # until the address has followed the view, and the page sleeps
    drawn, before = page.evaluate(FRAMES), time.process_time()
    time.sleep(3)
    used = time.process_time() - before
    assert used < 0.06, "less than 2 percent of a core"
    assert page.evaluate(FRAMES) == drawn, "the browser draws nothing"
    assert page.locator("#geomdl-overlay").inner_text().startswith("idle")


def test_a_sleeping_page_wakes(chromium: Browser, serve: Serving, balls: Scene) -> None:
    viewer = serve(balls, FRONT)
    page = visit(chromium, viewer.url)
    session = wait_for_picture(viewer)
    settled(page)
    asleep = "window.__viserMutable.scene.__r3f.root.getState().frameloop === 'never'"
    page.wait_for_function(asleep)
    session.change(hide=("red",))
    settled(page, lambda seen: not redness(seen).any())
    page.wait_for_function(asleep)
    drawn = page.evaluate(FRAMES)
    page.mouse.move(150, 240)
    page.mouse.wheel(0, 300)
    wait_until(lambda: abs(session.viewpoint().eye[1] + 12) > 0.5)
    assert page.evaluate(FRAMES) > drawn
    page.wait_for_function(asleep)
    session.change(background="#203040")
    settled(page, lambda seen: bool((seen[0, 0] == (0x20, 0x30, 0x40)).all()))
