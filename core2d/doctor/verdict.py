"""What a run's curves and its network's scores say: the bad signs, over- and underfitting.

All comparisons are made in eval mode and without augmentation, so that both sides are judged alike.
"""

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn

from core2d.doctor.case import Case, seeded
from core2d.doctor.finding import Finding
from core2d.doctor.run import Run
from core2d.doctor.structure import guessing, traced
from core2d.losses import VOID
from core2d.train.recipe import Examples

REMEDIES = (
    "in this order: 1. a smaller network; 2. regularisation, such as weight decay; 3. more data "
    "or augmentation; 4. dropout. One change at a time"
)


LARGER = "a larger or better network, longer training, another rate, less regularisation"


@dataclass(frozen=True)
class Score:
    """A sample of a set, judged: mean loss, share of right labels (None without), its size.

    guess: share of the most frequent label; blur: standard error of the share.
    """

    loss: float
    right: float | None
    count: int
    guess: float
    blur: float


def score(case: Case, model: nn.Module, examples: Examples, training: bool = False) -> Score:
    """Judge a sample of a set, by a copy of the network."""
    index = case.pick(examples, 4 * case.sample)
    probe = copy.deepcopy(model).train(training)
    total, hit, labels = 0.0, [], []
    with seeded(case.seed):
        for part in index.split(case.batch):
            batch = case.load(examples, part.repeat(2) if len(part) == 1 else part)
            loss, right = case.judge(probe, batch)
            total += loss * len(part) / len(index)
            hit += [] if right is None else [(right, len(part))]
            labels.append(batch["label"].flatten().cpu() if "label" in batch else part[:0])
    label = torch.cat(labels)
    label = label[label != VOID]
    share = sum(r * n for r, n in hit) / sum(n for _, n in hit) if hit else None
    guess = 0.0 if share is None else float(torch.bincount(label).max()) / len(label)
    spread = 0.0 if share is None else math.sqrt(max(share * (1 - share), 0.01) / len(index))
    return Score(total, share, len(index), guess, spread)


def signs(case: Case, run: Run) -> list[Finding]:
    """Train flat, validation flat, validation better, modes that disagree, over/underfitting."""
    train = score(case, run.model, case.data.train)
    held = score(case, run.model, case.data.validation)
    same = score(case, run.model, case.data.train, training=True)
    return [
        train_flat(case, run, train),
        validation_flat(case, run, held, untrained(case)),
        validation_better(case, train, held),
        modes(case, train, same),
        fitting(case, run, train, held),
    ]


