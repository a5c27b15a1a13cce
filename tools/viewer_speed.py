"""How fast the viewer is on this machine: `python tools/viewer_speed.py` -> results/viewer.json.

Nothing else should run meanwhile. It makes a mesh of a million triangles and a cloud of five
million points, and looks at them with a headless Chromium that draws on the processor. In seconds,
of steps the median:

import             Python and all that `geomdl view` needs; the figures below begin after it
page_small         command to pixels of a mesh of 10 000 triangles: what Chromium itself takes
page_first, page   command to the first, and to all triangles of the large mesh on the page
render             command to the written picture of the large mesh, 640 x 480
render_sheet       ... of four such views on one sheet, which is the default
points_first       command to 100 000 points of the cloud on the page
points             ... until no more points came for 1.5 s, which may be a pause
clip_mesh, clip_points    a moved plane until the page shows what is left
click_mesh, click_points  what lies below a pixel; the first click builds a tree and is left out
rest_cpu, rest_frames     share of a core, and pictures drawn, by a page left alone for five seconds

    python tools/viewer_speed.py                          # 3 repeats, about 3 minutes
    python tools/viewer_speed.py --repeats 1 --out /tmp   # a quick look
"""

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).resolve().parent))

from browser import chromium, visit

from core2d.train.record import Result, write_result
from geomdl.bench.ops.raycast import torus
from geomdl.io import save
from geomdl.ops.sampling import sample_surface
from geomdl.structures import Mesh, PointCloud
from geomdl.viewer.look import Look
from geomdl.viewer.opening import open_scene
from geomdl.viewer.page.script import REST
from geomdl.viewer.page.server import Viewer
from geomdl.viewer.page.session import Session
from geomdl.viewer.pick import pick
from geomdl.viewer.scene import Scene

ROOT = Path(__file__).resolve().parent.parent
POINTS = 5_000_000
FIRST = 100_000
SIZE = (1000, 700)
OTHER = 2000  # triangles that viser draws itself for a moment, and no more
STEPS = ("z<70%", "z<50%", "z<30%", "x<60%", "x<40%")
QUIET = 5.0  # seconds that a page is left alone
# Imports what a command needs, then waits for a line.
COMMAND = """
import sys, time
begun = time.perf_counter()
import torch, numpy, tyro, viser, PIL.Image, scipy.sparse
import geomdl.commands.render, geomdl.commands.view, geomdl.viewer.opening
import geomdl.viewer.page.server, geomdl.viewer.picture
from geomdl.cli import run
print(time.perf_counter() - begun, flush=True)
sys.stdin.readline()
code = run(sys.argv[1:])
print("done", flush=True)
sys.exit(code)
"""
# The times, in ms since 1970, at which what is drawn changed; until `enough` of it is drawn and
# nothing changed for `calm` ms.
WATCH = """async ([kind, before, enough, calm]) => {
  const log = [], began = performance.now();
  let last = before, changed = began;
  while (performance.now() - began < 30000) {
    const info = window.__viserTestpoints?.rendererInfo?.render, now = performance.now();
    const count = info ? info[kind] : 0;
    if (count !== last) {
      log.push([performance.timeOrigin + now, count]);
      last = count; changed = now;
    }
    if (log.length && last >= enough && now - changed >= calm) return log;
    await new Promise((done) => setTimeout(done, 5));
  }
  throw new Error(`no ${enough} ${kind} in 30 s: ${JSON.stringify(log)}`);
}"""
FRAMES = "window.__viserTestpoints.rendererInfo.render.frame"
Figures = dict[str, float]


def make_files(
    folder: Path, *, around: int = 1000, across: int = 500, points: int = POINTS
) -> None:
    """small.ply and mesh.ply (2 * around * across triangles), cloud.ply of so many points."""
    save(folder / "small.ply", Mesh(*torus(100, 50)))
    mesh = Mesh(*torus(around, across))
    save(folder / "mesh.ply", mesh)
    torch.manual_seed(0)
    save(folder / "cloud.ply", PointCloud(sample_surface(mesh.vertices, mesh.faces, points)[0]))


class Command:
    """A `geomdl` command whose imports are done, in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self._name = " ".join(arguments)
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.imported = float(self.line())
        self.begun = 0.0

    def line(self) -> str:
        """The next line that it prints. Raises RuntimeError where it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with {self._process.wait()}")
        return line.strip()

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self.begun = time.time()
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Stop it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()


@contextmanager
def command(*arguments: str) -> Iterator[Command]:
    """A Command that has begun, ended afterwards."""
    running = Command(*arguments)
    try:
        running.go()
        yield running
    finally:
        running.end()


def rendered(folder: Path, *options: str) -> tuple[float, float]:
    """Seconds of the imports, and of `geomdl render` of the large mesh after them."""
    out = folder / "picture.png"
    arguments = (str(folder / "mesh.ply"), "-o", str(out), "--overwrite", *options)
    with command("render", *arguments) as running:
        while running.line() != "done":
            pass
        if not out.exists():
            raise RuntimeError("geomdl render wrote no picture")
        return running.imported, time.time() - running.begun


