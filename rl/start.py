"""What a run begins with: the environments, the device, the threads, the memory."""

from pathlib import Path
from typing import Any, Literal

import torch
from gymnasium import Space
from gymnasium.vector import VectorEnv

from core2d.errors import InputError, expect_number
from core2d.train.allocator import keep_freed_memory
from rl.agent import Agent
from rl.environments import expect_spaces, make_for, try_out
from rl.priority import Priority
from rl.replay import Replay
from rl.settings import Settings

Device = Literal["auto", "cpu", "cuda", "mps"]


def envs_for(settings: Settings) -> VectorEnv:
    """The environments of a run, which an agent can take and which do what they say.

    Raises InputError.
    """
    envs = make_for(settings)
    try:
        expect_spaces(envs.single_observation_space, envs.single_action_space)
        try_out(settings)
    except Exception:
        envs.close()
        raise
    return envs


def device_for(wanted: Device, settings: Settings, space: Space) -> torch.device:
    """Where to compute: on a GPU for images and shapes, not for a few small matrices.

    Raises InputError for a device that this machine has not.
    """
    if wanted != "auto":
        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        if not there.get(wanted, True):
            raise InputError(f"device: expected one that is there, got {wanted}; auto finds it")
        return torch.device(wanted)
    parts = getattr(space, "spaces", {"": space}).values()
    axes = max(len(part.shape or ()) for part in parts) + (settings.stack > 1)
    return torch.device("cuda" if axes >= 2 and torch.cuda.is_available() else "cpu")


def set_threads(wanted: int, agent: Agent) -> None:
    """Threads of the processor; 0: one for vectors, as small matrices are slower on more."""
    expect_number("threads", wanted, low=0)
    if wanted:
        torch.set_num_threads(wanted)
    elif all(parameter.ndim < 3 for parameter in agent.network.parameters()):
        torch.set_num_threads(1)
    if agent.device.type == "cpu":
        keep_freed_memory()


def replay_for(settings: Settings, parts: Any, folder: Path) -> Replay:
    """The memory that the settings describe. Raises InputError where the machine has less."""
    memory, learn = settings.replay, settings.learn
    updates = max(1, (settings.steps - learn.begins) // learn.every * learn.updates)
    priority = Priority(memory.exponent, memory.correction, correction_steps=updates)
    most = max(1_000_000, 4 * memory.capacity)
    try:
        return Replay(
            memory.capacity,
            settings.lanes,
            parts,
            stack=settings.stack,
            steps=memory.steps,
            discount=learn.discount,
            folder=folder / "replay" if memory.on_disk else None,
            priority=priority if memory.prioritised else None,
            # An episode of one step is two frames, and a checkpoint may fail once. Who asks for no
            # checkpoints by a huge number wants no huge files.
            spare=4 * (min(settings.checkpoint, most) // settings.lanes + 2),
        )
    except MemoryError as error:
        raise InputError(
            f"replay.capacity: {memory.capacity:,} transitions are more than this machine can hold"
        ) from error
