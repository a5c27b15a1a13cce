import pytest

from geomdl.reconstruct.progress import progress_bar


def test_a_line_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("kitchen", 5, 2, True) as step:
        step("fit 90%")
    out, err = capsys.readouterr()
    assert out == ""
    assert "kitchen: 3 of 5 frames" in err


def test_the_unit_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("convert", 3, 0, True, unit="files"):
        print("a.obj -> a.ply")
    out, err = capsys.readouterr()
    assert err == "convert: 3 of 3 files\n"
    assert out == "a.obj -> a.ply\n"


def test_nothing_when_it_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("kitchen", 5, 0, False) as step:
        step("")
    assert capsys.readouterr() == ("", "")
