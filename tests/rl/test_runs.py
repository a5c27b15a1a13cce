"""A folder gives back the agent that was put there, and says what is wrong with it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core2d.errors import InputError
from rl.environments import make_for
from rl.runs import agent_for, describe_run, open_run, prepared, read_settings, save_agent
from rl.settings import Learn, Network, member

SETTINGS = replace(
    member("rainbow"),
    stack=2,
    network=Network(hidden=(8,), noisy=True, atoms=5),
    learn=Learn(average=0.5),
)


def saved(folder: Path) -> torch.Tensor:
    """A run of nothing; the weights that it keeps."""
    envs = make_for(SETTINGS, lanes=1)
    agent = agent_for(SETTINGS, envs)
    envs.close()
    assert agent.average is not None
    agent.average.mul_(2)
    folder.mkdir(parents=True, exist_ok=True)
    describe_run(folder, "rainbow", SETTINGS, {})
    save_agent(folder / "model.safetensors", agent)
    return agent.average


def test_a_run_is_opened_with_the_weights_it_keeps(tmp_path: Path) -> None:
    kept = saved(tmp_path)
    one = open_run(tmp_path)
    assert one.settings == SETTINGS == read_settings(tmp_path)
    assert torch.equal(one.agent.flat.values, kept)
    assert (one.name, one.log, one.agent.network.training) == ("rainbow", [], False)


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run"):
        read_settings(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"recipe": "fashion_mlp", "config": {}}))
    with pytest.raises(InputError, match="geomdl fit"):
        read_settings(tmp_path)
    describe_run(tmp_path, "rainbow", SETTINGS, {})
    with pytest.raises(InputError, match="no weights yet"):
        open_run(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no weights can be read"):
        open_run(tmp_path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    describe_run(tmp_path, "dqn", replace(SETTINGS, network=Network(hidden=(9,))), {})
    with pytest.raises(InputError, match="do not fit"):
        open_run(tmp_path)


def test_a_folder_is_prepared_or_refused(tmp_path: Path) -> None:
    prepared(tmp_path / "new", SETTINGS, resume=False, overwrite=False)
    saved(tmp_path)
    (tmp_path / "outcome.json").write_text("{}")
    with pytest.raises(InputError, match="--resume, or --overwrite"):
        prepared(tmp_path, SETTINGS, resume=False, overwrite=False)
    with pytest.raises(InputError, match="got both"):
        prepared(tmp_path, SETTINGS, resume=True, overwrite=True)
    with pytest.raises(InputError, match="lanes: the run has 8, got 2"):
        prepared(tmp_path, replace(SETTINGS, lanes=2), resume=True, overwrite=False)
    other = replace(SETTINGS, learn=replace(SETTINGS.learn, rate=0.5))
    with pytest.raises(InputError, match=r"learn\.rate: the run has .*, got 0.5; give --output"):
        prepared(tmp_path, other, resume=True, overwrite=False)
    prepared(tmp_path, SETTINGS, resume=True, overwrite=False)
    assert (tmp_path / "outcome.json").exists()
    prepared(tmp_path, replace(SETTINGS, steps=99_999), resume=True, overwrite=False)
    assert not (tmp_path / "outcome.json").exists()
    prepared(tmp_path, SETTINGS, resume=False, overwrite=True)
    assert not (tmp_path / "config.json").exists()
