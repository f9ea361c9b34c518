"""Any edit of any ticket file changes the lines of its own key and not one byte besides."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.tickets.front_matter_scenes import OTHER_IDS, Scene, scenes

from counterfoil.adapters.yaml import read as full
from counterfoil.tickets import document, workflow

ORDER = ("id", "title", "state", "priority", "labels", "assignee", "reviewer", "author", "x_ticket")

title_texts = st.one_of(
    st.sampled_from(
        ["no", "12:30", "a: b", "# c", "it's", '"', "- x", "[x]", "a #b", "007", "&a", "caf\u00e9"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20),
)
label_lists = st.lists(
    st.sampled_from(["security", "mvp", "api", "new", "big one", "a,b", "c: d", "no", "007", "folded"]),
    max_size=4,
    unique=True,
)
id_lists = st.lists(st.sampled_from(OTHER_IDS[:5]), max_size=3, unique=True)
actor_names = st.one_of(st.none(), st.sampled_from(["human:morgan", "agent:claude"]))
changes = st.one_of(
    st.tuples(st.just("title"), title_texts),
    st.tuples(st.just("state"), st.sampled_from(workflow.STATES)),
    st.tuples(st.just("priority"), st.sampled_from(workflow.PRIORITIES)),
    st.tuples(st.just("labels"), st.one_of(st.none(), label_lists)),
    st.tuples(st.sampled_from(["assignee", "reviewer", "author"]), actor_names),
    st.tuples(st.sampled_from(["blocks", "blocked_by"]), st.one_of(st.none(), id_lists)),
)


def meaning(data: bytes) -> dict[str, Any]:
    """Reads front matter by a loader that knows nothing of ours: every scalar as its text."""
    text = data.decode().replace("\r\n", "\n").replace("\u2028", "\ue000")
    loaded = yaml.load(text[4 : text.index("\n---\n", 3) + 1], Loader=yaml.BaseLoader)
    assert isinstance(loaded, dict)
    return loaded


def mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def relation(front_matter: dict[str, Any], key: str) -> Any:
    return mapping(mapping(front_matter.get("x_ticket")).get("relations")).get(key)


def besides(front_matter: dict[str, Any], key: str) -> Any:
    """Returns `x_ticket` without one relation, and without what only held that."""
    extension = mapping(front_matter.get("x_ticket"))
    relations = mapping(extension.pop("relations", None))
    relations.pop(key, None)
    return extension, relations


def lines_outside(scene: Scene, key: str, after: bytes) -> tuple[list[str], list[str]]:
    """Returns the lines around a key before the edit, and the same number of lines after it."""
    before = scene.lines()
    head = after.decode()[: len(after.decode()) - len(scene.body)]
    now = head.split("\n")
    now = [line + "\n" for line in now[:-1]]
    span = scene.span(key)
    if span is None:
        present = [name for name in ORDER[: ORDER.index(key)] if scene.span(name)]
        end = (scene.span(present[-1]) or (0, 0))[1]
        span = (end, end)
    rest = len(before) - span[1]
    return [*before[: span[0]], "…", *before[span[1] :]], [*now[: span[0]], "…", *now[len(now) - rest :]]


def check(scene: Scene, change: tuple[str, Any]) -> None:
    key, value = change
    data = scene.bytes()
    before = document.read(data, full)
    after = document.patch(before, {key: value})
    top = "x_ticket" if key in ("blocks", "blocked_by") else key

    assert after.decode().endswith(scene.body)
    if after != data:
        expected, actual = lines_outside(scene, top, after)
        assert actual == expected
    old, new = meaning(data), meaning(after)
    assert [name for name in new if name != top] == [name for name in old if name != top]
    assert {name: new[name] for name in new if name != top} == {
        name: old[name] for name in old if name != top
    }
    if top == "x_ticket":
        assert besides(new, key) == besides(old, key)
        assert (relation(new, key) or []) == (value or [])
    elif value == getattr(before.ticket, key) or (
        isinstance(value, list) and tuple(value) == before.ticket.labels
    ):
        assert after == data
    elif value is None:
        assert (key not in new) or (after == data)
    else:
        assert new[key] == value
    again = document.read(after, full)
    assert getattr(again.ticket, key) == (
        tuple(value) if isinstance(value, list) else value or getattr(again.ticket, key)
    )
    assert document.patch(again, {key: value}) == after


@settings(max_examples=800, deadline=None)
@given(scenes(), changes)
def test_an_edit_changes_its_own_keys_lines_and_nothing_else(scene: Scene, change: tuple[str, Any]) -> None:
    check(scene, change)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(scenes(), changes)
def test_very_many_edits_change_their_own_keys_lines_and_nothing_else(
    scene: Scene, change: tuple[str, Any]
) -> None:
    check(scene, change)


@settings(max_examples=300, deadline=None)
@given(scenes())
def test_writing_what_a_ticket_says_already_changes_not_one_byte(scene: Scene) -> None:
    read = document.read(scene.bytes(), full)
    fields = (*ORDER[1:-1], "blocks", "blocked_by")
    assert document.patch(read, {name: getattr(read.ticket, name) for name in fields}) == scene.bytes()


@settings(max_examples=300, deadline=None)
@given(scenes(), label_lists)
def test_new_lines_end_like_the_lines_around_them(scene: Scene, wanted: list[str]) -> None:
    scene = scene._replace(ends=("\r\n",), body="")
    after = document.patch(document.read(scene.bytes(), full), {"labels": wanted, "author": "human:morgan"})
    assert after.count(b"\n") == after.count(b"\r\n")
