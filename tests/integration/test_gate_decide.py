"""`ticket inbox`, `approve` and `reject`: a person sees exactly what would change, and answers."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, GRACE, approved, asked, shown, state, urgent
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk

POLICY = "version: 1\nmerge_policy: {}\nrules: []\n"


def make_key(desk: Desk, file: Path) -> Path:
    """Makes an SSH key with which the clone's settings sign, and returns its public half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    desk.git("config", "ticket.signingKey", f"{file}.pub")
    return file.with_name(f"{file.name}.pub")


@pytest.fixture
def signing_key(desk: Desk, tmp_path: Path) -> Path:
    """Returns the public half of a key that signs, and that is registered for Ada."""
    public = make_key(desk, tmp_path / "id_ed25519")
    sit_at(desk, "person", "add", ADA, "--key", str(public), "--actor", ADA)
    return public


def risky(desk: Desk) -> str:
    """Lets the agent propose something of high risk and returns the proposal."""
    found: str = desk.data("propose", "policy.change", "--set", f"text={POLICY}", "--actor", AGENT)[
        "proposal"
    ]["id"]
    return found


# --- the inbox ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [("inbox",), ("proposal", "list"), ("policy",), ("why", "TICKET")], ids=" ".join
)
def test_whoever_looks_is_told_that_the_ledger_is_gone(desk: Desk, words: tuple[str, ...]) -> None:
    ticket = urgent(desk)
    (desk.path / ".git" / "counterfoil").rename(desk.path / ".git" / "elsewhere")
    assert "ledger_lost" in desk.codes(*[word.replace("TICKET", ticket) for word in words])


def test_an_empty_inbox_teaches_the_next_command(desk: Desk) -> None:
    said = desk.say("inbox", "--actor", ADA)
    assert said.out == "Nothing waits for you.\n"
    assert "ticket proposal list" in said.err
    said = desk.say("inbox", "--actor", AGENT)
    assert "agents propose and wait, people decide" in said.err


def test_the_riskiest_comes_first_and_of_these_the_oldest(desk: Desk) -> None:
    one, two = asked(desk, "One"), asked(desk, "Two")
    high = risky(desk)
    assert [each["id"] for each in desk.data("inbox", "--actor", ADA)["proposals"]] == [
        high, one.proposal, two.proposal,
    ]  # fmt: skip
    lines = desk.say("inbox", "--actor", ADA, "-n", "1").out.splitlines()
    assert lines[0].startswith(f"{high[:10]}  high    policy.change")
    assert f"{AGENT} gives no reason" in lines[1]
    assert all(len(line) <= 80 for line in lines)


def test_what_one_wrote_oneself_waits_for_others(desk: Desk) -> None:
    data = desk.data("propose", "policy.change", "--set", f"text={POLICY}", "--actor", ADA)
    if data["status"] != "pending":
        pytest.skip("policy lets people change the policy at once")
    assert desk.data("inbox", "--actor", ADA)["total"] == 0
    found = desk.data("inbox", "--actor", GRACE)
    assert [(each["id"], each["yours"]) for each in found["proposals"]] == [(data["proposal"]["id"], True)]
    others = desk.data("inbox", "--all", "--actor", ADA)
    assert [(each["id"], each["yours"]) for each in others["proposals"]] == [(data["proposal"]["id"], False)]
    assert "waits for others" in desk.say("inbox", "--actor", ADA).err


def test_what_is_decided_leaves_the_inbox(desk: Desk) -> None:
    made = asked(desk)
    approved(desk, made.proposal)
    assert desk.data("inbox", "--all", "--actor", ADA)["total"] == 0


# --- what is shown --------------------------------------------------------------------------------


def test_the_page_shows_the_change_as_it_will_be_made(desk: Desk) -> None:
    made = asked(desk, "Fix login", "--reason", "All criteria are met")
    said = desk.say("proposal", "show", made.proposal, "--actor", ADA)
    assert said.out.splitlines()[0] == f"{made.proposal}  pending, expires in 7 d"
    for line in (
        "  -state: in_progress",
        "  +state: done",
        f"Digest     {made.digest}",
        "Needs      one person; not agent:claude",
    ):
        assert line in said.out.splitlines()
    assert "Because    All criteria are met" in said.out
    assert (
        said.err.splitlines()[0] == f"next: ticket approve {made.proposal[:10]} --digest {made.digest[:12]}"
    )
    approved(desk, made.proposal)
    after = desk.say("proposal", "show", made.proposal).out
    assert after.splitlines()[0].startswith(
        f"{made.proposal}  applied as commit {desk.git('rev-parse', 'HEAD')[:9]}"
    )
    assert "  +state: done" in after.splitlines(), "what was approved can be seen afterwards"


