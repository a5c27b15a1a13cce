"""A visitor over a real socket, without a browser: says what viser's page says."""

import json
import threading
from typing import Any
from urllib.parse import urlsplit

import msgspec
import viser
import zstandard
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

CAMERA = {
    "type": "ViewerCameraMessage",
    "wxyz": [1.0, 0.0, 0.0, 0.0],
    "position": [0.0, 0.0, -5.0],
    "fov": 0.7,
    "near": 0.01,
    "far": 100.0,
    "image_height": 300,
    "image_width": 400,
    "look_at": [0.0, 0.0, 0.0],
    "up_direction": [0.0, -1.0, 0.0],
}


class Caller:
    """One socket to a page."""

    def __init__(self, url: str, search: str = "", origin: str | None = None) -> None:
        host = urlsplit(url).netloc
        self.messages: list[dict[str, Any]] = []
        self.search = search
        self._socket = connect(
            f"ws://{host}",
            subprotocols=[f"viser-v{viser.__version__}"],  # type: ignore[list-item]
            origin=origin or f"http://{host}",  # type: ignore[arg-type]
            max_size=None,
            compression=None,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.camera()

    def camera(self, **changes: Any) -> None:
        """Say where the camera is."""
        self._socket.send(msgspec.msgpack.encode(CAMERA | changes))

    def say(self, **told: Any) -> None:
        """What the page's script says."""
        message = {
            "type": "LocalStorageGetItemResponseMessage",
            "value": json.dumps(told),
            "error": None,
            "request_uuid": "geomdl",
        }
        self._socket.send(msgspec.msgpack.encode(message))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a kind so far."""
        return [message for message in list(self.messages) if message["type"] == kind]

    def close(self) -> None:
        """Leave."""
        self._socket.close()
        self._reader.join(5)

    def _read(self) -> None:
        try:
            for data in self._socket:
                assert isinstance(data, bytes)
                size = int.from_bytes(data[:8], "little")
                packed = data[16 : 16 + int.from_bytes(data[8:16], "little")]
                plain = zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
                for message in msgspec.msgpack.decode(plain)["messages"]:
                    self._answer(message)
                    self.messages.append(message)
        except ConnectionClosed:
            pass

    def _answer(self, message: dict[str, Any]) -> None:
        if message["type"] == "RunJavascriptMessage" and "geomdlLight" in message["source"]:
            self.say(hello=self.search, base="http://here/", ratio=1.3)
