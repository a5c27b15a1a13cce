"""The Chromium of the tests draws WebGL and is seen to."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.browser import browser
from tools.browser import ink, program, settled, shot, visit

PAGE = """<body style="margin:0;background:#fff">
<canvas data-engine="x" width=400 height=300 style="display:block"></canvas><script>
const gl = document.querySelector("canvas").getContext("webgl");
setTimeout(() => {
  gl.enable(gl.SCISSOR_TEST); gl.scissor(100, 100, 200, 100);
  gl.clearColor(1, 0, 0, 1); gl.clear(gl.COLOR_BUFFER_BIT);
}, 300);
</script>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "index.html").write_text(PAGE)
    handler = partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.xdist_group("browser")
def test_webgl_is_drawn_and_waited_for(url: str) -> None:
    with browser() as running:
        page = visit(running, url, size=(800, 300))
        picture = settled(page)
        assert picture.shape == (300, 400, 3)
        red = (picture == (255, 0, 0)).all(-1)
        assert red.sum() == 200 * 100
        assert red[100:200, 100:300].all()
        with pytest.raises(TimeoutError, match="did not come to rest"):
            settled(page, lambda seen: bool((seen[..., 1] == 77).all()), seconds=0.5)
        assert (shot(page) == picture).all()


def test_ink_is_what_is_not_background() -> None:
    picture = np.full((10, 10, 3), 250, np.uint8)
    picture[2:4, 5] = (250, 200, 250)
    picture[9, 9] = (250, 245, 250)  # noise
    assert ink(picture).sum() == 2


def test_a_program_is_a_file_or_none() -> None:
    path = program()
    assert path is None or Path(path).exists()