def page_times(
    browser: Browser, path: Path, kind: str, enough: int, calm: float = 0
) -> tuple[float, float, float]:
    """Seconds from the command to the first, to `enough` and to the last things of a page."""
    context = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
    page = context.new_page()
    with command("view", str(path), "--port", "8460", "--no-browser") as running:
        url = next(word for word in running.line().split() if word.startswith("http"))
        page.goto(url, wait_until="commit")
        log = page.evaluate(WATCH, [kind, 0, enough, calm])
        begun = 1000 * running.begun
        context.close()
    first = next(at for at, count in log if count > OTHER)
    reached = next(at for at, count in log if count >= enough)
    return (first - begun) / 1000, (reached - begun) / 1000, (log[-1][0] - begun) / 1000


@contextmanager
def visited(browser: Browser, path: Path) -> Iterator[tuple[Scene, Session, Page]]:
    """A page of a file by a server in this process, once its controls are there."""
    scene = open_scene([path])
    viewer = Viewer(scene, Look(), port=8470)
    page = visit(browser, viewer.url, size=SIZE)
    try:
        page.get_by_role("tab", name="Look").wait_for()
        (session,) = viewer.sessions
        page.wait_for_timeout(1500)
        yield scene, session, page
    finally:
        page.context.close()
        viewer.stop()


def steps(session: Session, page: Page, kind: str) -> float:
    """The median of clip steps until the page shows what is left."""
    taken = []
    for clip in STEPS:
        before = page.evaluate(f"window.__viserTestpoints.rendererInfo.render.{kind}")
        begun = time.time()
        session.change(clip=(clip,))
        log = page.evaluate(WATCH, [kind, before, 1, 500])
        taken.append(log[-1][0] / 1000 - begun)
    session.change(clip=())
    page.wait_for_timeout(1000)
    return statistics.median(taken)


def clicks(scene: Scene, session: Session) -> float:
    """The median of clicks beside the middle of the picture; the first one is not counted."""
    view = session.viewpoint()
    eye, target = (torch.tensor(place, dtype=torch.float64) for place in (view.eye, view.target))
    taken, found = [], 0
    for side in range(-6, 7):
        aside = target + 0.08 * side * torch.tensor([1.0, 1.0, 0.5], dtype=torch.float64)
        gaze = torch.nn.functional.normalize(aside - eye, dim=0)
        begun = time.perf_counter()
        x, y, z = gaze.tolist()
        found += pick(scene, session.look, view.eye, (x, y, z), 1e-3) is not None
        taken.append(time.perf_counter() - begun)
    if not found:
        raise RuntimeError("no click found anything")
    return statistics.median(taken[1:])


def at_rest(page: Page) -> tuple[float, float]:
    """Share of a core that the server uses, and pictures that the page draws, when left alone."""
    time.sleep(REST + 2)
    frames, used = page.evaluate(FRAMES), time.process_time()
    time.sleep(QUIET)
    used = time.process_time() - used
    return used / QUIET, float(page.evaluate(FRAMES) - frames)


def measured(folder: Path, browser: Browser) -> Figures:
    """One repeat of everything."""
    imported, one = rendered(folder, "--views", "corner")
    found = {"import": imported, "render": one, "render_sheet": rendered(folder)[1]}
    found["page_small"] = page_times(browser, folder / "small.ply", "triangles", 9_900)[1]
    enough = int(0.99 * 2 * 1000 * 500)
    first, every, _ = page_times(browser, folder / "mesh.ply", "triangles", enough)
    found |= {"page_first": first, "page": every}
    _, some, last = page_times(browser, folder / "cloud.ply", "points", FIRST, calm=1500)
    found |= {"points_first": some, "points": last}
    for name, kind in (("mesh", "triangles"), ("cloud", "points")):
        with visited(browser, folder / f"{name}.ply") as (scene, session, page):
            what = "points" if name == "cloud" else name
            found[f"clip_{what}"] = steps(session, page, kind)
            found[f"click_{what}"] = clicks(scene, session)
            if name == "mesh":
                found["rest_cpu"], found["rest_frames"] = at_rest(page)
    return found


def record(repeats: int, folder: Path) -> Result:
    """All repeats, printed as they come."""
    begun = time.perf_counter()
    make_files(folder)
    runs = []
    with chromium() as browser:
        warm = browser.new_page()  # a browser that has run a while is what people have
        warm.goto("about:blank")
        for number in range(repeats):
            runs.append(measured(folder, browser))
            told = ", ".join(f"{name} {value:.3g}" for name, value in runs[-1].items())
            print(f"{number + 1}/{repeats}: {told}", flush=True)
    return Result(
        recipe="viewer",
        command="python tools/viewer_speed.py",
        seeds=range(repeats),
        seconds=time.perf_counter() - begun,
        metrics={name: [run[name] for run in runs] for name in runs[0]},
        expect={"page": 3.0, "render": 3.0, "rest_cpu": 0.02, "rest_frames": 0.0},
        data="a torus of 1M triangles, 5M points on it; headless Chromium without a GPU; seconds",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3, help="how often (3)")
    parser.add_argument("--out", type=Path, default=ROOT / "results", help="folder of the record")
    args = parser.parse_args(arguments)
    if args.repeats < 1:
        parser.error(f"--repeats: expected at least 1, got {args.repeats}")
    with tempfile.TemporaryDirectory() as folder:
        result = record(args.repeats, Path(folder))
    print(write_result(result, args.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
