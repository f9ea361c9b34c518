"""The page of a proposal, its edit and its withdrawal, and the list of all proposals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA, AGENT, GRACE, asked, shown
from integration.terminal_scene import sit_at
from integration.test_dashboard_inbox import ASKING, Person, form, propose, under

from counterfoil.usecases.spaces import APPROVER, MEMBER, VIEWER
from counterfoil.web.dashboard.pages import proposal_list

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


def test_the_page_has_the_change_the_payload_the_basis_the_answers_and_the_receipts(desk: Desk) -> None:
    one, person = asked(desk, "Fix login", "--reason", "It works"), Person(desk)
    person.approve(one.proposal, note="Well done")
    page = person.dash.get(person.address(one.proposal)).text
    assert all(
        words in page
        for words in ("applied", "as commit", "It works", one.digest, "Fix login", "It rests on")
    )
    assert all(
        kind in page for kind in ("proposal.opened", "proposal.approved", "effect.intended", "effect.applied")
    )
    assert f'href="/receipts/{person.dash.slug}/at/' in page
    assert "unverified" in page
    assert form(page, person.address(one.proposal, "/approve")) == {}


def test_what_became_of_each_is_said_in_words(desk: Desk) -> None:
    under(desk)
    ids = [propose(desk, "ticket.create", title=f"T{number}") for number in range(3)]
    person = Person(desk)
    person.dash.post(person.address(ids[0], "/reject"), digest=shown(desk, ids[0])["digest"], note="Not so")
    desk.say("proposal", "withdraw", ids[1], "--reason", "My mistake", "--actor", AGENT)
    newer = propose(desk, "ticket.create", AGENT, "--supersedes", ids[2], title="T2 better")
    words = [re.sub(r"<[^>]+>", "", person.dash.get(person.address(each)).text) for each in ids]
    assert "rejected" in words[0]
    assert "by human:ada: Not so" in words[0]
    assert "by agent:claude: My mistake" in words[1]
    assert f"by {newer[:10]}" in words[2]
    assert "What differs from the version before" in person.dash.get(person.address(newer)).text


def test_who_asked_may_withdraw_and_nobody_else(desk: Desk) -> None:
    under(desk)
    mine, theirs = (
        propose(desk, "ticket.create", ADA, title="Mine"),
        propose(desk, "ticket.create", title="Theirs"),
    )
    person = Person(desk, role=MEMBER)
    assert "Withdraw" in person.dash.get(person.address(mine)).text
    assert "Withdraw" not in person.dash.get(person.address(theirs)).text
    assert person.dash.post(person.address(mine, "/withdraw"), note="No more")["message"].startswith(
        "Withdrawn: "
    )
    assert person.dash.post(person.address(theirs, "/withdraw"), 403)["code"] == "refused"
    assert person.dash.post(person.address(mine, "/withdraw"), 409)["code"] == "proposal_closed"
    assert shown(desk, mine)["closed"]["reason"] == "No more"


def edit(person: Person, proposal: str, status: int = 200, /, **fields: str) -> dict[str, object]:
    page = person.dash.get(person.address(proposal, "/edit")).text
    sent = {**form(page, person.address(proposal, "/supersede")), **fields}
    return person.dash.post(person.address(proposal, "/supersede"), status, **sent)


def test_an_edit_is_a_proposal_of_ones_own_in_the_place_of_the_other(desk: Desk) -> None:
    under(desk)
    one = propose(desk, "ticket.create", title="Teh title", body="As it was\n")
    person = Person(desk)
    page = person.dash.get(person.address(one, "/edit")).text
    assert 'name="f.title"' in page
    assert "As it was" in page
    told = edit(person, one, **{"f.title": "The title", "reason": "a typing error"})
    assert told["level"] == "pending"  # here people ask, too
    assert shown(desk, one)["status"] == "superseded"
    (newer,) = [each for each in desk.data("proposal", "list")["proposals"] if each["status"] == "pending"]
    assert (newer["payload"]["title"], newer["actor"], newer["supersedes"]) == ("The title", ADA, one)
    assert newer["payload"]["body"] == "As it was\n"
    assert edit_refusal(person, one) == "proposal_closed"


def edit_refusal(person: Person, proposal: str) -> str:
    """Returns the code with which an edit that is no longer possible is refused."""
    told = person.dash.post(person.address(proposal, "/supersede"), 409, digest="0", reason="")
    return str(told["code"])


def test_an_edit_says_something_new_about_what_was_looked_at(desk: Desk) -> None:
    under(desk)
    one, person = propose(desk, "ticket.create", title="T"), Person(desk)
    assert edit(person, one, 422)["code"] == "no_change"
    assert edit(person, one, 409, digest="0", **{"f.title": "X"})["code"] == "digest_differs"
    member = Person(desk, role=MEMBER, person=GRACE)
    assert member.dash.post(member.address(one, "/supersede"), 403, digest="0")["code"] == "role_refused"
    assert shown(desk, one)["status"] == "pending"


def test_a_payload_of_more_than_texts_is_edited_as_json(desk: Desk) -> None:
    under(desk)
    made = desk.data("propose", "ticket.batch", "-F", "-", "--actor", AGENT, stdin=BATCH)
    one, person = made["proposal"]["id"], Person(desk)
    assert 'name="payload"' in person.dash.get(person.address(one, "/edit")).text
    assert edit(person, one, 400, payload="[1]")["code"] == "invalid_json"
    assert edit(person, one, 422, payload='{"unknown": 1}')["level"] == "error"
    assert edit(person, one, payload=BATCH.replace("One", "Two"))["level"] == "pending"


BATCH = '{"actions": [{"action": "ticket.create", "payload": {"title": "One"}}]}'


@pytest.mark.parametrize("role", [VIEWER, MEMBER, APPROVER])
def test_the_list_finds_proposals_by_status_actor_and_action(desk: Desk, role: str) -> None:
    under(desk)
    one, two = propose(desk, "ticket.create", title="One"), propose(desk, "ticket.create", ADA, title="Two")
    sit_at(desk, "reject", one, "--note", "no", "--actor", ADA)
    dash = Dash(desk, role=role)

    def found(query: str) -> list[str]:
        return re.findall(
            r'<tr id="r-w-[\w-]+?-(P-\w{16})"', dash.get(f"/proposals/{dash.slug}?{query}").text
        )

    assert found("") == [two, one]
    assert found("status=rejected") == [one]
    assert found("status=pending&actor=human:ada") == [two]
    assert found("action=ticket.move") == []
    assert "No proposals found" in dash.get(f"/proposals/{dash.slug}?action=ticket.move").text


def test_the_list_goes_on_behind_each_page_without_a_gap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    under(desk)
    ids = [propose(desk, "ticket.create", title=f"T{number}") for number in range(5)]
    monkeypatch.setattr(proposal_list, "SHOWN", 2)
    monkeypatch.setattr(proposal_list, "LOOKED_AT_MAX", 3)
    dash = Dash(desk)
    place, found = f"/proposals/{dash.slug}?actor={AGENT}", []
    while place:
        page = dash.get(place).text
        found += re.findall(r'<tr id="r-w-[\w-]+?-(P-\w{16})"', page)
        place = next(
            iter(re.findall(r'rel="next"[^>]*?href="([^"]+)"|href="([^"]+)" rel="next"', page)), ("", "")
        )
        place = (place[0] or place[1]).replace("&amp;", "&")
    assert found == ids[::-1]


def test_what_was_approved_and_hindered_is_tried_again_from_its_page(desk: Desk) -> None:
    one, person = asked(desk), Person(desk)
    hook = desk.write(".git/hooks/pre-commit", "#!/bin/sh\necho no >&2; exit 1\n")
    hook.chmod(0o755)
    told = person.approve(one.proposal)
    assert told["level"] == "pending"
    assert "not yet in effect: a hook of the repository refused the commit: no" in told["message"]
    assert "Approved, not yet in effect" in person.dash.get("/inbox").text
    page = person.dash.get(person.address(one.proposal)).text
    assert "Try again" in page
    assert "Try again" not in Person(desk, person=GRACE).dash.get(person.address(one.proposal)).text
    hook.unlink()
    fields = form(page, person.address(one.proposal, "/approve"))
    assert person.dash.post(person.address(one.proposal, "/approve"), **fields)["level"] == "done"
    assert shown(desk, one.proposal)["status"] == "applied"


def test_what_was_erased_is_on_no_page(desk: Desk) -> None:
    under(desk)
    one, person = propose(desk, "ticket.create", title="Private"), Person(desk)
    assert person.waits() == [one]
    receipt = shown(desk, one)["receipt"]
    desk.say("ledger", "gc", "--erase", receipt, "--reason", "private", "--yes")
    for place in ("/inbox", f"/proposals/{person.dash.slug}"):
        assert "Private" not in person.dash.get(place).text
    person.dash.get(person.address(one), 404)


@pytest.mark.parametrize("place", ["P-0000000000000000", "P-1", "..%2f..", "P-0000000000000000/edit"])
def test_what_is_not_there_is_not_there_for_anybody(desk: Desk, place: str) -> None:
    dash = Dash(desk)
    assert dash.get(f"/proposals/{dash.slug}/{place}", 404)
    assert dash.get(f"/proposals/nowhere/{place}", 404)
    under(desk, ASKING)
    assert dash.get(f"/proposals/{dash.slug}/{place}", 404)
