"""The log is found by stream, kind, actor and time, newest first, a page at a time, and nothing is missed or told twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.usecases.stream_scene import ADA, BOT, SHOES, Bench

from counterfoil.errors import InputError
from counterfoil.ledger.receipt import FORKED
from counterfoil.testing.views import MemoryViews
from counterfoil.usecases import browsing, fork_tree, kinds, log_index, views
from counterfoil.usecases.browsing import Wanted

KINDS = (kinds.NOTED, kinds.CLAIMED, kinds.RELEASED)
STREAMS = ("text/a", "text/b", kinds.ticket_stream(SHOES))


def all_pages(bench: Bench, derived: MemoryViews, wanted: Wanted, limit: int) -> list[int]:
    """Returns the positions of all pages, one after the other."""
    found: list[int] = []
    before = None
    while True:
        page = browsing.page(bench.store, lambda: derived, wanted, before=before, limit=limit)
        assert len(page.receipts) <= limit
        found += [receipt.position for receipt in page.receipts]
        if page.before is None:
            return found
        assert before is None or page.before < before
        before = page.before


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(STREAMS), st.sampled_from((ADA, BOT))), max_size=40),
    st.sampled_from(("", *KINDS)), st.sampled_from(("", *STREAMS)), st.sampled_from(("", ADA, BOT, "human:nobody")),
    st.integers(0, 45), st.integers(1, 7), st.integers(2, 8),
)  # fmt: skip
def test_pages_hold_all_that_fits_newest_first(
    sealed: list[tuple[str, str, str]], kind: str, stream: str, actor: str, since: int, limit: int, block: int
) -> None:
    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        for module in (log_index, browsing):
            patched.setattr(module, "BLOCK", block)
        patched.setattr(browsing, "CHUNK", 3)
        bench, derived = Bench(), MemoryViews()
        for name, place, who in sealed:
            bench.seal(place, name, {"text": "x"}, actor=who)
        receipts = list(bench.store.log())
        moment = receipts[since].at if since < len(receipts) else ""
        wanted = Wanted(stream, kind, actor, moment)
        expected = [
            each.position
            for each in reversed(receipts)
            if kind in {"", each.kind}
            and stream in {"", each.stream}
            and actor in {"", each.actor}
            and each.at >= moment
        ]
        assert all_pages(bench, derived, wanted, limit) == expected


def test_a_long_stream_is_looked_through_a_piece_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "LOOKED_MAX", 4)
    bench = Bench()
    bench.seal("text/a", kinds.CLAIMED, {})
    bench.note("text/a", *"abcdefghij")
    first = browsing.page(bench.store, MemoryViews, Wanted("text/a", kinds.CLAIMED))
    assert (list(first.receipts), first.before) == ([], 7)
    assert all_pages(bench, MemoryViews(), Wanted("text/a", kinds.CLAIMED), 5) == [0]


def test_an_empty_log_is_an_empty_page() -> None:
    for wanted in (Wanted(), Wanted(kind="a"), Wanted("text/a"), Wanted(since="2020-01-01")):
        page = browsing.page(Bench().store, MemoryViews, wanted)
        assert (list(page.receipts), page.before, page.size) == ([], None, 0)


@pytest.mark.parametrize("name", ["3", "-1", "", "x", "1e3", "²", "9" * 30])
def test_what_is_no_position_is_refused(name: str) -> None:
    bench = Bench()
    bench.note("text/a", "1", "2", "3")
    with pytest.raises(InputError, match="there is no receipt"):
        browsing.position(bench.store, name)


def test_streams_and_actors_are_known_with_how_many_receipts_they_have() -> None:
    bench, derived = Bench(), MemoryViews()
    bench.note("text/a", "1", "2")
    bench.note("text/b", "3")
    bench.seal("other", kinds.NOTED, {"text": "4"}, actor=BOT)
    assert views.behind(bench.store, derived, views.LOG) == 4
    views.catch_up(bench.store, derived, wanted=(views.LOG,))
    assert views.behind(bench.store, derived, views.LOG) == 0
    assert browsing.actors(derived) == [(ADA, 3), (BOT, 1)]
    assert browsing.streams(derived, "text/", "", 9) == [("text/a", 2, 1), ("text/b", 1, 2)]
    assert browsing.streams(derived, "text/", "text/a", 9) == [("text/b", 1, 2)]
    assert browsing.streams(derived, "", "", 1) == [("other", 1, 3)]


def test_a_family_of_branches_is_told_from_any_of_its_members() -> None:
    bench, derived = Bench(), MemoryViews()
    bench.note("text/a", "1", "2", "3")
    bench.fork("text/a/x", "text/a", 1)
    bench.note("text/a/x", "4")
    bench.fork("elsewhere", "text/a/x", 1)
    bench.note("text/b", "5")
    names = ["text/a", "text/a/x", "elsewhere"]
    for name in names:
        family = fork_tree.family(bench.store, derived, name)
        assert [(node.name, node.depth, node.at) for node in family] == [
            ("text/a", 0, None), ("text/a/x", 1, 1), ("elsewhere", 2, 2),
        ]  # fmt: skip
    assert [node.name for node in fork_tree.family(bench.store, derived, "text/b")] == ["text/b"]
    assert fork_tree.family(bench.store, derived, "nowhere") == []
    assert len(fork_tree.log_positions(bench.store, derived, FORKED)) == 2
