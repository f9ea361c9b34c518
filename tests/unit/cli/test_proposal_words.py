"""Proposals in words: eighty columns, nothing hidden, what a person needs in order to decide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.cli.proposal_scene import NOW_MS, TICKET, proposal, seen, vote

from counterfoil.cli.answers import what_became
from counterfoil.cli.failure import exit_status
from counterfoil.cli.layout import columns_of
from counterfoil.cli.proposal_words import (
    ago,
    demand_words,
    headline,
    inbox_lines,
    list_lines,
    page_lines,
    payload_diff,
    span,
    state_words,
)
from counterfoil.gate.action import Flag, Shown
from counterfoil.usecases.eligible import urgency

GOLDEN = Path(__file__).parents[2] / "golden"
DIFF = Shown(
    "diff",
    "--- a/x.md\n+++ b/x.md\n@@ -1,2 +1,2 @@\n title: Fix\n-state: in_progress\n+state: done\n",
    (
        Flag("bidi", ".github/workflows/ci.yml", 3, "a character that turns the direction of text: \\u202e"),
        Flag("ci", ".github/workflows/ci.yml", 0, "runs on the forge, with what the forge gives it"),
    ),
)


def golden(name: str, lines: list[str]) -> None:
    """Compares lines with a golden file."""
    assert "\n".join(lines) + "\n" == (GOLDEN / name).read_text("utf-8")


def waiting() -> list[Any]:
    """Returns three proposals that wait."""
    return [
        seen(),
        seen(name="P-1ZB3F8DW00000000", risk="high", action="policy.change", payload={"text": "rules: []"}, tickets=[],
             actor="agent:codex", reason="", at="2026-11-18T10:00:00.000Z"),
        seen(name="P-A5X7WNK500000000", risk="high", action="change.promote", at="2026-11-16T10:00:00.000Z",
             payload={"source": "feature", "target": "refs/heads/main", "ticket": TICKET},
             demands={"quorum": 2, "require": "signed", "separation": ["author", "session"]}, votes=(vote(),)),
    ]  # fmt: skip


def test_the_inbox_looks_as_it_did() -> None:
    found = sorted(waiting(), key=lambda each: urgency(each.proposal))
    golden("inbox-80.txt", inbox_lines(found))
    golden("inbox-80-colour.txt", inbox_lines(found, colours=True))


def test_the_page_looks_as_it_did() -> None:
    older = seen(
        proposal("P-0000000000000000", status="superseded", payload={"ticket": TICKET, "state": "blocked"})
    )
    one = seen(
        risk="high", remote=True, via="mcp", model="opus", session="abcdef123456", supersedes="P-0000000000000000",
        demands={"quorum": 2, "require": "signed-hardware", "separation": ["author", "model"],
                 "approvers": ["human:ada", "human:grace"]},
        votes=(vote(note="fine by me"),),
    )  # fmt: skip
    golden("proposal-80.txt", page_lines(one, DIFF, [older]))
    golden("proposal-80-colour.txt", page_lines(one, DIFF, [older], colours=True))


def test_a_list_has_a_line_for_each() -> None:
    golden("proposals-80.txt", list_lines(waiting()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "move TK-01ARZ3ND to done"),
        ({"action": "ticket.create", "payload": {"title": "Sell  shoes"}}, "create “Sell shoes”"),
        ({"action": "ticket.edit", "payload": {"ticket": TICKET, "title": "x", "labels": []}},
         "edit TK-01ARZ3ND: title, labels"),
        ({"action": "ticket.assign", "payload": {"assignee": None}}, "assign TK-01ARZ3ND to nobody"),
        ({"action": "ticket.comment", "payload": {"text": "x"}}, "comment on TK-01ARZ3ND"),
        ({"action": "ticket.respond", "payload": {"position": "agree"}}, "respond to TK-01ARZ3ND: agree"),
        ({"action": "artifact.attach", "payload": {}}, "attach to TK-01ARZ3ND"),
        ({"action": "deploy.run", "payload": {"name": "web"}, "tickets": []}, "deploy.run “web”"),
        ({"action": "tool.run", "payload": {"tool": "Bash", "command": "git push"}}, "run Bash: git push"),
        ({"action": "tool.run", "payload": {"tool": "Write", "input": "{}", "paths": ["infra/x", "y"]}},
         "run Write: infra/x, y"),
        ({"action": "tool.run", "payload": {"tool": "Bash", "command": "x" * 61}}, f"run Bash: {'x' * 59}…"),
        ({"payload": None}, "ticket.move (what was said is not here)"),
    ],
)  # fmt: skip
def test_a_headline_says_what_is_to_be_done(changes: dict[str, Any], words: str) -> None:
    assert headline(seen(**changes)) == words


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"status": "applied", "effect": {"commit": "1a2b3c4d5e"}}, None, 0),
        ({"status": "rejected", "closed": {"by": "human:ada", "reason": "no"}}, "rejected", 9),
        ({"status": "expired"}, "expired", 9),
        ({"status": "withdrawn", "closed": {"by": "agent:claude", "reason": "no"}}, "withdrawn", 9),
        ({"status": "superseded", "closed": {"by": "P-1ZB3F8DW00000000"}}, "superseded", 10),
        ({"status": "stale", "closed": {"moved": [["x", "a", "b"]]}}, "stale", 10),
        ({"status": "failed", "effect": {"reason": "io_error", "message": "disk full"}}, "effect_failed", 12),
        ({"status": "pending"}, "pending", 10),
        ({"status": "approved"}, "pending", 10),
        ({"status": "applying"}, "pending", 10),
    ],
)
def test_each_status_has_its_answer(changes: dict[str, Any], code: str | None, status: int) -> None:
    error = what_became(seen(**changes))
    assert (error.code if error else None, exit_status(error) if error else 0) == (code, status)
    if error is not None:
        assert {"proposal", "status", "digest"} <= set(error.fields)
        assert error.hint


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 s"), (-5, "0 s"), (45_000, "45 s"), (60_000, "1 min"), (3_599_000, "1 h"), (7_200_000, "2 h"),
        (86_400_000 - 60_000, "1 d"), (7 * 86_400_000 - 5_000, "7 d"), (6 * 86_400_000 + 3_600_000, "6 d"),
    ],
)  # fmt: skip
def test_a_length_of_time_has_one_unit(ms: int, words: str) -> None:
    assert span(ms) == words


def test_a_time_that_cannot_be_read_is_shown_as_it_is() -> None:
    assert ago("soon\x1b", NOW_MS) == "soon\\u001b"


def test_what_an_approval_needs_is_said() -> None:
    assert demand_words(seen()) == "one person; not agent:claude"
    nobody = {"quorum": 2, "require": "signed", "approvers": [], "separation": []}
    assert demand_words(seen(demands=nobody)) == "2 people (0 so far), with a signature; only nobody"


def test_what_differs_between_versions_is_a_diff_of_the_payloads() -> None:
    older = seen(payload={"ticket": TICKET, "state": "blocked"})
    changed = payload_diff(older, seen())
    assert '  -  "state": "blocked",' in changed
    assert '  +  "state": "done",' in changed
    assert payload_diff(older, older) == []


TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
WILD = st.fixed_dictionaries(
    {
        "actor": TEXTS, "reason": TEXTS, "action": TEXTS, "risk": TEXTS, "via": TEXTS, "model": TEXTS, "session": TEXTS,
        "reasons": st.lists(TEXTS, max_size=2), "payload": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "ruling": st.fixed_dictionaries({"rule": TEXTS, "policy": TEXTS}), "expires_at": TEXTS,
        "status": st.sampled_from(["pending", "applied", "failed", "rejected", "superseded", "stale", "approved"]),
        "closed": st.fixed_dictionaries({"by": TEXTS, "reason": TEXTS}),
        "effect": st.fixed_dictionaries({"message": TEXTS, "commit": TEXTS, "at": TEXTS}),
    }
)  # fmt: skip


@given(WILD, TEXTS)
def test_whatever_is_proposed_no_line_hides_anything_or_is_too_wide(wild: dict[str, Any], title: str) -> None:
    one = seen(title=title, **wild)
    error = what_became(one)
    lines = [*inbox_lines([one]), *list_lines([one]), *page_lines(one, DIFF, [one]), state_words(one)]
    lines += error.message.split("\n") if error and wild["status"] == "pending" else []
    for line in lines:
        assert re.fullmatch(r"[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*", line), line
    for line in [*inbox_lines([one]), *list_lines([one])]:
        assert columns_of(line) <= 80, line
