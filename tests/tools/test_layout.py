"""The layout check finds what it forbids, and finds nothing in this tree."""

import subprocess
from pathlib import Path

import pytest

from tools import layout


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small tree in order: one module with its test, in a git repository."""
    for name, text in {
        "geomdl/ops/keys.py": '"""Keys."""\n\ndef key():\n    return 1\n',
        "geomdl/ops/__init__.py": "",
        "tests/geomdl/ops/test_keys.py": "from geomdl.ops.keys import key\n",
        "tests/oracles/keys_oracle.py": "import numpy\n",
        "pyproject.toml": "",
    }.items():
        write(tmp_path, name, text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_house_in_order_has_no_problems(house: Path) -> None:
    assert layout.problems(house) == []


def test_this_tree_is_in_order() -> None:
    found = layout.problems(layout.ROOT)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("geomdl/csrc/long.cpp", "\n" * 401, "401 lines, at most 400"),
        ("geomdl/long.py", "def f():\n" + "    x = 1\n" * 60, "f has 61 lines"),
        ("geomdl/broken.py", "def f(:\n", "geomdl/broken.py:1: invalid syntax"),
        ("geomdl/utils.py", "", "says nothing"),
        ("geomdl/misc/a.py", "", "says nothing"),
        ("geomdl/a.py", "# TO" + "DO: later\n", "does not stay"),
        ("geomdl/ops/new.py", "def f():\n    pass\n", "no test file tests/geomdl/ops/test_new.py"),
        ("notes.txt", "", "does not belong in the root"),
        ("core2d/a.py", "import geomdl\n", "core2d.a must not import geomdl"),
        (
            "core2d/a.py",
            "def f():\n    from geomdl.ops import keys\n",
            "must not import geomdl.ops",
        ),
        ("geomdl/a.py", "import scenes.build\n", "must not import scenes.build"),
        ("geomdl/a.py", "from rl import replay\n", "must not import rl.replay"),
        ("rl/a.py", "import scenes\n", "must not import scenes"),
        ("scenes/a.py", "import rl\n", "must not import rl"),
        ("geomdl/a.py", "import tests.conftest\n", "must not import tests.conftest"),
        ("geomdl/ops/a.py", "from geomdl.structures import Mesh\n", "must not import"),
        ("geomdl/ops/a.py", "from ..structures.mesh import Mesh\n", "must not import"),
        ("geomdl/ops/a.py", "from .. import io\n", "must not import geomdl.io"),
        ("tests/oracles/b.py", "import geomdl\n", "must not import geomdl"),
    ],
)
def test_breaches_are_found(house: Path, name: str, text: str, message: str) -> None:
    write(house, name, text)
    assert any(message in line for line in layout.problems(house)), layout.problems(house)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("geomdl/recipes/a.py", "import scenes\nimport rl\n"),
        ("geomdl/cli.py", "import scenes\n"),
        ("geomdl/commands/a.py", "import scenes\n"),
        ("scenes/a.py", "import geomdl\nimport core2d\n"),
        ("geomdl/io/__init__.py", "def __getattr__(name):\n    raise AttributeError(name)\n"),
        ("geomdl/ops/a.py", "from .keys import key\nimport geomdl_other\n"),
        ("tests/oracles/b.py", "from tests.oracles.keys_oracle import key\n"),
    ],
)
def test_what_is_allowed_is_not_reported(house: Path, name: str, text: str) -> None:
    write(house, name, text)
    assert layout.problems(house) == []