def test_what_cannot_be_seen_is_written_out_and_named(desk: Desk) -> None:
    ticket = urgent(desk)
    data = desk.data(
        "propose",
        "ticket.edit",
        "--set",
        f"ticket={ticket}",
        "--set",
        "body=safe \u202e elif\u200b",
        "--actor",
        AGENT,
    )
    page = desk.say("proposal", "show", data["proposal"]["id"]).out
    assert "\u202e" not in page
    assert "\u200b" not in page
    assert "\\u202e" in page
    assert "Look twice: " in page


def test_a_hostile_reason_moves_no_cursor(desk: Desk) -> None:
    made = asked(desk, "Fix login", "--reason", "fine\x1b[2J\x1b]0;owned\x07")
    for words in (
        ("inbox",),
        ("proposal", "show", made.proposal),
        ("proposal", "list"),
        ("why", made.proposal),
    ):
        said = desk.say(*words, "--actor", ADA)
        assert "\x1b" not in said.out + said.err
        assert "\x07" not in said.out + said.err


# --- approving ------------------------------------------------------------------------------------


def test_at_a_terminal_the_change_is_shown_and_yes_is_typed(desk: Desk) -> None:
    made = asked(desk)
    screen = sit_at(
        desk,
        "approve",
        made.proposal[:8],
        "--actor",
        ADA,
        typed="y\n",
        prompt=f"approve {made.proposal[:10]}? [y/N] ",
    ).out
    assert "+state: done" in screen
    assert f"Approved {made.proposal[:10]}: move TK-{made.ticket[:8]} to done" in screen
    assert f"commit {desk.git('rev-parse', 'HEAD')[:9]}; receipt " in screen
    assert state(desk, made.ticket) == "done"
    body = desk.git("log", "-1", "--format=%B")
    assert f"Ticket-Approved-By: {ADA} {shown(desk, made.proposal)['votes'][0]['receipt']}" in body
    assert f"Ticket-Actor: {AGENT}" in body


@pytest.mark.parametrize("typed", ["n\n", "\n", "yes please\n"])
def test_anything_but_yes_approves_nothing(desk: Desk, typed: str) -> None:
    made = asked(desk)
    screen = sit_at(
        desk, "approve", made.proposal, "--actor", ADA, typed=typed, prompt="[y/N] ", status=2
    ).out
    assert "nothing was approved" in screen
    assert shown(desk, made.proposal)["status"] == "pending"


@pytest.mark.parametrize("option", ["--json", "--ci"])
def test_at_a_terminal_nothing_is_approved_unread(desk: Desk, option: str) -> None:
    made = asked(desk)
    screen = sit_at(desk, "approve", made.proposal, option, "--actor", ADA, status=9).out
    assert "a decision needs a terminal" in screen
    assert shown(desk, made.proposal)["status"] == "pending"
    sit_at(desk, "approve", made.proposal, option, "--yes", "--actor", ADA)
    assert state(desk, made.ticket) == "done"


def test_without_a_terminal_and_without_a_key_nobody_decides(desk: Desk) -> None:
    made = asked(desk)
    for words in (
        ("approve", made.proposal),
        ("approve", made.proposal, "--yes"),
        ("reject", made.proposal, "--note", "no"),
    ):
        error = desk.envelope(*words, "--actor", ADA, status=9)["error"]
        assert error["code"] == "needs_terminal"
        assert "ssh-add" in error["hint"]
        assert "--sign" in error["hint"]
    assert shown(desk, made.proposal)["status"] == "pending"
    error = desk.error("approve", made.proposal, "--sign", "--actor", ADA, status=9)
    assert error["code"] == "signature_required"


@pytest.mark.usefixtures("signing_key")
def test_a_signature_stands_for_a_terminal(desk: Desk) -> None:
    made = asked(desk)
    data = desk.data(
        "approve", made.proposal, "--digest", made.digest[:8], "--note", "read it", "--actor", ADA
    )
    (decision,) = data["decisions"]
    assert (decision["status"], decision["assurance"], data["verdict"]) == ("applied", "signed", "approve")
    assert decision["proposal"]["votes"][0]["note"] == "read it"
    assert "BEGIN" not in str(data), "no key in an answer"
    assert desk.data("ledger", "verify")["findings"] == []


