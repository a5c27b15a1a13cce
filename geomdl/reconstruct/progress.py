"""A progress bar with frames per second and the time that is left, on the terminal's stderr."""

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress_bar(
    label: str, total: int, done: int, shown: bool, *, unit: str = "frames"
) -> Iterator[Callable[[str], None]]:
    """Within this context, call the yielded function with a short note after each of the units.

    On something that is not a terminal only a line at the start is written. What is printed to a
    standard output that is no terminal meanwhile stays there.
    """
    if not shown:
        yield lambda note: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Speed(ProgressColumn):
        """Units a second over the last moments."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.1f} {unit}/s" if speed else "", style="cyan")

    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"{label}: {total - done} of {total} {unit}", highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Speed(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(
        *columns,
        console=console,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        task = bar.add_task(label, total=total, completed=done, note="")
        yield lambda note: bar.update(task, advance=1, note=note)
