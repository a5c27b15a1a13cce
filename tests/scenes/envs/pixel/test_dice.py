"""Streams of numbers: the published outputs of SplitMix64, lanes that do not know each other."""

import numpy as np

from scenes.envs.pixel.dice import GOLDEN, Dice, mix
from tests.oracles.pixel_games import Chance

EVERY = np.arange(5)


def dice(keys):
    made = Dice(len(keys))
    made.begin(np.arange(len(keys)), np.array(keys, np.uint64))
    return made


def test_mix_is_the_finaliser_of_splitmix64():
    states = np.uint64(1234567) + np.arange(1, 4, dtype=np.uint64) * GOLDEN
    assert mix(states).tolist() == [
        6457827717110365317, 3203168211198807973, 9817491932198370423,
    ]  # fmt: skip


def test_a_lane_draws_what_it_draws_alone():
    many = dice([3, 5, 2**64 - 1])
    for key, lane in ((3, 0), (5, 1), (2**64 - 1, 2)):
        alone, chance = dice([key]), Chance(key)
        for _ in range(3):
            np.testing.assert_array_equal(many.roll(0, 7)[:, lane], alone.roll(0, 7)[:, 0])
            np.testing.assert_array_equal(many.roll(2, 3)[:, lane], many.roll(0, 7)[2:5, lane])
            assert alone.roll(0, 7)[:, 0].tolist() == [chance.number(i) for i in range(7)]
            many.tick(), alone.tick()
            chance.time += 1
        many = dice([3, 5, 2**64 - 1])


def test_named_lanes_new_episodes():
    rolled = dice(EVERY)
    np.testing.assert_array_equal(rolled.roll(1, 4, np.array([3, 1])), rolled.roll(1, 4)[:, [3, 1]])
    first = rolled.roll(0, 4)
    rolled.tick()
    assert (rolled.roll(0, 4) != first).all()
    rolled.begin(np.array([2]), np.array([2], np.uint64))
    np.testing.assert_array_equal(rolled.roll(0, 4)[:, 2], first[:, 2])
    assert (rolled.roll(0, 4)[:, [0, 1, 3, 4]] != first[:, [0, 1, 3, 4]]).all()


def test_numbers_are_uniform_and_not_correlated():
    rolled = dice(np.arange(200))
    numbers = np.stack([(rolled.tick(), rolled.roll(0, 20))[1] for _ in range(50)])  # (T, I, L)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, 20, (0, 1))[0]
    assert abs(counts / numbers.size * 20 - 1).max() < 0.03
    for axis in range(3):  # neighbours in time, index and lane
        one, other = numbers.swapaxes(0, axis)[:-1], numbers.swapaxes(0, axis)[1:]
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.01
