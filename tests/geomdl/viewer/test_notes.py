import pytest
import torch
from torch import Tensor

from geomdl.structures import Camera, Mesh, PointCloud, Pose, SparseVoxels, VoxelGrid
from geomdl.viewer import notes
from geomdl.viewer.drawing import Lines, Part, Words
from geomdl.viewer.look import Look
from geomdl.viewer.scene import Item, Scene

LOW, HIGH = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([4.0, 6.0, 3.0])


def box_mesh() -> Mesh:
    corners = torch.cartesian_prod(*torch.stack([LOW, HIGH], 1))
    return Mesh(corners, torch.tensor([[0, 1, 2], [5, 6, 7]]))


def drawn(look: Look, *items: Item) -> dict[str, Part]:
    scene = Scene(items or [Item("box", (box_mesh(),))])
    parts = notes.note_parts(scene, look, LOW, HIGH)
    assert len({part.name for part in parts}) == len(parts)
    return {part.name: part for part in parts}


def words(parts: dict[str, Part]) -> dict[str, Tensor]:
    return {part.text: part.position for part in parts.values() if isinstance(part, Words)}


def test_nothing_is_noted_unasked() -> None:
    assert drawn(Look()) == {}


def test_axes_stand_at_the_origin_in_their_colours() -> None:
    parts = drawn(Look(axes=True))
    lines = parts["notes/axes"]
    assert isinstance(lines, Lines)
    assert lines.segments[:, 0].abs().max() == 0
    assert torch.equal(lines.segments[:, 1], torch.eye(3))  # 1: round, and a quarter of 6.5 or less
    assert lines.colors.argmax(1).tolist() == [0, 1, 2]
    found = words(parts)
    assert list(found) == ["x", "y", "z"]
    for axis, position in enumerate(found.values()):
        assert int(position.argmax()) == axis


@pytest.mark.parametrize("up", ["x", "-x", "y", "-y", "z", "-z"])
def test_the_box_and_its_sizes(up: str) -> None:
    parts = drawn(Look(box=True, up=up))
    lines = parts["notes/box"]
    assert isinstance(lines, Lines)
    lengths = (lines.segments[:, 1] - lines.segments[:, 0]).norm(dim=1)
    assert sorted(lengths.tolist()) == [1.0] * 4 + [4.0] * 4 + [5.0] * 4
    corners = lines.segments.flatten(0, 1)
    assert torch.equal(corners.amin(0), LOW)
    assert torch.equal(corners.amax(0), HIGH)
    found = words(parts)
    assert set(found) == {"x 4", "y 5", "z 1"}
    for text, position in found.items():  # in the middle of an edge along its axis
        ends = lines.segments.mean(1)
        edge = int((ends - position).norm(dim=1).argmin())
        assert torch.allclose(ends[edge], position)
        along = lines.segments[edge, 1] - lines.segments[edge, 0]
        assert int(along.abs().argmax()) == "xyz".index(text[0])


def test_sizes_stand_below_and_at_the_front() -> None:
    found = words(drawn(Look(box=True, up="z")))
    assert found["x 4"].tolist() == [2, 1, 2]  # bottom, front: y is low
    assert found["y 5"].tolist() == [4, 3.5, 2]  # bottom, right
    assert found["z 1"].tolist() == [0, 1, 2.5]  # left, front


def test_names_stand_above_the_items() -> None:
    cells = torch.tensor([[0, 0, 0], [3, 0, 0]], dtype=torch.int32)
    items = [
        Item("mesh", (box_mesh(),)),
        Item("cloud", (PointCloud(torch.tensor([[0.0, 0, 0], [2, 2, 2]])),)),
        Item("grid", (VoxelGrid(torch.ones(2, 2, 2), "occupancy"),)),
        Item("sites", (SparseVoxels(cells, torch.ones(2, 1), 2),)),
        Item("camera", (Camera.from_fov(8, 8, 1.0, Pose.identity()),)),
    ]
    found = words(drawn(Look(names=True), *items))
    assert list(found) == ["mesh", "cloud", "grid", "sites", "camera"]
    assert torch.allclose(found["mesh"], torch.tensor([2.0, 3.5, 3.04]))
    assert torch.allclose(found["cloud"], torch.tensor([1.0, 1.0, 2.08]))
    assert torch.allclose(found["sites"], torch.tensor([4.0, 1.0, 2.08]))
    assert found["camera"].tolist() == [0, 0, 0]
    hidden = words(drawn(Look(names=True, hide=("grid",)), *items))
    assert "grid" not in hidden
    sideways = words(drawn(Look(names=True, up="-x"), *items))
    assert torch.allclose(sideways["mesh"], torch.tensor([-0.16, 3.5, 2.5]))


