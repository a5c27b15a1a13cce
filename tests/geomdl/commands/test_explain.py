"""Settings described in running text become options with words."""

from dataclasses import dataclass, field

import pytest

from core2d.train.options import Options
from core2d.train.settings import Train
from geomdl.commands.explain import explained, list_fields, options


@dataclass(frozen=True)
class Inner:
    """How.

    rate: how fast: in metres per
    second. low, high: the ends; both included.
    """

    rate: float = 1.0
    low: int = 0
    high: int = 9


@dataclass(frozen=True)
class Outer:
    """width: of the network."""

    inner: Inner = field(default=Inner())
    width: int = 3
    depth: int = 2


def test_words_of_each_field() -> None:
    assert explained(Inner) == {
        "rate": "how fast: in metres per second.",
        "low": "the ends; both included.",
        "high": "the ends; both included.",
    }
    assert explained(Outer) == {"width": "of the network."}


def test_every_setting_of_the_engine_is_explained() -> None:
    for kind in (Train, Options):
        text = explained(kind) or {
            line.split(":")[0].strip() for line in (kind.__doc__ or "").splitlines()
        }
        assert not set(kind.__dataclass_fields__) - set(text)


def test_options_show_the_words_and_fill_the_parts(capsys: pytest.CaptureFixture[str]) -> None:
    got = options({"a": Outer()}, "test", ["--rate", "3", "--width", "5"], "About it.")
    assert got.a == Outer(Inner(rate=3.0), width=5)
    with pytest.raises(SystemExit):
        options({"a": Outer()}, "test", ["--help"], "About it.")
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "About it." in text
    assert "in metres per second" in text
    assert "of the network" in text


def test_listing_twice_changes_nothing() -> None:
    list_fields(Outer)
    once = Outer.__doc__, Inner.__doc__
    list_fields(Outer)
    assert (Outer.__doc__, Inner.__doc__) == once
