import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geomdl.errors import GeometryError
from geomdl.render import video
from geomdl.render.image import color
from geomdl.render.video import ffmpeg, save_video

COLORS = ("#c83232", "#32c832", "#3232c8")


def frames(height: int = 24, width: int = 32) -> Iterator[torch.Tensor]:
    for name in COLORS:
        image = torch.ones(height, width, 4)
        image[..., :3] = color(name)
        yield image


def expected(name: str) -> list[int]:
    return [int(name[i : i + 2], 16) for i in (1, 3, 5)]


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_pictures_follow_each_other(tmp_path: Path, name: str) -> None:
    assert save_video(tmp_path / name, frames(), 10) == 3
    with Image.open(tmp_path / name) as film:
        assert film.n_frames == 3
        for number, wanted in enumerate(COLORS):
            film.seek(number)
            seen = np.asarray(film.convert("RGB"))[12, 16]
            assert np.abs(seen.astype(int) - expected(wanted)).max() <= 6
        assert film.info["duration"] == 100
        assert film.info["loop"] == 0
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_mp4_holds_the_colours_and_even_sizes(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert save_video(path, frames(31, 45), 5) == 3
    raw = subprocess.run(
        [ffmpeg(), "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    seen = np.frombuffer(raw, np.uint8).reshape(3, 32, 46, 3)
    for image, wanted in zip(seen, COLORS, strict=True):
        assert np.abs(image[15, 22].astype(int) - expected(wanted)).max() <= 8


def test_what_is_transparent_is_white_and_nothing_half_done_stays(tmp_path: Path) -> None:
    save_video(tmp_path / "a.gif", [torch.zeros(8, 8, 4)] * 2, 10)
    assert np.asarray(Image.open(tmp_path / "a.gif").convert("RGB")).min() == 255

    def broken() -> Iterator[torch.Tensor]:
        yield from frames()
        raise RuntimeError("no more")

    for name in ("b.gif", "b.webp", "b.mp4"):
        with pytest.raises(RuntimeError, match="no more"):
            save_video(tmp_path / name, broken(), 10)
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


def test_ffmpeg_from_the_path_or_an_error_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setattr(video.shutil, "which", lambda name: f"/somewhere/{name}")
    assert ffmpeg() == "/somewhere/ffmpeg"
    monkeypatch.setattr(video.shutil, "which", lambda name: None)
    with pytest.raises(GeometryError, match="pip install imageio-ffmpeg"):
        save_video(tmp_path / "a.mp4", frames(), 10)
    monkeypatch.setattr(video, "ffmpeg", lambda: "/bin/false")
    with pytest.raises(GeometryError, match=r"^mp4: /bin/false failed"):
        save_video(tmp_path / "a.mp4", frames(), 10)


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match=r"\.gif, \.webp or \.mp4"):
        save_video(tmp_path / "a.avi", frames(), 10)
    with pytest.raises(GeometryError, match=r"^frames"):
        save_video(tmp_path / "a.gif", [], 10)
    with pytest.raises(GeometryError, match=r"^fps"):
        save_video(tmp_path / "a.gif", frames(), 0)
