"""Notes on a stream: what may be said, once, and on branches too."""

from __future__ import annotations

from typing import Any

import pytest
from unit.usecases.stream_scene import TEXT, Bench

from counterfoil.errors import ConflictError, InputError
from counterfoil.usecases import kinds
from counterfoil.usecases.noting import TEXT_BYTES_MAX, note


class Warned(Bench):
    """A bench that keeps what it is warned of."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def warn(self, code: str, _message: str, **_fields: object) -> None:
        """Keeps a warning."""
        self.warnings.append(code)


@pytest.fixture
def bench() -> Warned:
    """A ledger with one note."""
    bench = Warned()
    bench.note(TEXT, "first")
    return bench


def said(bench: Bench, text: str, stream: str = TEXT, **more: Any) -> dict[str, Any]:
    """Leaves a note and returns what was sealed."""
    body: dict[str, Any] = note(bench.context, bench.store, stream, text, **more).data()
    body.pop("salt")
    return body


def test_what_is_noted_is_sealed_without_the_space_around_it(bench: Warned) -> None:
    assert said(bench, "  it was the glue\n") == {"text": "it was the glue"}
    assert [receipt.kind for receipt in bench.store.read(TEXT)] == [kinds.NOTED, kinds.NOTED]


def test_a_branch_is_written_to_by_notes(bench: Warned) -> None:
    bench.fork("text/idea", TEXT, 0)
    assert said(bench, "what if", "text/idea") == {"text": "what if"}
    assert [bench.store.head(name).length for name in (TEXT, "text/idea")] == [1, 2]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "usage"),
        (" \n", "usage"),
        ("x" * (TEXT_BYTES_MAX + 1), "too_large"),
        ("see AKIAIOSFODNN7EXAMPLE", "secret_found"),
        ("half \ud800", "not_canonical"),
    ],
)
def test_what_may_not_be_noted_is_refused_and_leaves_no_trace(bench: Warned, text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        said(bench, text)
    assert (caught.value.code, bench.store.size()) == (code, 1)
    assert "AKIA" not in str(caught.value.fields) + caught.value.message


def test_personal_data_is_warned_of(bench: Warned) -> None:
    said(bench, "ask ada.lovelace@gmail.com")
    assert bench.warnings == ["personal_data"]


def test_a_note_that_is_sent_twice_under_its_key_is_sealed_once(bench: Warned) -> None:
    said(bench, "once", key="k")
    said(bench, "once", key="k")
    assert bench.store.size() == 2
    with pytest.raises(ConflictError) as caught:
        said(bench, "other", key="k")
    assert caught.value.code == "key_reused"


def test_a_stream_is_not_made_by_a_mistake_in_its_name(bench: Warned) -> None:
    with pytest.raises(InputError) as caught:
        said(bench, "hello", "text/plian")
    assert (caught.value.code, caught.value.fields["similar"]) == ("stream_not_found", [TEXT])


def test_a_stream_of_a_newer_program_takes_no_notes(bench: Warned) -> None:
    bench.seal(TEXT, "future.event", {})
    with pytest.raises(ConflictError) as caught:
        said(bench, "hello")
    assert caught.value.code == "newer_ledger"
