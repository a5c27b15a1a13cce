"""The settings keep the budget that is asked for, and make an agent."""

from geomdl.recipes import mountaincar_dqn
from geomdl.recipes.find import runs_of_rl


def test_it_is_a_run_of_an_agent() -> None:
    assert "mountaincar_dqn" in runs_of_rl()
    settings = mountaincar_dqn.SETTINGS
    assert settings.env == "MountainCar-v0"
    assert settings.steps <= 500_000
    assert mountaincar_dqn.EXPECT == {"return": -110.0}
