"""What a person sees of a run: a line for each epoch, and a bar on a terminal."""

import sys
import time
from collections.abc import Mapping

HIDDEN = ("step", "epoch", "seconds", "rate")


def words(line: Mapping[str, float]) -> str:
    """One line of the log in words."""
    values = "  ".join(f"{name} {value:.4f}" for name, value in line.items() if name not in HIDDEN)
    return (
        f"epoch {line['epoch']:.4g}  step {line['step']:g}  {values}  rate {line['rate']:.2e}  "
        f"{line['seconds']:.0f} s"
    )


class Progress:
    """A bar with loss and time left on a terminal; lines alone elsewhere; nothing if not shown."""

    def __init__(self, title: str, *, step: int, steps: int, shown: bool = True) -> None:
        self.shown, self.steps = shown, steps
        self._bar, self._task, self._last = None, None, 0.0
        if not shown:
            return
        print(f"{title}: {steps} steps" + (f", from step {step}" if step else ""), flush=True)
        if sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
            from rich.progress import TimeRemainingColumn as Left

            columns = (BarColumn(), MofNCompleteColumn(), Left(), TextColumn("{task.description}"))
            self._bar = Progress(*columns, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=steps, completed=step)

    def step(self, step: int, loss: float | None) -> None:
        """Move the bar, at most ten times a second."""
        now = time.monotonic()
        if self._bar is not None and self._task is not None and now - self._last > 0.1:
            self._last = now
            text = "" if loss is None else f"loss {loss:.4f}"
            self._bar.update(self._task, completed=step, description=text)

    def line(self, text: str) -> None:
        """A line above the bar."""
        if self._bar is not None:
            self._bar.console.print(text, highlight=False)
        elif self.shown:
            print(text, flush=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
