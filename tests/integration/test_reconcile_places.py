"""What a ledger goes through: lost, closed, copied, moved, cut short; each time Git and it agree again."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, project
from integration.reconcile_scene import (
    begun,
    blob,
    bodies,
    change_of,
    check_agreement,
    context_of,
    edit,
    ledger,
    receipts,
    reconcile,
    told,
)

from counterfoil.usecases import kinds, observed
from counterfoil.usecases import reconcile as reconciling
from counterfoil.usecases.reconcile import catch_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STATE = ".git/counterfoil"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Clone, str]:
    """Returns a clone with a ledger and one ticket."""
    return begun(tmp_path / "work")


def ids(count: int) -> list[str]:
    """Returns ticket ids."""
    return [
        f"01ARZ3NDEKTSV4RRFFQ69{CROCKFORD[number // 1024]}{CROCKFORD[number // 32 % 32]}{CROCKFORD[number % 32]}AA"
        for number in range(count)
    ]


def head(clone: Clone) -> str:
    """Returns HEAD's commit."""
    return clone.git("rev-parse", "HEAD")


# --- the noted place ------------------------------------------------------------------------------


def test_the_noted_place_may_be_deleted_at_any_moment(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.say("move", ticket, "ready")
    edit(clone, ticket, "One", "Eins")
    reconcile(clone)
    clone.say("edit", ticket, "-p", "p0")
    before = len(receipts(clone))
    shutil.rmtree(clone.path / STATE / "observed")
    assert observed.due(context_of(clone))
    assert reconcile(clone).receipts == ()
    assert len(receipts(clone)) == before


def test_a_place_that_was_noted_before_the_last_receipt_is_not_believed(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    kept = clone.path / STATE / "kept"
    shutil.copytree(clone.path / STATE / "observed", kept)
    edit(clone, ticket, "One", "Eins")
    reconcile(clone)
    # As after a crash between the receipt and the note, with another commit since.
    shutil.rmtree(clone.path / STATE / "observed")
    kept.rename(clone.path / STATE / "observed")
    commit = edit(clone, ticket, "Two", "Zwei")
    done = reconcile(clone)
    assert (done.changes, len(told(clone, "changes"))) == (1, 2)
    assert told(clone, "changes")[-1] == change_of(clone, ticket, commit)


@pytest.mark.parametrize(
    "note",
    [
        b"", b"\xff\n\n\n\n\n", b"counterfoil observed 1\n", b"counterfoil observed 1\nX\n99999999\nrefs/heads/main\n\n",
        b"counterfoil observed 1\nX\n\xd9\xa3\nrefs/heads/main\nabc\n",
    ],
)  # fmt: skip
def test_a_damaged_note_counts_as_none(scene: tuple[Clone, str], note: bytes) -> None:
    clone, ticket = scene
    [file] = (clone.path / STATE / "observed").iterdir()
    file.write_bytes(note)
    commit = edit(clone, ticket, "One", "Eins")
    reconcile(clone)
    assert told(clone, "changes") == [change_of(clone, ticket, commit)]


# --- long ranges ----------------------------------------------------------------------------------


def test_a_long_range_is_cut_into_several_receipts_sealed_at_once(
    scene: tuple[Clone, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clone, _ = scene
    monkeypatch.setattr(reconciling, "CHANGES_A_RECEIPT", 4)
    tickets = ids(10)
    commit = clone.commit("many", **{f".tickets/tickets/{ticket}.md": f"{ticket}\n" for ticket in tickets})
    done = reconcile(clone)
    assert [body["part"] for body in bodies(clone, kinds.RECONCILED)] == [[1, 3], [2, 3], [3, 3]]
    assert len({(body["from"], body["to"]) for body in bodies(clone, kinds.RECONCILED)}) == 1
    assert (done.changes, len(done.receipts)) == (10, 3)
    assert told(clone, "changes") == [
        [ticket, None, blob(clone, ticket, commit), commit] for ticket in tickets
    ]
    clone.git("reset", "-q", "--hard", "HEAD^")
    reconcile(clone)
    clone.git("reset", "-q", "--hard", commit)
    reconcile(clone)
    assert (len(told(clone, "dropped")), len(told(clone, "changes"))) == (10, 20)


def test_progress_is_told_while_many_commits_are_looked_at(
    scene: tuple[Clone, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clone, ticket = scene
    commits = [edit(clone, ticket, old, new) for old, new in (("One", "1"), ("Two", "2"), ("Three", "3"))]
    monkeypatch.setattr("counterfoil.usecases.movement.COMMITS_A_PASS", 2)
    seen: list[tuple[int, int]] = []
    named: list[str] = []
    context = context_of(clone)

    @contextmanager
    def watch(what: str) -> Iterator[Callable[[int, int], None]]:
        named.append(what)
        yield lambda done, total: seen.append((done, total))

    context.watch = watch
    catch_up(context)
    assert (named, seen) == (["reading commits"], [(2, 0), (3, 0)])
    assert [entry[3] for entry in told(clone, "changes")] == commits


# --- a ledger that is closed or gone --------------------------------------------------------------


def test_what_happened_while_the_ledger_was_closed_is_sealed_late_and_once(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    file = clone.path / STATE / "ledger.db"
    with ledger(clone) as store:
        store.backup(str(clone.path / STATE / "aside"))
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (clone.path / STATE / name).unlink(missing_ok=True)
    file.write_bytes(b"this is no database, it only looks as long as one" * 40)
    assert [item["code"] for item in clone.answer("move", ticket, "ready")["warnings"]] == [
        "ledger_unavailable"
    ]
    assert len(list((clone.path / STATE / "unrecorded").iterdir())) == 1
    commit = head(clone)
    file.unlink()
    (clone.path / STATE / "aside").rename(file)
    assert observed.due(context_of(clone))
    done = reconcile(clone)
    assert (done.late, done.changes) == (1, 0)
    intended, applied = receipts(clone)[-2:]
    body = applied.data()
    assert (intended.kind, applied.kind, body["late"], body["commit"], body["intended"]) == (
        kinds.INTENDED, kinds.APPLIED, True, commit, intended.id,
    )  # fmt: skip
    assert (body["after"], applied.actor) == (blob(clone, ticket), "human:ana")
    assert list((clone.path / STATE / "unrecorded").iterdir()) == []
    assert reconcile(clone).late == 0
    check_agreement(clone)


def test_what_was_left_is_sealed_once_even_if_it_could_not_be_removed(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    context = context_of(clone)
    body = {"ticket": ticket, "command": "C", "commit": None, "intended": None, "before": None, "after": None}
    from counterfoil.kernel import canonical

    item = {"stream": f"ticket/{ticket}", "kind": kinds.APPLIED, "body": body, "key": "C/applied"}
    entry = {"actor": "human:ana", "at": 1_700_000_000_000, "command": "C", "items": [item]}
    for _ in range(2):
        clone.write(f"{STATE}/unrecorded/C", canonical.encode(entry))
        reconcile(clone)
    assert len([body for body in bodies(clone, kinds.APPLIED) if body.get("late")]) == 1
    assert bodies(clone, kinds.APPLIED)[-1]["at"] == "2023-11-14T22:13:20Z"
    assert context.warnings == []


ITEM = '{"body":{},"key":"k","kind":"ticket.applied","stream":"ticket/x"}'


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", '{"actor":1,"at":1,"items":[]}', '{"actor":"human:a","at":1,"items":[1]}',
        '{"actor":"human:a","at":true,"items":{}}', '{"at":1,"items":[]}', f'{{"actor":"human:a","at":1, "items":[{ITEM}]}}',
        '{"actor":"human:a","at":1,"items":[{"body":[],"key":"k","kind":"ticket.applied","stream":"x"}]}',
        '{"actor":"human:a","at":1,"items":[{"body":{},"key":1,"kind":"ticket.applied","stream":"x"}]}',
        '{"actor":"human:a","at":1,"items":[{"body":{},"key":"k","kind":"nonsense","stream":"x"}]}',
        '{"actor":"human:a","at":1,"items":[{"body":{},"key":"k","kind":"ticket.applied","stream":"../x y"}]}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_set_aside_with_a_warning(scene: tuple[Clone, str], content: str) -> None:
    clone, _ = scene
    clone.write(f"{STATE}/unrecorded/C", content)
    size = len(receipts(clone))
    context = context_of(clone)
    done = catch_up(context)
    assert done is not None
    assert ([warning["code"] for warning in context.warnings], done.late) == (["unrecorded_damaged"], 0)
    assert len(receipts(clone)) == size
    assert not observed.due(context_of(clone))
    assert (clone.path / STATE / "unrecorded/C.damaged").exists()


def test_a_ledger_that_is_gone_is_followed_by_one_of_another_origin_that_names_it(
    scene: tuple[Clone, str],
) -> None:
    clone, ticket = scene
    clone.say("move", ticket, "ready")
    old = receipts(clone)[0].ledger
    told_last = clone.git("log", "-1", "--format=%(trailers:key=Ticket-Checkpoint,valueonly)").split()
    shutil.rmtree(clone.path / STATE)
    clone.say("edit", ticket, "-p", "p0")
    opened = receipts(clone, kinds.OPENED)[0]
    previous = opened.data()["previous"]
    assert previous == {"ledger": old, "size": int(told_last[1]), "root": told_last[2], "reason": "lost"}
    assert opened.ledger != old
    assert clone.git("config", "--get-all", "ticket.origin").split() == [old, opened.ledger]
    assert reconcile(clone).receipts == ()
    assert bodies(clone, kinds.RECONCILED) == []


def test_a_folder_that_was_moved_goes_on_with_its_ledger(scene: tuple[Clone, str], tmp_path: Path) -> None:
    clone, ticket = scene
    size = len(receipts(clone))
    clone.path.rename(tmp_path / "elsewhere")
    moved = Clone(tmp_path / "elsewhere")
    moved.env = clone.env
    assert not observed.due(context_of(moved))
    assert moved.answer("move", ticket, "ready")["warnings"] == []
    assert len(receipts(moved)) == size + 2


# --- history that is not here ---------------------------------------------------------------------


def test_where_history_is_cut_short_the_states_are_compared(tmp_path: Path) -> None:
    source = project(tmp_path / "source")
    tickets = ids(3)
    for number, ticket in enumerate(tickets):
        source.commit(f"ticket {number}", **{f".tickets/tickets/{ticket}.md": "one\n"})
    shallow = source.clone_to(tmp_path / "shallow", "--depth=1")
    shallow.env["TICKET_ACTOR"] = "human:ana"
    shallow.say("rebuild-index", "--no-commit")
    reconcile(shallow)
    assert told(shallow, "changes") == []
    start = head(shallow)
    source.commit("changed", **{f".tickets/tickets/{tickets[0]}.md": "two\n"})
    source.commit("changed again", **{f".tickets/tickets/{tickets[0]}.md": "three\n"})
    shallow.git("checkout", "-q", "--", ".")
    shallow.git("fetch", "-q", "--depth=1", "origin")
    shallow.git("reset", "-q", "--hard", "origin/main")
    done = reconcile(shallow)
    assert done.gap == "shallow"
    assert told(shallow, "changes") == [
        [tickets[0], blob(source, tickets[0], start), blob(source, tickets[0]), head(source)]
    ]
    check_agreement(shallow)


def test_where_the_last_commit_is_gone_the_tree_is_adopted_anew(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    [file] = (clone.path / STATE / "observed").iterdir()
    lines = file.read_text("utf-8").split("\n")
    lines[4] = "0123456789" * 4
    file.write_text("\n".join(lines), "utf-8")
    edit(clone, ticket, "One", "Eins")
    done = reconcile(clone)
    body = bodies(clone, kinds.RECONCILED)[-1]
    assert (done.gap, body["gap"], body["tree"]) == (
        "missing",
        "missing",
        clone.git("rev-parse", "HEAD:.tickets"),
    )
    assert (body["from"], body["changes"]) == ("0123456789" * 4, [])
    assert reconcile(clone).receipts == ()


def test_a_history_that_is_replaced_by_an_unrelated_one_is_told_whole(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    first = blob(clone, ticket)
    gone = head(clone)
    clone.git("switch", "-q", "--orphan", "fresh")
    commit = clone.commit("begun anew", **{f".tickets/tickets/{ids(1)[0]}.md": "x\n"})
    clone.git("branch", "-qf", "main", "fresh")
    reconcile(clone)
    assert [ticket, None, first, gone] in told(clone, "dropped")
    assert told(clone, "changes") == [change_of(clone, ids(1)[0], commit)]


def test_names_that_are_no_tickets_are_passed_over(scene: tuple[Clone, str]) -> None:
    clone, _ = scene
    odd = [
        "notes.md",
        "deep/01ARZ3NDEKTSV4RRFFQ69G5FAV.md",
        ":colon.md",
        "new\nline.md",
        "\x01mark.md",
        "ünï.md",
    ]
    clone.commit("odd", **{f".tickets/tickets/{name}": "x\n" for name in odd})
    clone.git("config", "core.symlinks", "true")
    (clone.path / ".tickets/tickets/01BRZ3NDEKTSV4RRFFQ69G5FAV.md").symlink_to("notes.md")
    clone.commit("a link")
    message = "\x01>0123\n\n:100644 100644 a b M\n\x01<"
    good = clone.commit(message, **{".tickets/tickets/01crz3ndektsv4rrffq69g5fav.md": "x\n"})
    reconcile(clone)
    assert [[entry[0], entry[3]] for entry in told(clone, "changes")] == [
        ["01CRZ3NDEKTSV4RRFFQ69G5FAV", good]
    ]
