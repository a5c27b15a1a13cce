"""CartPole's settings are a member of the family with the budget that is asked for."""

from geomdl.recipes import cartpole_dqn
from geomdl.recipes.find import names, run_of_rl, runs_of_rl, summary


def test_it_is_a_run_of_an_agent() -> None:
    assert "cartpole_dqn" in runs_of_rl()
    assert "cartpole_dqn" not in names()
    assert run_of_rl("cartpole_dqn") is cartpole_dqn
    assert summary("cartpole_dqn").startswith("DQN on CartPole-v1")
    settings = cartpole_dqn.SETTINGS
    assert (settings.env, settings.steps) == ("CartPole-v1", 50_000)
    assert cartpole_dqn.EXPECT == {"return": 475.0}
