"""What viser's buttons look like where its own way is too loud, in light and in dark."""

from collections.abc import Iterable, Sequence

import viser

Button = viser.GuiButtonHandle | viser.GuiUploadButtonHandle
ROW = "1.6em"
MOST = 10  # rows that are seen at once


def quiet(gui: viser.GuiApi, buttons: Iterable[Button]) -> None:
    """Buttons of a second rank: in the colours of the panel, with a line around them."""
    one = _any(buttons)
    gui.add_html(
        f"<style>{one}{{background:var(--mantine-color-default)!important;"
        "color:var(--mantine-color-default-color)!important;"
        "border:1px solid var(--mantine-color-default-border)!important;font-weight:400}"
        f"{one}:hover{{background:var(--mantine-color-default-hover)!important}}</style>"
    )


def rows(buttons: Sequence[Button], dim: Iterable[Button]) -> str:
    """CSS of buttons that are the rows of a list; long labels take several lines.

    dim: those that are shown paler.
    """
    if not buttons:
        return ""
    one, pale = _any(buttons), _any(dim)
    scroll = (
        f"div:has(>div>{one}){{max-height:20em;overflow-y:auto}}" if len(buttons) > MOST else ""
    )
    return (
        f"<style>{one}{{background:none!important;color:var(--mantine-color-text)!important;"
        f"height:auto!important;min-height:{ROW};padding:0.1em 0.4em;font-weight:400}}"
        f"{one}:hover{{background:var(--mantine-color-default-hover)!important}}"
        f"{one} .mantine-Button-inner{{justify-content:flex-start}}"
        f"{one} .mantine-Button-label{{white-space:normal;overflow-wrap:anywhere;"
        "text-align:left;height:auto;line-height:1.2}"
        f"div:has(>{one}){{padding-bottom:0!important}}"
        f"{pale}{{opacity:0.45}}{scroll}</style>"
    )


def _any(buttons: Iterable[Button]) -> str:
    """A selector of buttons by the ids that the page gives them; of nothing for none."""
    ids = ",".join(f"[id='{button._impl.uuid}']" for button in buttons)
    return f":is({ids})"
