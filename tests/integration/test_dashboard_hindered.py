"""A change in a browser that the clone does not let through: who is told what, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash

from counterfoil.usecases.spaces import ADMIN, MEMBER

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

HOOK = "#!/bin/sh\necho 'lint: no semicolons in /srv/shop' >&2\nexit 1\n"


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (ADMIN, "a hook of the repository refused the commit: lint: no semicolons in /srv/shop"),
        (MEMBER, "a hook of the repository refused the commit"),
    ],
)
def test_a_hook_that_refuses_is_named_and_its_words_are_told_to_an_admin_alone(
    core_desk: Desk, role: str, words: str
) -> None:
    ticket = core_desk.new("Wash the windows", "--state", "ready")
    core_desk.write(".git/hooks/pre-commit", HOOK).chmod(0o755)

    told = Dash(core_desk, role=role).post(f"/tickets/work/{ticket}/move", 503, state="in_progress")

    assert told["message"] == words
    assert told["hint"] == "mend that in the repository, then do it again"
    assert core_desk.data("show", ticket)["ticket"]["state"] == "ready"


def test_a_rebase_that_is_under_way_is_named_with_the_command_that_goes_on(core_desk: Desk) -> None:
    ticket = core_desk.new("Wash the windows", "--state", "ready")
    (core_desk.path / ".git" / "rebase-merge").mkdir()

    told = Dash(core_desk, role=MEMBER).post(f"/tickets/work/{ticket}/move", 503, state="in_progress")

    assert told["message"] == "a rebase is in progress in the repository"
    assert told["hint"] == "git rebase --continue"


@pytest.mark.parametrize(
    ("role", "words"), [(ADMIN, "…/place cannot be read"), (MEMBER, "the server cannot do this at present")]
)
def test_other_troubles_are_told_to_an_admin_without_where_things_lie_and_to_others_by_their_code(
    core_desk: Desk, monkeypatch: pytest.MonkeyPatch, role: str, words: str
) -> None:
    from counterfoil.errors import HostError
    from counterfoil.web.dashboard.pages import changing

    def broken(*_: object) -> None:
        raise HostError("io_error", "/srv/secret/place cannot be read", "look into /srv/secret")

    monkeypatch.setattr(changing, "proposed", broken)
    ticket = core_desk.new("Wash the windows", "--state", "ready")

    told = Dash(core_desk, role=role).post(f"/tickets/work/{ticket}/move", 503, state="in_progress")

    assert told["message"] == words
    assert "/srv" not in told["message"] + told["hint"]
    assert told["code"] == "io_error"
