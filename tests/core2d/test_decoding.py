"""Greedy and beam search on writers whose every sequence can be listed."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from core2d.decoding import Marks, State, beam_search, greedy

MARKS = Marks(padding=0, start=1, end=2)
WORDS = 5


def writer(token: Tensor, state: State) -> tuple[Tensor, State]:
    """Log probabilities that depend on everything written so far, and on the source's seed."""
    seed, history = state[0], state[1] * WORDS + token
    angles = (seed + history)[:, None] * torch.tensor([0.7, 1.3, 2.1, 3.7, 5.3])
    scores = (3 * angles.double().sin()).log_softmax(-1)
    return scores, [seed, history]


def begun(*seeds: int) -> State:
    return [torch.tensor(seeds), torch.zeros(len(seeds), dtype=torch.int64)]


def score(words: tuple[int, ...], seed: int, penalty: float) -> float:
    total, state, before = 0.0, begun(seed), MARKS.start
    for word in words:
        scores, state = writer(torch.tensor([before]), state)
        total, before = total + scores[0, word].item(), word
    return total / ((5 + len(words)) / 6) ** penalty


def every_sequence(longest: int) -> list[tuple[int, ...]]:
    """Ended by the end mark, or cut at `longest`."""
    others = [w for w in range(WORDS) if w != MARKS.end]
    ended = [
        (*words, MARKS.end)
        for length in range(longest)
        for words in itertools.product(others, repeat=length)
    ]
    return ended + list(itertools.product(others, repeat=longest))


@pytest.mark.parametrize("penalty", [0.0, 0.6, 2.0])
def test_a_wide_beam_finds_the_best_of_all(penalty: float) -> None:
    found, scores = beam_search(
        writer, begun(3, 8), MARKS, longest=4, beams=5**4, penalty=penalty
    )  # fmt: skip
    for row, seed in enumerate((3, 8)):
        best = sorted(every_sequence(4), key=lambda w: -score(w, seed, penalty))
        for rank in range(20):
            wanted = torch.tensor([*best[rank], 0, 0, 0, 0][:4])
            assert found[row, rank, :4].tolist() == wanted.tolist()
            assert scores[row, rank].item() == pytest.approx(score(best[rank], seed, penalty))
    listed = len(every_sequence(4))
    assert int(scores[0].isfinite().sum()) == listed < 5**4
    assert not found[0, listed:].any()


@pytest.mark.parametrize("beams", [1, 2, 4])
def test_scores_are_those_of_what_was_found(beams: int) -> None:
    """Hypotheses change places; their pasts must go with them."""
    found, scores = beam_search(writer, begun(*range(16)), MARKS, longest=7, beams=beams)
    for seed in range(16):
        assert scores[seed].tolist() == sorted(scores[seed].tolist(), reverse=True)
        for row, total in zip(found[seed].tolist(), scores[seed].tolist(), strict=True):
            length = row.index(MARKS.end) + 1 if MARKS.end in row else len(row)
            assert not any(row[length:])
            assert total == pytest.approx(score(tuple(row[:length]), seed, 0.6), rel=1e-5)


def test_a_batch_is_its_sources() -> None:
    together, _ = beam_search(writer, begun(1, 2, 3), MARKS, longest=6, beams=3)
    for row, seed in enumerate((1, 2, 3)):
        alone, _ = beam_search(writer, begun(seed), MARKS, longest=6, beams=3)
        length = alone.shape[2]
        assert together[row, :, :length].tolist() == alone[0].tolist()


def garden_path(token: Tensor, state: State) -> tuple[Tensor, State]:
    """After the start 0.6 for word 3, 0.4 for 4; 3 leads nowhere sure, 4 surely to the end."""
    table = torch.full((5, 5), 1e-9)
    table[1, 3], table[1, 4] = 0.6, 0.4
    table[3] = 0.2
    table[4, 2] = 1.0
    return table.log()[token], state


