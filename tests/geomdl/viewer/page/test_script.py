import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from geomdl.render import shade
from geomdl.render.layer import Layer
from geomdl.structures import Camera
from geomdl.viewer.page import script


class Client:
    """Notes the scripts that it is sent; `say` is what its page answers."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        interface = SimpleNamespace(queue_message=lambda m: self.ran.append(m.source))
        self.gui = SimpleNamespace(_websock_interface=interface)
        self._websock_connection = SimpleNamespace(
            register_handler=lambda kind, handler: setattr(self, "handler", handler)
        )

    def say(self, value: Any, token: str = script.TOKEN) -> None:
        message = SimpleNamespace(request_uuid=token, value=value, error=None)
        self.handler(0, message)  # type: ignore[attr-defined]


def test_words_stay_words() -> None:
    client = Client()
    script.call(client, "remember", 'a"); alert("b', 2, None)  # type: ignore[arg-type]
    (ran,) = client.ran
    inside = ran[ran.index("remember(") + len("remember(") : -1]
    assert json.loads(f"[{inside}]") == ['a"); alert("b', 2, None]


def test_only_our_messages_are_heard() -> None:
    client = Client()
    heard: list[dict[str, Any]] = []
    script.hear(client, heard.append)  # type: ignore[arg-type]
    client.say('{"ready": 3}', token="viser's own")
    for nonsense in (None, "", "{", "[1]", "3"):
        client.say(nonsense)
    client.say('{"ready": 3}')
    assert heard == [{"ready": 3}]


def test_the_script_is_sent_with_its_options() -> None:
    client = Client()
    script.prepare(client, 'a "title" </script>')  # type: ignore[arg-type]
    (ran,) = client.ran
    options = json.loads(ran[len(script.SOURCE.read_text()) :][1:-1])
    assert options["title"] == 'a "title" </script>'
    assert "geomdlLight" in options["light"]


@pytest.mark.parametrize("seed", range(3))
def test_the_page_lights_as_the_picture_does(seed: int) -> None:
    """The GLSL, run as Python, against geomdl.render.shade at one pixel."""
    g = torch.Generator().manual_seed(seed)
    camera = Camera.from_fov(5, 5, 0.6)
    ray = camera.camera_directions(camera.pixel_centres())[1, 3]
    normal = torch.nn.functional.normalize(torch.randn(3, generator=g), dim=0)
    normal = normal * -torch.sign(normal @ ray)  # towards the camera
    albedo = torch.rand(3, generator=g)
    whole = torch.ones(5, 5)
    layer = Layer(whole, normal.expand(5, 5, 3), albedo.expand(5, 5, 3))
    want = shade.shade(layer, camera, whole, whole)[1, 3, :3]
    flip = torch.tensor([1.0, -1.0, -1.0])  # three.js: y up, z towards the eye
    assert torch.allclose(_run(normal * flip, -ray * flip, albedo), want, atol=1e-4)


def _run(normal: torch.Tensor, view: torch.Tensor, albedo: torch.Tensor) -> torch.Tensor:
    names: dict[str, Any] = {
        "normalize": lambda v: torch.nn.functional.normalize(v, dim=0),
        "vec3": lambda *v: torch.tensor(v),
        "dot": lambda a, b: a @ b,
        "max": lambda a, b: a.clamp(min=b),
        "pow": lambda a, b: a**b,
        "mix": lambda a, b, t: a + (b - a) * t,
        "geomdlView": view,
        "geomdlNormal": normal,
        "albedo": albedo,
    }
    body = script.light().partition("{")[2].replace("normal.y", "normal[1]")
    for line in body.replace("(gl_FrontFacing ? 1.0 : -1.0)", "1.0").split(";"):
        found = re.fullmatch(r"\s*(?:(?:vec3|float) (\w+) =|return) (.+)", line, re.DOTALL)
        if found is not None:
            value = eval(found.group(2), {}, names)
            if found.group(1) is None:
                return value
            names[found.group(1)] = value
    raise AssertionError("it returns nothing")


def test_memory_is_more_than_nothing() -> None:
    assert script.resident() > 20 * 2**20
