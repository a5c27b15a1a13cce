"""Scripted players: far above random play, which gets next to nothing."""

import gymnasium
import numpy as np
import pytest

import scenes.envs
from core2d.errors import InputError
from scenes.envs.baselines import play
from scenes.envs.pixel.players import PLAYERS, Scripted, distances

# Mean returns: of random play at most, of the scripted player at least.
MARKS = {"Mason": (0.5, 40), "Hail": (0.5, 40), "Rafts": (0.5, 25), "Diver": (0.3, 90),
         "Worm": (0.3, 20), "Cellar": (0.4, 7)}  # fmt: skip


@pytest.mark.parametrize("name", MARKS)
def test_random_play_gets_next_to_nothing(name):
    env = gymnasium.make_vec(f"geomdl/{name}-v0", num_envs=100)
    env.reset(seed=0)
    env.action_space.seed(0)
    total, playing = np.zeros(100), np.ones(100, bool)
    while playing.any():
        _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        total += reward * playing
        playing &= ~(terminated | truncated)
    assert total.mean() <= MARKS[name][0]


@pytest.mark.parametrize("name", MARKS)
def test_the_scripted_player_plays_well(name):
    game = f"geomdl/{name}-v0"
    envs = gymnasium.make_vec(game, num_envs=4, vectorization_mode="vector_entry_point")
    found = play(envs.unwrapped, Scripted(game, 4), 4)
    assert found["return"] >= MARKS[name][1]


def test_a_player_with_a_memory_begins_anew_with_its_episode():
    def remembers():
        turns = iter(range(100))
        return lambda seen: next(turns)

    player = Scripted("geomdl/Cellar-v0", 2)
    player.make = remembers
    rows = [player(np.zeros((2, 6, 10, 10)), np.array(fresh)).tolist() for fresh in
            ([True, True], [False, False], [False, True])]  # fmt: skip
    assert rows == [[0, 0], [1, 1], [2, 0]]
    with pytest.raises(InputError, match="Cellar"):
        Scripted("geomdl/Celar-v0", 1)


def test_every_game_has_a_player():
    assert list(PLAYERS) == [f"geomdl/{name}-v0" for name, _ in scenes.envs.PIXEL_GAMES]
    assert list(MARKS) == [name for name, _ in scenes.envs.PIXEL_GAMES]


def test_distances_go_round_walls():
    free = np.ones((10, 10), bool)
    free[1, 1:] = False
    steps = distances((0, 9), free)
    assert steps[0, 0] == 9
    assert steps[2, 9] == 9 + 2 + 9
    free[1, 0] = False
    assert np.isinf(distances((0, 9), free)[2:]).all()
