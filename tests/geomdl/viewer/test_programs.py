import importlib.util
import socket

import pytest
import viser

from geomdl.viewer import programs

HERE = {
    "viser": "1.1.1", "websockets": "15.0", "imageio-ffmpeg": "0.6", "playwright": None,
    "ipython": None, "ffmpeg": "/usr/bin/ffmpeg", "browser": "/usr/bin/firefox",
    "display": True, "remote": False, "port free": True,
}  # fmt: skip


def test_what_is_here_is_found() -> None:
    here = programs.found()
    assert set(here) == set(HERE)
    assert here["viser"] == viser.__version__
    assert programs.version("nothing-of-that-name") is None


@pytest.mark.parametrize(
    ("changed", "remedy"),
    [
        ({"viser": None}, "pip install 'viser>=1.1,<2'"),
        ({"viser": "1.0.9"}, "viser 1.0.9 is not one we test"),
        ({"viser": "2.0.0"}, "viser 2.0.0 is not one we test"),
        ({"ffmpeg": None}, "pip install imageio-ffmpeg"),
    ],
)
def test_what_is_missing_is_warned_of_with_its_remedy(changed: dict, remedy: str) -> None:
    assert programs.warnings_of(HERE) == []
    (said,) = programs.warnings_of(HERE | changed)
    assert remedy in said


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({"remote": True, "display": False}, "ssh -L 8080:localhost:8080"),
        ({"display": False}, "page=False"),
        ({"port free": False}, "--port"),
    ],
)
def test_advice_for_this_machine(changed: dict, hint: str) -> None:
    assert programs.advice_of(HERE) == []
    (said,) = programs.advice_of(HERE | changed)
    assert hint in said


def test_a_listening_server_takes_its_port() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not programs.port_is_free(port)
    assert programs.port_is_free(port)


def test_displays_of_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not programs.has_screen()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert programs.has_screen()


def test_ffmpeg_comes_from_the_package_or_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(programs.shutil, "which", {"ffmpeg": "/opt/ffmpeg"}.get)
    assert programs.find_ffmpeg() == "/opt/ffmpeg"
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    assert programs.find_ffmpeg() is None


def test_versions_are_numbers() -> None:
    assert programs.numbers("1.10.2") == (1, 10, 2)
    assert programs.numbers("1.1.1rc2") == (1, 1, 1)
    assert programs.numbers("1.2+cpu") == (1, 2)
    assert programs.numbers("dev") == ()
