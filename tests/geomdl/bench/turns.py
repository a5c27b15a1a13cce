"""Run rows once each, with and without their peers."""

import sys
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import pytest

from geomdl.bench.measure import Rates, Row, measure

RATES = Rates(moved=1e9, flops=1e9)


def checked(rows: Iterable[Row], peer: str) -> list[dict[str, Any]]:
    """Each row once: values agree with the peer's (else measure raises), whose time is taken."""
    results = [measure(row, RATES, 1) for row in rows]
    assert results
    for result in results:
        assert result["seconds"] > 0
        assert result["floor_seconds"] > 0
        assert (result["ratio"] is not None) == (find_spec(peer) is not None)
    return results


def without(
    rows: Iterable[Row], peer: str, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """Each row once where the peer is not installed: ours is timed, the peer is null."""
    for name in (peer, *(loaded for loaded in sys.modules if loaded.startswith(f"{peer}."))):
        monkeypatch.setitem(sys.modules, name, None)
    results = [measure(row, RATES, 1) for row in rows]
    assert results
    for result in results:
        assert result["seconds"] > 0
        assert result["peer_seconds"] is None
        assert result["ratio"] is None
    return results
