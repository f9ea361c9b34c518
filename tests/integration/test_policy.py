"""`ticket policy`: show, validate, explain, accept, dry-run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from integration.ssh_scene import make_key, needs_openssh
from integration.terminal_scene import sit_at
from integration.verbs_scene import FIRST, SECOND, Desk

from counterfoil.adapters.ledgers import LedgerFolder
from counterfoil.gate import events
from counterfoil.kernel import dsse
from counterfoil.kernel.digest import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ME = "human:test-person"
FILE = ".tickets/policy.yml"
POLICY = """\
version: 1
merge_policy:
  default: review_required
  rules:
    - match:
        priority: [p3]
        labels_any: [polish, chore]
      policy: auto_merge_on_green
    - match:
        priority: [p0, p1]
      policy: require_approvals
      approvers: [human:morgan]
approvers:
  human:morgan:
    can_approve: [p0, p1, p2, p3]
rules:
  - id: people-finish
    then: deny
    action: ticket.move
    actor: "agent:*"
    to: [done]
    reason: people finish work
  - then: ask
    action: "ticket.*"
    actor: "agent:*"
    priority: [p0]
    require: signed
    expires_in: 3d
"""
DIGEST = sha256_hex(POLICY.encode())


@pytest.fixture
def governed(core_desk: Desk) -> Desk:
    """A project whose base branch has a policy that a person has accepted at a terminal."""
    core_desk.put(FIRST, "T", priority="p1")
    core_desk.write(FILE, POLICY)
    core_desk.commit("policy")
    sit_at(core_desk, "policy", "accept", "--yes")
    return core_desk


def test_without_a_file_the_default_counts(core_desk: Desk) -> None:
    assert core_desk.data("policy") == {
        "source": "built-in default", "digest": None, "acceptance": None, "not_accepted": None,
        "policy": {
            "version": 1, "merge_policy": {"default": "review_required", "rules": []}, "approvers": {},
        },
    }  # fmt: skip
    assert core_desk.say("policy").out == "Policy (built-in default)\n  merging: review_required\n"
    said = core_desk.say("policy", "validate")
    assert said.out == "There is no policy file; the default policy counts.\n"
    assert core_desk.data("policy", "validate")["exists"] is False


def test_a_policy_counts_once_it_was_accepted_and_is_shown_then(core_desk: Desk) -> None:
    core_desk.write(FILE, POLICY)
    assert core_desk.say("policy", "validate").out == "Policy is valid.\n"
    commit = core_desk.commit("policy")
    waiting = core_desk.envelope("policy", "show")
    assert waiting["data"]["source"] == "built-in default"
    assert waiting["data"]["not_accepted"]["commit"] == commit
    assert [(item["code"], item["hint"]) for item in waiting["warnings"]] == [
        ("policy_not_accepted", "ticket policy accept")
    ]
    assert DIGEST in sit_at(core_desk, "policy", "accept", "--yes").out
    data = core_desk.data("policy", "show")
    assert (data["source"], data["digest"], data["not_accepted"]) == ("accepted", DIGEST, None)
    assert (data["acceptance"]["by"], data["acceptance"]["assurance"]) == ("human:test-person", "unverified")
    assert core_desk.say("policy", "show").out.splitlines()[2:] == [
        "  merging: review_required",
        "  merging, rule 1: priority: p3; labels_any: polish, chore → auto_merge_on_green",
        "  merging, rule 2: priority: p0, p1 → require_approvals by human:morgan",
        "  people-finish: action: ticket.move; actor: agent:*; to: done → deny",
        "  rules/2: action: ticket.*; actor: agent:*; priority: p0; require: signed; expires_in: 3d → ask",
        "  human:morgan may approve p0, p1, p2, p3",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nmerge_policy:\n  default: yolo\n",
        "version: [",
        "- 1\n",
        "version: 2\n",
        "a: !!x 1\n",
        "\udcff",
    ],
)
def test_a_wrong_policy_is_named_and_not_accepted(core_desk: Desk, text: str) -> None:
    core_desk.write(FILE, text.encode("utf-8", "surrogateescape"))
    error = core_desk.error("policy", "validate", status=7)
    assert error["code"] == "validation_failed"
    assert error["details"]["errors"] >= 1
    assert {item["path"] for item in error["details"]["diagnostics"]} == {FILE}
    core_desk.commit("policy")
    assert "is not valid" in sit_at(core_desk, "policy", "accept", "--yes", status=7).out
    assert core_desk.data("policy")["source"] == "built-in default"
    assert core_desk.error("policy", "dry-run", status=7)["code"] == "invalid_policy"
    assert core_desk.error("policy", "explain", "edit", "-F", FILE, status=7 if text != "\udcff" else 2)[
        "code"
    ]


# --- accepting ------------------------------------------------------------------------------------


def test_a_person_at_a_terminal_sees_the_policy_before_they_accept_it(core_desk: Desk) -> None:
    core_desk.write(FILE, POLICY)
    core_desk.commit("policy")
    said = sit_at(core_desk, "policy", "accept", typed="n\n", prompt="[y/N]", status=2)
    assert "people-finish: action: ticket.move" in said.out
    assert core_desk.data("policy")["source"] == "built-in default"
    sit_at(core_desk, "policy", "accept", typed="y\n", prompt="[y/N]")
    assert core_desk.data("policy")["digest"] == DIGEST
    assert "counts already" in sit_at(core_desk, "policy", "accept", "--yes").out


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ((), 9, "needs_terminal"),
        (("--yes",), 9, "needs_terminal"),
        (("--digest", DIGEST), 9, "needs_terminal"),
        (("--actor", "agent:claude"), 9, "refused"),
        (("more",), 2, "usage"),
    ],
)
def test_without_a_terminal_nothing_is_accepted(
    core_desk: Desk, words: tuple[str, ...], status: int, code: str
) -> None:
    core_desk.write(FILE, POLICY)
    core_desk.commit("policy")
    assert core_desk.error("policy", "accept", *words, status=status)["code"] == code
    assert core_desk.data("policy")["source"] == "built-in default"


@needs_openssh
def test_a_policy_is_accepted_by_the_signature_of_a_key_that_counts_for_whoever_accepts(
    core_desk: Desk, tmp_path: Path
) -> None:
    core_desk.write(FILE, POLICY)
    core_desk.commit("policy")
    key = make_key(tmp_path / "ssh" / "mine")
    core_desk.git("config", "ticket.signingKey", str(key))
    assert core_desk.error("policy", "accept", "--sign", status=9)["code"] == "signature_required"
    sit_at(core_desk, "person", "add", ME, "--key", f"{key}.pub")
    assert core_desk.error("policy", "accept", "--no-sign", status=9)["code"] == "needs_terminal"
    assert core_desk.error("policy", "accept", "--digest", "0" * 64, status=10)["code"] == "policy_differs"
    assert core_desk.error("policy", "accept", "--sign", "--actor", "human:eve", status=9)["code"] == (
        "signature_required"
    )
    assert core_desk.data("policy")["source"] == "built-in default"
    done = core_desk.data("policy", "accept", "--sign", "--digest", DIGEST[:12])
    assert (done["digest"], done["assurance"]) == (DIGEST, "signed")
    assert core_desk.data("policy")["acceptance"]["assurance"] == "signed"
    store = LedgerFolder(f"{core_desk.path}/.git/counterfoil", {}).open()
    (receipt,) = [each for each in store.read("policy/root") if each.kind == events.POLICY_ACCEPTED]
    envelope = dsse.decode(receipt.data()["statement"].encode())
    assert receipt.fields["pae"] == sha256_hex(envelope.pae)
    said = json.loads(envelope.payload)
    assert said["subject"] == [{"digest": {"sha256": DIGEST}, "name": "policy"}]
    assert {name: said["predicate"][name] for name in ("actor", "ledger", "policy", "previous", "ref", "blob")} == {
        "actor": ME, "ledger": store.ledger, "policy": {"sha256": DIGEST}, "previous": None,
        "ref": "refs/heads/main", "blob": receipt.data()["blob"],
    }  # fmt: skip
    store.close()
    core_desk.git("rm", "-q", FILE)
    core_desk.commit("no policy")
    assert core_desk.error("policy", "accept", "--remove", status=9)["code"] == "refused", "ME is no approver"
    sit_at(core_desk, "person", "add", "human:morgan", "--key", f"{make_key(tmp_path / 'ssh' / 'hers')}.pub")
    core_desk.git("config", "ticket.signingKey", str(tmp_path / "ssh" / "hers"))
    removed = core_desk.data("policy", "accept", "--remove", "--actor", "human:morgan")
    assert removed["assurance"] == "signed"
    core_desk.say("ledger", "verify")


def test_an_agent_at_a_terminal_accepts_nothing(core_desk: Desk) -> None:
    core_desk.write(FILE, POLICY)
    core_desk.commit("policy")
    sit_at(core_desk, "policy", "accept", "--yes", "--actor", "agent:claude", status=9)
    sit_at(core_desk, "policy", "accept", "--yes", "--ci", status=9)
    assert core_desk.data("policy")["source"] == "built-in default"


def test_the_default_comes_back_by_accepting_that_there_is_no_policy(governed: Desk) -> None:
    governed.git("rm", "-q", FILE)
    governed.commit("no policy")
    waiting = governed.envelope("policy")
    assert waiting["data"]["digest"] == DIGEST
    assert [item["hint"] for item in waiting["warnings"]] == ["ticket policy accept --remove"]
    sit_at(governed, "policy", "accept", "--yes", status=4)
    assert "not among those" in sit_at(governed, "policy", "accept", "--remove", "--yes", status=9).out
    sit_at(governed, "policy", "accept", "--remove", "--yes", "--actor", "human:morgan")
    assert governed.data("policy")["source"] == "built-in default"


# --- explaining -----------------------------------------------------------------------------------


def applies(data: dict[str, object]) -> list[tuple[str, str]]:
    rules = data["rules"]
    assert isinstance(rules, list)
    return [(item["id"], item["applies"]) for item in rules]


def test_the_rule_that_decides_is_explained_and_each_other(governed: Desk) -> None:
    data = governed.data("policy", "explain", "merge", FIRST)
    assert {key: data[key] for key in ("action", "ticket", "actor", "remote", "ruling", "rule", "policy")} == {
        "action": "change.promote", "ticket": FIRST, "actor": "human:test-person", "remote": False,
        "ruling": "ask", "rule": "merge_policy/2", "policy": DIGEST,
    }  # fmt: skip
    assert data["demands"] == {
        "quorum": 1, "require": "", "expires_ms": 604_800_000, "separation": ["author"],
        "approvers": ["human:morgan"],
    }  # fmt: skip
    assert applies(data) == [
        ("people-finish", "no"), ("rules/2", "no"), ("merge_policy/1", "no"), ("merge_policy/2", "yes"),
        ("merge_policy/default", "passed"),
    ]  # fmt: skip
    assert governed.say("policy", "explain", "done", FIRST, "--actor", "agent:claude").out == (
        f"ticket.move TK-{FIRST[:8]} by agent:claude: deny (people-finish, policy {DIGEST[:12]})\n"
        "  people finish work\n"
        "  - people-finish (deny) applies: people finish work\n"
        "  - rules/2 (ask) does not apply: priority is p1\n"
    )


def test_what_is_not_known_is_explained_as_such(governed: Desk) -> None:
    data = governed.data("policy", "explain", "ticket.move", "--actor", "agent:claude")
    assert (data["ruling"], applies(data)) == ("deny", [("people-finish", "perhaps"), ("rules/2", "perhaps")])
    data = governed.data("policy", "explain", "move", FIRST, "--to", "blocked", "--actor", "agent:claude")
    assert (data["ruling"], data["demands"]) == ("allow", None)


@pytest.mark.parametrize(
    ("words", "ruling"),
    [
        (("done", FIRST, "--actor", "agent:claude"), "ask"),
        (("done", FIRST, "--actor", "human:ana"), "allow"),
        (("comment", FIRST, "--actor", "agent:claude"), "allow"),
        (("comment", FIRST, "--actor", "agent:claude", "--remote"), "ask"),
        (("command.run", "--actor", "agent:claude"), "ask"),
        (("policy.change", "--actor", "human:ana"), "ask"),
    ],
)
def test_agents_are_asked_where_people_are_not(core_desk: Desk, words: Sequence[str], ruling: str) -> None:
    core_desk.put(FIRST, "T", priority="p0")
    assert core_desk.data("policy", "explain", *words)["ruling"] == ruling


def test_a_policy_can_be_asked_before_it_counts(core_desk: Desk) -> None:
    core_desk.put(FIRST, "T", priority="p0")
    core_desk.write("other.yml", POLICY)
    asked = ("policy", "explain", "edit", FIRST, "--actor", "agent:claude")
    assert core_desk.data(*asked)["ruling"] == "allow"
    found = core_desk.data(*asked, "--file", "other.yml")
    assert (found["ruling"], found["demands"]["require"]) == ("ask", "signed")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("policy", "permit"), 2, "usage"),
        (("policy", "explain"), 2, "usage"),
        (("policy", "explain", "a", "b", "c"), 2, "usage"),
        (("policy", "explain", FIRST), 2, "unknown_action"),
        (("policy", "explain", "edit", "01ZZZZZZ"), 4, "ticket_not_found"),
        (("policy", "explain", "edit", FIRST, "--actor", "bob"), 2, "invalid_actor"),
        (("policy", "show", "it"), 2, "usage"),
        (("policy", "dry-run", "missing.yml"), 12, "io_error"),
        (("policy", "dry-run"), 4, "ledger_not_found"),
    ],
)
def test_wrong_calls_are_told(core_desk: Desk, words: tuple[str, ...], status: int, code: str) -> None:
    core_desk.put(FIRST)
    assert core_desk.error(*words, status=status)["code"] == code


def test_a_ticket_may_only_ask_for_more(core_desk: Desk) -> None:
    core_desk.put(FIRST)
    core_desk.change(
        f".tickets/tickets/{FIRST}.md",
        "labels: []",
        "labels: []\nx_ticket: {enforcement: {required_reviews: 2}}",
    )
    assert core_desk.data("policy", "explain", "merge", FIRST)["demands"]["quorum"] == 2


# --- the past, asked again ------------------------------------------------------------------------


def test_a_dry_run_shows_which_answers_of_the_past_would_have_been_others(core_desk: Desk) -> None:
    core_desk.put(FIRST, "T", state="in_progress", priority="p2")
    core_desk.put(SECOND, "U", state="in_progress", priority="p0")
    core_desk.commit("tickets")
    core_desk.say("done", FIRST, "--actor", "agent:claude")
    core_desk.say("done", SECOND, "--actor", "agent:claude", status=9)
    core_desk.say("edit", FIRST, "--label", "+x")
    core_desk.write(FILE, POLICY)
    data = core_desk.data("policy", "dry-run")
    assert (data["policy"], data["looked"], data["changed"]) == (DIGEST, 3, 2)
    assert data["changes"] == {"allow→deny": 1, "ask→deny": 1}
    assert [
        (
            item["action"],
            item["actor"],
            item["before"]["ruling"],
            item["after"],
            item["stream"].partition("/")[0],
        )
        for item in data["differences"]
    ] == [
        ("ticket.move", "agent:claude", "allow", {"ruling": "deny", "rule": "people-finish"}, "ticket"),
        ("ticket.move", "agent:claude", "ask", {"ruling": "deny", "rule": "people-finish"}, "proposal"),
    ]
    text = core_desk.say("policy", "dry-run", FILE).out
    assert text.startswith("2 of 3 answers of the past would have been another:\n       1 allow→deny\n")
    core_desk.write("same.yml", "version: 1\n")
    assert core_desk.say("policy", "dry-run", "same.yml").out == (
        "3 answers of the past, and none would have been another.\n"
    )


def test_a_dry_run_tells_of_what_was_denied_and_of_weaker_demands(core_desk: Desk) -> None:
    strict = (
        "version: 1\nrules:\n"
        "  - {id: never, then: deny, action: ticket.move, actor: 'agent:*', to: done}\n"
        "  - {id: two, then: ask, action: ticket.edit, actor: 'agent:*', quorum: 2}\n"
    )
    core_desk.put(FIRST, "T", state="in_progress", priority="p2")
    core_desk.write(FILE, strict)
    core_desk.commit("tickets")
    sit_at(core_desk, "policy", "accept", "--yes")
    core_desk.say("done", FIRST, "--actor", "agent:claude", status=9)
    core_desk.say("edit", FIRST, "--title", "U", "--actor", "agent:claude", status=9)
    assert core_desk.data("policy", "dry-run")["changed"] == 0
    core_desk.write("weak.yml", strict.replace("deny", "ask").replace("quorum: 2", "quorum: 1"))
    data = core_desk.data("policy", "dry-run", "-F", "weak.yml")
    assert (data["looked"], data["changes"]) == (2, {"ask→ask": 1, "deny→ask": 1})
    [edit] = [item for item in data["differences"] if item["action"] == "ticket.edit"]
    assert (edit["before"]["demands"], edit["after"]["demands"]) == ({"quorum": 2}, {"quorum": 1})
    assert "ask → ask, two; quorum 2 → 1\n" in core_desk.say("policy", "dry-run", "weak.yml").out
    assert core_desk.error("policy", "dry-run", "-F", "/nonexist", status=12)["code"] == "io_error"
    assert core_desk.error("policy", "dry-run", "a", "-F", "b", status=2)["code"] == "usage"


def test_what_counts_is_enforced(governed: Desk) -> None:
    governed.change(f".tickets/tickets/{FIRST}.md", "state: backlog", "state: in_progress")
    governed.commit("in progress")
    error = governed.error("done", FIRST, "--actor", "agent:claude", status=9)
    assert (error["code"], error["details"]["rule"], error["details"]["policy"]) == (
        "refused", "people-finish", DIGEST,
    )  # fmt: skip
    governed.say("done", FIRST)
