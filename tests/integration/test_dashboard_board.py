"""The board in a browser, and the changes that are sent from it and from every other page about a ticket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA, GRACE, asked, state
from integration.terminal_scene import sit_at
from integration.verbs_scene import FIRST, SECOND, THIRD

from counterfoil.adapters.forge.remote import RemoteAddresses
from counterfoil.testing.forge import MemoryForge
from counterfoil.tickets.workflow import STATES, TRANSITIONS
from counterfoil.usecases.forge_ports import Check
from counterfoil.usecases.forging import CodeHost
from counterfoil.usecases.spaces import MEMBER, VIEWER
from counterfoil.web.dashboard.pages.board import SHOWN
from counterfoil.web.dashboard.visit import NOBODY, Visitor

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'
ASKING = """\
version: 1
merge_policy: {default: review_required}
rules:
  - {id: ask, then: ask, action: "ticket.*", actor: "*", reason: people look at all}
"""
DENYING = ASKING.replace("then: ask", "then: deny")


def column(html: str, name: str) -> list[str]:
    """Returns the ids of a column's cards."""
    listed = html.split(f'id="column-{name}"')[1].partition("</ol>")[0]
    return re.findall(r'id="card-(\w+)"', listed)


def under(desk: Desk, policy: str) -> None:
    """Puts a policy into force."""
    desk.write(".tickets/policy.yml", policy)
    desk.commit("scene: policy")
    sit_at(desk, "policy", "accept", "--yes", "--actor", ADA)


def id_of(number: int) -> str:
    """Returns the id of one of many tickets."""
    return f"01D{number:05d}000000000000000000"


# --- what it shows --------------------------------------------------------------------------------


def test_a_column_a_state_and_done_begins_with_the_newest(desk: Desk) -> None:
    desk.put(FIRST, "One", state="ready", priority="p3")
    desk.put(SECOND, "Two", state="ready", priority="p0")
    desk.put(THIRD, "Three", state="done")
    desk.put(id_of(1), "Four", state="done", priority="p0")

    html = Dash(desk).get("/board/work").text

    assert [column(html, each) for each in STATES] == [[], [SECOND, FIRST], [], [], [id_of(1), THIRD]]
    assert '<span class="count" id="count-ready">2</span>' in html


def test_a_card_says_who_holds_it_what_waits_and_what_blocks_it(desk: Desk) -> None:
    waiting = asked(desk, "Asked for")
    desk.put(FIRST, "Held back", state="ready", blocked_by=f"[{waiting.ticket}]")
    desk.change(f".tickets/tickets/{FIRST}.md", f"blocked_by: [{waiting.ticket}]\n", f"x_ticket:\n  relations:\n    blocked_by: [{waiting.ticket}]\n")  # fmt: skip

    html = Dash(desk).get("/board/work").text

    assert f'href="/proposals/work/{waiting.proposal}">1 waiting</a>' in html
    assert "blocked by 1" in html


def test_a_claim_is_on_its_card_until_it_is_given_back(desk: Desk) -> None:
    ticket = desk.new("Claimed", "-s", "ready")
    desk.say("claim", ticket, "--actor", "agent:claude")
    dash = Dash(desk)

    assert re.search(r'is-claim is-accent" title="until [^"]+">claude<', dash.get("/board/work").text)
    desk.say("release", ticket, "--actor", "agent:claude")
    assert "is-accent" not in dash.get("/board/work").text


def test_a_pull_request_and_its_checks_are_on_the_card_and_call_for_attention(desk: Desk) -> None:
    desk.put(FIRST, "Fix login", state="in_progress")
    dash = Dash(desk)
    server, forge = dash.space.projects[0].server, MemoryForge()
    forge.push("tk-01arz3nd-fix-login", "a" * 40)
    pull = forge.open_pull_request("Fix it", "", "tk-01arz3nd-fix-login", "main")
    forge.set_check("a" * 40, Check("tests", "completed", "failure"))
    server.code_host = CodeHost(dash.hub.server.context(NOBODY).clock, lambda: RemoteAddresses(""), forge)
    server.code_host.refresh()

    html, table = dash.get("/board/work").text, dash.get("/attention").text

    assert f'href="{pull.url}" rel="noreferrer noopener">#{pull.number} open, checks failed</a>' in html
    assert 'checks failed</span> <span class="badge is-info">waits for review</span> </td>' in table
    assert '<td data-head="Merge"><span class="badge is-bad">checks failed</span></td>' in table
    forge.change(pull.number, url="javascript:alert(1)")
    server.code_host.refresh(force=True)
    assert "javascript:" not in dash.get("/board/work").text


