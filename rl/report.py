"""What a run tells: the means of what happened since the last line of its log."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch

from core2d.errors import InputError
from core2d.train.log import Line
from rl.agent import Update
from rl.collect import Episode

MOST = 1000  # updates whose losses may wait before they are looked at


@dataclass
class Report:
    """Episodes and updates since the last line.

    Losses stay on the device until `look`, so that learning waits for none of them. sums: of loss
    and value, and of how many updates.
    """

    episodes: list[Episode] = field(default_factory=list)
    sums: tuple[float, float, float] = (0.0, 0.0, 0.0)
    waiting: list[Update] = field(default_factory=list)

    def see(self, update: Update) -> None:
        """Take the update that was just done. Raises InputError as `look` does."""
        self.waiting.append(update)
        if len(self.waiting) >= MOST:
            self.look()

    def look(self) -> None:
        """Add up the losses that wait. Raises InputError where one is no number."""
        if not self.waiting:
            return
        losses = torch.stack([update.loss for update in self.waiting])
        values = torch.stack([update.value for update in self.waiting])
        loss, value = float(losses.double().sum()), float(values.double().sum())
        if not math.isfinite(loss):
            raise InputError(
                "loss: it is no number; a lower --learn.rate or --learn.clip may help; look at the "
                "rewards and observations of the environment, too"
            )
        before = self.sums
        self.sums = (before[0] + loss, before[1] + value, before[2] + len(self.waiting))
        self.waiting = []

    def line(self) -> Line:
        """Means: return and length of the episodes that ended, loss and value of the updates."""
        self.look()
        line: Line = {}
        if self.episodes:
            line["return"] = float(np.mean([episode.total for episode in self.episodes]))
            line["length"] = float(np.mean([episode.length for episode in self.episodes]))
        line["episodes"] = len(self.episodes)
        loss, value, count = self.sums
        return line | ({"loss": loss / count, "value": value / count} if count else {})

    def state(self) -> dict[str, list[list[float]] | list[float]]:
        """What `load` takes back."""
        self.look()
        rows = [[episode.total, float(episode.length)] for episode in self.episodes]
        return {"episodes": rows, "sums": list(self.sums)}

    def load(self, state: dict[str, list]) -> None:
        """Go on from a state."""
        self.episodes = [Episode(total, int(length)) for total, length in state["episodes"]]
        loss, value, count = state["sums"]
        self.sums = (loss, value, count)


def words(line: Line) -> str:
    """One line of the log in words."""
    told = f"step {line['step']:g}"
    for name, form in (("return", ".2f"), ("length", ".0f"), ("loss", ".4f"), ("value", ".2f")):
        told += f"  {name} {line[name]:{form}}" if name in line else ""
    return f"{told}  epsilon {line['epsilon']:.3f}  {line['speed']:.0f} steps/s"
