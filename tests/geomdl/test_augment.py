"""Augmentation of packed clouds: what may change, what may not, and from which numbers."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from core2d.errors import InputError
from core2d.train.packed import split
from geomdl import augment as a

SIZES = (40, 0, 25, 1, 60)
OFFSETS = torch.tensor([0, *np.cumsum(SIZES)])


def generator(seed: int = 0) -> Generator:
    return torch.Generator().manual_seed(seed)


def clouds(inside: bool = True, seed: int = 5) -> dict[str, Tensor]:
    """Points, unit directions from column 1 on, and labels that are row numbers or clouds."""
    points = torch.randn(sum(SIZES), 3, generator=generator(seed))
    normal = torch.nn.functional.normalize(points + 1, dim=1)
    label = torch.arange(sum(SIZES)) if inside else torch.arange(len(SIZES))
    features = torch.cat((torch.rand(sum(SIZES), 1, generator=generator(9)), normal), 1)
    return {"points": points, "offsets": OFFSETS, "features": features, "label": label}


CHANGES = {
    "turn": a.turn,
    "tumble": a.tumble,
    "scale": a.scale,
    "stretch": partial(a.scale, stretch=True),
    "mirror": a.mirror,
    "shift": a.shift,
    "jitter": a.jitter,
    "drop": a.drop,
    "crop": partial(a.crop, size=1.5),
    "hole": a.hole,
    "elastic": a.elastic,
    "recolour": partial(a.recolour, column=1),
    "mix": a.mix,
}


@pytest.mark.parametrize("name", CHANGES)
def test_seeds_decide_and_nothing_is_changed_in_place(name: str) -> None:
    batch = clouds()
    kept = {key: value.clone() for key, value in batch.items()}
    one, again, other = (CHANGES[name](batch, generator(s)) for s in (3, 3, 4))
    for key, value in batch.items():
        assert torch.equal(value, kept[key]), key
        assert torch.equal(one[key], again[key]), key
    assert any(
        one[k].shape != other[k].shape or not torch.equal(one[k], other[k])
        for k in ("points", "features")
    )
    assert len(one["points"]) == len(one["features"]) == len(one["label"]) == one["offsets"][-1]


@pytest.mark.parametrize("name", ["drop", "crop", "hole"])
def test_points_that_stay_keep_all_that_is_theirs(name: str) -> None:
    batch = clouds()
    found = CHANGES[name](batch, generator())
    rows = found["label"]
    assert 0 < len(rows) < len(batch["points"])
    assert (rows.diff() > 0).all()
    for key in ("points", "features"):
        assert torch.equal(found[key], batch[key][rows])
    assert torch.equal(found["offsets"], torch.searchsorted(rows, OFFSETS))
    sizes = found["offsets"].diff()
    assert (sizes > 0).tolist() == [n > 0 for n in SIZES], "no cloud disappears"
    apart = CHANGES[name](clouds(inside=False), generator())
    assert apart["label"].tolist() == [0, 1, 2, 3, 4]


def distances(batch: dict[str, Tensor]) -> list[Tensor]:
    return [torch.cdist(p.double(), p.double()) for p in split(batch, "points")]


@pytest.mark.parametrize("name", ["turn", "about x", "tumble", "mirror", "shift"])
def test_rigid_changes_keep_distances_and_each_cloud_has_its_own(name: str) -> None:
    change = {**CHANGES, "about x": partial(a.turn, axis=0)}[name]
    batch = clouds()
    found = change(batch, generator())
    for before, after in zip(distances(batch), distances(found), strict=True):
        torch.testing.assert_close(before, after, atol=1e-5, rtol=1e-5)
    same = {**batch, "points": batch["points"][:1].expand(126, 3).clone()}
    places = [p[0] for p in split(change(same, generator(1)), "points") if len(p)]
    assert len({tuple(np.round(p.tolist(), 4)) for p in places}) > 1


def test_turning_about_z_keeps_heights_and_goes_through_all_angles() -> None:
    batch = clouds()
    found = a.turn(batch, generator())
    torch.testing.assert_close(found["points"][:, 2], batch["points"][:, 2])
    many = {
        "points": torch.tensor([[1.0, 0.0, 0.0]]).repeat(4000, 1),
        "offsets": torch.arange(4001),
    }
    x, y, _ = a.turn(many, generator())["points"].unbind(1)
    angle = torch.atan2(y, x)
    counts = torch.histc(angle, 8, -math.pi, math.pi)
    assert float((counts / 4000 - 1 / 8).abs().max()) < 0.02
    some = a.turn(many, generator(), angle=0.3)["points"]
    assert float(torch.atan2(some[:, 1], some[:, 0]).abs().max()) <= 0.3 + 1e-6


def test_tumbling_is_uniform_and_turns_no_cloud_inside_out() -> None:
    count = 4000
    corner = torch.eye(3).repeat(count, 1)
    many = {"points": corner, "offsets": torch.arange(count + 1) * 3}
    frames = a.tumble(many, generator())["points"].view(count, 3, 3)
    torch.testing.assert_close(torch.linalg.det(frames), torch.ones(count), atol=1e-4, rtol=0)
    z = frames[:, 2]
    # On a sphere every coordinate is uniform in -1..1 (Archimedes).
    for axis in range(3):
        counts = torch.histc(z[:, axis], 10, -1, 1)
        assert float((counts / count - 0.1).abs().max()) < 0.02
    trace = frames.diagonal(dim1=1, dim2=2).sum(1)
    assert abs(float(trace.mean())) < 0.06, "the character of a uniform rotation has mean 0"


@pytest.mark.parametrize("name", ["turn", "tumble", "scale", "stretch", "mirror"])
def test_directions_stay_normal_to_their_surface(name: str) -> None:
    """Of a plane through three points: its normal, changed, is the normal of the changed points."""
    corners = torch.randn(6, 3, 3, generator=generator(2))
    normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal = torch.nn.functional.normalize(normal, dim=1)
    features = torch.cat((torch.ones(18, 1), normal.repeat_interleave(3, 0)), 1)
    batch = {"points": corners.view(18, 3), "offsets": torch.arange(7) * 3, "features": features}
    found = CHANGES[name](batch, generator(), vectors=1)
    moved = found["points"].view(6, 3, 3)
    edges = moved[:, 1:] - moved[:, :1]
    turned = found["features"][:, 1:].view(6, 3, 3)[:, 0]
    assert float((edges @ turned[:, :, None]).abs().max()) < 1e-5
    torch.testing.assert_close(turned.norm(dim=1), torch.ones(6))
    assert torch.equal(found["features"][:, 0], torch.ones(18))
    if name == "mirror":
        torch.testing.assert_close(turned.abs(), normal.abs())


def test_scales_lie_between_their_bounds() -> None:
    many = {"points": torch.ones(3000, 3), "offsets": torch.arange(3001)}
    even = a.scale(many, generator(), low=0.5, high=2.0)["points"]
    assert torch.equal(even[:, 0], even[:, 2])
    assert 0.5 <= float(even.min()) < 0.51
    assert 1.99 < float(even.max()) <= 2.0
    apart = a.scale(many, generator(), stretch=True)["points"]
    assert float((apart[:, 0] - apart[:, 1]).abs().mean()) > 0.1
    with pytest.raises(InputError, match="high"):
        a.scale(many, generator(), low=2, high=1)


def test_mirrors_by_chance() -> None:
    many = {"points": torch.ones(4000, 3), "offsets": torch.arange(4001)}
    sign = a.mirror(many, generator(), axes=(0, 2), chance=0.25)["points"]
    assert (sign[:, 1] == 1).all()
    for axis in (0, 2):
        assert abs(float((sign[:, axis] == -1).float().mean()) - 0.25) < 0.03


def test_jitter_is_normal_and_cut_off() -> None:
    many = {"points": torch.zeros(20_000, 3), "offsets": torch.tensor([0, 20_000])}
    noise = a.jitter(many, generator(), sigma=0.02, limit=0.03)["points"]
    assert float(noise.abs().max()) == pytest.approx(0.03)
    inner = noise.abs() < 0.03
    assert float(inner.float().mean()) == pytest.approx(0.8664, abs=0.01), "within 1.5 sigma"


def test_dropout_draws_its_share_for_each_cloud() -> None:
    many = {"points": torch.rand(200_000, 3), "offsets": torch.arange(0, 200_001, 500)}
    left = a.drop(many, generator(), most=0.8)["offsets"].diff() / 500
    assert float(left.mean()) == pytest.approx(0.6, abs=0.03)
    assert float(left.min()) > 0.1
    assert float(left.std()) == pytest.approx(0.8 / math.sqrt(12), abs=0.03)
    with pytest.raises(InputError, match="most"):
        a.drop(many, generator(), most=1.0)


def test_crops_are_windows_around_a_point() -> None:
    batch = clouds()
    found = a.crop(batch, generator(), size=1.5)
    for points in split(found, "points"):
        if len(points):
            assert float((points.amax(0) - points.amin(0))[:2].max()) <= 1.5
    few = a.crop(batch, generator(), most=7)
    assert few["offsets"].diff().tolist() == [min(n, 7) for n in SIZES]
    # The points kept are nearer, in x and y, to one of them than all that were left out.
    rows = few["label"][few["offsets"][4] :]
    own, left = batch["points"][rows, :2], batch["points"][65 + 1 :, :2]
    gone = left[~torch.isin(torch.arange(66, 126), rows)]
    assert any(torch.cdist(p[None], own).max() <= torch.cdist(p[None], gone).min() for p in own)


def test_holes_are_round_and_as_large_as_asked() -> None:
    many = {"points": torch.rand(40 * 200, 3), "offsets": torch.arange(41) * 200}
    many["label"] = torch.arange(40 * 200)
    found = a.hole(many, generator(), most=0.5)
    share = 1 - found["offsets"].diff() / 200
    assert 0 <= float(share.min()) < 0.1
    assert 0.4 < float(share.max()) <= 0.5
    rows = found["label"][: found["offsets"][1]]
    gone = torch.tensor([i for i in range(200) if i not in set(rows.tolist())])
    points = many["points"]
    assert any(
        torch.cdist(points[c][None], points[gone]).max()
        <= torch.cdist(points[c][None], points[rows]).min()
        for c in gone
    )


def test_elastic_fields_are_smooth_and_of_the_size_asked_for() -> None:
    grid = torch.rand(20_000, 3, generator=generator(1)) * 4
    batch = {"points": grid, "offsets": torch.tensor([0, 20_000])}
    moved = [a.elastic(batch, generator(s), cell=0.5, bend=0.1)["points"] - grid for s in range(4)]
    near = ((grid / 0.5 - (grid / 0.5).round()).abs().amax(1) < 0.15) & ((grid > 0.1).all(1))
    assert near.sum() > 300
    deviation = float(torch.cat([m[near] for m in moved]).std())
    assert deviation == pytest.approx(0.1, rel=0.2)
    shifted = {**batch, "points": grid + torch.tensor([1e-3, 0, 0])}
    again = a.elastic(shifted, generator(0), cell=0.5, bend=0.1)["points"] - shifted["points"]
    torch.testing.assert_close(again, moved[0], atol=2e-3, rtol=0)
    still = a.elastic(batch, generator(), bend=0.0)
    assert torch.equal(still["points"], grid)
    with pytest.raises(InputError, match=r"cell: 0.01 m is too small for a cloud of \[40\d, "):
        a.elastic(batch, generator(), cell=0.01)


def test_colours_change_within_their_range_alone() -> None:
    batch = clouds()
    batch["features"] = torch.rand(126, 5, generator=generator(1))
    found = a.recolour(batch, generator(), column=1, light=0.1, noise=0.0, grey=0.0)["features"]
    assert torch.equal(found[:, [0, 4]], batch["features"][:, [0, 4]])
    change = (found - batch["features"])[:, 1:4]
    assert 0.01 < float(change.abs().max()) <= 0.1 + 1e-6
    inside = ((found > 0) & (found < 1))[:, 1:4].all(1)[:40]
    assert float(change[:40][inside].std(0).max()) < 1e-6, "one shift for the cloud"
    grey = a.recolour(batch, generator(), column=1, light=0.0, noise=0.0, grey=1.0)["features"]
    wanted = batch["features"][:, 1:4].mean(1, keepdim=True).expand(-1, 3)
    torch.testing.assert_close(grey[:, 1:4], wanted)


def test_mixed_rooms_hold_all_points_of_two() -> None:
    batch = clouds()
    found = a.mix(batch, generator())
    assert len(found["offsets"]) == 1 + 3
    assert found["label"].sort().values.tolist() == list(range(126))
    assert torch.equal(found["features"], batch["features"][found["label"]])
    items = torch.bucketize(found["label"], OFFSETS[1:], right=True)
    of_cloud = [
        set(items[b:e].tolist())
        for b, e in zip(*(found["offsets"].tolist()[i:] for i in (0, 1)), strict=False)
    ]
    assert sorted(i for group in of_cloud for i in group) == [0, 2, 3, 4], "cloud 1 is empty"
    move = found["points"] - batch["points"][found["label"]]
    for cloud in (0, 2, 3, 4):
        of = move[items == cloud]
        assert float((of - of[0]).abs().max()) < 1e-5
        assert float(of[:, 2].abs().max()) == 0, "floors stay where they are"
    alone = a.mix(batch, generator(), chance=0.0)
    assert torch.equal(alone["points"], batch["points"])
    with pytest.raises(InputError, match="label: expected a row per point"):
        a.mix(clouds(inside=False), generator())


def test_swapped_parts_come_from_the_partner_and_labels_say_how_much() -> None:
    batch = clouds(inside=False)
    batch["row"] = torch.arange(126)
    found = a.swap(batch, generator(3), most=0.6)
    assert found["offsets"].tolist() == OFFSETS.tolist()
    assert torch.equal(found["points"], batch["points"][found["row"]])
    assert torch.equal(found["features"], batch["features"][found["row"]])
    source = torch.bucketize(found["row"], OFFSETS[1:], right=True)
    mixed = 0
    for cloud in range(5):
        begin, end = OFFSETS[cloud : cloud + 2].tolist()
        own = source[begin:end] == cloud
        partner = int(found["other"][cloud])
        if partner != cloud and end > begin:
            assert float(found["share"][cloud]) == pytest.approx(float(own.float().mean()))
            assert set(source[begin:end][~own].tolist()) <= {partner}
            mixed += int((~own).any())
    assert mixed >= 2
    assert torch.equal(found["label"], batch["label"])
    with pytest.raises(InputError, match="label: expected one per cloud"):
        a.swap(clouds(), generator())


def test_the_unit_sphere() -> None:
    batch = clouds()
    batch["points"] = batch["points"] * 7 + 3
    for before, after in zip(
        split(batch, "points"), split(a.to_unit_sphere(batch), "points"), strict=True
    ):
        if len(before) > 1:
            wanted = before.double().numpy()
            wanted = wanted - wanted.mean(0)
            wanted = wanted / np.linalg.norm(wanted, axis=1).max()
            assert np.abs(after.numpy() - wanted).max() < 1e-5
        assert not after.isnan().any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (partial(a.turn, axis=3), "axis: expected 0, 1 or 2, got 3"),
        (partial(a.turn, angle=math.nan), "angle: expected a finite number"),
        (partial(a.turn, vectors=9), "vectors: expected three columns of features from 9 on"),
        (partial(a.scale, low=2, high=1), "high: expected at least 2"),
        (partial(a.mirror, axes=(3,)), "axes: expected some of 0, 1 and 2"),
        (partial(a.mirror, chance=2), "chance: expected 0 to 1"),
        (partial(a.shift, most=math.nan), "most: expected a finite number"),
        (partial(a.jitter, sigma=-1), "sigma: expected at least 0"),
        (partial(a.jitter, limit=-1), "limit: expected at least 0"),
        (partial(a.drop, most=1), "most: expected a share"),
        (partial(a.crop, size=0), "size, most: expected metres and a whole number"),
        (partial(a.crop, size=math.nan), "size, most: expected metres"),
        (partial(a.crop, most=2.5), "size, most: expected metres"),
        (partial(a.crop, size=1.0, axes=()), "axes: expected one or more"),
        (partial(a.hole, most=-0.1), "most: expected a share"),
        (partial(a.elastic, cell=0), "cell: expected more than 0"),
        (partial(a.elastic, cell=1e-5), "cell: 1e-05 m is too small"),
        (partial(a.recolour, column=-1), "column: expected three columns of features from -1 on"),
        (partial(a.recolour, noise=math.nan), "noise: expected a finite number"),
        (partial(a.recolour, grey=-1), "grey: expected 0 to 1"),
        (partial(a.mix, chance=3), "chance: expected 0 to 1"),
        (partial(a.swap, most=2), "most: expected 0 to 1"),
        (a.swap, "label: expected one per cloud, got one per point"),
    ],
)
def test_what_does_not_fit_is_named(change: partial, message: str) -> None:
    with pytest.raises(InputError, match=message):
        change(clouds(), generator(0))
    bare = {name: clouds()[name] for name in ("points", "offsets")}
    for one in (a.recolour, partial(a.turn, vectors=0), a.swap):
        with pytest.raises(InputError, match=r"got no features|label: the batch has none"):
            one(bare, generator(0))
