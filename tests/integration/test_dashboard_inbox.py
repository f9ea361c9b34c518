"""The inbox in a browser: what waits for whom, how it is answered, and what is refused."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA, AGENT, GRACE, asked, shown, state, urgent
from integration.terminal_scene import sit_at

from counterfoil.ledger.instant import read_ms
from counterfoil.usecases import inbox
from counterfoil.usecases.spaces import ADMIN, APPROVER, MEMBER, VIEWER
from counterfoil.web.dashboard import frame
from counterfoil.web.dashboard.pages import inbox as inbox_page
from counterfoil.web.dashboard.view import View
from counterfoil.web.dashboard.visit import Visitor

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk

ASKING = """\
version: 1
merge_policy: {default: review_required}
rules:
  - {id: ask, then: ask, action: "ticket.*", actor: "*", reason: people look at all}
"""
EVIL = '"><img src=x onerror=alert(1)></textarea><script>alert(2)</script>{{7*7}}\u202e'


def under(desk: Desk, policy: str = ASKING) -> None:
    """Puts a policy into force."""
    desk.write(".tickets/policy.yml", policy)
    desk.commit("scene: policy")
    sit_at(desk, "policy", "accept", "--yes", "--actor", ADA)


def propose(desk: Desk, action: str, by: str = AGENT, /, *words: str, **fields: str) -> str:
    """Lets somebody propose and returns the proposal's id."""
    told = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
    found: str = desk.data("propose", action, *told, "--actor", by, *words)["proposal"]["id"]
    return found


def form(html: str, address: str) -> dict[str, str]:
    """Returns the hidden fields of the form that posts to an address; none where there is no such form."""
    found = re.search(rf'<form[^>]*action="{re.escape(address)}"[^>]*>(.*?)</form>', html, re.DOTALL)
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found[1]) if found else []
    return {name: unescape(value) for name, value in fields}


class Person:
    """Somebody who answers what the inbox shows them."""

    def __init__(self, desk: Desk, *, role: str = ADMIN, person: str = ADA) -> None:
        self.dash = Dash(desk, role=role, person=person)

    def address(self, proposal: str, act: str = "") -> str:
        return f"/proposals/{self.dash.slug}/{proposal}{act}"

    def approve(self, proposal: str, status: int = 200, /, **changed: str) -> dict[str, Any]:
        place = self.address(proposal, "/approve")
        fields = form(self.dash.get("/inbox").text, place) or form(
            self.dash.get(self.address(proposal)).text, place
        )
        return self.dash.post(place, status, **{**fields, **changed})

    def waits(self) -> list[str]:
        """Returns the proposals that wait for them, in order."""
        return re.findall(r'<li id="w-[\w-]+?-(P-\w{16})" class="decision', self.dash.get("/inbox").text)


# --- what waits --------------------------------------------------------------------------------------


def test_an_empty_inbox_teaches_the_next_command(desk: Desk) -> None:
    page = Dash(desk).get("/inbox").text
    assert "Nothing waits for you" in page
    assert "ticket policy explain" in page


def test_the_riskiest_comes_first_of_these_the_oldest_and_each_says_who_why_and_by_which_rule(
    desk: Desk,
) -> None:
    one = asked(desk, "One", "--reason", "All criteria hold")
    two = asked(desk, "Two")
    high = propose(desk, "policy.change", text="version: 1\nmerge_policy: {}\nrules: []\n")
    person = Person(desk)
    assert person.waits() == [high, one.proposal, two.proposal]
    page = person.dash.get("/inbox").text
    assert all(words in page for words in ("All criteria hold", "urgent-done", "claude", "needs one person"))
    assert "Changes the policy" in page
    assert '<span class="nt">state</span>' in page  # the change itself, in colours
    assert inbox.waiting(person.dash.space).number == 3


def test_what_one_asked_for_oneself_waits_for_others_and_whoever_only_looks_decides_on_nothing(
    desk: Desk,
) -> None:
    under(desk)
    ticket = propose(desk, "ticket.create", ADA, title="Mine")
    for role, person in ((ADMIN, ADA), (MEMBER, GRACE), (VIEWER, GRACE)):
        someone = Person(desk, role=role, person=person)
        assert someone.waits() == []
        assert ticket in someone.dash.get("/inbox").text
        assert not inbox.is_waited_for(someone.dash.space, person, role)
    assert Person(desk, role=APPROVER, person=GRACE).waits() == [ticket]


