import dataclasses

import pytest

from core2d.doctor.limits import Limits


def test_thresholds_cannot_be_changed_in_passing():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Limits().dead = 1.0


def test_every_threshold_is_explained():
    missing = [f.name for f in dataclasses.fields(Limits) if f.name not in (Limits.__doc__ or "")]
    assert missing == []
