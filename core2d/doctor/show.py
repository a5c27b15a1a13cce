"""A report for people: a table on the terminal, and a page of TensorBoard."""

import io
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from core2d.doctor.case import Case
from core2d.doctor.finding import Report, Status

COLOURS: dict[Status, str] = {
    "fine": "green",
    "note": "cyan",
    "warning": "yellow",
    "alarm": "bold red",
    "skipped": "dim",
}


def table(report: Report) -> Table:
    """One row per finding; what to do stands below what was seen."""
    made = Table(expand=True, show_lines=False)
    made.add_column("check", no_wrap=True)
    made.add_column("verdict", no_wrap=True)
    made.add_column("what was seen, and what to do", ratio=1)
    for f in report.findings:
        colour = COLOURS[f.status]
        advice = f"\n[dim]{escaped(f.advice)}[/dim]" if f.advice and f.status != "fine" else ""
        made.add_row(f.check, f"[{colour}]{f.status}[/]", escaped(f.said) + advice)
    return made


def escaped(text: str) -> str:
    """Square brackets are markup to rich."""
    return text.replace("[", r"\[")


def text(report: Report, width: int = 100) -> str:
    """The table as plain text, and a sentence about the whole."""
    console = Console(width=width, no_color=True, record=True, file=io.StringIO())
    console.print(table(report))
    return console.export_text() + ending(report)


def ending(report: Report) -> str:
    """The first thing to do."""
    if report.healthy:
        return "Nothing is wrong that the doctor can see."
    first = next((f for f in report.findings if f.status == "alarm"), report.alarms[0])
    count = len(report.alarms)
    return f"{count} of {len(report.findings)} findings are bad; begin with: {first.check}."


def tensorboard(report: Report, folder: Path, case: Case | None = None) -> None:
    """The table, the curves, and a training batch as the network gets it, for TensorBoard."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        rows = [f"|{f.check}|{f.status}|{f.said}|{f.advice}|" for f in report.findings]
        head = "|check|verdict|what was seen|what to do|\n|---|---|---|---|\n"
        writer.add_text("doctor", head + "\n".join(rows), 0)
        for f in report.findings:
            for name, curve in f.curves.items():
                for number, (x, y) in enumerate(curve):
                    whole = float(x).is_integer()
                    writer.add_scalar(f"{f.check}/{name}", y, int(x) if whole else number)
        if case is not None:
            index = case.pick(case.data.train, 32)
            batch = case.load(case.data.train, index, case.generator())
            image = batch.get("image")
            if image is not None and image.ndim == 4:
                writer.add_images("doctor/training batch", pictures(image), 0)
            for name, p in case.model.named_parameters():
                writer.add_histogram(f"doctor/{name}", p.detach(), 0)


def pictures(x: Tensor) -> Tensor:
    """Normalised pictures (B, C, H, W) -> 0..1 with 1 or 3 channels, stretched over the batch."""
    x = x[:, :3] if x.shape[1] >= 3 else x[:, :1]
    low, high = torch.quantile(x.flatten()[:1_000_000].float(), torch.tensor([0.01, 0.99])).tolist()
    return ((x.float() - low) / max(high - low, 1e-6)).clamp(0, 1).cpu()