def test_what_is_answered_or_of_another_branch_needs_no_answer_here(desk: Desk) -> None:
    one = asked(desk)
    person = Person(desk)
    assert person.waits() == [one.proposal]
    desk.git("switch", "--quiet", "-c", "other")
    page = person.dash.get("/inbox").text
    assert "not checked out here" in page
    assert form(page, person.address(one.proposal, "/approve")) == {}
    desk.git("switch", "--quiet", "-")
    sit_at(desk, "approve", one.proposal, "--yes", "--actor", ADA)
    assert person.waits() == []


# --- answering ---------------------------------------------------------------------------------------


def test_an_approval_takes_effect_and_says_who_gave_it_and_how_surely(desk: Desk) -> None:
    one = asked(desk)
    told = Person(desk).approve(one.proposal)
    assert told["level"] == "done"
    assert told["message"].startswith("Approved: move ")
    assert state(desk, one.ticket) == "done"
    (vote,) = shown(desk, one.proposal)["votes"]
    assert (vote["by"], vote["verdict"], vote["assurance"]) == (ADA, "approve", "unverified")


def test_a_rejection_gives_its_reason_which_the_agent_receives(desk: Desk) -> None:
    one, person = asked(desk), Person(desk)
    place = person.address(one.proposal, "/reject")
    assert person.dash.post(place, None, digest=one.digest, note=" ")["code"] == "usage"
    assert person.dash.post(place, digest=one.digest, note="Measure it first")["message"].startswith(
        "Rejected: move "
    )
    error = desk.error("proposal", "wait", one.proposal, "--actor", AGENT, status=9)
    assert error["details"]["reason"] == "Measure it first"


def test_nobody_approves_what_was_not_wholly_on_the_page(desk: Desk) -> None:
    one, person = asked(desk), Person(desk)
    assert person.approve(one.proposal, 409, seen="")["code"] == "not_seen"
    assert person.approve(one.proposal, 409, seen="0" * 64)["code"] == "not_seen"
    assert person.approve(one.proposal, 409, digest="0" * 64)["code"] == "digest_differs"
    assert person.approve(one.proposal, 409, digest=f"sha256:{one.digest}", seen="")["code"] == "not_seen"
    assert shown(desk, one.proposal)["votes"] == []


def test_what_is_grave_is_confirmed_and_says_what_will_happen(desk: Desk) -> None:
    high, person = (
        propose(desk, "policy.change", text="version: 1\nmerge_policy: {}\nrules: []\n"),
        Person(desk),
    )
    assert "1 file written and committed" in person.dash.get("/inbox").text
    assert person.approve(high, 422, sure="")["code"] == "not_confirmed"
    assert person.approve(high)["level"] == "done"


def test_a_browser_without_the_role_or_signed_in_too_long_ago_decides_nothing(desk: Desk) -> None:
    one = asked(desk)
    for role in (VIEWER, MEMBER):
        person = Person(desk, role=role, person=GRACE)
        for act in ("approve", "reject"):
            told = person.dash.post(
                person.address(one.proposal, f"/{act}"), 403, digest=one.digest, note="no"
            )
            assert told["code"] == "role_refused"
        assert person.dash.post("/inbox/together", 403, verdict="approve", pick="x")["code"] == "role_refused"
    late = Person(desk)
    late.dash.door.chosen = Visitor(ADA, ADMIN, "s1", False)
    assert late.approve(one.proposal, 403)["code"] == "session_stale"
    assert "signed in too long ago" in late.dash.get("/inbox").text
    assert shown(desk, one.proposal)["status"] == "pending"


def test_nobody_decides_on_their_own(desk: Desk) -> None:
    under(desk)
    mine, person = propose(desk, "ticket.create", ADA, title="Mine"), Person(desk)
    digest = shown(desk, mine)["digest"]
    assert form(person.dash.get(person.address(mine)).text, person.address(mine, "/approve")) == {}
    for act in ("approve", "reject"):
        told = person.dash.post(person.address(mine, f"/{act}"), 403, digest=digest, note="no")
        assert told["code"] == "self_approval"


