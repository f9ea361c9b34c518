"""Foreign tickets on their way in: what becomes of titles, labels, priorities, people and the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.bootstrap import read_full
from counterfoil.kernel.actor import canonical, is_slug
from counterfoil.tickets.document import FormatError
from counterfoil.tickets.values import check_title
from counterfoil.usecases.intake import backlog, beads, github, markdown, tk
from counterfoil.usecases.intake.item import (
    Item,
    Skip,
    actor_called,
    one_line,
    priority_word,
    short_title,
    slugged,
)


def as_data(found: Item | Skip) -> dict[str, Any]:
    """Returns everything that an item says, without what is empty."""
    return {key: value for key, value in vars(found).items() if value}


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("bug", "bug"),
        ("Good First Issue", "good-first-issue"),
        ("help_wanted", "help_wanted"),
        ("type/bug: crash!", "type-bug-crash"),
        ("  Über  ", "uber"),
        ("バグ", None),
        ("🎉", None),
        ("", None),
        ("-x", "x"),
        ("a" * 40, "a" * 32),
    ],
)
def test_a_label_becomes_a_slug(label: str, slug: str | None) -> None:
    assert slugged(label) == slug


@given(st.text())
def test_whatever_stands_there_a_slug_is_one_or_nothing(text: str) -> None:
    slug = slugged(text)
    assert slug is None or is_slug(slug)
    actor = actor_called(text)
    assert actor is None or canonical(actor) == actor


@given(st.text(min_size=1))
def test_a_title_fits_on_one_line_or_is_empty(text: str) -> None:
    title = short_title(one_line(text))
    assert title == "" or check_title(title) == title


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("P1", "p1"),
        ("p4", "p4"),
        ("priority: high", "high"),
        ("Priority/Critical", "critical"),
        ("prio-2", "2"),
        ("pri: low", "low"),
        ("priority: purple", None),
        ("high", None),
        ("p10", None),
        ("pq", None),
        ("bug", None),
    ],
)
def test_priority_is_recognised_in_a_label(label: str, word: str | None) -> None:
    assert priority_word(label) == word


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("Alice", "human:alice"),
        ("@codex", "human:codex"),
        ("agent:builder", "agent:builder"),
        ("Human:bo", "human:bo"),
        ("human:bo", "human:bo"),
        ("dependabot[bot]", "agent:dependabot"),
        ("Steve O'Brien", "human:steve-o-brien"),
        ("joe.doe@corp.io", "human:joe-doe"),
        ("山田", None),
        (" ", None),
    ],
)
def test_a_name_becomes_an_actor(name: str, actor: str | None) -> None:
    assert actor_called(name) == actor


@pytest.mark.parametrize(
    ("word", "priority", "facts"),
    [
        ("0", "p0", []),
        ("High", "p1", []),
        ("medium", "p2", []),
        ("4", "p3", [("priority", "4")]),
        ("lowest", "p3", [("priority", "lowest")]),
    ],
)
def test_a_priority_is_taken_over(word: str, priority: str, facts: list[tuple[str, str]]) -> None:
    item = Item("line 1", "beads", "x", "T")
    assert item.prioritise(word)
    assert (item.priority, item.facts) == (priority, facts)


def test_an_unknown_priority_leaves_the_default() -> None:
    item = Item("line 1", "beads", "x", "T")
    assert not item.prioritise("purple")
    assert item.priority == "p2"


def test_what_has_no_place_is_written_below_the_body() -> None:
    item = Item("line 1", "github", "o/r#1", "T")
    item.body = "Text.\n\n\n"
    item.note("created", "2024-01-01")
    item.note("links", ["a", "b"])
    item.note("nothing", "")
    item.note("several\nlines", "one\n two")
    item.comments.append(("eve", "2024-02-01", "Me\r\ntoo\n"))
    item.comments.append(("", "", ""))
    assert item.markdown() == (
        "Text.\n\n## Imported\n\n- created: 2024-01-01\n- links: a, b\n- several lines: one two\n"
        "\n### Comments\n\n**eve**, 2024-02-01:\n\n> Me\n> too\n\n**somebody**:\n\n>\n"
    )


def test_a_body_with_nothing_else_stays_as_it_is() -> None:
    item = Item("line 1", "tk", "x", "T")
    item.body = "  Text without an end"
    assert item.markdown() == "  Text without an end"


GITHUB_ISSUE: dict[str, Any] = {
    "number": 12, "title": " Crash:  on\tstart ", "body": "Boom\r\nbang", "state": "OPEN", "stateReason": "",
    "labels": [{"id": "x", "name": "Good First Issue"}, {"name": "P1"}, {"name": "バグ"}, "plain"],
    "assignees": [{"login": "Alice"}, {"login": "bob"}], "author": {"login": "Eve"},
    "createdAt": "2024-01-01T00:00:00Z", "closedAt": None, "url": "https://github.com/o/r/issues/12",
    "milestone": {"title": "v1"},
    "comments": [{"author": {"login": "joe"}, "createdAt": "2024-02-01", "body": "+1"}, 7],
}  # fmt: skip


def test_an_issue_of_github_becomes_an_item() -> None:
    [found] = github.read([("item 1", GITHUB_ISSUE)])
    assert as_data(found) == {
        "where": "item 1", "kind": "github", "key": "o/r#12", "title": "Crash: on start", "state": "backlog",
        "priority": "p1", "labels": ["plain", "good-first-issue"], "assignee": "human:alice",
        "author": "human:eve", "body": "Boom\nbang",
        "facts": [
            ("label", "バグ"), ("also assigned", "bob"), ("created", "2024-01-01T00:00:00Z"),
            ("milestone", "v1"), ("address", "https://github.com/o/r/issues/12"),
        ],
        "comments": [("joe", "2024-02-01", "+1")],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"state": "CLOSED", "stateReason": "COMPLETED"}, ("done", "o/r#12", None)),
        ({"state": "closed", "stateReason": "NOT_PLANNED"}, ("done", "o/r#12", "not planned")),
        ({"url": "https://ghe.corp/o/r/issues/12"}, ("backlog", "ghe.corp/o/r#12", None)),
        ({"url": None}, ("backlog", "#12", None)),
        (
            {"url": "https://api.x/1", "html_url": "https://github.com/a/b/issues/12"},
            ("backlog", "a/b#12", None),
        ),
    ],
)
def test_state_and_address_of_an_issue(change: dict[str, Any], wanted: tuple[str, str, str | None]) -> None:
    [found] = github.read([("item 1", GITHUB_ISSUE | change)])
    assert isinstance(found, Item)
    assert (found.state, found.key, dict(found.facts).get("closed as")) == wanted


@pytest.mark.parametrize(
    ("issue", "reason"),
    [
        ({"title": "no number"}, "unreadable"),
        ({"number": True, "title": "x"}, "unreadable"),
        ({"number": 1, "title": " "}, "unreadable"),
        ({"number": 1, "title": ["x"]}, "unreadable"),
        ({"number": 1, "title": "x", "url": "https://github.com/o/r/pull/1"}, "pull_request"),
        ({"number": 1, "title": "x", "pull_request": {}}, "pull_request"),
    ],
)
def test_what_is_no_issue_is_told_apart(issue: dict[str, Any], reason: str) -> None:
    [found] = github.read([("item 1", issue)])
    assert isinstance(found, Skip)
    assert (found.where, found.reason) == ("item 1", reason)


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.integers() | st.text(max_size=5), max_size=3)
)
ODD_OBJECTS = ODD | st.lists(
    st.dictionaries(st.sampled_from(["login", "name", "type", "text"]), ODD), max_size=2
)
KEYS = [
    "number", "title", "body", "state", "labels", "assignees", "author", "milestone", "url", "comments", "id",
    "status", "priority", "issue_type", "assignee", "dependencies", "description", "created_by", "other",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), ODD_OBJECTS))
def test_values_of_the_wrong_type_are_as_if_they_were_not_there(data: dict[str, Any]) -> None:
    for tool in (github, beads):
        [found] = tool.read([("line 1", data)])
        assert isinstance(found, Item | Skip)
        if isinstance(found, Item):
            found.markdown().encode("utf-8", "surrogatepass")


def test_an_issue_of_beads_becomes_an_item() -> None:
    issue = {
        "id": "bd-2", "title": "Add: a flag", "description": "Why.\r\n", "design": "How.",
        "acceptance_criteria": "- it works", "notes": "", "status": "in_progress", "priority": 0,
        "issue_type": "feature", "assignee": "alice", "labels": ["UI"], "created_at": "2025-01-01",
        "created_by": "bo", "estimated_minutes": 30, "external_ref": "gh-9", "content_hash": "abc", "due_at": None,
        "dependencies": [
            {"issue_id": "bd-2", "depends_on_id": "bd-1", "type": "blocks"},
            {"issue_id": "bd-2", "depends_on_id": "bd-0", "type": "parent-child"},
            {"issue_id": "bd-2", "depends_on_id": "bd-5", "type": "duplicates"},
        ],
        "comments": [{"id": 1, "author": "eve", "text": "Hm.", "created_at": "2025-02-01"}],
    }  # fmt: skip
    [found] = beads.read([("line 1", issue)])
    assert as_data(found) == {
        "where": "line 1", "kind": "beads", "key": "bd-2", "title": "Add: a flag", "state": "in_progress",
        "priority": "p0", "labels": ["feature", "ui"], "assignee": "human:alice", "author": "human:bo",
        "body": "Why.\r\n\n\n## Design\n\nHow.\n\n## Acceptance criteria\n\n- it works\n".replace("\r\n\n", "\n"),
        "blocked_by": ["bd-1"],
        "facts": [
            ("part of", "bd-0"), ("duplicates", "bd-5"), ("created at", "2025-01-01"),
            ("estimated minutes", "30"), ("external ref", "gh-9"),
        ],
        "comments": [("eve", "2025-02-01", "Hm.")],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "state", "facts"),
    [
        ("open", "ready", []),
        ("", "ready", []),
        ("blocked", "blocked", []),
        ("closed", "done", []),
        ("deferred", "backlog", [("status", "deferred")]),
        ("pinned", "backlog", [("status", "pinned")]),
        ("hooked", "in_progress", [("status", "hooked")]),
        ("on fire", "backlog", [("status", "on fire")]),
    ],
)
def test_a_status_of_beads(status: str, state: str, facts: list[tuple[str, str]]) -> None:
    [found] = beads.read([("line 1", {"id": "bd-1", "title": "T", "status": status})])
    assert isinstance(found, Item)
    assert (found.state, found.facts) == (state, facts)


def test_a_tombstone_of_beads_is_left_out() -> None:
    [found] = beads.read([("line 1", {"id": "bd-1", "title": "T", "status": "tombstone"})])
    assert isinstance(found, Skip)
    assert found.as_data() == {"where": "line 1", "reason": "deleted", "message": "bd-1 was deleted there"}


TK_FILE = """\
---
id: nw-5c46
status: open
deps: [nw-0001, nw-0002]
links: [nw-9]
created: 2026-01-25T19:12:09Z
type: bug
priority: 4
assignee: Steve Macbeth
external-ref: gh-123
parent: nw-0001  # an epic
tags: [ui, Back End]
---
# ls: what is the best

