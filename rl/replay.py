"""Replay memory: frames stored once, stacks and n-step returns made when a batch is drawn."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, DTypeLike
from torch import Tensor

from core2d.errors import InputError, expect_number
from core2d.files import save_text
from rl.frames import Frames
from rl.kept import expect_frames
from rl.lanes import Change, Lanes
from rl.priority import Priorities, Priority
from rl.shelf import Shelf
from rl.transitions import Transitions

Part = tuple[tuple[int, ...], DTypeLike]  # shape and dtype of one part of an observation
Frame = ArrayLike | Mapping[str, ArrayLike]


class Replay:
    """At most `capacity` transitions of L = `lanes` environments.

    observation: (shape *F, dtype) of one frame, or a dict of them. stack: frames in an observation,
    oldest first, an axis of that size after the batch where it is more than 1; before the start of
    an episode its first frame is repeated. steps, discount: n and gamma of the n-step reward.
    folder: the frames lie in files there that are mapped into memory, for more than the machine
    has. spare: frames per lane that files keep beyond the capacity, see `state`.
    Memory: capacity * (bytes of a frame + 23), and 16 more with priorities; see `bytes`.
    """

    def __init__(
        self,
        capacity: int,
        lanes: int,
        observation: Part | Mapping[str, Part],
        *,
        stack: int = 1,
        steps: int = 1,
        discount: float = 0.99,
        folder: Path | None = None,
        priority: Priority | None = None,
        spare: int = 10_000,
    ) -> None:
        numbers = {"lanes": lanes, "stack": stack, "steps": steps, "spare": spare + 1}
        for name, value in numbers.items():
            expect_number(name, value, low=1)
        expect_number("discount", discount, low=0)
        if capacity < lanes * steps:
            least = f"one per lane and step ({lanes * steps})"
            raise InputError(f"capacity: expected at least {least}, got {capacity}")
        self.spare = spare
        self._lanes = Lanes(
            lanes,
            capacity // lanes,
            stack=stack,
            steps=steps,
            discount=discount,
            spare=0 if folder is None else spare,
        )
        self._named = isinstance(observation, Mapping)
        parts = observation if isinstance(observation, Mapping) else {"": observation}
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._frames = {
            name: Frames(
                lanes,
                self._lanes.slots,
                *part,
                path=None if folder is None else folder / f"frames_{number}",
            )
            for number, (name, part) in enumerate(parts.items())
        }
        self._read = self._lanes.reader([np.asarray(f.values) for f in self._frames.values()])
        # How many frames the files saw, so that a state knows whether its own still stand.
        self._seen = (
            None if folder is None else Frames(1, lanes, (), np.int64, path=folder / "seen")
        )
        self._ones = np.ones(0, np.float32)
        self._token = ""
        self._saved: np.ndarray | None = None
        self._shelf: Shelf | None = None
        slots = lanes * self._lanes.ring
        self._priorities = Priorities(slots, priority) if priority is not None else None

    def __len__(self) -> int:
        """How many transitions can be drawn."""
        return len(self._lanes)

    @property
    def bytes(self) -> int:
        """Bytes held, in memory and in mapped files."""
        tree = 0 if self._priorities is None else self._priorities.tree.nbytes
        return tree + self._lanes.bytes + sum(frames.bytes for frames in self._frames.values())

    def add(
        self,
        observation: Frame,
        action: ArrayLike,
        reward: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike,
        lanes: ArrayLike | None = None,
    ) -> None:
        """One transition of each of the K named lanes (default: all L, in order).

        observation (K, *F): the newest frame *before* the action; action, reward, terminated and
        truncated (K,). A transition can be drawn once the frame after its n steps came, or its
        episode ended. Raises InputError on wrong shapes and before `close` of a truncated episode.
        """
        rows = self._lanes.rows(lanes)
        self._lanes.expect_closed(rows)
        ends = np.asarray(terminated, bool), np.asarray(truncated, bool)
        taken = np.asarray(action), np.asarray(reward)
        for name, part in zip(
            ("action", "reward", "terminated", "truncated"), (*taken, *ends), strict=True
        ):
            if part.shape != rows.shape:
                raise InputError(f"{name}: expected shape {rows.shape}, got {part.shape}")
        self._write(rows, observation)
        self._changed(self._lanes.add(rows, *taken, *ends))

    def close(self, observation: Frame, lanes: ArrayLike) -> None:
        """The frame (K, *F) after the last action of the episodes on the K named lanes.

        Needed after truncation, allowed after termination. An episode that was still going on is
        cut here as if truncated. Raises InputError where no episode is open.
        """
        rows = self._lanes.rows(lanes)
        self._lanes.expect_open(rows)
        self._write(rows, observation)
        self._changed(self._lanes.close(rows))

    def sample(self, batch: int, generator: torch.Generator) -> Transitions:
        """`batch` transitions, drawn with replacement, uniformly or by their priorities.

        Frames keep their dtype. With one step the observations before and after are views of the
        same frames (not contiguous): copy before writing into them. Raises InputError while there
        is none to draw.
        """
        count = len(self)
        if count == 0:
            raise InputError("replay: nothing can be drawn yet")
        weight: Tensor
        if self._priorities is None:
            if len(self._ones) != batch:
                self._ones = np.ones(batch, np.float32)
            weight = torch.from_numpy(self._ones.copy())  # a third of torch.ones
            pick = torch.randint(count, (batch,), generator=generator)
        else:
            pick, weight = self._priorities.draw(batch, count, generator)
        return self._transitions(pick, weight)

    def update(self, index: Tensor, priority: Tensor) -> None:
        """New priorities (B,) >= 0, as a rule |TD error|, of `index` (B,) of a batch.

        Transitions that left the replay meanwhile are passed over; without priorities nothing
        happens. Raises InputError where a priority is negative or no number.
        """
        if self._priorities is None:
            return
        places, there = self._lanes.standing(index.numpy())
        if there.all():
            self._priorities.update(places, priority)
        else:
            self._priorities.update(places[there], priority[torch.from_numpy(there)])

    def state(self, folder: Path | None = None) -> dict[str, Any]:
        """Everything needed to go on exactly, as tensors, numbers and words (copies).

        In memory all is part of it; with a `folder`, here or of the replay, what is new since the
        last state is added to files there: frames, records and priorities. A replay that is mapped
        to files brings these to the disk (only what changed). Where there are files, the state says
        what of them it needs. That stands until `spare` more frames were added to a lane (of a
        replay in memory: and saved): save again before (`left`). Raises OSError where they cannot
        be written.
        """
        lanes, priorities = self._lanes, self._priorities
        place = folder if self._folder is None else self._folder
        content: dict[str, Any] = {
            "layout": self._layout(),
            "lanes": lanes.state(rings=place is None),
            "priorities": None if priorities is None else priorities.state(),
        }
        if place is None:
            filled = min(int(lanes.written.max()), lanes.slots)
            frames = {name: part.part(filled) for name, part in self._frames.items()}
            return {**content, "frames": frames, "token": self._token}
        if self._folder is not None:
            self._begin()
            for part in self._frames.values():
                part.flush()
            self._saved = lanes.written.copy()
        values = None if priorities is None else content["priorities"].pop("values").numpy()
        files = self._shelf_in(place).save(lanes.written, lanes.taken, values)
        return {**content, "frames": {}, "token": self._token, "files": files}

    def _shelf_in(self, folder: Path) -> Shelf:
        """The files there, the same object where they were used last."""
        if self._shelf is None or self._shelf.folder != folder:
            mapped = self._folder is not None
            self._shelf = Shelf(
                folder,
                [] if mapped else [part.flat() for part in self._frames.values()],
                self._lanes.record,
                slots=self._lanes.slots,
                ring=self._lanes.ring,
                spare=self.spare,
            )
        return self._shelf

    @property
    def left(self) -> int | None:
        """Calls of `add` and `close` after which the last state loses frames; None in memory."""
        if self._folder is None:
            return None
        saved = self._saved if self._saved is not None else np.zeros_like(self._lanes.written)
        return int(self.spare - (self._lanes.written - saved).max())

    def restore(self, state: dict[str, Any], folder: Path | None = None) -> None:
        """Go on from `state`, which has all or left it in `folder`.

        Raises InputError where it is of another replay or frames were lost.
        """
        for name, value in self._layout().items():
            if state["layout"][name] != value:
                raise InputError(f"{name}: the state has {state['layout'][name]}, expected {value}")
        written, taken = (state["lanes"][name].numpy() for name in ("written", "taken"))
        place = folder if self._folder is None else self._folder
        if self._folder is not None:
            self._expect_frames(written, state["token"])
            self._token = state["token"]
        elif not state["frames"] and (place is None or "files" not in state):
            raise InputError("folder: the frames of this state are in files, which are not here")
        priorities = state["priorities"]
        if "files" in state:
            assert place is not None
            slots = self._lanes.lanes * self._lanes.ring
            values = self._shelf_in(place).load(state["files"], written, taken, slots)
            if values is not None:
                priorities = {**priorities, "values": torch.from_numpy(values)}
        self._lanes.restore(state["lanes"])
        for name, part in state["frames"].items():
            self._frames[name].put(part)
        if self._priorities is not None:
            self._priorities.restore(**priorities)
        self._saved = self._lanes.written.copy()

    def _expect_frames(self, written: np.ndarray, token: str) -> None:
        assert self._folder is not None
        assert self._seen is not None
        path = self._folder / "token"
        same = path.exists() and path.read_text() == token
        expect_frames(self._folder, same, int((self._seen.values - written).max()), self.spare)

    def _layout(self) -> dict[str, Any]:
        lanes = self._lanes
        parts = [[name, list(p.shape), p.dtype.str] for name, p in self._frames.items()]
        return {
            "lanes": lanes.lanes,
            "capacity": lanes.most * lanes.lanes,
            "stack": lanes.stack,
            "steps": lanes.steps,
            "slots": lanes.slots,
            "observation": parts,
            "mapped": self._folder is not None,
            "prioritised": self._priorities is not None,
        }

    def _begin(self) -> None:
        """A replay that was not restored makes the folder's frames its own."""
        if self._folder is not None and not self._token:
            self._token = uuid.uuid4().hex
            save_text(self._folder / "token", self._token)

    def _write(self, rows: np.ndarray, observation: Frame) -> None:
        given = observation if isinstance(observation, Mapping) else {"": observation}
        if given.keys() != self._frames.keys():
            raise InputError(
                f"observation: expected {sorted(self._frames)}, got {sorted(given)}"
                if self._named
                else "observation: expected an array, got a mapping"
            )
        arrays = {name: np.asarray(part) for name, part in given.items()}
        for name, frames in self._frames.items():
            frames.expect(len(rows), arrays[name])
        if self._seen is not None:
            self._begin()
            # Before the frames: a process that dies in between counts too many, never too few.
            self._seen.values[rows] = self._lanes.written[rows] + 1
        at = self._lanes.next_slots(rows)
        for name, frames in self._frames.items():
            frames.write(at, arrays[name])

    def _transitions(self, pick: Tensor, weight: Tensor) -> Transitions:
        """Those of `pick`: ranks, or with priorities places in the rings."""
        parts, action, reward, discount, index = self._read(pick, self._priorities is None)
        if not self._named:
            before, after = parts[0]
            return Transitions(before, action, reward, after, discount, weight, index)
        named = list(zip(self._frames, parts, strict=True))
        return Transitions(
            observation={name: before for name, (before, _) in named},
            action=action,
            reward=reward,
            next_observation={name: after for name, (_, after) in named},
            discount=discount,
            weight=weight,
            index=index,
        )

    def _changed(self, change: Change) -> None:
        if self._priorities is not None:
            self._priorities.replace(change.gone, change.new)