def test_two_who_answer_at_once_come_to_one_answer_and_one_effect(desk: Desk) -> None:
    one = asked(desk)
    ada, grace = Person(desk), Person(desk, person=GRACE)
    fields = form(ada.dash.get("/inbox").text, ada.address(one.proposal, "/approve"))
    with ThreadPoolExecutor(2) as both:
        yes = both.submit(ada.dash.post, ada.address(one.proposal, "/approve"), None, **fields)
        no = both.submit(
            grace.dash.post, grace.address(one.proposal, "/reject"), None, digest=one.digest, note="no"
        )
        told = [yes.result(), no.result()]
    assert sorted([each["level"] for each in told]) == ["done", "error"]
    lost = next(each for each in told if each["level"] == "error")
    assert lost["code"] == "proposal_closed"
    assert len(shown(desk, one.proposal)["votes"]) == 1
    assert (state(desk, one.ticket) == "done") == (told[0]["level"] == "done")


def test_what_was_overtaken_is_not_approved_and_its_page_says_what_has_moved(desk: Desk) -> None:
    one, person = asked(desk), Person(desk)
    fields = form(person.dash.get("/inbox").text, person.address(one.proposal, "/approve"))
    desk.say("edit", one.ticket, "--title", "Another title", "--actor", ADA)
    told = person.dash.post(person.address(one.proposal, "/approve"), 409, **fields)
    assert told["code"] == "stale"
    assert person.waits() == []
    page = person.dash.get(person.address(one.proposal)).text
    assert "What separates it from today" in page
    assert "Another" in page


def test_what_a_change_of_another_file_has_overtaken_leaves_the_inbox_and_the_badge_at_once(
    desk: Desk,
) -> None:
    under(desk)
    propose(desk, "policy.change", text="version: 1\nmerge_policy: {}\nrules: []\n")
    person = Person(desk)
    assert len(person.waits()) == 1
    desk.write(".tickets/policy.yml", f"# somebody else\n{ASKING}")
    assert person.waits() == []
    assert inbox.waiting(person.dash.space).number == 0


def test_an_open_page_is_made_anew_when_a_proposal_expires(desk: Desk) -> None:
    one, dash = asked(desk), Dash(desk)
    visit = dash.board._visit({}, b"", dash.door.chosen, personal=True)
    ends = shown(desk, one.proposal)["expires_at"]
    assert read_ms(ends) == frame.complete(visit, View("settings.html", "Settings")).until_ms


def test_where_only_a_signature_counts_the_page_has_the_command_and_no_button(desk: Desk) -> None:
    under(desk, ASKING.replace("reason:", "require: signed, reason:"))
    one, person = propose(desk, "ticket.create", title="Signed"), Person(desk)
    page = person.dash.get("/inbox").text
    digest = shown(desk, one)["digest"]
    assert f"ticket approve {one[:10]} --digest {digest[:12]} --sign" in page
    assert form(page, person.address(one, "/approve")) == {}
    told = person.dash.post(person.address(one, "/approve"), 403, digest=digest, seen=shown_digest(desk, one))
    assert told["code"] == "signature_required"


def shown_digest(desk: Desk, proposal: str) -> str:
    """Returns the digest of what a reviewer is shown, from the receipt of the proposal."""
    receipts = desk.data("proposal", "show", proposal, "--receipts")["receipts"]
    found: str = receipts[0]["body"]["shown"]
    return found


# --- long changes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lines", "manner"), [(20, "open"), (150, "folded"), (900, "elsewhere")])
def test_the_button_stands_where_the_change_ends(desk: Desk, lines: int, manner: str) -> None:
    under(desk)
    one = propose(desk, "ticket.create", title="Long", body="".join([f"l {n}\n" for n in range(lines)]))
    person = Person(desk)
    page = person.dash.get("/inbox").text
    place = person.address(one, "/approve")
    folded = page[page.find('<details class="long">') : page.rfind("</details>")]
    assert bool(form(page, place)) is (manner != "elsewhere")
    assert (place in folded) is (manner == "folded")
    if manner == "elsewhere":
        assert "This is the beginning of 9" in page
        first = person.dash.get(person.address(one)).text
        assert form(first, place) == {}
        (rest,) = re.findall(r'rel="next" href="([^"]+)"', first)
        assert form(person.dash.get(rest).text, place)["seen"]


def test_more_than_fits_is_told_and_comes_up_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    under(desk)
    for number in range(4):
        propose(desk, "ticket.create", title=f"Ticket {number}")
    monkeypatch.setattr(inbox_page, "SHOWN", 3)
    monkeypatch.setattr(inbox_page, "ROOM", 900)
    page = Dash(desk).get("/inbox").text
    assert "and 1 more; they come up as you decide" in page
    assert page.count('class="decision is-') == 3
    assert "then decide" in page  # what has no room here is read on its own page


# --- several at once ---------------------------------------------------------------------------------


