import threading
import time
import urllib.request

import pytest
import torch
from viser import _messages

from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from geomdl.viewer.look import Look
from geomdl.viewer.page.server import Viewer
from geomdl.viewer.scene import Item, Scene
from tests.geomdl.viewer.page.caller import Caller
from tests.geomdl.viewer.page.test_session import until


def scene() -> Scene:
    mesh = Mesh(torch.rand(3, 3), torch.tensor([[0, 1, 2]]))
    return Scene([Item("one", (mesh,))], up="-y")


def test_serves_until_it_is_stopped() -> None:
    before = set(threading.enumerate())
    viewer = Viewer(scene(), port=0)
    with urllib.request.urlopen(viewer.url, timeout=10) as page:
        assert page.status == 200
    with urllib.request.urlopen(viewer.url + "beside", timeout=10) as page:
        assert b"iframe" in page.read()
    assert viewer.ready().parts
    waiter = threading.Thread(target=viewer.wait)
    waiter.start()
    viewer.stop()
    waiter.join(5)
    assert not waiter.is_alive()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(viewer.url, timeout=2)
    until(lambda: not [t for t in set(threading.enumerate()) - before if "geomdl" in t.name])


def test_a_port_that_is_taken_leads_to_the_next() -> None:
    one = Viewer(scene(), port=0)
    port = int(one.url.rsplit(":", 1)[1].strip("/"))
    two = Viewer(scene(), port=port)
    assert two.url != one.url
    one.stop()
    two.stop()


def test_what_cannot_be_drawn_is_told_by_ready() -> None:
    viewer = Viewer(scene(), Look(color_by="nothing"), port=0)
    with pytest.raises(GeometryError, match="nothing"):
        viewer.ready()
    viewer.stop()


def test_a_host_of_another_machine() -> None:
    with pytest.raises(GeometryError, match="host"):
        Viewer(scene(), host="203.0.113.7", port=0)


def test_nobody_can_ask_for_a_tunnel() -> None:
    viewer = Viewer(scene(), port=0)
    assert _messages.ShareUrlRequest not in viewer._server._websock_server._incoming_handlers
    viewer.stop()


def test_sessions_come_and_go() -> None:
    viewer = Viewer(scene(), port=0)
    callers = [Caller(viewer.url) for _ in range(2)]
    until(lambda: len(viewer.sessions) == 2)
    callers[0].close()
    until(lambda: len(viewer.sessions) == 1)
    callers[1].close()
    until(lambda: not viewer.sessions)
    viewer.stop()


def test_a_page_left_open_costs_nothing() -> None:
    viewer = Viewer(scene(), port=0)
    caller = Caller(viewer.url)
    until(lambda: viewer.sessions and caller.of("GlbMessage"))
    used = []
    for _ in range(4):  # other work of this process may be ending still
        begin = time.process_time()
        time.sleep(1.0)
        used.append(time.process_time() - begin)
    assert min(used) < 0.05
    caller.close()
    viewer.stop()
