"""Two projects in one clone share a ledger: whoever is served one of them learns nothing of the other there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import asked
from integration.http_scene import Served
from integration.verbs_scene import Desk

from counterfoil.ledger.finding import Finding
from counterfoil.usecases import belonging, browsing
from counterfoil.web.dashboard.visit import NOBODY

if TYPE_CHECKING:
    from pathlib import Path


class Both(NamedTuple):
    """The projects in the root and in a folder, each with a ticket and a proposal that waits; the dashboards of both."""

    root: Dash
    sub: Dash
    of_root: tuple[str, str]
    of_sub: tuple[str, str]
    desk: Desk


@pytest.fixture
def both(desk: Desk) -> Both:
    """Returns two projects."""
    one = asked(desk, "Root shoes")
    folder = desk.path / "shop"
    folder.mkdir()
    inner = Desk(folder)
    inner.say("init")
    two = asked(inner, "Secret hats")
    inner.say("comment", two.ticket, "Nobody else is to read this")
    return Both(Dash(desk), Dash(inner), (one.ticket, one.proposal), (two.ticket, two.proposal), desk)


def positions(dash: Dash, place: str) -> list[int]:
    return [int(each) for each in re.findall(r'id="receipt-(\d+)"', dash.get(place).text)]


def refused(dash: Dash, path: str) -> str:
    """Returns a page that says that there is nothing, without the keys of its forms, which are never the same."""
    return re.sub(r'value="[0-9a-f]{24}"', "", dash.get(path, 404).text)


def test_pages_show_what_belongs_to_their_project_and_nothing_else(both: Both) -> None:
    for dash, own, other in ((both.root, both.of_root, both.of_sub), (both.sub, both.of_sub, both.of_root)):
        slug = dash.slug
        places = [
            f"/receipts/{slug}", f"/receipts/{slug}/streams", f"/proposals/{slug}", "/inbox", f"/board/{slug}", "/list",
            "/attention", f"/receipts/{slug}?kind=ticket.applied", f"/receipts/{slug}/stream?name=ledger",
        ]  # fmt: skip
        texts = {place: dash.get(place).text for place in places}
        for place, text in texts.items():
            assert not any(word in text for word in other), place
            assert "human:nobody" not in text
        assert own[0] in texts[f"/receipts/{slug}/streams"]
        assert own[1] in texts[f"/proposals/{slug}"]
        assert own[1] in texts["/inbox"]
    mine, yours = (positions(dash, f"/receipts/{dash.slug}") for dash in (both.root, both.sub))
    assert mine
    assert yours
    assert both.root.get(f"/receipts/{both.root.slug}/at/{mine[0]}").status_code == 200


def test_what_is_another_projects_is_not_there_under_any_address(both: Both) -> None:
    root, sub = both.root, both.sub
    ticket, proposal = both.of_sub
    stream = f"ticket/{ticket}"
    page = sub.get(f"/receipts/{sub.slug}?stream={stream}").text
    place = max(map(int, re.findall(r'id="receipt-(\d+)"', page)))
    missing = refused(root, f"/receipts/{root.slug}/at/999999")
    for path in (f"/receipts/{root.slug}/at/{place}", f"/receipts/{root.slug}/at/{place}/proof"):
        assert stream not in root.get(path, 404).text
    # A whole number only: the digits may be in the tags of the page's style and script, too.
    assert re.sub(rf"\b{place}\b", "999999", refused(root, f"/receipts/{root.slug}/at/{place}")) == missing
    assert positions(root, f"/receipts/{root.slug}?stream={stream}") == []
    nowhere = refused(root, f"/receipts/{root.slug}/stream?name=ticket/{'0' * 26}")
    hidden = refused(root, f"/receipts/{root.slug}/stream?name={stream}")
    assert hidden.replace(stream, f"ticket/{'0' * 26}") == nowhere
    root.get(f"/receipts/{root.slug}/stream?name={ticket[:8]}", 404)
    root.get(f"/receipts/{root.slug}/compare?left={stream}&right=project/root", 404)
    root.get(f"/tickets/{root.slug}/{ticket}", 404)
    for act in ("", "/edit"):
        root.get(f"/proposals/{root.slug}/{proposal}{act}", 404)
    for act in ("approve", "reject", "withdraw"):
        told = root.post(f"/proposals/{root.slug}/{proposal}/{act}", 404, note="no", digest="0" * 64)
        assert proposal not in str(told.get("link"))
    sub.get(f"/proposals/{sub.slug}/{proposal}")
    sub.get(f"/receipts/{sub.slug}/stream?name={stream}")
    sub.get(f"/tickets/{sub.slug}/{ticket}")


def test_the_log_of_a_project_is_found_page_by_page_between_the_receipts_of_another(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = both.root
    whole = positions(root, f"/receipts/{root.slug}")
    monkeypatch.setattr(browsing, "PAGE", 2)
    monkeypatch.setattr(browsing, "LOOKED_MAX", 4)
    found, place = [], f"/receipts/{root.slug}"
    while place:
        text = root.get(place).text
        found += positions(root, place)
        older = re.findall(r'href="(/receipts/[\w-]+\?before=\d+)" rel="next"', text)
        place = older[0] if older else ""
    assert found == whole


def test_a_finding_about_another_project_is_told_without_its_words(both: Both) -> None:
    server = both.root.space.projects[0].server
    context = server.context(NOBODY)
    store = server.store(context)
    findings = [
        Finding("receipt_edited", "error", f"ticket/{ticket}@0", f"the receipt of {ticket} differs", "look")
        for ticket in (both.of_root[0], both.of_sub[0])
    ]
    own, other = belonging.of_project(context, store, findings)
    assert own == findings[0]
    assert both.of_sub[0] not in repr(other)
    assert "another project" in other.message


def test_an_agent_reads_nothing_of_its_own_in_another_project_than_the_one_that_is_served(
    both: Both, tmp_path: Path
) -> None:
    server = Served(both.desk, tmp_path)
    agent = server.agent("claude")
    try:
        server.start()
        (mine,) = server.ask("GET", "/proposals", agent).json()["items"]
        assert mine["id"] == both.of_root[1]
        for of, status in ((both.of_root, 200), (both.of_sub, 404)):
            assert server.ask("GET", f"/proposals/{of[1]}", agent).status_code == status
            for stream in (f"ticket/{of[0]}", f"proposal/{of[1]}"):
                answer = server.ask("GET", f"/receipts?stream={stream}", agent)
                assert answer.status_code == status, stream
    finally:
        server.close()
