"""Controls that show fields of a visitor's look, change it, and follow it when it changes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from geomdl.errors import GeometryError
from geomdl.viewer.drawing import Drawing
from geomdl.viewer.look import Look

if TYPE_CHECKING:
    from geomdl.viewer.page.session import Session

Changes = dict[str, Any]


class Controls:
    """What all folders of one visitor's panel share.

    bind ties a control to the look both ways. seen and drawn register what else is to follow a
    new look, and a new drawing. What raises GeometryError is shown to the visitor as a note.
    """

    def __init__(self, session: "Session") -> None:
        self.session = session
        self.gui = session.client.gui
        self._following: list[Callable[[Look], None]] = []
        session.listen(lambda old, new: self.refresh())

    @property
    def gone(self) -> bool:
        """Whether the visitor has left; what runs on a thread of its own ends then."""
        client = self.session.client
        return client.client_id not in client._viser_server.get_clients()

    def bind(
        self,
        handle: Any,
        read: Callable[[Look], Any],
        write: Callable[[Any], Changes],
    ) -> None:
        """read: look -> what the control shows; write: what it shows -> fields of the look."""
        self.on_user(handle, lambda: self.change(write(handle.value)))
        self.seen(lambda look: show(handle, read(look)))

    def field(self, handle: Any, name: str) -> None:
        """A control whose value is a field of the look."""
        self.bind(handle, lambda look: getattr(look, name), lambda value: {name: value})

    def on_user(self, handle: Any, act: Callable[[], None]) -> None:
        """Call `act` when the visitor, not we, changed the control.

        The callback is a coroutine, which viser runs in the order of the messages; threads of its
        pool could overtake each other while a slider moves.
        """

        async def updated(event: Any) -> None:
            if event.client is not None:
                self.guarded(act)

        handle.on_update(updated)

    def on_press(self, handle: Any, act: Callable[[], None], *, long: bool = False) -> None:
        """Call `act` when a button is pressed: on the session's worker, or, if it takes long, on
        a thread of viser's, so that the page goes on."""
        if long:
            handle.on_click(lambda _: self.guarded(act))
        else:
            handle.on_click(lambda _: self.session.later(lambda: self.guarded(act)))

    def change(self, changes: Changes) -> None:
        """Change the look; when it cannot be, say why and show again what is."""
        try:
            self.session.change(**changes)
        except GeometryError as error:
            self.session.notify("Not possible", str(error))
            self.refresh()

    def guarded(self, act: Callable[[], None]) -> None:
        """Call `act`; a GeometryError becomes a note."""
        try:
            act()
        except GeometryError as error:
            self.session.notify("Not possible", str(error))

    def seen(self, follow: Callable[[Look], None]) -> None:
        """Call follow(look) now and after every change of the look."""
        self._following.append(follow)
        follow(self.session.look)

    def drawn(self, follow: Callable[[Drawing], None]) -> None:
        """Call follow(drawing) for the drawing that is there, and for every new one."""
        self.session.on_drawing(follow)

    def refresh(self) -> None:
        """Show the look as it is."""
        for follow in self._following:
            follow(self.session.look)


def show(handle: Any, value: Any) -> None:
    """Set a control; numbers stay within its ends and get as many decimals as it shows.

    More decimals would make the browser round them, and move its focus into the number's box.
    """
    if isinstance(value, tuple):
        value = tuple(_fitting(handle, v) for v in value)
    else:
        value = _fitting(handle, value)
    if handle.value != value:
        handle.value = value


def _fitting(handle: Any, value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    low, high = getattr(handle, "min", None), getattr(handle, "max", None)
    if isinstance(low, int | float):
        value = max(value, low)
    if isinstance(high, int | float):
        value = min(value, high)
    places = getattr(handle, "precision", None)
    return value if places is None or isinstance(value, int) else round(value, places)