def picks(html: str) -> list[str]:
    return re.findall(r'name="pick" form="together" value="([^"]+)"', html)


def test_equal_light_ones_are_approved_together_each_by_its_own_digest(desk: Desk) -> None:
    under(desk)
    for title in ("One", "Two", "Three"):
        propose(desk, "ticket.create", title=title)
    person = Person(desk)
    chosen = picks(person.dash.get("/inbox").text)
    assert len(chosen) == 3
    gone = chosen[1].split("/")[1]
    desk.say("proposal", "withdraw", gone, "--actor", AGENT)
    told = person.dash.post("/inbox/together", verdict="approve", pick=chosen)
    assert told["message"].startswith("Approved 2 of 3; not decided: ")
    assert [each["is_done"] for each in told["data"]["outcomes"]] == [True, False, True]
    assert len(desk.data("list")["tickets"]) == 2
    assert person.waits() == []


def test_together_only_what_is_alike_and_light_and_with_a_reason_to_reject(desk: Desk) -> None:
    under(desk)
    ticket = urgent_id(desk)
    propose(desk, "ticket.create", title="One")
    propose(desk, "ticket.comment", ticket=ticket, text="Hello")
    person = Person(desk)
    chosen = picks(person.dash.get("/inbox").text)
    assert person.dash.post("/inbox/together", None, verdict="approve", pick=chosen)["code"] == "usage"
    assert person.dash.post("/inbox/together", None, verdict="reject", pick=chosen)["code"] == "usage"
    assert person.dash.post("/inbox/together", None, verdict="approve")["code"] == "usage"
    assert person.dash.post("/inbox/together", None, verdict="approve", pick="a/b")["level"] == "error"
    assert len(person.waits()) == 2
    assert (
        person.dash.post("/inbox/together", verdict="reject", pick=chosen, note="Not now")["level"] == "done"
    )
    assert person.waits() == []


def urgent_id(desk: Desk) -> str:
    """Puts a ticket there by hand, which no policy asks about."""
    desk.put("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    desk.commit("scene: a ticket")
    return "01ARZ3NDEKTSV4RRFFQ69G5FAV"


# --- words of others ---------------------------------------------------------------------------------


def test_nothing_that_others_say_becomes_markup_anywhere(desk: Desk) -> None:
    ticket = urgent(desk, f"T {EVIL[:120]}")
    one = propose(desk, "ticket.move", AGENT, "--reason", EVIL, ticket=ticket, state="done")
    person = Person(desk)
    assert person.dash.post(person.address(one, "/reject"), digest=shown(desk, one)["digest"], note=EVIL)
    two = propose(desk, "ticket.create", AGENT, "--reason", EVIL, title="T " + EVIL[:100], body=EVIL)
    three = propose(
        desk, "policy.change", AGENT, "--reason", EVIL, text=f"version: 1 # {EVIL[:80]}\nrules: []\n"
    )
    four = propose(
        desk, "ticket.comment", AGENT, ticket=ticket, text=f"{EVIL}\n\n[a](javascript:alert(3)) `{EVIL}`"
    )
    places = ["/inbox", f"/proposals/{person.dash.slug}", person.address(three, "/edit")]
    for place in [*places, *[person.address(each) for each in (one, two, three, four)]]:
        page = person.dash.get(place).text
        assert "<img" not in page.replace('<img src="/static', "")
        assert "<script>alert" not in page
        assert "\u202e" not in page or place.endswith("/edit"), place  # there it is to be edited as it is
        assert "49}" not in page
        assert 'style="' not in page


def test_a_secret_that_was_masked_is_told_and_marked_where_it_was(desk: Desk) -> None:
    under(desk)
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    one = propose(desk, "ticket.create", AGENT, "--redact", title="Key", body=f"It is {token} now")
    page = Person(desk).dash.get("/inbox").text
    assert token not in page
    assert "Secrets masked" in page
    assert re.search(r'<span class="q">\[[a-z-]+-redacted\]</span>', page)
    assert one in page


# --- several repositories ----------------------------------------------------------------------------


def test_all_repositories_of_the_space_are_in_one_inbox(desk: Desk, tmp_path: Path) -> None:
    other = desk.copy(tmp_path / "other")
    one, two = asked(desk, "Here"), asked(other, "There")
    dash = Dash(desk, other)
    page = dash.get("/inbox").text
    assert one.proposal in page
    assert f"/proposals/other/{two.proposal}" in page
    assert inbox.waiting(dash.space).number == 2
