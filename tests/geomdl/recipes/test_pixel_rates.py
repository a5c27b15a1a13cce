"""Rates are chosen for every member alike, by scores that count each game alike."""

import json
from pathlib import Path

import pytest

from geomdl.recipes import pixel_family, pixel_rates

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pixel_family, "marks", lambda game: (1.0, 11.0) if game == "Hail" else (0.0, 4.0)
    )


def test_runs_differ_from_the_family_by_rate_and_length_alone() -> None:
    found = pixel_rates.runs()
    assert len(found) == len(pixel_family.GAMES) * len(pixel_family.MEMBERS) * len(
        pixel_rates.RATES
    )
    one = found["Hail_noisy_0.003"]
    assert one.learn.rate == 3e-3
    assert one.network.noisy
    assert one.steps * 2 == pixel_family.SHARED.steps
    assert one.env == "geomdl/Hail-v0"


def test_the_best_rate_is_taken_by_the_score() -> None:
    """A score counts each game alike, however large its returns: 2 of 4 beat 4 of 10."""
    values = {1e-2: (0.0, 0.0), 3e-3: (5.0, 0.0), 1e-3: (1.0, 2.0), 3e-4: (2.0, 0.0)}
    found = {
        f"return_{game}_{name}_{rate:g}": [hail if game == "Hail" else other]
        for game in pixel_family.GAMES
        for name in pixel_family.MEMBERS
        for rate, (hail, other) in values.items()
    }
    told = pixel_rates.conclude(found)
    assert told["score_dqn_0.003"] == [pytest.approx(0.1)]
    assert told["score_dqn_0.001"] == [pytest.approx(0.375)]
    assert all(told[f"rate_{name}"] == [1e-3] for name in pixel_family.MEMBERS)
    assert not any(name.startswith("return") for name in told)


def test_the_family_plays_with_the_recorded_choice() -> None:
    path = ROOT / "results" / "pixel_rates.json"
    if not path.exists():
        pytest.skip("the rates are not recorded")
    metrics = json.loads(path.read_text())["metrics"]
    chosen = {name: metrics[f"rate_{name}"]["mean"] for name in pixel_family.MEMBERS}
    assert chosen == pixel_family.RATES
