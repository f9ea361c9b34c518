"""How much one request may say (gate.md, "Actions"). Lengths are in characters, sizes in bytes."""

from __future__ import annotations

TITLE = 200
BODY = 10_000
COMMENT = 5_000
ARTIFACTS = 20
"""In one proposal."""
REQUEST = 1024 * 1024
"""Bytes of one payload in canonical form, which is what a request may have."""
BATCH = 100
"""Actions in one `ticket.batch`."""
LABELS = 50
RELATIONS = 200
REASON = 2_000
"""Of a proposal, and the note of a decision."""
