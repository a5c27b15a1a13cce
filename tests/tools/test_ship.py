"""A run becomes shipped weights: half the size, measured again, with a card."""

import json
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from core2d.train.evaluate import evaluating
from core2d.train.recipe import Data
from core2d.train.runs import open_run
from geomdl.cli import run as geomdl
from geomdl.io import load, save
from geomdl.recipes import rooms_sparse_unet as recipe
from geomdl.recipes import shipped
from geomdl.recipes.find import find
from geomdl.structures import PointCloud
from scenes.datasets.point_batches import Scans
from tests.geomdl.recipes.untrained import untrained
from tools import ship


def scan(name: str) -> dict[str, Tensor]:
    """Points of a square, of a class for each side."""
    g = Generator().manual_seed(int(name))
    points = torch.rand(400, 3, generator=g) * torch.tensor([2.0, 2.0, 0.1])
    label = (points[:, 0] > 1).long()
    return {"points": points, "features": torch.rand(400, 3, generator=g), "label": label}


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run whose outcome is what its network reaches on two small scans."""
    examples = Scans(("0", "1"), scan)
    data = Data(examples, examples, examples, recipe.CLASSES)
    monkeypatch.setattr(recipe, "data", lambda config: data)
    monkeypatch.chdir(tmp_path)
    folder = untrained("rooms_sparse_unet", tmp_path / "runs" / "a" / "seed0")
    trained = open_run(folder, find)
    with evaluating(trained.model):
        metrics = recipe.metrics(trained.model, examples)
    (folder / "outcome.json").write_text(json.dumps({"metrics": metrics}))
    return folder


def record(folder: Path, name: str, command: str) -> None:
    content = {
        "recipe": name, "command": command, "commit": "abc", "machine": "a box", "seeds": [0, 1],
        "seconds": 12, "metrics": {"miou": {"mean": 0.25, "std": 0.5}}, "data": "the data",
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(content))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_shipped_predicts_by_its_name(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, results = tmp_path / "weights", tmp_path / "results"
    record(results, "rooms_sparse_unet", "geomdl fit rooms_sparse_unet --record")
    record(results, "real_rooms", "python tools/look_rooms.py rooms_sparse_unet")
    words = [str(finished), "--out", str(out), "--results", str(results)]
    assert ship.main(words) == 0
    made = out / "rooms_sparse_unet"
    before = (finished / "model.safetensors").stat().st_size
    assert (made / "model.safetensors").stat().st_size < 0.55 * before
    theirs, ours = (open_run(f, find).model.state_dict() for f in (finished, made))
    for name, value in theirs.items():
        assert ours[name].dtype == value.dtype
        large = value.is_floating_point() and value.ndim > 1
        assert torch.equal(ours[name], value.half().to(value.dtype) if large else value)
    card = (made / "README.md").read_text()
    assert "972,931 parameters, the large ones in float16" in card
    train = recipe.Config().train
    assert f"{train.epochs:g} epochs, batch {train.batch}, rate 0.003" in card
    assert "at commit abc on a box: 2 runs, 12 s" in card
    assert "| 0.2500 +- 0.5000 of 2 |" in card
    assert "| miou | 0.25 |" in card
    for line in recipe.LIMITS:
        assert line in card
    assert str(tmp_path) not in card + (made / "config.json").read_text()
    monkeypatch.setattr(shipped, "SHIPPED", out)
    save("scan.ply", PointCloud(scan("0")["points"], colors=torch.rand(400, 3)))
    assert geomdl(["predict", "rooms_sparse_unet", "scan.ply", "-o", "labelled.ply"]) == 0
    assert len(load("labelled.ply").attributes["label"]) == 400
    assert ship.main([*words, "--type", "float32"]) == 0  # in the place of the other
    assert (made / "model.safetensors").stat().st_size >= before


def test_what_is_refused_leaves_nothing(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    out = tmp_path / "weights"
    words = [str(finished), "--out", str(out), "--results", str(tmp_path)]

    def said() -> str:
        assert ship.main(words) == 1
        assert not out.exists()
        return capsys.readouterr().err

    outcome = (finished / "outcome.json").read_text()
    (finished / "outcome.json").write_text(outcome.replace('"miou": 0.', '"miou": 1.'))
    assert "in float16 miou is 0." in said()
    (finished / "outcome.json").unlink()
    assert "expected a finished run" in said()
    (finished / "outcome.json").write_text(outcome)
    monkeypatch.setattr(ship, "MOST", 1_000_000)
    assert "expected at most 1 MB and 20 MB in all, got 1.9" in said()
    monkeypatch.setattr(ship, "names", lambda: [])
    assert "expected a run of a recipe that comes along" in said()
    assert ship.main([str(tmp_path / "gone")]) == 1


def test_numbers_beyond_a_type_are_refused() -> None:
    model = torch.nn.Linear(2, 2)
    model.weight.data[0, 0] = 1e6
    with pytest.raises(ship.InputError, match=r"weight: 1e\+06 does not fit torch\.float16"):
        ship.narrowed(model, torch.float16)
    ship.narrowed(model, torch.bfloat16)
    assert (model.weight.dtype, model.bias.dtype) == (torch.bfloat16, torch.float32)
