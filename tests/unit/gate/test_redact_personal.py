"""What is warned of as data about people, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.gate.redact import Finding, personal

CHAT = """\
[10:31] Customer: I cannot log in.
[10:32] Agent: Which address do you use?
[10:33] Customer: The old one.
[10:35] Agent: Thank you.
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail jane.doe@corp.co.uk today", [Finding("email", 1, 6)]),
        ("<mailto:jane@corp.io>", [Finding("email", 1, 9)]),
        ("a\nreported by info@163.com.", [Finding("email", 2, 13)]),
        ("call +44 20 7946 0958 now", [Finding("phone", 1, 6)]),
        ("call +442079460958.\n", [Finding("phone", 1, 6)]),
        ("tel:+1-555-123-4567", [Finding("phone", 1, 5)]),
        ("+49 (0)30 1234567", [Finding("phone", 1, 1)]),
        ("(555) 123-4567", [Finding("phone", 1, 1)]),
        ("at 555-123-4567, or", [Finding("phone", 1, 4)]),
        ("![shot](data:image/png;base64,iVBORw0KGgo=)", [Finding("embedded-image", 1, 9)]),
        (f"## Log\n\n{CHAT}", [Finding("transcript", 3, 1)]),
        ("**Customer** (10:31 AM): Hi\n**Agent** (10:32 AM): Hello\n" * 2, [Finding("transcript", 1, 1)]),
        ("Customer: a\nSupport: b\n" * 3, [Finding("transcript", 1, 1)]),
    ],
)
def test_personal_data_is_found_where_it_begins(text: str, expected: list[Finding]) -> None:
    assert personal(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:org/repo.git and ssh://git@github.com/org/repo",
        "deploy@host.corp.io:/var/www, https://jane:x@corp.io/path",
        "npm i left-pad@1.2.3 user@1.2.3 @scope/pkg@4.0.0-rc.beta actions/checkout@v4.1 pkg@latest",
        "python@3.11.alpine image@sha256:abcdef icon@2x.png @app.route @media",
        "12345+jane@users.noreply.github.com noreply@corp.io no-reply@corp.io",
        "jane@example.com jane@mail.example.org root@server.local a@b.test",
        "cafe@ @ @@ a@b a@.com a@b..io a@b.c",
        "version 1.2.3+20130313144700, 2026-02-16, 10:30+01:00, +12, +1000000, C++20 1234567",
        "3f786850e387550fdab836ed7e6dc881de23001b 01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "550e8400-e29b-41d4-a716-446655440000 978-3-16-148410-0 10.0.0.1-10.0.0.255",
        "12-555-123-4567 555-123-45678 x555-123-4567 1555-123-4567-1",
        "@@ -1234567,89 +1234567,89 @@",
        "+10000000 -3 lines, a +  b",
        "Customer: the one who pays.\nAgent: a program.\n",
        "assignee: agent:openclaw\nCustomer: one\nClient: two\nCaller: three\n",
        "customer: 1\nagent: 2\n" * 4,
        "![shot](https://example.com/data:image/x.png)",
    ],
)
def test_what_only_looks_personal_is_left_alone(text: str) -> None:
    assert personal(text) == []


@given(st.text(st.one_of(st.sampled_from("@+-.0123456789ab:( )\n"), st.characters())))
def test_any_text_is_searched_without_an_error(text: str) -> None:
    lines = text.split("\n")
    for finding in personal(text):
        assert 1 <= finding.column <= len(lines[finding.line - 1])


@pytest.mark.parametrize(
    "unit", ["@", "a@", "+", "+1", "1-", "555-123-4567", "data:image/", "Customer: x\nAgent: y\n", "a" * 70]
)
def test_a_megabyte_of_hostile_text_is_searched(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    assert all(finding.line >= 1 for finding in personal(text + "@+Customer"))
