"""Where and how a recipe is run, apart from what it learns: `Options`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core2d.errors import InputError, expect_number

Accelerator = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True)
class Options:
    """How a run is done; none of these fields changes what one process would learn but `seed`.

    output: folder of the run. seed: of the weights, the order and all random numbers. devices:
    processes on this machine, one per GPU or share of the CPU. nodes: machines (torchrun, SLURM).
    accelerator: where to compute. resume: go on from the folder's checkpoint, or start where there
    is none. overwrite: delete a run that is there. steps: stop after that many steps of the run,
    to be resumed later. minutes: between checkpoints; there is one after each epoch, too.
    prefetch: batches made ahead by a thread. tensorboard: write its files. progress: print.
    """

    output: Path = Path("runs/run")
    seed: int = 0
    devices: int = 1
    nodes: int = 1
    accelerator: Accelerator = "auto"
    resume: bool = False
    overwrite: bool = False
    steps: int | None = None
    minutes: float = 5.0
    prefetch: int = 2
    tensorboard: bool = True
    progress: bool = True

    def __post_init__(self) -> None:
        expect_number("devices", self.devices, low=1)
        expect_number("nodes", self.nodes, low=1)
        expect_number("minutes", self.minutes, low=0)
        expect_number("prefetch", self.prefetch, low=0)
        if self.steps is not None:
            expect_number("steps", self.steps, low=1)
        if self.resume and self.overwrite:
            raise InputError("resume: expected either resume or overwrite, got both")
