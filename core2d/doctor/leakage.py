"""Examples that stand in two of the three sets: copies to the bit, and near copies.

Near copies are found by comparing thumbnails and confirmed on the full inputs: their correlation,
after each input's mean is taken off, so that brightness and contrast do not hide a copy. Packed
examples have no common size, so of them copies to the bit are found alone.
"""

import hashlib
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core2d.doctor.case import Case
from core2d.doctor.finding import Finding
from core2d.space import Dense
from core2d.train.packed import split
from core2d.train.recipe import Batch, Examples

CELLS = 8  # of a thumbnail, per axis


@dataclass(frozen=True)
class Prints:
    """What is kept of a set: a hash of every input, and thumbnails (N, D) of length 1.

    Packed inputs have thumbnails of no numbers, D = 0.
    """

    hashes: list[bytes]
    thumbs: Tensor


def prints(examples: Examples) -> Prints:
    """Hashes and thumbnails of all inputs, read once and without augmentation."""
    hashes: list[bytes] = []
    thumbs = []
    some = 32 if packed(examples) else 512  # a packed example may be a whole room
    for index in torch.arange(len(examples)).split(some):
        batch = examples.batch(index)
        if "offsets" in batch:
            items = split(batch, _asked(batch))
            hashes += [_hash(x.detach().cpu().contiguous()) for x in items]
            thumbs.append(torch.zeros(len(items), 0))
            continue
        x = batch[_asked(batch)].detach().cpu()
        hashes += hashed(x)
        thumbs.append(unit(thumbnail(x)))
    return Prints(hashes, torch.cat(thumbs))


def packed(examples: Examples) -> bool:
    """Whether the examples are of unequal size, packed by offsets."""
    return "offsets" in examples.batch(torch.arange(min(1, len(examples))))


def _asked(batch: Batch) -> str:
    """The name of the input: "image", or the first tensor of the batch."""
    return "image" if "image" in batch else next(iter(batch))


def _hash(x: Tensor) -> bytes:
    return hashlib.blake2b(x.flatten().view(torch.uint8).numpy().tobytes(), digest_size=16).digest()


def hashed(x: Tensor) -> list[bytes]:
    """A hash of every input of (n, ...)."""
    rows = x.detach().cpu().contiguous().view(len(x), math.prod(x.shape[1:])).view(torch.uint8)
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows.numpy()]


def inputs(examples: Examples, index: Tensor) -> Tensor:
    """The inputs (n, ...) of some examples of equal size."""
    batch = examples.batch(index)
    return batch[_asked(batch)].detach().cpu()


def thumbnail(x: Tensor) -> Tensor:
    """Inputs (n, C, *S) -> (n, D), pooled to 8 cells per axis; vectors stay as they are."""
    x = x.float()
    if 3 <= x.ndim <= 5 and min(x.shape[2:]) > CELLS:
        x = Dense(x.ndim - 2).adaptive_pool(x, CELLS)
    return x.flatten(1)


def unit(x: Tensor) -> Tensor:
    """Rows (n, D) to mean 0 and length 1; constant rows become 0."""
    x = x - x.mean(1, keepdim=True)
    length = x.norm(dim=1, keepdim=True)
    return torch.where(length > 1e-6, x / length.clamp(min=1e-6), 0.0)


def near(case: Case, train: Prints, other: Prints, examples: Examples) -> int:
    """How many of `examples` are near copies, but not exact ones, of a training input."""
    if not train.thumbs.shape[1] or (
        inputs(examples, torch.arange(1)).numel() < case.limits.numbers
    ):
        return 0  # short vectors align by chance
    known, confirmed = set(train.hashes), 0
    rows = [i for i, h in enumerate(other.hashes) if h not in known]
    pairs = []
    for part in torch.tensor(rows, dtype=torch.int64).split(256):
        if len(part):
            best, at = (other.thumbs[part] @ train.thumbs.T).max(1)
            hit = best > case.limits.near
            pairs.append(torch.stack((part[hit], at[hit]), 1))
    for some in (torch.cat(pairs) if pairs else torch.zeros(0, 2, dtype=torch.int64)).split(256):
        if len(some):
            a = unit(inputs(examples, some[:, 0]).float().flatten(1))
            b = unit(inputs(case.data.train, some[:, 1]).float().flatten(1))
            confirmed += int(((a * b).sum(1) > case.limits.near).sum())
    return confirmed


def natural(case: Case, count: int) -> float:
    """Look-alikes that are to be expected at most in a set of `count`, by Poisson's law."""
    mean = case.limits.copies * count
    return mean + case.limits.chance * math.sqrt(mean)


def leakage(case: Case) -> Finding:
    """Test and validation share no example with training, nor with each other."""
    data = case.data
    if data.validation is data.train or data.test is data.train:
        which = "validation" if data.validation is data.train else "test"
        return Finding("leakage", "alarm", f"the {which} set is the training set", _ADVICE)
    train, validation, test = map(prints, (data.train, data.validation, data.test))
    numbers: dict[str, float] = {}
    known, steering = set(train.hashes), set(validation.hashes)
    numbers["validation in train"] = sum(h in known for h in validation.hashes)
    numbers["test in train"] = sum(h in known for h in test.hashes)
    same = data.test is data.validation
    numbers["test in validation"] = 0 if same else sum(h in steering for h in test.hashes)
    exact = {name: count for name, count in numbers.items() if count}
    numbers["validation near train"] = near(case, train, validation, data.validation)
    numbers["test near train"] = near(case, train, test, data.test)
    said = ", ".join(f"{int(count)} {name}" for name, count in numbers.items() if count)
    if exact:
        return Finding(
            "leakage", "alarm", f"the same inputs stand in two sets: {said}", _ADVICE, numbers
        )
    many = [
        numbers[f"{name} near train"] / len(part)
        for name, part in (("validation", data.validation), ("test", data.test))
        if numbers[f"{name} near train"] > natural(case, len(part))
    ]
    if many:
        share = f"{100 * max(many):.1f} % of a set"
        said = f"near copies of training inputs, {share}: {said}"
        return Finding("leakage", "alarm", said, _ADVICE, numbers)
    if same:
        said = "validation and test are one set: what steers training must not report it"
        return Finding("leakage", "warning", said, _ADVICE, numbers)
    if said:
        return Finding("leakage", "note", f"few near copies: {said}", numbers=numbers)
    return Finding("leakage", "fine", "no input stands in two sets", numbers=numbers)


_ADVICE = (
    "split by source (patient, scene, sequence) before cutting, augmenting or copying; remove "
    "duplicates; look at the test set once, at the end"
)
