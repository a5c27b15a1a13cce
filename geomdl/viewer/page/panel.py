"""The controls of one visitor: every field of the look, the camera, clicks, paths, keys."""

from typing import TYPE_CHECKING

from geomdl.viewer.contents import kinds
from geomdl.viewer.page import clipping, coloring, files, keys, shape, sharing, viewing
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.inspect import Inspector
from geomdl.viewer.page.playing import FPS, Player
from geomdl.viewer.page.tour import Tour

if TYPE_CHECKING:
    from geomdl.viewer.page.session import Session

NARROW = 560  # pixels; a page beside another begins with its panel folded up then


def build(session: "Session") -> None:
    """Give a visitor their controls. Called once, on the session's thread."""
    if session.link_group is not None and session.client.camera.image_width < NARROW:
        session.client.gui.main_panel.minimize()
    controls = Controls(session)
    gui = session.client.gui
    player = None
    if session.scene.frame_count > 1:
        player = Player(controls, session.fps or FPS)
        if session.fps is not None:
            player.begin()
    tabs = gui.add_tab_group()
    with tabs.add_tab("Look"):
        _looks(controls)
    with tabs.add_tab("View"):
        viewing.build(controls)
        with gui.add_folder("Pictures and links"):
            sharing.build(controls)
    with tabs.add_tab("Pick"):
        inspector = Inspector(controls)
    with tabs.add_tab("Path"):
        tour = Tour(controls)
    with tabs.add_tab("Keys"):
        keys.build(controls, keys.all_keys(controls, tour, inspector, player))


def _looks(controls: Controls) -> None:
    gui = controls.gui
    with gui.add_folder("Files"):
        files.build(controls)
    with gui.add_folder("Colour"):
        coloring.build(controls)
    with gui.add_folder("Shape"):
        shape.build(controls, kinds(controls.session.scene, controls.session.look.frame))
    with gui.add_folder("Clip"):
        clipping.build(controls)
