"""Who may talk to the page: requests whose Host is ours, sockets whose Origin is that Host.

A page on loopback can still be reached by a web site in the visitor's browser: by a name that
resolves to 127.0.0.1, or by a socket from a foreign page. viser checks neither. Its server is
started here with a check before its own, and nothing is served but its one page and ours.
"""

import contextlib
import http
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import viser
import websockets.asyncio.server
from viser import _messages
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from geomdl.errors import GeometryError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_patching = threading.Lock()


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refusal(headers: Mapping[str, str], path: str, host: str, pages: Mapping[str, str]) -> str:
    """Headers and path of a request to a server that listens on `host` -> why not, or ''."""
    named = headers.get("Host", "")
    if not _is_ours(named, host):
        return "Host is not this server"
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != named.lower():
        return "Origin is another page"
    is_socket = headers.get("Upgrade", "").lower() == "websocket"
    if not is_socket and path.partition("?")[0] not in ("/", "/index.html", *pages):
        return "there is no such page"
    return ""


def _is_ours(named: str, host: str) -> bool:
    try:
        name = urlsplit(f"//{named}").hostname or ""
    except ValueError:
        return False
    if name in LOOPBACK:
        return True
    if is_loopback(host):
        return name == host.lower()
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(name)
        return True  # no web site can point an address elsewhere, as it can its own name
    own = socket.gethostname().lower()
    return name in (host.lower(), own, f"{own}.local")


def check_host(host: str) -> None:
    """Raises GeometryError for a host that this machine cannot listen on."""
    try:
        family = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family[0], family[1]) as trial:
            trial.bind(family[4])
    except OSError as error:
        raise GeometryError(
            f"host: expected an address of this machine, got {host!r} ({error.strerror or error})"
        ) from error


@contextlib.contextmanager
def guarded(host: str, pages: Mapping[str, str]) -> Iterator[None]:
    """While this lasts, a websockets server that starts checks its requests first.

    pages: path -> HTML that is served beside viser's own. Raises GeometryError where no server
    was started through it: then nothing would be checked.
    """
    used: list[bool] = []
    real = websockets.asyncio.server.serve

    def serve(
        *arguments: Any, process_request: Callable[..., Any] | None = None, **rest: Any
    ) -> Any:
        used.append(True)

        def checked(connection: ServerConnection, request: Request) -> Response | None:
            why = refusal(request.headers, request.path, host, pages)
            if why:
                code = http.HTTPStatus.NOT_FOUND if "no such" in why else http.HTTPStatus.FORBIDDEN
                return _response(code, f"{why}\n", "text/plain")
            page = pages.get(request.path.partition("?")[0])
            if page is not None:
                return _response(http.HTTPStatus.OK, page, "text/html; charset=utf-8")
            return process_request(connection, request) if process_request is not None else None

        return real(*arguments, process_request=checked, **rest)

    with _patching:
        websockets.asyncio.server.serve = serve  # type: ignore[assignment, misc]
        try:
            yield
        finally:
            websockets.asyncio.server.serve = real  # type: ignore[misc]
    if not used:
        raise GeometryError("viser: its server did not start through the guard; update geomdl")


def _response(status: http.HTTPStatus, text: str, kind: str) -> Response:
    body = text.encode()
    headers = Headers({
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    })  # fmt: skip
    return Response(status, status.phrase, headers, body)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """While this lasts, what viser prints by rich when it starts is not printed."""
    import rich

    real = rich.print

    def nothing(*_: Any, **__: Any) -> None:
        return None

    rich.print = nothing
    try:
        yield
    finally:
        rich.print = real


def forbid_sharing(server: viser.ViserServer) -> None:
    """Any visitor may ask viser for a tunnel through its makers' server; ours never opens one."""
    for message in (_messages.ShareUrlRequest, _messages.ShareUrlDisconnect):
        server._websock_server._incoming_handlers.pop(message, None)


def address() -> str:
    """The address of this machine in its network, as far as its routes tell; nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return "127.0.0.1"
