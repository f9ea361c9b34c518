"""A ticket as an exported object, and back: nothing that it says is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from counterfoil.bootstrap import read_full
from counterfoil.errors import InputError
from counterfoil.kernel.jsontext import compact
from counterfoil.tickets import document
from counterfoil.usecases.intake import strictjson
from counterfoil.usecases.intake.portable import RESERVED, says_the_same, ticket_id, to_file, to_object

ID = "01HGW2BBG0000000000000000A"
NAME = f"{ID}.md"
PLAIN: dict[str, Any] = {
    "id": ID, "title": "A: thing", "state": "ready", "priority": "p1", "labels": ["ui"], "body": "\nText.\n",
    "path": f".tickets/tickets/{NAME}",
}  # fmt: skip

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TITLES = TEXT.filter(lambda text: text.strip().isprintable() and text.strip() != "")


def through_json(data: dict[str, Any]) -> dict[str, Any]:
    """Writes an object as a line and reads it again, as `export` and `import` do."""
    [(_, found)] = strictjson.lines(compact(data).encode())
    return found


@given(
    TITLES,
    st.dictionaries(
        TEXT.filter(lambda key: key not in ("id", "title", "state", "priority", "labels")), VALUES, max_size=4
    ),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60),
)
def test_an_object_that_becomes_a_file_comes_back_as_the_same_object(
    title: str, rest: dict[str, Any], body: str
) -> None:
    assume(not set(rest) & {*RESERVED, "assignee", "reviewer", "author", "x_ticket"})
    data = PLAIN | rest | {"title": title, "body": body}
    file = to_file(through_json(data), read_full)
    again = to_object(document.read(file, read_full), NAME)
    assert again["body"] == body
    assert says_the_same(data, again)
    assert to_file(through_json(again), read_full) == file


def test_the_protocols_keys_come_first_and_in_canonical_spelling() -> None:
    text = (
        "---\n# a comment\nextra: 2024-01-01\nPriority: x\ntitle: ' A thing '\nstate: Ready\n"
        "id: 01hgw2bbg0000000000000000a\npriority: P1\nassignee: Human:ana\nreviewer:\n"
        "x_ticket:\n  relations:\n    blocks: [007]\nbody: theirs\n---\n\r\nText"
    )
    data = to_object(document.read(text.encode(), read_full), "x.md")
    assert list(data.items()) == [
        ("id", ID),
        ("title", "A thing"),
        ("state", "ready"),
        ("priority", "p1"),
        ("labels", []),
        ("assignee", "human:ana"),
        ("extra", "2024-01-01"),
        ("Priority", "x"),
        ("x_ticket", {"relations": {"blocks": ["007"]}}),
        ("frontmatter", {"body": "theirs"}),
        ("body", "\r\nText"),
        ("path", ".tickets/tickets/x.md"),
    ]
    file = to_file(through_json(data), read_full)
    assert to_object(document.read(file, read_full), "x.md") == data


def test_a_file_is_laid_out_as_new_ones_are() -> None:
    data = PLAIN | {
        "author": "human:bo", "estimate": 3, "x_ticket": {"source": {"kind": "a", "id": "7"}, "empty": {}},
        "list": ["a, b", {"k": [1, None]}],
    }  # fmt: skip
    assert to_file(data, read_full).decode() == (
        f'---\nid: {ID}\ntitle: "A: thing"\nstate: ready\npriority: p1\nlabels: [ui]\nauthor: human:bo\n'
        'estimate: 3\nx_ticket:\n  source:\n    kind: a\n    id: "7"\n  empty: {}\n'
        'list: ["a, b", {"k": [1, null]}]\n---\n\nText.\n'
    )


@pytest.mark.parametrize("number", [0, -1, 10**2000, 1.5, 1e300, 1e16, 5e-324, -0.0])
def test_numbers_come_back_as_they_are(number: float) -> None:
    file = to_file(through_json(PLAIN | {"n": number}), read_full)
    assert json.dumps(to_object(document.read(file, read_full), NAME)["n"]) == json.dumps(number)


@pytest.mark.parametrize(
    "difference",
    [
        {"title": "B"},
        {"state": "done"},
        {"labels": []},
        {"body": "Text.\n"},
        {"extra": None},
        {"assignee": "human:a"},
    ],
)
def test_a_difference_is_seen(difference: dict[str, Any]) -> None:
    assert not says_the_same(PLAIN, PLAIN | difference)


@pytest.mark.parametrize(
    "spelling",
    [{"id": ID.lower()}, {"state": "Ready"}, {"priority": "P1"}, {"labels": ["UI", "ui"]}, {"title": " A: thing "},
     {"path": "elsewhere"}, {"assignee": None}],
)  # fmt: skip
def test_spelling_is_no_difference(spelling: dict[str, Any]) -> None:
    assert says_the_same(PLAIN, PLAIN | spelling)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "7"}, "invalid_ticket"),
        ({"id": None}, "invalid_ticket"),
        ({"title": ""}, "invalid_title"),
        ({"title": 5}, "invalid_ticket"),
        ({"title": "a\nb"}, "invalid_title"),
        ({"state": "over"}, "invalid_state"),
        ({"state": None}, "invalid_ticket"),
        ({"priority": 1}, "invalid_ticket"),
        ({"labels": "ui"}, "invalid_label"),
        ({"labels": [1]}, "invalid_label"),
        ({"labels": ["no good"]}, "invalid_label"),
        ({"assignee": "ana"}, "invalid_actor"),
        ({"reviewer": {"a": 1}}, "invalid_ticket"),
        ({"body": None}, "invalid_ticket"),
        ({"body": "\0"}, "invalid_ticket"),
        ({"frontmatter": [1]}, "invalid_ticket"),
        ({"deep": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}, "invalid_ticket"),
        ({"x_ticket": {"relations": {"blocks": [1]}}}, "unpatchable"),
        ({"huge": "x" * 300_000}, "invalid_ticket"),
    ],
)
def test_what_cannot_be_a_ticket_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        to_file(PLAIN | change, read_full)
    assert caught.value.code == code


def test_an_id_is_taken_in_any_case() -> None:
    assert ticket_id({"id": ID.lower()}) == ID


@given(st.dictionaries(st.sampled_from([*PLAIN, "assignee", "x_ticket", "frontmatter", "other"]), VALUES))
def test_no_object_raises_anything_but_an_input_error(data: dict[str, Any]) -> None:
    try:
        file = to_file(data, read_full)
    except InputError:
        return
    assert says_the_same(to_object(document.read(file, read_full), NAME), data)
