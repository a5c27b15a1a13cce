"""The page in a real browser shows what a Drawing holds, and the same as the picture."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page

from geomdl.io.posed import PosedImage, PosedImages
from geomdl.render.image import to_bytes
from geomdl.structures import Camera, PointCloud, VoxelGrid
from geomdl.viewer.compose import compose
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.picture import picture_of
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.viewpoint import initial
from tests.geomdl.viewer.page.conftest import FRONT, Serving, only
from tools.browser import ink, settled, shot, visit

pytestmark = pytest.mark.xdist_group("browser")


def redness(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (H, W) bool: pixels that are red, and neither white nor blue."""
    red, green, blue = picture.astype(int).transpose(2, 0, 1)
    return (red > 80) & (red > 2 * green) & (red > 2 * blue)


def blueness(picture: np.ndarray) -> np.ndarray:
    red, green, blue = picture.astype(int).transpose(2, 0, 1)
    return (blue > 80) & (blue > 2 * green) & (blue > 2 * red)


def flat(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """Pixels (H, W) of exactly this colour, but for rounding."""
    return (np.abs(picture.astype(int) - color) <= 2).all(-1)


def until(page: Page, mask: np.ndarray, kind: object, share: float = 0.03) -> np.ndarray:
    """The settled picture once `kind(picture)` differs from mask in few of its pixels."""
    assert callable(kind)
    return settled(page, lambda seen: bool((kind(seen) ^ mask).sum() <= share * mask.sum() + 1))


def test_both_balls_stand_where_they_are(chromium: Browser, serve: Serving, balls: Scene) -> None:
    page = visit(chromium, serve(balls, FRONT).url)
    picture = settled(page)
    height, width = picture.shape[:2]
    view = initial(compose(balls, FRONT), FRONT).camera(width, height)
    for name, mask in (("red", redness(picture)), ("blue", blueness(picture))):
        center = torch.tensor([[-1.5 if name == "red" else 1.5, 0.0, 0.0]])
        x, y = view.project(center)[0][0].tolist()
        rows, columns = np.nonzero(mask)
        assert abs(columns.mean() + 0.5 - x) < 3
        assert abs(rows.mean() + 0.5 - y) < 3
        radius = height / 2 / np.tan(np.radians(20)) / np.sqrt(144 - 1)
        assert mask.sum() == pytest.approx(np.pi * radius**2, rel=0.06)


def test_the_page_shows_the_picture(chromium: Browser, serve: Serving, balls: Scene) -> None:
    look = FRONT.replace(eye=(3.0, -9.0, 4.0), color_by="own")
    page = visit(chromium, serve(balls, look).url)
    seen = settled(page)
    height, width = seen.shape[:2]
    drawing = compose(balls, look)
    camera = initial(drawing, look).camera(width, height)
    plain = Finish(occlusion=0.0, shadow=0.0, floor=False)
    drawn = to_bytes(picture_of(drawing, camera, look, plain))[..., :3]
    off = np.abs(seen.astype(int) - drawn).max(-1)
    assert np.median(off[ink(drawn)]) <= 3, "colours and light agree"
    assert (off > 24).mean() < 0.004, "but for the edges"


def test_hidden_items_go_and_come_back(chromium: Browser, serve: Serving, balls: Scene) -> None:
    viewer = serve(balls, FRONT)
    page = visit(chromium, viewer.url)
    before = settled(page)
    session = only(viewer)
    session.change(hide=("blue",))
    nothing = np.zeros(before.shape[:2], bool)
    without = until(page, nothing, blueness)
    assert redness(without).sum() == redness(before).sum()
    session.change(hide=())
    until(page, blueness(before), blueness)


def test_a_clip_plane_leaves_half(chromium: Browser, serve: Serving, balls: Scene) -> None:
    viewer = serve(balls, FRONT)
    page = visit(chromium, viewer.url)
    before = settled(page)
    rows = np.nonzero(redness(before))[0]
    middle = (rows.min() + rows.max() + 1) / 2
    only(viewer).change(clip=("z<0",))
    below = redness(before) & (np.arange(before.shape[0])[:, None] + 0.5 > middle)
    after = until(page, below, redness)
    assert redness(after).sum() == pytest.approx(redness(before).sum() / 2, rel=0.05)
    only(viewer).change(clip=("z<0", "x>0"))
    until(page, np.zeros(before.shape[:2], bool), redness)
    only(viewer).change(clip=())
    until(page, redness(before), redness)


def test_colours_are_exact_without_light(chromium: Browser, serve: Serving, balls: Scene) -> None:
    look = FRONT.replace(shading="none", color_by="plain", color="#3c8fd0", background="#1e2030")
    viewer = serve(balls, look)
    page = visit(chromium, viewer.url)
    picture = settled(page)
    assert flat(picture, (0x3C, 0x8F, 0xD0)).mean() > 0.05
    corner = picture[:40, :40]
    assert flat(corner, (0x1E, 0x20, 0x30)).all()
    only(viewer).change(background="#ffffff", color="#c81e64")
    settled(page, lambda seen: bool(flat(seen, (0xC8, 0x1E, 0x64)).mean() > 0.05))
    assert flat(shot(page)[:40, :40], (255, 255, 255)).all()


def test_points_are_drawn_clipped_and_recoloured(chromium: Browser, serve: Serving) -> None:
    grid = torch.linspace(-1, 1, 301)
    x, z = torch.meshgrid(grid, grid, indexing="ij")
    points = torch.stack([x, torch.zeros_like(x), z], -1).reshape(-1, 3)
    color = torch.tensor([1.0, 0.0, 0.0]).expand(len(points), 3).contiguous()
    scene = Scene([Item("wall", (PointCloud(points, colors=color),))])
    look = Look(eye=(0.0, -4.0, 0.0), target=(0.0, 0.0, 0.0), legend=False, shading="none")
    viewer = serve(scene, look)
    page = visit(chromium, viewer.url)
    picture = settled(page)
    height = picture.shape[0]
    side = 2 * height / 2 / np.tan(np.radians(20)) / 4
    assert redness(picture).sum() == pytest.approx(side**2, rel=0.04), "a wall without holes"
    only(viewer).change(clip=("x<0",))
    settled(page, lambda seen: bool(0.47 < redness(seen).sum() / side**2 < 0.53))
    only(viewer).change(clip=(), color_by="plain", color="#0000ff")
    settled(page, lambda seen: bool(blueness(seen).sum() > 0.95 * side**2))


def test_a_grid_shows_cells_surface_and_slice(chromium: Browser, serve: Serving) -> None:
    axis = (torch.arange(24) + 0.5) / 12 - 1
    x, y, z = torch.meshgrid(axis, axis, axis, indexing="ij")
    values = (x * x + y * y + z * z).sqrt() - 0.7
    grid = VoxelGrid(values, origin=torch.full((3,), -1.0), cell=1 / 12, kind="sdf")
    look = Look(eye=(0.0, -6.0, 0.0), target=(0.0, 0.0, 0.0), legend=False, voxels="surface")
    viewer = serve(Scene([Item("field", (grid,))]), look)
    page = visit(chromium, viewer.url)
    smooth = settled(page)
    height = smooth.shape[0]
    scale = height / 2 / np.tan(np.radians(20))
    disc = np.pi * (0.7 * scale / np.sqrt(36 - 0.49)) ** 2
    assert ink(smooth).sum() == pytest.approx(disc, rel=0.05)
    only(viewer).change(voxels="cells")
    cells = settled(page, lambda seen: bool(np.abs(seen.astype(int) - smooth).max() > 30))
    assert 0.85 < ink(cells).sum() / disc < 1.35
    only(viewer).change(voxels="surface", clip=("y>0",))
    side = (2 * scale / 6) ** 2
    settled(page, lambda seen: bool(0.9 < ink(seen).sum() / side < 1.1))


def test_cameras_show_their_pyramid_and_photo(
    chromium: Browser, serve: Serving, tmp_path: Path
) -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32, 0], pixels[:, 32:, 2] = 255, 255  # red at the left, blue at the right
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    camera = Camera.from_fov(64, 48, 1.0)
    photos = PosedImages((PosedImage(tmp_path / "photo.png", camera),))
    scene = Scene([Item("fox", (photos,))], up="-y")
    look = Look(eye=(0.0, 0.0, -3.0), target=(0.0, 0.0, 1.0), camera_size=1.0)
    viewer = serve(scene, look)
    page = visit(chromium, viewer.url)
    picture = settled(page, lambda seen: bool(redness(seen).any() and blueness(seen).any()))
    scale = picture.shape[0] / 2 / np.tan(np.radians(20)) / 4
    area = 2 * np.tan(0.5) ** 2 * 48 / 64 * scale**2  # of half the photograph
    for mask in (redness(picture), blueness(picture)):
        assert mask.sum() == pytest.approx(area, rel=0.08)
    assert np.nonzero(redness(picture))[1].mean() < np.nonzero(blueness(picture))[1].mean()
    only(viewer).change(photos=False)
    lines = settled(page, lambda seen: not redness(seen).any())
    assert 0.0005 < ink(lines).mean() < 0.1, "its pyramid stays"