def test_a_file_that_is_no_ticket_has_its_badge_and_leads_to_its_text(desk: Desk) -> None:
    desk.write(f".tickets/tickets/{FIRST}.md", "---\nid: x\ntitle: [\n---\n")
    desk.write(".tickets/tickets/<b>.md", "nonsense")

    html = Dash(desk).get("/board/work").text

    assert "2 files are no readable tickets" in html
    assert "Invalid ticket format" in html
    assert f'<a href="/tickets/work/{FIRST}">{FIRST}.md</a>' in html
    assert "<code>&lt;b&gt;.md</code>" in html


def test_what_lies_behind_a_column_comes_in_portions_and_as_a_list_without_a_script(desk: Desk) -> None:
    for number in range(SHOWN * 2 + 3):
        desk.put(id_of(number), f"Ticket {number}", state="ready")
    dash = Dash(desk)

    html = dash.get("/board/work").text
    portions = [dash.get(f"/board/work/cards?column=ready&from={begin}").text for begin in (50, 100, 150)]

    assert column(html, "ready") == [id_of(number) for number in range(SHOWN)]
    assert 'href="/list?state=ready&amp;repo=work"' in html
    assert [text.count("<li ") for text in portions] == [50, 3, 0]
    assert [dash.get(f"/board/work/cards?{query}").text.count("<li ") for query in ("column=nothing", "column=ready&from=x")] == [0, 50]  # fmt: skip


def test_the_end_of_a_column_says_when_something_behind_it_has_changed(desk: Desk) -> None:
    for number in range(SHOWN + 2):
        desk.put(id_of(number), f"Ticket {number}", state="ready")
    dash = Dash(desk)

    def stamp() -> str:
        found = re.search(r'data-stamp="(\w+)"', dash.get("/board/work").text)
        assert found is not None
        return found[1]

    before = stamp()
    assert stamp() == before
    desk.change(f".tickets/tickets/{id_of(51)}.md", "Ticket 51", "Ticket fifty-one")
    assert stamp() != before


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=login", [FIRST]), ("q=TK-01BRZ3ND", [SECOND]), ("label=bug", [FIRST, SECOND]), ("priority=p0", [SECOND]),
        ("assignee=human:ada", [FIRST]), ("assignee=none", [SECOND]), ("label=bug&q=shoes", [SECOND]),
        ("assignee=%22%3E%3Cscript%3E", []), ("priority=p9", []),
    ],
)  # fmt: skip
def test_a_filter_in_the_address_narrows_the_board(desk: Desk, query: str, found: list[str]) -> None:
    desk.put(FIRST, "Fix login", state="ready", labels="[bug]", assignee="human:ada", priority="p1")
    desk.put(SECOND, "Sell shoes", state="blocked", labels="[bug]", priority="p0")

    html = Dash(desk).get(f"/board/work?{query}").text

    assert sorted([ticket for each in STATES for ticket in column(html, each)]) == found
    assert "<script>" not in html.split("<body")[1]


def test_an_empty_board_teaches_the_next_command(desk: Desk) -> None:
    html = Dash(desk).get("/board/work").text

    assert "No tickets yet" in html
    assert "ticket new &#34;What is to be done&#34;" in html


def test_a_ledger_that_cannot_be_read_stops_no_board(desk: Desk) -> None:
    ticket = desk.new("Still there", "-s", "ready")
    [ledger] = [path for path in (desk.path / ".git/counterfoil").rglob("*.db") if path.name != "views.db"]
    ledger.write_bytes(b"nonsense" * 1000)

    html = Dash(desk).get("/board/work", None).text

    assert column(html, "ready") == [ticket]
    assert "The ledger cannot be read" in html


def test_texts_of_a_repository_are_only_text(desk: Desk) -> None:
    quoted = EVIL.replace('"', '\\"')
    desk.put(FIRST, f'"{quoted}"', labels=f'["{quoted}"]', state="ready")
    dash = Dash(desk)

    for path in ("/board/work", "/board/work/cards?column=ready&from=0", "/list", "/new/work"):
        html = dash.get(path).text
        assert "<img" not in html.replace('<img src="/static', "")
        assert "<script>" not in html
        assert "49" not in html.split("<main")[-1] or "{{7*7}}" in html


