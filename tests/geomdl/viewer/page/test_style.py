"""CSS reaches the buttons it is for, and no others."""

import viser

from geomdl.viewer.page import style
from tests.geomdl.viewer.page.visitor import serving


def buttons(count: int) -> list[viser.GuiButtonHandle]:
    gui = serving().gui
    gui.reset()
    return [gui.add_button(str(i)) for i in range(count)]


def test_rows_name_their_buttons_and_dim_the_hidden():
    first, second = buttons(2)
    css = style.rows([first, second], [second])
    head, _, pale = css.rpartition("opacity")[0].rpartition(":is(")
    assert first._impl.uuid in head
    assert second._impl.uuid in pale
    assert first._impl.uuid not in pale


def test_long_lists_scroll():
    assert "max-height" not in style.rows(buttons(style.MOST), [])
    assert "max-height" in style.rows(buttons(style.MOST + 1), [])
    assert style.rows([], []) == ""


def test_quiet_buttons_follow_the_theme():
    gui = serving().gui
    gui.reset()
    button = gui.add_button("a")
    style.quiet(gui, [button])
    texts = [
        handle.content
        for handle in gui._container_handle_from_uuid["root"]._children.values()
        if isinstance(handle, viser.GuiHtmlHandle)
    ]
    assert len(texts) == 1
    assert button._impl.uuid in texts[0]
    assert "var(--mantine-color-default)" in texts[0]
