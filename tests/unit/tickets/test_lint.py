"""Everything that can be said about a ticket file, with its place, in each tier."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.adapters.yaml import read as full
from counterfoil.gate.redact import personal, scan
from counterfoil.tickets.frontmatter import FormatError
from counterfoil.tickets.lint import ADVICE, CODES, QUALITY_ONLY, TIERS, check, lint
from counterfoil.tickets.model import FILE_BYTES, FRONT_MATTER_BYTES, Diagnostic

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
OTHER = "01BX5ZZKBKACTAV9WEVGEMMVRZ"
PATH = f".tickets/tickets/{ULID}.md"
GOOD = f"""\
---
id: {ULID}
title: Add user authentication
state: ready
priority: p1
labels: [security, mvp]
assignee: agent:openclaw
---

## Problem

Users cannot log in; see ticket://github.com/pwa-bot/myapp/01ARZ3ND.
"""
SECRET = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQrS5tU7vW9xY1zA3b"
CONFLICT = "<<<<<<< HEAD\nstate: ready\n=======\nstate: done\n>>>>>>> other\n"


def findings(text: str | bytes, tier: str = "quality", stem: str = ULID) -> list[tuple[str, str, int, int]]:
    data = text if isinstance(text, bytes) else text.encode()
    said = lint(data, PATH, stem, full=full, tier=tier, secrets=scan, personal=personal)[1]
    return [(item.severity, item.code, item.line, item.column) for item in said]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


SAMPLES: dict[str, tuple[str | bytes, int, int]] = {
    "encoding": (GOOD.encode().replace(b"authent", b"auth\xffent"), 3, 21),
    "bom": ("\ufeff" + GOOD, 1, 1),
    "nul": (changed("Users", "Us\0ers"), 12, 3),
    "too_large": (changed("ready", "ready\nnote: " + "x" * FRONT_MATTER_BYTES), 2, 1),
    "no_front_matter": ("# Notes\n", 1, 1),
    "unclosed": ("---\nid: x\n", 3, 1),
    "tab": (changed("state: ready", "state:\tready"), 4, 7),
    "control_character": (changed("Add user", "Add \x07user"), 3, 12),
    "carriage_return": (changed("Add user", "Add\ruser"), 3, 11),
    "yaml": (changed("[security, mvp]", "[security, mvp"), 7, 9),
    "duplicate_key": (changed("state: ready", "state: ready\nstate: done"), 5, 1),
    "tag": (changed("state: ready", "state: !!str ready"), 4, 8),
    "document_marker": (changed("state: ready", "...\nstate: ready"), 4, 1),
    "too_deep": (changed("state: ready", "state: ready\nx: " + "[" * 40 + "]" * 40), 5, 35),
    "too_many_aliases": (changed("state: ready", "a: &a x\nb: [" + ", ".join(["*a"] * 65) + "]"), 5, 261),
    "recursive_alias": (changed("state: ready", "a: &a [*a]"), 4, 8),
    "undefined_alias": (changed("state: ready", "a: *b"), 4, 4),
    "complex_key": (changed("state: ready", "? [a, b]\n: c"), 4, 3),
    "key_type": (changed("state: ready", "1: ready"), 4, 1),
    "not_a_mapping": ("---\n- id\n---\n", 2, 1),
    "conflict_marker": (GOOD + CONFLICT, 13, 1),
    "missing_field": (changed("state: ready\n", ""), 2, 1),
    "wrong_type": (changed("[security, mvp]", "security"), 6, 9),
    "invalid_id": (changed(ULID, "TK-1"), 2, 5),
    "id_mismatch": (changed(ULID, OTHER), 2, 5),
    "empty_title": (changed("Add user authentication", "'  '"), 3, 8),
    "invalid_state": (changed("ready", "waiting"), 4, 8),
    "invalid_priority": (changed("p1", "high"), 5, 11),
    "missing_labels": (changed("labels: [security, mvp]\n", ""), 2, 1),
    "invalid_actor": (changed("agent:openclaw", "openclaw"), 7, 11),
    "stored_date": (changed("state: ready", "created_at: 2026-02-16\nstate: ready"), 4, 1),
    "secret": (GOOD + f"The key is {SECRET}\n", 13, 12),
    "relation_shape": (changed("---\n\n", "x_ticket:\n  relations:\n    blocks: 7\n---\n\n"), 10, 13),
    "self_relation": (
        changed("---\n\n", f"x_ticket:\n  relations:\n    blocked_by: [{OTHER}, {ULID}]\n---\n\n"), 10, 46
    ),
    "not_canonical": (changed("ready", "Ready"), 4, 8),
    "title_too_long": (changed("Add", "Add" * 100), 3, 8),
    "title_line_break": (changed("Add user authentication", '"Add\\nuser"'), 3, 8),
    "label_pattern": (changed("mvp", "a b"), 6, 20),
    "label_case": (changed("mvp", "MVP"), 6, 20),
    "label_duplicate": (changed("mvp", "security"), 6, 20),
    "malformed_link": (changed("pwa-bot/myapp/01ARZ3ND", "!"), 12, 26),
    "personal_data": (GOOD + "Reported by jane@corp.io\n", 13, 13),
}  # fmt: skip


def test_a_good_ticket_has_nothing_to_say_in_any_tier() -> None:
    assert [findings(GOOD, tier) for tier in TIERS] == [[], [], []]
    document, said = lint(GOOD.encode(), PATH, ULID, full=full)
    assert document is not None
    assert (document.ticket.title, said) == ("Add user authentication", [])


@pytest.mark.parametrize("code", [code for code in CODES if code != "lowercase_id"])
def test_each_code_is_said_once_at_its_place_in_the_tiers_that_it_belongs_to(code: str) -> None:
    text, line, column = SAMPLES[code]
    severity = CODES[code][0]
    strict = severity if code in ADVICE else "error"
    assert findings(text) == [(severity, code, line, column)]
    assert findings(text, "strict") == [(strict, code, line, column)]
    assert findings(text, "integrity") == ([] if code in QUALITY_ONLY else [("error", code, line, column)])


def test_an_id_in_lower_case_is_a_warning_when_the_file_is_named_alike() -> None:
    lower = GOOD.replace(ULID, ULID.lower(), 1)
    assert findings(lower, stem=ULID.lower()) == [("warning", "lowercase_id", 2, 5)]
    assert findings(lower) == [("error", "id_mismatch", 2, 5)]


def test_all_faults_of_the_fields_are_told_not_only_the_first() -> None:
    text = f"---\nid: {OTHER}\ntitle: ''\nstate: [x]\nlabels: {{}}\nreviewer: Bob\nupdated_at: 1\n---\n"
    assert findings(text) == [
        ("error", "missing_field", 2, 1),
        ("error", "id_mismatch", 2, 5),
        ("error", "empty_title", 3, 8),
        ("error", "wrong_type", 4, 8),
        ("error", "wrong_type", 5, 9),
        ("error", "invalid_actor", 6, 11),
        ("error", "stored_date", 7, 1),
    ]


def test_a_conflict_in_the_front_matter_is_called_a_conflict_and_no_yaml_error() -> None:
    assert findings(changed("state: ready\n", CONFLICT)) == [("error", "conflict_marker", 4, 1)]


@pytest.mark.parametrize(
    "example",
    [
        "    <<<<<<< HEAD\n    =======\n    >>>>>>> other\n",
        "Title\n=======\n",
        "<<<<<<< HEAD\n",
        "text <<<<<<< HEAD\n=======\n>>>>>>> other\n",
    ],
)
def test_what_only_resembles_a_conflict_is_none(example: str) -> None:
    assert findings(GOOD + example) == []


def test_the_whole_diagnostic_names_file_problem_and_next_command() -> None:
    said = lint(changed("agent:openclaw", "Agent:openclaw").encode(), PATH, ULID, full=full)[1]
    assert said == [
        Diagnostic(
            "not_canonical",
            "warning",
            PATH,
            "assignee should be written agent:openclaw, not Agent:openclaw",
            f"run `ticket assign {ULID} human:NAME`",
            7,
            11,
        )
    ]


@pytest.mark.parametrize("code", list(SAMPLES))
def test_every_diagnostic_has_a_hint_and_never_repeats_a_secret(code: str) -> None:
    text = SAMPLES[code][0]
    data = text if isinstance(text, bytes) else text.encode()
    for item in lint(data, PATH, ULID, full=full, secrets=scan, personal=personal)[1]:
        assert item.hint
        assert SECRET not in repr(item.as_data())


def test_secrets_are_found_in_files_that_cannot_be_read_as_tickets() -> None:
    assert findings(f"# Notes\n\n{SECRET}\n") == [
        ("error", "no_front_matter", 1, 1),
        ("error", "secret", 3, 1),
    ]


def test_a_file_beyond_the_limit_is_refused_unread() -> None:
    assert findings(GOOD.encode() + b"x" * FILE_BYTES) == [("error", "too_large", 1, 1)]


def test_unset_optional_fields_and_foreign_extensions_are_no_fault() -> None:
    text = changed(
        "assignee: agent:openclaw\n", "assignee:\nreviewer: ~\nx_ticket: {relations: {relates: 1}}\n"
    )
    assert findings(text) == []


LINES = st.sampled_from(
    [
        *GOOD.splitlines(),
        *CONFLICT.splitlines(),
        "labels:", "- a", "  - B", "state: Ready", "priority: P1", "title: |", "  text", 'note: "a', 'b"', "\t",
        "x_ticket:", "  relations:", f"    blocks: [{ULID}]", "    blocked_by:", "created_at: 1", "# comment", "...",
        "author: human:x", "reviewer: Human:x", "assignee:", "id: x", "password: hunter2", "jane@corp.io", "a: &a [*a]",
    ]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    lines = GOOD.splitlines()
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 1))] = draw(st.lists(LINES, max_size=2))
    data = draw(st.sampled_from(["\n", "\r\n", "\n"])).join(lines).encode()
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.binary(max_size=2)) + data[at:]


@given(st.one_of(st.binary(max_size=200), mutated()), st.sampled_from(TIERS))
def test_whatever_the_bytes_lint_answers_with_known_codes_and_places_inside_of_the_file(
    data: bytes, tier: str
) -> None:
    document, said = lint(data, PATH, ULID, full=full, tier=tier, secrets=scan, personal=personal)
    line_count = data.count(b"\n") + 1
    assert all(item.code in CODES and 0 <= item.line <= line_count + 1 and item.hint for item in said)
    assert document is not None or any(item.severity == "error" for item in said)


@given(mutated(), st.sampled_from(TIERS), st.sampled_from([ULID, ULID.lower(), OTHER]))
def test_the_quick_check_says_the_same_as_the_thorough_one(data: bytes, tier: str, stem: str) -> None:
    document, said = lint(data, PATH, stem, full=full, tier=tier, secrets=scan, personal=personal)
    quick = check(data, PATH, stem, full=full, tier=tier, secrets=scan, personal=personal)
    assert quick == (document.ticket if document else None, said)


def test_every_reason_that_the_reader_documents_is_a_code() -> None:
    reasons = re.findall(r"`(\w+)`", (FormatError.__doc__ or "").partition("line:")[0])
    assert len(reasons) > 20
    assert set(reasons) <= set(CODES)


def test_the_tables_agree_with_each_other() -> None:
    assert set(SAMPLES) | {"lowercase_id"} == set(CODES)
    assert set(CODES) > QUALITY_ONLY > ADVICE
    assert all(severity in ("error", "warning") for severity, _, _ in CODES.values())
