"""What counts as examples, and as pictures."""

from core2d.train.recipe import Examples, Pictures
from tests.core2d.train.toy import Points


class Normalised(Points):
    class channels:
        mean, std = (0.5, 0.5), (0.25, 0.25)


def test_protocols_are_told_apart() -> None:
    assert isinstance(Points(4, 0.0, 0), Examples)
    assert not isinstance([1, 2], Examples)
    assert isinstance(Normalised(4, 0.0, 0), Pictures)
    assert not isinstance(Points(4, 0.0, 0), Pictures)
