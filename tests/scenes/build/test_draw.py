from scenes.build.draw import Draw


def test_words_make_streams() -> None:
    first = [Draw("chair", 1).between(0, 1) for _ in range(2)]
    assert first[0] == first[1]
    others = [Draw("chair", 2), Draw("table", 1), Draw("chair1"), Draw("chair", "1")]
    assert len({first[0], *(draw.between(0, 1) for draw in others)}) == 5


def test_draws_stay_in_their_ranges_and_fill_them() -> None:
    draw = Draw(0)
    numbers = [draw.between(2, 5) for _ in range(300)]
    assert 2 <= min(numbers) < 2.1
    assert 4.9 < max(numbers) < 5
    assert {draw.whole(3, 5) for _ in range(60)} == {3, 4, 5}
    assert {draw.choice("ab") for _ in range(30)} == {"a", "b"}
    assert 60 < sum(draw.chance(0.3) for _ in range(300)) < 120