def test_a_first_key_counts_at_a_terminal_only_and_no_other_after_it(desk: Desk, tmp_path: Path) -> None:
    make_key(desk, tmp_path / "first")
    one, two = asked(desk, "One"), asked(desk, "Two")
    error = desk.error("approve", one.proposal, "--sign", "--actor", ADA, status=9)
    assert error["code"] == "needs_terminal"
    approved(desk, one.proposal)
    assert shown(desk, one.proposal)["votes"][0]["assurance"] == "signed"
    make_key(desk, tmp_path / "second")
    error = desk.error("approve", two.proposal, "--sign", "--actor", ADA, status=9)
    assert error["code"] == "signature_required"
    assert shown(desk, two.proposal)["status"] == "pending"


@pytest.mark.usefixtures("signing_key")
def test_no_sign_leaves_the_key_alone(desk: Desk) -> None:
    made = asked(desk)
    approved(desk, made.proposal, "--no-sign")
    assert shown(desk, made.proposal)["votes"][0]["assurance"] == "unverified"
    error = desk.error("approve", made.proposal, "--sign", "--no-sign", "--actor", ADA, status=2)
    assert error["code"] == "usage"


@pytest.mark.usefixtures("signing_key")
@pytest.mark.parametrize("actor", [AGENT, "agent:other"])
@pytest.mark.parametrize("verdict", [("approve",), ("reject", "--note", "no")])
def test_no_agent_decides_at_a_terminal_or_with_a_key(
    desk: Desk, actor: str, verdict: tuple[str, ...]
) -> None:
    made = asked(desk)
    verb, *more = verdict
    error = desk.error(verb, made.proposal, *more, "--actor", actor, status=9)
    assert (error["code"], error["details"]["reason"]) == ("refused", "not_a_person")
    sit_at(
        desk,
        verb,
        made.proposal,
        *more,
        *(["--yes"] if verb == "approve" else []),
        "--actor",
        actor,
        status=9,
    )
    assert shown(desk, made.proposal)["status"] == "pending"
    assert state(desk, made.ticket) == "in_progress"


def test_a_digest_that_differs_approves_nothing(desk: Desk) -> None:
    made = asked(desk)
    wrong = ("0" if made.digest[0] != "0" else "1") + made.digest[1:]
    for verb, more in (("approve", ()), ("reject", ("--note", "no"))):
        error = desk.error(verb, made.proposal, *more, "--digest", wrong, "--actor", ADA, status=10)
        assert (error["code"], error["details"]["given"]) == ("digest_differs", wrong)
    assert (
        desk.error("approve", made.proposal, "--digest", made.digest[:7], "--actor", ADA, status=2)["code"]
        == "usage"
    )
    approved(desk, made.proposal, "--digest", made.digest[:8])


def test_approving_a_stale_proposal_asks_again(desk: Desk) -> None:
    made = asked(desk)
    desk.say("edit", made.ticket, "--title", "Another", "--actor", ADA)
    head = desk.git("rev-parse", "HEAD")
    screen = approved(desk, made.proposal, status=10).out
    assert "stale" in screen or "rests on" in screen
    assert desk.git("rev-parse", "HEAD") == head
    again = desk.envelope("done", made.ticket, "--actor", AGENT, status=9)["error"]["details"]["proposal"]
    assert again != made.proposal


def test_reject_after_approve_and_approve_after_reject_are_refused(desk: Desk) -> None:
    one, two = asked(desk, "One"), asked(desk, "Two")
    approved(desk, one.proposal)
    sit_at(desk, "reject", one.proposal, "--note", "too late", "--actor", GRACE, status=10)
    sit_at(desk, "reject", two.proposal, "--note", "no tests", "--actor", ADA)
    approved(desk, two.proposal, by=GRACE, status=10)
    assert [shown(desk, each.proposal)["status"] for each in (one, two)] == ["applied", "rejected"]


def test_several_alike_of_low_risk_are_approved_at_once(desk: Desk) -> None:
    made = [asked(desk, title) for title in ("One", "Two", "Three")]
    screen = sit_at(
        desk, "approve", *[each.proposal for each in made], "--actor", ADA, typed="y\n",
        prompt="approve these 3 proposals? [y/N] ",
    ).out  # fmt: skip
    assert screen.count("+state: done") == 3
    assert screen.count("Approved P-") == 3
    assert {state(desk, each.ticket) for each in made} == {"done"}


