"""Returns of fresh episodes: whole, raw, fair to long ones, with an honest interval."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from core2d.files import save_json
from rl import evaluate as module
from rl.atari import nature
from rl.environments import make_for, seeds
from rl.evaluate import (
    Chance,
    Evaluation,
    Player,
    evaluate,
    interval,
    play,
    read_evaluation,
    whole_games,
)
from rl.settings import Memory, Settings

COUNT = Settings(env="tests.rl.worlds:Count-v0", lanes=3)


class Zero:
    """Always the first action; keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def act(self, observation: Any, epsilon: float, generator: torch.Generator, /) -> np.ndarray:
        self.seen.append(np.array(observation))
        return np.zeros(len(observation), np.int64)


def test_returns_and_lengths_are_those_of_the_environment() -> None:
    found = evaluate(Player(Zero(), COUNT), episodes=7)
    assert found.returns == (10.0,) * 7
    assert found.lengths == (5,) * 7
    assert (found.mean, found.std, found.interval) == (10.0, 0.0, (10.0, 10.0))


def test_long_episodes_count_as_much_as_short_ones() -> None:
    """Lanes have lengths 1 to 10 by their seed; those that end first must not fill the test."""
    settings = replace(COUNT, arguments=("length=0",), lanes=6)
    own = [seed % 10 + 1 for seed in seeds(3, 6, "evaluation")]
    assert len(set(own)) > 2
    found = evaluate(Player(Zero(), settings), episodes=20, seed=3)
    share = [4, 4, 3, 3, 3, 3]
    expected = [length for length, count in zip(own, share, strict=True) for _ in range(count)]
    assert list(found.lengths) == expected


def test_episodes_are_not_those_of_training_and_the_same_every_time() -> None:
    actor = Zero()
    evaluate(Player(actor, COUNT), episodes=3, seed=5)
    first = [int(seed) for seed in actor.seen[0][:, 1]]
    assert first == [seed % 2**20 for seed in seeds(5, 3, "evaluation")]
    assert not set(first) & {seed % 2**20 for seed in seeds(5, 3, "training")}
    cart = Settings(env="CartPole-v1", lanes=4)
    one, again, other = (evaluate(Player(None, cart), episodes=6, seed=s) for s in (1, 1, 2))
    assert one == again
    assert one.returns != other.returns


def test_chance_takes_every_action() -> None:
    envs = make_for(COUNT)
    generator = torch.Generator().manual_seed(0)
    drawn = [Chance(envs.single_action_space).act(np.zeros((3, 2)), 0, generator) for _ in range(9)]
    assert set(np.stack(drawn).ravel().tolist()) == {0, 1, 2}
    found = evaluate(Player(None, Settings(env="CartPole-v1", lanes=8)), episodes=60)
    assert 15 < found.mean < 30  # a random cart stands for 22 steps


def test_an_endless_episode_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 20)
    with pytest.raises(InputError, match="goes on after 20 steps"):
        evaluate(Player(Zero(), replace(COUNT, arguments=("length=50",))), episodes=3)


def test_stacks_are_what_an_agent_sees() -> None:
    actor = Zero()
    envs = make_for(COUNT, lanes=1)
    play(actor, envs, 2, stack=3)
    counts = [seen[0, :, 0].tolist() for seen in actor.seen]
    assert counts[:3] == [[0, 0, 0], [0, 0, 1], [0, 1, 2]]
    assert counts[6] == [0, 0, 0]  # the second episode knows nothing of the first


def test_interval_against_theory_and_edges() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    low, high = interval(values.tolist())
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)
    assert interval([7.0]) == (7.0, 7.0)
    assert interval([0.0, 1.0]) == (0.0, 1.0)
    assert interval(values.tolist()) == (low, high)
    assert interval(values.tolist(), level=0.5)[0] > low
    with pytest.raises(InputError, match="values"):
        interval([])


def test_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(2)
    samples = generator.exponential(1.0, (200, 30))
    inside = [
        low <= 1.0 <= high for low, high in (interval(s.tolist(), resamples=300) for s in samples)
    ]
    assert 0.86 < np.mean(inside) < 0.97


def test_a_run_is_opened_and_tested(tmp_path: Path) -> None:
    from rl.runs import agent_for, describe_run, save_agent

    settings = Settings(lanes=2, replay=Memory(capacity=100))
    envs = make_for(settings)
    describe_run(tmp_path, "dqn", settings, {})
    save_agent(tmp_path / "model.safetensors", agent_for(settings, envs))
    found = evaluate(tmp_path, episodes=4)
    assert found == evaluate(tmp_path, episodes=4)
    assert len(found.returns) == 4
    with pytest.raises(InputError, match=r"no config\.json"):
        evaluate(tmp_path / "nothing")
    with pytest.raises(InputError, match="episodes"):
        evaluate(tmp_path, episodes=0)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    told = Evaluation("A-v0", (1.0, 2.5), (3, 4), 0.05, 0, 4, {"sticky": 0.25})
    save_json(tmp_path / "evaluation.json", told.content())
    assert read_evaluation(tmp_path / "evaluation.json") == told
    content = json.loads((tmp_path / "evaluation.json").read_text())
    assert (content["mean"], content["low"], content["high"]) == (1.75, 1.0, 2.5)


def test_atari_scores_tell_their_protocol() -> None:
    pytest.importorskip("ale_py", reason="the extra atari (ale-py) is not installed")
    protocol = replace(nature(), frames=400)
    settings = Settings(env="ALE/Breakout-v5", lanes=2, stack=4, protocol=protocol)
    assert whole_games(settings).protocol == replace(protocol, life_loss=False)
    assert evaluate(Player(None, settings), episodes=1).epsilon == 1.0
    found = evaluate(Player(Zero(), settings), episodes=2)
    assert found.epsilon == 0.05
    assert found.frames == 4
    words = str(found)
    for word in ("ALE/Breakout-v5", "epsilon 0.05", "sticky actions 0,", "4 frames a step", "raw"):
        assert word in words
    sticky = replace(settings, protocol=replace(protocol, sticky=0.25))
    assert evaluate(Player(Zero(), sticky), episodes=1).epsilon == 0.0


@pytest.mark.parametrize("epsilon", [-0.1, 1.5, float("nan")])
def test_an_impossible_share_is_refused(epsilon: float) -> None:
    with pytest.raises(InputError, match=r"epsilon: expected (0 to 1|a finite number)"):
        evaluate(Player(Zero(), COUNT), epsilon=epsilon)
