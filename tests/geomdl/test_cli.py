import subprocess
import sys
from pathlib import Path

import pytest

import geomdl
from geomdl import cli
from geomdl.commands import doctor as doctor_command
from geomdl.errors import GeometryError


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "geomdl.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_help_teaches_and_needs_no_command_to_be_read() -> None:
    run = program("--help")
    assert run.returncode == 0
    for name in cli.COMMANDS:
        assert f"\n  {name} " in run.stdout
    assert "examples:" in run.stdout
    assert "exit codes" in run.stdout
    probe = "import sys; from geomdl import cli; cli.run(['--help']); print('tyro' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert found.stdout.endswith("False\n")


@pytest.mark.parametrize("words", [[], ["--version"], ["list", "systems"]])
def test_what_needs_no_shapes_does_not_wait_for_torch(words: list[str]) -> None:
    assert imports_torch(f"cli.run({words or ['--help']})") == "False"


def test_help_of_commands_does_not_wait_for_torch() -> None:
    assert imports_torch("[cli.run([name, '--help']) for name in cli.COMMANDS]") == "False"


def imports_torch(call: str) -> str:
    probe = f"import sys; from geomdl import cli; {call}; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    return found.stdout.split()[-1]


def test_wrong_usage_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 2
    assert cli.run(["inof"]) == 2
    assert "did you mean 'info'?" in capsys.readouterr().err
    assert cli.run(["convert"]) == 2
    assert cli.run(["doctor", "--frobnicate"]) == 2
    assert cli.run(["render", "a.ply", "-o", "b.png", "--size", "3"]) == 2
    assert program("list", "nothing").returncode == 2


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_has_help_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert "examples:" in out
    assert f"geomdl {name}" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"geomdl {geomdl.__version__}\n"


def test_bad_input_is_one_line_without_traceback() -> None:
    run = program("render", "/nowhere/a.ply", "-o", "/tmp/never.png")
    assert run.returncode == 1
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert "/nowhere/a.ply" in run.stderr


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (GeometryError("a.ply: broken\nat line 3"), 1, "geomdl: error: a.ply: broken at line 3\n"),
        (PermissionError(13, "Permission denied", "x"), 1, "geomdl: error: x: Permission denied\n"),
        (MemoryError(), 1, "geomdl: error: there is not enough memory\n"),
        (KeyboardInterrupt(), 130, "geomdl: interrupted\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_errors_become_exit_codes(
    error: BaseException,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def command() -> int:
        raise error

    monkeypatch.setattr(doctor_command, "command", command)
    assert cli.run(["doctor"]) == code
    assert capsys.readouterr().err == told


def test_faults_of_ours_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(doctor_command, "command", command)
    with pytest.raises(ZeroDivisionError):
        cli.run(["doctor"])


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    line = f"{sys.executable} -m geomdl.cli list --status all | head -1"
    run = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert run.stderr == ""


def test_a_closed_standard_output_is_no_fault() -> None:
    command = f"{sys.executable} -m geomdl.cli --version >&-"
    run = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_no_files_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert [cli.run([name]) for name in ("view", "info")] == [2, 2]
    assert capsys.readouterr().err.count("expected at least one") == 2
