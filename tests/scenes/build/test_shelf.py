import pytest
import torch

from scenes.build.shelf import DEPTH, book, globe, shelf, vase
from tests.scenes.build.test_furniture import is_closed


@pytest.mark.parametrize("seed", range(3))
def test_what_stands_in_it_stays_in_it(seed: int) -> None:
    parts = shelf(torch.Generator().manual_seed(seed), 1.0, 1.9)
    assert {part.label for part in parts} >= {"shelf", "book"}
    for part in parts:
        low, high = part.mesh.bounds
        assert float(low[0]) > -0.505
        assert float(high[0]) < 0.505
        assert float(low[1]) > -DEPTH / 2 - 1e-4
        assert float(high[1]) < DEPTH / 2 + 1e-4
        assert float(high[2]) < 1.9 + 1e-4
        assert is_closed(part.mesh)


def test_books_do_not_stand_in_each_other() -> None:
    parts = shelf(torch.Generator().manual_seed(0), 1.0, 1.9)
    boxes = [part.mesh.bounds for part in parts if part.label == "book"]
    for number, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:number]:
            overlap = torch.minimum(high, other_high) - torch.maximum(low, other_low)
            assert not bool((overlap > 1e-3).all())


def test_single_things_are_closed() -> None:
    rng = torch.Generator().manual_seed(0)
    for mesh in (book(rng, 0.03, 0.2, 0.25), vase(rng, 0.25), globe(rng)):
        assert is_closed(mesh)
        assert abs(float(mesh.bounds[0][2])) < 1e-4
