"""Views are folded from the log, keep up with it, and can be lost at any moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.usecases.stream_scene import HATS, LEDGER, OTHER_LEDGER, SHOES, Bench, newer

from counterfoil.adapters.sqlite.views import IN_MEMORY, SqliteViews
from counterfoil.errors import HostError, IntegrityError
from counterfoil.testing.ledger import MemoryStore
from counterfoil.testing.views import MemoryViews
from counterfoil.usecases import kinds, views
from counterfoil.usecases.views import TICKETS, VIEWS, View, catch_up, compared, rebuild

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterfoil.usecases.ports import Views

OLD, NEW, COMMIT = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture(params=["memory", "file", "no file"])
def derived(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Views]:
    """Views in each of the ways in which they are kept."""
    if request.param == "memory":
        yield MemoryViews()
        return
    found = SqliteViews(f"{tmp_path}/views.db" if request.param == "file" else IN_MEMORY)
    yield found
    found.close()


@pytest.fixture
def bench() -> Bench:
    """A ledger in which two tickets were changed, one of them also without us."""
    bench = Bench()
    change(bench, SHOES)
    change(bench, HATS, commit="d" * 40)
    bench.seal(
        "ledger", kinds.RECONCILED, {"changes": [[SHOES, NEW, OLD, "e" * 40], [SHOES, OLD, NEW, "f" * 40]]}
    )
    return bench


def change(bench: Bench, ticket: str, commit: str = COMMIT) -> None:
    """Seals one command's change of a ticket."""
    stream = kinds.ticket_stream(ticket)
    body = {
        "ticket": ticket,
        "project": "",
        "command": f"C{bench.store.size()}",
        "path": "p",
        "before": OLD,
        "after": NEW,
    }
    intended = bench.seal(
        stream,
        kinds.INTENDED,
        {**body, "action": "move", "subject": "s", "fields": {"state": ["ready", "done"]}},
    )
    bench.seal(
        stream, kinds.APPLIED, {**body, "intended": intended.id, "commit": commit, "ref": "refs/heads/main"}
    )


def everything(derived: Views) -> dict[str, Any]:
    """Returns all rows of all views."""
    return {
        f"{view.name}.{table}": dict(derived.scan(view.name, table))
        for view in VIEWS
        for table in (*view.tables, views.STOPPED)
    }


def folded(store: MemoryStore) -> dict[str, Any]:
    """Returns all rows, folded from nothing."""
    fresh = MemoryViews()
    catch_up(store, fresh)
    return everything(fresh)


# --- what they say --------------------------------------------------------------------------------


def test_tickets_holds_each_tickets_state_with_what_the_reconcile_found(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived)
    found = dict(views.tickets(derived))
    assert list(found) == [SHOES, HATS]
    assert (found[SHOES]["commit"], found[HATS]["commit"]) == ("f" * 40, "d" * 40)
    assert found[HATS]["fields"] == {"state": "done"}
    assert views.ticket(derived, SHOES) == found[SHOES]
    assert views.ticket(derived, "nobody") is None


def test_timeline_names_every_receipt_about_a_ticket(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived)
    assert list(views.timeline(derived, SHOES)) == [
        (0, kinds.INTENDED), (1, kinds.APPLIED), (4, kinds.RECONCILED),
    ]  # fmt: skip
    assert [position for position, _ in views.timeline(derived, HATS)] == [2, 3]


def test_commits_leads_from_a_commit_and_from_a_blob_to_its_receipt(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived)
    assert {key: json.loads(value)["position"] for key, value in derived.scan("commits", "commit")} == {
        COMMIT: 1, "d" * 40: 3, "e" * 40: 4, "f" * 40: 4,
    }  # fmt: skip
    newest = derived.get("commits", "blob", f"{SHOES}/{NEW}")
    assert newest is not None
    assert json.loads(newest)["commit"] == "f" * 40


