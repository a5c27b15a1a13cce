"""The learning from a batch, recorded once as a CUDA graph and played again for every batch.

An update of a small network is some hundred operations that a GPU does faster than a processor
asks for them; a graph is asked for once. It has never run on a GPU, for want of one: tests hold
`Captured` to the plain way with a stand-in, and `tools/gpu_check.py` compares both on a GPU.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from rl.transitions import Transitions

WARM = 3  # turns before recording, as torch asks for: libraries make their handles in them


class Lesson(NamedTuple):
    """What a batch teaches: the gradient in pieces, loss (), priorities (B,) and mean value ()."""

    gradient: tuple[Tensor, ...]
    loss: Tensor
    priority: Tensor
    value: Tensor


Teach = Callable[[Transitions], Lesson]


class Graph(Protocol):
    """What is recorded once: `play` computes anew what `record` gave, in the same memory."""

    def record(self, work: Callable[[], Lesson]) -> Lesson: ...

    def play(self) -> None: ...


class CudaGraph:
    """A graph of torch's own."""

    def __init__(self) -> None:
        self._graph = torch.cuda.CUDAGraph()

    def record(self, work: Callable[[], Lesson]) -> Lesson:
        """Some turns beside the main stream, then the one that is recorded."""
        side, main = torch.cuda.Stream(), torch.cuda.current_stream()
        side.wait_stream(main)
        with torch.cuda.stream(side):
            for _ in range(WARM):
                work()
        main.wait_stream(side)
        with torch.cuda.graph(self._graph):
            return work()

    def play(self) -> None:
        self._graph.replay()


class Captured:
    """`learn` on a GPU, by a graph: called with batches that lie there.

    `learn` may change nothing but what it gives. Batches of another size than the first go the
    plain way, and so do all where recording fails (an encoder that waits for a number, as those of
    clouds may): that is said once.
    """

    def __init__(self, learn: Teach, graph: Graph) -> None:
        self._learn, self._graph = learn, graph
        self._batch: Transitions | None = None
        self._found: Lesson | None = None

    def __call__(self, batch: Transitions) -> Lesson:
        """The gradient is overwritten by the next call; the rest is the caller's."""
        if self._batch is None:
            # The graph reads this memory; `batch` may be views of each other.
            own = torch.contiguous_format
            self._batch = batch.mapped(lambda part: part.clone(memory_format=own))
            self._found = self._recorded(self._batch)
        if self._found is None or len(batch) != len(self._batch):
            return self._learn(batch)
        _fill(self._batch, batch)
        self._graph.play()
        gradient, *told = self._found
        return Lesson(gradient, *(part.clone() for part in told))

    def _recorded(self, batch: Transitions) -> Lesson | None:
        try:
            return self._graph.record(lambda: self._learn(batch))
        except RuntimeError as error:
            said = str(error).partition("\n")[0]
            warnings.warn(f"updates run operation by operation: {said}", stacklevel=2)
            return None


def _parts(batch: Transitions) -> list[Tensor]:
    """All tensors of a batch that are learned from."""
    parts = [batch.action, batch.reward, batch.discount, batch.weight]
    for seen in (batch.observation, batch.next_observation):
        parts += seen.values() if isinstance(seen, dict) else [seen]
    return parts


def _fill(batch: Transitions, other: Transitions) -> None:
    """Put another batch into the memory of one."""
    for mine, theirs in zip(_parts(batch), _parts(other), strict=True):
        mine.copy_(theirs, non_blocking=True)
