"""`geomdl predict RUN files`: what a trained network says of pictures and shapes."""

import glob
import json as encoder
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from core2d.errors import InputError
from geomdl.commands.options import Axis
from geomdl.commands.predict_pictures import Pictures, pictures_of
from geomdl.commands.predict_shapes import Shapes

if TYPE_CHECKING:
    from torch import Tensor

    from core2d.train.runs import Trained

Run = Annotated[Positional[Path], arg(metavar="RUN")]
Files = Annotated[Positional[tuple[str, ...]], arg(metavar="FILE")]
Output = Annotated[Path | None, arg(aliases=("-o",), metavar="PATH", help_behavior_hint="")]


@dataclass(frozen=True)
class Member:
    """One trained network, how it reads files, what it calls its classes."""

    trained: "Trained"
    reader: Pictures | Shapes
    classes: Sequence[str]

    def chances(self, path: Path) -> "Tensor":
        """A file -> probabilities (K,), or (K, H, W) of each pixel, or (N, K) of each point."""
        import torch

        with torch.no_grad():
            found = self.trained.recipe.predict(self.trained.model, self.reader.read(path))
        return found[0] if len(found) == 1 else found


def command(
    run: Run,
    files: Files,
    /,
    *,
    output: Output = None,
    up: Axis | None = None,
    scale: float = 1.0,
    top: int = 3,
    json: bool = False,
    overwrite: bool = False,
) -> int:
    """What networks trained by geomdl fit say of pictures, meshes and clouds.

    Pictures are brought to the size that the network was trained on where it gives one class per
    picture. Where it gives one per pixel, the classes are painted over the picture; where it gives
    one per point, a copy of the shape gets them as colours and as the attribute `label`. Several
    runs answer together: the mean of their probabilities, as a rule better than each of them.
    A recipe's name stands for runs/NAME, or else for the weights that come with geomdl.

    examples:
      geomdl predict runs/fashion_lenet shirt.png shoe.png
      geomdl predict runs/cifar_resnet20 "pets/*.jpg" --json
      geomdl predict runs/membrane_unet slices/*.png -o painted
      geomdl predict runs/mine/seed0 runs/mine/seed1 runs/mine/seed2 shirt.png
      geomdl predict runs/rooms_sparse_unet scan.ply -o labelled.ply --up=-y --scale 0.001

    Args:
        run: the folder of a run, or the name of a recipe whose weights come with geomdl.
        files: files or patterns; folders are more runs.
        output: folder, or the name of one file, for classes per pixel or point.
        up: which way is up in files of shapes, x, y, z, -x, -y or -z; y for glb and gltf, else z.
        scale: what makes metres of the files' coordinates, such as 0.001 of millimetres.
        top: how many classes are told, the likeliest first.
        json: print a JSON list.
        overwrite: replace files that are there.
    """
    folders = [run, *(Path(name) for name in files if Path(name).is_dir())]
    paths = expanded([name for name in files if not Path(name).is_dir()])
    members = opened(folders, up, scale)
    reader, classes, told = members[0].reader, members[0].classes, []
    targets = [target_of(path, output, reader.ending, len(paths), overwrite) for path in paths]
    for path, target in zip(paths, targets, strict=True):
        chances = together(members, path)
        if chances.ndim == 1:
            told.append({"file": str(path), "classes": ranked(chances, classes, top)})
        elif target is None:
            raise InputError("output: this network gives a class per place; name a folder by -o")
        else:
            shares = reader.write(path, target, chances, classes)
            told.append({"file": str(path), "output": str(target)})
            told[-1]["classes"] = ranked(shares, classes, len(shares))
    print(encoder.dumps(told, indent=1) if json else "\n".join(map(sentence, told)))
    return 0


def target_of(
    path: Path, output: Path | None, ending: str, files: int, overwrite: bool
) -> Path | None:
    """Where the answer for a file goes. Raises InputError where something is there already."""
    if output is None:
        return None
    one = output.suffix.lower() == ending and not output.is_dir()
    if one and files > 1:
        raise InputError(f"output: expected a folder for {files} files, got {output}")
    target = output if one else output / f"{path.stem}{ending}"
    if target.exists() and not overwrite:
        raise InputError(f"{target}: it is there already; give another -o, or --overwrite")
    return target


def opened(folders: Sequence[Path], up: Axis | None = None, scale: float = 1.0) -> list[Member]:
    """The networks of runs. Raises InputError where they do not tell the same classes apart."""
    from core2d.train.runs import described, open_run, read_run
    from geomdl.recipes.find import find
    from geomdl.recipes.shipped import run_of

    members: list[Member] = []
    for named in folders:
        if (folder := run_of(named)) != named:
            print(f"geomdl: {named} is {folder}", file=sys.stderr)
        trained = open_run(folder, find)
        data = read_run(folder).get("data") or described(trained.recipe.data(trained.config))
        prepare = getattr(trained.recipe, "read", None)
        reader = (
            Shapes(prepare, trained.config, up, scale) if prepare else pictures_of(folder, data)
        )
        members.append(Member(trained, reader, data["classes"]))
        if members[-1].classes != members[0].classes:
            ours, theirs = (", ".join(one.classes) for one in (members[0], members[-1]))
            raise InputError(
                f"{folder}: expected the classes of {folders[0]} ({ours}), got {theirs}"
            )
    return members


def together(members: Sequence[Member], path: Path) -> "Tensor":
    """The mean of what the members say of a file: (K,), (K, H, W) of pixels or (N, K) of points."""
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
        raise InputError("files: expected at least one")
    return list(found)


def ranked(chances: "Tensor", classes: Sequence[str], top: int) -> dict[str, float]:
    """Probabilities (K,) -> the likeliest classes by name."""
    from core2d.train.recipe import class_name

    order = chances.argsort(descending=True)[: max(1, top)].tolist()
    return {class_name(k, classes): round(float(chances[k]), 4) for k in order}


def sentence(told: dict[str, Any]) -> str:
    """What was found in one file, in a line, without what was found nowhere."""
    found = {name: share for name, share in told["classes"].items() if share >= 0.0005}
    shares = ", ".join(f"{name} {share:.1%}" for name, share in found.items())
    return f"{told['file']}: {shares}" + (f" -> {told['output']}" if "output" in told else "")
