import pytest
import torch

from geomdl.render.colormap import palette, ramp
from geomdl.render.image import color
from geomdl.render.viewpoint import look_at
from geomdl.viewer.captions import captioned, number_text
from geomdl.viewer.drawing import Legend, Words

CAMERA = look_at((0, -5, 0), (0, 0, 0), size=(300, 240))


def blank(background: str = "#ffffff") -> torch.Tensor:
    image = torch.ones(240, 300, 4)
    image[..., :3] = color(background)
    return image


def changed(image: torch.Tensor, background: str = "#ffffff") -> torch.Tensor:
    return ((image - blank(background)).abs() > 0.02).any(-1)


def test_nothing_to_say_changes_nothing() -> None:
    assert captioned(blank(), CAMERA, [], []) is not None
    assert torch.equal(captioned(blank(), CAMERA, [], []), blank())


@pytest.mark.parametrize("background", ["#ffffff", "#14171c"])
def test_words_stand_at_their_places(background: str) -> None:
    position = torch.tensor([1.0, 0.0, 0.5])
    word = Words("a", "a", 0, position, "chair")
    found = changed(captioned(blank(background), CAMERA, [word], []), background)
    pixels = CAMERA.project(position[None])[0][0]
    row, column = found.nonzero().unbind(1)
    assert abs(float(column.float().mean()) - float(pixels[0])) < 6
    assert abs(float(row.float().mean()) - float(pixels[1])) < 6
    assert column.amax() - column.amin() > row.amax() - row.amin()


def test_words_that_are_not_seen_are_not_written() -> None:
    for place in ([0.0, -9.0, 0.0], [90.0, 0.0, 0.0]):
        word = Words("a", "a", 0, torch.tensor(place), "chair")
        assert not changed(captioned(blank(), CAMERA, [word], [])).any()


def test_words_make_room_for_nearer_ones_and_stay_inside() -> None:
    places = torch.tensor([[0.0, 0, 0], [0.02, 0.1, 0], [0.0, 0.2, 0.02]])
    words = [Words(f"{i}", "a", i, place, "chair") for i, place in enumerate(places)]

    def ink(*shown: Words) -> int:
        image = captioned(blank(), CAMERA, shown, [])
        return int((image[..., :3].amax(-1) < 0.2).sum())

    alone = [ink(word) for word in words]
    assert ink(*words) == pytest.approx(sum(alone), rel=0.1)
    middle = ink(words[0])
    right = CAMERA.camera_to_world.apply(torch.tensor([[1.63, 0.0, 4.5]]))[0]
    edge = Words("e", "a", 0, right, "chair")
    x = float(CAMERA.project(right[None])[0][0, 0])
    assert 290 < x < 300
    assert ink(edge) == pytest.approx(middle, rel=0.1)


def test_ramps_run_from_left_to_right() -> None:
    legend = Legend("heat", "turbo", (0.0, 1.0))
    image = captioned(blank(), CAMERA, [], [legend])
    ends = ramp(torch.tensor([0.03, 0.97]), 0, 1, "turbo")
    place = [
        ((image[..., :3] - end).abs().amax(-1) < 0.05).nonzero().float().mean(0) for end in ends
    ]
    assert place[0][1] + 60 < place[1][1]
    assert abs(place[0][0] - place[1][0]) < 4
    assert not changed(image)[:150].any()


def test_labels_show_their_colours_and_many_are_put_side_by_side() -> None:
    colors = palette(torch.arange(40)).tolist()
    entries = {i: (f"label {i}", tuple(colors[i])) for i in range(3)}
    image = captioned(blank(), CAMERA, [], [Legend("part", entries=entries, more=7)])
    for number in range(3):
        assert ((image[..., :3] - torch.tensor(colors[number])).abs().amax(-1) < 0.02).sum() > 20
    few = changed(image).any(0).sum()
    many = {i: (f"label {i}", tuple(colors[i])) for i in range(40)}
    wide = captioned(blank(), CAMERA, [], [Legend("part", entries=many)])
    assert changed(wide).any(0).sum() > 1.5 * few


def test_a_transparent_picture_gets_an_opaque_legend() -> None:
    image = captioned(torch.zeros(240, 300, 4), CAMERA, [], [Legend("z", "turbo", (0.0, 2.0))])
    assert image[..., 3].max() > 0.99
    assert (image[:100, :, 3] == 0).all()


def test_numbers_have_the_digits_that_their_scale_asks_for() -> None:
    cases = [
        (0.000202, 4.0, "0"),
        (1.23456, 4.0, "1.23"),
        (-0.5, 1.0, "-0.5"),
        (120.0, 300.0, "120"),
    ]
    for value, span, text in cases:
        assert number_text(value, span) == text
    assert number_text(1234567.0, 5e5) == "1.23e+06"
    assert number_text(3e-9, 1e-8) == "3e-09"
    assert number_text(2.0, 0.0) == "2"
