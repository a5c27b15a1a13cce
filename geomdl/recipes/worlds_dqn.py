"""DQN in three worlds of shapes, beside chance, rules and an oracle, on things it never saw.

    python -m geomdl.recipes.worlds_dqn --seeds 1 2 3 --processes 2 --record

Next best view, object-goal navigation and the voxel maze of scenes.envs. Agents learn in the train
split (objects, rooms and mazes of its seeds) and are tested, as everybody is, in 100 episodes of
the test split, the same for all. All three see voxels, a map of what was seen so far, by a small
VoxNet: of NEXT_BEST_VIEW the object, of the others what lies around the walker, and where it has
been (`scenes.envs.room_map`). Rules read what the worlds show unasked.

Figures: return_<World>, and the world's measures (coverage; success and SPL of Anderson et al.
2018), of the agents; the same with _random, _scripted and _oracle behind; lead_<World>, the agent's
return less that of the better of random and scripted, of which EXPECT asks that it is above 0.
A seed of each takes 3 (next best view) to 10 minutes of one core.

What the settings and the worlds answer, each found by a run without it. A walker that sees only the
last frames forgets what stands behind it, and one that knows the walls but not where it has been
goes round in circles: so the map tells both. Twenty rooms are soon known by heart: so 100. In the
maze a step changes the return by less than the network's values shake from update to update (Adam
moves them by about the rate times the features): so entering cells that are new pays, the discount
is 0.9, all learn at a rate of 1e-4 and the averaged weights play. On seed 0 all of this took
the success in the maze from 0.21 to 0.64, and rate and average alone that in rooms from 0.54 to
0.63; these were test episodes, so seed 0 is not recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import gymnasium
from torch import Generator

from core2d.train.record import Reference
from geomdl.recipes import worlds_dqn
from geomdl.recipes.agents import main
from geomdl.recipes.study import Figures, Study
from rl.collect import parts_of
from rl.environments import read_arguments
from rl.explore import Epsilon
from rl.runs import Trained, open_run
from rl.settings import Learn, Memory, Network, Settings
from rl.stack import Stacks
from rl.train import Outcome
from scenes.envs.baselines import (
    Compass,
    Farthest,
    Greedy,
    Planner,
    Player,
    Random,
    Seeker,
    ShortestWalk,
    play,
)
from scenes.envs.next_best_view import Search
from scenes.envs.object_goal import Walk
from scenes.envs.voxel_maze import Dig
from scenes.envs.world import Flags, Ints, Seen, WorldVectorEnv

LANES, EPISODES = 25, 100

EXPECT = {"lead_NextBestView": 0.0, "lead_ObjectGoal": 0.0, "lead_VoxelMaze": 0.0}
REFERENCE: dict[str, Reference] = {}
DATA = "geomdl/NextBestView-v0, ObjectGoal-v0 and VoxelMaze-v0, test split"

NEXT_BEST_VIEW = Settings(
    env="geomdl/NextBestView-v0",
    steps=40_000,
    lanes=32,
    arguments=('parts=["voxels","visited"]', "objects=600"),
    network=Network(features=256),
    replay=Memory(capacity=20_000),
    learn=Learn(
        batch=32,
        rate=1e-4,
        fall="linear",
        discount=0.9,
        every=3,
        target=1000,
        double=True,
        average=0.999,
    ),
    explore=Epsilon(1.0, 0.05, 5000),
)
OBJECT_GOAL = replace(
    NEXT_BEST_VIEW,
    env="geomdl/ObjectGoal-v0",
    steps=150_000,
    arguments=('parts=["voxels"]', "rooms=100"),
    network=Network(features=256, dueling=True),
    replay=Memory(capacity=60_000, steps=3),
    learn=replace(NEXT_BEST_VIEW.learn, discount=0.97, begins=2000, every=8, target=4000),
    explore=Epsilon(1.0, 0.05, 30_000),
)
VOXEL_MAZE = replace(
    OBJECT_GOAL,
    env="geomdl/VoxelMaze-v0",
    steps=100_000,
    arguments=('parts=["voxels","compass"]',),
    replay=Memory(capacity=100_000, steps=3),
    learn=replace(OBJECT_GOAL.learn, batch=64, discount=0.9, every=4),
    explore=Epsilon(1.0, 0.1, 30_000),
)


@dataclass(frozen=True)
class Baselines:
    """Who else plays a world, made for its lanes: by rules from what is seen; seeing all."""

    scripted: Callable[[WorldVectorEnv], Player]
    oracle: Callable[[WorldVectorEnv], Player]


def greedy(envs: WorldVectorEnv) -> Player:
    assert isinstance(envs.world, Search)
    return Greedy(envs.world)


def shortest_walk(envs: WorldVectorEnv) -> Player:
    assert isinstance(envs.world, Walk)
    return ShortestWalk(envs.world)


def whole_map(envs: WorldVectorEnv) -> Player:
    assert isinstance(envs.world, Dig)
    return Planner(envs.world, whole=True)


WORLDS: dict[str, tuple[Settings, Baselines]] = {
    "NextBestView": (NEXT_BEST_VIEW, Baselines(lambda envs: Farthest(), greedy)),
    "ObjectGoal": (OBJECT_GOAL, Baselines(lambda envs: Seeker(envs.num_envs), shortest_walk)),
    "VoxelMaze": (VOXEL_MAZE, Baselines(lambda envs: Compass(), whole_map)),
}


class Learned:
    """An agent as a player of `scenes.envs.baselines`: greedy, with the stack it learned with."""

    def __init__(self, run: Trained, envs: WorldVectorEnv) -> None:
        self.agent = run.agent
        parts = parts_of(envs.single_observation_space)
        self.named = isinstance(parts, dict)
        each = parts if isinstance(parts, dict) else {"": parts}
        self.stacks = Stacks(envs.num_envs, run.settings.stack, each)
        self.generator = Generator()

    def __call__(self, seen: Seen, fresh: Flags) -> Ints:
        """Observations of all lanes, which begin an episode (L,) -> actions (L,)."""
        stacked = self.stacks.see(seen if self.named else {"": seen}, fresh)
        return self.agent.act(stacked if self.named else stacked[""], 0.0, self.generator)


def world_of_tests(settings: Settings, *, parts: bool = True) -> WorldVectorEnv:
    """The world of some settings on LANES lanes, with objects of the test split.

    parts: observe what the settings choose, else what the world shows unasked.
    """
    given = read_arguments(settings.arguments)
    if not parts:
        given.pop("parts", None)
    given |= {"max_episode_steps": settings.limit} if settings.limit else {}
    form = "vector_entry_point"
    envs = gymnasium.make_vec(settings.env, LANES, form, split="test", **given).unwrapped
    assert isinstance(envs, WorldVectorEnv)
    return envs


def figures(outcome: Outcome) -> dict[str, float]:
    """What the final weights reach in the test split: return, and the world's measures."""
    run = open_run(outcome.folder)
    envs = world_of_tests(run.settings)
    return told(play(envs, Learned(run, envs), EPISODES))


