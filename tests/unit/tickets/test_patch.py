"""Patching by example: what a file looks like before, and to the byte after."""

from __future__ import annotations

import pytest

from counterfoil.adapters.yaml import read as full
from counterfoil.errors import InputError
from counterfoil.tickets import document

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
A, B, C = (f"01ARZ3NDEKTSV4RRFFQ69G5FA{digit}" for digit in "123")


def file(*lines: str, state: str = "state: ready") -> bytes:
    """Writes a ticket file around the lines that a case is about."""
    rows = ["---", f"id: {ID}", *(["title: T"] if not any("title" in line for line in lines) else []), state]
    return "\n".join([*rows, "priority: p1", *lines, "---", "", "Body", ""]).encode()


def patched(data: bytes, **changes: object) -> bytes:
    return document.patch(document.read(data, full), changes)


@pytest.mark.parametrize(
    ("before", "title", "after"),
    [
        ("title: Old", "New", "title: New"),
        ("title: Old", "New: it's", 'title: "New: it\'s"'),
        ("title: Old", "no", 'title: "no"'),
        ("title:   Old   # why", "New", "title:   New   # why"),
        ("title: 'Old'", "it's", "title: 'it''s'"),
        ("title: 'Old'", "a\u2028b", 'title: "a\\Lb"'),
        ('title: "Old"', 'say "hi"', 'title: "say \\"hi\\""'),
        ("title: >- # why\n  folded\n\n  text\n", "New", "title: New # why\n"),
        ("title: |+\n  literal\n\n", "New", "title: New"),
        ("title: over\n  two lines # c", "New", "title: New # c"),
        ('title: "over\n  two lines" # c', "New", 'title: "New" # c'),
        ("title:\n  # above\n  below # c", "New", "title:\n  # above\n  New # c"),
        ("title: &anchor Old", "New", "title: New"),
        ("title: &anchor >- # c\n  folded", "New", "title: New # c"),
        ("? title\n: Old # c", "New", "? title\n: New # c"),
        ("'title': Old", "New", "'title': New"),
    ],
)
def test_a_title_is_replaced_where_it_stands(before: str, title: str, after: str) -> None:
    assert patched(file(before, "due: 1"), title=title) == file(after, "due: 1")


