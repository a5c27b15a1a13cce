"""A run's folder: config.json, model.safetensors, checkpoint.pt, log.jsonl, tensorboard/, replay/.

one = open_run("runs/dqn")
one.agent.act(observation, 0.0, generator)
one.settings.env, one.log[-1]["return"]
"""

import dataclasses
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import torch

from core2d.errors import InputError
from core2d.files import save_json
from core2d.train.files import load_tensors_of_run, save_tensors
from core2d.train.log import Line, read_log
from core2d.train.runs import config_of, read_run
from rl.agent import Agent
from rl.collect import stacked
from rl.environments import make_for
from rl.settings import Settings

COMMAND = "geomdl rl train"
FREE = ("steps", "episodes", "report")  # what a run may be gone on with otherwise


@dataclass(frozen=True)
class Trained:
    """A run that was trained or is being trained; the agent has the weights that it kept last.

    name: what was trained: a member of the family or a recipe. The network is in eval mode.
    """

    folder: Path
    name: str
    settings: Settings
    agent: Agent
    log: list[Line]


def read_settings(folder: Path | str) -> Settings:
    """The settings of a run. Raises InputError where the folder holds no run of rl."""
    return settings_in(Path(folder), read_run(Path(folder), COMMAND))


def settings_in(folder: Path, content: dict[str, Any]) -> Settings:
    """The settings that a run's config.json holds. Raises InputError where it is none of rl."""
    if "settings" not in content:
        raise InputError(f"{folder}: a run of geomdl fit lies there, none of {COMMAND}")
    return config_of(Settings, content["settings"])


def open_run(folder: Path | str, device: torch.device | str = "cpu") -> Trained:
    """The agent of a run. Raises InputError where there is none, or none yet."""
    folder = Path(folder)
    content = read_run(folder, COMMAND)
    settings = settings_in(folder, content)
    weights = folder / "model.safetensors"
    if not weights.exists():
        raise InputError(f"{folder}: the run has no weights yet (no model.safetensors)")
    envs = make_for(settings, lanes=1)
    try:
        agent = agent_for(settings, envs, device)
    finally:
        envs.close()
    load_tensors_of_run(weights, agent.network)
    agent.network.eval()
    return Trained(folder, content["name"], settings, agent, read_log(folder / "log.jsonl"))


def agent_for(
    settings: Settings, envs: gymnasium.vector.VectorEnv, device: torch.device | str = "cpu"
) -> Agent:
    """A fresh agent for the spaces of these environments, stacked as the settings say."""
    seen = stacked(envs.single_observation_space, settings.stack)
    return Agent(settings, seen, envs.single_action_space, device)


def prepared(folder: Path, settings: Settings, resume: bool, overwrite: bool) -> None:
    """Make room for a run, or see that it can go on. Raises InputError."""
    if resume and overwrite:
        raise InputError("resume: expected either resume or overwrite, got both")
    taken = (folder / "config.json").exists()
    if taken and overwrite:
        shutil.rmtree(folder)
    elif taken and not resume:
        raise InputError(f"{folder}: a run is there already; go on with --resume, or --overwrite")
    elif taken:
        before = read_settings(folder)
        for field in (f.name for f in dataclasses.fields(Settings) if f.name not in FREE):
            expect_same(field, getattr(settings, field), getattr(before, field))
        if settings != before:
            (folder / "outcome.json").unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def expect_same(name: str, ours: Any, theirs: Any) -> None:
    """Settings as those of the run that is there. Raises InputError, with the name of the first."""
    if dataclasses.is_dataclass(ours):
        for field in dataclasses.fields(ours):
            own = f"{name}.{field.name}"
            expect_same(own, getattr(ours, field.name), getattr(theirs, field.name))
    elif ours != theirs:
        raise InputError(f"{name}: the run has {theirs}, got {ours}; give --output")


def describe_run(folder: Path, name: str, settings: Settings, about: dict[str, Any]) -> None:
    """Write config.json. about: what else is known of the environments."""
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gymnasium": gymnasium.__version__,
    }
    content = {"name": name, "settings": dataclasses.asdict(settings)}
    save_json(folder / "config.json", content | about | {"versions": versions})


def save_agent(path: Path, agent: Agent) -> None:
    """The weights that are evaluated, as safetensors. Raises OSError."""
    save_tensors(path, agent.weights())
