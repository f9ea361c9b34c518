"""What Git says when it fails, as errors with a next step. On the hot path."""

from __future__ import annotations

from counterfoil.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.ports import Completed


def index_error(message: str) -> HostError:
    """Returns the error for an index that cannot be prepared."""
    return HostError(
        "commit_failed", message, "check the repository's owner and the free space", committed=False
    )


def _words(result: Completed) -> str:
    text = (result.stderr or result.stdout).decode("utf-8", "replace").strip()
    return text or f"git ended with status {result.status} and said nothing"


def git_error(step: str, result: Completed) -> HostError:
    """Returns the error for a Git command that failed, with its own words."""
    words = _words(result)
    return HostError(
        "io_error", f"git {step} failed: {words.splitlines()[0]}", reason=words[-2000:], step=step
    )


_DISK_WORDS = ("unable to write", "unable to create", "insufficient permission", "No space", "too large")
"""In these words Git tells that the disk, and not the signing program, kept it from writing a commit."""


def commit_error(result: Completed) -> HostError:
    """Returns the error for a commit that did not come about, telling who can put it right as `kind`."""
    words = _words(result)
    first = words.splitlines()[0]
    kind, hint = "git", "mend what Git says, then run the command again, or add --no-commit"
    if "ignored by one of your .gitignore" in words:
        kind, hint = "ignored", "remove .tickets from the ignore file, or work with --no-commit"
    elif "tell me who you are" in words or "empty ident" in words or "identity unknown" in words:
        kind, hint = "identity", 'git config user.name "Your Name" && git config user.email you@example.com'
        first = "Git does not know who you are"
    elif "failed to write commit object" in words and not any(word in words for word in _DISK_WORDS):
        kind, hint = "signing", "check user.signingKey, or add --no-commit"
    elif result.status == 1:
        kind, hint = "hook", "mend what the hook says, then run the command again, or add --no-commit"
        first = f"a hook refused the commit: {first}"
    return HostError("commit_failed", first, hint, committed=False, kind=kind, reason=words[-2000:])
