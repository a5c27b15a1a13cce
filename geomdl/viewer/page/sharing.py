"""The share folder: pictures of the page and of the renderer, a permalink, the command."""

import io
import json
import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import viser
from PIL import Image

from geomdl.viewer.page import script
from geomdl.viewer.page.command import command_of
from geomdl.viewer.page.controls import Controls

COPY = (
    "(async (text) => { try { await navigator.clipboard.writeText(text); } catch (_) {"
    " const area = document.createElement('textarea'); area.value = text;"
    " document.body.appendChild(area); area.select(); document.execCommand('copy');"
    " area.remove(); } })"
)
LARGEST = 8192  # pixels of a side of a rendered picture


def build(controls: Controls) -> None:
    """Buttons that save pictures, and that copy a link or a command."""
    gui = controls.gui
    photo = gui.add_button("Screenshot", icon=viser.Icon.CAMERA, hint="what the page shows: key T")
    controls.on_press(photo, lambda: screenshot(controls), long=True)
    size = gui.add_vector2("Size", (1280, 960), min=(16, 16), max=(LARGEST, LARGEST), step=16)
    made = gui.add_button(
        "Render", icon=viser.Icon.PHOTO, hint="the same view by geomdl's renderer, with shadows"
    )
    controls.on_press(
        made, lambda: render(controls, (int(size.value[0]), int(size.value[1]))), long=True
    )
    copies = gui.add_button_group(
        "Copy", ("link", "command"), hint="a permalink of this view, or geomdl render for it: key J"
    )
    controls.on_press(
        copies,
        lambda: copy_link(controls) if copies.value == "link" else copy_command(controls),
    )
    twice = gui.add_button_group("Open", ("two views",), hint="side by side, with linked cameras")
    controls.on_press(twice, lambda: beside(controls))


def screenshot(controls: Controls) -> None:
    """What the page shows, as a PNG that the browser saves."""
    session = controls.session
    camera = session.client.camera
    pixels = session.client.get_render(
        camera.image_height, camera.image_width, transport_format="png", timeout=30
    )
    look = session.look
    if look.background != "none":
        pixels = _on(pixels, look.background)
    _send(controls, pixels, "page")


def render(controls: Controls, size: tuple[int, int]) -> None:
    """The view by our renderer, as a PNG that the browser saves."""
    from geomdl.render.image import to_bytes
    from geomdl.viewer.picture import picture_of

    session = controls.session
    if session.drawing is None:
        return
    note = session.client.add_notification(
        "Rendering", f"{size[0]} × {size[1]} pixels", loading=True, with_close_button=False
    )
    try:
        camera = session.viewpoint().camera(*size)
        image = picture_of(session.drawing, camera, session.look)
        _send(controls, to_bytes(image), "render")
    finally:
        note.remove()


def copy_link(controls: Controls) -> None:
    """The permalink of this view into the visitor's clipboard."""
    copy(controls, controls.session.link(), "Link copied")


def copy_command(controls: Controls) -> None:
    """The command that makes this picture into the visitor's clipboard."""
    session = controls.session
    copy(controls, command_of(session.scene, session.look, session.viewpoint()), "Command copied")


def beside(controls: Controls) -> None:
    """Two pages of this view side by side, in a new tab."""
    script.run(
        controls.session.client, f"window.open({json.dumps(beside_of(controls.session.link()))})"
    )


def beside_of(link: str) -> str:
    """A permalink -> the address that shows it twice."""
    return urlunsplit(urlsplit(link)._replace(path="/beside"))


def copy(controls: Controls, text: str, title: str) -> None:
    """Text into the visitor's clipboard, and onto the page."""
    script.run(controls.session.client, f"{COPY}({json.dumps(text)})")
    controls.session.notify(title, text)


def _send(controls: Controls, pixels: np.ndarray, kind: str) -> None:
    """Bytes (H, W, 3|4) sRGB as a PNG file."""
    if pixels.shape[2] == 4 and bool((pixels[..., 3] == 255).all()):
        pixels = pixels[..., :3]
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    name = f"{file_stem(controls.session.scene.names)}_{kind}.png"
    controls.session.client.send_file_download(name, content.getvalue(), save_immediately=True)


def file_stem(names: tuple[str, ...]) -> str:
    """A plain file name for a scene."""
    return re.sub(r"[^\w.-]+", "_", names[0]).strip("._")[:60] or "scene" if names else "scene"


def _on(pixels: np.ndarray, background: str) -> Any:
    picture = Image.fromarray(pixels).convert("RGBA")
    under = Image.new("RGBA", picture.size, background)
    return np.asarray(Image.alpha_composite(under, picture).convert("RGB"))
