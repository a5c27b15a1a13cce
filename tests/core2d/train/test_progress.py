"""Lines where there is no terminal, nothing where nothing is asked."""

import pytest

from core2d.train.progress import Progress, words

LINE = {
    "step": 430, "epoch": 1.000727, "rate": 8.34e-5, "seconds": 9.0,
    "train/loss": 0.76821, "validation/accuracy": 0.8186,
}  # fmt: skip


def test_a_line_says_where_the_run_stands() -> None:
    expected = (
        "epoch 1.001  step 430  train/loss 0.7682  validation/accuracy 0.8186  rate 8.34e-05  9 s"
    )
    assert words(LINE) == expected


def test_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("toy", step=3, steps=10)
    progress.step(4, 0.5)
    progress.line("said")
    progress.close()
    assert capsys.readouterr().out == "toy: 10 steps, from step 3\nsaid\n"


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("toy", step=0, steps=10, shown=False)
    progress.step(4, None)
    progress.line("said")
    progress.close()
    assert capsys.readouterr().out == ""


def test_a_bar_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    progress = Progress("toy", step=0, steps=10)
    progress.step(4, 0.5)
    progress.line("said")
    progress.close()
    text = capsys.readouterr().out
    assert "said" in text
    assert "4/10" in text
    assert "loss 0.5000" in text
