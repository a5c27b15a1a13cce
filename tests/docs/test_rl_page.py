"""docs/rl.md: its tables are true."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces

from geomdl.recipes.pixel_family import GAMES, OTHERS
from rl import settings
from rl.encoders import Body
from rl.network import q_network
from rl.settings import FAMILY, Network, Settings
from tools.family import table

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rl.md").read_text()
NETWORKS = re.findall(r"^\| `(Network\(.*\))` \| ([\d,]+) \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("call", "count"), NETWORKS)
def test_networks_have_the_parameters_that_the_page_says(call: str, count: str) -> None:
    frames = spaces.Box(0, 255, (4, 84, 84), np.uint8)
    with torch.device("meta"):
        network = q_network(frames, spaces.Discrete(4), eval(call, {"Network": Network}))
    assert f"{sum(p.numel() for p in network.parameters()):,}" == count


def changed(member: Settings) -> set[str]:
    """The flags in which a member differs from dqn."""
    base, found = settings.dqn(), set()
    for part in ("network", "replay", "learn", "explore"):
        ours, theirs = getattr(member, part), getattr(base, part)
        for name in ours.__dataclass_fields__:
            if getattr(ours, name) != getattr(theirs, name):
                found.add(f"--{part}.{name.replace('_', '-')}")
    assert replace(base, network=member.network, replay=member.replay,
                   learn=member.learn, explore=member.explore) == member  # fmt: skip
    return found


def test_the_family_is_whole_and_each_member_is_what_the_page_says() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \|([^|]*)\|$", PAGE, re.MULTILINE))
    assert list(rows) == [make.__name__ for make in FAMILY]
    members = {make.__name__: changed(make()) for make in FAMILY}
    for name in set(rows) - {"rainbow"}:
        assert set(re.findall(r"--[\w.-]+", rows[name])) == members[name], name
    parts = ("double", "dueling", "prioritised", "nstep", "noisy", "c51")
    assert members["rainbow"] == set().union(*(members[p] for p in parts))


def test_the_table_of_games_is_the_record() -> None:
    path = ROOT / "results" / "pixel_family.json"
    metrics = json.loads(path.read_text())["metrics"]
    assert table(metrics) in PAGE
    for game in (*GAMES, *OTHERS):
        random, scripted = (metrics[f"{who}_{game}"]["mean"] for who in ("random", "scripted"))
        assert re.search(rf"`geomdl/{game}-v0` .*\| {random:.2f} \| {scripted:.1f} \|", PAGE), game


def test_every_body_is_named() -> None:
    for body in set(Body.__args__) - {"auto"}:  # type: ignore[attr-defined]
        assert f"`{body}`" in PAGE or f'body="{body}"' in PAGE, body
