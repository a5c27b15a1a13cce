import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import PointCloud, Pose


def cloud(count: int = 6, offsets: list[int] | None = None) -> PointCloud:
    rng = torch.Generator().manual_seed(0)
    rows = torch.rand(count, 9, generator=rng)
    normals = torch.nn.functional.normalize(rows[:, 3:6] - 0.5, dim=1)
    return PointCloud(
        rows[:, :3],
        normals,
        rows[:, 6:],
        {"label": torch.arange(count)},
        None if offsets is None else torch.tensor(offsets),  # type: ignore[arg-type]
    )


def test_mask_keeps_everything_in_step() -> None:
    whole = cloud(6, [0, 2, 2, 6])
    mask = torch.tensor([False, True, True, False, True, False])
    part = whole[mask]
    assert len(part) == 3
    assert part.offsets.tolist() == [0, 1, 1, 3]
    assert part.attributes["label"].tolist() == [1, 2, 4]
    for field in ("points", "normals", "colors"):
        assert torch.equal(getattr(part, field), getattr(whole, field)[mask])


def test_split_and_concatenate_are_inverse() -> None:
    whole = cloud(6, [0, 2, 2, 6])
    items = whole.split()
    assert [len(item) for item in items] == [2, 0, 4]
    again = PointCloud.concatenate(items)
    assert torch.equal(again.points, whole.points)
    assert torch.equal(again.offsets, whole.offsets)
    assert whole.items.tolist() == [0, 0, 2, 2, 2, 2]
    assert whole.merged().batch_size == 1
    assert torch.equal(whole.item(-1).points, whole.points[2:])
    with pytest.raises(GeometryError, match="item"):
        whole.item(3)


def test_affine_keeps_normals_normal() -> None:
    """Points of a plane move with any matrix; its normal must stay normal to them."""
    rng = torch.Generator().manual_seed(1)
    normal = torch.nn.functional.normalize(torch.randn(3, generator=rng), dim=0)
    points = torch.randn(50, 3, generator=rng)
    points = points - (points @ normal)[:, None] * normal
    matrix = torch.eye(4)
    matrix[:3] = torch.randn(3, 4, generator=rng)
    moved = PointCloud(points, normal.expand(50, 3)).transformed(matrix)
    assert moved.normals is not None
    assert torch.allclose(moved.points, points @ matrix[:3, :3].T + matrix[:3, 3], atol=1e-5)
    ways = moved.points - moved.points[0]
    assert float((ways @ moved.normals[0]).abs().max()) < 1e-4
    assert torch.allclose(moved.normals.norm(dim=1), torch.ones(50))


def test_pose_and_its_matrix_agree() -> None:
    pose = Pose.from_axis_angle(torch.tensor([0.3, -0.2, 0.9]), torch.tensor([1.0, 2.0, 3.0]))
    one, two = cloud().transformed(pose), cloud().transformed(pose.matrix())
    assert torch.allclose(one.points, two.points, atol=1e-6)
    assert one.normals is not None
    assert two.normals is not None
    assert torch.allclose(one.normals, two.normals, atol=1e-6)


def test_bounds_and_repr() -> None:
    shape = PointCloud(torch.tensor([[0.0, 1, 2], [3, -1, 5]]), attributes={"a": torch.ones(2)})
    assert [corner.tolist() for corner in shape.bounds] == [[0, -1, 2], [3, 1, 5]]
    assert repr(shape) == (
        "PointCloud(2 points, attributes: a, bounds [0 -1 2] to [3 1 5], float32 on cpu)"
    )
    empty = PointCloud(torch.zeros(0, 3))
    assert repr(empty) == "PointCloud(0 points, float32 on cpu)"
    with pytest.raises(GeometryError, match="no points"):
        empty.bounds  # noqa: B018


def test_to_changes_floats_only() -> None:
    double = cloud().to(dtype=torch.float64)
    assert double.points.dtype == torch.float64
    assert double.attributes["label"].dtype == torch.int64


def test_bad_fields_are_named() -> None:
    points = torch.zeros(4, 3)
    with pytest.raises(GeometryError, match="points: expected shape"):
        PointCloud(torch.zeros(4, 2))
    with pytest.raises(GeometryError, match="points: 1 values are NaN"):
        PointCloud(torch.tensor([[0.0, 0.0, float("nan")]]))
    with pytest.raises(GeometryError, match="normals: expected 4 rows, got 3"):
        PointCloud(points, torch.zeros(3, 3))
    with pytest.raises(GeometryError, match=r"colors: expected values in 0\.\.1, got 0\.\.255"):
        PointCloud(points, colors=torch.tensor([[0.0, 255.0, 3.0]]).expand(4, 3))
    with pytest.raises(GeometryError, match=r"attributes\['a'\]: expected 4 rows"):
        PointCloud(points, attributes={"a": torch.zeros(2)})
    with pytest.raises(GeometryError, match="offsets"):
        PointCloud(points, offsets=torch.tensor([0, 3]))
    with pytest.raises(GeometryError, match="singular"):
        cloud().transformed(torch.diag(torch.tensor([1.0, 1.0, 0.0, 1.0])))
    with pytest.raises(GeometryError, match="last row"):
        cloud().transformed(torch.ones(4, 4))
