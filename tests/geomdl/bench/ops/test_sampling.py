import pytest
import torch

from geomdl.bench.ops import sampling
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    def cloud(seed: int) -> torch.Tensor:
        return torch.rand(3000, 3, generator=torch.Generator().manual_seed(seed))

    monkeypatch.setattr(sampling, "CHOSEN", 200)
    monkeypatch.setattr(sampling, "volume", cloud)
    monkeypatch.setattr(sampling, "surface", cloud)


def test_the_same_points_are_chosen() -> None:
    checked(sampling.rows(), "fpsample")


def test_a_missing_peer_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without(sampling.rows(), "fpsample", monkeypatch)