def test_what_is_not_alike_or_of_more_risk_is_approved_one_by_one(desk: Desk) -> None:
    made = asked(desk)
    first, second = risky(desk), desk.data(
        "propose", "policy.change", "--set", f"text=# other\n{POLICY}", "--actor", AGENT
    )["proposal"]["id"]  # fmt: skip
    for names in ((made.proposal, first), (first, second)):
        assert desk.error("approve", *names, "--actor", ADA, status=2)["code"] == "usage"
    error = desk.error("approve", made.proposal, first, "--digest", made.digest, "--actor", ADA, status=2)
    assert error["code"] == "usage"


# --- rejecting ------------------------------------------------------------------------------------


def test_a_rejection_needs_a_reason_which_the_agent_receives(desk: Desk) -> None:
    made = asked(desk)
    error = desk.error("reject", made.proposal, "--actor", ADA, status=2)
    assert error == {"code": "usage", "details": {"missing": "note"}}
    screen = sit_at(
        desk, "reject", made.proposal, "--actor", ADA, typed="No tests.\n", prompt="why not? "
    ).out
    assert f"Rejected {made.proposal[:10]}" in screen
    waited = desk.error("proposal", "wait", made.proposal, "--timeout", "0", "--actor", AGENT, status=9)
    assert (waited["code"], waited["details"]["by"], waited["details"]["reason"]) == (
        "rejected",
        ADA,
        "No tests.",
    )
    again = desk.error("done", made.ticket, "--actor", AGENT, status=9)
    assert again["code"] in {"refused", "needs_approval"}


# --- editing --------------------------------------------------------------------------------------


def test_an_edited_proposal_is_one_of_the_editor_s_own_and_the_first_stays(desk: Desk) -> None:
    made = asked(desk)
    desk.write("../better.sh", '#!/bin/sh\nsed -i \'s/"done"/"blocked"/\' "$1"\n').chmod(0o755)
    editor = str(desk.path.parent / "better.sh")
    screen = sit_at(desk, "approve", made.proposal, "--edit", "--actor", ADA, EDITOR=editor).out
    assert "Applied P-" in screen
    assert state(desk, made.ticket) == "blocked"
    first = shown(desk, made.proposal)
    assert (first["status"], first["payload"]["state"], first["actor"]) == ("superseded", "done", AGENT)
    second = shown(desk, first["closed"]["by"])
    assert (second["actor"], second["payload"]["state"], second["supersedes"]) == (
        ADA,
        "blocked",
        made.proposal,
    )


def test_an_edit_that_cannot_be_used_is_kept(desk: Desk) -> None:
    made = asked(desk)
    desk.write("../worse.sh", '#!/bin/sh\necho "{" > "$1"\n').chmod(0o755)
    screen = sit_at(
        desk,
        "approve",
        made.proposal,
        "--edit",
        "--actor",
        ADA,
        status=2,
        EDITOR=str(desk.path.parent / "worse.sh"),
    ).out
    assert "your text is kept in " in screen
    assert shown(desk, made.proposal)["status"] == "pending"
    assert (
        desk.error("approve", made.proposal, "--edit", "--actor", ADA, status=2)["code"]
        == "ci_mode_not_supported"
    )


def test_nothing_becomes_of_what_was_erased(desk: Desk) -> None:
    one = asked(desk)
    receipt = shown(desk, one.proposal)["receipt"]
    desk.say("ledger", "gc", "--erase", receipt, "--reason", "names a customer", "--yes", "--actor", ADA)
    for words in (("--digest", one.digest), ()):
        assert "was erased from the ledger" in approved(desk, one.proposal, *words, status=10).out
    assert (
        desk.error("proposal", "withdraw", one.proposal, "--actor", AGENT, status=10)["code"]
        == "proposal_erased"
    )
    assert state(desk, one.ticket) == "in_progress"


def test_what_cannot_come_about_any_more_stays_readable(desk: Desk) -> None:
    one = asked(desk)
    desk.change(f".tickets/tickets/{one.ticket}.md", "state: in_progress", "state: blocked")
    desk.git("commit", "-aqm", "by hand")
    assert approved(desk, one.proposal, status=10)
    page = desk.say("proposal", "show", one.proposal).out
    assert "cannot be shown as it was" in page
    assert '"state": "done"' in page
    assert one.ticket in page