@pytest.mark.parametrize(
    ("before", "labels", "after"),
    [
        ("labels: []", ["a", "b"], "labels: [a, b]"),
        ("labels: [] # none", ["a"], "labels: [a] # none"),
        ("labels:", ["a"], "labels: [a]"),
        ("labels:   # none", ["a"], "labels: [a]   # none"),
        ("labels: ~", ["a"], "labels: [a]"),
        ("labels: [a, b]", [], "labels: []"),
        ("labels: [a, 'b',  c] # x", ["a", "b"], "labels: [a, 'b'] # x"),
        ("labels: [a, 'b',  c] # x", ["b", "c"], "labels: ['b',  c] # x"),
        ("labels: [a, 'b',  c] # x", ["a", "c"], "labels: [a,  c] # x"),
        ("labels: [ a,b ]", ["a", "b", "c"], "labels: [ a,b,c ]"),
        ("labels: [a, b]", ["b", "a"], "labels: [b, a]"),
        ("labels: [a]", ["no", "a", "c, d"], 'labels: ["no", a, "c, d"]'),
        ("labels: [Alpha, \"Beta\", 'C']", ["alpha", "beta", "c", "d"], "labels: [alpha, \"beta\", 'c', d]"),
        ("labels: [a, a, b]", ["a", "b", "c"], "labels: [a, b, c]"),
        ("labels: [A, 'a', b]", ["a", "b"], "labels: ['a', b]"),
        ("labels: [a]", ["B", "b", "a"], "labels: [b, a]"),
        ("labels: [\n  a, # one\n  b # two\n]", ["a", "b", "c"], "labels: [\n  a, # one\n  b, c # two\n]"),
        ("labels: [\n  a,\n  b\n]", [], "labels: []"),
        ("labels: [\n  a, # one\n  b # two\n]", ["a"], "labels: [\n  a, # one\n]"),
        ("labels: [\n  a, # one\n  # c\n  b # two\n]", ["b"], "labels: [\n  # c\n  b # two\n]"),
        ("labels: [\n  a, b,\n  c,\n  d\n]", ["d"], "labels: [d]"),
        ("labels: [\n  a, # one\n  b\n]", ["x", "b"], "labels: [\n  x, b\n]"),
        ("labels: [a,\n  b, c,\n  d]", ["a", "d"], "labels: [a,\n  d]"),
        ("labels:\n  - a # one\n  - b", ["a", "b", "c"], "labels:\n  - a # one\n  - b\n  - c"),
        ("labels:\n  - a # one\n\n  - 'b' # two", ["b"], "labels:\n\n  - 'b' # two"),
        ("labels:\n  - a # one\n  - b # two", ["b", "a"], "labels:\n  - b # two\n  - a # one"),
        ("labels:\n-   a\n# between\n-   b", ["a", "x", "b"], "labels:\n-   a\n-   x\n# between\n-   b"),
        ('labels:\n- A # one\n- "B" # two', ["a", "b", "c"], 'labels:\n- a # one\n- "b" # two\n- c'),
        ("labels: # all\n  - a\n  - b", [], "labels: [] # all"),
        ("labels:\n  - a\n  # kept\n  - b", ["x"], "labels:\n  - x\n  # kept"),
        ("labels:\n  - over\n    two lines\n  - b", ["b"], "labels:\n  - b"),
        ("labels:\n  - over\n    two lines\n  - b", ["over two lines"], "labels:\n  - over\n    two lines"),
    ],
)
def test_a_list_keeps_its_shape_and_the_bytes_of_what_stays(
    before: str, labels: list[str], after: str
) -> None:
    assert patched(file(before, "due: 1"), labels=labels) == file(after, "due: 1")


