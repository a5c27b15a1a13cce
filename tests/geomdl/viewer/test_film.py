import dataclasses

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from geomdl.viewer.film import Shot, Studio, film, flown, played, sheet_of, turntable, views_of
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.viewpoint import OBJECT_VIEWS, Viewpoint

BARE = Finish(supersample=1, occlusion=0.0, shadow=0.0, floor=False)


def box(shift: float = 0.0) -> Mesh:
    shape = trimesh.creation.box((1, 1, 1))
    vertices = torch.tensor(shape.vertices).float() + torch.tensor([shift, 0, 0])
    return Mesh(vertices, torch.tensor(shape.faces).long())


def studio(look: Look = Look(), count: int = 1) -> Studio:  # noqa: B008
    frames = tuple(box(3.0 * number) for number in range(count))
    return Studio(Scene([Item("box", frames)]), look, (40, 30), BARE)


def covered(image: torch.Tensor) -> torch.Tensor:
    return (image[..., :3] < 0.99).any(-1)


def test_sheets_hold_the_views_that_suit_or_the_named_ones() -> None:
    seen: list[str] = []
    assert sheet_of(studio(), taken=seen.append).shape == (60, 80, 4)
    assert tuple(seen) == OBJECT_VIEWS
    assert sheet_of(studio(), ["top", "left"]).shape == (30, 80, 4)
    with pytest.raises(GeometryError, match=r"^views"):
        sheet_of(studio(), ["nowhere"])


def test_the_eye_of_the_look_is_a_view_of_its_own() -> None:
    look = Look(eye=(0.0, -4.0, 0.0), target=(0.0, 0.0, 0.0))
    titles, shots = views_of(studio(look), [])
    assert titles == [""]
    assert shots[0].viewpoint.eye == look.eye
    found = covered(sheet_of(studio(look)))
    assert found.shape == (30, 40)
    assert torch.equal(found, found.flip(1))
    assert len(views_of(studio(look), ["top", "front"])[1]) == 2


def test_one_legend_is_enough() -> None:
    made = studio(Look(color_by="height"))
    made.finish = dataclasses.replace(BARE, captions=True)
    shot = views_of(made, ["front"])[1][0]
    assert (made.picture(shot) != made.picture(shot, legends=False)).any()


def test_depth_is_measured_from_where_the_picture_is_taken() -> None:
    look = Look(color_by="depth", shading="none", limits=(0.0, 10.0), legend=False)
    near = Viewpoint((0.0, -3.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 30)
    made = studio(look)
    images = [
        made.picture(Shot(dataclasses.replace(near, eye=(0.0, y, 0.0)))) for y in (-3.0, -8.0)
    ]
    assert (images[0][15, 20] - images[1][15, 20]).abs().max() > 0.1


def test_sequences_are_played_from_where_all_can_be_seen() -> None:
    made = studio(count=3)
    shots = played(made)
    assert [shot.frame for shot in shots] == [0, 1, 2]
    assert len({shot.viewpoint for shot in shots}) == 1
    taken: list[str] = []
    pictures = list(film(made, shots, taken.append))
    assert len(taken) == 3
    places = [covered(image).nonzero()[:, 1].float().mean() for image in pictures]
    assert 0 < places[0] < places[1] < places[2] < 39
    for image in pictures:
        assert not covered(image)[:, [0, -1]].any()


def test_turns_and_flights() -> None:
    made = studio(Look(frame=1), count=3)
    views = turntable(made, 4)
    assert len(views) == 4
    assert views[0].target == pytest.approx((3, 0, 0), abs=1e-4)
    assert [shot.frame for shot in flown(made, views, play=False)] == [1, 1, 1, 1]
    assert [shot.frame for shot in flown(made, views, play=True)] == [0, 1, 2, 0]
    with pytest.raises(GeometryError, match=r"^frames"):
        turntable(made, 0)


def test_what_pictures_share_is_made_once() -> None:
    made = studio(count=2)
    first = made.drawing(0)
    assert made.drawing(0) is first
    assert made.drawing(1) is not first


def test_nothing_to_draw_is_a_blank_picture() -> None:
    made = studio(Look(hide=("box",)))
    assert (sheet_of(made)[..., :3] > 0.99).all()
