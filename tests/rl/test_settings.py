"""The family is dqn with one argument changed, and impossible settings are refused by name."""

import dataclasses
from dataclasses import replace

import pytest

from core2d.errors import InputError
from core2d.train.runs import config_of
from rl.settings import FAMILY, Learn, Memory, Network, Settings, dqn, member


def changed(one: object, other: object, path: str = "") -> set[str]:
    """Dotted names of the fields that differ."""
    found: set[str] = set()
    for field in dataclasses.fields(one):  # type: ignore[arg-type]
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if dataclasses.is_dataclass(ours):
            found |= changed(ours, theirs, f"{path}{field.name}.")
        elif ours != theirs:
            found.add(path + field.name)
    return found


def test_each_member_is_dqn_with_one_argument_changed() -> None:
    known = {
        "dqn": set(),
        "dqn2013": {"learn.target"},
        "double": {"learn.double"},
        "dueling": {"network.dueling"},
        "prioritised": {"replay.prioritised"},
        "nstep": {"replay.steps"},
        "noisy": {"network.noisy"},
        "c51": {"network.distribution"},
        "qr_dqn": {"network.distribution"},
    }
    for make in FAMILY:
        if make.__name__ != "rainbow":
            assert changed(make(), dqn()) == known.pop(make.__name__), make.__name__
    assert not known


def test_rainbow_is_its_six_parts_together() -> None:
    parts = ["double", "dueling", "prioritised", "nstep", "noisy", "c51"]
    expected = set().union(*(changed(member(name), dqn()) for name in parts))
    assert changed(member("rainbow"), dqn()) == expected


def test_a_member_of_other_settings_changes_what_makes_it_one() -> None:
    base = replace(
        dqn(), env="Acrobot-v1", network=Network(hidden=(8,)), replay=Memory(capacity=999)
    )
    made = member("rainbow", base)
    assert (made.env, made.network.hidden, made.replay.capacity) == ("Acrobot-v1", (8,), 999)
    assert (made.replay.steps, made.network.dueling, made.learn.double) == (3, True, True)
    assert member("dqn", base) == base


def test_settings_come_back_from_a_dict() -> None:
    for make in FAMILY:
        assert config_of(Settings, dataclasses.asdict(make())) == make()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: member("rainbw"), "member: .*did you mean 'rainbow'"),
        (lambda: Settings(steps=0), "steps: expected at least 1, got 0"),
        (lambda: Settings(env=""), "env: "),
        (lambda: Settings(replay=Memory(capacity=16)), "replay.capacity: "),
        (lambda: Memory(capacity=3, steps=3), "replay.capacity: "),
        (lambda: Learn(discount=1.01), "learn.discount: expected 0 to 1"),
        (lambda: Learn(rate=float("nan")), "learn.rate: "),
        (lambda: Network(low=1.0, high=1.0), "network.low: "),
        (lambda: Network(high=float("inf")), "network.high: expected a finite number"),
        (lambda: Network(body="natur"), "network.body: .*did you mean 'nature'"),
        (lambda: Network(distribution="quantiles"), "network.distribution: "),
        (lambda: Network(hidden=(64.5,)), "network.hidden: expected a whole number, got 64.5"),
        (lambda: Learn(loss="hubr"), "learn.loss: .*did you mean 'huber'"),
        (lambda: Learn(fall="cosine"), "learn.fall: "),
        (lambda: Learn(precision="16"), "learn.precision: "),
        (lambda: Learn(batch=1.5), "learn.batch: expected a whole number"),
        (lambda: Settings(seed=-1), "seed: expected at least 0"),
        (lambda: Settings(vectorise="vector"), "vectorise: "),
        (lambda: Network(distribution="categorical", atoms=1), "network.atoms: "),
    ],
)
def test_impossible_settings_are_refused_by_name(make, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
