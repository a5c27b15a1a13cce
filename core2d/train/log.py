"""What a run tells: log.jsonl, TensorBoard."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Line = dict[str, float]
HISTOGRAM = 20_000  # about as many values as a histogram is made of


def read_log(path: Path) -> list[Line]:
    """The lines of a log.jsonl, oldest first; a last line that a crash cut off is left out."""
    lines: list[Line] = []
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines


class Log:
    """Writes a run's lines to log.jsonl, and to TensorBoard where that is wanted.

    A run that goes on from `step` drops the lines after it: they will come again.
    """

    def __init__(self, folder: Path, *, step: int = 0, tensorboard: bool = True) -> None:
        self.path = folder / "log.jsonl"
        self.lines = [line for line in read_log(self.path) if line["step"] <= step]
        folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(json.dumps(line) + "\n" for line in self.lines))
        self._writer: Any = None
        if tensorboard:
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=step)

    def add(self, line: Mapping[str, float]) -> None:
        """One more line; it needs a "step"."""
        kept = {name: float(f"{value:.7g}") for name, value in line.items()}
        step = kept["step"] = int(line["step"])
        self.lines.append(kept)
        with self.path.open("a") as file:
            file.write(json.dumps(kept) + "\n")
        self.scalars(kept, step)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Numbers to TensorBoard alone."""
        if self._writer is not None:
            for name, value in values.items():
                if name != "step" and math.isfinite(value):
                    self._writer.add_scalar(name, value, step)

    def images(self, name: str, images: Tensor, step: int) -> None:
        """Up to 16 images (B, C, H, W) of any range to TensorBoard; other shapes are left out."""
        if self._writer is None or images.ndim != 4 or images.shape[1] not in (1, 3):
            return
        shown = images[:16].detach().float().cpu()
        low, high = shown.amin((1, 2, 3), keepdim=True), shown.amax((1, 2, 3), keepdim=True)
        self._writer.add_images(name, (shown - low) / (high - low).clamp(min=1e-8), step)

    def histograms(self, model: nn.Module, step: int) -> None:
        """Weights and their last gradients to TensorBoard, of large ones a sample."""
        if self._writer is None:
            return
        for name, parameter in model.named_parameters():
            for kind, value in (("weights", parameter), ("gradients", parameter.grad)):
                if value is not None and bool(torch.isfinite(value).all()):
                    sample = value.detach().flatten()[:: 1 + value.numel() // HISTOGRAM].float()
                    self._writer.add_histogram(f"{kind}/{name}", sample, step)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
