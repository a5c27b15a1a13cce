"""The settings keep the budget that is asked for, and make an agent."""

from geomdl.recipes import lunarlander_dqn
from geomdl.recipes.find import runs_of_rl


def test_it_is_a_run_of_an_agent() -> None:
    assert "lunarlander_dqn" in runs_of_rl()
    settings = lunarlander_dqn.SETTINGS
    assert settings.env == "LunarLander-v3"
    assert settings.steps <= 500_000
    assert lunarlander_dqn.EXPECT == {"return": 230.0}
    assert settings.network.distribution == "categorical"
