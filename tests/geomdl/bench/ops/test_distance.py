import pytest
import torch

from geomdl.bench.ops import distance
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    def cloud(seed: int) -> torch.Tensor:
        return torch.rand(3000, 3, generator=torch.Generator().manual_seed(seed))

    monkeypatch.setattr(distance, "volume", cloud)


def test_values_and_gradients_are_those_of_the_peers() -> None:
    assert len(checked(distance.rows(), "scipy")) == 2


def test_a_missing_scipy_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without((r for r in distance.rows() if "SciPy" in r.peer), "scipy.spatial", monkeypatch)
