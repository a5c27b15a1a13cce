import torch

from core2d.doctor import inputs
from core2d.doctor.examples import Tensors
from core2d.train.recipe import Data
from tests.core2d.doctor.squares import DATA, case, network, plain, squares
from tests.core2d.train import clouds


def with_train(image=None, label=None, classes=DATA.classes) -> Data:
    train = Tensors(
        DATA.train.image if image is None else image, DATA.train.label if label is None else label
    )
    return Data(train, DATA.validation, DATA.test, classes)


def test_inputs():
    x = DATA.train.image
    assert inputs.scale(case()).status == "fine"
    assert inputs.scale(case(data=with_train(x * 255))).status == "warning"
    assert inputs.scale(case(data=with_train(x + 100))).status == "warning"
    assert inputs.scale(case(data=with_train(x[:1].expand_as(x)))).status == "alarm"
    holes = x.clone()
    holes[:, 0, 3, 3] = float("nan")
    assert inputs.scale(case(data=with_train(holes))).status == "alarm"


def test_labels():
    y = DATA.train.label
    assert inputs.labels(case()).status == "fine"
    assert inputs.labels(case(data=with_train(label=y + 1))).status == "alarm"
    assert inputs.labels(case(data=with_train(label=y + 1, classes=()))).status == "alarm"
    rare = torch.where(torch.arange(len(y)) % 100 == 0, y, 0)
    assert inputs.labels(case(data=with_train(label=rare))).status == "warning"
    numbers = inputs.labels(case()).numbers
    assert [int(numbers[str(c)]) for c in range(4)] == torch.bincount(y).tolist()


def test_void_pixels_are_no_class():
    label = torch.randint(4, (256, 12, 12))
    label[:, 0] = 255
    assert inputs.labels(case(data=with_train(label=label))).status == "fine"


def test_order():
    y = DATA.train.label
    assert inputs.order(case()).status == "fine"
    by_class = y.argsort()
    sorted_set = case(data=with_train(DATA.train.image[by_class], y[by_class]))
    assert inputs.order(sorted_set).status == "note"  # a training that shuffles is healthy
    unshuffled = [torch.arange(s, s + 32) for s in range(0, 256, 32)]
    assert inputs.order(sorted_set, unshuffled).status == "alarm"
    shuffled = list(torch.randperm(256).split(32))
    assert inputs.order(sorted_set, shuffled).status == "fine"


def test_a_last_batch_of_one_breaks_batch_norm():
    data = Data(squares(129, 0), DATA.validation, DATA.test)
    assert inputs.last_batch(case(data=data, batch=64), network()).status == "alarm"
    assert inputs.last_batch(case(data=data, batch=64), plain()).status == "fine"
    assert inputs.last_batch(case(data=data, batch=43), network()).status == "fine"


def test_a_last_batch_that_is_unlike_the_others():
    image = squares(300, 0).image.clone()
    image[-44:] *= 1000
    odd = case(data=with_train(image, squares(300, 0).label), batch=64)
    assert inputs.last_batch(odd, plain()).status == "alarm"
    assert (
        inputs.last_batch(case(data=Data(squares(300, 0), *[DATA.test] * 2)), plain()).status
        == "fine"
    )


def test_packed_examples_and_labels_of_points():
    def ill(inside: bool, **changed):
        data = clouds.data(clouds.Config(inside=inside))
        for name, value in changed.items():
            setattr(data.train, name, value)
        return case(clouds.Net(inside), loss=packed_loss, data=data, batch=16)

    for inside in (False, True):
        assert inputs.scale(ill(inside)).status == "fine"
        assert inputs.labels(ill(inside)).status == "fine"
    assert inputs.order(ill(True)).status == "skipped"
    assert inputs.order(ill(False)).status == "fine"
    same = torch.arange(0, 61, 2).clamp(max=60)
    points = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(30, 1)
    twins = ill(False, points=points, offsets=same, label=torch.arange(30) % 2)
    assert inputs.scale(twins).status == "alarm", "two points each, but every cloud the same"
    apart = ill(False, points=points + torch.arange(60.0)[:, None] / 60, offsets=same)
    assert inputs.scale(apart).status == "fine"


def packed_loss(model, batch):
    return clouds.loss(model, batch, 0, torch.Generator())
