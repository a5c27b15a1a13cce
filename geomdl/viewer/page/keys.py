"""Keys: what each one does, the table of them, and their commands (Ctrl-K lists these too)."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, get_args

from geomdl.viewer import paint
from geomdl.viewer.drawing import Dots
from geomdl.viewer.look import Shading, Wireframe
from geomdl.viewer.page import cuts, sharing, viewing
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.inspect import Inspector
from geomdl.viewer.page.playing import Player
from geomdl.viewer.page.tour import Tour
from geomdl.viewer.page.viewing import next_of

NUMBERED = ("front", "back", "left", "right", "top", "bottom", "corner")
MOUSE = (
    ("drag", "turn"),
    ("right drag", "move"),
    ("wheel", "nearer, farther"),
    ("W A S D Q E", "fly"),
    ("click", "what is there"),
    ("Ctrl K", "all commands"),
)
SHOWN = {
    "pageup": "Page up",
    "pagedown": "Page down",
    "space": "Space",
    "delete": "Delete",
    "home": "Home",
    "escape": "Esc",
    "shift": "Shift",
}


@dataclass(frozen=True)
class Key:
    """A key, perhaps with Shift, and what it does."""

    key: str
    does: str
    act: Callable[[], None]
    shift: bool = False
    long: bool = False

    @property
    def shown(self) -> str:
        """How the table names it."""
        name = SHOWN.get(self.key, self.key)
        return f"Shift {name}" if self.shift else name


def build(controls: Controls, keys: tuple[Key, ...]) -> None:
    """Register the keys and show their table."""
    controls.gui.add_html(to_html(keys))
    for key in keys:
        handle: Any = controls.gui.add_command(
            key.does[0].upper() + key.does[1:],
            hotkey=key.key,  # type: ignore[arg-type]
            modifier="shift" if key.shift else None,
        )
        register(controls, handle, key)


def register(controls: Controls, handle: Any, key: Key) -> None:
    """Let a command do what its key does."""
    if key.long:
        handle.on_trigger(lambda _: controls.guarded(key.act))
    else:
        handle.on_trigger(lambda _: controls.session.later(lambda: controls.guarded(key.act)))


def all_keys(
    controls: Controls, tour: Tour, inspector: Inspector, player: Player | None
) -> tuple[Key, ...]:
    """The keys of a page; those of sequences only where something moves."""
    return (
        *_views(controls),
        *_looks(controls),
        *_cuts(controls),
        Key("M", "measure between two clicks", inspector.measure),
        Key("delete", "remove the last distance", inspector.remove_last),
        Key("escape", "forget what was picked", inspector.clear),
        *_frames(player),
        Key("K", "add a keyframe here", tour.add),
        Key("P", "fly along the path", tour.toggle),
        Key("R", "record the camera, stop", tour.toggle_recording),
        Key("T", "save a screenshot", lambda: sharing.screenshot(controls), long=True),
        Key("J", "copy a link to this view", lambda: sharing.copy_link(controls)),
        Key("J", "copy the render command", lambda: sharing.copy_command(controls), shift=True),
    )


def _views(controls: Controls) -> tuple[Key, ...]:
    sides = [
        Key(str(i), f"look from the {side}", lambda side=side: viewing.go(controls, side))  # type: ignore[misc]
        for i, side in enumerate(NUMBERED, 1)
    ]
    fit = Key("0", "fit everything into the view", lambda: viewing.go(controls, "fit"))
    return (*sides, fit, Key("home", "first view", controls.session.reset))


def _looks(controls: Controls) -> tuple[Key, ...]:
    session = controls.session

    def flip(name: str) -> Callable[[], None]:
        return lambda: controls.change({name: not getattr(session.look, name)})

    def cycle(name: str, values: tuple[str, ...]) -> Callable[[], None]:
        return lambda: controls.change({name: next_of(values, getattr(session.look, name))})

    def recolor() -> None:
        names = tuple(
            name
            for name in paint.attributes(session.scene, session.look.frame)
            if name != "distance" or session.look.distance_to is not None
        )
        controls.change({"color_by": next_of(names, session.look.color_by), "limits": None})

    def grow(factor: float) -> Callable[[], None]:
        def act() -> None:
            parts = session.drawing.parts if session.drawing is not None else ()
            taken = [2 * part.radius for part in parts if isinstance(part, Dots)]
            if taken:
                controls.change(viewing.closer(session.look, factor, max(taken)))

        return act

    return (
        Key("C", "next colouring", recolor),
        Key("F", "wireframe off, over, only", cycle("wireframe", get_args(Wireframe))),
        Key("H", "shading smooth, flat, none", cycle("shading", get_args(Shading))),
        Key("L", "legend", flip("legend")),
        Key("G", "axes", flip("axes")),
        Key("B", "box", flip("box")),
        Key("N", "names", flip("names")),
        Key("V", "cameras", flip("cameras")),
        Key("I", "photographs", flip("photos")),
        Key("pageup", "larger points", grow(1.25), shift=True),
        Key("pagedown", "smaller points", grow(0.8), shift=True),
        *_items(controls),
    )


def _items(controls: Controls) -> tuple[Key, ...]:
    session = controls.session
    names = session.scene.names

    def show_all() -> None:
        controls.change({"hide": ()})

    if len(names) < 2:
        return ()
    return (
        Key(
            "O",
            "one item at a time",
            lambda: controls.change({"hide": alone(names, session.look.hide)}),
        ),
        Key("O", "show all items", show_all, shift=True),
    )


def alone(names: tuple[str, ...], hidden: tuple[str, ...]) -> tuple[str, ...]:
    """What to hide so that the item after the only shown one is alone; else the first one."""
    shown = [i for i, name in enumerate(names) if name not in hidden]
    chosen = (shown[0] + 1) % len(names) if len(shown) == 1 else 0
    return tuple(name for i, name in enumerate(names) if i != chosen)


def _cuts(controls: Controls) -> tuple[Key, ...]:
    session = controls.session

    def half(axis: str) -> Callable[[], None]:
        def act() -> None:
            clip = session.look.clip
            kept = tuple(text for text in clip if not text.startswith(axis))
            controls.change({"clip": kept if len(kept) < len(clip) else (*clip, f"{axis}<50%")})

        return act

    def across() -> None:
        view = session.viewpoint()
        cut = cuts.text_of(cuts.facing(view.eye, view.target))
        controls.change({"clip": (*session.look.clip, cut)})

    return (
        *(
            Key(axis.upper(), f"cut along {axis} in the middle, or not", half(axis))
            for axis in "xyz"
        ),
        Key("X", "cut across the view", across, shift=True),
        Key("U", "no cuts", lambda: controls.change({"clip": ()})),
    )


def _frames(player: Player | None) -> tuple[Key, ...]:
    if player is None:
        return ()
    return (
        Key("space", "play, stop", player.toggle),
        Key("pageup", "frame before", lambda: player.step(-1)),
        Key("pagedown", "next frame", lambda: player.step(1)),
    )


def to_html(keys: tuple[Key, ...]) -> str:
    """The table of keys."""
    rows = [*MOUSE, *((key.shown, key.does) for key in keys)]
    mark = "border:1px solid #8886;border-radius:3px;padding:0 0.4em;white-space:nowrap"
    cells = "".join(
        f'<tr><td style="padding-right:0.8em"><span style="{mark}">{escape(key)}</span></td>'
        f"<td>{escape(does)}</td></tr>"
        for key, does in rows
    )
    return (
        '<div class="geomdl-keys" style="padding:0.2em 0.8em 0.6em;font-size:0.8em;'
        f'line-height:1.7"><table>{cells}</table></div>'
    )
