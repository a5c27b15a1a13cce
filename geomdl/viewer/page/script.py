"""What viser cannot do, by a script in the visitor's page: our light, exact colours, the overlay.

The script also sends messages back: the address that was asked for, and what has been read.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import viser
from viser import _messages

from geomdl.render import shade
from geomdl.viewer.viewpoint import Viewpoint

TOKEN = "geomdl"
REST = 2.5  # seconds after which a page where nothing happens is not drawn any more
Page = viser.ClientHandle | viser.ViserServer
SOURCE = Path(__file__).with_name("page.js")


def prepare(client: Page, title: str) -> None:
    """Start the script in the page of a client. It says hello as soon as it runs."""
    options = {"token": TOKEN, "title": title, "light": light(), "rest": 1000 * REST}
    run(client, f"{SOURCE.read_text()}({json.dumps(options)})")


def run(client: Page, source: str) -> None:
    """Let a client's page run a line of JavaScript. Never put a visitor's words into it."""
    client.gui._websock_interface.queue_message(_messages.RunJavascriptMessage(source=source))


def call(client: Page, name: str, *arguments: Any) -> None:
    """Call a function of the script, such as 'overlay.show', with values that JSON can hold."""
    values = ", ".join(json.dumps(value) for value in arguments)
    run(client, f"window.__geomdl && window.__geomdl.{name}({values})")


def hear(client: viser.ClientHandle, callback: Callable[[dict[str, Any]], None]) -> None:
    """Call back, on viser's thread, with each message of the script. What comes is not trusted."""

    def received(_: int, message: _messages.LocalStorageGetItemResponseMessage) -> None:
        if message.request_uuid != TOKEN:
            return
        try:
            told = json.loads(message.value or "")
        except ValueError:
            return
        if isinstance(told, dict):
            callback(told)

    client._websock_connection.register_handler(
        _messages.LocalStorageGetItemResponseMessage, received
    )


def aim(client: viser.ClientHandle, view: Viewpoint) -> None:
    """Where viser's 'Reset View' brings this client; its camera stays."""
    connection = client.gui._websock_interface
    connection.queue_message(_messages.SetCameraUpDirectionMessage(view.up, initial=True))
    connection.queue_message(_messages.SetCameraLookAtMessage(view.target, initial=True))
    connection.queue_message(_messages.SetCameraPositionMessage(view.eye, initial=True))


def light() -> str:
    """GLSL of `geomdl.render.shade` without shadows; three.js has y up and z towards the eye."""

    def vector(values: Any, turned: bool = False) -> str:
        x, y, z = values.tolist()
        y, z = (-y, -z) if turned else (y, z)
        return f"vec3({x:.6f}, {y:.6f}, {z:.6f})"

    key, rim = vector(shade.KEY, turned=True), vector(shade.RIM, turned=True)
    return f"""
vec3 geomdlLight(vec3 albedo) {{
  vec3 view = normalize(geomdlView);
  vec3 normal = normalize(geomdlNormal) * (gl_FrontFacing ? 1.0 : -1.0);
  float facing = max(dot(normal, view), 0.0);
  float direct = max((dot(normal, {key}) + 0.12) / 1.12, 0.0);
  float rim = max(dot(normal, {rim}), 0.0);
  vec3 ambient = mix({vector(shade.GROUND)}, {vector(shade.SKY)}, 0.5 + 0.5 * normal.y);
  vec3 light = ambient + 0.16 * facing + 0.12 * rim + direct * {vector(shade.SUN)};
  float shine = 0.06 * pow(max(dot(normal, normalize(view + {key})), 0.0), 30.0);
  return albedo * light + shine;
}}
"""


def resident() -> int:
    """Bytes of memory that this process holds; 0 where that is not known."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
