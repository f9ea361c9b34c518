"""The one table from error codes to exit statuses (cli.md, "Exit status"). On the hot path."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.errors import CounterfoilError

INTERNAL = 1
USAGE = 2
EXIT_STATUS: dict[str, int] = {
    "internal": INTERNAL,
    "not_initialized": 3,
    "foreign_layout": 3,
    "ambiguous_id": 5,
    "invalid_transition": 6,
    "validation_failed": 7,
    "invalid_ticket": 7,
    "invalid_policy": 7,
    "unpatchable": 7,
    "secret_found": 7,
    "unsafe_path": 7,
    "too_large": 7,
    "unsupported_format": 7,
    "newer_ledger": 7,
    "newer_receipts": 7,
    "not_git_repo": 8,
    "refused": 9,
    "needs_approval": 9,
    "needs_terminal": 9,
    "role_refused": 9,
    "rate_limited": 9,
    "session_stale": 9,
    "signed_out": 9,
    "csrf_refused": 9,
    "session_unproven": 9,
    "signature_required": 9,
    "self_approval": 9,
    "unauthenticated": 9,
    "rejected": 9,
    "expired": 9,
    "withdrawn": 9,
    "conflict": 10,
    "claimed": 10,
    "stale": 10,
    "not_seen": 10,
    "version_conflict": 10,
    "precondition_failed": 10,
    "key_in_use": 10,
    "key_reused": 10,
    "stream_exists": 10,
    "copies_differ": 10,
    "key_lost": 10,
    "proposal_closed": 10,
    "proposal_erased": 10,
    "digest_differs": 10,
    "superseded": 10,
    "pending": 10,
    "frozen": 10,
    "rights_lost": 10,
    "other_project": 10,
    "elsewhere": 10,
    "basis_edited": 10,
    "uncommitted_edits": 10,
    "policy_differs": 10,
    "merge_conflict": 10,
    "principal_exists": 10,
    "shown_already": 10,
    "principal_expired": 10,
    "principal_revoked": 10,
    "key_withdrawn": 10,
    "second_key": 10,
    "delivery_reused": 10,
    "interrupted": 10,
    "stale_delivery": 10,
    "integrity": 11,
    "ledger_damaged": 11,
    "checkpoint_differs": 11,
    "signature_differs": 11,
    "proof_differs": 11,
    "key_damaged": 11,
    "artifact_damaged": 11,
    "key_exposed": 12,
    "io_error": 12,
    "ledger_unavailable": 12,
    "views_lost": 12,
    "sessions_unavailable": 12,
    "commit_failed": 12,
    "lock_timeout": 12,
    "server_busy": 12,
    "missing_extra": 12,
    "artifact_differs": 12,
    "not_counterfoil": 12,
    "unreachable": 12,
    "effect_failed": 12,
    "begun_elsewhere": 12,
    "not_here": 12,
    "hook_changed": 12,
    "action_failed": 12,
    "command_failed": 12,
    "delivery_failed": 12,
    "not_sent": 12,
    "delivery_refused": 12,
    "secret_missing": 12,
    "signing_failed": 12,
    "key_unusable": 12,
    "agent_unreachable": 12,
    "forge_lost": 12,
    "forge_unavailable": 12,
}
"""Codes that end in `_not_found` are 4; every other code of a wrong input is 2."""


def exit_status(error: CounterfoilError) -> int:
    """Returns the exit status for an error."""
    status = EXIT_STATUS.get(error.code)
    if status is not None:
        return status
    return 4 if error.code.endswith("_not_found") and error.code != "template_not_found" else USAGE


def as_data(error: CounterfoilError) -> dict[str, object]:
    """Returns an error as the envelope's `error` object."""
    data: dict[str, object] = {"code": error.code, "message": error.message, "details": error.fields}
    if error.hint:
        data["hint"] = error.hint
    return data
