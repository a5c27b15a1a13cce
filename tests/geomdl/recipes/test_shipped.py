"""Names of recipes stand for the user's own training, or for the weights that come along."""

from pathlib import Path

import pytest

from core2d.errors import InputError
from core2d.train.runs import open_run
from geomdl.recipes import shipped as s
from geomdl.recipes.find import find


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(s, "SHIPPED", tmp_path / "weights")
    (tmp_path / "weights" / "mine").mkdir(parents=True)
    (tmp_path / "weights" / "mine" / "config.json").write_text("{}")
    return tmp_path / "weights"


def test_weights_that_come_along_go_by_their_name(weights: Path) -> None:
    assert s.shipped() == ["mine"]
    assert s.run_of(Path("mine")) == weights / "mine"
    assert s.run_of(Path("yours")) == Path("yours")
    assert s.run_of(Path("elsewhere/mine")) == Path("elsewhere/mine")
    Path("mine").mkdir()
    assert s.run_of(Path("mine")) == Path("mine")


def test_the_users_own_training_comes_first(weights: Path) -> None:
    own = Path("runs/mine")
    own.mkdir(parents=True)
    assert s.run_of(Path("mine")) == weights / "mine"  # it has no weights yet
    (own / "model.safetensors").write_bytes(b"")
    assert s.run_of(Path("mine")) == own
    seeds = Path("runs/rooms_sparse_unet/seed0")
    seeds.mkdir(parents=True)
    assert s.run_of(Path("rooms_sparse_unet")) == seeds.parent  # whose error names the seeds


def test_a_recipe_without_weights_says_how_to_get_them(weights: Path) -> None:
    with pytest.raises(InputError, match=r"those that do: mine.*geomdl fit fashion_lenet"):
        s.run_of(Path("fashion_lenet"))


def test_what_comes_along_is_whole_and_small() -> None:
    every = [path for path in s.SHIPPED.rglob("*") if path.is_file()]
    assert s.SHIPPED / "README.md" in every
    assert sum(path.stat().st_size for path in every) < 20_000_000
    for name in s.shipped():
        folder = s.SHIPPED / name
        assert (folder / "model.safetensors").stat().st_size < 5_000_000
        assert f"geomdl predict {name} " in (folder / "README.md").read_text()
        open_run(folder, find)
