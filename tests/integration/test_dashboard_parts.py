"""A change of several parts: it is approved by a browser that was sent each of them, whatever else it knows of it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from integration.gate_scene import ADA, AGENT, GRACE, shown
from integration.test_dashboard_inbox import ASKING, Person, form, propose, shown_digest, under

from counterfoil.usecases.spaces import ADMIN, APPROVER, MEMBER
from counterfoil.web.dashboard.visit import Visitor

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

LINES = 2_000
"""Lines of a text that takes three parts."""


class Long(NamedTuple):
    """A proposal of three parts, and somebody who may decide on it."""

    desk: Desk
    person: Person
    proposal: str

    def part(self, first: int) -> str:
        return self.person.dash.get(f"{self.person.address(self.proposal)}?from={first}").text

    def approve(self, status: int = 200) -> dict[str, Any]:
        """Sends what the form of the last part sends, wherever it may come from."""
        fields = {
            "digest": shown(self.desk, self.proposal)["digest"],
            "seen": shown_digest(self.desk, self.proposal),
        }
        return self.person.dash.post(self.person.address(self.proposal, "/approve"), status, **fields)

    def status(self) -> str:
        return str(shown(self.desk, self.proposal)["status"])


def long(desk: Desk, **role: str) -> Long:
    under(desk)
    body = "".join([f"{number}\n" for number in range(LINES)])
    return Long(desk, Person(desk, **role), propose(desk, "ticket.create", title="Long", body=body))


def starts(page: str) -> list[int]:
    """Returns the first lines of the parts that a page says are still to be opened."""
    listed = re.search(r'id="unread">(.*?)</p>', page, re.DOTALL)
    return [int(each) for each in re.findall(r"from=(\d+)", listed[1])] if listed else []


def test_whoever_reads_on_to_the_end_approves_there(desk: Desk) -> None:
    one = long(desk)
    place, pages = one.person.address(one.proposal), []
    while place:
        pages.append(one.person.dash.get(place).text)
        place = next(iter(re.findall(r'rel="next" href="([^"]+)"', pages[-1])), "")
    assert [f"this is part {number}" in page for number, page in enumerate(pages, 1)] == [True] * 3
    assert [starts(page) for page in pages] == [[800, 1600], [1600], []]
    assert [bool(form(page, one.person.address(one.proposal, "/approve"))) for page in pages] == [
        False,
        False,
        True,
    ]
    assert one.approve()["level"] == "done"
    assert one.status() == "applied"


def test_the_last_part_alone_is_not_enough_and_the_refusal_leads_to_the_first_that_is_missing(
    desk: Desk,
) -> None:
    one = long(desk)
    page = one.part(1600)
    assert starts(page) == [0, 800]
    assert form(page, one.person.address(one.proposal, "/approve")) == {}
    told = one.approve(409)
    assert told["code"] == "not_seen"
    assert "part 1 was not opened in this browser" in told["message"]
    assert told["data"]["link"] == f"{one.person.address(one.proposal)}?from=0"
    assert told["data"]["link"] in told["hint"]
    page = one.part(0)
    assert starts(page) == [800]
    assert "part 2 was not opened" in one.approve(409)["message"]
    page = one.part(800)
    assert starts(page) == []
    assert "To the answer, on part 3" in page
    assert one.status() == "pending"
    assert one.approve()["level"] == "done"


def test_a_line_that_was_between_two_looks_is_missed(desk: Desk) -> None:
    one = long(desk)
    for first in (0, 801, 1601):
        one.part(first)
    assert "part 2 was not opened" in one.approve(409)["message"]
    assert starts(one.part(1601)) == [800]


def test_what_another_session_was_sent_counts_for_that_one_alone(desk: Desk) -> None:
    one = long(desk)
    for first in (0, 800, 1600):
        one.part(first)
    one.person.dash.door.chosen = Visitor(ADA, ADMIN, "s2", True)
    assert one.approve(409)["code"] == "not_seen"
    one.person.dash.door.chosen = Visitor(GRACE, APPROVER, "s3", True)
    assert one.approve(409)["code"] == "not_seen"
    one.person.dash.door.chosen = Visitor(ADA, ADMIN, "s1", True)
    assert one.approve()["level"] == "done"


def test_another_version_is_read_anew(desk: Desk) -> None:
    one = long(desk)
    for first in (0, 800, 1600):
        one.part(first)
    body = "".join([f"{-number}\n" for number in range(900)])
    newer = propose(desk, "ticket.create", AGENT, "--supersedes", one.proposal, title="Long", body=body)
    assert one._replace(proposal=newer).approve(409)["code"] == "not_seen"


def test_a_look_at_the_headers_and_a_stream_show_nothing(desk: Desk) -> None:
    one = long(desk)
    for first in (0, 800, 1600):
        one.person.dash._send("HEAD", f"{one.person.address(one.proposal)}?from={first}", 200, None, {})
    assert one.approve(409)["code"] == "not_seen"


def test_several_at_once_are_no_way_around_it(desk: Desk) -> None:
    one = long(desk)
    pick = "/".join(
        [
            one.person.dash.slug,
            one.proposal,
            shown(desk, one.proposal)["digest"],
            shown_digest(desk, one.proposal),
        ]
    )
    told = one.person.dash.post("/inbox/together", verdict="approve", pick=[pick])
    assert "was not opened in this browser" in told["message"]
    assert [each["is_done"] for each in told["data"]["outcomes"]] == [False]
    assert one.status() == "pending"


def test_it_is_rejected_from_any_part_with_nothing_else_opened(desk: Desk) -> None:
    one = long(desk)
    fields = form(one.part(800), one.person.address(one.proposal, "/reject"))
    told = one.person.dash.post(one.person.address(one.proposal, "/reject"), **fields, note="Too long")
    assert told["level"] == "done"
    assert one.status() == "rejected"


def test_whoever_may_not_decide_is_told_that_and_nothing_is_remembered_of_them(desk: Desk) -> None:
    one = long(desk, role=MEMBER, person=GRACE)
    page = one.part(1600)
    assert starts(page) == []
    assert "once each was opened" not in page
    assert one.approve(403)["code"] == "role_refused"
    assert not one.person.dash.hub.parts_sent._sent


def test_where_only_a_signature_counts_the_last_part_has_the_command(desk: Desk) -> None:
    under(desk, ASKING.replace("reason:", "require: signed, reason:"))
    body = "".join([f"{number}\n" for number in range(LINES)])
    one = Long(desk, Person(desk), propose(desk, "ticket.create", title="Long", body=body))
    assert "--sign" in one.part(1600)
    assert starts(one.part(1600)) == []


def test_two_parts_that_are_opened_at_once_both_count(desk: Desk) -> None:
    one = long(desk)
    with ThreadPoolExecutor(3) as several:
        list(several.map(one.part, (0, 800, 1600)))
    assert one.approve()["level"] == "done"


def test_a_restart_means_opening_them_again(desk: Desk) -> None:
    one = long(desk)
    for first in (0, 800, 1600):
        one.part(first)
    later = Person(desk)
    assert one._replace(person=later).approve(409)["code"] == "not_seen"
    assert one.approve()["level"] == "done"
