"""Scenes hold named items; the cache makes values once, and forgets when it is full."""

import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import PointCloud
from geomdl.viewer.scene import Cache, Item, Scene, bytes_of


def cloud(size: int = 3) -> PointCloud:
    return PointCloud(torch.rand(size, 3))


def test_items_by_name_and_frame() -> None:
    first, second = cloud(1), cloud(2)
    read = []

    def later() -> PointCloud:
        read.append(1)
        return second

    scene = Scene([Item("a", (first, later)), Item("b", (second,))])
    assert scene.names == ("a", "b")
    assert scene.frame_count == 2
    assert scene.shape("a") is first
    assert read == []
    assert scene.shape("a", 1) is second
    assert scene.shape("a", 99) is second  # the last one
    assert scene.shape("a", -1) is first
    assert scene.shape("b", 1) is second
    assert read == [1]


def test_shapes_come_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    away = cloud()
    scene = Scene([Item("a", (away, lambda: away))])
    assert scene.shape("a") is away
    monkeypatch.setattr("geomdl.viewer.scene._on_cpu", lambda shape: False)
    moved = scene.shape("a")
    assert moved is not away
    assert torch.equal(moved.points, away.points)  # type: ignore[union-attr]
    assert scene.shape("a") is moved
    assert scene.shape("a", 1) is not away


def test_errors() -> None:
    with pytest.raises(GeometryError, match="items: expected different names, got 'a' twice"):
        Scene([Item("a", (cloud(),)), Item("a", (cloud(),))])
    with pytest.raises(GeometryError, match="frames: expected at least one for 'a'"):
        Item("a", ())
    with pytest.raises(GeometryError, match="name: expected words without '/'"):
        Item("a/b", (cloud(),))
    with pytest.raises(GeometryError, match="name: expected one of a, got 'b'"):
        Scene([Item("a", (cloud(),))])["b"]


def test_the_latest_used_values_stay() -> None:
    cache = Cache(most=2)
    made = []

    def get(key: str) -> str:
        return cache.get(key, lambda: made.append(key) or key)

    for key in ("a", "b", "a", "c", "a", "b"):
        assert get(key) == key
    assert made == ["a", "b", "c", "b"]


def test_bytes_are_counted() -> None:
    @dataclass
    class Thing:
        points: torch.Tensor
        more: tuple[object, ...]

    points = torch.zeros(10, 3)
    assert bytes_of(Thing(points, (np.zeros(4), {"a": b"123"}, "words", None))) == 120 + 32 + 3
    assert bytes_of(torch.zeros(1).expand(1000)) == 4
    assert bytes_of((points[:2], points[5:], {"a": Thing(points, ())})) == 120  # shared
    cache = Cache(most_bytes=1000)
    made = []
    for key in (0, 1, 2, 0, 2, 1):
        cache.get(key, lambda key=key: made.append(key) or torch.zeros(100))
    assert made == [0, 1, 2, 0, 1]  # two fit
    big = cache.get("big", lambda: torch.zeros(1000))
    assert cache.get("big", lambda: torch.zeros(1)) is big  # the last one stays, however large


def test_threads_wait_for_the_one_that_makes() -> None:
    cache = Cache()
    made = []

    def make() -> int:
        made.append(1)
        time.sleep(0.05)
        return 7

    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(cache.get("a", make))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [7] * 8
    assert made == [1]


def test_a_failure_is_not_kept() -> None:
    cache = Cache()
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0)
    assert cache.get("a", lambda: 5) == 5
