"""What counts as examples, and as pictures."""

from core2d.train.recipe import Examples, Pictures, class_name
from tests.core2d.train.toy import Points


class Normalised(Points):
    class channels:
        mean, std = (0.5, 0.5), (0.25, 0.25)


def test_protocols_are_told_apart() -> None:
    assert isinstance(Points(4, 0.0, 0), Examples)
    assert not isinstance([1, 2], Examples)
    assert isinstance(Normalised(4, 0.0, 0), Pictures)
    assert not isinstance(Points(4, 0.0, 0), Pictures)


def test_classes_without_a_name_are_told_by_number() -> None:
    assert [class_name(k, ("cat", "dog")) for k in (1, 2)] == ["dog", "class 2"]