@cache
def marks(name: str) -> dict[str, dict[str, float]]:
    """Random, scripted and oracle -> what they reach in the test split of a world."""
    settings, others = WORLDS[name]
    envs = world_of_tests(settings, parts=False)
    players: dict[str, Player] = {
        "random": Random(envs.world.actions),
        "scripted": others.scripted(envs),
        "oracle": others.oracle(envs),
    }
    return {who: told(play(envs, player, EPISODES)) for who, player in players.items()}


def told(found: dict[str, float]) -> dict[str, float]:
    """The measures that are recorded."""
    return {name: found[name] for name in ("return", "coverage", "success", "spl") if name in found}


def conclude(found: Figures) -> Figures:
    """The marks, and by how much the agents lead."""
    more: Figures = {}
    for name in WORLDS:
        got = found[f"return_{name}"]
        others = marks(name)
        for who, measures in others.items():
            more |= {f"{key}_{name}_{who}": [v] * len(got) for key, v in measures.items()}
        best = max(others["random"]["return"], others["scripted"]["return"])
        more[f"lead_{name}"] = [value - best for value in got]
    return more


def study(folder: Path, processes: int) -> Study:
    """One variant per world."""
    variants = {name: settings for name, (settings, _) in WORLDS.items()}
    return Study(worlds_dqn, variants, figures, conclude)


if __name__ == "__main__":
    main(worlds_dqn, study)
