"""The ticket page: which ticket an address means, what its file says, what happened to it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA, GRACE
from integration.ticket_page_scene import XSS, Page, look
from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS

from counterfoil.usecases import dates, reading_up

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

    from counterfoil.usecases.context import Context

ABSENT = "01ZZZZZZZZZZZZZZZZZZZZZZZZ"


# --- which ticket ---------------------------------------------------------------------------------


def test_every_way_to_write_an_id_leads_to_the_one_address(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    place = f"/tickets/{dash.slug}/{ticket}"
    short = ticket[:8]
    for written in (
        short,
        short.lower(),
        f"TK-{short}",
        f"tk-{short}",
        f"TK-{ticket}",
        ticket.lower(),
        f"{ticket}.md",
    ):
        answer = dash.get(f"/tickets/{dash.slug}/{written}", 303)
        assert answer.headers["location"] == place
    assert "Sell shoes" in dash.get(place).text


@pytest.mark.parametrize("tail", ["", "/raw", "/edit", "/why"])
def test_a_ticket_is_there_before_the_watcher_has_told_of_it(desk: Desk, tail: str) -> None:
    desk.new("Sell shoes")
    dash = Dash(desk)
    dash.get("/board/work")
    dash.space.projects[0].snapshot.is_watched = True  # and nobody tells
    ticket = desk.new("Sell boots")
    answer = dash.get(f"/tickets/{dash.slug}/{ticket}{tail}", None)
    assert answer.status_code in {200, 303}


@pytest.mark.parametrize("tail", ["", "/raw", "/why", "/edit", f"/artifacts/{'0' * 64}"])
def test_what_is_not_there_is_the_same_nothing_whatever_it_is_called(desk: Desk, tail: str) -> None:
    desk.new("Sell shoes")
    dash = Dash(desk)
    names = (
        ABSENT,
        "XX-01ARZ3ND",
        "nonsense",
        "01ARZ3ND",
        "..%2f..%2fconfig.yml",
        "%00",
        "config.yml",
        "a" * 900,
    )
    answers = [dash.get(f"/tickets/{dash.slug}/{name}{tail}", 404) for name in names]
    answers.append(dash.get(f"/tickets/elsewhere/{ABSENT}{tail}", 404))
    assert len({answer.text for answer in answers}) == 1


def test_a_ticket_of_another_repository_is_found_there_alone(desk: Desk, core_desk: Desk) -> None:
    core_desk.put(FIRST, "Elsewhere")
    dash = Dash(desk, core_desk)
    other = dash.space.projects[1].slug
    assert "Elsewhere" in dash.get(f"/tickets/{other}/{FIRST}").text
    dash.get(f"/tickets/{dash.slug}/{FIRST}", 404)


# --- what the file says ---------------------------------------------------------------------------


def test_the_page_shows_all_that_the_file_says(core_desk: Desk) -> None:
    core_desk.put(
        FIRST, "Sell shoes", body="# Why\n\nBecause **people** walk.\n", state="ready", priority="p1", labels="[api, shoes]",
        assignee="human:grace", reviewer="human:ada", author="agent:builder", due="2026-12-24",
        x_ticket="{source: {kind: jira, id: SHOP-1}, odd: [1, {deep: true}]}",
    )  # fmt: skip
    core_desk.commit("scene: a ticket")
    page = look(Dash(core_desk), FIRST)
    for words in (
        "Sell shoes",
        "P1",
        "grace",
        "ada",
        "builder",
        "api",
        "shoes",
        "2026-12-24",
        "due",
        "unknown",
        "not read",
    ):
        assert words in page.text, words
    assert '"odd": [ 1, { "deep": true } ]' in page.text
    blob = core_desk.git("rev-parse", f"HEAD:{TICKETS}/{FIRST}.md")
    assert blob[:12] in page.text
    assert page.faults == []


def test_the_allowed_transitions_are_offered_and_no_others(core_desk: Desk) -> None:
    core_desk.put(FIRST, state="in_progress")
    core_desk.put(SECOND, state="done")
    core_desk.commit("scene: two tickets")
    dash = Dash(core_desk)
    text = dash.get(f"/tickets/{dash.slug}/{FIRST}").text
    offered = [part.partition('"')[0] for part in text.split('name="state" value="')[1:]]
    assert offered == ["ready", "done", "blocked"]
    assert 'name="state"' not in dash.get(f"/tickets/{dash.slug}/{SECOND}").text
    told = dash.post(f"/tickets/{dash.slug}/{FIRST}/move", state="done")
    assert told["level"] == "done"
    assert "done" in dash.get(f"/tickets/{dash.slug}/{FIRST}").text


def test_relations_are_drawn_and_listed_two_steps_far(core_desk: Desk) -> None:
    core_desk.put(FIRST, "First", x_ticket=f"{{relations: {{blocks: [{SECOND}]}}}}")
    core_desk.put(SECOND, "Second")
    core_desk.put(THIRD, "Third", x_ticket=f"{{relations: {{blocked_by: [TK-{SECOND[:8]}, {ABSENT}]}}}}")
    dash = Dash(core_desk)
    page = look(dash, THIRD)
    assert page.text.count("First") == 2  # in the picture and in the list
    assert "indirectly" in page.text
    assert f"/tickets/{dash.slug}/{SECOND}" in page.links
    assert f"{ABSENT}: no such ticket" in page.text
    assert "Holds up" in look(dash, FIRST).text


def test_tickets_that_run_in_a_circle_are_drawn_once(core_desk: Desk) -> None:
    core_desk.put(FIRST, "First", x_ticket=f"{{relations: {{blocks: [{SECOND}, {FIRST}]}}}}")
    core_desk.put(SECOND, "Second", x_ticket=f"{{relations: {{blocks: [{FIRST}]}}}}")
    page = look(Dash(core_desk), FIRST)
    assert page.text.count("Second") == 2


def test_links_to_tickets_lead_wherever_in_the_space_they_are(core_desk: Desk, bare_desk: Desk) -> None:
    core_desk.put(
        FIRST,
        "Here",
        body=f"TK-{SECOND[:8]} ticket://warehouse/{THIRD[:8]} ticket://other/{THIRD[:8]} TK-{ABSENT[:8]}\n",
    )
    core_desk.put(SECOND, "Beside", state="done")
    there = bare_desk.copy(bare_desk.path.parent / "warehouse")
    there.put(THIRD, "There")
    dash = Dash(core_desk, there)
    links = look(dash, FIRST).links
    assert links[f"/tickets/{dash.slug}/{SECOND}"] == f"TK-{SECOND[:8]}"
    assert links[f"/tickets/warehouse/{THIRD}"] == f"ticket://warehouse/{THIRD[:8]}"
    assert not [each for each in links if ABSENT[:8] in each or "other" in each]


def test_a_link_with_an_owner_leads_to_the_clone_of_that_owner_s_repository_alone(core_desk: Desk) -> None:
    core_desk.git("remote", "add", "origin", "git@github.com:acme/shop.git")
    names = ("acme/shop", "github.com/acme/shop", "evil/shop", "gitlab.com/acme/shop", "shop")
    core_desk.put(FIRST, body="".join([f"- ticket://{name}/{SECOND[:8]}\n" for name in names]))
    core_desk.put(SECOND)
    dash = Dash(core_desk)
    told = look(dash, FIRST).links[f"/tickets/{dash.slug}/{SECOND}"]
    assert told == "".join(
        [f"ticket://{name}/{SECOND[:8]}" for name in ("acme/shop", "github.com/acme/shop", "shop")]
    )


# --- the file itself ------------------------------------------------------------------------------


def test_the_raw_file_is_text_byte_for_byte(core_desk: Desk) -> None:
    core_desk.put(FIRST, body=f"{XSS}\r\nzwölf\n")
    dash = Dash(core_desk)
    answer = dash.get(f"/tickets/{dash.slug}/{FIRST}/raw")
    assert answer.content == core_desk.file(FIRST).read_bytes()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-disposition" not in answer.headers
    down = dash.get(f"/tickets/{dash.slug}/{FIRST}/raw?download=1")
    assert down.headers["content-disposition"] == f"attachment; filename*=UTF-8''{FIRST}.md"


def test_a_file_that_is_no_ticket_shows_its_badge_and_the_line_at_fault(core_desk: Desk) -> None:
    core_desk.write(f"{TICKETS}/{FIRST}.md", f"---\nid: {FIRST}\ntitle: [never closed\n---\n\n{XSS}\n")
    dash = Dash(core_desk)
    page = look(dash, FIRST)
    assert "Invalid ticket format" in page.text
    assert "yaml" in page.text
    assert "title: [never closed" in page.text
    assert page.faults == []
    assert page.forms.count(f"/tickets/{dash.slug}/{FIRST}/comment") == 0
    text = dash.get(f"/tickets/{dash.slug}/{FIRST}").text
    assert text.count('id="fault"') == 1
    assert (
        dash.get(f"/tickets/{dash.slug}/{FIRST}/edit", 303).headers["location"]
        == f"/tickets/{dash.slug}/{FIRST}"
    )
    assert dash.get(f"/tickets/{dash.slug}/{FIRST}/raw").content == core_desk.file(FIRST).read_bytes()


@pytest.mark.parametrize(
    "name", ["notes.md", "<img src=x onerror=alert(1)>.md", "a b&c#d?.md", "zwölf%2f.md"]
)
def test_a_file_with_another_name_is_reached_by_it(core_desk: Desk, name: str) -> None:
    core_desk.write(f"{TICKETS}/{name}", "just a note\n")
    dash = Dash(core_desk)
    page = look(dash, quote(name, safe=""))
    assert "is not named after a ULID" in page.text
    assert "just a note" in page.text
    assert page.faults == []


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"---\n\0\n---\n", b"x" * (4 * 1024 * 1024 + 1)])
def test_even_a_file_that_is_no_text_has_a_page(core_desk: Desk, data: bytes) -> None:
    core_desk.file(FIRST).write_bytes(data)
    answer = Dash(core_desk).get(f"/tickets/work/{FIRST}")
    assert "Invalid ticket format" in answer.text
    assert len(answer.content) < 120_000


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_link_is_shown_as_what_it_is_and_never_followed(core_desk: Desk, is_committed: bool) -> None:
    core_desk.write("secret.txt", "not for this page\n")
    if is_committed:
        core_desk.put(FIRST)
        core_desk.commit("scene: a ticket")
        core_desk.file(FIRST).unlink()
    core_desk.file(FIRST).symlink_to(core_desk.path / "secret.txt")
    dash = Dash(core_desk)
    page = look(dash, FIRST)
    assert "Invalid ticket format" in page.text
    assert "not for this page" not in page.text
    dash.get(f"/tickets/{dash.slug}/{FIRST}/raw", 404)


def test_a_folder_is_no_ticket_and_hinders_none(core_desk: Desk) -> None:
    core_desk.put(SECOND, "Beside")
    core_desk.file(FIRST).mkdir()
    dash = Dash(core_desk)
    assert "Beside" in look(dash, SECOND).text
    assert "Invalid ticket format" in look(dash, FIRST).text


def test_a_ticket_becomes_unreadable_and_readable_again_under_the_same_address(core_desk: Desk) -> None:
    core_desk.put(FIRST, "Good")
    dash = Dash(core_desk)
    assert "Good" in look(dash, FIRST).text
    core_desk.change(f"{TICKETS}/{FIRST}.md", "state: backlog", "state: asleep")
    assert "invalid_state" in look(dash, FIRST).text
    core_desk.change(f"{TICKETS}/{FIRST}.md", "state: asleep", "state: ready")
    assert "Invalid ticket format" not in look(dash, FIRST).text


# --- what happened --------------------------------------------------------------------------------


def test_a_commit_and_the_receipt_that_tells_of_it_are_one_entry(desk: Desk) -> None:
    ticket = desk.new("Sell shoes", "--actor", ADA)
    desk.say("move", ticket, "ready", "--actor", GRACE)
    dash = Dash(desk)
    page = look(dash, ticket)
    commit = desk.git("rev-parse", "HEAD")[:9]
    assert page.text.count(commit) == 1
    assert page.text.count("created it") == 1
    assert any(href.startswith(f"/receipts/{dash.slug}/at/") for href in page.links)
    newest, oldest = page.text, look(dash, ticket, "&order=oldest").text
    assert newest.index(commit) < newest.index("created it")
    assert oldest.index(commit) > oldest.index("created it")


def test_what_was_edited_by_hand_is_told_before_and_after_it_is_committed(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    desk.change(f"{TICKETS}/{ticket}.md", "title: Sell shoes", "title: Sell boots")
    page = look(dash, ticket)
    assert "that is not committed yet" in page.text
    assert f"git commit -- {TICKETS}/{ticket}.md" in page.text
    desk.commit("by hand")
    page = look(dash, ticket)
    assert "git commit" not in page.text
    assert "that is not committed yet" not in page.text
    assert "title Sell shoes to Sell boots" in page.text


def test_a_rewritten_commit_is_one_entry_that_says_so(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    desk.say("move", ticket, "ready")
    before = desk.git("rev-parse", "HEAD")
    desk.git("commit", "--quiet", "--amend", "--no-edit", "--date", "2020-01-01T00:00:00Z")
    desk.say("ledger", "reconcile")
    page = look(Dash(desk), ticket)
    assert f"rewritten: it was commit {before[:9]}" in page.text
    assert desk.git("rev-parse", "HEAD")[:9] in page.text


def test_a_long_history_comes_in_pages(core_desk: Desk) -> None:
    core_desk.put(FIRST, "Number 0")
    for number in range(1, 61):
        core_desk.change(f"{TICKETS}/{FIRST}.md", f"Number {number - 1}\n", f"Number {number}\n")
        core_desk.commit(f"scene: {number}")
    dash = Dash(core_desk)
    first, second = look(dash, FIRST), look(dash, FIRST, "&page=2")
    assert "Page 1 of 2, 60 in all" in first.text
    assert "Number 60" in first.text
    assert "Number 9 to Number 10" in second.text
    assert "Number 10 to Number 11" not in second.text
    assert "Page 2 of 2" in look(dash, FIRST, "&page=999").text
    assert "Page 1 of 2" in look(dash, FIRST, "&page=-1").text


def test_the_history_goes_on_with_every_commit_and_follows_another_branch(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    dash = Dash(desk)
    look(dash, ticket)
    desk.git("checkout", "--quiet", "-b", "other")
    desk.say("move", ticket, "ready")
    assert "ready" in look(dash, ticket).text
    there = desk.git("rev-parse", "HEAD")[:9]
    assert there in look(dash, ticket).text
    desk.git("checkout", "--quiet", "main")
    page = look(dash, ticket)
    assert "its commit is not in the history here" in page.text


def test_views_that_have_far_to_go_keep_no_page_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_up, "BEHIND_MAX", 0)
    ticket = desk.new("Sell shoes")
    desk.say("comment", ticket, "Soon")
    dash = Dash(desk)
    first = Page(dash.get(f"/tickets/{dash.slug}/{ticket}").text)
    assert "Its history is being read" in first.text
    whole = look(dash, ticket)
    assert "Its history is being read" not in whole.text
    assert "commented: Soon" in whole.text


def test_a_shallow_clone_says_where_its_history_begins(desk: Desk) -> None:
    ticket = desk.new("Sell shoes")
    desk.say("move", ticket, "ready")
    shallow = desk.path.parent / "shallow"
    desk.git("clone", "--quiet", "--depth", "1", f"file://{desk.path}", str(shallow))
    dash = Dash(type(desk)(shallow))
    assert "here already; what came before is not in this clone" in look(dash, ticket).text
    desk.change(f"{TICKETS}/{ticket}.md", "title: Sell shoes", "title: Sell boots")
    desk.commit("by hand")
    type(desk)(shallow).git("pull", "--quiet")
    assert "title Sell shoes to Sell boots" in look(dash, ticket).text


def test_before_git_s_history_is_read_there_is_what_the_ledger_tells(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = desk.new("Sell shoes")
    desk.say("move", ticket, "ready")
    desk.say("comment", ticket, "Soon")
    may_read = threading.Event()
    passed_over = dates.passed_over

    def slowly(context: Context, head: str) -> dates.Pass | None:
        assert may_read.wait(20)
        return passed_over(context, head)

    monkeypatch.setattr(dates, "passed_over", slowly)
    dash = Dash(desk)
    first = Page(dash.get(f"/tickets/{dash.slug}/{ticket}").text)
    assert "Its history is being read" in first.text
    assert "commented: Soon" in first.text
    assert "not in the history here" not in first.text
    may_read.set()
    whole = look(dash, ticket)
    assert "Its history is being read" not in whole.text
    assert "created it" in whole.text
