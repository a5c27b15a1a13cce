"""The list of items: what they hold, and which of them are shown."""

from html import escape

import viser

from geomdl.viewer.contents import describe
from geomdl.viewer.look import Look
from geomdl.viewer.page.controls import Controls

MOST_ROWS = 40  # beyond, a filter chooses what is listed
MANY = 4  # items from which on all can be shown or hidden at once
SHOWN = (222, 226, 230)
HIDDEN = (248, 249, 250)


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
        self._list("")
        controls.seen(self._follow)

    def _list(self, words: str) -> None:
        for row in self.rows.values():
            row.remove()
        found = [name for name in self.names if words.lower() in name.lower()]
        chosen, more = found[:MOST_ROWS], len(found) - MOST_ROWS
        with self.place:
            self.rows = {name: self.controls.gui.add_button(name, color=SHOWN) for name in chosen}
        for name, row in self.rows.items():
            self.controls.on_press(row, lambda name=name: self.toggle(name))  # type: ignore[misc]
        self.rest.content = _small(f"and {more:,} more: filter by name") if more > 0 else ""
        self._follow(self.session.look)
        self.session.later(self._describe)

    def _describe(self) -> None:
        """Counts come later: they need the shapes, and a large file takes its time."""
        for name, row in list(self.rows.items()):
            item = self.session.scene[name]
            shape = self.session.scene.shape(name, self.session.look.frame)
            frames = f", {len(item.frames)} frames" if len(item.frames) > 1 else ""
            row.label = f"{name} · {describe(shape)}{frames}"

    def _follow(self, look: Look) -> None:
        for name, row in list(self.rows.items()):
            hidden = name in look.hide
            icon = viser.Icon.EYE_OFF if hidden else viser.Icon.EYE
            if row.icon != icon:
                row.icon = icon
                row.color = HIDDEN if hidden else SHOWN

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


def _small(text: str) -> str:
    return f'<div style="padding:0 0.8em 0.5em;font-size:0.8em;opacity:0.7">{escape(text)}</div>'
