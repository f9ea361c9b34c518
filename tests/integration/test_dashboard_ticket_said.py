"""The ticket page: what is said and changed through it, by whom, and that nothing that anybody wrote runs."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from integration.dashboard_scene import HEADERS, Dash
from integration.gate_scene import AGENT, GRACE, asked
from integration.ticket_page_scene import XSS, Page, look
from integration.verbs_scene import FIRST, SECOND, TICKETS

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


# --- what was said --------------------------------------------------------------------------------


def test_comments_positions_and_artifacts_are_shown_with_their_grade(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    desk.say("comment", ticket, "A **word**", "--actor", AGENT)
    desk.say("respond", ticket, "--disagree", "Not yet", "--actor", GRACE)
    desk.say("respond", ticket, "--agree", "Now", "--actor", GRACE)
    desk.say("attach", ticket, "https://example.org/run", "--actor", AGENT)
    dash = Dash(desk)
    page = look(dash, ticket)
    text = dash.get(f"/tickets/{dash.slug}/{ticket}").text
    assert "<strong>word</strong>" in text
    for words in ("disagrees", "agrees", "claimed", "attached a link"):
        assert words in page.text
    assert page.text.count("holds this") == 1
    assert "https://example.org/run" in page.links


def test_what_is_erased_is_gone_from_the_page_at_once(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    desk.say("comment", ticket, "Call 555-0199")
    dash = Dash(desk)
    assert "555-0199" in look(dash, ticket).text
    said = desk.data("show", ticket, "--discussion")["discussion"][0]
    desk.say("ledger", "gc", "--erase", said["receipt"], "--reason", "private", "--yes")
    page = look(dash, ticket)
    assert "555-0199" not in page.text
    assert "What was said is not here: erased or withheld." in page.text


def test_a_ledger_that_cannot_be_read_leaves_the_file_to_be_seen(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    desk.say("comment", ticket, "Soon")
    ledger = desk.path / ".git" / "counterfoil" / "ledger.db"
    for name in ("ledger.db-wal", "ledger.db-shm"):
        ledger.with_name(name).unlink(missing_ok=True)
    ledger.write_bytes(b"nothing of the kind" * 400)
    page = look(Dash(desk), ticket)
    assert "Sell shoes" in page.text
    assert "ticket ledger verify" in page.text
    assert "created it" in page.text


def test_what_was_spent_is_summed_by_who_spent_it(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    for amount in ("1.10", "2.2"):
        desk.say("propose", "spend.record", "--set", f"ticket={ticket}", "--set", f"amount={amount}", "--set", "currency=USD",
                 "--actor", AGENT)  # fmt: skip
    assert "3.30 USD" in look(Dash(desk), ticket).text


def test_one_says_something_through_the_page(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk, role="member", person="human:grace")
    place = f"/tickets/{dash.slug}/{ticket}"
    assert (
        dash.post(f"{place}/comment", text="  Good idea \n")["message"] == f"TK-{ticket[:8]} has your comment"
    )
    assert dash.post(f"{place}/comment", text="Yes", position="agree")["level"] == "done"
    assert dash.post(f"{place}/respond", text="Or boots", position="propose")["level"] == "done"
    said = desk.data("show", ticket, "--discussion")["discussion"]
    assert [(each["actor"], each["kind"], each["said"]["text"]) for each in said] == [
        (GRACE, "ticket.commented", "Good idea"),
        (GRACE, "ticket.responded", "Yes"),
        (GRACE, "ticket.responded", "Or boots"),
    ]
    reply = said[0]["said"]["comment"]
    dash.post(f"{place}/comment", text="Why?", reply_to=reply)
    assert f"#said-{said[0]['position']}" in look(dash, ticket).links


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("comment", {"text": "  "}),
        ("comment", {"text": "x" * 5001}),
        ("comment", {"text": "x", "position": "maybe"}),
        ("comment", {"text": "x", "reply_to": "nothing"}),
        ("respond", {"text": "x"}),
        ("attach", {"title": "t"}),
        ("attach", {"url": "javascript:alert(1)"}),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_is_kept(
    desk: Desk, act: str, fields: dict[str, str]
) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    told = dash.post(f"/tickets/{dash.slug}/{ticket}/{act}", None, **fields)
    assert told["level"] == "error"
    assert desk.data("show", ticket, "--discussion")["discussion"] == []


def test_a_link_and_a_note_are_attached(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    told = dash.post(
        f"/tickets/{dash.slug}/{ticket}/attach", url="https://a.example/x", note="Look *here*", title="Both"
    )
    assert told["message"] == f"TK-{ticket[:8]} has 2 more attachments"
    page = look(dash, ticket)
    assert page.links["https://a.example/x"] == "Both"
    assert "Look here" in page.text


def test_a_file_is_attached_and_given_out_as_bytes(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    data = b"<script>alert(1)</script>\r\n--B--\r\n\0"
    body = b"\r\n".join([
        b"--XX", b'Content-Disposition: form-data; name="title"', b"", b"",
        b"--XX", b'Content-Disposition: form-data; name="file"; filename="../<b>x.html"', b"Content-Type: text/html", b"", data,
        b"--XX--", b"",
    ])  # fmt: skip
    answer = dash.send_bytes(
        f"/tickets/{dash.slug}/{ticket}/attach",
        body,
        {**HEADERS, "content-type": "multipart/form-data; boundary=XX"},
    )
    assert json.loads(answer.headers["hx-trigger"])["told"]["level"] == "done"
    digest = hashlib.sha256(data).hexdigest()
    place = f"/tickets/{dash.slug}/{ticket}/artifacts/{digest}"
    page = look(dash, ticket)
    assert page.links[place] == "<b>x.html"
    assert page.faults == []
    given = dash.get(place)
    assert given.content == data
    assert given.headers["content-type"] == "application/octet-stream"
    assert given.headers["content-disposition"] == "attachment; filename*=UTF-8''%3Cb%3Ex.html"
    other = desk.new("Another")
    dash.get(f"/tickets/{dash.slug}/{other}/artifacts/{digest}", 404)


def test_what_is_proposed_about_it_is_shown_until_it_is_decided(desk: Desk) -> None:
    found = asked(desk)
    dash = Dash(desk)
    page = look(dash, found.ticket)
    assert f"/proposals/{dash.slug}/{found.proposal}" in page.links
    assert "which waits for a decision" in page.text
    desk.say("proposal", "withdraw", found.proposal, "--actor", AGENT)
    page = look(dash, found.ticket)
    assert "waits for a decision" not in page.text
    assert "withdrew" in page.text


def test_what_stands_in_the_way_names_the_command_that_helps(desk: Desk) -> None:
    first, second = desk.new("First", "-s", "ready"), desk.new("Second", "-s", "ready")
    desk.say("edit", second, "--blocked-by", first)
    page = Page(Dash(desk).get(f"/tickets/work/{second}/why").text)
    assert f"it waits for TK-{first[:8]} First (ready)" in page.text
    assert f"ticket why TK-{first[:8]}" in page.text


# --- editing --------------------------------------------------------------------------------------


def test_title_and_text_are_edited_from_what_was_seen(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    place = f"/tickets/{dash.slug}/{ticket}"
    seen = dash.get(f"{place}/edit", 303).headers["location"]
    text = dash.get(seen).text
    blob = seen.rpartition("=")[2]
    assert f'name="seen" value="{blob}"' in text
    assert "Somebody has changed" not in text
    assert dash.post(f"{place}/edit", title="Sell boots", body="Now.\n", seen=blob)["level"] == "done"
    assert "Sell boots" in look(dash, ticket).text
    assert desk.text(f"{TICKETS}/{ticket}.md").endswith("---\n\nNow.\n")


def test_an_editor_is_told_what_others_changed_and_writes_over_nothing(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    place = f"/tickets/{dash.slug}/{ticket}"
    seen = dash.get(f"{place}/edit", 303).headers["location"]
    dash.get(seen)
    desk.change(f"{TICKETS}/{ticket}.md", "title: Sell shoes", "title: Sell <b>hats</b>")
    desk.commit("by hand")
    page = Page(dash.get(seen).text)
    assert "Somebody has changed this ticket since you began" in page.text
    assert "Sell <b>hats</b>" in page.text
    assert page.faults == []
    told = dash.post(f"{place}/edit", 412, title="Sell boots", seen=seen.rpartition("=")[2])
    assert told["code"] == "precondition_failed"
    assert "Sell <b>hats</b>" in desk.text(f"{TICKETS}/{ticket}.md")


@pytest.mark.parametrize("seen", ["nonsense", "0" * 40, "HEAD", "../x", "<script>"])
def test_an_address_that_names_another_state_shows_nothing_of_the_repository(desk: Desk, seen: str) -> None:
    ticket = desk.new("Sell shoes")
    desk.write("secret.txt", "not for this page\n")
    desk.commit("scene: a secret")
    dash = Dash(desk)
    blobs = [seen, desk.git("rev-parse", "HEAD:secret.txt")]
    for each in blobs:
        page = Page(dash.get(f"/tickets/{dash.slug}/{ticket}/edit?seen={quote(each)}").text)
        assert "What they changed is not known any more" in page.text
        assert "not for this page" not in page.text
        assert page.faults == []


def test_a_text_that_is_too_long_to_be_changed_here_says_what_to_do(core_desk: Desk) -> None:
    core_desk.put(FIRST, body="word " * 3000 + "\n")
    dash = Dash(core_desk)
    page = Page(dash.get(dash.get(f"/tickets/{dash.slug}/{FIRST}/edit", 303).headers["location"]).text)
    assert f"ticket edit TK-{FIRST[:8]}" in page.text


def test_a_text_is_previewed_as_it_will_be(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    answer = dash._send(
        "POST", f"/tickets/{dash.slug}/{ticket}/preview", 200, {"text": f"**Yes** {XSS}"}, HEADERS
    )
    assert "<strong>Yes</strong>" in answer.text
    assert Page(answer.text).faults == []


# --- who ------------------------------------------------------------------------------------------


def test_who_may_only_look_is_offered_nothing_else(desk: Desk) -> None:
    ticket = desk.new("Sell shoes", "-s", "ready")
    desk.say("comment", ticket, "A word")
    dash = Dash(desk, role="viewer")
    place = f"/tickets/{dash.slug}/{ticket}"
    page = look(dash, ticket)
    assert [form for form in page.forms if form.startswith("/tickets/")] == []
    assert f"{place}/edit" not in page.links
    assert "A word" in page.text
    for act in ("comment", "respond", "attach", "preview"):
        assert dash.post(f"{place}/{act}", 403, text="x")["code"] == "role_refused"
    dash.get(f"{place}/edit", 404)


# --- whatever anybody wrote -----------------------------------------------------------------------


def test_nothing_that_anybody_wrote_anywhere_on_the_page_runs(desk: Desk) -> None:
    hostile = json.dumps(XSS)
    desk.put(
        FIRST, hostile, body=f"# {XSS}\n\n{XSS}\n\n[x](javascript:alert(1)) ![x](data:text/html,x)\n", labels=f"[{hostile}, javascript:alert(1)]",
        assignee=hostile, reviewer=hostile, author=hostile, odd=hostile, due="javascript:alert(1)",
        x_ticket=f"{{relations: {{blocks: [{hostile}], blocked_by: [{SECOND}]}}, html: {hostile}}}",
    )  # fmt: skip
    desk.put(SECOND, hostile, x_ticket=f"{{relations: {{blocked_by: [{hostile}]}}}}")
    desk.commit(f"scene: {XSS}")
    desk.say("comment", FIRST, XSS)
    desk.say("respond", FIRST, "--agree", XSS)
    desk.say("ledger", "note", f"ticket/{FIRST}", XSS, status=None)
    dash = Dash(desk)
    place = f"/tickets/{dash.slug}/{FIRST}"
    dash.post(f"{place}/attach", url="https://a.example/<script>alert(1)</script>", note=XSS, title=XSS)
    page = look(dash, FIRST)
    assert page.faults == []
    assert page.text.count("<script>alert(1)</script>") >= 8
    assert look(dash, SECOND).faults == []
    for tail in ("/why", "/edit?seen=x"):
        assert Page(dash.get(f"{place}{tail}").text).faults == []
