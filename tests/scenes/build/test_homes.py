import pytest

from scenes.build import homes
from scenes.build.draw import Draw
from scenes.build.layout import Layout

WANTED = {
    homes.living: {"sofa", "cabinet", "shelf"},
    homes.bedroom: {"bed", "wardrobe", "drawers"},
    homes.kitchen: {"counter", "table", "sink"},
    homes.office: {"desk", "chair", "shelf"},
    homes.bath: {"bathtub", "toilet", "sink"},
    homes.studio: {"bed", "desk", "counter"},
}


@pytest.mark.parametrize("furnisher", WANTED)
def test_rooms_hold_what_makes_them(furnisher: object) -> None:
    assert callable(furnisher)
    seen: set[str] = set()
    for seed in range(3):
        layout = Layout((5.5, 4.5, 2.5), Draw(seed))
        furnisher(layout, 0.5)
        seen |= {item.label for item in layout.things}
    assert seen >= WANTED[furnisher]


def test_heights_of_what_is_made_to_measure() -> None:
    for seed in range(5):
        for maker, low, high in (
            (homes.dining_table, 0.7, 0.8),
            (homes.low_table, 0.15, 0.6),
            (homes.table_lamp, 0.1, 0.6),
        ):
            top = max(float(solid.points[:, 2].amax()) for _, solid in maker(Draw(seed)))
            assert low < top < high


def test_a_kitchen_row_stands_in_line() -> None:
    layout = Layout((5.0, 4.0, 2.5), Draw(1))
    homes.kitchen_row(layout, 0, 0.0)
    floor = [item for item in layout.things if item.label in ("counter", "stove", "fridge")]
    assert len(floor) >= 3
    backs = [item.beyond(0, item.size[1] / 2)[1] for item in floor]
    assert max(backs) - min(backs) < 1e-4
