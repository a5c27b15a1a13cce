"""The learning rate of each member of the DQN family on the pixel games of pixel_family.

    python -m geomdl.recipes.pixel_rates --seeds 1000 --processes 2 --record

Every member plays all four games with every rate of RATES, half as long as in pixel_family, on a
seed that is not recorded there; all else is the same. Taken is the rate with the largest mean score
over the games. On the same seed the games were looked at: in Diver no member reached a return of 1
with any rate, nor DQN with 1e-3 in Cellar, so these two are not played. The largest rate was added
when five members had done best with the second.

Figures: score_<member>_<rate>, as in pixel_family; rate_<member>, the rate that is taken, which
pixel_family.RATES holds.
"""

from dataclasses import replace
from pathlib import Path
from statistics import fmean

from core2d.train.record import Reference
from geomdl.recipes import pixel_family, pixel_rates
from geomdl.recipes.agents import main
from geomdl.recipes.pixel_family import DATA, MEMBERS, figures, scores, variants
from geomdl.recipes.study import Figures, Study
from rl.settings import Settings

__all__ = ["DATA", "EXPECT", "RATES", "REFERENCE", "conclude", "runs", "study"]

RATES = (1e-2, 3e-3, 1e-3, 3e-4)
SHARE = 0.5  # of the steps of pixel_family

EXPECT: dict[str, float] = {}
REFERENCE: dict[str, Reference] = {}


def runs() -> dict[str, Settings]:
    """Game_member_rate -> settings."""
    steps = round(SHARE * pixel_family.SHARED.steps)
    return {
        f"{name}_{rate:g}": replace(one, steps=steps)
        for rate in RATES
        for name, one in variants(dict.fromkeys(MEMBERS, rate)).items()
    }


def conclude(found: Figures) -> Figures:
    """Scores of every member with every rate, and the rates to take, from the returns."""
    told: Figures = {}
    for name in MEMBERS:
        by_rate = {rate: scores(found, f"{name}_{rate:g}") for rate in RATES}
        told |= {f"score_{name}_{rate:g}": values for rate, values in by_rate.items()}
        best = max(RATES, key=lambda rate: fmean(by_rate[rate]))
        told[f"rate_{name}"] = [best] * len(by_rate[best])
    return told


def study(folder: Path, processes: int) -> Study:
    """One variant per member, game and rate."""
    return Study(pixel_rates, runs(), figures, conclude, brief=True, curves=())


if __name__ == "__main__":
    main(pixel_rates, study)
