"""Two who edit one ticket at the same time: different fields stand beside one another, the same one is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA, GRACE
from integration.test_dashboard_inbox import under
from integration.ticket_page_scene import XSS, Page
from integration.verbs_scene import TICKETS

from counterfoil.bootstrap import read_full
from counterfoil.tickets import document
from counterfoil.tickets.merge import merge

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


class Edit:
    """A form that somebody has opened, with what the ticket was then in its fields."""

    def __init__(self, desk: Desk, **fields: str) -> None:
        self.desk = desk
        self.ticket = desk.new("Sell shoes", "-p", "p2", "-l", "shop", "--body", "As it was.", "--actor", ADA)
        self.file = f"{TICKETS}/{self.ticket}.md"
        self.before = desk.text(self.file)
        self.dash = Dash(desk, **fields)
        self.place = f"/tickets/{self.dash.slug}/{self.ticket}/edit"
        self.seen = self.dash.get(self.place, 303).headers["location"].rpartition("=")[2]
        self.dash.get(f"{self.place}?seen={self.seen}")

    def others(self, *words: str) -> str:
        """Lets somebody else change the ticket; returns the file."""
        self.desk.say("edit", self.ticket, *words, "--actor", GRACE)
        return self.desk.text(self.file)

    def save(
        self, status: int = 200, /, title: str = "Sell shoes", body: str = "As it was.", **more: str
    ) -> dict[str, Any]:
        return self.dash.post(self.place, status, title=title, body=body, seen=self.seen, **more)

    def text(self) -> str:
        return self.desk.text(self.file)

    def notice(self) -> Page:
        return Page(self.dash.get(f"{self.place}?seen={self.seen}").text)


def test_different_fields_stand_beside_one_another_and_the_toast_says_whose_was_kept(desk: Desk) -> None:
    one = Edit(desk)
    theirs = one.others("--priority", "p0", "--label", "+urgent")
    told = one.save(body="Now.\nAnd more.")
    assert told["level"] == "done"
    assert "is changed; priority and labels were changed meanwhile by human:grace: kept" in told["message"]
    assert one.text() == theirs.replace("As it was.", "Now.\nAnd more.")
    (proposed, *_) = desk.data("proposal", "list", "--ticket", one.ticket)["proposals"]
    assert set(proposed["payload"]) == {"ticket", "body"}
    blob = desk.git("rev-parse", f"HEAD:{one.file}")
    receipts = desk.data("proposal", "show", proposed["id"], "--receipts")["receipts"]
    assert [after for path, _, after in receipts[0]["body"]["writes"] if path == one.file] == [blob]


def test_what_comes_of_it_is_to_the_byte_what_git_would_merge(desk: Desk) -> None:
    one = Edit(desk)
    desk.change(one.file, "priority: p2", "priority: p0  # since Tuesday")
    desk.commit("by hand")
    theirs = one.text()
    told = one.save(title="Sell boots", body="Now.")
    assert "priority" in told["message"]
    ours = document.replace_body(
        document.with_changes(document.read(one.before.encode(), read_full), {"title": "Sell boots"}), "Now."
    )
    merged = merge(
        one.before.encode(), ours, theirs.encode(), full=read_full, merge_text=lambda *_: ("", False)
    )
    assert merged.clean
    assert one.text().encode() == merged.data
    assert "# since Tuesday" in one.text()


@pytest.mark.parametrize(("words", "mine"), [
    (("--title", "Sell hats"), {"title": "Sell boots"}), (("--body", "Theirs."), {"body": "Mine."}),
    (("--title", "Sell hats", "--priority", "p0"), {"title": "Sell boots", "body": "Mine."}),
    (("--body", "As it was.\n\nAnother paragraph."), {"body": "Before.\n\nAs it was."}),
])  # fmt: skip
def test_the_same_field_is_asked_about_and_nothing_is_written_over(
    desk: Desk, words: tuple[str, ...], mine: dict[str, str]
) -> None:
    one = Edit(desk)
    theirs = one.others(*words)
    assert one.save(412, **mine)["code"] == "precondition_failed"
    assert one.text() == theirs
    assert "Somebody has changed this ticket since you began" in one.notice().text


def test_what_the_form_holds_and_nobody_touched_takes_nothing_back(desk: Desk) -> None:
    one = Edit(desk)
    theirs = one.others("--title", "Sell hats")
    assert "title was changed meanwhile by human:grace: kept" in one.save(body="Mine.")["message"]
    assert one.text() == theirs.replace("As it was.", "Mine.")


def test_both_may_have_changed_it_to_the_same(desk: Desk) -> None:
    one = Edit(desk)
    theirs = one.others("--title", "Sell boots")
    told = one.save(title="Sell boots", body="Mine.")
    assert told["level"] == "done"
    assert "meanwhile" not in told["message"]
    assert one.text() == theirs.replace("As it was.", "Mine.")


def test_who_has_changed_nothing_is_told_as_before(desk: Desk) -> None:
    one = Edit(desk)
    assert one.save(422)["code"] == "no_change"
    theirs = one.others("--priority", "p0")
    assert one.save(422)["code"] == "no_change"
    one.others("--title", "Sell hats")
    assert one.save(412)["code"] == "precondition_failed"
    assert one.text() == theirs.replace("Sell shoes", "Sell hats")


def test_the_notice_says_what_stays_and_asks_nothing(desk: Desk) -> None:
    one = Edit(desk)
    one.others("--priority", "p0")
    page = one.notice()
    assert "Somebody has changed priority since you began. It stays so when you save" in page.text
    assert "mine is to stand" not in page.text
    assert page.faults == []
    one.others("--title", XSS)
    page = one.notice()
    assert "mine is to stand" in page.text
    assert page.faults == []


def test_what_is_sent_twice_is_one_change(desk: Desk) -> None:
    one = Edit(desk)
    one.others("--priority", "p0")
    first = one.save(body="Now.", once="a-key")
    commits = desk.git("rev-list", "--count", "HEAD")
    second = one.save(body="Now.", once="a-key")
    assert (second["level"], second["message"]) == ("done", first["message"])
    assert desk.git("rev-list", "--count", "HEAD") == commits


def test_several_who_came_between_are_all_named_and_an_undo_takes_back_ones_own_alone(desk: Desk) -> None:
    one = Edit(desk)
    one.others("--priority", "p0")
    desk.say("edit", one.ticket, "--label", "+hats", "--actor", "human:morgan")
    theirs = one.text()
    told = one.save(body="Now.")
    assert "meanwhile by human:morgan, human:grace: kept" in told["message"]
    assert one.dash.post(told["undo"])["level"] == "done"
    assert one.text() == theirs


def test_where_policy_asks_the_proposal_carries_what_was_merged(desk: Desk) -> None:
    one = Edit(desk)
    theirs = one.others("--priority", "p0")
    under(desk)
    told = one.save(body="Now.")
    assert told["level"] == "pending"
    shown = desk.data("proposal", "show", told["data"]["proposal"])["proposal"]
    assert shown["payload"]["body"] == "Now."
    assert one.text() == theirs
    page = one.dash.get(told["data"]["link"]).text
    assert "p2" not in Page(page).text


@pytest.mark.parametrize("seen", ["0" * 40, "nonsense", "secret"])
def test_what_was_never_a_state_of_the_ticket_is_no_base_of_a_merge(desk: Desk, seen: str) -> None:
    one = Edit(desk)
    desk.write("secret.txt", "title: of another file\n")
    desk.commit("scene: a secret")
    theirs = one.others("--priority", "p0")
    one.seen = desk.git("rev-parse", "HEAD:secret.txt") if seen == "secret" else seen
    assert one.save(412, body="Now.")["code"] == "precondition_failed"
    assert one.text() == theirs
