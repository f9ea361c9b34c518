"""Policy and settings in a browser: what counts, why an answer is as it is, what another policy would change, health."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA
from integration.terminal_scene import sit_at

from counterfoil.kernel.digest import sha256_hex
from counterfoil.usecases.spaces import MEMBER, VIEWER

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

FILE = ".tickets/policy.yml"
POLICY = """\
version: 1
merge_policy:
  default: review_required
  rules:
    - {match: {labels_any: [docs]}, policy: auto_merge_on_green}
approvers:
  human:ada: {can_approve: [p0, p1]}
rules:
  - {id: no-agents, then: ask, action: "ticket.*", actor: "agent:*", expires_in: 3d, reason: people look at all}
"""
DENYING = (
    POLICY.partition("rules:\n  - {id")[0] + 'rules:\n  - {id: nobody, then: deny, action: "ticket.*"}\n'
)
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
PATIENCE_S = 30.0


@pytest.fixture
def ruled(desk: Desk) -> Desk:
    """A repository whose policy was accepted."""
    desk.write(FILE, POLICY)
    desk.commit("scene: policy")
    sit_at(desk, "policy", "accept", "--yes", "--actor", ADA)
    return desk


def dry_run(dash: Dash, text: str) -> str:
    """Returns the page of a dry run that has come to its end."""
    dash.post("/policy/work/dry-run", text=text)
    digest = sha256_hex(text.encode())
    errand = dash.hub.errands.look("work", "dry-run", digest)
    assert errand is not None
    assert errand.wait(PATIENCE_S)
    return dash.get(f"/policy/work/dry-run?of={digest}").text


# --- what counts ----------------------------------------------------------------------------------


def test_without_a_policy_the_page_says_what_counts_and_teaches_the_command(desk: Desk) -> None:
    page = Dash(desk, role=VIEWER).get("/policy/work").text
    assert "built-in default" in page
    assert 'data-copy="ticket policy accept"' in page
    assert "Agents in this clone create, move, assign, label and comment freely" in page


@pytest.mark.parametrize(
    ("rule", "answer", "query"),
    [
        ("default/urgent-done", "ask", "ticket.move&to=done&actor=agent:x&ticket={urgent}"),
        ("default/free", "allow", "ticket.move&to=done&actor=agent:x&ticket={plain}"),
        ("default/remote", "ask", "ticket.comment&actor=agent:x&remote=on&ticket={plain}"),
        ("default/people", "allow", "ticket.move&to=done&actor=human:ada&ticket={urgent}"),
        ("default/policy", "ask", "policy.change&actor=human:ada"),
        ("default/agents", "ask", "command.run&actor=agent:x"),
    ],
)
def test_the_built_in_rules_stand_there_under_the_names_and_with_the_answers_that_rulings_have(
    desk: Desk, rule: str, answer: str, query: str
) -> None:
    urgent = desk.new("Wash the windows", "--priority", "p0", "--state", "in_progress")
    plain = desk.new("Sweep the floor", "--priority", "p2", "--state", "in_progress")
    dash = Dash(desk, role=VIEWER)
    explained = dash.get(f"/policy/work/explain?action={query.format(urgent=urgent, plain=plain)}").text
    assert f"The rule <code>{rule}</code> decides" in explained
    row = dash.get("/policy/work").text.partition(f">{rule}</th>")[2].partition("</tr>")[0]
    assert f">{answer}</span>" in row


def test_what_counts_is_told_with_who_accepted_it_and_its_rules_in_words(ruled: Desk) -> None:
    page = Dash(ruled).get("/policy/work").text
    assert sha256_hex(POLICY.encode()) in page
    assert 'title="human:ada">ada</span>, unverified' in page
    for words in ("no-agents", "action: ticket.*; actor: agent:*", "expires_in: 3d", "people look at all", "labels_any: docs"):  # fmt: skip
        assert words in page
    assert "does not count" not in page


def test_what_the_base_branch_says_differently_is_shown_and_accepted_at_a_terminal_only(ruled: Desk) -> None:
    dash = Dash(ruled)
    ruled.write(FILE, POLICY.replace("3d", "5d") + f"# {EVIL}\n")
    ruled.commit("scene: another")
    page = dash.get("/policy/work").text
    assert "does not count" in page
    assert page.count('class="is-added"') == 2
    assert page.count('class="is-gone"') == 1
    assert "<script>alert" not in page
    assert 'data-copy="ticket policy accept"' in page
    assert "accept" not in {form.split('"')[0] for form in page.split('action="')[1:]}
    (ruled.path / FILE).unlink()
    ruled.commit("scene: none")
    assert "is gone from main" in dash.get("/policy/work").text


# --- why ------------------------------------------------------------------------------------------


def test_an_answer_is_explained_with_the_rule_that_decides_and_all_that_were_considered(ruled: Desk) -> None:
    ticket = ruled.new("Wash the windows")
    dash = Dash(ruled, role=VIEWER)
    asked = dash.get(
        f"/policy/work/explain?action=ticket.move&to=done&actor=agent:x&remote=on&ticket={ticket}"
    ).text
    assert "The rule <code>no-agents</code> decides" in asked
    assert 'class="is-decisive"' in asked
    assert "approvals needed: 1" in asked
    assert "no answer within 3d means no" in asked
    allowed = dash.get("/policy/work/explain?action=ticket.move&actor=human:grace").text
    assert "is-good" in allowed
    assert "it is not about human:grace" in allowed


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("action=nothing.like.it", "nothing.like.it"), ("action=ticket.move&actor=nobody!", "nobody!"),
        ("action=ticket.move&ticket=TK-NOTHERE1", "TK-NOTHERE1"), (f"action={quote(EVIL)}", "&lt;script&gt;"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_keeps_its_form(ruled: Desk, query: str, words: str) -> None:
    page = Dash(ruled).get(f"/policy/work/explain?{query}").text
    assert 'role="alert"' in page
    assert words in page
    assert "<script>alert" not in page
    assert 'id="ask-action"' in page


# --- what if --------------------------------------------------------------------------------------


def test_the_built_in_rule_that_decides_stands_among_the_others(desk: Desk) -> None:
    page = Dash(desk).get("/policy/work/explain?action=ticket.move&to=done&actor=agent:builder").text
    assert "Every rule" not in page
    assert page.count('<tr class="is-decisive">') == 1
    decisive = page.partition('<tr class="is-decisive">')[2].partition("</tr>")[0]
    assert "default/urgent-done" in decisive
    assert all(
        f"default/{name}" in page for name in ("policy", "remote", "people", "free", "agents", "lower")
    )


def test_a_dry_run_shows_which_answers_of_the_past_would_have_been_others(ruled: Desk) -> None:
    ticket = ruled.new("Wash the windows")
    ruled.say("move", ticket, "ready")
    dash = Dash(ruled, role=MEMBER)
    before = ruled.data("ledger", "status")["size"]
    page = dry_run(dash, DENYING)
    assert "<strong>2</strong> of 2 answers" in page
    assert "allow → deny" in page
    assert "<strong>0</strong> of 2 answers" in dry_run(dash, POLICY)
    assert ruled.data("ledger", "status")["size"] == before
    assert sha256_hex(POLICY.encode()) in dash.get("/policy/work").text


def test_a_text_that_is_no_policy_is_told_line_by_line(ruled: Desk) -> None:
    page = dry_run(Dash(ruled), f"version: 1\nrules: {{}}\n{EVIL}\n")
    assert "This is no policy" in page
    assert "<script>alert" not in page


def test_a_dry_run_that_is_not_here_says_how_to_begin_one(ruled: Desk) -> None:
    dash = Dash(ruled)
    for of in ("", "x", "0" * 64):
        assert "not here any more" in dash.get(f"/policy/work/dry-run?of={of}").text


def test_whoever_only_looks_begins_no_dry_run(ruled: Desk) -> None:
    dash = Dash(ruled, role=VIEWER)
    assert dash.post("/policy/work/dry-run", 403, text=POLICY)["code"] == "role_refused"


# --- settings and health --------------------------------------------------------------------------


def test_settings_tell_how_the_server_and_each_repository_stand(ruled: Desk) -> None:
    ruled.new("Wash the windows")
    page = Dash(ruled).get("/settings").text
    for words in (
        "Running for",
        "1.0",
        "compared whenever a page is asked for",
        ">main<",
        "Signed-in browsers",
    ):
        assert words in page
    assert str(ruled.path) in page
    assert "baseBranch" in page


def test_folders_and_settings_are_for_admins(ruled: Desk) -> None:
    for role in (VIEWER, MEMBER):
        page = Dash(ruled, role=role).get("/settings").text
        assert str(ruled.path) not in page
        assert "baseBranch" not in page


def test_a_ledger_that_cannot_be_read_is_told_and_stops_no_page(ruled: Desk) -> None:
    (ruled.path / ".git/counterfoil/ledger.db").write_bytes(b"this is no database" * 1000)
    page = Dash(ruled, role=VIEWER).get("/settings").text
    assert "ledger out of reach" in page
    assert str(ruled.path) not in page


def test_the_doctor_looks_when_asked_and_names_what_mends(ruled: Desk) -> None:
    dash = Dash(ruled)
    ruled.write(".tickets/tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV.md", "this is no ticket")
    dash.post("/settings/doctor/work")
    errand = dash.hub.errands.look("work", "doctor")
    assert errand is not None
    assert errand.wait(PATIENCE_S)
    page = dash.get("/settings").text
    assert 'class="doctor"' in page
    assert "ticket validate --all" in page
    assert dash.get("/settings").text.count("not readable") == 1
    viewer = Dash(ruled, role=VIEWER)
    assert "settings/doctor" not in viewer.get("/settings").text
    assert viewer.post("/settings/doctor/work", 403)["code"] == "role_refused"