Description.

# Not the title
"""


def read_tk(text: str) -> Item | Skip:
    """Reads one file of tk's."""
    [found] = tk.read([("a.md", *markdown.read(text.encode(), read_full))])
    return found


def test_a_ticket_of_tk_becomes_an_item() -> None:
    assert as_data(read_tk(TK_FILE)) == {
        "where": "a.md", "kind": "tk", "key": "nw-5c46", "title": "ls: what is the best", "state": "ready",
        "priority": "p3", "labels": ["bug", "ui", "back-end"], "assignee": "human:steve-macbeth",
        "body": "\nDescription.\n\n# Not the title\n", "blocked_by": ["nw-0001", "nw-0002"],
        "facts": [
            ("priority", "4"), ("links", "nw-9"), ("created", "2026-01-25T19:12:09Z"),
            ("external ref", "gh-123"), ("parent", "nw-0001"),
        ],
    }  # fmt: skip


def test_front_matter_that_is_no_yaml_is_read_line_by_line() -> None:
    odd = TK_FILE.replace("Steve Macbeth", "@Steve Macbeth").replace("\n", "\r\n")
    assert as_data(read_tk(odd)) == as_data(read_tk(TK_FILE))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("in_progress", "in_progress"),
        ("closed", "done"),
        ("needs_testing", "in_progress"),
        ("odd", "backlog"),
    ],
)
def test_a_status_of_tk(status: str, state: str) -> None:
    found = read_tk(TK_FILE.replace("status: open", f"status: {status}"))
    assert isinstance(found, Item)
    assert found.state == state


