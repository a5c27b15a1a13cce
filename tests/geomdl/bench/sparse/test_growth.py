import pytest
import torch

from geomdl.bench.sparse import growth
from tests.geomdl.bench.turns import checked


def test_time_and_memory_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "SHEET", 200)
    growing, memory = checked(growth.rows(), "torch")
    assert (growing["unit"], memory["unit"]) == ("s", "MB")
    voxels = 200 * 200 * growth.GROWTH
    assert memory["seconds"] >= 0.9 * voxels * (growth.TABLE + growth.ROW) / 1e6
    assert memory["floor_seconds"] == pytest.approx(5 * (27 * 4 + 8 * 4))


def test_a_sheet_has_a_voxel_for_each_place() -> None:
    big, small = growth.sheet(20, 5), growth.sheet(20, 1)
    assert len(big.where.sites) == 5 * len(small.where.sites) == 2000
    table, result = growth.held(small)
    assert torch.equal(result, small.forward())
    assert table.shape == (400, 27)
    assert int((table >= 0).sum(1).max()) <= 9 + 6
