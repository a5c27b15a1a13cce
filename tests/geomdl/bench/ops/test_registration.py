import pytest
import torch

from geomdl.bench.ops import registration
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "COUNT", 5000)


def test_the_motion_is_that_of_the_peer() -> None:
    checked(registration.rows(), "open3d")


def test_a_missing_open3d_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without(registration.rows(), "open3d", monkeypatch)


def test_the_motion_is_found() -> None:
    found = registration.prepare().ours()
    torch.testing.assert_close(
        found.transform, registration.exponential(registration.MOTION).double(), atol=2e-3, rtol=0
    )
