import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
import torch

import geomdl
from geomdl.cli import run
from geomdl.structures import Mesh
from geomdl.viewer.page import server


@pytest.fixture
def shape(tmp_path: Path) -> Path:
    path = tmp_path / "shape.ply"
    geomdl.save(path, Mesh(torch.rand(3, 3), torch.tensor([[0, 1, 2]])))
    return path


def test_serves_until_interrupted(shape: Path) -> None:
    program = [sys.executable, "-m", "geomdl.cli", "view", str(shape), "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline().decode()
            url = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
            with urllib.request.urlopen(url, timeout=10) as page:
                assert page.status == 200
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=20)
        finally:
            running.kill()  # else the `with` would wait for it for ever
    assert running.returncode == 0
    assert errors.decode() == "geomdl: ended\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing.ply"], "nothing.ply"),
        (["SHAPE", "--port", "70000"], "port"),
        (["SHAPE", "--fps", "0"], "fps"),
        (["SHAPE", "--link", "http://x/?look=%7B"], "link"),
        (["SHAPE", "--color-by", "nonsense", "--port", "0"], "nonsense"),
        (["SHAPE", "--host", "203.0.113.7"], "host"),
        (["SHAPE", "--export", "page.png"], "html"),
    ],
)
def test_bad_input_is_one_line(shape: Path, arguments: list[str], told: str, capsys) -> None:
    words = [str(shape) if word == "SHAPE" else word for word in arguments]
    assert run(["view", *words]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("geomdl: error: ")
    assert told in lines[0]


def test_a_bad_look_is_wrong_usage(shape: Path, capsys) -> None:
    assert run(["view", str(shape), "--clip", "w<1"]) == 2
    assert "'z<1.2'" in capsys.readouterr().err


def test_an_open_host_is_warned_of(shape: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(server.Viewer, "wait", lambda self: None)
    assert run(["view", str(shape), "--host", "0.0.0.0", "--port", "0"]) == 0
    assert "warning: everyone" in capsys.readouterr().err


def test_the_look_and_the_link_reach_the_page(shape: Path, monkeypatch) -> None:
    looks: list[geomdl.viewer.look.Look] = []
    monkeypatch.setattr(server.Viewer, "wait", lambda self: looks.append(self.look))
    link = (
        "http://x/?initialCameraPosition=1,2,3&initialCameraLookAt=0,0,0&look=%7B%22axes%22:true%7D"
    )
    arguments = ["--port", "0", "--clip", "z<50%", "--opacity", "0.5", "--link", link]
    assert run(["view", str(shape), *arguments]) == 0
    (look,) = looks
    assert (look.clip, look.opacity, look.axes, look.eye) == (("z<50%",), 0.5, True, (1, 2, 3))


def test_export(shape: Path, tmp_path: Path, capsys) -> None:
    path = tmp_path / "page.html"
    assert run(["view", str(shape), "--export", str(path)]) == 0
    assert capsys.readouterr().out.strip() == str(path)
    assert "__VISER_EMBED_DATA__" in path.read_text()
    assert run(["view", str(shape), "--export", str(path)]) == 1
    assert not [t for t in threading.enumerate() if t.name.startswith("geomdl page")]
