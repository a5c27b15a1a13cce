from pathlib import Path

import pytest
from PIL import Image

from tools import contact_sheet


def test_sheets_have_a_panel_for_everything() -> None:
    small = contact_sheet.shapes(("mug", "rocket"), size=32)
    assert small.shape[1] == pytest.approx(12 * 32, rel=0.1)
    assert small.shape[2] == 4
    assert float(small[..., :3].std()) > 0.01


def test_the_command_writes_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets = {"rooms.jpg": lambda: contact_sheet.rooms(("bath",), (0,))}
    monkeypatch.setattr(contact_sheet, "SHEETS", sheets)
    assert contact_sheet.main(["--out", str(tmp_path)]) == 0
    assert Image.open(tmp_path / "rooms.jpg").width > 600
    with pytest.raises(SystemExit):
        contact_sheet.main(["--only", "castles"])


def test_games_are_played(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = contact_sheet.games(("geomdl/Mason-v0",), (0, 9))
    first, later = picture.chunk(2, 1)
    assert picture.shape == (190, 340, 4)
    assert not first.equal(later)
