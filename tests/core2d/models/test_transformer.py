"""The Transformer against torch's layers, the table of the paper, and a task that it must learn."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from core2d.decoding import Marks
from core2d.errors import InputError
from core2d.losses import cross_entropy
from core2d.models.transformer import Transformer, noam, transformer_base, transformer_big
from tests.oracles.golden import count, fill, without_gradient


def small() -> Transformer:
    torch.manual_seed(0)
    return Transformer(11, width=16, hidden=24, heads=4, layers=2, dropout=0.1).eval()


def tokens(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(3, 11, shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("changes", "millions"),
    [
        ({}, 65),
        ({"layers": 2}, 36),
        ({"layers": 4}, 50),
        ({"layers": 8}, 80),
        ({"width": 256}, 28),
        ({"width": 1024}, 168),
        ({"hidden": 1024}, 53),
        ({"hidden": 4096}, 90),
    ],
)
def test_sizes_of_table_3(changes: dict[str, int], millions: int) -> None:
    """One vocabulary explains every row: 41,000, though the text says 'about 37000'."""
    with torch.device("meta"):
        net = Transformer(41_000, **changes)
    assert round(count(net) / 1e6) == millions


def test_base_and_big_at_the_vocabulary_of_the_text() -> None:
    def by_hand(width: int, hidden: int, vocabulary: int) -> int:
        attention = 4 * width * width + 4 * width
        feed = 2 * width * hidden + hidden + width
        return 6 * (3 * attention + 2 * feed + 5 * 2 * width) + vocabulary * width

    with torch.device("meta"):
        base, big = transformer_base(37_000), transformer_big(37_000)
    assert count(base) == by_hand(512, 2048, 37_000) == 63_082_496
    assert count(big) == by_hand(1024, 4096, 37_000) == 214_245_376  # paper: 213 M


def as_torch(net: Transformer) -> tuple[nn.TransformerEncoder, nn.TransformerDecoder]:
    sizes = {"d_model": 16, "nhead": 4, "dim_feedforward": 24, "batch_first": True}
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(**sizes), 2, enable_nested_tensor=False
    )
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**sizes), 2)
    encoder.layers.load_state_dict(net.encoder.state_dict())
    decoder.layers.load_state_dict(net.decoder.state_dict())
    return encoder.eval(), decoder.eval()


def test_equals_the_layers_of_torch() -> None:
    net = fill(small())
    encoder, decoder = as_torch(net)
    source, target = tokens(3, 7), tokens(3, 5, seed=1)
    source[1, 4:] = 0
    source[2, 1:] = 0
    table = net.embedding.weight

    def embedded(words: torch.Tensor) -> torch.Tensor:
        codes = torch.zeros(words.shape[1], 16)
        for place in range(len(codes)):
            for i in range(8):
                angle = torch.tensor(place / 10000 ** (2 * i / 16))
                codes[place, 2 * i], codes[place, 2 * i + 1] = angle.sin(), angle.cos()
        return 4 * table[words] + codes

    memory = encoder(embedded(source), src_key_padding_mask=source == 0)
    ahead = torch.ones(5, 5, dtype=torch.bool).triu(1)
    y = decoder(embedded(target), memory, tgt_mask=ahead, memory_key_padding_mask=source == 0)
    torch.testing.assert_close(net(source, target), y @ table.T)


def test_the_future_cannot_change_the_past() -> None:
    net, source, target = small(), tokens(2, 6), tokens(2, 8, seed=1)
    for place in range(8):
        other = target.clone()
        other[:, place] = (other[:, place] + 1) % 11
        moved = (net(source, target) - net(source, other)).abs().amax((0, 2)) > 1e-6
        assert moved.tolist() == [at >= place for at in range(8)]


def test_the_encoder_sees_past_and_future_and_the_decoder_sees_all_of_it() -> None:
    net, source, target = small(), tokens(2, 6), tokens(2, 4, seed=1)
    for place in range(6):
        other = source.clone()
        other[:, place] = (other[:, place] + 1) % 8 + 3
        assert bool(((net.encode(source)[0] - net.encode(other)[0]).abs().amax(2) > 1e-6).all())
        assert bool(((net(source, target) - net(other, target)).abs().amax(2) > 1e-6).all())


def test_padding_changes_nothing() -> None:
    net, source, target = small(), tokens(2, 6), tokens(2, 4, seed=1)
    padded = F.pad(source, (0, 3))
    torch.testing.assert_close(net(padded, target), net(source, target))
    with torch.no_grad():
        net.embedding.weight[0] += 5  # the code of padding itself
        torch.testing.assert_close(net.encode(padded)[0][:, :6], net.encode(source)[0])


def test_step_by_step_equals_all_at_once() -> None:
    net, source, target = small(), F.pad(tokens(3, 6), (0, 2)), tokens(3, 9, seed=1)
    expected = net(source, target).log_softmax(-1)
    state = net.begin(source)
    for place in range(9):
        scores, state = net.step(target[:, place], state)
        torch.testing.assert_close(scores, expected[:, place])


def test_every_weight_learns_and_dropout_only_while_training() -> None:
    net, source, target = small(), tokens(2, 6), tokens(2, 4)
    torch.testing.assert_close(net(source, target), net(source, target), rtol=0, atol=0)
    assert without_gradient(net, source, target) == []
    assert (net(source, target) - net(source, target)).abs().max() > 1e-3


def test_noam() -> None:
    rates = [noam(step, 512) for step in range(1, 20_001)]
    assert max(rates) == rates[3999] == pytest.approx((512 * 4000) ** -0.5)
    assert rates[999] == pytest.approx(rates[3999] / 4)
    assert rates[15_999] == pytest.approx(rates[3999] / 2)


def batch(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Words of 1 to 6 letters, and each word backwards between the marks."""
    lengths = torch.randint(1, 7, (32, 1), generator=generator)
    places = torch.arange(6)
    words = torch.randint(3, 11, (32, 6), generator=generator) * (places < lengths)
    turned = words.gather(1, (lengths - 1 - places).clamp(min=0)) * (places < lengths)
    ended = F.pad(turned, (1, 1)).scatter(1, lengths + 1, Marks().end)
    ended[:, 0] = Marks().start
    return words, ended