def test_words_and_legend_are_on_the_page(chromium: Browser, serve: Serving, balls: Scene) -> None:
    viewer = serve(balls, FRONT.replace(legend=True, color_by="height"))
    page = visit(chromium, viewer.url)
    page.locator(".geomdl-legend").wait_for()
    bare = settled(page)
    assert "height" in page.locator(".geomdl-legend").inner_text()
    only(viewer).change(names=True)

    def written(seen: np.ndarray) -> bool:
        return bool((np.abs(seen.astype(int) - bare).max(-1) > 60).sum() > 60)

    settled(page, written)
    only(viewer).change(names=False, legend=False)
    settled(page, lambda seen: not written(seen))
    page.locator(".geomdl-legend").wait_for(state="detached")


def test_labels_have_their_names_in_the_legend(
    chromium: Browser, serve: Serving, balls: Scene
) -> None:
    points = torch.rand(5000, 3, generator=torch.Generator().manual_seed(0))
    label = (points[:, 0] > 0.5).long()
    cloud = PointCloud(points, attributes={"label": label})
    item = Item("room", (cloud,), label_names={0: "wall", 1: "floor & roof"})
    viewer = serve(Scene([item]), Look(color_by="label", shading="none"))
    page = visit(chromium, viewer.url)
    picture = settled(page)
    page.get_by_text("floor & roof").first.wait_for()
    page.get_by_text("wall", exact=True).first.wait_for()
    drawn = picture[ink(picture)]
    assert len(np.unique(drawn // 32, axis=0)) >= 2
