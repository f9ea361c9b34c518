"""What is kept never weighs more than it may, whatever it is made of, and what was used last stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.usecases.keeping import ENTRY_BYTES, Keeping, remembered, weigh


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 400), st.booleans()), max_size=60))
def test_however_much_comes_no_more_is_kept_than_fits_and_the_last_used_stays(
    deeds: list[tuple[int, int, bool]],
) -> None:
    kept: Keeping[int] = Keeping(4, 4 * ENTRY_BYTES)
    model: list[tuple[int, int]] = []
    for key, weight, is_read in deeds:
        mine = next((each for each in model if each[0] == key), None)
        if is_read:
            assert kept.get(key) == (None if mine is None else mine[1])
            if mine is not None:
                model.remove(mine)
                model.append(mine)
            continue
        assert kept.keep(key, weight, weight) == weight
        model = [each for each in model if each[0] != key]
        model.append((key, weight))
        while len(model) > 4 or sum([each[1] + ENTRY_BYTES for each in model]) > 4 * ENTRY_BYTES:
            model.pop(0)
        assert kept.weight == sum([each[1] + ENTRY_BYTES for each in model]) <= 4 * ENTRY_BYTES
        assert len(kept) == len(model)


def test_what_is_too_heavy_takes_no_room_from_the_rest() -> None:
    kept: Keeping[str] = Keeping(9, 10_000)
    kept.keep("light", "a", 10)
    kept.keep("heavy", "b", 10_001)
    assert "light" in kept
    assert "heavy" not in kept


def test_a_text_is_made_once_and_huge_ones_push_each_other_out() -> None:
    made: list[str] = []

    @remembered(100, 1_000_000)
    def piece(title: str) -> str:
        made.append(title)
        return f"<b>{title}</b>"

    assert piece("a") == piece("a") == "<b>a</b>"
    assert made == ["a"]
    for number in range(50):
        piece(f"{number}" * 100_000)
    assert piece.kept.weight <= 1_000_000  # type: ignore[attr-defined]
    assert piece("a") == "<b>a</b>"
    assert made.count("a") == 2


def test_plain_data_weighs_what_its_texts_weigh_however_deep_they_lie() -> None:
    deep: list[object] = ["x" * 100_000]
    for _ in range(5_000):
        deep = [deep]
    assert 100_000 < weigh(deep) < 1_000_000
    assert weigh({"a": ["y" * 1_000], "b" * 1_000: (1, None)}) > 2_000