# --- what is sent from it -------------------------------------------------------------------------


def test_a_move_is_made_at_once_and_taken_back(desk: Desk) -> None:
    ticket = desk.new("A ticket")
    dash = Dash(desk)

    told = dash.post(f"/tickets/work/{ticket}/move", state="ready", once="k")

    assert (told["level"], told["message"]) == ("done", f"TK-{ticket[:8]} is ready")
    assert column(dash.get("/board/work").text, "ready") == [ticket]
    assert (
        dash.post(told["undo"])["message"] == f"“TK-{ticket[:8]} → ready” was taken back; it is backlog again"
    )
    assert state(desk, ticket) == "backlog"


def test_nothing_is_taken_back_by_an_undo_that_does_not_say_what(desk: Desk) -> None:
    ticket = desk.new("A ticket")
    dash = Dash(desk)
    dash.post(f"/tickets/work/{ticket}/move", state="ready")

    assert dash.post("/undo/work", 400)["code"] == "usage"
    assert state(desk, ticket) == "ready"


def test_a_change_that_is_sent_twice_is_one(desk: Desk) -> None:
    ticket = desk.new("A ticket")
    dash = Dash(desk)
    before = len(desk.subjects())

    told = [dash.post(f"/tickets/work/{ticket}/move", state="ready", once="same") for _ in range(2)]

    assert told[0] == told[1]
    assert len(desk.subjects()) == before + 1


def test_an_undo_takes_back_what_it_names_and_nothing_else(desk: Desk) -> None:
    ticket = desk.new("A ticket")
    dash = Dash(desk)
    told = dash.post(f"/tickets/work/{ticket}/move", state="ready")
    dash.post(f"/tickets/work/{ticket}/priority", priority="p0")

    refused = dash.post(told["undo"], 422)

    assert refused["code"] == "nothing_to_undo"
    assert state(desk, ticket) == "ready"


@pytest.mark.parametrize("before", STATES)
def test_a_card_goes_only_where_the_table_lets_it(desk: Desk, before: str) -> None:
    desk.put(FIRST, "A ticket", state=before, priority="p3")
    desk.commit("scene: a ticket")
    dash = Dash(desk)
    html = dash.get("/board/work").text

    assert f'data-state="{before}" data-to="{" ".join(TRANSITIONS[before])}"' in html
    for after in set(STATES) - set(TRANSITIONS[before]) - {before}:
        assert dash.post(f"/tickets/work/{FIRST}/move", 422, state=after)["code"] == "invalid_transition"
    assert dash.post(f"/tickets/work/{FIRST}/move", 422, state="nonsense")["code"] == "invalid_payload"
    assert state(desk, FIRST) == before


def test_what_policy_asks_about_waits_and_the_card_says_so(desk: Desk) -> None:
    ticket = desk.new("A ticket", "--actor", ADA)
    under(desk, ASKING)
    dash = Dash(desk, person=GRACE)

    told = dash.post(f"/tickets/work/{ticket}/move", state="ready", once="k")

    assert told["level"] == "pending"
    assert told["data"]["link"] == f"/proposals/work/{told['data']['proposal']}"
    assert state(desk, ticket) == "backlog"
    assert f'href="{told["data"]["link"]}">1 waiting</a>' in dash.get("/board/work").text


def test_what_policy_denies_is_refused_with_its_reason(desk: Desk) -> None:
    ticket = desk.new("A ticket", "--actor", ADA)
    under(desk, DENYING)

    told = Dash(desk).post(f"/tickets/work/{ticket}/move", 403, state="ready")

    assert told["code"] == "refused"
    assert "people look at all" in told["message"]
    assert told["hint"] == "ticket policy explain ticket.move"


def test_fields_are_changed_one_by_one(desk: Desk) -> None:
    ticket = desk.new("A ticket", "-l", "bug")
    dash = Dash(desk)
    place = f"/tickets/work/{ticket}"

    assert dash.post(f"{place}/assign", assignee="me")["message"].endswith("goes to human:ada")
    assert dash.post(f"{place}/labels", add="API, new", remove="bug")["message"].endswith("api, new")
    assert dash.post(f"{place}/priority", priority="p0")["message"].endswith("is p0")
    assert dash.post(f"{place}/edit", title="Another", body="Text\r\nof two lines")["level"] == "done"
    shown = desk.data("show", ticket)
    fields = {name: shown["ticket"][name] for name in ("title", "labels", "priority", "assignee")}
    assert fields == {"title": "Another", "labels": ["api", "new"], "priority": "p0", "assignee": "human:ada"}
    assert "Text\nof two lines" in desk.text(f".tickets/tickets/{ticket}.md")
    assert dash.post(f"{place}/assign", assignee="none")["message"].endswith("goes to nobody")


