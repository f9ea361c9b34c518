"""What a stream tells: at a glance, command by command, and at any moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.stream_scene import ADA, BOT, HATS, LEDGER, SHOES, TEXT, Bench

from counterfoil.errors import ConflictError, InputError
from counterfoil.testing.views import MemoryViews
from counterfoil.usecases import kinds
from counterfoil.usecases.tracing import Entry, inspect, replay, replay_all, trace

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt

STREAM = kinds.ticket_stream(SHOES)
OLD, NEW, COMMIT = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def bench() -> Bench:
    """A ledger of its own."""
    return Bench()


@pytest.fixture(params=["by views", "by reading"])
def derived(request: pytest.FixtureRequest) -> MemoryViews | None:
    """Views to look into, or none."""
    return MemoryViews() if request.param == "by views" else None


def intend(bench: Bench, command: str, ticket: str = SHOES, later_ms: int = 1000, **more: Any) -> Receipt:
    """Seals an intention."""
    body = {
        "ticket": ticket, "project": "", "action": "move", "subject": "take it up", "command": command, "path": "p",
        "before": OLD, "after": NEW, "fields": {"state": ["ready", "in_progress"]},
    }  # fmt: skip
    return bench.seal(kinds.ticket_stream(ticket), kinds.INTENDED, {**body, **more}, later_ms=later_ms)


def settle(bench: Bench, intended: Receipt, kind: str = kinds.APPLIED, **more: Any) -> Receipt:
    """Seals what became of an intention, a quarter of a second later."""
    body = {
        "ticket": SHOES,
        "intended": intended.id,
        "commit": COMMIT,
        "ref": "refs/heads/main",
        "after": NEW,
    }
    told = {**body, "command": intended.data()["command"], **more}
    return bench.seal(intended.stream, kind, told, later_ms=250)


def claim(bench: Bench, kind: str, command: str) -> Receipt:
    """Seals what became of a claim."""
    body = {"ticket": SHOES, "holder": BOT, "fence": 2, "until": "2030-03-17T19:46:40Z", "command": command}
    return bench.seal(STREAM, kind, body, actor=BOT, later_ms=0)


def told(entry: Entry) -> tuple[Any, ...]:
    """Returns what an entry says in short."""
    return entry.actor, entry.action, entry.outcome, entry.took_ms, entry.pause_ms, len(entry.moments)


def test_what_one_command_did_is_told_in_one(bench: Bench) -> None:
    first = settle(bench, intend(bench, "C1"))
    claim(bench, kinds.CLAIMED, "C1")
    (entry,) = trace(bench.store, STREAM).entries
    assert told(entry) == (ADA, "move", "applied", 250, None, 3)
    assert (entry.command, entry.subject, entry.until) == ("C1", "take it up", first.at)
    assert (entry.changes, entry.commit, entry.ref, entry.blobs) == (
        {"state": ["ready", "in_progress"]}, COMMIT, "refs/heads/main", [OLD, NEW],
    )  # fmt: skip
    assert entry.claims == [{"what": "taken", "holder": BOT, "fence": 2, "until": "2030-03-17T19:46:40Z"}]


@pytest.mark.parametrize(("kind", "outcome"), [
    (kinds.APPLIED, "applied"), (kinds.REVERTED, "reverted"), (kinds.ABANDONED, "abandoned"),
])  # fmt: skip
def test_the_story_tells_how_each_command_ended(bench: Bench, kind: str, outcome: str) -> None:
    settle(bench, intend(bench, "C1"), kind)
    intend(bench, "C2", later_ms=3_600_000)
    assert [told(entry) for entry in trace(bench.store, STREAM).entries] == [
        (ADA, "move", outcome, 250, None, 2),
        (ADA, "move", "open", 0, 3_600_000, 1),
    ]


def test_commands_that_overlap_stay_apart(bench: Bench) -> None:
    one, two = intend(bench, "C1"), intend(bench, "C2")
    settle(bench, two)
    settle(bench, one, kinds.ABANDONED)
    entries = trace(bench.store, STREAM).entries
    assert [(entry.command, entry.outcome) for entry in entries] == [("C1", "abandoned"), ("C2", "applied")]


def reconcile(bench: Bench, *changes: list[Any]) -> Receipt:
    """Seals what was found in Git."""
    body = {"ref": "refs/heads/main", "from": None, "to": "9" * 40, "project": "", "changes": list(changes)}
    return bench.seal("ledger", kinds.RECONCILED, body)


def test_what_was_found_in_git_about_a_ticket_stands_in_its_place(
    bench: Bench, derived: MemoryViews | None
) -> None:
    settle(bench, intend(bench, "C1"))
    found = reconcile(
        bench, [HATS, None, OLD, "1" * 40], [SHOES, NEW, OLD, "2" * 40], [SHOES, OLD, NEW, "3" * 40]
    )
    reconcile(bench, [HATS, OLD, NEW, "4" * 40])
    settle(bench, intend(bench, "C2"))
    entries = trace(bench.store, STREAM, derived=derived).entries
    assert [entry.outcome for entry in entries] == ["applied", "observed", "applied"]
    seen = entries[1]
    assert (seen.commit, seen.ref, seen.blobs) == ("3" * 40, "refs/heads/main", [NEW, NEW])
    assert [moment.position for moment in seen.moments] == [found.position]
    assert seen.moments[0].body is not None
    assert seen.moments[0].body["changes"] == [[SHOES, NEW, OLD, "2" * 40], [SHOES, OLD, NEW, "3" * 40]]


def test_what_was_found_in_git_is_part_of_what_a_ticket_adds_up_to(
    bench: Bench, derived: MemoryViews | None
) -> None:
    settle(bench, intend(bench, "C1"))
    reconcile(bench, [SHOES, NEW, OLD, "2" * 40])
    for found in (trace(bench.store, STREAM, derived=derived), inspect(bench.store, STREAM, derived=derived)):
        assert found.state is not None
        assert (found.state["blob"], found.state["commit"], found.state["known_at"]) == (OLD, "2" * 40, NEW)
    settle(bench, intend(bench, "C2"))
    state = trace(bench.store, STREAM, derived=derived).state
    assert state is not None
    assert (state["blob"], state["commit"]) == (NEW, COMMIT)


@pytest.mark.parametrize(
    "part", [{"rewritten": [[SHOES, COMMIT, "5" * 40]]}, {"dropped": [[SHOES, OLD, NEW, COMMIT]]}]
)
def test_a_history_that_was_rewritten_is_told_too_and_of_this_ticket_alone(
    bench: Bench, derived: MemoryViews | None, part: dict[str, Any]
) -> None:
    settle(bench, intend(bench, "C1"))
    others = {"rewritten": [[HATS, None, "6" * 40]], "dropped": [[HATS, OLD, NEW, "7" * 40]]}
    told = {name: others[name] + part.get(name, []) for name in others}
    actors = {commit * 40: ADA for commit in "567"} | {COMMIT: BOT}
    bench.seal("ledger", kinds.RECONCILED, {"changes": [], **told, "actors": actors})
    entry = trace(bench.store, STREAM, derived=derived).entries[-1]
    assert entry.outcome == "observed"
    body = entry.moments[0].body
    assert body is not None
    assert {name: body[name] for name in told} == {name: part.get(name, []) for name in told}
    assert set(body["actors"]) == {entries[0][-1] for entries in part.values()}


def test_the_ledgers_own_story_tells_all_that_was_found(bench: Bench) -> None:
    reconcile(bench, [HATS, None, OLD, "1" * 40], [SHOES, NEW, OLD, "2" * 40])
    body = trace(bench.store, "ledger").entries[0].moments[0].body
    assert body is not None
    assert len(body["changes"]) == 2


def test_a_branch_tells_its_parents_story_first_and_the_parent_names_its_branches(
    bench: Bench, derived: MemoryViews | None
) -> None:
    settle(bench, intend(bench, "C1"))
    branch = f"{STREAM}/idea"
    bench.fork(branch, STREAM, 1)
    settle(bench, intend(bench, "C2"))
    reconcile(bench, [SHOES, NEW, OLD, "2" * 40])
    note = bench.seal(branch, kinds.NOTED, {"text": "or else"})
    told = trace(bench.store, branch, derived=derived)
    assert [entry.action for entry in told.entries] == ["move", "stream.forked", kinds.NOTED]
    assert (told.parent, told.at, told.steps) == (STREAM, 1, 3)
    assert [moment.step for entry in told.entries for moment in entry.moments] == [0, 1, None, 2]
    assert (told.entries[-1].subject, told.entries[-1].moments[0].id) == ("or else", note.id)
    parent = trace(bench.store, STREAM, derived=derived)
    assert [entry.forks for entry in parent.entries] == [[branch], [], []]
    assert parent.parent is None


def test_a_command_on_the_project_has_a_story_too(bench: Bench) -> None:
    body = {"project": "", "command": "C1", "subject": "init", "files": []}
    bench.seal("project/root", kinds.PROJECT_INTENDED, body)
    bench.seal("project/root", kinds.PROJECT_APPLIED, {**body, "commit": COMMIT})
    (entry,) = trace(bench.store, "project/root").entries
    assert (entry.outcome, entry.subject, entry.commit) == ("applied", "init", COMMIT)


def test_what_a_newer_program_sealed_is_shown_and_folded_into_nothing(bench: Bench) -> None:
    settle(bench, intend(bench, "C1"))
    bench.seal(STREAM, "future.event", {"a": 1})
    found = trace(bench.store, STREAM)
    assert [entry.outcome for entry in found.entries] == ["applied", "unreadable"]
    assert found.state is None
    glance = inspect(bench.store, STREAM)
    assert (glance.needs, glance.state) == ([("future.event", 1)], None)
    with pytest.raises(ConflictError):
        replay(bench.store, STREAM)
    assert replay(bench.store, STREAM, 1).state["fields"] == {"state": "in_progress"}


def test_an_erased_body_is_told_as_one(bench: Bench) -> None:
    note = bench.note(TEXT, "secret")[0]
    bench.store.erase([note.position])
    assert trace(bench.store, TEXT).entries[0].moments[0].body is None
    assert (inspect(bench.store, TEXT).erased, inspect(bench.store, TEXT).body_bytes) == (1, 0)


def test_no_salt_is_told(bench: Bench) -> None:
    bench.note(TEXT, "a")
    assert "salt" not in json.dumps(trace(bench.store, TEXT).as_data())


def test_a_story_is_json(bench: Bench, derived: MemoryViews | None) -> None:
    settle(bench, intend(bench, "C1"))
    reconcile(bench, [SHOES, NEW, OLD, "2" * 40])
    found = trace(bench.store, STREAM, derived=derived).as_data()
    assert json.loads(json.dumps(found)) == found
    glance = inspect(bench.store, STREAM).as_data()
    assert json.loads(json.dumps(glance))["ledger"] == LEDGER


def test_a_time_that_cannot_be_read_breaks_no_story(bench: Bench) -> None:
    bench.note(TEXT, "a", "b")
    row = bench.store.log_rows[1]
    bench.store.log_rows[1] = row._replace(header=row.header.replace(b'"at":"20', b'"at":"XX'))
    assert [entry.pause_ms for entry in trace(bench.store, TEXT).entries] == [None, None]


def test_a_glance_counts_everything(bench: Bench) -> None:
    settle(bench, intend(bench, "C1"))
    claim(bench, kinds.CLAIMED, "C1")
    bench.fork(f"{STREAM}/idea", STREAM, 1)
    found = inspect(bench.store, STREAM)
    assert (found.own, found.steps, found.parent, found.forks) == (3, 3, None, [(f"{STREAM}/idea", 1)])
    assert found.kinds == {kinds.INTENDED: 1, kinds.APPLIED: 1, kinds.CLAIMED: 1}
    assert found.actors == {ADA: 2, BOT: 1}
    assert (found.first.seq, found.last.seq, found.needs) == (0, 2, [])
    rows = bench.store.log_rows[:3]
    assert found.header_bytes == sum(len(row.header) for row in rows)
    assert found.body_bytes == sum(len(row.body) for row in rows)
    branch = inspect(bench.store, f"{STREAM}/idea")
    assert (branch.own, branch.steps, branch.parent, branch.at) == (1, 2, STREAM, 1)


@pytest.mark.parametrize(
    ("at", "changed"),
    [
        (0, {"counts.ticket.intended": (None, 1)}),
        (1, {"fields.state": (None, "in_progress"), "blob": (None, NEW)}),
        (2, {"claim": (None, {"holder": BOT, "fence": 2, "until": "2030-03-17T19:46:40Z"}), "fence": (0, 2)}),
    ],
)
def test_a_replay_tells_what_a_step_changed(bench: Bench, at: int, changed: dict[str, Any]) -> None:
    settle(bench, intend(bench, "C1"))
    claim(bench, kinds.CLAIMED, "C1")
    found = replay(bench.store, STREAM, at)
    assert (found.step, found.steps, found.moment.seq) == (at, 3, at)
    assert changed.items() <= found.changed.items()


def test_all_steps_replayed_in_one_go_are_the_steps_replayed_one_by_one(bench: Bench) -> None:
    settle(bench, intend(bench, "C1"))
    branch = f"{STREAM}/idea"
    bench.fork(branch, STREAM, 1)
    settle(bench, intend(bench, "C2"))
    bench.seal(branch, kinds.NOTED, {"text": "or else"})
    for stream in (STREAM, branch):
        steps = replay(bench.store, stream).steps
        assert list(replay_all(bench.store, stream)) == [
            replay(bench.store, stream, at) for at in range(steps)
        ]
    assert [found.step for found in replay_all(bench.store, STREAM, 2)] == [0, 1, 2]


@pytest.mark.parametrize("look", [inspect, trace, replay])
def test_a_stream_that_is_not_there_tells_nothing(bench: Bench, look: Any) -> None:
    with pytest.raises(InputError) as caught:
        look(bench.store, "nobody")
    assert caught.value.code == "stream_not_found"
