import torch

from core2d.doctor.examples import Tensors
from core2d.doctor.leakage import leakage, natural, prints, thumbnail, unit
from core2d.train.recipe import Data
from tests.core2d.doctor.squares import DATA, case, squares
from tests.core2d.train import clouds


def mixed(into: Tensors, source: Tensors, count: int, change=lambda x: x) -> Tensors:
    """`into` with `count` of its pictures replaced by (changed) ones of `source`."""
    image = into.image.clone()
    image[:count] = change(source.image[10 : 10 + count])
    return Tensors(image, into.label)


def test_clean_sets_are_silent():
    assert leakage(case()).status == "fine"


def test_one_exact_copy_is_found():
    for data in (
        Data(DATA.train, mixed(DATA.validation, DATA.train, 1), DATA.test),
        Data(DATA.train, DATA.validation, mixed(DATA.test, DATA.train, 1)),
        Data(DATA.train, DATA.validation, mixed(DATA.test, DATA.validation, 1)),
    ):
        found = leakage(case(data=data))
        assert found.status == "alarm"
        assert sum(found.numbers.values()) == 1


def test_near_copies_are_found():
    for change in (
        lambda x: 0.8 * x + 0.1,  # contrast and brightness
        lambda x: x + 0.02 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0)),
    ):
        data = Data(DATA.train, DATA.validation, mixed(DATA.test, DATA.train, 8, change))
        found = leakage(case(data=data))
        assert found.status == "alarm"
        assert found.numbers["test near train"] == 8


def test_one_look_alike_among_many_is_a_note():
    test = mixed(DATA.test, DATA.train, 1, lambda x: 0.9 * x)
    assert leakage(case(data=Data(DATA.train, DATA.validation, test))).status == "note"


def test_a_small_set_may_hold_two_look_alikes():
    """Of 129 trousers and boots two were; the second trials found this falsely accused."""
    test = mixed(DATA.test, DATA.train, 2, lambda x: 0.9 * x)
    assert leakage(case(data=Data(DATA.train, DATA.validation, test))).status == "note"
    assert natural(case(), 100) == 1 + 4
    assert natural(case(), 10_000) == 100 + 4 * 10


def test_short_vectors_are_compared_exactly_alone():
    """Directions of four numbers align by chance; the first trials found this falsely accused."""
    parts = torch.randn(3, 200, 4, generator=torch.Generator().manual_seed(0))
    train, validation, test = (Tensors(x, torch.zeros(200)) for x in parts)
    assert leakage(case(data=Data(train, validation, test))).status == "fine"
    copied = Tensors(torch.cat((train.image[:1], test.image[1:])), test.label)
    assert leakage(case(data=Data(train, validation, copied))).status == "alarm"


def test_the_same_set_twice():
    assert leakage(case(data=Data(DATA.train, DATA.train, DATA.test))).status == "alarm"
    assert leakage(case(data=Data(DATA.train, DATA.test, DATA.test))).status == "warning"


def test_prints():
    large = Tensors(torch.randn(3, 2, 32, 24, 16), torch.zeros(3))
    assert prints(large).thumbs.shape == (3, 2 * 8 * 8 * 8)
    x = torch.arange(64.0).reshape(1, 1, 64)
    torch.testing.assert_close(thumbnail(x)[0], x.reshape(8, 8).mean(1))
    torch.testing.assert_close(unit(torch.tensor([[1.0, 3.0]])).norm(), torch.tensor(1.0))
    assert not unit(torch.ones(1, 5)).any()
    assert len(set(prints(squares(50, 0)).hashes)) == 50


def test_packed_examples_are_compared_whole():
    data = clouds.data(clouds.Config())
    assert leakage(case(data=data)).status == "fine"
    twin = clouds.Clouds(30, 2)
    begin, end = data.train.offsets[4:6].tolist()
    rows = data.train.points[begin:end]
    twin.points = torch.cat((rows, twin.points[twin.offsets[1] :]))
    twin.offsets = torch.cat((torch.tensor([0]), twin.offsets[1:] - twin.offsets[1] + len(rows)))
    found = leakage(case(data=Data(data.train, data.validation, twin)))
    assert found.status == "alarm"
    assert found.numbers["test in train"] == 1
