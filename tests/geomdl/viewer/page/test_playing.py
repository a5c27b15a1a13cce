"""A sequence plays in order, repeats or ends, and steps."""

import time

from geomdl.viewer.page import playing
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.playing import Player
from geomdl.viewer.scene import Item, Scene
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, scene_of, use


def make(frames: int = 4) -> tuple[Visitor, Player, list[int]]:
    visitor = Visitor(scene_of(ball(), frames=frames))
    player = Player(Controls(visitor), fps=60)
    shown: list[int] = []
    visitor.listen(lambda old, new: shown.append(new.frame))
    return visitor, player, shown


def wait(true, seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_plays_to_the_end_and_stops():
    visitor, player, shown = make(20)
    player.loop.value = False
    player.toggle()
    assert player.playing
    assert player.button.label == "Stop"
    wait(lambda: not player.playing)
    assert visitor.look.frame == 19
    assert shown == sorted(shown)
    assert player.button.label == "Play"


def test_it_repeats():
    _, player, shown = make(3)
    player.toggle()
    wait(lambda: 0 in shown[1:])
    player.stop()
    time.sleep(0.1)
    assert not player.playing


def test_steps_go_round():
    visitor, player, _ = make(3)
    player.step(-1)
    assert visitor.look.frame == 2
    player.step(1)
    assert visitor.look.frame == 0


def test_a_sequence_may_grow():
    shapes = [ball(), ball()]
    visitor = Visitor(Scene([Item("run", shapes)]))
    player = Player(Controls(visitor), fps=60)
    assert player.slider.max == 1
    shapes.append(ball())
    visitor.change(frame=2)
    assert (player.slider.max, player.slider.value) == (2, 2)
    player.step(1)
    assert visitor.look.frame == 0


def test_the_slider_moves_both_ways():
    visitor, player, _ = make(5)
    assert player.slider.max == 4
    use(controls(visitor)["Frame"], 3)
    assert visitor.look.frame == 3
    visitor.change(frame=1)
    assert player.slider.value == 1


def test_a_visitor_who_moves_the_slider_stops_it():
    visitor, player, _ = make(50)
    player.toggle()
    use(controls(visitor)["Frame"], 30)
    assert not player.playing


def test_it_ends_when_the_visitor_leaves():
    visitor, player, _ = make(50)
    player.toggle()
    visitor.left = True
    wait(lambda: not player.playing)


def test_files_are_read_ahead():
    read: list[int] = []

    def frame(number: int):
        return lambda: read.append(number) or ball(number)

    visitor = Visitor(Scene([Item("a", tuple(frame(i) for i in range(9)))]))
    player = Player(Controls(visitor), fps=20)
    player.toggle()
    wait(lambda: visitor.look.frame + 1 in read and visitor.look.frame > 0)
    player.stop()
    assert sorted(set(read)) == sorted(read)


def test_it_begins_with_the_page():
    visitor, player, shown = make(3)
    player.begin()
    wait(lambda: len(shown) > 2)
    player.stop()
    visitor.change(frame=0)
    assert not player.playing, "once"


def test_a_page_that_is_behind_gets_no_more_frames():
    visitor, player, shown = make(50)
    visitor.pending = 1
    player.toggle()
    time.sleep(0.15)
    assert shown == []
    visitor.pending = 0
    wait(lambda: len(shown) > 1)
    assert shown[0] > 3, "what was too late is left out"
    player.stop()


def test_a_page_that_never_answers_goes_on(monkeypatch):
    monkeypatch.setattr(playing, "PATIENCE", 0.05)
    visitor, player, shown = make(50)
    visitor.pending = 1
    player.toggle()
    wait(lambda: len(shown) > 1)
    player.stop()