@pytest.mark.parametrize(
    ("act", "fields", "code"),
    [
        ("assign", {"assignee": "morgan"}, "invalid_actor"), ("labels", {"add": "Ä"}, "invalid_label"),
        ("edit", {"title": " "}, "invalid_title"), ("edit", {"title": "a\nb"}, "invalid_title"),
        ("priority", {"priority": "p9"}, "invalid_payload"), ("edit", {"body": "x" * 10_001}, "invalid_payload"),
        ("edit", {}, "invalid_payload"),
    ],
)  # fmt: skip
def test_a_value_that_no_ticket_can_have_is_refused(
    desk: Desk, act: str, fields: dict[str, str], code: str
) -> None:
    desk.put(FIRST)
    desk.commit("scene: a ticket")

    assert Dash(desk).post(f"/tickets/work/{FIRST}/{act}", 422, **fields)["code"] == code


def test_two_who_edit_at_once_do_not_overwrite_one_another(desk: Desk) -> None:
    ticket = desk.new("A ticket")
    seen = desk.git("rev-parse", f"HEAD:.tickets/tickets/{ticket}.md")
    dash = Dash(desk)

    first = dash.post(f"/tickets/work/{ticket}/edit", title="First", seen=seen)
    second = dash.post(f"/tickets/work/{ticket}/edit", 412, title="Second", seen=seen)

    assert (first["level"], second["code"]) == ("done", "precondition_failed")
    assert desk.data("show", ticket)["ticket"]["title"] == "First"


def test_a_claim_is_taken_and_given_back(desk: Desk) -> None:
    ticket = desk.new("A ticket", "-s", "ready")
    dash = Dash(desk)

    assert dash.post(f"/tickets/work/{ticket}/claim")["message"].endswith("is yours")
    assert dash.post(f"/tickets/work/{ticket}/claim", 409)["code"] == "claimed"
    assert state(desk, ticket) == "in_progress"
    assert dash.post(f"/tickets/work/{ticket}/release")["message"].endswith("is given back")
    assert state(desk, ticket) == "ready"


def test_a_release_that_policy_asks_about_waits(desk: Desk) -> None:
    ticket = desk.new("A ticket", "-s", "ready", "--actor", ADA)
    desk.say("claim", ticket, "--actor", ADA)
    under(desk, ASKING)

    told = Dash(desk).post(f"/tickets/work/{ticket}/release")

    assert told["level"] == "pending"
    assert told["data"]["proposal"].startswith("P-")


def test_a_viewer_sees_no_control_and_can_send_nothing(desk: Desk) -> None:
    ticket = desk.new("A ticket")
    dash = Dash(desk, role=VIEWER)
    html = dash.get("/board/work").text
    head = desk.git("rev-parse", "HEAD")

    assert "data-may-change" not in html
    assert "/new/work" not in html
    for act in ("move", "assign", "labels", "priority", "edit", "claim", "release"):
        assert dash.post(f"/tickets/work/{ticket}/{act}", 403, state="ready")["code"] == "role_refused"
    assert dash.post("/undo/work", 403)["code"] == "role_refused"
    assert dash.post("/new/work", 403, title="Mine")["code"] == "role_refused"
    assert dash.post("/list/bulk", 403, ticket=f"work/{ticket}", state="ready")["code"] == "role_refused"
    dash.get("/new/work", 404)
    assert desk.git("rev-parse", "HEAD") == head


def test_a_member_sees_controls_on_the_same_board(desk: Desk) -> None:
    dash = Dash(desk, role=VIEWER)
    dash.get("/board/work")
    dash.door.chosen = Visitor("human:ada", MEMBER, "s1", True)

    assert "data-may-change" in dash.get("/board/work").text


@pytest.mark.parametrize(
    "path", ["/tickets/work/nothing/move", f"/tickets/other/{FIRST}/move", "/undo/other"]
)
def test_what_is_not_there_cannot_be_changed(desk: Desk, path: str) -> None:
    desk.put(FIRST)

    assert Dash(desk).post(path, 404, state="ready")["code"] == "not_found"
