import pytest
import torch

from geomdl.commands import trials


@pytest.mark.parametrize("name", ["kernels", "files", "picture", "page"])
def test_what_works_is_told(name: str) -> None:
    assert trials.TRIALS[name]()


def test_what_breaks_is_told_and_the_rest_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> str:
        print("noise")
        raise OSError("no such display")

    monkeypatch.setattr(trials, "TRIALS", {"first": broken, "second": lambda: "fine"})
    first, second = trials.run()
    assert (first["ok"], first["said"]) == (False, "OSError: no such display")
    assert (second["ok"], second["said"]) == (True, "fine")
    assert capsys.readouterr().out == ""


def test_kernels_that_differ_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    import geomdl.ops.neighbors

    calls = []

    def wrong(points: torch.Tensor, queries: torch.Tensor, k: int) -> torch.Tensor:
        calls.append(k)
        return torch.full((len(queries), k), len(calls))

    monkeypatch.setattr(geomdl.ops.neighbors, "knn_index", wrong)
    with pytest.raises(RuntimeError, match="differ"):
        trials.kernels()
