"""`ticket comment`, `respond`, `attach`, `show --discussion`, and how `log` and `trace` tell of the gate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, GRACE, approved, asked
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


def test_a_comment_is_sealed_and_the_file_stays(desk: Desk) -> None:
    ticket = desk.new("T")
    before = desk.state()
    said = desk.say("comment", ticket, "The customer agreed.", "--actor", AGENT)
    assert said.out == f"Commented on TK-{ticket[:8]}\n"
    assert desk.state() == before
    (found,) = desk.data("show", ticket, "--discussion")["discussion"]
    assert (found["kind"], found["actor"], found["said"]["text"]) == (
        "ticket.commented",
        AGENT,
        "The customer agreed.",
    )
    assert "discussion" not in desk.data("show", ticket)


def test_a_text_comes_from_a_file_or_standard_input(desk: Desk) -> None:
    ticket = desk.new("T")
    desk.write("../notes.md", "One\n\nTwo\n")
    desk.say("comment", ticket, "-F", "../notes.md")
    desk.say("comment", ticket, "-", stdin="Three\n")
    found = desk.data("show", ticket, "--discussion")["discussion"]
    assert [each["said"]["text"] for each in found] == ["One\n\nTwo", "Three"]
    assert "  Two\n" in desk.say("show", ticket, "--discussion").out


def test_a_position_counts_until_another_is_taken(desk: Desk) -> None:
    ticket = desk.new("T")
    desk.say("respond", ticket, "--disagree", "Not before the release", "--actor", ADA)
    desk.say("respond", ticket, "--propose", "Next week", "--actor", GRACE)
    said = desk.say("respond", ticket, "--agree", "Now it is out", "--actor", ADA)
    assert said.out == f"Agreed on TK-{ticket[:8]}\n"
    data = desk.data("show", ticket, "--discussion")
    assert data["positions"] == {ADA: "agree", GRACE: "propose"}
    assert [each["said"]["position"] for each in data["discussion"]] == ["disagree", "propose", "agree"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("comment", "TICKET"), "usage"),
        (("comment", "TICKET", "  "), "usage"),
        (("comment", "TICKET", "a", "-F", "b"), "usage"),
        (("comment", "TICKET", "x" * 5001), "invalid_payload"),
        (("respond", "TICKET", "text"), "usage"),
        (("respond", "TICKET", "text", "--agree", "--disagree"), "usage"),
        (("respond", "TICKET", "--agree"), "usage"),
        (("attach", "TICKET", "x", "--kind", "picture"), "usage"),
        (("attach", "TICKET", "x", "--kind", "test-result"), "usage"),
        (("attach", "TICKET", "https://example.org", "--passed", "1"), "usage"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else value,
)
def test_what_says_nothing_is_refused(desk: Desk, words: tuple[str, ...], code: str) -> None:
    ticket = desk.new("T")
    assert desk.error(*[ticket if word == "TICKET" else word for word in words], status=2)["code"] == code
    assert desk.data("show", ticket, "--discussion")["discussion"] == []


def test_a_secret_is_refused_or_masked_and_never_kept(desk: Desk) -> None:
    ticket, secret = desk.new("T"), "AKIAIOSFODNN7EXAMPLQ"
    said = desk.say("comment", ticket, f"key {secret}", status=7)
    assert "aws" in said.err
    assert secret not in said.err
    data = desk.data("comment", ticket, f"key {secret}", "--redact")
    assert sum(data["masked"].values()) == 1
    kept = [
        file
        for file in (desk.path / ".git").rglob("*")
        if file.is_file() and secret.encode() in file.read_bytes()
    ]
    assert kept == []


def test_a_file_is_kept_by_its_digest(desk: Desk) -> None:
    ticket = desk.new("T")
    desk.write("../report.html", "<p>fine</p>")
    desk.say("attach", ticket, "../report.html", "--note", "before and after")
    file, note = desk.data("show", ticket, "--discussion")["discussion"]
    digest = hashlib.sha256(b"<p>fine</p>").hexdigest()
    assert file["said"]["artifact"] == {
        "kind": "file", "sha256": digest, "name": "report.html", "size": 11, "media_type": "text/html",
    }  # fmt: skip
    assert (file["said"]["grade"], note["said"]["artifact"]["text"]) == ("claimed", "before and after")
    assert [path.read_bytes() for path in (desk.path / ".git/counterfoil/artifacts").rglob(digest)] == [
        b"<p>fine</p>"
    ]


@pytest.mark.parametrize(
    ("words", "artifact", "line"),
    [
        (("https://example.org/run/7", "--note", "CI"),
         {"kind": "link", "url": "https://example.org/run/7", "title": "CI"}, "attached https://example.org/run/7: CI"),
        (("Seen on the phone", "--kind", "note"), {"kind": "note", "text": "Seen on the phone"}, "attached a note"),
        (("the whole suite", "--kind", "test-result", "--passed", "12", "--failed", "0"),
         {"kind": "test-result", "title": "the whole suite", "passed": 12, "failed": 0}, "12 passed, 0 failed (claimed)"),
    ],
    ids=["link", "note", "test-result"],
)  # fmt: skip
def test_other_things_are_attached_as_they_are(
    desk: Desk, words: tuple[str, ...], artifact: dict[str, object], line: str
) -> None:
    ticket = desk.new("T")
    desk.say("attach", ticket, *words)
    (found,) = desk.data("show", ticket, "--discussion")["discussion"]
    assert found["said"]["artifact"] == artifact
    assert line in desk.say("log", ticket).out
    assert line in desk.say("trace", ticket).out


def test_a_file_that_is_not_there_is_told(desk: Desk) -> None:
    ticket = desk.new("T")
    assert desk.error("attach", ticket, "nowhere.txt", status=12)["code"] == "io_error"


def test_the_log_tells_proposals_and_decisions_between_the_commits(desk: Desk) -> None:
    made = asked(desk, "Fix login", "--reason", "All criteria are met")
    desk.say("comment", made.ticket, "Please look.", "--actor", AGENT)
    approved(desk, made.proposal, "--note", "fine")
    events = desk.data("log", made.ticket)["events"]
    assert [each["kind"] for each in events] == [
        "changed",
        "approved",
        "comment",
        "proposed",
        "changed",
        "created",
    ]
    assert [each["said"].get("proposal") for each in events if each["kind"] in {"approved", "proposed"}] == [
        made.proposal, made.proposal,
    ]  # fmt: skip
    page = desk.say("log", made.ticket).out
    for line in (
        f"  {made.proposal[:10]} approved (unverified), digest {made.digest[:12]}",
        "  “fine”",
        "  “All criteria are met”",
    ):
        assert line in page.splitlines()
    assert all(len(line) <= 80 for line in page.splitlines())


def test_what_policy_allowed_at_once_is_told_once(desk: Desk) -> None:
    ticket = desk.new("T")
    desk.data("propose", "ticket.edit", "--set", f"ticket={ticket}", "--set", "priority=p0", "--actor", AGENT)
    assert [each["kind"] for each in desk.data("log", ticket)["events"]] == ["changed", "created"]


def test_open_proposals_stand_below_the_discussion(desk: Desk) -> None:
    made = asked(desk)
    data = desk.data("show", made.ticket, "--discussion")
    assert [each["id"] for each in data["proposals"]] == [made.proposal]
    assert (
        f"Open proposals\n{made.proposal[:10]}  pending" in desk.say("show", made.ticket, "--discussion").out
    )


def test_nothing_said_is_told_with_the_next_command(desk: Desk) -> None:
    ticket = desk.new("T")
    said = desk.say("show", ticket, "--discussion")
    assert said.out == "Nothing was said about it yet.\n"
    assert "ticket comment" in said.err


@pytest.mark.parametrize(
    ("verb", "offered"), [("approve", 1), ("reject", 1), ("proposal show", 2), ("proposal wait", 1)]
)
def test_the_shell_completes_ids_of_proposals(desk: Desk, verb: str, offered: int) -> None:
    made = asked(desk)
    desk.say("comment", made.ticket, "Hello")
    words = desk.data("__complete", "--", *verb.split(), "")["words"]
    assert len(words) == offered
    assert made.proposal[:10] in words


def test_the_shell_completes_names_of_actions(desk: Desk) -> None:
    assert "ticket.move" in desk.data("__complete", "--", "propose", "ticket.")["words"]
    assert desk.data("__complete", "--", "proposal", "list", "--status", "pen")["words"] == ["pending"]
    assert desk.data("__complete", "--", "approve", "")["words"] == []


def test_what_is_said_and_has_to_be_asked_for_is_an_error_as_at_every_other_verb(desk: Desk) -> None:
    desk.write(
        ".tickets/policy.yml",
        'version: 1\nrules:\n  - {id: hush, then: ask, actor: "agent:*", action: "*"}\n',
    )
    desk.commit("policy")
    sit_at(desk, "policy", "accept", "--yes")
    ticket = desk.new("T", "--actor", ADA)
    for words in (
        ("comment", ticket, "One"),
        ("respond", ticket, "--agree", "Two"),
        ("attach", ticket, "https://ci.example.com/7"),
    ):
        error = desk.envelope(*words, "--actor", AGENT, status=9)["error"]
        assert (error["code"], error["details"]["rule"]) == ("needs_approval", "hush")
        assert error["hint"] == f"ticket proposal wait {error['details']['proposal']}"
    assert len(desk.data("inbox", "--actor", ADA)["proposals"]) == 3
