import json
from pathlib import Path

import pytest
import torch

from core2d.errors import InputError
from core2d.train.fit import fit
from core2d.train.options import Options
from core2d.train.settings import Train
from geomdl.recipes import kitchen_descriptors, kitchen_registration
from scenes.datasets import fragments as module
from tests.geomdl.recipes.pairs import fragments


def test_recorded_figures_of_a_corner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = fragments(tmp_path)
    monkeypatch.setattr(module, "kitchen", lambda: made)
    kitchen_registration.main(["--by", "time", "--pairs", "2", "--record", str(tmp_path)])
    content = json.loads((tmp_path / "kitchen_registration.json").read_text())
    found = {name: value["mean"] for name, value in content["metrics"].items()}
    assert found["feature_match_recall"] == 1.0
    assert found["registration_recall"] == 1.0
    assert found["rotation"] < 3.0
    assert content["command"].endswith("--by time --pairs 2 --record")
    assert "1 pairs" in capsys.readouterr().out  # of the last three, one is apart


def test_a_trial_takes_pairs_evenly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = fragments(tmp_path)
    monkeypatch.setattr(module, "kitchen", lambda: made)
    taken: list[list[int]] = []
    monkeypatch.setattr(kitchen_registration, "measured", lambda *a: taken.append(a[3]) or [])
    kitchen_registration.measure(kitchen_registration.Config(by="place"))
    kitchen_registration.measure(kitchen_registration.Config(by="time", pairs=1))
    assert [len(rows) for rows in taken] == [0, 1]


def test_describe_does_not_depend_on_the_frame() -> None:
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(300, 3, generator=generator) + torch.tensor([0.0, 0.0, 1.0])
    points[:, 2] = 1.5 + 0.2 * torch.sin(9 * points[:, 0]) * points[:, 1]
    turn = torch.linalg.qr(torch.rand(3, 3, generator=generator)).Q
    config = kitchen_registration.Config()
    found = kitchen_registration.describe(points, points, config)
    turned = kitchen_registration.describe(points @ turn.T, points, config)
    assert found.shape == (300, 33)
    assert float((found - turned).abs().sum(1).median()) < 5.0  # of 600


def test_a_run_gives_a_second_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = fragments(tmp_path)
    monkeypatch.setattr(module, "kitchen", lambda: made)
    settings = kitchen_descriptors.Config(
        Train(epochs=1, batch=3), outputs=4, voxel=0.2, by="time", rooms=0, least=0.0
    )
    run = tmp_path / "run"
    fit(
        kitchen_descriptors,
        settings,
        Options(run, accelerator="cpu", tensorboard=False, progress=False),
    )
    plain = ["--by", "time", "--voxel", "0.2", "--run", str(run)]
    kitchen_registration.main([*plain, "--record", str(tmp_path)])
    assert "learned" in capsys.readouterr().out
    found = json.loads((tmp_path / "kitchen_registration.json").read_text())["metrics"]
    assert {"inlier_ratio", "learned_inlier_ratio"} <= set(found)
    assert found["inlier_ratio"]["mean"] != found["learned_inlier_ratio"]["mean"]
    with pytest.raises(InputError, match=r"voxel: the run .* has 0.2, got 0.05"):
        kitchen_registration.main(["--by", "time", "--run", str(run)])
    with pytest.raises(InputError, match=r"by: the run .* has time, got place"):
        kitchen_registration.main(["--voxel", "0.2", "--run", str(run)])