def test_labels_that_the_ticket_has_already_are_not_normalised() -> None:
    data = file("labels: [Alpha, b, b]")
    assert patched(data, labels=["Alpha", "b", "b"], state="done") == data.replace(b"ready", b"done")


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ((), {"labels": ["a"]}, ("labels: [a]",)),
        (("due: 1",), {"labels": ["a"]}, ("labels: [a]", "due: 1")),
        (("x_ticket: {}",), {"assignee": "Agent:bob"}, ("assignee: agent:bob", "x_ticket: {}")),
        (
            ("reviewer: human:a", "labels:\n  - a\n", "due: 1"),
            {"assignee": "human:b"},
            ("reviewer: human:a", "labels:\n  - a\nassignee: human:b\n", "due: 1"),
        ),
        (("assignee: human:a # c", "# d"), {"assignee": None}, ("# d",)),
        (("labels:\n  - a\n  - b\n\n# d",), {"labels": None}, ("\n# d",)),
        (("assignee:",), {"assignee": "human:a"}, ("assignee: human:a",)),
        (("assignee: Human:morgan",), {"assignee": "human:morgan"}, ("assignee: Human:morgan",)),
        (("author: human:a",), {"author": None, "reviewer": "human:b"}, ("reviewer: human:b",)),
    ],
)
def test_keys_come_and_go_as_lines_of_their_own(
    before: tuple[str, ...], changes: dict[str, object], after: tuple[str, ...]
) -> None:
    assert patched(file(*before), **changes) == file(*after)


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ((), {"blocks": [A]}, f"x_ticket:\n  relations:\n    blocks: [{A}]"),
        ((), {"blocks": [A.lower(), A]}, f"x_ticket:\n  relations:\n    blocks: [{A}]"),
        (("x_ticket: # c",), {"blocks": [A]}, f"x_ticket: # c\n  relations:\n    blocks: [{A}]"),
        (("x_ticket: {}",), {"blocks": [A]}, f"x_ticket: {{relations: {{blocks: [{A}]}}}}"),
        (("x_ticket: null # c",), {"blocks": [A]}, f"x_ticket: {{relations: {{blocks: [{A}]}}}} # c"),
        (
            ("x_ticket:\n    z: 1",),
            {"blocks": [A]},
            f"x_ticket:\n    z: 1\n    relations:\n      blocks: [{A}]",
        ),
        (
            (f"x_ticket:\n  relations:\n    blocks: [{A}] # c\n  z: 1",),
            {"blocked_by": [B]},
            f"x_ticket:\n  relations:\n    blocks: [{A}] # c\n    blocked_by: [{B}]\n  z: 1",
        ),
        (
            (f"x_ticket:\n  relations:\n    blocks:\n      - {A} # c\n  z: 1",),
            {"blocks": [A, B]},
            f"x_ticket:\n  relations:\n    blocks:\n      - {A} # c\n      - {B}\n  z: 1",
        ),
        (
            (f"x_ticket: {{z: 0x1F, relations: {{blocks: [{A}], o: 1}}}} # c",),
            {"blocks": [A, B], "blocked_by": [C]},
            f"x_ticket: {{z: 0x1F, relations: {{blocks: [{A}, {B}], o: 1, blocked_by: [{C}]}}}} # c",
        ),
        (
            (f"x_ticket: {{relations: {{blocks: [{A}], o: 1}}, z: 1}}",),
            {"blocks": None},
            "x_ticket: {relations: {o: 1}, z: 1}",
        ),
        (
            (f"x_ticket: {{z: 1, relations: {{blocks: [{A}]}}}}",),
            {"blocks": None},
            "x_ticket: {z: 1}",
        ),
        (
            (f"x_ticket:\n  relations:\n    blocks:\n    - {A.lower()} # c\n    - {B}",),
            {"blocks": [A, B, C]},
            f"x_ticket:\n  relations:\n    blocks:\n    - {A} # c\n    - {B}\n    - {C}",
        ),
        ((f"x_ticket:\n  relations:\n    blocks: [{A}]\n  z: 1",), {"blocks": None}, "x_ticket:\n  z: 1"),
        (
            (f"x_ticket:\n  relations:\n    blocks: [{A}]\n    blocked_by: [{B}]",),
            {"blocks": []},
            f"x_ticket:\n  relations:\n    blocks: []\n    blocked_by: [{B}]",
        ),
    ],
)
def test_relations_are_edited_within_x_ticket(
    before: tuple[str, ...], changes: dict[str, object], after: str
) -> None:
    assert patched(file(*before, "due: 1"), **changes) == file(*([after] if after else []), "due: 1")


def test_the_last_relation_takes_the_empty_mappings_with_it() -> None:
    data = file("due: 1")
    assert patched(patched(data, blocks=[A]), blocks=None) == data