def test_a_branch_changes_nothing_about_the_ticket_itself(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived)
    before = everything(derived)
    stream = kinds.ticket_stream(SHOES)
    bench.fork(f"{stream}/idea", stream, 1)
    bench.seal(f"{stream}/idea", kinds.APPLIED, {"ticket": SHOES, "after": "9" * 40, "commit": "9" * 40})
    catch_up(bench.store, derived)
    after = everything(derived)
    assert (after["tickets.state"], after["timeline.entry"]) == (
        before["tickets.state"],
        before["timeline.entry"],
    )


# --- keeping up -----------------------------------------------------------------------------------


def test_what_is_folded_bit_by_bit_is_what_is_folded_at_once(bench: Bench, derived: Views) -> None:
    for _ in range(4):
        catch_up(bench.store, derived)
        change(bench, HATS)
    catch_up(bench.store, derived)
    assert everything(derived) == folded(bench.store)


def test_a_long_log_is_folded_in_several_transactions(bench: Bench, derived: Views, monkeypatch: Any) -> None:
    monkeypatch.setattr(views, "BATCH", 2)
    told: list[tuple[int, int]] = []
    catch_up(bench.store, derived, progress=lambda done, size: told.append((done, size)))
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert everything(derived) == folded(bench.store)


def test_what_is_up_to_date_is_not_written(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived)
    told: list[int] = []
    catch_up(bench.store, derived, progress=lambda done, _: told.append(done))
    assert told == []


def test_views_that_are_behind_each_other_all_arrive(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived, wanted=VIEWS[:1])
    change(bench, HATS)
    catch_up(bench.store, derived, wanted=VIEWS[1:2])
    change(bench, SHOES)
    catch_up(bench.store, derived)
    assert everything(derived) == folded(bench.store)


def test_an_exception_leaves_rows_and_cursor_as_they_were(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived)
    before = everything(derived), derived.cursor("tickets")
    change(bench, SHOES)
    bench.store.log_rows[-1] = bench.store.log_rows[-1]._replace(body=b"{")
    with pytest.raises(IntegrityError):
        catch_up(bench.store, derived)
    assert (everything(derived), derived.cursor("tickets")) == before


# --- beginning anew -------------------------------------------------------------------------------


def spoil(derived: Views) -> None:
    """Puts a row where no receipt has put it."""
    with derived.writing():
        derived.put("tickets", "state", {"nobody": b"{}"})


def test_a_rebuild_drops_everything_and_folds_it_again(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived)
    spoil(derived)
    assert rebuild(bench.store, derived) == 5
    assert everything(derived) == folded(bench.store)


def test_views_of_another_ledger_are_folded_anew(bench: Bench, derived: Views) -> None:
    other = Bench(MemoryStore(OTHER_LEDGER))
    for _ in range(9):
        change(other, HATS)
    catch_up(other.store, derived)
    catch_up(bench.store, derived)
    assert everything(derived) == folded(bench.store)


def test_views_of_a_log_that_was_rolled_back_and_went_on_are_folded_anew(derived: Views) -> None:
    lost, kept = Bench(), Bench(seed=77)
    for bench, ticket in ((lost, SHOES), (kept, HATS)):
        for _ in range(3):
            change(bench, ticket)
    catch_up(lost.store, derived)
    catch_up(kept.store, derived)
    assert everything(derived) == folded(kept.store)


def test_views_that_are_ahead_of_the_log_are_folded_anew(bench: Bench, derived: Views) -> None:
    longer = Bench()
    for _ in range(9):
        change(longer, HATS)
    catch_up(longer.store, derived)
    catch_up(bench.store, derived)
    assert everything(derived) == folded(bench.store)


def test_another_version_of_a_view_is_folded_anew(bench: Bench, derived: Views) -> None:
    catch_up(bench.store, derived)
    spoil(derived)
    catch_up(bench.store, derived)
    assert derived.get("tickets", "state", "nobody") is not None
    catch_up(bench.store, derived, wanted=(View("tickets", 99, TICKETS.tables, TICKETS.apply),))
    assert derived.get("tickets", "state", "nobody") is None


