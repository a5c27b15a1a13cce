"""Sheets of what scenes makes: `python tools/contact_sheet.py [--only NAME] [--out FOLDER]`.

docs/gallery/shapes.jpg shows six seeds of every kind of shape, coloured by part; rooms.jpg every
kind of furnished room in its colours and by class; moving.jpg one room over time; games.png every
pixel game, played by its scripted player.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import gymnasium
import torch
from torch import Tensor

from geomdl.render import Style, frame_shape, render, save_image, sheet
from geomdl.structures import Mesh
from geomdl.structures.srgb import from_srgb
from scenes.build.home import LABELS, ROOMS, furnished_room
from scenes.build.moving import moving_room
from scenes.build.room import Room
from scenes.build.shapes import KINDS, shape
from scenes.envs.pixel.players import PLAYERS

ROOT = Path(__file__).resolve().parent.parent
ACROSS = 6  # seeds of a kind, side by side
GAME_STEPS = (0, 30, 60, 90, 120, 150)


def shapes(kinds: Sequence[str] = KINDS, size: int = 128) -> Tensor:
    """Kinds -> picture (H, W, 4): two kinds in a row, ACROSS seeds of each, coloured by part."""
    style = Style(color_by="label", floor=True, shadow=0.5)
    panels, names = [], []
    for kind in kinds:
        for seed in range(ACROSS):
            mesh = shape(kind, seed)
            camera = frame_shape(mesh, (0.7, -1.0, 0.5), size=(size, size))
            panels.append(render(mesh, camera, style))
            names.append(kind if seed == 0 else "")
    return sheet(panels, names, columns=2 * ACROSS)


def rooms(kinds: Sequence[str] = tuple(ROOMS), seeds: Sequence[int] = (3, 11)) -> Tensor:
    """Kinds of rooms and seeds -> picture: every room from above, in colour and by class."""
    panels, names = [], []
    for kind in kinds:
        for seed in seeds:
            world = furnished_room(seed, kind, detail=0.05)
            panels += [view(world, "own"), view(world, "label")]
            names += [kind, ""]
    return sheet(panels, names, columns=2 * len(seeds))


def moving(seed: int = 0, kind: str = "living", frames: int = 24) -> Tensor:
    """Six frames of a moving room -> picture."""
    world = moving_room(seed, frames, kind, bodies=3, pushed=3)
    chosen = torch.linspace(0, frames - 1, 6).long().tolist()
    panels = [view(world.room(frame), "own") for frame in chosen]
    names = [f"{frame * world.seconds:.1f} s" for frame in chosen]
    return sheet(panels, names, columns=3)


def view(world: Room, color_by: str, size: tuple[int, int] = (320, 270)) -> Tensor:
    """A room without its ceiling, seen from above through the near walls."""
    mesh = world.mesh
    kept = mesh.attributes["label"][mesh.faces[:, 0]] != LABELS.index("ceiling")
    open_ = Mesh(mesh.vertices, mesh.faces[kept], colors=mesh.colors, attributes=mesh.attributes)
    camera = frame_shape(open_, (0.45, -0.7, 1.0), size=size)
    return render(open_, camera, Style(color_by=color_by, cull=True))


def games(names: Sequence[str] = tuple(PLAYERS), steps: Sequence[int] = GAME_STEPS) -> Tensor:
    """Pixel games and steps -> picture: a row per game, by its scripted player from seed 1."""
    panels, labels = [], []
    for name in names:
        env = gymnasium.make(name, render_mode="rgb_array")
        seen, player = env.reset(seed=1)[0], PLAYERS[name]()
        score = 0.0
        for step in range(max(steps) + 1):
            if step in steps:
                panels.append(framed(torch.from_numpy(env.render())[::2, ::2]))
                labels.append(f"{name.split('/')[1]}, step {step}, score {score:g}")
            seen, reward, terminated, _, _ = env.step(player(seen))
            score += float(reward)
            if terminated:
                raise RuntimeError(f"{name}: the scripted player lost at step {step}")
    return sheet(panels, labels, columns=len(steps))


def framed(picture: Tensor) -> Tensor:
    """sRGB bytes (H, W, 3) -> linear RGBA (H + 30, W + 10, 4) with room for words above."""
    out = torch.full((picture.shape[0] + 30, picture.shape[1] + 10, 4), 0.3)
    out[..., 3] = 1
    out[25:-5, 5:-5, :3] = from_srgb(picture.float() / 255)
    return out


# Files and what is on them; photographs as JPEG, flat colours as PNG.
SHEETS: dict[str, Callable[[], Tensor]] = {
    "shapes.jpg": shapes, "rooms.jpg": rooms, "moving.jpg": moving, "games.png": games,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", choices=[n.split(".")[0] for n in SHEETS], help="make this sheet alone"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "gallery", help="folder")
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, make in SHEETS.items():
        if args.only in (None, name.split(".")[0]):
            save_image(args.out / name, make())
            print(args.out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
