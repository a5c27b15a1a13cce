import functools

import pytest

from geomdl.bench.sparse import minkunet
from geomdl.models.minkunet import MinkUNet
from tests.geomdl.bench.turns import checked


def test_a_step_gives_the_loss_of_plain_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = functools.partial(MinkUNet, [1] * 8, [4, 8, 8, 8, 8, 8, 4, 4], width=4)
    monkeypatch.setattr(minkunet, "minkunet", lambda size, **options: narrow(**options))
    monkeypatch.setattr(minkunet, "EXTENT", 16)
    checked(minkunet.rows(), "torch")
