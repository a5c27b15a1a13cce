import math

import pytest
import torch

from scenes.build.draw import Draw
from scenes.build.solid import Pieces, slab
from scenes.build.thing import MATERIALS, color_of, mesh_of, thing


def shelf() -> Pieces:
    pieces = Pieces()
    pieces.add("board", *(slab((1, 1, z), (3, 2, z + 0.1)) for z in (0.5, 1.5)))
    pieces.add("leg", slab((1, 1, 0.2), (1.1, 1.1, 1.5)))
    return pieces


def test_things_stand_in_their_middle_and_know_their_tops() -> None:
    item = thing(Draw(0), "shelf", shelf(), {})
    assert item.size == pytest.approx((2.0, 1.0, 1.4))
    assert item.box[0] == pytest.approx([-1, -0.5, 0])
    lower, upper = item.tops
    assert lower == pytest.approx((-1, -0.5, 1, 0.5, 0.4, 0.97))
    assert upper == pytest.approx((-1, -0.5, 1, 0.5, 1.4, 1.0))
    hung = thing(Draw(0), "shelf", shelf(), {}, hung=True)
    assert hung.box[0] == pytest.approx([1, 1, 0.2])


def test_places_and_turns() -> None:
    item = thing(Draw(0), "shelf", shelf(), {}).put(5, 6, 1, math.pi / 2)
    assert item.rectangle() == pytest.approx((4.5, 5.0, 5.5, 7.0))
    assert item.box[0][2] == pytest.approx(1)
    assert item.beyond(1.0, 0.0) == pytest.approx((5.0, 7.0))
    assert item.put(0, 0).rectangle() == pytest.approx((-1, -0.5, 1, 0.5))


def test_one_material_has_one_colour_that_may_be_the_rooms() -> None:
    style = {"wood": torch.tensor([0.1, 0.2, 0.3])}
    colors = [thing(Draw(seed), "shelf", shelf(), style).colors for seed in range(20)]
    shared = [bool((rows == style["wood"]).all()) for rows in colors]
    assert all(bool((rows == rows[0]).all()) for rows in colors)
    assert 4 < sum(shared) < 18
    for material in (*MATERIALS, "cover 3", "no such thing"):
        assert float(color_of(Draw(1), material).min()) >= 0
        assert float(color_of(Draw(1), material).max()) <= 1


def test_a_mesh_has_classes_and_numbers() -> None:
    items = [thing(Draw(i), name, shelf(), {}) for i, name in enumerate(("shelf", "box", "shelf"))]
    mesh = mesh_of(items, ("box", "shelf"))
    count = items[0].colors.shape[0]
    assert mesh.attributes["label"].tolist() == [1] * count + [0] * count + [1] * count
    assert mesh.attributes["instance"].unique().tolist() == [0, 1, 2]
    owner = mesh.attributes["instance"][mesh.faces]
    assert bool((owner == owner[:, :1]).all())
