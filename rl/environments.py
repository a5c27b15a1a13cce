"""Environments side by side: any Gymnasium id, in the fastest form that it has.

    envs = make("CartPole-v1", 8)                      its NumPy form, 8 lanes
    envs = make("ALE/Pong-v5", 8, protocol=nature())   ale-py's own threads, 84 x 84 grey frames
    observation, infos = reset(envs, seed=1)           every lane has a seed of its own
    observation, reward, terminated, truncated, infos = envs.step(actions)

Rewards are always raw: what is learned from may be clipped, scores never are. Episodes are whole:
where a lost life shall end the learner's episode, `infos["life_lost"]` (L,) says so, and the game
goes on. After an episode the lane's next step resets it (Gymnasium's NEXT_STEP): its action is
ignored and its reward is 0. Frames are single; the replay and `rl.stack` pile them up.
"""

import importlib
import importlib.util
import json
import multiprocessing
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import entry_points
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import error
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv

from core2d.errors import InputError, expect_choice, expect_number
from rl.atari import Protocol, register, rom_of, side_by_side, single
from rl.envpool import pool
from rl.rules import expect_rules
from rl.settings import Settings, Vectorise

Purpose = Literal["training", "evaluation", "recording"]
Wrapper = Callable[[gymnasium.Env], gymnasium.Env]
FORMS = ("auto", "sync", "async", "native", "envpool")
PURPOSES = ("training", "evaluation", "recording")
COUNTED = (Discrete, MultiDiscrete, MultiBinary)  # spaces of whole numbers
STYLE = re.compile("\x1b\\[[0-9;]*m(?:WARN: )?")  # of Gymnasium's warnings
NATIVE = 4  # lanes from which an environment's own vector form pays


def make(
    name: str,
    lanes: int,
    *,
    vectorise: Vectorise = "auto",
    limit: int = 0,
    arguments: Mapping[str, Any] | None = None,
    wrappers: Sequence[Wrapper] = (),
    protocol: Protocol | None = None,
    render: bool = False,
) -> VectorEnv:
    """The environments of a Gymnasium id ("CartPole-v1", "module:Mine-v0") -> `lanes` of them.

    vectorise: "auto" takes the form that the id comes with where it is the faster one, else
    "sync"; "async" a process per lane. limit: steps after which an episode is truncated, 0 for
    the environment's own limit. arguments: of the environment's constructor. wrappers: put around
    every single environment, first one inmost; they rule out "native". protocol: of Atari games,
    None for `Protocol()`. render: environments whose `render` gives pictures.
    Raises InputError for unknown ids and for forms that the environment does not have.
    """
    expect_number("lanes", lanes, low=1)
    expect_number("limit", limit, low=0)
    expect_choice("vectorise", vectorise, FORMS)
    spec, given = spec_of(name), dict(arguments or {})
    protocol = protocol or Protocol()
    form = vectorise if vectorise != "auto" else _form(spec, lanes, bool(wrappers or render))
    _refuse(spec, form, bool(wrappers), limit)
    if form == "envpool":
        return pool(name, lanes, limit)
    if form == "native" and rom_of(name):
        return side_by_side(name, lanes, protocol)
    try:
        if form == "native":
            limits: dict[str, Any] = {"max_episode_steps": limit} if limit else {}
            return gymnasium.make_vec(
                name, lanes, vectorization_mode="vector_entry_point", **limits, **given
            )
        one = partial(_one, name, limit, given, tuple(wrappers), protocol, render)
        if form == "sync":
            return SyncVectorEnv([one] * lanes)
        return AsyncVectorEnv([one] * lanes, context=_clean_start())
    except (error.Error, TypeError, RuntimeError, ImportError) as problem:
        raise InputError(f"env {name}: {problem}") from problem


def make_for(settings: Settings, *, lanes: int = 0, render: bool = False) -> VectorEnv:
    """The environments that the settings of a run ask for; other than its lanes if told."""
    return make(
        settings.env,
        lanes or settings.lanes,
        vectorise="sync" if render else settings.vectorise,
        limit=settings.limit,
        arguments=read_arguments(settings.arguments),
        wrappers=read_wrappers(settings.wrappers),
        protocol=settings.protocol,
        render=render,
    )


