"""A stream keeps a page equal to the newest Dots and camera, and rests when nothing is to do."""

import socket
import threading
import time

import pytest
import torch
import viser

from geomdl.viewer.detail import Budget
from geomdl.viewer.drawing import Dots
from geomdl.viewer.page import stream as module
from geomdl.viewer.page.stream import Stream
from geomdl.viewer.scene import Cache
from tests.geomdl.viewer.page.recorder import Recorder

ALL = 150_000


def sheet(seed: int = 0, count: int = ALL, **changes) -> Dots:
    """Random points in a square of 4 m."""
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(seed))
    points = points * torch.tensor([4.0, 4.0, 0.01])
    fields = {
        "name": "a/points",
        "item": "a",
        "key": seed,
        "points": points,
        "colors": torch.full((count, 3), 0.5),
        "radius": 0.01,
        "place": ("place", seed),
    }
    return Dots(**(fields | changes))


def rest(stream: Stream) -> None:
    assert stream.wait(20), "the stream does not come to rest"


def roots(client: Recorder) -> list[str]:
    return [name for name, node in client.nodes.items() if node.kind == "frame"]


def drawn(client: Recorder) -> int:
    """Points below visible roots."""
    shown = [root for root in roots(client) if client.nodes[root].visible]
    return sum(
        len(node.points)
        for name, node in client.nodes.items()
        if node.kind == "points" and node.visible and name.rpartition("/")[0] in shown
    )


def test_all_points_come_and_the_thread_ends():
    client = Recorder()
    stream = Stream(client, sheet())
    rest(stream)
    assert stream.points == drawn(client) == ALL
    assert not [t for t in threading.enumerate() if t.name == "points" and t.is_alive()]


def test_the_budget_is_shared():
    client, budget = Recorder(), Budget(160_000)
    first = Stream(client, sheet(0, name="a/points"), budget=budget)
    rest(first)
    second = Stream(client, sheet(1, name="b/points"), budget=budget)
    rest(second)
    first.camera((2.0, 2.0, 3.0), (0.0, 0.0, -1.0), 1.0, 1.5, 900)
    rest(first)
    assert first.points + second.points <= 160_000
    assert second.points >= 50_000
    second.show(False)
    first.camera((2.0, 2.0, 2.9), (0.0, 0.0, -1.0), 1.0, 1.5, 900)
    rest(first)
    assert first.points > 80_000


def test_the_camera_decides_what_is_fine():
    client = Recorder()
    stream = Stream(client, sheet(), budget=Budget(80_000))
    rest(stream)
    stream.camera((2.0, 2.0, 100.0), (0.0, 0.0, -1.0), 1.0, 1.5, 900)
    rest(stream)
    few = stream.points
    stream.camera((0.5, 0.5, 0.5), (0.0, 0.0, -1.0), 1.0, 1.5, 900)
    rest(stream)
    assert stream.points > few


def test_other_points_replace_the_old_ones_when_they_are_there():
    client = Recorder()
    stream = Stream(client, sheet(0))
    rest(stream)
    made = client.made
    stream.update(sheet(1, count=1000))
    rest(stream)
    assert drawn(client) == stream.points == 1000
    assert len(roots(client)) == 1
    assert client.made == made + 1


def test_the_old_points_stay_until_then(monkeypatch):
    client = Recorder()
    stream = Stream(client, sheet(0))
    rest(stream)
    seen = []
    build = module.build_levels

    def slow(points):
        seen.append(drawn(client))
        return build(points)

    monkeypatch.setattr(module, "build_levels", slow)
    stream.update(sheet(1))
    rest(stream)
    assert seen == [ALL]


def test_fast_frames_all_show_something():
    client = Recorder()
    stream = Stream(client, sheet(0))
    for frame in range(1, 15):
        stream.update(sheet(frame))
        time.sleep(0.03)
        if frame > 5:
            assert drawn(client) > 0
    rest(stream)
    assert drawn(client) == ALL
    assert len(roots(client)) == 1


def test_large_clouds_send_a_preview_first(monkeypatch):
    monkeypatch.setattr(module, "LARGE", 100_000)
    client = Recorder()
    seen = []
    build = module.build_levels

    def slow(points):
        seen.append(drawn(client))
        return build(points)

    monkeypatch.setattr(module, "build_levels", slow)
    stream = Stream(client, sheet())
    rest(stream)
    assert seen[0] >= 100_000
    assert drawn(client) == ALL
    assert not [name for name in client.nodes if name.endswith("preview")]


def test_levels_are_made_once_for_all_visitors(monkeypatch):
    made = []
    build = module.build_levels
    monkeypatch.setattr(module, "build_levels", lambda p: made.append(1) or build(p))
    cache, dots = Cache(), sheet()
    for stream in [Stream(Recorder(), dots, cache=cache) for _ in range(3)]:
        rest(stream)
    assert len(made) == 1


def test_hidden_streams_send_nothing_and_come_back_whole():
    client = Recorder()
    stream = Stream(client, sheet())
    rest(stream)
    made = client.made
    stream.show(False)
    stream.camera((0.5, 0.5, 0.5), (0.0, 0.0, -1.0), 1.0, 1.5, 900)
    rest(stream)
    assert drawn(client) == 0
    stream.show(True)
    rest(stream)
    assert drawn(client) == ALL
    assert client.made == made


def test_nothing_is_left_or_sent_after_remove():
    client = Recorder()
    stream = Stream(client, sheet())
    stream.remove()
    stream.update(sheet(1))
    rest(stream)
    time.sleep(0.1)
    assert not client.nodes
    assert not stream.points


def test_a_clip_of_everything_clears_the_page():
    client = Recorder()
    dots = sheet()
    stream = Stream(client, dots)
    rest(stream)
    none = torch.zeros(ALL, dtype=torch.bool)
    stream.update(sheet(points=dots.points, colors=dots.colors, keep=none))
    rest(stream)
    assert drawn(client) == 0


def test_viser_tells_how_much_waits():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = viser.ViserServer(host="127.0.0.1", port=port, verbose=False)
    try:
        buffer = server._websock_server.get_message_buffer()
        before = len(buffer.message_from_id)
        server.scene.add_frame("/a")
        assert len(buffer.message_from_id) > before
        with pytest.raises(AttributeError):
            module._waiting(server)  # only a client has a queue of its own
    finally:
        server.stop()