class Lost(MemoryViews):
    """Views that turn out to be damaged when they are first read."""

    def __init__(self) -> None:
        super().__init__()
        self.losses = 1

    def cursor(self, view: str) -> tuple[str, str, int, bytes] | None:
        """Loses everything, as often as it was told to."""
        if self.losses:
            self.losses -= 1
            self.__init__()  # type: ignore[misc]
            self.losses = 0
            raise HostError("views_lost", "gone")
        return super().cursor(view)


def test_a_reader_of_damaged_views_finds_new_ones(bench: Bench) -> None:
    lost = Lost()
    assert len(views.read_up(bench.store, lost, lambda: dict(views.tickets(lost)))) == 2


# --- what a newer program wrote -------------------------------------------------------------------


def test_a_stream_that_cannot_be_followed_stands_still_and_the_others_go_on(
    bench: Bench, derived: Views
) -> None:
    stream = kinds.ticket_stream(SHOES)
    catch_up(bench.store, derived)
    before = views.ticket(derived, SHOES)
    stopped = bench.seal(stream, "future.event", {})
    change(bench, SHOES, commit="1" * 40)
    change(bench, HATS, commit="2" * 40)
    catch_up(bench.store, derived)
    assert views.ticket(derived, SHOES) == before
    assert views.ticket(derived, HATS) != before
    assert views.stopped(derived) == {stream: ("future.event", 1, stopped.position)}
    assert everything(derived) == folded(bench.store)


def test_a_program_that_knows_more_kinds_folds_anew(bench: Bench, derived: Views) -> None:
    bench.seal(kinds.ticket_stream(SHOES), "future.event", {})
    change(bench, SHOES, commit="1" * 40)
    catch_up(bench.store, derived)
    catch_up(bench.store, derived, known=newer("future.event"))
    assert views.stopped(derived) == {}
    found = views.ticket(derived, SHOES)
    assert found is not None
    assert found["commit"] == "1" * 40


# --- disagreements --------------------------------------------------------------------------------


def test_views_that_are_as_they_should_be_are_not_reported(bench: Bench, derived: Views) -> None:
    assert compared(bench.store, derived) == []
    catch_up(bench.store, derived)
    change(bench, SHOES)
    assert compared(bench.store, derived) == []


@pytest.mark.parametrize(
    ("view", "table", "key", "value", "words"),
    [
        ("tickets", "state", SHOES, b"{}", f"view tickets: state {SHOES} is not what its receipts fold to"),
        ("tickets", "state", "ZZZ", b"{}", "view tickets: state ZZZ is not what its receipts fold to"),
        ("tickets", "state", HATS, None, f"view tickets: state {HATS} is missing"),
        (
            "commits",
            "commit",
            COMMIT,
            b"not json",
            f"view commits: commit {COMMIT} is not what its receipts fold to",
        ),
        ("timeline", "stopped", "s", b"[]", "view timeline: stopped s is not what its receipts fold to"),
    ],
)
def test_a_row_that_differs_is_named(
    bench: Bench, derived: Views, view: str, table: str, key: str, value: bytes | None, words: str
) -> None:
    catch_up(bench.store, derived)
    with derived.writing():
        derived.put(view, table, {key: value})
    assert compared(bench.store, derived) == [words]
    rebuild(bench.store, derived)
    assert compared(bench.store, derived) == []


@given(
    st.lists(st.sampled_from([SHOES, HATS, "catch up", "future", "found"]), max_size=12), st.integers(1, 4)
)
def test_however_they_are_kept_up_views_say_what_a_fold_says(steps: list[str], batch: int) -> None:
    bench, derived = Bench(), MemoryViews()
    patch = pytest.MonkeyPatch()
    patch.setattr(views, "BATCH", batch)
    try:
        for step in steps:
            if step == "catch up":
                catch_up(bench.store, derived)
            elif step == "future":
                bench.seal(kinds.ticket_stream(HATS), "future.event", {})
            elif step == "found":
                bench.seal("ledger", kinds.RECONCILED, {"changes": [[SHOES, OLD, NEW, COMMIT]]})
            else:
                change(bench, step)
        catch_up(bench.store, derived)
    finally:
        patch.undo()
    assert everything(derived) == folded(bench.store)
    assert bench.store.ledger == LEDGER
