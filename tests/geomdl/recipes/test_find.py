"""Recipes by name, and those of a user by their file."""

from pathlib import Path

import pytest

from core2d.errors import InputError
from geomdl.recipes import find
from tests.core2d.train import toy


def test_names_are_those_that_can_be_trained() -> None:
    names = find.names()
    assert {"fashion_lenet", "cifar_resnet20", "membrane_unet"} <= set(names)
    assert not {"find", "classification", "room_demo"} & set(names)
    assert find.summary("fashion_lenet").startswith("LeNet-5 on Fashion-MNIST")


@pytest.mark.parametrize("name", find.names())
def test_every_recipe_has_its_parts(name: str) -> None:
    recipe = find.find(name)
    config = recipe.Config()
    assert config.train.epochs > 0
    assert recipe.DATA
    assert recipe.EXPECT is not None
    assert all(reference.source for reference in recipe.REFERENCE.values())
    assert name in (recipe.__doc__ or "")  # the command that trains it


def test_a_users_own_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(Path(toy.__file__).read_text())
    assert find.find(str(mine)).EXPECT == {"accuracy": 0.9}
    mine.write_text("def data(config): ...\n")
    with pytest.raises(
        InputError,
        match="a recipe needs Config, DATA, EXPECT, REFERENCE, loss, metrics, model, predict",
    ):
        find.find(str(mine))
    with pytest.raises(InputError, match="there is no file"):
        find.find("nowhere/mine.py")


def test_unknown_names() -> None:
    with pytest.raises(InputError, match="did you mean 'cifar_resnet20'"):
        find.find("cifar_resnet")
