"""Artifacts by their digest: files that somebody attached, kept in the clone's own folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError, IntegrityError
from counterfoil.gate import redact
from counterfoil.kernel.digest import sha256_hex

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

FOLDER = "artifacts/sha256"
LIMIT = 16 * 1024 * 1024
"""Bytes of one artifact."""
FINDINGS = 20
"""So many places of secrets are told."""
HEX = frozenset("0123456789abcdef")


def put(context: Context, data: bytes) -> str:
    """Keeps a file and returns its SHA-256 in hexadecimal; what is kept already is not written again.

    Text is searched for secrets, by whichever route it comes; what is no UTF-8 is kept as it is.

    Raises:
        InputError: `too_large`, `secret_found`.
        HostError: `io_error`.
    """
    if len(data) > LIMIT:
        message = f"the artifact has {len(data):,} bytes, and {LIMIT:,} are the limit"
        raise InputError("too_large", message, "attach a link to it", size=len(data), limit=LIMIT)
    _refuse_secrets(data)
    digest = sha256_hex(data)
    if not is_kept(context, digest):
        context.state.make_folder(f"{FOLDER}/{digest[:2]}")
        context.state.replace(_path(digest), data, private=True)
    return digest


def _refuse_secrets(data: bytes) -> None:
    try:
        found = redact.scan(data.decode())
    except UnicodeDecodeError:
        return
    if found:
        first = found[0]
        raise InputError(
            "secret_found",
            f"line {first.line}, column {first.column} of the file looks like a secret ({first.rule})",
            "take it out and revoke it if it is real; a file keeps its bytes, so --redact masks nothing in it",
            findings=[
                {"rule": item.rule, "line": item.line, "column": item.column} for item in found[:FINDINGS]
            ],
            count=len(found),
        )


def get(context: Context, digest: str) -> bytes:
    """Returns an artifact's bytes, which are checked.

    Raises:
        InputError: `artifact_not_found`.
        IntegrityError: `artifact_damaged`.
    """
    data = context.state.read(_path(digest), LIMIT + 1) if _is_digest(digest) else None
    if data is None:
        raise _missing(digest)
    if sha256_hex(data) != digest:
        message = f"the artifact {digest[:16]}… is not what it was when it was attached"
        hint = f"restore {context.state.path(_path(digest))} from a backup, or attach the file again"
        raise IntegrityError("artifact_damaged", message, hint, sha256=digest)
    return data


def is_kept(context: Context, digest: str) -> bool:
    """Tells whether an artifact is here and sound."""
    data = context.state.read(_path(digest), LIMIT + 1) if _is_digest(digest) else None
    return data is not None and sha256_hex(data) == digest


def require_stored(context: Context, artifacts: Sequence[Mapping[str, Any]]) -> None:
    """Checks that every file that is attached by its digest is here.

    Raises:
        InputError: `artifact_not_found`.
        IntegrityError: `artifact_damaged`.
    """
    for artifact in artifacts:
        if artifact["kind"] in ("file", "manifest"):
            data = get(context, artifact["sha256"])
            if artifact.get("size", len(data)) != len(data):
                message = f"{artifact['sha256'][:16]}… has {len(data):,} bytes, and not {artifact['size']:,}"
                raise InputError(
                    "artifact_mismatch", message, "give the size that it has", sha256=artifact["sha256"]
                )


def _is_digest(text: str) -> bool:
    return len(text) == 64 and HEX.issuperset(text)


def _path(digest: str) -> str:
    return f"{FOLDER}/{digest[:2]}/{digest}"


def _missing(digest: str) -> InputError:
    shown = digest if _is_digest(digest) else "of that name"
    hint = "store the file first: ticket attach ID PATH, or POST /api/v1/artifacts"
    return InputError("artifact_not_found", f"no artifact {shown} is kept here", hint, sha256=shown)
