"""The whole DQN family on four small games, with equal budgets and equal tuning.

    python -m geomdl.recipes.pixel_family --seeds 0 1 2 --processes 2 --record

Mason, Hail, Rafts and Worm of scenes.envs, 10 x 10 pixels each. Every member of rl.settings.FAMILY
plays as many steps with the same network, replay and batch. One thing is tuned, for each member
alike: the learning rate, by geomdl.recipes.pixel_rates, on a seed that is not recorded here.

Figures: return_<Game>_<member>, the mean raw return of 100 fresh episodes of the final weights;
random_<Game> and scripted_<Game>, what chance and a player with rules get in 100 episodes there and
in the two games that are not played; score_<member>, (return - random) / (scripted - random)
averaged over the games, so 1 is as good as the rules;
rate_<member>, the learning rate that was chosen.
EXPECT is the score of the worst seed of dqn, and of dueling, which came out first. Three seeds say
little about neighbours in the order: look at the values, not at the means alone. And 100,000 steps
are few (12,500 updates): what an idea brings late does not show.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from statistics import fmean

import gymnasium

from core2d.train.record import Reference
from geomdl.recipes import pixel_family
from geomdl.recipes.agents import main
from geomdl.recipes.study import Figures, Study
from rl.explore import Epsilon
from rl.settings import FAMILY, Learn, Memory, Network, Settings, member
from rl.train import Outcome
from scenes.envs.baselines import Random, play
from scenes.envs.pixel.players import Scripted
from scenes.envs.world import WorldVectorEnv

GAMES = ("Mason", "Hail", "Rafts", "Worm")
OTHERS = ("Diver", "Cellar")  # marked alone: so few steps teach nobody anything there
MEMBERS = tuple(make.__name__ for make in FAMILY)
EPISODES = 100
RATES = {  # what geomdl.recipes.pixel_rates chose
    "dqn2013": 3e-3,
    "dqn": 1e-3,
    "double": 1e-3,
    "dueling": 1e-3,
    "prioritised": 3e-3,
    "nstep": 1e-3,
    "noisy": 3e-3,
    "c51": 3e-3,
    "qr_dqn": 1e-3,
    "rainbow": 1e-3,
}

EXPECT = {"score_dqn": 0.16, "score_dueling": 0.23}
REFERENCE: dict[str, Reference] = {}
DATA = "geomdl/Mason-v0, Hail-v0, Rafts-v0 and Worm-v0, no sticky actions, raw rewards"

SHARED = Settings(
    steps=100_000,
    lanes=16,
    checkpoint=100_000,
    report=5000,
    network=Network(low=0.0, high=60.0),
    replay=Memory(capacity=100_000),
    learn=Learn(batch=32, every=8, target=1000, begins=2000),
    explore=Epsilon(1.0, 0.05, 30_000),
)


def variants(rates: Mapping[str, float]) -> dict[str, Settings]:
    """Game_member -> settings, with a learning rate for each member."""
    found = {}
    for game in GAMES:
        for name, rate in rates.items():
            base = replace(SHARED, env=f"geomdl/{game}-v0", learn=replace(SHARED.learn, rate=rate))
            found[f"{game}_{name}"] = member(name, base)
    return found


@cache
def marks(game: str) -> tuple[float, float]:
    """Mean returns of random play and of the scripted player over EPISODES."""
    name = f"geomdl/{game}-v0"
    envs = gymnasium.make_vec(name, EPISODES, vectorization_mode="vector_entry_point").unwrapped
    assert isinstance(envs, WorldVectorEnv)
    players = (Random(envs.world.actions), Scripted(name, EPISODES))
    random, scripted = (play(envs, player, EPISODES)["return"] for player in players)
    return random, scripted


def score(game: str, value: float) -> float:
    """A return between random play, 0, and the scripted player, 1."""
    random, scripted = marks(game)
    return (value - random) / (scripted - random)


def scores(found: Figures, name: str) -> list[float]:
    """The mean score over the games, per seed, from the returns of the variants Game_name."""
    rows = [[score(game, value) for value in found[f"return_{game}_{name}"]] for game in GAMES]
    return [fmean(one) for one in zip(*rows, strict=True)]


def figures(outcome: Outcome) -> dict[str, float]:
    """What a run is reduced to."""
    return {"return": outcome.metrics["return"]}


def conclude(found: Figures, rates: Mapping[str, float]) -> Figures:
    """Scores over the games per member and seed, and what they were measured against."""
    seeds = len(next(iter(found.values())))
    told: Figures = {}
    for game in GAMES + OTHERS:
        random, scripted = marks(game)
        told |= {f"random_{game}": [random] * seeds, f"scripted_{game}": [scripted] * seeds}
    for name, rate in rates.items():
        told[f"score_{name}"] = scores(found, name)
        told[f"rate_{name}"] = [rate] * seeds
    return told


def study(folder: Path, processes: int) -> Study:
    """The recorded runs with the rates that were chosen."""
    shown = ("step", "return")
    make = partial(conclude, rates=RATES)
    return Study(pixel_family, variants(RATES), figures, make, curves=shown)


if __name__ == "__main__":
    main(pixel_family, study)
