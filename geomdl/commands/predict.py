"""`geomdl predict RUN files`: what a trained network says of pictures."""

import colorsys
import glob
import json as encoder
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from tyro.conf import Positional, arg

from core2d.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from core2d.train.runs import Trained

Run = Annotated[Positional[Path], arg(metavar="RUN")]
Files = Annotated[Positional[tuple[str, ...]], arg(metavar="FILE")]
Output = Annotated[Path | None, arg(aliases=("-o",), metavar="FOLDER", help_behavior_hint="")]


@dataclass(frozen=True)
class Reader:
    """Picture files as the network of a run wants them."""

    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resized: bool

    def read(self, path: Path) -> "Tensor":
        """A picture file -> (1, C, H, W) normalised. Raises InputError."""
        import torch
        from PIL import Image, UnidentifiedImageError

        channels, height, width = self.shape
        if channels not in (1, 3):
            raise InputError(f"run: it wants {channels} channels, pictures have 1 or 3")
        try:
            picture = Image.open(path).convert("L" if channels == 1 else "RGB")
        except UnidentifiedImageError as error:
            raise InputError(f"{path}: no picture that can be read") from error
        if self.resized and picture.size != (width, height):
            picture = picture.resize((width, height), Image.Resampling.BOX)
        values = np.asarray(picture, np.float32).reshape(picture.height, picture.width, channels)
        values = (values / 255 - np.array(self.mean)) / np.array(self.std)
        return torch.from_numpy(values.transpose(2, 0, 1)[None].astype(np.float32))


@dataclass(frozen=True)
class Member:
    """One trained network, how it reads pictures, what it calls its classes."""

    trained: "Trained"
    reader: Reader
    classes: Sequence[str]

    def chances(self, path: Path) -> "Tensor":
        """A picture file -> probabilities (K,), or (K, H, W) of each pixel."""
        import torch

        with torch.no_grad():
            return self.trained.recipe.predict(self.trained.model, self.reader.read(path))[0]


def command(
    run: Run, files: Files, /, *, output: Output = None, top: int = 3, json: bool = False
) -> int:
    """What networks trained by geomdl fit say of picture files.

    Pictures are brought to the size that the network was trained on where it gives one class per
    picture. Where it gives one per pixel, the classes are painted over the picture. Several runs
    answer together: the mean of their probabilities, as a rule better than each of them.

    examples:
      geomdl predict runs/fashion_lenet shirt.png shoe.png
      geomdl predict runs/cifar_resnet20 "pets/*.jpg" --json
      geomdl predict runs/membrane_unet slices/*.png -o painted
      geomdl predict runs/mine/seed0 runs/mine/seed1 runs/mine/seed2 shirt.png

    Args:
        run: the folder of a run.
        files: picture files or patterns; folders are more runs.
        output: folder for pictures of classes per pixel; needed for networks that give those.
        top: how many classes are told, the likeliest first.
        json: print a JSON list.
    """
    folders = [run, *(Path(name) for name in files if Path(name).is_dir())]
    paths = expanded([name for name in files if not Path(name).is_dir()])
    members = opened(folders)
    classes, told = members[0].classes, []
    for path in paths:
        chances = together(members, path)
        if chances.ndim == 1:
            told.append({"file": str(path), "classes": ranked(chances, classes, top)})
        elif output is None:
            raise InputError("output: this network gives a class per pixel; name a folder by -o")
        else:
            picture = output / f"{path.stem}.png"
            told.append({"file": str(path), "picture": str(picture)})
            told[-1]["classes"] = painted(path, picture, chances, classes)
    print(encoder.dumps(told, indent=1) if json else "\n".join(map(sentence, told)))
    return 0


def opened(folders: Sequence[Path]) -> list[Member]:
    """The networks of runs. Raises InputError where they do not tell the same classes apart."""
    from core2d.train.runs import described, open_run, read_run
    from geomdl.recipes.find import find

    members: list[Member] = []
    for folder in folders:
        trained = open_run(folder, find)
        data = read_run(folder).get("data") or described(trained.recipe.data(trained.config))
        members.append(Member(trained, reader_of(folder, data), data["classes"]))
        if members[-1].classes != members[0].classes:
            ours, theirs = (", ".join(one.classes) for one in (members[0], members[-1]))
            raise InputError(
                f"{folder}: expected the classes of {folders[0]} ({ours}), got {theirs}"
            )
    return members


def together(members: Sequence[Member], path: Path) -> "Tensor":
    """The mean of what the members say of a picture file: (K,), or (K, H, W) of each pixel."""
    import torch

    return torch.stack([member.chances(path) for member in members]).mean(0)


def expanded(files: Sequence[str]) -> list[Path]:
    """Names and patterns -> files, each once. Raises InputError where there is none."""
    found: dict[Path, None] = {}
    for name in files:
        matches = sorted(map(Path, glob.glob(name, recursive=True))) if glob.has_magic(name) else []
        if not matches and not Path(name).is_file():
            raise InputError(f"{name}: there is no such file")
        found |= dict.fromkeys([p for p in matches if p.is_file()] or [Path(name)])
    if not found:
        raise InputError("files: expected at least one picture")
    return list(found)


def reader_of(run: Path, data: dict[str, Any]) -> Reader:
    """How pictures were given to the network of a run. Raises InputError."""
    shapes = data["shapes"]
    if "mean" not in data or len(shapes.get("image", ())) != 3:
        raise InputError(f"{run}: the network was not trained on pictures; use open_run in Python")
    return Reader(
        shape=tuple(shapes["image"]),
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        resized=not shapes.get("label"),
    )


def ranked(chances: "Tensor", classes: Sequence[str], top: int) -> dict[str, float]:
    """Probabilities (K,) -> the likeliest classes by name."""
    order = chances.argsort(descending=True)[: max(1, top)].tolist()
    return {named(classes, k): round(float(chances[k]), 4) for k in order}


def painted(
    path: Path, picture: Path, chances: "Tensor", classes: Sequence[str]
) -> dict[str, float]:
    """Probabilities (K, H, W) as colours over the picture, to a file -> the share of each class."""
    from PIL import Image

    label = chances.argmax(0)
    colours = (palette(len(chances))[label.numpy()] * 255).astype(np.uint8)
    below = Image.open(path).convert("RGB")
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.blend(below, Image.fromarray(colours), 0.5).save(picture)
    shares = label.flatten().bincount(minlength=len(chances)) / label.numel()
    return ranked(shares, classes, len(chances))


def palette(count: int) -> np.ndarray:
    """Colours (count, 3) in 0..1 that are told apart: hues a golden section apart."""
    turns = [(0.6 + 0.618034 * k) % 1 for k in range(count)]
    return np.array([colorsys.hsv_to_rgb(turn, 0.8, 0.95) for turn in turns])


def named(classes: Sequence[str], k: int) -> str:
    return classes[k] if k < len(classes) else f"class {k}"


def sentence(told: dict[str, Any]) -> str:
    """What was found in one file, in a line."""
    shares = ", ".join(f"{name} {share:.1%}" for name, share in told["classes"].items())
    return f"{told['file']}: {shares}" + (f" -> {told['picture']}" if "picture" in told else "")