def labelled() -> Item:
    """Label 2 in a row of 5 from x = 0 to 4, label 5 at (10, 0, 0) and (12, 0, 0), 9 once."""
    x = torch.tensor([0.0, 1, 2, 3, 4, 10, 12, 12.1, 20])
    points = torch.nn.functional.pad(x[:, None], (0, 2))
    labels = torch.tensor([2, 2, 2, 2, 2, 5, 5, 5, 9])
    names = {2: "wall", 5: "chair"}
    return Item("room", (PointCloud(points, attributes={"label": labels}),), label_names=names)


def test_labels_are_named_at_one_of_their_points() -> None:
    found = words(drawn(Look(names=True, color_by="label"), labelled()))
    assert found["wall"].tolist() == [2, 0, 0]
    assert found["chair"].tolist() == [12, 0, 0]  # the closest to the middle at 11.4
    assert found["9"].tolist() == [20, 0, 0]
    assert set(words(drawn(Look(names=True), labelled()))) == {"room"}


def test_what_is_cut_off_has_no_name() -> None:
    look = Look(names=True, color_by="label", clip=("x<11",))
    assert set(words(drawn(look, labelled()))) == {"room", "wall"}


def test_labels_of_faces() -> None:
    mesh = box_mesh()
    tagged = Mesh(mesh.vertices, mesh.faces, face_attributes={"part": torch.tensor([3, 8])})
    found = words(drawn(Look(names=True, color_by="part"), Item("m", (tagged,))))
    assert torch.allclose(found["3"], mesh.vertices[[0, 1, 2]].mean(0))
    assert torch.allclose(found["8"], mesh.vertices[[5, 6, 7]].mean(0))


def test_numbers_have_no_names() -> None:
    cloud = PointCloud(torch.rand(4, 3), attributes={"heat": torch.rand(4)})
    found = words(drawn(Look(names=True, color_by="heat"), Item("c", (cloud,))))
    assert set(found) == {"c"}


def test_of_many_labels_the_largest_are_named() -> None:
    labels = torch.arange(200).repeat_interleave(torch.arange(1, 201))
    points = torch.rand(len(labels), 3, generator=torch.Generator().manual_seed(0))
    found, places = notes.label_places(points, labels)
    assert found.tolist() == list(range(200 - notes.MOST_NAMES, 200))
    for label, place in zip(found.tolist(), places, strict=True):
        own = points[labels == label]
        away = (own - own.mean(0)).norm(dim=1)
        assert torch.equal(own[away.argmin()], place)


def test_distances_are_measured() -> None:
    look = Look(measure=((0, 0, 0, 3, 4, 0), (1.0, 1.0, 1.0, 1.0, 1.0, 1.12345)))
    parts = drawn(look)
    found = words(parts)
    assert set(found) == {"5", "0.1235"}
    assert found["5"].tolist() == [1.5, 2, 0]
    line = parts["notes/measure 0"]
    assert isinstance(line, Lines)
    assert line.segments[0].tolist() == [[0, 0, 0], [3, 4, 0]]
    assert len(line.segments) == len(line.colors) == 7  # the line, and a cross at both ends
    middles = line.segments[1:].mean(1).reshape(2, 3, 3)
    assert torch.allclose(middles, torch.tensor([[0.0, 0, 0], [3, 4, 0]])[:, None].expand(2, 3, 3))


@pytest.mark.parametrize(
    ("length", "text"),
    [(5.0, "5"), (0.00123456, "0.001235"), (12345.6, "12350"), (2 / 3, "0.6667"), (0.0, "0")],
)
def test_sizes_have_four_digits(length: float, text: str) -> None:
    assert notes.size_text(length) == text


@pytest.mark.parametrize(
    ("length", "expected"),
    [(1.0, 1.0), (1.99, 1.0), (0.05, 0.05), (4.9e-7, 2e-7), (0.0, 1.0), (float("inf"), 1.0)],
)
def test_round_lengths(length: float, expected: float) -> None:
    assert notes.round_length(length) == expected


def test_equal_looks_have_equal_keys() -> None:
    look = Look(axes=True, box=True, names=True, color_by="label", measure=((0, 0, 0, 1, 1, 1),))
    first, again = ([p.key for p in drawn(look, labelled()).values()] for _ in range(2))
    assert first == again
    moved = drawn(look.replace(measure=((0, 0, 0, 2, 1, 1),)), labelled())
    assert moved["notes/measure 0"].key not in first