def try_out(settings: Settings) -> None:
    """Reset and step once what somebody else wrote. Raises InputError where it breaks rules.

    What Gymnasium and ale-py bring, plain or from EnvPool, is known to keep them.
    """
    spec = spec_of(settings.env)
    entry = str(spec.entry_point).partition(".")[0]
    if settings.vectorise == "envpool" or spec.entry_point is None:
        return
    if entry in ("gymnasium", "ale_py") and not settings.wrappers:
        return
    env = make_one(
        settings.env,
        limit=settings.limit,
        arguments=read_arguments(settings.arguments),
        wrappers=read_wrappers(settings.wrappers),
        protocol=settings.protocol,
    )
    try:
        expect_rules(settings.env, env)
    finally:
        env.close()


def make_one(
    name: str,
    *,
    limit: int = 0,
    arguments: Mapping[str, Any] | None = None,
    wrappers: Sequence[Wrapper] = (),
    protocol: Protocol | None = None,
    render: bool = False,
) -> gymnasium.Env:
    """A single environment, as one lane of `make(..., vectorise="sync")` is. Raises InputError."""
    spec_of(name)
    try:
        told = protocol or Protocol()
        return _one(name, limit, dict(arguments or {}), tuple(wrappers), told, render)
    except (error.Error, TypeError, RuntimeError, ImportError) as problem:
        raise InputError(f"env {name}: {problem}") from problem


def _one(
    name: str,
    limit: int,
    arguments: dict[str, Any],
    wrappers: Sequence[Wrapper],
    protocol: Protocol,
    render: bool,
) -> gymnasium.Env:
    """A single environment; a plain function, so that it reaches another process."""
    load_plugins()
    if rom_of(name):
        env = single(name, protocol, render=render)
    else:
        own = {**arguments, "disable_env_checker": True}
        own |= {"render_mode": "rgb_array"} if render else {}
        own |= {"max_episode_steps": limit} if limit else {}
        env = gymnasium.make(name, **own)
    for wrapper in wrappers:
        env = wrapper(env)
    return env


