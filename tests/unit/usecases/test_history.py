"""What differs between two states of a ticket, and how it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.bootstrap import read_full
from counterfoil.usecases.history import Change, acting, changes_between

HEAD = "id: 01ARZ3NDEKTSV4RRFFQ69G5FAV\ntitle: A thing\nstate: ready\npriority: p2\nlabels: [ui, api]\n"


def ticket(front: str = HEAD, body: str = "\nOne\nTwo\nThree\n") -> bytes:
    """Returns a ticket file."""
    return f"---\n{front}---\n{body}".encode()


@pytest.mark.parametrize(
    ("after", "changes", "words"),
    [
        (ticket(HEAD.replace("ready", "done")), [Change("state", "ready", "done")], ["state ready → done"]),
        (ticket(HEAD.replace("ready", "READY")), [Change("layout", None, None, 1, 1)], ["layout edited (+1 −1 lines)"]),
        (
            ticket(HEAD.replace("[ui, api]", "[api, docs]")),
            [Change("labels", ["ui", "api"], ["api", "docs"])],
            ["labels +docs −ui"],
        ),
        (
            ticket(HEAD.replace("[ui, api]", "[api, ui]")),
            [Change("labels", ["ui", "api"], ["api", "ui"])],
            ["labels in another order"],
        ),
        (ticket(HEAD.replace("[ui, api]", "[]")), [Change("labels", ["ui", "api"], [])], ["labels −ui −api"]),
        (
            ticket(HEAD + "assignee: agent:bot\n"),
            [Change("assignee", None, "agent:bot")],
            ["assignee none → agent:bot"],
        ),
        (
            ticket(HEAD + "estimate: 3\ndue: [1, 2]\n"),
            [Change("estimate", None, 3), Change("due", None, [1, 2])],
            ["estimate none → 3", "due none → 1, 2"],
        ),
        (
            ticket(HEAD + "x_ticket:\n  relations:\n    blocks: [01BX5ZZKBKACTAV9WEVGEMMVRZ]\n  run: 7\n"),
            [Change("blocks", [], ["01BX5ZZKBKACTAV9WEVGEMMVRZ"]), Change("x_ticket", None, {"run": 7})],
            ["blocks +01BX5ZZKBKACTAV9WEVGEMMVRZ", "x_ticket none → {'run': 7}"],
        ),
        (ticket(body="\nOne\nDeux\nThree\nFour\n"), [Change("body", None, None, 2, 1)], ["body edited (+2 −1 lines)"]),
        (ticket(body="\n\nOne\nTwo\nThree\n"), [Change("layout", None, None, 1, 0)], ["layout edited (+1 −0 lines)"]),
        (b"\xff\xfe", [Change("file", None, None, 1, 11)], ["file edited (+1 −11 lines)"]),
        (ticket(), [], []),
    ],
)  # fmt: skip
def test_each_field_that_differs_is_one_change(after: bytes, changes: list[Change], words: list[str]) -> None:
    found = changes_between(ticket(), after, read_full)
    assert list(found) == changes
    assert [change.words() for change in found] == words


def test_lines_are_counted_in_data_only_where_lines_changed() -> None:
    assert Change("state", "ready", "done").as_data() == {"field": "state", "from": "ready", "to": "done"}
    assert Change("body", None, None, 2, 1).as_data() == {
        "field": "body", "from": None, "to": None, "added": 2, "removed": 1,
    }  # fmt: skip


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_counted_lines_turn_one_text_into_the_other(before: list[str], after: list[str]) -> None:
    def file(lines: list[str]) -> bytes:
        return ticket(body="".join([f"{line}\n" for line in ["start", *lines, "end"]]))

    changes = changes_between(file(before), file(after), read_full)
    if before == after:
        assert changes == ()
    else:
        [change] = changes
        assert change.added - change.removed == len(after) - len(before)
        assert 0 <= change.added <= len(after)
        assert 0 <= change.removed <= len(before)
        assert change.added + change.removed > 0


@given(st.one_of(st.none(), st.binary(max_size=80)), st.one_of(st.none(), st.binary(max_size=80)))
def test_hostile_bytes_are_told_never_raised(before: bytes | None, after: bytes | None) -> None:
    assert bool(changes_between(before, after, read_full)) is (before != after)


@pytest.mark.parametrize(
    ("trailer", "author", "actor"),
    [
        ("agent:bot", "Ana", "agent:bot"),
        ("Agent:bot", "Ana", "agent:bot"),
        ("agent:bot,human:ana", "Ana", "agent:bot"),
        ("nonsense", "Ana Example", "human:ana-example"),
        ("", "Zoë", "human:zoe"),
        ("", "山田", None),
    ],
)
def test_the_trailer_names_who_acted_else_the_author(trailer: str, author: str, actor: str | None) -> None:
    assert acting(trailer, author) == actor
