"""What the check of GPU kernels says of right and wrong values, without a GPU."""

import json
from pathlib import Path
from typing import Any

import gpu_check
import pytest
import torch


def test_same_counts_what_differs() -> None:
    one = torch.tensor([1, 2, 3, 4])
    assert gpu_check.same("a", one, one.clone())["right"]
    found = gpu_check.same("a", one, torch.tensor([1, 2, 3, 5]))
    assert (found["right"], found["error"]) == (False, 0.25)
    assert not gpu_check.same("a", one, one[:3])["right"]
    assert not gpu_check.verdict("a", float("nan"), 1.0)["right"]


def test_a_row_has_the_ratio_peer_by_ours() -> None:
    assert gpu_check.row("a", "b", 2.0, "c", 6.0, 1.0)["ratio"] == 3.0
    missing = gpu_check.row("a", "b", 2.0, "c", None, 1.0)
    assert (missing["peer_seconds"], missing["ratio"]) == (None, None)


@pytest.mark.parametrize(("error", "status"), [(0.0, 0), (1.0, 1)])
def test_a_wrong_value_is_an_error(
    error: float, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def values(device: str, small: bool) -> list[dict[str, Any]]:
        return [gpu_check.verdict("first", 0.0, 0.5), gpu_check.verdict("second", error, 0.5)]

    monkeypatch.setattr(gpu_check, "values", values)
    report = tmp_path / "report.json"
    assert gpu_check.main(["--device", "cpu", "--json", str(report)]) == status
    found = json.loads(report.read_text())
    assert [v["right"] for v in found["values"]] == [True, status == 0]
    assert found["times"] == []


def test_no_gpu_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="no GPU"):
        gpu_check.main([])


def test_layers_have_the_dtype_and_shapes_asked_for() -> None:
    where = gpu_check.surface(8)
    layer = gpu_check.layer_on(where, 4, torch.float16)
    assert layer.features.shape == layer.gradient.shape == (len(where.sites), 4)
    assert layer.weight.shape == (27, 4, 4)
    assert layer.weight.dtype == layer.features.dtype == torch.float16
