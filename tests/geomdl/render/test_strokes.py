import torch

from geomdl.render.strokes import edges_of, strokes
from geomdl.render.viewpoint import look_at

CAMERA = look_at((0, -5, 0), (0, 0, 0), size=(100, 80))
RED = torch.tensor([[1.0, 0.0, 0.0]])


def drawn(ends: list[list[float]], width: float, color: torch.Tensor = RED) -> tuple:
    return strokes(torch.tensor([ends]), color, torch.tensor([width]), CAMERA)


def test_width_is_in_pixels_at_any_depth() -> None:
    for y in (-2.0, 0.0, 30.0):
        for width in (1.0, 3.0, 6.0):
            depth, image = drawn([[0, y, -40.0], [0, y, 40.0]], width)
            assert depth.isfinite().sum(1).tolist() == [int(width)] * 80
            assert (image[depth.isfinite()] == RED).all()
            assert torch.allclose(depth[depth.isfinite()], torch.tensor(y + 5), rtol=2e-3)


def test_ends_are_where_the_camera_sees_them() -> None:
    ends = torch.tensor([[-0.7, 0.3, -0.2], [0.9, -1.0, 0.5]])
    depth, _ = drawn(ends.tolist(), 2.0)
    column = depth.isfinite().nonzero()[:, 1]
    pixels, z = CAMERA.project(ends)
    found = torch.stack([column.amin(), column.amax()]).float() + 0.5
    assert (found - pixels[:, 0]).abs().max() < 2
    assert abs(float(depth[depth.isfinite()].max()) - float(z.max())) < 0.05


def test_lines_through_the_eye_plane_are_cut() -> None:
    depth, _ = drawn([[0.5, 3.0, 0.5], [0.5, -30.0, 0.5]], 2.0)
    assert depth.isfinite().any()
    assert depth.min() > 0
    for ends in ([[0.0, -9, 0], [1, -20, 0]], [[5.0, -6, 1], [9, -5.5, 1]]):
        assert not drawn(ends, 2.0)[0].isfinite().any()


def test_nearer_lines_win_and_points_are_squares() -> None:
    segments = torch.tensor([[[-1.0, 0, 0], [1, 0, 0]], [[0.0, -1, -1], [0, -1, 1]]])
    colors = torch.eye(3)[:2]
    _, image = strokes(segments, colors, torch.tensor([4.0, 4.0]), CAMERA)
    assert image[40, 50].tolist() == [0, 1, 0]
    assert image[40, 60].tolist() == [1, 0, 0]
    dot = drawn([[0.0, 0, 0], [0, 0, 0]], 6.0)[0].isfinite()
    assert 25 <= int(dot.sum()) <= 49
    none = strokes(torch.zeros(0, 2, 3), torch.zeros(0, 3), torch.zeros(0), CAMERA)
    assert not none[0].isfinite().any()


def test_edges_are_each_there_once() -> None:
    faces = torch.tensor([[0, 1, 2], [2, 1, 3], [3, 1, 0]])
    assert edges_of(faces).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert edges_of(torch.zeros(0, 3, dtype=torch.int64)).shape == (0, 2)
