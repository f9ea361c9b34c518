"""Merging ticket files field by field: the rules, the conflicts, and what never breaks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from counterfoil.adapters.yaml import read as full
from counterfoil.tickets import document, merge
from counterfoil.tickets.merge import Merged, conflict_fields
from counterfoil.tickets.model import FRONT_MATTER_BYTES

A, B, C = ("01ARZ3NDEKTSV4RRFFQ69G5FA" + letter for letter in "ABC")
BASE = f"""\
---
id: {A}
title: Add paywall
state: ready
priority: p2
labels: [growth, ui]
# who does it
assignee: human:ada
x_ticket:
  relations:
    blocked_by: [{B}]
  source:
    kind: intake
estimate: 3 # days
---

## Problem

One
Two
Three
"""


def lines_merged(base: str, ours: str, theirs: str) -> tuple[str, bool]:
    """A stand-in for the merge of plain lines: whoever changed the text wins, both is a conflict."""
    if theirs in (base, ours):
        return ours, True
    if ours == base:
        return theirs, True
    return f"<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n", False


def merged(base: str | None, ours: str, theirs: str) -> Merged:
    return merge.merge(
        None if base is None else base.encode(),
        ours.encode(),
        theirs.encode(),
        full=full,
        merge_text=lines_merged,
    )


def edited(*changes: tuple[str, str], text: str = BASE) -> str:
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def test_changes_of_different_keys_are_both_taken_line_by_line() -> None:
    ours = edited(
        ("title: Add paywall", "title: 'Add: the paywall' # better"), ("state: ready", "state: in_progress")
    )
    theirs = edited(("priority: p2", "priority: p0  # urgent"), ("Two", "Two and a half"))
    both = edited(
        ("title: Add paywall", "title: 'Add: the paywall' # better"),
        ("state: ready", "state: in_progress"),
        ("priority: p2", "priority: p0  # urgent"),
        ("Two", "Two and a half"),
    )
    assert merged(BASE, ours, theirs) == Merged(both.encode(), True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Add paywall\n", "title: >-\n  Add\n  paywall\n"),
        ("# who does it\n", "# who does it, and\n# until when\n"),
        ("# who does it\nassignee: human:ada\n", ""),
        ("assignee: human:ada\n", "assignee: human:bob\n# and\nreviewer: agent:x\n"),
        ("estimate: 3 # days\n", ""),
        ("estimate: 3 # days\n", "estimate: 3 # days\nsize:\n  - big\n  - bigger\n"),
        ("    kind: intake\n", "    kind: intake\n    id: in_7\n"),
        ("  source:\n    kind: intake\n", ""),
        (f"x_ticket:\n  relations:\n    blocked_by: [{B}]\n  source:\n    kind: intake\n", ""),
        ("labels: [growth, ui]\n", "labels:\n  - ui\n  - growth # first?\n"),
        (f"blocked_by: [{B}]", f"blocks: [{C}]"),
        ("estimate: 3 # days\n---", "estimate: 3 # days\n# the end\n---"),
        ("id: ", "# first\nfirst: 1\nid: "),
    ],
)
def test_what_one_side_changed_comes_over_with_its_layout(old: str, new: str) -> None:
    body = ("Three\n", "Three\nFour\n")
    theirs, both = edited((old, new)), edited((old, new), body)
    assert merged(BASE, edited(body), theirs) == Merged(both.encode(), True)
    assert merged(BASE, theirs, edited(body)) == Merged(both.encode(), True)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "taken"),
    [
        ("ready", "in_progress", "blocked", "in_progress"),
        ("ready", "blocked", "backlog", "blocked"),
        ("in_progress", "done", "ready", "done"),
        ("in_progress", "ready", "blocked", "blocked"),
    ],
)
def test_of_two_states_the_one_further_along_wins(base: str, ours: str, theirs: str, taken: str) -> None:
    texts = [edited(("state: ready", f"state: {state}")) for state in (base, ours, theirs)]
    expected = edited(("state: ready", f"state: {taken}")).encode()
    assert merged(*texts) == Merged(
        expected, True, (f"state: ours is {ours}, theirs is {theirs}; took {taken}, the one further along",)
    )
    assert merged(texts[0], texts[2], texts[1]).data == expected


def test_a_state_that_no_single_move_reaches_is_said_to_be_so() -> None:
    backlog, done = edited(("state: ready", "state: backlog")), edited(("state: ready", "state: done"))
    assert merged(backlog, edited(), done) == Merged(
        done.encode(),
        True,
        (
            "state: ours is ready, theirs is done; took done, the one further along"
            " (no single move leads there from backlog)",
        ),
    )


def test_of_two_priorities_the_more_urgent_one_wins() -> None:
    low, high = edited(("priority: p2", "priority: P3")), edited(("priority: p2", "priority: p1"))
    note = "priority: ours is p3, theirs is p1; took p1, the more urgent one"
    assert merged(BASE, low, high) == Merged(high.encode(), True, (note,))
    assert merged(BASE, high, low).data == high.encode()


def test_labels_and_relations_merge_as_sets() -> None:
    ours = edited(("[growth, ui]", "[growth, api, x]"), (f"blocked_by: [{B}]", f"blocked_by: [{B}, {C}]"))
    theirs = edited(("[growth, ui]", "[API, ui, y]"), (f"blocked_by: [{B}]", f"blocks: [{C}]"))
    result = merged(BASE, ours, theirs)
    ticket = document.read(result.data, full).ticket
    assert (ticket.labels, ticket.blocks, ticket.blocked_by) == (("api", "x", "y"), (C,), (C,))
    assert (result.clean, result.notes) == (True, ())


@pytest.mark.parametrize(
    ("old", "ours", "theirs", "kept", "found"),
    [
        (
            "title: Add paywall\n",
            "title: Ours\n",
            'title: "Théirs\\u2028 \\"#1\\""\n',
            'title: Ours # CONFLICT theirs: "Théirs\\u2028 \\"#1\\""\n',
            ("title", 3, 'Théirs\u2028 "#1"'),
        ),
        (
            "assignee: human:ada\n",
            "assignee: human:bob # I\n",
            "assignee: agent:x\n",
            'assignee: human:bob # I # CONFLICT theirs: "agent:x"\n',
            ("assignee", 8, "agent:x"),
        ),
        (
            "assignee: human:ada\n",
            "assignee: human:bob\n",
            "",
            "assignee: human:bob # CONFLICT theirs: null\n",
            ("assignee", 8, None),
        ),
        (
            "assignee: human:ada\n",
            "",
            "assignee: human:bob\n",
            '# CONFLICT theirs: "assignee: human:bob"\n',
            ("assignee", 8, "assignee: human:bob"),
        ),
        (
            "title: Add paywall\n",
            "title: >-\n  Ours\n  folded\n",
            "title: Theirs\n",
            'title: >- # CONFLICT theirs: "Theirs"\n  Ours\n  folded\n',
            ("title", 3, "Theirs"),
        ),
        (
            "title: Add paywall\n",
            "title: Ours\n  over lines\n",
            "title: Theirs\n",
            'title: Ours\n  over lines # CONFLICT theirs: "Theirs"\n',
            ("title", 4, "Theirs"),
        ),
        (
            "estimate: 3 # days\n",
            "estimate:\n  - 4\n  - 5\n",
            "estimate: {low: 1,\n  high: 9}\n",
            'estimate: # CONFLICT theirs: "estimate: {low: 1,\\n  high: 9}"\n  - 4\n  - 5\n',
            ("estimate", 14, "estimate: {low: 1,\n  high: 9}"),
        ),
        (
            "estimate: 3 # days\n",
            "",
            "estimate:\n- 4\n- 5\n",
            '# CONFLICT theirs: "estimate:\\n- 4\\n- 5"\n',
            ("estimate", 14, "estimate:\n- 4\n- 5"),
        ),
        (
            "    kind: intake\n",
            "    kind: mail\n",
            "    kind: call\n",
            '    kind: mail # CONFLICT theirs: "call"\n',
            ("kind", 13, "call"),
        ),
    ],
)
def test_a_conflict_stays_on_its_line_as_a_comment(
    old: str, ours: str, theirs: str, kept: str, found: tuple[str, int, object]
) -> None:
    result = merged(BASE, edited((old, ours)), edited((old, theirs)))
    assert result.data.decode() == edited((old, kept))
    assert conflict_fields(result.data) == [found]
    assert not result.clean
    assert len(result.notes) == 1
    document.read(result.data, full)


def test_the_same_change_on_both_sides_is_no_conflict_even_in_other_quotes() -> None:
    ours = edited(("title: Add paywall", "title: 'New'"), ("assignee: human:ada", "assignee: Human:bob"))
    theirs = edited(("title: Add paywall", "title: New"), ("assignee: human:ada", "assignee: human:bob"))
    assert merged(BASE, ours, theirs) == Merged(ours.encode(), True)


def test_both_sides_may_add_the_same_file() -> None:
    theirs = edited(("[growth, ui]", "[growth, new]"), ("estimate: 3 # days\n", ""))
    result = merged(None, BASE, theirs)
    assert result == Merged(edited(("[growth, ui]", "[growth, ui, new]")).encode(), True)
    assert merged("", BASE, theirs) == result


def test_a_base_that_is_no_ticket_counts_as_none() -> None:
    theirs = edited(("[growth, ui]", "[growth, new]"))
    assert merged("<<<<<<< broken", BASE, theirs) == merged(None, BASE, theirs)


@pytest.mark.parametrize("crlf_base", [False, True])
def test_the_result_keeps_our_line_ends(crlf_base: bool) -> None:
    theirs = edited(("assignee: human:ada\n", "size: 1\n"), ("Three\n", "Three\nFour\n"))
    ours = edited(("title: Add", "title: Build"))
    both = edited(
        ("title: Add", "title: Build"), ("assignee: human:ada\n", "size: 1\n"), ("Three\n", "Three\nFour\n")
    )
    base = BASE.replace("\n", "\r\n") if crlf_base else BASE
    crlf = merged(base, ours.replace("\n", "\r\n"), theirs)
    assert crlf == Merged(both.replace("\n", "\r\n").encode(), True)
    lf = merged(base, ours, theirs.replace("\n", "\r\n"))
    assert lf == Merged(both.encode(), True)


def test_a_conflict_in_the_body_leaves_the_front_matter_alone() -> None:
    result = merged(BASE, edited(("Two", "Zwei")), edited(("Two", "Deux"), ("p2", "p1")))
    read = document.read(result.data, full)
    assert (read.ticket.priority, result.clean) == ("p1", False)
    assert read.body.startswith("<<<<<<< ours\n")
    assert result.notes == ("body: both sides changed the same lines",)


def git_merge_file(folder: Path, base: str, ours: str, theirs: str) -> tuple[str, bool]:
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_bytes(text.encode())
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=folder, capture_output=True, check=False
    )
    return done.stdout.decode(), done.returncode == 0


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_bodies_merge_as_git_merges_them(tmp_path: Path, line_end: str) -> None:
    def text_merge(base: str, ours: str, theirs: str) -> tuple[str, bool]:
        return git_merge_file(tmp_path, base, ours, theirs)

    ours, theirs = edited(("One\n", "Eins\n")), edited(("Three\n", "Trois\n"))
    result = merge.merge(
        BASE.encode(),
        ours.replace("\n", line_end).encode(),
        theirs.encode(),
        full=full,
        merge_text=text_merge,
    )
    both = edited(("One\n", "Eins\n"), ("Three\n", "Trois\n"))
    assert result == Merged(both.replace("\n", line_end).encode(), True)


@pytest.mark.parametrize("broken", ["no ticket\n", "---\nid: [\n---\n", "---\nid: x\n---\n"])
def test_what_is_no_ticket_merges_as_plain_text_and_says_so(broken: str) -> None:
    for ours, theirs, name in ((broken, BASE, "ours"), (BASE, broken, "theirs")):
        result = merged("base\n", ours, theirs)
        assert (result.data.decode(), result.clean) == lines_merged("base\n", ours, theirs)
        assert len(result.notes) == 1
        assert result.notes[0].startswith("file: merged as plain text")
        assert f"({name}: " in result.notes[0]


@pytest.mark.parametrize("binary", [b"\xff\xfe", b"---\0\n"])
def test_what_is_not_even_text_keeps_ours(binary: bytes) -> None:
    theirs = BASE.encode()
    result = merge.merge(b"", binary, theirs, full=full, merge_text=lines_merged)
    assert (result.data, result.clean) == (binary, False)


def test_front_matter_in_flow_style_is_kept_with_theirs_in_a_comment() -> None:
    head = BASE.split("---\n")[1]
    ours = edited((head, f"{{id: {A}, title: Add paywall, state: done, priority: p2, labels: []}}\n"))
    theirs = edited(("estimate: 3 # days", "extra: 4"), ("Two", "Deux"))
    result = merged(BASE, ours, theirs)
    comment = theirs.split("\n---\n")[0].removeprefix("---\n").replace("\n", "\\n")
    expected = edited(("\n---\n", f'\n# CONFLICT theirs: "{comment}"\n---\n'), ("Two", "Deux"), text=ours)
    assert result == Merged(
        expected.encode(),
        False,
        (
            "front matter: it is written in a way that only a person can merge; ours is kept, "
            "theirs stands in a comment",
        ),
    )


def test_an_alias_whose_anchor_is_not_taken_is_not_taken_either() -> None:
    base = edited(("estimate: 3 # days", "estimate: 3\nagain: 3"))
    ours = edited(("estimate: 3", "estimate: 5"), text=base)
    theirs = edited(("estimate: 3\nagain: 3", "estimate: &e 4\nagain: *e"), text=base)
    result = merged(base, ours, theirs)
    assert document.read(result.data, full).frontmatter() == document.read(ours.encode(), full).frontmatter()
    assert not result.clean
    assert conflict_fields(result.data) == [("again", 16, theirs.split("\n---\n")[0].removeprefix("---\n"))]


def test_an_alias_in_the_same_words_takes_the_new_meaning() -> None:
    base = edited(("estimate: 3 # days", "estimate: &e 3\nagain: *e"))
    theirs = edited(("&e 3", "&e 4"), text=base)
    both = edited(("Add", "Build"), text=theirs)
    assert merged(base, edited(("Add", "Build"), text=base), theirs) == Merged(both.encode(), True)


def test_an_alias_that_would_come_to_mean_something_else_is_not_taken() -> None:
    base = edited(("estimate: 3 # days", "estimate: &e 3\nagain: 1"))
    ours = edited(("&e 3", "&e 5"), text=base)
    result = merged(base, ours, edited(("again: 1", "again: *e"), text=base))
    assert document.read(result.data, full).frontmatter() == document.read(ours.encode(), full).frontmatter()
    assert (result.clean, len(conflict_fields(result.data))) == (False, 1)


def test_an_alias_whose_meaning_we_changed_is_a_change_of_ours() -> None:
    base = edited(("estimate: 3 # days", "estimate: &e 3\nagain: *e"))
    result = merged(base, edited(("&e 3", "&e 4"), text=base), edited(("again: *e", "again: 7"), text=base))
    expected = edited(("&e 3", "&e 4"), ("again: *e", 'again: *e # CONFLICT theirs: "7"'), text=base)
    assert (result.data.decode(), result.clean) == (expected, False)


def test_a_comment_that_we_removed_does_not_come_back_with_their_new_key() -> None:
    ours = edited(("# who does it\n", ""))
    theirs = edited(("# who does it\n", "# who does it\n# new\nsize: 1\n"))
    assert merged(BASE, ours, theirs) == Merged(
        edited(("# who does it\n", "# new\nsize: 1\n")).encode(), True
    )


def test_front_matter_too_large_to_stand_beside_another_is_kept_alone() -> None:
    head = BASE.split("---\n")[1]
    ours = edited((head, f"{{id: {A}, title: T, state: done, priority: p2, labels: []}}\n"))
    theirs = edited(("estimate: 3 # days", f"extra: {'9' * (FRONT_MATTER_BYTES - len(head))}"))
    assert merged(BASE, ours, theirs) == Merged(
        ours.encode(),
        False,
        ("front matter: it is written in a way that only a person can merge; ours is kept",),
    )


def test_only_true_comments_with_a_value_are_conflicts() -> None:
    text = edited(
        ("title: Add paywall", "title: 'about # CONFLICT theirs: \"x\"'"),
        ("state: ready", "state: ready # CONFLICT theirs: nothing"),
        ("Two", 'Two # CONFLICT theirs: "x"'),
        ("# who does it", '# CONFLICT theirs: "a" # CONFLICT theirs: null'),
    )
    assert conflict_fields(text.encode()) == [("labels", 7, "a"), ("labels", 7, None)]
    assert conflict_fields(BASE.encode()) == []
    assert conflict_fields(b"\xff\n# CONFLICT theirs: [[") == []
