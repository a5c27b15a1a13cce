import http.client
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import viser
import websockets.asyncio.server
from websockets.exceptions import InvalidStatus

from geomdl.errors import GeometryError
from geomdl.viewer.page import guard
from tests.geomdl.viewer.page.caller import Caller

PAGES = {"/beside": "<p>two"}


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """A guarded viser server on loopback."""
    with guard.guarded("127.0.0.1", PAGES), guard.quiet():
        server = viser.ViserServer(host="127.0.0.1", port=_free(), verbose=False)
    yield f"127.0.0.1:{server.get_port()}"
    with guard.quiet():
        server.stop()


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _get(where: str, path: str, **headers: str) -> tuple[int, bytes]:
    link = http.client.HTTPConnection(where, timeout=10)
    link.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        link.putheader(name, value)
    link.endheaders()
    answer = link.getresponse()
    return answer.status, answer.read()


def test_our_pages_are_served(served: str) -> None:
    status, body = _get(served, "/?look=1")
    assert status == 200
    assert b"<!doctype html>" in body.lower()
    assert _get(served, "/beside?left=%7B%7D") == (200, b"<p>two")
    assert _get(served, "/", Host="localhost:9")[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "192.168.1.7", "", "]["]
)
def test_a_foreign_host_is_refused(served: str, host: str) -> None:
    status, body = _get(served, "/", Host=host)
    assert status == 403
    assert b"Host" in body


@pytest.mark.parametrize(
    "path",
    ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/etc/passwd", "/page.js",
     "/index.html/../../x", "/..%5c..%5cx", "/beside/"],
)  # fmt: skip
def test_no_other_path_is_served(served: str, path: str) -> None:
    status, body = _get(served, path)
    assert status == 404
    assert b"root:" not in body


def test_sockets_only_from_our_own_page(served: str) -> None:
    own = Caller(f"http://{served}")
    own.close()
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", f"https://{served}.x"):
        with pytest.raises(InvalidStatus) as refused:
            Caller(f"http://{served}", origin=origin)
        assert refused.value.response.status_code == 403


def test_refusal_of_an_open_server() -> None:
    def asked(host: str, **more: str) -> str:
        return guard.refusal({"Host": host, **more}, "/", "0.0.0.0", {})

    assert asked("192.168.1.7:8080") == asked("[fe80::1]:8080") == asked("localhost") == ""
    assert asked(socket.gethostname() + ":8080") == ""
    assert "Host" in asked("rebound.example:8080")
    assert "Origin" in asked("192.168.1.7:8080", Origin="http://192.168.1.7:9090")


def test_a_server_that_slips_by_is_noticed() -> None:
    with pytest.raises(GeometryError, match="guard"), guard.guarded("127.0.0.1", {}):
        pass


def test_the_real_server_is_put_back() -> None:
    real = websockets.asyncio.server.serve
    with pytest.raises(ZeroDivisionError), guard.guarded("127.0.0.1", {}):
        raise ZeroDivisionError
    assert websockets.asyncio.server.serve is real


def test_hosts() -> None:
    assert guard.is_loopback("localhost")
    assert guard.is_loopback("127.0.0.5")
    assert guard.is_loopback("::1")
    assert not guard.is_loopback("0.0.0.0")
    assert not guard.is_loopback("example.org")
    guard.check_host("127.0.0.1")
    with pytest.raises(GeometryError, match="host: expected an address of this machine"):
        guard.check_host("203.0.113.7")
    assert urlsplit(f"http://{guard.address()}").hostname
