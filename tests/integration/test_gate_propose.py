"""`ticket propose`, `actions` and `proposal`: asking, waiting, taking back."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, approved, asked, shown, state, urgent

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


def test_what_policy_allows_is_carried_out_at_once(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    data = desk.data(
        "propose", "ticket.edit", "--set", f"ticket={ticket}", "--set", "labels=a,b", "--actor", AGENT
    )
    assert (data["status"], data["commit"], data["repeated"]) == (
        "applied",
        desk.git("rev-parse", "HEAD"),
        False,
    )
    assert desk.data("show", ticket)["ticket"]["labels"] == ["a", "b"]
    said = desk.say(
        "propose", "ticket.assign", "--set", f"ticket={ticket}", "--set", f"assignee={ADA}", "--actor", AGENT
    )
    assert said.out.startswith("Applied P-")
    assert f"assign TK-{ticket[:8]} to {ADA} (commit " in said.out


def test_what_policy_asks_about_waits_and_changes_nothing(desk: Desk) -> None:
    ticket = urgent(desk)
    before = desk.state()
    said = desk.say(
        "propose", "ticket.move", "--set", f"ticket={ticket}", "--set", "state=done", "--actor", AGENT,
        "--reason", "All criteria are met",
    )  # fmt: skip
    name = said.out.split()[1].rstrip(":")
    assert said.out == f"Proposed {name}: move TK-{ticket[:8]} to done\n"
    assert said.err.splitlines()[-1] == f"next: ticket proposal wait {name[:10]}"
    assert desk.state() == before
    assert shown(desk, name)["reason"] == "All criteria are met"


def test_quiet_prints_the_id_alone(desk: Desk) -> None:
    ticket = urgent(desk)
    said = desk.say(
        "propose", "ticket.move", "--set", f"ticket={ticket}", "--set", "state=done", "-q", "--actor", AGENT
    )
    assert said == (0, f"{desk.say('inbox', '-q', '--actor', ADA).out}", "")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("ticket.move",), 2, "usage"),
        (("ticket.move", "--set", "state"), 2, "usage"),
        (("ticket.move", "--set", "state=done", "--timeout", "3"), 2, "usage"),
        (("ticket.mvoe", "--set", "state=done"), 2, "unknown_action"),
        (("ticket.move", "--set", "ticket=TICKET", "--set", "state=flying"), 2, "invalid_payload"),
        (("ticket.move", "--set", "ticket=TICKET", "--set", "colour=red"), 2, "invalid_payload"),
        (("ticket.move", "--set", "ticket=01ZZZZZZ", "--set", "state=done"), 4, "ticket_not_found"),
        (("ticket.move", "--set", "ticket=TICKET", "--set", "state=backlog"), 6, "invalid_transition"),
        (("ticket.edit", "--set", "ticket=TICKET", "--set", "body=key AKIAIOSFODNN7EXAMPLQ"), 7, "secret_found"),
        (("ticket.edit", "--set", "ticket=TICKET", "--set", "title=A", "--set", "title=B"), 2, "usage"),
        (("ticket.move", "--set", "ticket=TICKET", "--set", "state=done", "--expires", "soon"), 2, "usage"),
        (("ticket.move", "--set", "ticket=TICKET", "--set", "state=done", "--supersedes", "P-0000"), 4,
         "proposal_not_found"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)  # fmt: skip
def test_what_cannot_be_proposed_is_refused_and_changes_nothing(
    desk: Desk, words: tuple[str, ...], status: int, code: str
) -> None:
    ticket = urgent(desk)
    before = desk.state()
    said = desk.error(
        "propose", *[word.replace("TICKET", ticket) for word in words], "--actor", AGENT, status=status
    )
    assert said["code"] == code
    assert desk.state() == before
    assert desk.data("proposal", "list")["total"] == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting"), ("[]", "it is no object"), ('{"a":1,"a":2}', "the key 'a' stands there twice"),
        ('{"a":NaN}', "NaN is no number"), ("[" * 100_000, "it is nested too deep"),
    ],
    ids=["cut", "list", "twins", "nan", "deep"],
)  # fmt: skip
def test_a_payload_that_is_no_json_object_is_told_so(desk: Desk, text: str, reason: str) -> None:
    desk.new("T")
    error = desk.error("propose", "ticket.edit", "-F", "-", stdin=text, status=2)
    assert error["code"] == "invalid_json"
    assert error["details"]["reason"].startswith(reason)


def test_a_payload_comes_from_a_file_and_fields_win(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    desk.write("../payload.json", json.dumps({"ticket": ticket, "title": "Sell boots", "priority": "p3"}))
    desk.say("propose", "ticket.edit", "-F", "../payload.json", "--set", "priority=p0", "--actor", AGENT)
    found = desk.data("show", ticket)["ticket"]
    assert (found["title"], found["priority"]) == ("Sell boots", "p0")


def test_the_same_key_is_the_same_proposal_and_another_payload_under_it_is_refused(desk: Desk) -> None:
    first = asked(desk, "Fix login", "--key", "k-1")
    words = (
        "propose",
        "ticket.move",
        "--key",
        "k-1",
        "--actor",
        AGENT,
        "--set",
        f"ticket={first.ticket}",
        "--set",
    )
    again = desk.data(*words, "state=done")
    assert (again["proposal"]["id"], again["repeated"]) == (first.proposal, True)
    error = desk.error(*words, "state=blocked", status=10)
    assert (error["code"], error["details"]["proposal"]) == ("key_reused", first.proposal)
    assert desk.data("proposal", "list")["total"] == 1


def test_a_better_version_replaces_the_first_and_both_stay_readable(desk: Desk) -> None:
    first = asked(desk)
    second = desk.data(
        "propose", "ticket.move", "--set", f"ticket={first.ticket}", "--set", "state=done", "--actor", AGENT,
        "--supersedes", first.proposal, "--reason", "now with tests",
    )["proposal"]  # fmt: skip
    error = desk.error("proposal", "wait", first.proposal, "--timeout", "0", status=10)
    assert (error["code"], error["details"]["by"]) == ("superseded", second["id"])
    page = desk.say("proposal", "show", second["id"]).out
    assert f"Replaces   {first.proposal} by {AGENT}, superseded" in page
    data = desk.data("proposal", "show", second["id"])
    assert [each["id"] for each in data["lineage"]] == [first.proposal]


def test_the_difference_between_versions_is_shown(desk: Desk) -> None:
    ticket = urgent(desk)
    text = "version: 1\nmerge_policy: {}\nrules: []\n"
    words = ("propose", "policy.change", "--actor", AGENT, "--set")
    first = desk.data(*words, f"text={text}")["proposal"]["id"]
    second = desk.data(*words, f"text=# better\n{text}", "--supersedes", first)["proposal"]["id"]
    page = desk.say("proposal", "show", second).out
    assert f"What differs from {first[:10]}" in page
    assert '  +  "text": "# better\\n' in page
    assert ticket


def test_waiting_ends_when_a_person_has_approved(desk: Desk) -> None:
    made = asked(desk)
    waits = subprocess.Popen(
        ["ticket", "proposal", "wait", made.proposal, "--timeout", "60", "--json"], cwd=desk.path,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    approved(desk, made.proposal)
    out, _ = waits.communicate(timeout=60)
    answer = json.loads(out)
    assert (waits.returncode, answer["ok"], answer["data"]["status"]) == (0, True, "applied")
    assert answer["data"]["commit"] == desk.git("rev-parse", "HEAD")
    assert state(desk, made.ticket) == "done"


def test_who_waits_at_a_terminal_is_told_that_and_may_stop(desk: Desk) -> None:
    from integration.terminal_scene import sit_at

    made = asked(desk)
    words = ("proposal", "wait", made.proposal)
    screen = sit_at(desk, *words, typed="\x03", prompt="waiting 60 s", status=130).out
    assert "Ctrl-C stops, and loses nothing" in screen
    assert "waiting" not in sit_at(desk, *words, "--timeout", "0", status=10).out
    assert "waiting" not in sit_at(desk, *words, "--timeout", "1", "--quiet", status=10).out


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("nothing", 10, "pending"),
        ("reject", 9, "rejected"),
        ("withdraw", 9, "withdrawn"),
        ("overtake", 10, "stale"),
    ],
)
def test_waiting_tells_what_became_of_it(desk: Desk, what: str, status: int, code: str) -> None:
    made = asked(desk)
    if what == "reject":
        from integration.terminal_scene import sit_at

        sit_at(desk, "reject", made.proposal, "--note", "no tests", "--actor", ADA)
    elif what == "withdraw":
        desk.say("proposal", "withdraw", made.proposal, "--reason", "no tests", "--actor", AGENT)
    elif what == "overtake":
        desk.say("edit", made.ticket, "--title", "Another", "--actor", ADA)
    error = desk.error("proposal", "wait", made.proposal, "--timeout", "0", "--actor", AGENT, status=status)
    assert error["code"] == code
    assert {"proposal", "status", "digest"} <= set(error["details"])
    if what in {"reject", "withdraw"}:
        assert error["details"]["reason"] == "no tests"
    assert state(desk, made.ticket) == "in_progress"


def test_a_proposal_that_nobody_answers_in_time_has_expired(desk: Desk) -> None:
    made = asked(desk, "Fix login", "--expires", "1s")
    error = desk.error("proposal", "wait", made.proposal, "--timeout", "30", status=9)
    assert (error["code"], error["details"]["status"]) == ("expired", "expired")
    assert desk.data("proposal", "list", "--status", "expired")["total"] == 1
    assert desk.data("inbox", "--actor", ADA)["total"] == 0


def test_commits_that_do_not_touch_its_files_leave_a_proposal_pending(desk: Desk) -> None:
    made = asked(desk)
    for number in range(3):
        desk.new(f"Other {number}")
    assert shown(desk, made.proposal)["status"] == "pending"


def test_only_the_proposer_withdraws(desk: Desk) -> None:
    made = asked(desk)
    error = desk.error("proposal", "withdraw", made.proposal, "--actor", "agent:other", status=9)
    assert error["code"] == "refused"
    assert shown(desk, made.proposal)["status"] == "pending"


def test_a_list_is_filtered_and_the_newest_come_first(desk: Desk) -> None:
    one, two = asked(desk, "One"), asked(desk, "Two")
    comment = desk.data("comment", one.ticket, "Hello", "--actor", ADA)["proposal"]["id"]

    def ids(*words: str) -> list[str]:
        return [each["id"] for each in desk.data("proposal", "list", *words)["proposals"]]

    assert ids() == [comment, two.proposal, one.proposal]
    assert ids("--status", "pending") == [two.proposal, one.proposal]
    assert ids("--actor", ADA) == [comment]
    assert ids("--action", "ticket.comment") == [comment]
    assert ids("--ticket", two.ticket) == [two.proposal]
    assert ids("--limit", "1") == [comment]
    cut, whole = (desk.data("proposal", "list", "--limit", limit) for limit in ("1", "3"))
    assert [(each["total"], each["more"]) for each in (cut, whole)] == [(None, True), (3, False)]
    assert "older ones not shown" in desk.say("proposal", "list", "-n", "1").err
    assert desk.error("proposal", "list", "--status", "lost", status=2)["code"] == "usage"


def test_any_unique_beginning_of_an_id_will_do(desk: Desk) -> None:
    made = asked(desk)
    for query in (made.proposal, made.proposal.lower(), made.proposal[:6], made.proposal[2:10]):
        assert desk.data("proposal", "show", query)["proposal"]["id"] == made.proposal
    for query in (made.proposal[:5], "P-0000", "P-", "x"):
        assert desk.error("proposal", "show", query, status=4)["code"] == "proposal_not_found"


def test_every_action_is_listed_and_explained(desk: Desk) -> None:
    actions = desk.data("actions")["actions"]
    names = [each["name"] for each in actions]
    assert names == sorted(names)
    assert {"ticket.create", "ticket.move", "change.promote", "policy.change", "command.run"} <= set(names)
    for name in names:
        page = desk.say("actions", name).out
        assert page.startswith(f"{name}  ")
        assert all(len(line) <= 80 for line in page.splitlines())
        assert desk.data("actions", name)["schema"]["additionalProperties"] is False
    assert desk.error("actions", "ticket.fly", status=2)["code"] == "unknown_action"


def test_an_action_is_explained_with_the_forms_of_its_objects_and_what_to_type(desk: Desk) -> None:
    pages = {
        name: desk.say("actions", name).out for name in ("ticket.create", "artifact.attach", "ticket.batch")
    }
    ends = {name: page.splitlines()[-1] for name, page in pages.items()}
    assert ends == {
        "ticket.create": "ticket propose ticket.create --set title=…",
        "artifact.attach": "ticket propose artifact.attach -F payload.json",
        "ticket.batch": "ticket propose ticket.batch -F payload.json",
    }
    assert '{"kind": "note", "text", ["title"]}' in pages["artifact.attach"]
    assert '{"action": "ticket.move", "payload"}' in pages["ticket.batch"]


def test_the_help_of_propose_names_fields_that_the_actions_have(desk: Desk) -> None:
    fields = {each["name"]: set(each["schema"]["properties"]) for each in desk.data("actions")["actions"]}
    page = desk.say("propose", "--help").out
    named = {name: words for name in fields for words in [_behind(page, name)] if words}
    assert set(named) >= {"ticket.create", "ticket.edit", "ticket.move", "ticket.assign", "ticket.comment"}
    assert {name: words - fields[name] for name, words in named.items()} == {name: set() for name in named}


def _behind(page: str, name: str) -> set[str]:
    """Returns the fields that stand behind an action's name in the help."""
    for line in page.splitlines():
        _, found, rest = line.partition(f"{name} ")
        if line.startswith("  ") and found and "--set" not in line:
            words = rest.split("  ticket.")[0].replace(";", " ").replace("…", " ").split()
            return set(words)
    return set()


def test_a_command_that_policy_stops_names_the_proposal_and_asks_once(desk: Desk) -> None:
    ticket = urgent(desk)
    before = desk.state()
    first = desk.envelope("done", ticket, "--actor", AGENT, status=9)["error"]
    again = desk.envelope("done", ticket, "--actor", AGENT, status=9)["error"]
    assert first["code"] == again["code"] == "needs_approval"
    details = first["details"]
    assert details["proposal"] == again["details"]["proposal"]
    assert {"proposal", "digest", "rule", "expires_at"} <= set(details)
    assert first["hint"] == f"ticket proposal wait {details['proposal']}"
    assert desk.state() == before
    approved(desk, details["proposal"])
    assert state(desk, ticket) == "done"
    assert f"Ticket-Proposal: {details['proposal']}" in desk.git("log", "-1", "--format=%B")
