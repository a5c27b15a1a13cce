"""`geomdl inspect` on a tiny run: every view writes a picture, mistakes are told."""

import shutil
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from geomdl import cli
from geomdl.commands.inspect import VIEWS

RECIPE = '''
"""Bright halves of small pictures, for tests."""
from dataclasses import dataclass

import torch

from core2d.models.cifar_resnet import CifarResNet
from core2d.train.recipe import Data
from core2d.train.settings import Train
from geomdl.recipes.classification import loss, metrics, predict

EXPECT, REFERENCE, DATA = {}, {}, "made up"


@dataclass(frozen=True)
class Config:
    train: Train = Train(epochs=1, batch=16, rate=1e-2)


class Halves:
    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.label = torch.randint(2, (count,), generator=generator)
        self.image = torch.randn(count, 3, 12, 12, generator=generator)
        self.image[self.label == 1, :, :6] += 1

    def __len__(self):
        return len(self.label)

    def batch(self, index, generator=None):
        return {"image": self.image[index], "label": self.label[index]}


def data(config):
    return Data(Halves(64, 0), Halves(16, 1), Halves(48, 2), ("dark", "bright"))


def model(config):
    return CifarResNet(8, classes=2, width=4)
'''
QUICK = {
    "maps": ["--examples", "0"],
    "occlusion": ["--examples", "0"],
    "gradients": ["--examples", "0"],
    "ascent": ["--steps", "2"],
    "dream": ["--steps", "1", "--octaves", "2", "--enlarge", "2", "--examples", "0"],
    "tsne": ["--steps", "20", "--perplexity", "5"],
    "patches": ["--count", "3", "--channels", "1"],
    "deconvnet": ["--count", "2", "--channels", "1"],
    "neighbors": ["--count", "2", "--examples", "5"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "halves.py").write_text(RECIPE)
    assert cli.run(["fit", str(folder / "halves.py"), "--output", str(folder / "halves")]) == 0
    return folder / "halves"


@pytest.mark.parametrize("view", [view.__name__ for view in VIEWS if view.__name__ != "layers"])
def test_every_view_writes_its_picture(run: Path, view: str, capsys) -> None:
    assert cli.run(["inspect", view, str(run), *QUICK.get(view, [])]) == 0
    path = run / "inspect" / f"{view}.png"
    assert capsys.readouterr().out.strip() == str(path)
    with Image.open(path) as image:
        assert min(image.size) > 100
        assert len(set(image.convert("L").resize((64, 64)).tobytes())) > 3


def test_layers_are_listed_with_what_they_see(run: Path, capsys) -> None:
    assert cli.run(["inspect", "layers", str(run)]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert rows["conv1"] == ["Conv", *["4", "x", "12", "x", "12"], "3", "1"]
    assert rows["layer3"][-2:] == ["25", "4"]  # 3 +2+2, +2+4, +4+8
    assert rows["fc"] == ["Linear", "2"]


def test_the_picture_goes_where_it_is_wanted(run: Path, tmp_path: Path, capsys) -> None:
    there = tmp_path / "filters.jpg"
    assert cli.run(["inspect", "filters", str(run), "-o", str(there)]) == 0
    assert there.exists()
    assert cli.run(["inspect", "filters", str(run), "-o", str(tmp_path / "a.txt")]) == 1
    assert "ending with png" in capsys.readouterr().err


def test_a_users_picture_is_not_replaced_unasked(run: Path, tmp_path: Path, capsys) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"mine")
    assert cli.run(["inspect", "filters", str(run), "-o", str(mine)]) == 2
    assert mine.read_bytes() == b"mine"
    assert "already" in capsys.readouterr().err
    assert cli.run(["inspect", "filters", str(run), "-o", str(mine), "--overwrite"]) == 0
    assert mine.read_bytes()[:4] == b"\x89PNG"


def test_mistakes_are_told_in_a_line(run: Path, tmp_path: Path, capsys) -> None:
    cases = {
        ("occlusion", str(run), "--examples", "99"): "the test set has 48 images, got 99",
        ("patches", str(run), "--layer", "layr1"): "no 'layr1' in CifarResNet",
        ("patches", str(run), "--channels", "77"): "the layer has 16, got 77",
        ("filters", str(run), "--layer", "fc"): "'fc' has no filters",
        ("curves", str(tmp_path)): "no run of geomdl fit lies there",
        ("curves", str(run), "--beside", str(tmp_path)): "no run of geomdl fit lies there",
        ("tsne", str(run), "--images", "-5"): "images: expected at least 1, got -5",
        ("tsne", str(run), "--images", "10000"): "images: expected at most 8000",
        ("filters", str(tmp_path)): "no run of geomdl fit",
    }
    for arguments, words in cases.items():
        assert cli.run(["inspect", *arguments]) == 1, arguments
        assert words in capsys.readouterr().err


def test_curves_of_runs_whose_folders_have_one_name(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[dict] = []
    monkeypatch.setattr(
        "core2d.inspect.figure.draw_curves", lambda runs, title: drawn.append(runs) or Figure()
    )
    twin = tmp_path / run.name
    shutil.copytree(run, twin)
    assert cli.run(["inspect", "curves", str(run), "--beside", str(twin)]) == 0
    assert list(drawn[0]) == [str(run), str(twin)]
    assert cli.run(["inspect", "curves", str(run)]) == 0
    assert list(drawn[1]) == ["halves"]


def test_wrong_usage_and_help(capsys) -> None:
    assert cli.run(["inspect"]) == 2
    assert "geomdl inspect occlusion" in capsys.readouterr().out
    assert cli.run(["inspect", "oclusion", "runs"]) == 2
    assert "did you mean 'occlusion'" in capsys.readouterr().err
    assert cli.run(["inspect", "occlusion", "--help"]) == 0
    assert "side of the block" in capsys.readouterr().out