def train_flat(case: Case, run: Run, train: Score) -> Finding:
    """The training loss goes down."""
    points = run.curve("train/loss")
    curves = {"train loss": points}
    if len(points) < 2:
        return Finding("train loss", "skipped", "the log holds fewer than two training losses")
    values = [v for _, v in points]
    if not all(map(math.isfinite, values)):
        advice = "a lower rate, clipping; look for log(0) and division by 0"
        said = f"the training loss is no number at step {points[-1][0]:.0f}"
        return Finding("train loss", "alarm", said, advice, curves=curves)
    fallen = (values[0] - min(values[1:])) / max(abs(values[0]), 1e-12)
    end = sorted(values[-3:])[len(values[-3:]) // 2]
    said = f"{values[0]:.3g} -> {end:.3g}"
    numbers = {"first": values[0], "last": end}
    done = train.right is not None and train.right > case.limits.known
    if fallen < case.limits.flat and not done:
        advice = (
            "another learning rate (see the range test); does the loop step? are labels and inputs "
            "shuffled together? overfit a handful first"
        )
        return Finding("train loss", "alarm", f"flat: {said}", advice, numbers, curves)
    if end > values[0] * (1 + case.limits.flat) and len(values) > 2:
        said = f"it rises: {said}"
        advice = "a lower learning rate, or clipping; is the sign of the loss right?"
        return Finding("train loss", "alarm", said, advice, numbers, curves)
    return Finding("train loss", "fine", said, numbers=numbers, curves=curves)


def untrained(case: Case) -> float:
    """Validation loss before training, and not more than guessing among the classes costs."""
    loss, output, _ = traced(case, case.fresh())
    return min(guessing(loss, output), score(case, case.model, case.data.validation).loss)


def validation_flat(case: Case, run: Run, held: Score, first: float) -> Finding:
    """The network does better than guessing on what it has not seen. first: see `untrained`."""
    points = run.curve("validation/loss")
    curves = {"validation loss": points} if points else {}
    numbers = {"loss": held.loss, "untrained": first}
    if held.right is None:
        said, chance = f"loss {held.loss:.3g}", True
        first = max([first, *(v for _, v in points)])  # the first one may be small by luck
    else:
        said = f"{100 * held.right:.1f} % right, guessing {100 * held.guess:.1f} %"
        numbers |= {"right": held.right, "guess": held.guess}
        chance = held.right < held.guess + case.limits.chance * held.blur
    if chance and not held.loss < first - case.limits.flat * abs(first):
        advice = (
            "nothing general is learned: do inputs and labels belong together? is validation "
            "prepared like training? is there anything to learn?"
        )
        return Finding(
            "validation", "alarm", f"no better than guessing: {said}", advice, numbers, curves
        )
    return Finding("validation", "fine", said, numbers=numbers, curves=curves)


def validation_better(case: Case, train: Score, held: Score) -> Finding:
    """Validation that beats training, both judged alike, is most likely a bug."""
    check = "validation better"
    if train.right is None or held.right is None:
        return Finding(check, "skipped", "there are no labels to count")
    blur = math.hypot(train.blur, held.blur)
    ahead = held.right - train.right
    said = f"train {100 * train.right:.1f} %, validation {100 * held.right:.1f} %"
    numbers = {"train": train.right, "validation": held.right, "blur": blur}
    guessed = held.guess - train.guess  # a validation set of one class is easy to be right on
    if ahead > case.limits.better + case.limits.chance * blur:
        advice = "other preparation of the sets, leakage, a validation set that is small or easy"
        if guessed > case.limits.better:
            said += f"; one class makes up {100 * held.guess:.0f} % of validation"
        return Finding(check, "alarm", said, advice, numbers)
    return Finding(check, "fine", said, numbers=numbers)


def modes(case: Case, train: Score, same: Score) -> Finding:
    """Tested on the very training examples, the network does as it did in training."""
    check = "test on train"
    said = (
        f"loss on training examples {same.loss:.3g} in training mode, {train.loss:.3g} in eval mode"
    )
    numbers = {"train mode": same.loss, "eval mode": train.loss}
    lost = 0.0
    if train.right is not None and same.right is not None:
        lost = same.right - train.right
        said += f" ({100 * same.right:.0f} % and {100 * train.right:.0f} % right)"
    hit = train.right is None or lost > case.limits.lost
    if hit and not train.loss <= case.limits.mode * abs(same.loss) + 1e-3:
        advice = (
            "batch norm's running statistics are off (momentum, too few or tiny batches, other "
            "inputs), or dropout scales wrongly"
        )
        return Finding(check, "alarm", said, advice, numbers)
    return Finding(check, "fine", said, numbers=numbers)


def fitting(case: Case, run: Run, train: Score, held: Score) -> Finding:
    """Over- or underfitting, and what to do about it, in order."""
    if train.right is None or held.right is None:
        return Finding("fitting", "skipped", "there are no labels to count")
    gap, blur = train.right - held.right, math.hypot(train.blur, held.blur)
    rate = (train.right - train.guess) / max(1 - train.guess, 1e-6)
    said = f"train {100 * train.right:.1f} %, validation {100 * held.right:.1f} %"
    numbers = {"train": train.right, "validation": held.right, "gap": gap}
    numbers |= {"overfits": 0.0, "underfits": 0.0}
    if gap > case.limits.gap + 2 * blur:
        severe = gap > case.limits.severe + 2 * blur
        said = f"{'severe' if severe else 'moderate'} overfitting: {said}"
        numbers["overfits"] = 1.0
        return Finding("fitting", "warning" if severe else "note", said, REMEDIES, numbers)
    if rate < case.limits.weak:
        if not run.whole:
            return Finding("fitting", "note", f"not trained to its end: {said}", numbers=numbers)
        numbers["underfits"] = 1.0
        return Finding("fitting", "warning", f"underfitting: {said}", LARGER, numbers)
    return Finding("fitting", "fine", f"no overfitting: {said}", numbers=numbers)


def repeatable(case: Case) -> Finding:
    """In eval mode the same input gives the same output."""
    batch = case.load(case.data.train, case.pick(case.data.train, 8))
    model, outputs = case.fresh().eval(), []
    with torch.no_grad():
        for seed in (case.seed, case.seed + 1):
            with seeded(seed):
                outputs.append(case.observe(model, batch)[1])
    first, second = outputs
    if first is None or second is None:
        return Finding("repeatable", "skipped", "the output is no tensor")
    if not torch.allclose(first, second, rtol=1e-4, atol=1e-6):
        said = "in eval mode the same input gives different outputs"
        advice = "dropout that stays on: F.dropout(x, p, self.training), and model.eval()"
        return Finding("repeatable", "alarm", said, advice)
    return Finding("repeatable", "fine", "in eval mode the same input gives the same output")