def test_a_ticket_of_tk_without_a_heading_is_called_by_its_id() -> None:
    found = read_tk(TK_FILE.replace("# ls: what is the best", "Just text."))
    assert isinstance(found, Item)
    assert (found.title, found.body[:10]) == ("nw-5c46", "Just text.")


@pytest.mark.parametrize(
    "text", ["---\ntitle: x\n---\n", "---\nid: a\n---\n", "---\nid:\nstatus: open\n---\n"]
)
def test_a_file_that_is_no_ticket_of_tk_is_told_apart(text: str) -> None:
    assert isinstance(read_tk(text), Skip)


@given(
    st.binary(max_size=200)
    | st.text(max_size=80).map(lambda text: f"---\n{text}\n---\n".encode("utf-8", "replace"))
)
def test_no_file_raises_anything_but_a_format_error(data: bytes) -> None:
    try:
        fields, body = markdown.read(data, read_full)
    except FormatError:
        return
    for tool in (tk, backlog):
        [found] = tool.read([("a.md", fields, body)])
        assert isinstance(found, Item | Skip)


BACKLOG_FILE = """\
---
id: BACK-2
title: 'Align docs: CLI'
status: In Progress
assignee:
  - '@codex'
  - bo
reporter: eve
created_date: '2026-04-25 21:01'
labels:
  - docs
  - Web UI
dependencies:
  - back-1
references:
  - src/cli.ts
priority: high
ordinal: 155000
parent_task_id: BACK-1
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
Text. <!-- kept -->
<!-- SECTION:DESCRIPTION:END -->
"""


