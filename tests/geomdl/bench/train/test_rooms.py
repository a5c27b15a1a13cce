import pytest
import torch

from geomdl.bench.measure import measure
from geomdl.bench.train import rooms
from geomdl.recipes.find import find
from geomdl.structures import PointCloud
from tests.geomdl.bench.turns import RATES


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_network_labels_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    g = torch.Generator().manual_seed(0)
    cloud = PointCloud(torch.rand(2000, 3, generator=g), colors=torch.rand(2000, 3, generator=g))
    monkeypatch.setattr(rooms, "scan", lambda: cloud)
    for row, (name, count) in zip(rooms.rows(), rooms.PARAMETERS.items(), strict=True):
        recipe = find(name)
        model = recipe.model(recipe.Config())
        assert sum(p.numel() for p in model.parameters()) == count
        assert len(row.prepare().ours()) == 2000
        result = measure(row, RATES, 1)
        assert result["ratio"] is None
        assert result["seconds"] > 0
