"""CamVid: street pictures of 480 x 360 from a driving car, eleven classes and void.

Brostow, Fauqueur, Cipolla 2009, in the sizes, classes and lists of Badrinarayanan et al. 2017
(SegNet). The pictures are frames of four films, at 30 per second.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.losses import VOID
from core2d.train.recipe import Data
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.download import find
from scenes.datasets.images import Augment, Channels, Images

CLASSES = (
    "sky", "building", "pole", "road", "pavement", "tree",
    "sign", "fence", "car", "pedestrian", "bicyclist",
)  # fmt: skip
CHANNELS = Channels((0.4110, 0.4244, 0.4320), (0.3070, 0.3111, 0.3071))
PARTS = ("train", "val", "test")
PUBLISHED = (367, 101, 233)
APART = 30  # frames; two pictures within a second of each other show the same things


def camvid(*, augment: Augment | None = None) -> Data:
    """Images (B, 3, 360, 480), label of each pixel, 255 where it is void.

    The published lists, each a stretch of its films; what trains within a second of what
    validates or tests is left out. Raises InputError.
    """
    folder = find("camvid", [PARTS])[0].parent
    images = {part: sorted((folder / part).glob("*.*g")) for part in PARTS}
    if empty := [part for part in PARTS if not images[part]]:
        raise InputError(f"{folder / empty[0]}: expected pictures, found none")
    sets = {}
    for part, paths in images.items():
        labels = [folder / f"{part}annot" / f"{path.stem}.png" for path in paths]
        if missing := [path for path in labels if not path.exists()]:
            raise InputError(f"{missing[0]}: expected the labels of {missing[0].stem} there")
        found = decoded(f"camvid-{part}", [*paths, *labels], read)
        sets[part] = Images(found["image"], found["label"], torch.arange(len(paths)), CHANNELS)
    names = {part: [path.stem for path in paths] for part, paths in images.items()}
    kept = apart(names["train"], [*names["val"], *names["test"]])
    train = sets["train"].take(kept)
    train = Images(train.image, train.label, train.rows, CHANNELS, augment)
    counts = tuple(len(images[part]) for part in PARTS)
    part = "" if counts == PUBLISHED else " (a subset of {}, {} and {} pictures)".format(*counts)
    return Data(train, sets["val"], sets["test"], CLASSES, "CamVid" + part)


def apart(names: Sequence[str], others: Sequence[str], frames: int = APART) -> Tensor:
    """Names "film_frame" -> which of them (M,) are `frames` or more from `others` of their film."""
    taken: dict[str, list[int]] = {}
    for film, frame in map(_place, others):
        taken.setdefault(film, []).append(frame)
    far = [
        row
        for row, (film, frame) in enumerate(map(_place, names))
        if all(abs(frame - other) >= frames for other in taken.get(film, []))
    ]
    return torch.tensor(far, dtype=torch.int64)


def _place(name: str) -> tuple[str, int]:
    film, _, frame = name.rpartition("_")
    digits = frame.removeprefix("f")
    if not film or not digits.isdigit():
        raise InputError(f"{name}: expected FILM_FRAME, as in 0001TP_006690")
    return film, int(digits)


def read(paths: Sequence[Path]) -> Arrays:
    """Colour pictures, then as many of labels (0 to 10, and 11 for void) -> image, label."""
    from PIL import Image

    half = len(paths) // 2
    image = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths[:half]])
    label = np.stack([np.asarray(Image.open(path)) for path in paths[half:]])
    if label.shape != image.shape[:3] or label.max() > len(CLASSES):
        raise InputError(
            f"{paths[half].parent}: expected labels {image.shape[:3]} of 0 to {len(CLASSES)}, got "
            f"{label.shape} up to {label.max()}"
        )
    label = np.where(label == len(CLASSES), VOID, label).astype(np.uint8)
    return {"image": np.ascontiguousarray(image.transpose(0, 3, 1, 2)), "label": label}
