"""The test run itself: groups of tests stay together on one worker."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process has no groups")
@pytest.mark.xdist_group("together")
def test_groups_hold(request: pytest.FixtureRequest) -> None:
    """Two browsers at once, or a wheel built twice, take minutes."""
    assert request.node.nodeid.endswith("@together")
