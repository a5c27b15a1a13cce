"""A run's folder as `geomdl fit` leaves it, of a network that was never trained."""

import dataclasses
from pathlib import Path

import torch

from core2d.files import save_json
from core2d.train.files import save_weights
from geomdl.recipes.find import find


def untrained(name: str, folder: Path) -> Path:
    """The folder, with config.json, model.safetensors and outcome.json of a recipe's network."""
    recipe = find(name)
    config = recipe.Config()
    torch.manual_seed(0)
    model = recipe.model(config)
    save_weights(folder / "model.safetensors", model)
    data = {"classes": list(recipe.CLASSES), "shapes": {}, "name": recipe.DATA}  # type: ignore[attr-defined]
    content = {"recipe": name, "config": dataclasses.asdict(config), "options": {"seed": 0}}
    content |= {"data": data, "versions": {"torch": torch.__version__}}
    save_json(folder / "config.json", content)
    save_json(folder / "outcome.json", {"metrics": {"miou": 0.01}, "step": 1, "seconds": 1.0})
    return folder
