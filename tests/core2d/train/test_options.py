"""Options that contradict each other are refused."""

import pytest

from core2d.errors import InputError
from core2d.train.options import Options


def test_refusals() -> None:
    with pytest.raises(InputError, match="either resume or overwrite"):
        Options(resume=True, overwrite=True)
    for name in ("devices", "nodes", "steps"):
        with pytest.raises(InputError, match=name):
            Options(**{name: 0})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="minutes"):
        Options(minutes=-1.0)
