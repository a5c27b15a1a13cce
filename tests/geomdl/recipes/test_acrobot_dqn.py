"""The settings keep the budget that is asked for, and make an agent."""

from geomdl.recipes import acrobot_dqn
from geomdl.recipes.find import runs_of_rl


def test_it_is_a_run_of_an_agent() -> None:
    assert "acrobot_dqn" in runs_of_rl()
    settings = acrobot_dqn.SETTINGS
    assert settings.env == "Acrobot-v1"
    assert settings.steps <= 500_000
    assert acrobot_dqn.EXPECT == {"return": -90.0}
