"""Nothing but the page is served, to nobody but this machine's own visitors."""

import http.client
import urllib.parse
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from geomdl.viewer.page.server import Viewer
from geomdl.viewer.scene import Scene
from tests.geomdl.viewer.page.conftest import FRONT, Serving, only
from tools.browser import settled, visit

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def viewer(serve: Serving, balls: Scene) -> Viewer:
    return serve(balls, FRONT)


def answer(viewer: Viewer, path: str, host: str | None = None) -> tuple[int, bytes]:
    """Status and body of a request whose path is sent as it is."""
    place = urllib.parse.urlsplit(viewer.url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", host or place.netloc)
    connection.endheaders()
    got = connection.getresponse()
    return got.status, got.read()


def socket_status(viewer: Viewer, **headers: str) -> int:
    """The status that a WebSocket handshake is answered with."""
    place = urllib.parse.urlsplit(viewer.url)
    kind = ["viser-v1.1.1"]
    origin = headers.pop("Origin", None)
    try:
        with connect(
            f"ws://{place.netloc}", origin=origin, additional_headers=headers, subprotocols=kind
        ):  # type: ignore[arg-type]
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_the_page_is_served(viewer: Viewer) -> None:
    status, body = answer(viewer, "/")
    assert status == 200
    assert b"<html" in body[:2000].lower()


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../../../etc/passwd",
        "/..%2f..%2f..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/....//....//etc/passwd",
        "/..\\..\\..\\etc\\passwd",
        "/pyproject.toml",
        "/assets/../../server.py",
        "/index.html/../../../_viser.py",
        "/%00/etc/passwd",
    ],
)
def test_no_file_is_served(viewer: Viewer, path: str) -> None:
    status, body = answer(viewer, path)
    assert status in (400, 403, 404)
    assert len(body) < 200
    assert b"root:" not in body


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", ""])
def test_a_name_that_is_not_ours_is_refused(viewer: Viewer, host: str) -> None:
    assert answer(viewer, "/", host or " ")[0] == 403
    assert socket_status(viewer, Origin=f"http://{host or 'x'}") == 403


def test_sockets_of_other_pages_are_refused(viewer: Viewer) -> None:
    own = viewer.url.rstrip("/")
    assert socket_status(viewer, Origin="http://evil.example") == 403
    assert socket_status(viewer, Origin="null") == 403
    assert socket_status(viewer, Origin=own.replace("127.0.0.1", "localhost")) == 403
    assert socket_status(viewer, Origin=own + "1") == 403


def test_a_foreign_page_in_the_browser_learns_nothing(
    chromium: Browser, viewer: Viewer, tmp_path: Path
) -> None:
    """A page of another origin tries a socket and a request from the visitor's own browser."""
    (tmp_path / "evil.html").write_text("<title>evil</title>")
    page = chromium.new_page()
    page.goto(f"file://{tmp_path}/evil.html")
    place = urllib.parse.urlsplit(viewer.url).netloc
    opened = page.evaluate(
        """place => new Promise(done => {
            const socket = new WebSocket(`ws://${place}`, ["viser-v1.1.1"]);
            socket.onopen = () => done("opened");
            socket.onerror = () => done("refused");
        })""",
        place,
    )
    assert opened == "refused"
    read = page.evaluate(
        "place => fetch(`http://${place}/`).then(r => r.text()).catch(e => 'refused')", place
    )
    assert read == "refused"
    assert not viewer.sessions
    page.context.close()


def test_markup_in_names_stays_text(chromium: Browser, serve: Serving, balls: Scene) -> None:
    from geomdl.viewer.scene import Item

    evil = "<img src=x onerror=window.hurt=1>"
    scene = Scene([Item(evil, balls["red"].frames), *balls.items])
    viewer = serve(scene, FRONT.replace(names=True))
    page = visit(chromium, viewer.url)
    settled(page)
    only(viewer)
    page.wait_for_timeout(500)
    assert page.evaluate("window.hurt") is None


def test_the_page_loads_nothing_from_elsewhere(chromium: Browser, viewer: Viewer) -> None:
    asked: list[str] = []
    context = chromium.new_context(viewport={"width": 800, "height": 480})
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(viewer.url)
    settled(page)
    own = urllib.parse.urlsplit(viewer.url).netloc
    away = [url for url in asked if urllib.parse.urlsplit(url).netloc not in (own, "")]
    assert not away
    context.close()
