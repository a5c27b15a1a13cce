"""The comparison of the family: equal in all but what makes a member, and scored between marks."""

from dataclasses import replace

import pytest

from geomdl.recipes import pixel_family as p
from rl.settings import dqn, member


def test_members_differ_in_what_makes_them_alone() -> None:
    found = p.variants(dict.fromkeys(p.MEMBERS, 1e-3))
    assert len(found) == len(p.GAMES) * len(p.MEMBERS)
    for name in p.MEMBERS:
        one = found[f"Hail_{name}"]
        plain = replace(dqn(), learn=replace(dqn().learn, rate=1e-3))
        assert replace(member(name, plain), env=one.env) == replace(
            one,
            steps=plain.steps,
            lanes=plain.lanes,
            checkpoint=plain.checkpoint,
            report=plain.report,
            explore=plain.explore,
            network=replace(one.network, low=plain.network.low, high=plain.network.high),
            replay=replace(one.replay, capacity=plain.replay.capacity),
            learn=replace(
                one.learn,
                batch=plain.learn.batch,
                every=plain.learn.every,
                begins=plain.learn.begins,
                target=one.learn.target and plain.learn.target,
            ),
        )
    assert {one.env for one in found.values()} == {f"geomdl/{g}-v0" for g in p.GAMES}
    rates = {**dict.fromkeys(p.MEMBERS, 1e-3), "noisy": 3e-4}
    assert p.variants(rates)["Worm_noisy"].learn.rate == 3e-4


@pytest.fixture(autouse=True)
def _marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(p, "marks", lambda game: (1.0, 11.0) if game == "Hail" else (0.0, 4.0))


def test_scores() -> None:
    assert p.score("Hail", 1.0) == 0
    assert p.score("Hail", 11.0) == 1
    found = {f"return_{game}_dqn": [1.0, 11.0] for game in p.GAMES}
    told = p.conclude(found, {"dqn": 1e-3})
    assert told["score_dqn"] == pytest.approx([0.75 * 0.25, 0.25 + 0.75 * 2.75])
    assert told["rate_dqn"] == [1e-3, 1e-3]
    assert told["random_Hail"] == [1.0, 1.0]
    assert told["scripted_Mason"] == [4.0, 4.0]
