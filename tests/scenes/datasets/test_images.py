"""Batches: which rows, which numbers, which types; subsets; what is refused."""

import pytest
import torch
from torch import Generator

from core2d.errors import InputError
from core2d.train.recipe import Examples
from scenes.datasets.images import Channels, Images

CHANNELS = Channels((0.5, 0.25), (0.1, 0.2))


def images(count: int = 6, **changes: object) -> Images:
    image = torch.randint(256, (count, 2, 3, 4), generator=Generator().manual_seed(0))
    fields = {
        "image": image.to(torch.uint8),
        "label": torch.arange(count, dtype=torch.uint8) + 250,
        "rows": torch.tensor([5, 0, 3]),
        "channels": CHANNELS,
    }
    return Images(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_batch_is_gathered_through_rows_and_normalised() -> None:
    examples = images()
    assert isinstance(examples, Examples)
    assert len(examples) == 3
    batch = examples.batch(torch.tensor([2, 0, 2]))
    assert batch["label"].tolist() == [253, 255, 253]
    assert batch["label"].dtype == torch.int64
    for row, source in enumerate([3, 5, 3]):
        for channel, (mean, std) in enumerate(((0.5, 0.1), (0.25, 0.2))):
            wanted = (examples.image[source, channel].double() / 255 - mean) / std
            assert torch.allclose(batch["image"][row, channel].double(), wanted, atol=1e-5)


def test_augmentation_sees_0_to_1_and_asks_for_a_generator() -> None:
    seen = []

    def augment(batch, generator):
        seen.append((float(batch["image"].max()), int(torch.randint(99, (), generator=generator))))
        return {**batch, "image": torch.full_like(batch["image"], 0.5), "extra": batch["label"]}

    examples = images(augment=augment)
    plain = examples.batch(torch.arange(3))
    assert not seen
    assert "extra" not in plain
    batch = examples.batch(torch.arange(3), Generator().manual_seed(1))
    assert 0.9 < seen[0][0] <= 1
    assert seen[0][1] == int(torch.randint(99, (), generator=Generator().manual_seed(1)))
    assert torch.equal(batch["extra"], batch["label"])
    assert torch.allclose(batch["image"][:, 0], torch.zeros(3, 3, 4))


def test_take_is_a_set_of_some_of_the_rows() -> None:
    some = images().take(torch.tensor([2, 1]))
    assert some.rows.tolist() == [3, 0]
    assert some.labels().tolist() == [253, 250]
    assert torch.equal(
        some.batch(torch.tensor([0]))["image"], images().batch(torch.tensor([2]))["image"]
    )


def test_labels_of_pixels_come_whole() -> None:
    label = torch.randint(3, (6, 3, 4), generator=Generator().manual_seed(2))
    batch = images(label=label).batch(torch.tensor([1]))
    assert torch.equal(batch["label"], label[:1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": torch.zeros(6, 2, 3, 4)}, "image: expected dtype uint8"),
        ({"label": torch.zeros(5)}, "label: expected one of"),
        ({"label": torch.zeros(6, 4, 3)}, "label: expected one of"),
        ({"rows": torch.zeros(3)}, "rows: expected a int tensor"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        images(**changes)


def test_channels_must_be_those_of_the_picture() -> None:
    with pytest.raises(InputError, match="image: expected shape"):
        CHANNELS.normalised(torch.zeros(1, 3, 2, 2))
