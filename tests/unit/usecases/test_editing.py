"""Labels as `edit` takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.usecases.editing import edited_labels

LABELS = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4)


@given(LABELS, LABELS, LABELS)
def test_adding_and_removing_is_the_arithmetic_of_sets(
    present: list[str], added: list[str], removed: list[str]
) -> None:
    wanted = [*[f"+{label}" for label in added], *[f"-{label}" for label in removed]]
    result = edited_labels(present, wanted)
    assert set(result) == (set(present) | set(added)) - set(removed)
    assert len(result) == len(set(result))
    kept = [label for label in present if label in result]
    assert result[: len(kept)] == kept


@given(LABELS, LABELS.filter(bool))
def test_plain_labels_replace_all(present: list[str], wanted: list[str]) -> None:
    assert edited_labels(present, wanted) == wanted
    assert edited_labels(present, [",".join(wanted)]) == wanted


def test_labels_that_others_wrote_oddly_can_be_removed() -> None:
    assert edited_labels(["Bug", "Two Words", "ok"], ["-bug", "-two words"]) == ["ok"]


@pytest.mark.parametrize("wanted", [["a b"], ["+"], ["+é"], ["x,a b"], ["x" * 33]])
def test_what_is_no_label_is_refused(wanted: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        edited_labels([], wanted)
    assert caught.value.code == "invalid_label"