def test_learns_to_write_backwards() -> None:
    torch.manual_seed(0)
    net = Transformer(11, width=32, hidden=64, heads=4, layers=1, dropout=0.0)
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(net.parameters(), betas=(0.9, 0.98), eps=1e-9)
    for step in range(1, 601):
        falling = min(1.0, (601 - step) / 200)  # or the last steps shake what was learned
        optimiser.param_groups[0]["lr"] = falling * noam(step, 32, warmup=100)
        source, target = batch(generator)
        logits = net(source, target[:, :-1])
        loss = cross_entropy(logits.transpose(1, 2), target[:, 1:], smoothing=0.1, ignore=0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.eval()
    source, target = batch(generator)  # random words: 8^6 of six letters
    for beams in (1, 4):
        written = net.generate(source, longest=7, beams=beams)
        wanted = target[:, 1 : 1 + written.shape[1]]
        assert (written == wanted).all(1).float().mean() > 0.9


def test_refusals() -> None:
    net = small()
    with pytest.raises(InputError, match="source"):
        net(torch.zeros(2, 3), tokens(2, 3))
    with pytest.raises(InputError, match="target"):
        net(tokens(2, 3), tokens(3))
    with pytest.raises(InputError, match="heads"):
        Transformer(11, width=10, heads=4)
    with pytest.raises(InputError, match="longest"):
        net.generate(tokens(2, 3), longest=0)


def test_tokens_that_are_no_words_and_unequal_batches_are_named():
    net = Transformer(20, width=16, hidden=8, heads=2, layers=1)
    words = torch.ones(2, 3, dtype=torch.int64)
    with pytest.raises(InputError, match="source: expected tokens 0 to 19, got 1 to 20"):
        net(torch.tensor([[1, 20], [1, 1]]), words)
    with pytest.raises(InputError, match="target: expected tokens 0 to 19, got -1 to 1"):
        net(words, torch.tensor([[1, -1], [1, 1]]))
    with pytest.raises(InputError, match=r"target: expected shape \(2 L\)"):
        net(words, words[:1])
    with pytest.raises(InputError, match="layers: expected at least 1"):
        Transformer(20, width=16, hidden=8, heads=2, layers=0)
