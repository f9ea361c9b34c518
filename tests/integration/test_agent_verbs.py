"""`ticket agent`, `ticket person` and `ticket source` as a person types them."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from integration.terminal_scene import sit_at

from counterfoil.gate import token

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk

ME = "human:test-person"
MAKE = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f")
TOKEN = re.compile(r"^cf_claude_[0-9a-z]{8}\.[A-Za-z0-9_-]{43}$", re.M)


@pytest.fixture(name="key")
def make_key(tmp_path: Path) -> Path:
    """A public key."""
    subprocess.run([*MAKE, str(tmp_path / "key")], check=True)
    return tmp_path / "key.pub"


def fingerprint(key: Path) -> str:
    """Returns the fingerprint that OpenSSH prints."""
    answer = subprocess.run(["ssh-keygen", "-lf", str(key)], capture_output=True, text=True, check=True)
    return answer.stdout.split()[1]


def test_an_agent_is_added_and_its_token_shown_once(desk: Desk) -> None:
    said = desk.say("agent", "add", "claude", "--expires", "30d")
    first, second = said.out.splitlines()[:2]
    assert re.fullmatch(rf"Registered agent:claude, owned by {ME}, until \d{{4}}-\d\d-\d\d\.", first)
    assert second == "Its token, shown this once:"
    (shown,) = TOKEN.findall(said.out)
    assert token.parse(shown) is not None
    assert "nobody can show it again" in said.err
    assert shown.partition(".")[2] not in said.err + desk.say("agent", "show", "claude").out


def test_with_q_nothing_but_the_token_is_printed(desk: Desk) -> None:
    said = desk.say("agent", "add", "claude", "-q")
    assert (TOKEN.fullmatch(said.out.strip()) is not None, said.err) == (True, "")


def test_the_table_tells_who_may_do_what_until_when(desk: Desk) -> None:
    day = f"{datetime.now(UTC) + timedelta(days=400):%Y-%m-%d}"
    desk.say("agent", "add", "claude", "--scope", "read", "--scope", "ticket.*", "--expires", day)
    desk.say("agent", "add", "builder", "--space", "web", "--expires", "never", "--owner", "human:morgan")
    desk.say("person", "revoke", "morgan", "--reason", "left")
    lines = [re.split(r" {2,}", line) for line in desk.say("agent").out.splitlines()]
    default = "read ticket.* artifact.attach spend.record pull.link"
    assert lines == [
        ["AGENT", "STATE", "OWNER", "EXPIRES", "LAST USED", "SCOPES"],
        ["agent:builder", "frozen", "human:morgan", "never", "never", f"{default} in web"],
        ["agent:claude", "live", ME, day, "never", "read ticket.*"],
    ]
    assert "State     frozen: its owner was revoked" in desk.say("agent", "show", "builder").out


def test_a_key_is_rotated_with_an_overlap_and_withdrawn_by_its_id(desk: Desk) -> None:
    first = desk.data("agent", "add", "claude")["key"]
    said = desk.say("agent", "rotate", "claude", "--overlap", "24h").out.splitlines()[0]
    assert re.fullmatch(r"Rotated the key of agent:claude; the old token counts until \S+ \S+ UTC\.", said)
    assert [key["state"] for key in desk.data("agent", "show", "claude")["agent"]["keys"]] == ["live", "live"]
    desk.say("agent", "revoke", "claude", "--key", first[:4], "--reason", "was in a log")
    assert [key["state"] for key in desk.data("agent", "show", "claude")["agent"]["keys"]] == [
        "revoked",
        "live",
    ]
    assert desk.say("agent", "rotate", "claude").out.startswith(
        "Rotated the key of agent:claude; the old token has ended."
    )


def test_an_agent_is_changed_and_revoked(desk: Desk) -> None:
    desk.say("agent", "add", "claude")
    changed = desk.data(
        "agent", "change", "claude", "--scope", "read", "--model", "local", "--expires", "never"
    )
    agent = changed["agent"]
    assert (agent["scopes"], agent["model"], agent["expires_at"], agent["spaces"]) == (
        ["read"],
        "local",
        None,
        ["*"],
    )
    assert desk.error("agent", "change", "claude", status=2)["code"] == "usage"
    assert desk.error("agent", "revoke", "claude", status=2)["code"] == "reason_missing"
    assert (
        desk.say("agent", "revoke", "claude", "--reason", "done").out
        == "Revoked agent:claude; it counts no more\n"
    )
    assert desk.data("agent", "list")["agents"][0]["reason"] == "done"
    assert desk.error("agent", "add", "claude", status=10)["code"] == "principal_revoked"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("agent", "show", "nobody"), 4, "principal_not_found"),
        (("agent", "rotate", "nobody"), 4, "principal_not_found"),
        (("agent", "add", "Bad Name"), 2, "invalid_actor"),
        (("agent", "add", "claude", "--expires", "soon"), 2, "usage"),
        (("agent", "add", "claude", "--expires", "2020-01-01"), 2, "usage"),
        (("agent", "add", "claude", "--expires", "9999999d"), 2, "usage"),
        (("agent", "add", "claude", "--expires", "9999-12-31"), 2, "usage"),
        (("agent", "add", "claude", "--scope", "a b"), 2, "invalid_scope"),
        (("agent", "add", "claude", "--space", "/etc"), 2, "invalid_scope"),
        (("agent", "rotate", "claude", "--overlap", "31d"), 2, "usage"),
        (("person", "add", "morgan", "--key", "missing.pub"), 12, "io_error"),
        (("source", "add", "x", "--kind", "gitlab"), 2, "usage"),
        (("source", "show", "x"), 4, "principal_not_found"),
    ],
)
def test_what_cannot_be_done_says_why(desk: Desk, words: tuple[str, ...], status: int, code: str) -> None:
    assert desk.error(*words, status=status)["code"] == code


def test_where_nobody_is_registered_the_lists_are_empty(core_desk: Desk) -> None:
    for verb, name in (("agent", "agents"), ("person", "people"), ("source", "sources")):
        assert core_desk.data(verb) == {name: []}
        assert core_desk.say(verb).out == ""
    assert core_desk.data("person", "signers") == {"allowed_signers": ""}
    assert core_desk.error("agent", "show", "claude", status=4)["code"] == "ledger_not_found"


def test_a_person_is_added_with_a_key_that_openssh_knows(desk: Desk, key: Path, tmp_path: Path) -> None:
    said = sit_at(desk, "person", "add", "morgan", "--key", str(key), "--key-name", "laptop")
    assert said.out == f"Registered human:morgan with {fingerprint(key)}\n"
    subprocess.run([*MAKE, str(tmp_path / "other")], check=True)
    sit_at(desk, "person", "add", "robin", "--key", str(tmp_path / "other.pub"))
    shown = desk.data("person", "show", "morgan")["person"]
    assert [(each["id"], each["name"]) for each in shown["keys"]] == [(fingerprint(key), "laptop")]
    signers = desk.say("person", "signers").out.splitlines()
    assert [line.split()[0] for line in signers] == ["human:morgan", "human:robin"]
    desk.say("person", "revoke", "morgan", "--reason", "lost", "--key", fingerprint(key)[:12])
    assert desk.say("person").out.splitlines()[1].split()[-1] == "none"


def test_a_key_that_nobody_vouches_for_lets_nobody_decide(desk: Desk, key: Path, tmp_path: Path) -> None:
    words = ("person", "add", "morgan", "--key", str(key))
    for more in ((), ("--ci",)):
        error = desk.error(*words, *more, status=9)
        assert error["code"] == "needs_terminal"
    assert "needs_terminal" in sit_at(desk, *words, "--ci", "--json", status=9).out
    assert desk.data("person")["people"] == []
    desk.say("person", "add", "morgan")  # without a key, it gives nothing
    subprocess.run([*MAKE, str(tmp_path / "mine")], check=True)
    desk.git("config", "ticket.signingKey", str(tmp_path / "mine"))
    assert desk.error(*words, status=9)["code"] == "needs_terminal"
    sit_at(desk, "person", "add", ME, "--key", str(tmp_path / "mine.pub"))
    added = desk.data("person", "add", "morgan", "--key", "-", stdin=key.read_text("utf-8"))["person"]
    assert [each["id"] for each in added["keys"]] == [fingerprint(key)]
    desk.say("ledger", "verify")


def test_a_private_key_is_not_taken_for_a_public_one(desk: Desk, key: Path) -> None:
    error = desk.error("person", "add", "morgan", "--key", str(key.with_suffix("")), status=2)
    assert error["code"] == "invalid_ssh_key"
    assert key.with_suffix("").read_text("utf-8").splitlines()[1] not in f"{error}"


def test_a_source_shows_a_secret_that_was_made_and_none_that_was_given(desk: Desk) -> None:
    said = desk.say("source", "add", "github", "--kind", "github")
    assert said.out.splitlines()[:2] == [
        f"Registered source:github, owned by {ME}",
        "Its secret, shown this once:",
    ]
    assert "/api/v1/webhooks/github" in said.err
    given = "a secret of theirs, not ours"
    desk.write("secret.txt", given + "\n")
    answer = desk.say("source", "add", "theirs", "--kind", "github", "--secret", "secret.txt")
    assert (answer.out, given in answer.err) == (f"Registered source:theirs, owned by {ME}\n", False)
    assert (
        desk.error("source", "rotate", "github", "--secret", "-", stdin=given, status=2)["code"]
        == "secret_in_use"
    )
    desk.say("source", "revoke", "theirs", "--reason", "switched off")
    states = [(each["actor"], each["state"]) for each in desk.data("source")["sources"]]
    assert states == [("source:github", "live"), ("source:theirs", "revoked")]


def test_our_own_token_is_refused_in_a_ticket(desk: Desk) -> None:
    shown = desk.data("agent", "add", "claude")["token"]
    error = desk.error("new", "Fix login", "--body", f"call it with {shown}", status=7)
    assert error["code"] == "secret_found"
    assert shown.partition(".")[2] not in f"{error}"


def test_whoever_is_frozen_is_told_so_and_not_to_ask_policy(desk: Desk) -> None:
    ticket = desk.new("T", "--actor", "human:ada")
    desk.say("agent", "add", "claude", "--actor", "human:ada")
    desk.say("agent", "revoke", "claude", "--reason", "left", "--actor", "human:ada")
    for words in (("edit", ticket, "--label", "+x"), ("move", ticket, "ready")):
        error = desk.envelope(*words, "--actor", "agent:claude", status=9)["error"]
        assert (error["code"], error["message"]) == ("refused", "agent:claude is frozen: revoked")
        assert error["hint"] == "ask a person: ticket agent show agent:claude"