def read_backlog(text: str) -> Item | Skip:
    """Reads one file of Backlog.md's."""
    [found] = backlog.read([("a.md", *markdown.read(text.encode(), read_full))])
    return found


def test_a_task_of_backlog_becomes_an_item() -> None:
    assert as_data(read_backlog(BACKLOG_FILE)) == {
        "where": "a.md", "kind": "backlog", "key": "BACK-2", "title": "Align docs: CLI", "state": "in_progress",
        "priority": "p1", "labels": ["docs", "web-ui"], "assignee": "human:codex", "author": "human:eve",
        "body": "\n## Description\n\nText. <!-- kept -->\n", "blocked_by": ["BACK-1"],
        "facts": [
            ("also assigned", "bo"), ("created date", "2026-04-25 21:01"), ("references", "src/cli.ts"),
            ("parent task id", "BACK-1"),
        ],
    }  # fmt: skip


def test_names_with_an_at_sign_need_no_quotes() -> None:
    odd = BACKLOG_FILE.replace("assignee:\n  - '@codex'\n  - bo", "assignee: [@codex, bo]")
    assert as_data(read_backlog(odd)) == as_data(read_backlog(BACKLOG_FILE))


@pytest.mark.parametrize(
    ("status", "state", "facts"),
    [
        ("To Do", "ready", []),
        ("in_progress", "in_progress", []),
        ("Done", "done", []),
        ("Draft", "backlog", []),
        ("Blocked", "blocked", []),
        ("In Review", "in_progress", [("status", "In Review")]),
        ("Waiting for legal", "backlog", [("status", "Waiting for legal")]),
    ],
)
def test_a_status_of_backlog(status: str, state: str, facts: list[tuple[str, str]]) -> None:
    text = f"---\nid: task-1\ntitle: T\nstatus: {status}\n---\n"
    found = read_backlog(text)
    assert isinstance(found, Item)
    assert (found.key, found.state, found.facts) == ("TASK-1", state, facts)


@pytest.mark.parametrize(
    "text", ["---\nid: a\ntitle: x\n---\n", "---\nid: a\ntitle: ''\nstatus: Done\n---\n"]
)
def test_a_file_that_is_no_task_is_told_apart(text: str) -> None:
    assert isinstance(read_backlog(text), Skip)
