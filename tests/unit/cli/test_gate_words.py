"""The receipts of the gate in words; a body that is not as it should be is told field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cli import gate_words
from counterfoil.cli.receipt_words import tell
from counterfoil.gate import events

DIGEST = "3f9c02ab46da15a5202ab969ec5fb098a5ba7adff310b612593cdf8c8f357d2b"


@pytest.mark.parametrize(
    ("kind", "body", "lines"),
    [
        (events.OPENED, {"action": "ticket.move", "risk": "low", "reason": "", "ruling": {"ruling": "ask", "rule": "r/1"}},
         ["proposed ticket.move (low risk)", "a person has to answer: r/1"]),
        (events.APPROVED, {"digest": DIGEST, "assurance": "signed", "note": "fine"},
         ["approved (signed), digest 3f9c02ab46da", "“fine”"]),
        (events.REJECTED, {"digest": DIGEST, "assurance": "unverified", "note": "a\nb\nc\nd"},
         ["rejected (unverified), digest 3f9c02ab46da", "a", "b", "c", "…"]),
        (events.WITHDRAWN, {"reason": ""}, ["withdrawn"]),
        (events.SUPERSEDED, {"by": "P-7Q2K9M4XW1ZB3F8D"}, ["superseded by P-7Q2K9M4X"]),
        (events.EXPIRED, {"expires_at": "x"}, ["expired: nobody answered in time, which means no"]),
        (events.STALE, {"moved": [["a.md", "1", "2"]]}, ["stale: a.md was changed by somebody else"]),
        (events.EFFECT_APPLIED, {"commit": "1a2b3c4d5e6f"}, ["carried out as commit 1a2b3c4d5"]),
        (events.EFFECT_FAILED, {"reason": "io_error", "message": "disk full"}, ["failed: disk full"]),
        (events.REFUSED, {"action": "ticket.move", "reason": "policy", "ruling": {"rule": "r/1"}},
         ["refused: ticket.move (policy), r/1"]),
        (events.COMMENTED, {"text": "Hello\x1b"}, ["commented", "“Hello\\u001b”"]),
        (events.RESPONDED, {"position": "propose", "text": "x"}, ["proposes something else", "“x”"]),
        (events.ATTACHED, {"artifact": {"kind": "file", "name": "a.txt", "size": 1200, "sha256": DIGEST}, "grade": "claimed"},
         ["attached a.txt, 1,200 bytes", "sha256 3f9c02ab46da (claimed)"]),
        (events.SPENT, {"amount": "1.20", "currency": "EUR", "model": "opus", "input_tokens": 1200, "grade": "self-reported"},
         ["spent 1.20 EUR (opus, 1,200 tokens in, self-reported)"]),
        (events.LINKED, {"url": "https://example.org/1", "title": "PR"}, ["linked https://example.org/1: PR"]),
        (events.COMMENTED, {"words": "x"}, ["words: x"]),
        (events.COMMENTED, None, ["commented; what was said is not here (erased or withheld)"]),
    ],
)  # fmt: skip
def test_a_receipt_says_what_happened(kind: str, body: dict[str, Any] | None, lines: list[str]) -> None:
    assert tell(kind, body) == lines


@given(
    st.sampled_from(sorted(gate_words.WORDS)),
    st.dictionaries(
        st.sampled_from(["text", "position", "artifact", "amount", "action", "digest", "by", "moved", "ruling", "input_tokens"]),
        st.none() | st.integers() | st.text(max_size=9) | st.lists(st.integers(), max_size=2)
        | st.dictionaries(st.sampled_from(["kind", "url", "text", "sha256"]), st.text(max_size=4) | st.integers()),
        max_size=6,
    ),
)  # fmt: skip
def test_whatever_a_body_holds_it_is_told_in_lines_that_hide_nothing(kind: str, body: dict[str, Any]) -> None:
    lines = tell(kind, body)
    assert lines
    assert all("\x1b" not in line and "\n" not in line for line in lines)
