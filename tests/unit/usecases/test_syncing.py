"""What a sync tells of a Git that failed."""

from __future__ import annotations

import pytest

from counterfoil.adapters.process import Result
from counterfoil.usecases.rebasing import git_failed


@pytest.mark.parametrize(
    ("stdout", "stderr", "reason"),
    [
        (b"", b"Warning: added a host key\nfatal: unable to access the remote\n", "fatal: unable to access the remote"),
        (b"To origin\n!\tmain:main\t[remote rejected] (hook declined)\nDone\n", b"", "!\tmain:main\t[remote rejected] (hook declined)"),
        (b"", b"something unusual\n", "something unusual"),
        (b"", b"", "git ended with status 128"),
        (b"\xff", b"", "\ufffd"),
    ],
)  # fmt: skip
def test_the_most_telling_line_stands_in_the_message(stdout: bytes, stderr: bytes, reason: str) -> None:
    error = git_failed("git could not push", Result(128, stdout, stderr), "push")
    assert (error.code, error.message) == ("io_error", f"git could not push: {reason}")
    assert (error.fields["step"], "ticket sync" in error.hint) == ("push", True)