@pytest.mark.parametrize(
    ("lines", "changes"),
    [
        (("title: &t Old", "due: *t"), {"title": "New"}),
        (("labels: &l [a]", "due: *l"), {"labels": None}),
        (("labels: [&l a, b]", "due: *l"), {"labels": ["b"]}),
        (("labels: [a, b]", f"x_ticket: &x {{relations: {{blocks: [{A}]}}}}", "due: *x"), {"blocks": [B]}),
        (("due: &x {relations: {blocks: []}}", "x_ticket: *x"), {"blocks": [A]}),
        (("due: &x {blocks: []}", "x_ticket: {relations: *x}"), {"blocks": [A]}),
        (("x_ticket: text",), {"blocks": [A]}),
        (("x_ticket: {relations: {blocks: text}}",), {"blocks": [A]}),
        (("x_ticket: {relations: {blocks: [[a]]}}",), {"blocks": [A]}),
        (("labels:\n  -\n    a",), {"labels": ["b"]}),
        (("due: &t 1", "title: &t Old", "spare: *t"), {"title": "New"}),
    ],
)
def test_what_cannot_be_changed_alone_is_refused(lines: tuple[str, ...], changes: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        patched(file(*lines), **changes)
    error = caught.value
    key = next(iter(changes))
    assert (error.code, error.hint, error.fields) == (
        "unpatchable", f"ticket edit {ID}", {"key": key, "id": ID},
    )  # fmt: skip


def test_an_alias_is_replaced_without_touching_its_anchor() -> None:
    data = file("due: &l [a]", "labels: *l # c")
    assert patched(data, labels=["b"]) == file("due: &l [a]", "labels: [b] # c")


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({"state": "done"}, "title: T, state: done, priority: p1, due: 007}"),
        ({"title": "a, b} [c"}, 'title: "a, b} [c", state: ready, priority: p1, due: 007}'),
        ({"labels": ["x"]}, "title: T, state: ready, priority: p1, due: 007, labels: [x]}"),
        ({"assignee": "human:a"}, 'title: T, state: ready, priority: p1, due: 007, assignee: "human:a"}'),
        (
            {"blocks": ["01BX5ZZKBKACTAV9WEVGEMMVRZ"]},
            "title: T, state: ready, priority: p1, due: 007, x_ticket: {relations: {blocks: [01BX5ZZKBKACTAV9WEVGEMMVRZ]}}}",
        ),
    ],
)
def test_front_matter_in_one_pair_of_braces_is_changed_inside_them(
    changes: dict[str, object], after: str
) -> None:
    data = f"---\n{{id: {ID}, title: T, state: ready, priority: p1, due: 007}}\n---\nBody\n".encode()
    assert patched(data, **changes) == f"---\n{{id: {ID}, {after}\n---\nBody\n".encode()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "nope"}, "invalid_state"),
        ({"state": None}, "invalid_state"),
        ({"priority": "p9"}, "invalid_priority"),
        ({"assignee": "robot"}, "invalid_actor"),
        ({"title": "  "}, "invalid_title"),
        ({"title": None}, "invalid_title"),
        ({"labels": "a"}, "unpatchable"),
        ({"id": A}, "unpatchable"),
        ({"due": "1"}, "unpatchable"),
    ],
)
def test_a_value_that_is_none_is_refused_before_anything_is_written(
    changes: dict[str, object], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        patched(file("due: 2"), **changes)
    assert caught.value.code == code


def test_a_new_key_is_indented_like_its_siblings() -> None:
    lines = ("? id", f": {ID}", "title: T", "state: ready", "priority: p1")
    data = "".join(["---\n", *[f"  {line}\n" for line in lines], "---\n"]).encode()
    assert patched(data, labels=["a"]) == data.replace(b"p1\n", b"p1\n  labels: [a]\n")


def test_several_fields_change_in_one_go() -> None:
    data = file("labels: [a]", "assignee: human:a")
    after = patched(data, state="In_Progress", priority="P0", labels=["a", "b"], assignee=None, blocks=[A])
    expected = file(
        "labels: [a, b]", f"x_ticket:\n  relations:\n    blocks: [{A}]", state="state: in_progress"
    )
    assert after == expected.replace(b"priority: p1", b"priority: p0")


def test_carriage_returns_stay_where_they_are() -> None:
    data = file("labels:\n  - a", "due: 1").replace(b"\n", b"\r\n")
    after = patched(data, labels=["a", "b"], author="human:a", title="New")
    plain = patched(file("labels:\n  - a", "due: 1"), labels=["a", "b"], author="human:a", title="New")
    assert after == plain.replace(b"\n", b"\r\n")


def test_a_large_list_is_edited_in_linear_time() -> None:
    many = [f"l{number}" for number in range(20_000)]
    data = file(f"labels: [{', '.join(many)}]")
    after = patched(data, labels=[*reversed(many), "x"])
    assert document.read(after, full).ticket.labels == (*reversed(many), "x")
