"""`geomdl predict`: pictures are read as the network was trained, classes told by name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core2d.errors import InputError
from geomdl.cli import run
from geomdl.commands.predict import expanded, opened, ranked, sentence, target_of
from geomdl.commands.predict_pictures import palette

RECIPE = '''
from tests.core2d.train.toy import *
from tests.core2d.train import toy

class Pictures(toy.Points):
    """One channel in 0..1, normalised."""
    class channels:
        mean, std = (0.5,), (0.25,)

    def batch(self, index, generator=None):
        batch = super().batch(index, generator)
        batch["image"] = batch["image"][:, :1]
        if PIXELS:
            batch["label"] = batch["label"].view(-1, 1, 1).expand(-1, 4, 4)
        return batch

class Net(nn.Module):
    """Bright or not, of the whole picture or of each pixel."""
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(SCALE))

    def forward(self, x):
        x = x if PIXELS else x.mean((2, 3), keepdim=True)
        scores = torch.cat([-self.scale * x, self.scale * x], 1)
        return scores if PIXELS else scores[:, :, 0, 0]

def data(config):
    sets = [Pictures(30, 0.0, seed) for seed in range(3)]
    return Data(*sets, ("dark", NAME))

def model(config):
    return Net()

def loss(model, batch, step, generator):
    return F.cross_entropy(model(batch["image"]), batch["label"])

def metrics(model, examples):
    return {"accuracy": 1.0}
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    left = np.zeros((8, 12), np.uint8)
    left[:, :6] = 255
    Image.fromarray(left).save("left.png")
    Image.fromarray(np.full((4, 4), 255, np.uint8)).save("white.png")
    return tmp_path


def trained(pixels: bool, output: str = "run", scale: float = 4.0, name: str = "bright") -> None:
    recipe = Path(f"recipe_of_{Path(output).name}.py")
    recipe.write_text(RECIPE + f"\nPIXELS, SCALE, NAME = {pixels}, {scale}, {name!r}\n")
    words = ["fit", str(recipe), "--epochs", "0.1", "--rate", "1e-9", "--output", output]
    assert run([*words, "--no-tensorboard", "--no-progress", "--accelerator", "cpu"]) == 0


def test_classes_of_pictures(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(pixels=False)
    assert run(["predict", "run", "white.png", "--top", "1"]) == 0
    assert capsys.readouterr().out == "white.png: bright 100.0%\n"
    assert run(["predict", "run", "*.png", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["file"] for row in told] == ["left.png", "white.png"]
    assert told[0]["classes"] == {"dark": 0.5, "bright": 0.5}


def test_classes_of_pixels_are_painted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(pixels=True)
    assert run(["predict", "run", "left.png"]) == 1
    assert "name a folder by -o" in capsys.readouterr().err
    assert run(["predict", "run", "left.png", "-o", "painted"]) == 0
    assert "dark 50.0%" in capsys.readouterr().out
    painted = np.asarray(Image.open("painted/left.png")).astype(float)
    assert painted.shape == (8, 12, 3)
    dark, bright = palette(2) * 255
    np.testing.assert_allclose(painted[0, 0], (bright + 255) / 2, atol=1.5)
    np.testing.assert_allclose(painted[0, -1], dark / 2, atol=1.5)


@pytest.mark.parametrize("pixels", [False, True], ids=["pictures", "pixels"])
def test_runs_answer_together(here: Path, capsys: pytest.CaptureFixture[str], pixels: bool) -> None:
    """White is 2 after normalising: the scores are +-2 scale, the probabilities a logistic."""
    for output, scale in (("a", 0.1), ("b", -0.4), ("c", 0.5)):
        trained(pixels, output, scale)
    capsys.readouterr()
    Image.fromarray(np.full((4, 4), 255, np.uint8)).save("white.png")
    members = opened([Path(name) for name in "abc"])
    chances = [float(member.chances(Path("white.png"))[1].mean()) for member in members]
    expected = [1 / (1 + np.exp(-4 * scale)) for scale in (0.1, -0.4, 0.5)]
    np.testing.assert_allclose(chances, expected, atol=1e-6)
    assert run(["predict", "a", "b", "c", "white.png", "--json", "-o", "painted"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    # b alone says dark. Of pixels the shares of the classes are told, all are of one class.
    share = 1.0 if pixels else round(float(np.mean(expected)), 4)
    assert told["classes"]["bright"] == share


def test_runs_of_other_classes_do_not_answer_together(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(pixels=False, output="a")
    trained(pixels=False, output="b", name="light")
    assert run(["predict", "a", "b", "white.png"]) == 1
    assert "b: expected the classes of a (dark, bright), got dark, light" in capsys.readouterr().err


def test_refusals(here: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png: there is no such file"):
        expanded(["gone.png"])


def test_a_file_that_is_there_stays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(pixels=True)
    words = ["predict", "run", "left.png", "-o"]
    assert run([*words, "one.png"]) == 0
    before = Path("one.png").read_bytes()
    assert run([*words, "one.png"]) == 1
    assert "one.png: it is there already" in capsys.readouterr().err
    assert run(["predict", "run", "left.png", "white.png", "-o", "two.png"]) == 1
    assert "expected a folder for 2 files" in capsys.readouterr().err
    Path("one.png").write_bytes(b"mine")
    assert run([*words, "one.png", "--overwrite"]) == 0
    assert Path("one.png").read_bytes() == before
    assert target_of(Path("a/b.jpg"), Path("out"), ".png", 1, False) == Path("out/b.png")


def test_a_recipes_name_stands_for_its_run(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(pixels=False, output="runs/mine")
    capsys.readouterr()
    assert run(["predict", "mine", "white.png", "--top", "1"]) == 0
    told = capsys.readouterr()
    assert told.out == "white.png: bright 100.0%\n"
    assert told.err == "geomdl: mine is runs/mine\n"
    monkeypatch.setattr("geomdl.recipes.shipped.SHIPPED", here / "weights")
    assert run(["predict", "fashion_lenet", "white.png"]) == 1
    assert "no weights of this recipe come with geomdl" in capsys.readouterr().err


def test_ranking() -> None:
    chances: Any = torch.tensor([0.1, 0.6, 0.3])
    assert ranked(chances, ("a", "b"), 2) == {"b": 0.6, "class 2": 0.3}


def test_a_line_leaves_out_what_was_found_nowhere() -> None:
    told = {"file": "a.ply", "classes": {"wall": 0.9996, "floor": 0.0004, "bed": 0.0}}
    assert sentence(told) == "a.ply: wall 100.0%"
    told["classes"] = {"wall": 0.9, "floor": 0.1}
    assert sentence(told | {"output": "b.ply"}) == "a.ply: wall 90.0%, floor 10.0% -> b.ply"
