"""The list of items: what they hold, and which of them are shown."""

import viser

from geomdl.errors import GeometryError
from geomdl.viewer.contents import describe
from geomdl.viewer.look import Look
from geomdl.viewer.page import style
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.legend import note

MOST_ROWS = 40  # beyond, a filter chooses what is listed
MANY = 4  # items from which on all can be shown or hidden at once


def build(controls: Controls) -> None:
    """A row for each item; pressing it shows or hides the item."""
    _Files(controls)


class _Files:
    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.session = controls.session
        self.names = self.session.scene.names
        self.rows: dict[str, viser.GuiButtonHandle] = {}
        gui = controls.gui
        if len(self.names) >= MANY:
            several = gui.add_button_group("Show", ("all", "none", "others"))
            controls.on_press(several, lambda: self._several(several.value))
        if len(self.names) > MOST_ROWS:
            words = gui.add_text("Filter", "", hint="list the items whose names hold these letters")
            controls.on_user(words, lambda: self._list(words.value))
        self.place = gui.add_folder(None)
        self.rest = gui.add_html("")
        self.style = gui.add_html("")
        self._list("")
        controls.seen(self._follow)

    def _list(self, words: str) -> None:
        for row in self.rows.values():
            row.remove()
        found = [name for name in self.names if words.lower() in name.lower()]
        chosen, more = found[:MOST_ROWS], len(found) - MOST_ROWS
        with self.place:
            self.rows = {name: self.controls.gui.add_button(name) for name in chosen}
        for name, row in self.rows.items():
            self.controls.on_press(row, lambda name=name: self.toggle(name))  # type: ignore[misc]
        self.rest.content = note(f"and {more:,} more: filter by name") if more > 0 else ""
        self._follow(self.session.look)
        self.session.later(self._describe)

    def _describe(self) -> None:
        """Counts come later: they need the shapes, and a large file takes its time."""
        for name, row in list(self.rows.items()):
            item = self.session.scene[name]
            try:
                shape = self.session.scene.shape(name, self.session.look.frame)
            except GeometryError:
                row.label = f"{name} · cannot be read"
                continue
            frames = f", {len(item.frames)} frames" if len(item.frames) > 1 else ""
            holds = f"· {describe(shape)}{frames}".replace(" ", "\N{NO-BREAK SPACE}")
            row.label = f"{name} {holds}"

    def _follow(self, look: Look) -> None:
        rows = dict(self.rows)
        for name, row in rows.items():
            icon = viser.Icon.EYE_OFF if name in look.hide else viser.Icon.EYE
            if row.icon != icon:
                row.icon = icon
        dim = [row for name, row in rows.items() if name in look.hide]
        css = style.rows(list(rows.values()), dim)
        if self.style.content != css:
            self.style.content = css

    def toggle(self, name: str) -> None:
        """Show what is hidden, hide what is shown."""
        self.controls.change({"hide": toggled(self.session.look.hide, name)})

    def _several(self, which: str) -> None:
        hidden = self.session.look.hide
        hide = {"all": (), "none": self.names}.get(
            which, tuple(name for name in self.names if name not in hidden)
        )
        self.controls.change({"hide": hide})


def toggled(hidden: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The hidden items with one more, or without it if it was among them."""
    return tuple(n for n in hidden if n != name) if name in hidden else (*hidden, name)
