"""The choice of a tile's shape: fixed where nothing may be timed, else the fastest that fits."""

import math

import pytest
import torch

from geomdl.ops.gpu import tuning
from geomdl.ops.gpu.tuning import Shape

SHAPES = [Shape(64, 64), Shape(32, 32), Shape(128, 64, 8, 2)]


def test_a_cpu_takes_the_first() -> None:
    launched: list[Shape] = []
    assert tuning.best("work", SHAPES, launched.append, torch.zeros(1)) == SHAPES[0]
    assert not launched


def test_the_fastest_is_kept_for_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    took = {SHAPES[0]: 3.0, SHAPES[1]: math.inf, SHAPES[2]: 2.0}
    timed: list[Shape] = []

    def seconds(launch: object, shape: Shape) -> float:
        timed.append(shape)
        return took[shape]

    monkeypatch.setattr(tuning, "_chosen", {})
    monkeypatch.setattr(tuning, "may_measure", lambda tensor: True)
    monkeypatch.setattr(tuning, "seconds", seconds)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a device")
    for _ in range(2):
        assert tuning.best("work", SHAPES, lambda shape: None, torch.zeros(1)) == SHAPES[2]
    assert timed == SHAPES
    took[SHAPES[0]] = 1.0
    assert tuning.best("other work", SHAPES, lambda shape: None, torch.zeros(1)) == SHAPES[0]


def test_a_shape_that_does_not_fit_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("triton", reason="Triton is not installed (it has wheels for Linux)")
    import triton.testing
    from triton.runtime.errors import OutOfResources

    def do_bench(call: object, **kept: object) -> float:
        raise OutOfResources(300000, 200000, "shared memory")

    monkeypatch.setattr(triton.testing, "do_bench", do_bench)
    assert tuning.seconds(lambda shape: None, SHAPES[0]) == math.inf


def test_works_of_one_magnitude_share() -> None:
    assert [tuning.magnitude(n) for n in (0, 1, 2, 3, 4, 1023, 1024)] == [1, 1, 2, 2, 3, 10, 11]