def test_greedy_is_led_astray_and_a_beam_is_not() -> None:
    assert greedy(garden_path, begun(0), MARKS, longest=2)[0, 0] == 3
    found, scores = beam_search(garden_path, begun(0), MARKS, longest=2, beams=2, penalty=0)
    assert found[0, 0].tolist() == [4, 2]
    assert scores[0, 0].item() == pytest.approx(math.log(0.4))


def test_greedy_takes_the_likeliest_and_pads_after_the_end() -> None:
    tokens = greedy(writer, begun(*range(12)), MARKS, longest=9)
    assert tokens.shape[0] == 12
    assert any(MARKS.end in row[:-1] for row in tokens.tolist())
    for seed, row in enumerate(tokens.tolist()):
        state, before, done = begun(seed), MARKS.start, False
        for word in row:
            scores, state = writer(torch.tensor([before]), state)
            assert word == (MARKS.padding if done else int(scores.argmax()))
            done, before = done or word == MARKS.end, word


def written(**rows: dict[int, float]) -> Tensor:
    """Log probabilities (5, 5) of a writer without memory, after_<token> = {next: probability}."""
    table = torch.full((5, 5), 1e-9)
    for name, chances in rows.items():
        for word, chance in chances.items():
            table[int(name.removeprefix("after_")), word] = chance
    return table.log()


class Tables:
    """Writes each source by the table that its number names, and counts the steps."""

    def __init__(self, *tables: Tensor) -> None:
        self.tables, self.steps = torch.stack(tables), 0

    def __call__(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        self.steps += 1
        return self.tables[state[0], token], state


# After the start the end is likeliest; 3 leads nowhere sure, 4 surely to the end.
CROWDED = written(
    after_1={2: 0.4, 3: 0.35, 4: 0.25}, after_3=dict.fromkeys(range(5), 0.2), after_4={2: 1}
)
# Each of the two best ends early; what goes on is less likely from the second word on.
SHORT = written(after_1={2: 0.6, 3: 0.3, 4: 0.1}, after_3={2: 1}, after_4={3: 0.5, 4: 0.5})
# The end is likelier than 3, which then goes on surely.
LASTING = written(after_1={2: 0.6, 3: 0.4}, after_3={3: 1})


def test_an_end_mark_takes_no_place_from_what_goes_on() -> None:
    """Of as many candidates as beams the end would be one, and the way over 4 lost."""
    found, scores = beam_search(Tables(CROWDED), begun(0), MARKS, longest=2, beams=2, penalty=0)
    assert found[0].tolist() == [[2, 0], [4, 2]]
    assert scores[0].tolist() == pytest.approx([math.log(0.4), math.log(0.25)])


def test_the_search_ends_when_nothing_better_can_come() -> None:
    writer = Tables(SHORT)
    found, _ = beam_search(writer, begun(0), MARKS, longest=50, beams=2, penalty=0)
    assert writer.steps == 2
    assert found[0].tolist() == [[2, 0], [3, 2]]


def test_the_search_goes_on_where_length_may_still_pay() -> None:
    """At its present length what goes on is worse, at the longest it is better."""
    writer = Tables(LASTING)
    found, scores = beam_search(writer, begun(0), MARKS, longest=8, beams=1, penalty=2)
    assert writer.steps == 8
    assert found[0, 0].tolist() == [3] * 8
    assert math.log(0.4) < math.log(0.6) < scores[0, 0].item()
    assert scores[0, 0].item() == pytest.approx(math.log(0.4) / (13 / 6) ** 2)


def test_a_source_that_is_done_waits_for_the_others() -> None:
    writer = Tables(SHORT, LASTING)
    found, _ = beam_search(writer, begun(0, 1), MARKS, longest=8, beams=1, penalty=2)
    assert writer.steps == 8
    assert found[:, 0].tolist() == [[2, *[0] * 7], [3] * 8]