def _clean_start() -> str:
    """How processes start that can use torch and our kernels: OpenMP's pools die in a fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.get_context("forkserver").set_forkserver_preload([__name__])
    return "forkserver"


def spec_of(name: str) -> Any:
    """What Gymnasium knows of an id. Raises InputError, with the nearest ones."""
    register()
    load_plugins()
    module, _, name = name.rpartition(":")
    try:
        if module:
            importlib.import_module(module)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of older versions of an id
            return gymnasium.spec(name)
    except (error.Error, ImportError) as problem:
        lacking = name.startswith("ALE/") and importlib.util.find_spec("ale_py") is None
        hint = "; Atari games need `pip install 'geomdl-torch[atari]'`" if lacking else ""
        raise InputError(f"env: there is no {name!r}: {problem}{hint}") from problem


@cache
def load_plugins() -> None:
    """Let installed packages register their ids, as Gymnasium did before version 1.0.

    They name a function in the entry-point group `gymnasium.envs`; the worlds of `scenes` arrive
    so. One that fails is told by a warning.
    """
    for entry in entry_points(group="gymnasium.envs"):
        try:
            entry.load()()
        except Exception as problem:  # whatever a foreign package raises
            warnings.warn(f"environments of {entry.value}: {problem!r}", stacklevel=2)


def _form(spec: Any, lanes: int, single_only: bool) -> str:
    if single_only or (spec.vector_entry_point is None and not rom_of(spec.id)):
        return "sync"
    return "native" if lanes >= NATIVE or rom_of(spec.id) else "sync"


def _refuse(spec: Any, form: str, wrapped: bool, limit: int) -> None:
    """What cannot be had together. Raises InputError."""
    atari = rom_of(spec.id)
    if form in ("native", "envpool") and wrapped:
        raise InputError(f"wrappers: {form} environments take none; use vectorise sync or async")
    if form == "native" and spec.vector_entry_point is None and not atari:
        raise InputError(f"vectorise: {spec.id} has no vector form of its own; use sync or async")
    if form == "envpool" and atari:
        raise InputError("vectorise: Atari games run on ale-py; use native, sync or async")
    if atari and limit:
        raise InputError("limit: Atari games are cut by protocol.frames")


def seeds(seed: int, lanes: int, purpose: Purpose = "training") -> list[int]:
    """A seed for every lane, from one seed; those of two purposes are never the same.

    Gymnasium itself would give lane i of a run the seed + i, so that neighbouring seeds share
    episodes.
    """
    expect_number("seed", seed, low=0)
    kind = PURPOSES.index(expect_choice("purpose", purpose, PURPOSES))
    drawn = np.random.SeedSequence([seed, kind]).generate_state(lanes)
    return [int(word >> 3) | kind << 29 for word in drawn]


def reset(envs: VectorEnv, seed: int, purpose: Purpose = "training") -> tuple[Any, dict[str, Any]]:
    """Start all lanes -> observations (L, *O) and infos. No two purposes share a lane's seed.

    Vector forms that refuse a list of seeds, as Gymnasium's own do, get the first one alone.
    """
    rows = seeds(seed, envs.num_envs, purpose)
    try:
        return envs.reset(seed=rows)  # type: ignore[arg-type]
    except (error.Error, TypeError, ValueError):
        return envs.reset(seed=rows[0])


def expect_spaces(observation: gymnasium.Space, action: gymnasium.Space) -> None:
    """Refuse spaces that no agent of ours can take. Raises InputError."""
    if not isinstance(action, Discrete):
        raise InputError(f"actions: expected a Discrete space, got {action}")
    parts = observation.spaces if isinstance(observation, Dict) else {"": observation}
    if not parts:
        raise InputError("observations: expected at least one, got an empty Dict space")
    for key, space in parts.items():
        where = f"observations[{key!r}]" if key else "observations"
        numeric = isinstance(space, Box) and np.issubdtype(space.dtype, np.number)
        boolean = isinstance(space, Box) and space.dtype == np.bool_
        if not (numeric or boolean or isinstance(space, COUNTED)):
            raise InputError(
                f"{where}: expected a Box, Discrete, MultiDiscrete or MultiBinary space, or a Dict "
                f"of them, got {space}; gymnasium.wrappers.FlattenObservation may help"
            )
        if 0 in (space.shape or ()):
            raise InputError(f"{where}: expected at least one number, got {space}")


@dataclass(frozen=True)
class Checked:
    """What `check` found: the spaces, the limit of steps (0 for none), and what was warned of."""

    observation: gymnasium.Space
    action: gymnasium.Space
    limit: int
    warnings: tuple[str, ...]


def check(
    name: str, *, arguments: Mapping[str, Any] | None = None, wrappers: Sequence[Wrapper] = ()
) -> Checked:
    """Does an environment keep Gymnasium's rules, and can our agents play it? Raises InputError.

    Runs Gymnasium's `check_env` (spaces, seeds, what reset and step return), then `expect_spaces`.
    """
    from gymnasium.utils.env_checker import check_env

    env = make_one(name, arguments=arguments, wrappers=wrappers)
    try:
        expect_spaces(env.observation_space, env.action_space)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            check_env(env if wrappers else env.unwrapped, skip_render_check=True)
        told = tuple(dict.fromkeys(STYLE.sub("", str(one.message)) for one in found))
        limit = int(getattr(env.spec, "max_episode_steps", 0) or 0)
        return Checked(env.observation_space, env.action_space, limit, told)
    except InputError:
        raise
    except Exception as problem:  # whatever an environment of someone else's raises
        said = str(problem) or type(problem).__name__
        raise InputError(f"env {name}: breaks Gymnasium's rules: {said}") from problem
    finally:
        env.close()


def read_arguments(words: Sequence[str]) -> dict[str, Any]:
    """("sutton_barto_reward=true", "size=5") -> {"sutton_barto_reward": True, "size": 5}."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise InputError(f"arguments: expected NAME=VALUE, got {word!r}")
        try:
            found[name] = json.loads(text)
        except json.JSONDecodeError:
            found[name] = text
    return found


def read_wrappers(words: Sequence[str]) -> list[Wrapper]:
    """("gymnasium.wrappers:FlattenObservation", ...) -> what they name. Raises InputError."""
    found: list[Wrapper] = []
    for word in words:
        module, _, name = word.rpartition(":")
        try:
            found.append(getattr(importlib.import_module(module), name))
        except (ImportError, AttributeError, ValueError) as problem:
            raise InputError(
                f"wrappers: expected MODULE:NAME, got {word!r}: {problem}"
            ) from problem
    return found
