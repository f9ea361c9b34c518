"""Proposals are found by what people type, compared with the files, moved on by compare-and-set, and listed."""

from __future__ import annotations

from typing import Any

import pytest
from unit.usecases.proposal_scene import ADA, BOT, HOUR_MS, Gatehouse

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate import events, proposal
from counterfoil.gate.proposal import Close, Proposal
from counterfoil.usecases import proposals, record
from counterfoil.usecases.uncommitted import git_blob


@pytest.fixture
def gate() -> Gatehouse:
    """A gate of its own."""
    return Gatehouse()


def test_any_beginning_of_an_id_that_is_unique_is_enough(gate: Gatehouse) -> None:
    name = gate.ask().id
    for query in (name, name.lower(), name[2:], name[2:6], f"  {name[:7]} ", f"p-{name[2:8]}"):
        assert proposals.find(gate.store, query) == name


@pytest.mark.parametrize(
    "query",
    [
        "",
        "P-",
        "P-ABC",
        "P-0000000000000000",
        "P-00000000000000000",
        "0000",
        "../..",
        "P-%%%%",
        "ÄÖÜ€",
        "P-____",
    ],
)
def test_what_means_no_proposal_is_not_found(gate: Gatehouse, query: str) -> None:
    gate.ask()
    with pytest.raises(InputError) as caught:
        proposals.find(gate.store, query)
    assert caught.value.code == "proposal_not_found"


def test_a_beginning_that_several_have_is_ambiguous(gate: Gatehouse) -> None:
    for name in ("P-AAAA000000000001", "P-AAAA000000000002"):
        draft = record.draft(gate.context(), proposal.stream_of(name), events.OPENED, BOT, {"id": name}, name)
        record.append(gate.context(), gate.store, [draft])
    with pytest.raises(InputError) as caught:
        proposals.find(gate.store, "AAAA")
    assert caught.value.code == "ambiguous_id"
    matches: Any = caught.value.fields["matches"]
    assert [match["id"] for match in matches] == ["P-AAAA000000000001", "P-AAAA000000000002"]
    assert proposals.find(gate.store, "AAAA000000000002") == "P-AAAA000000000002"


def test_a_proposal_that_is_not_there_cannot_be_loaded(gate: Gatehouse) -> None:
    with pytest.raises(InputError) as caught:
        proposals.load(gate.store, "P-0000000000000000")
    assert caught.value.code == "proposal_not_found"


def test_a_secret_that_is_taken_for_an_id_is_not_repeated() -> None:
    secret = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ" * 2
    assert secret not in str(proposals.not_found(secret).fields) + proposals.not_found(secret).message


def test_what_moved_is_told_with_then_and_now(gate: Gatehouse) -> None:
    state = gate.ask()
    assert proposals.moved(gate.context(), state) == []
    gate.world.work.replace(gate.path, gate.file() + b"\nBy hand.\n")
    ((name, then, now),) = proposals.moved(gate.context(), state)
    assert (name, then) == (gate.path, state.body["basis"][0][1])
    assert now == git_blob(gate.context(), gate.file())
    gate.world.work.remove(gate.path)
    assert proposals.moved(gate.context(), state)[0][2] is None


def test_a_reference_in_a_basis_moves_with_its_branch(gate: Gatehouse) -> None:
    head = gate.world.git.head()
    state = Proposal(body={"basis": [["refs/heads/main", head]]})
    assert proposals.moved(gate.context(), state) == []
    gate.new("Second")
    assert proposals.moved(gate.context(), state) == [["refs/heads/main", head, gate.world.git.head()]]


def test_lines_that_end_as_on_windows_are_compared_as_git_has_them(gate: Gatehouse) -> None:
    context = gate.context()
    plain = git_blob(context, b"one\ntwo\n")
    assert git_blob(context, None) is None
    assert git_blob(context, b"one\r\ntwo\r\n") != plain
    context.remember_setting("core.autocrlf", "true")
    assert git_blob(context, b"one\r\ntwo\r\n") == plain


def test_what_nobody_has_sealed_yet_is_so_all_the_same_and_is_sealed_once(gate: Gatehouse) -> None:
    state = gate.ask(expires_ms=HOUR_MS)
    gate.clock.ms += HOUR_MS
    assert proposals.status(gate.context(), gate.now(state)) == "expired"
    assert gate.now(state).status == "pending"
    for _ in range(2):
        assert proposals.settle(gate.context(), gate.store, gate.now(state)).status == "expired"
    assert gate.kinds(state) == [events.OPENED, events.EXPIRED]


def test_who_looks_at_what_files_have_overtaken_seals_nothing_and_it_may_come_back(gate: Gatehouse) -> None:
    state, was = gate.ask(), gate.file()
    gate.world.work.replace(gate.path, was + b"\nBy hand.\n")
    for _ in range(2):
        assert proposals.settle(gate.context(), gate.store, gate.now(state)).status == "pending"
        assert proposals.status(gate.context(), gate.now(state)) == "stale"
    gate.world.work.replace(gate.path, was)
    assert proposals.status(gate.context(), gate.now(state)) == "pending"
    assert gate.kinds(state) == [events.OPENED]


def test_what_is_overtaken_is_sealed_once(gate: Gatehouse) -> None:
    state = gate.ask()
    for _ in range(2):
        found = proposals.overtake(gate.context(), gate.store, state, {"moved": []})
        assert found.status == "stale"
    assert gate.kinds(state) == [events.OPENED, events.STALE]


def test_what_was_decided_in_the_same_moment_is_not_overtaken(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.answer(state, "reject")
    gate.world.work.replace(gate.path, gate.file() + b"\nBy hand.\n")
    assert proposals.overtake(gate.context(), gate.store, state, {"moved": []}).status == "rejected"


def test_a_proposal_of_another_project_is_neither_stale_nor_here(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.world.work.replace(gate.path, gate.file() + b"\nBy hand.\n")
    assert proposals.status(gate.context(), state) == "stale"
    gate.prefix = "web/"
    assert proposals.status(gate.context(), state) == "pending"
    assert proposals.settle(gate.context(), gate.store, state).status == "pending"


def test_a_command_rests_on_other_streams_as_they_were(gate: Gatehouse) -> None:
    state = gate.ask()
    with pytest.raises(ConflictError) as caught:
        proposals.advance(
            gate.context(), gate.store, state.id, Close(events.WITHDRAWN, {"reason": ""}), actor=BOT, key="x",
            expect={"agent/bot": 1},
        )  # fmt: skip
    assert caught.value.code == "version_conflict"
    assert gate.kinds(state) == [events.OPENED]


def test_the_list_is_newest_first_and_can_be_narrowed(gate: Gatehouse) -> None:
    other = gate.new("Second")
    first, second = gate.ask(), gate.ask(payload={"ticket": other, "state": "blocked"})
    third = gate.ask("tool.run", {"tool": "Bash", "input": "{}"})
    gate.answer(second, "reject")
    views = gate.context().ledgers.views()

    def listed(**more: object) -> list[str]:
        return [each.proposal.id for each in proposals.listing(gate.store, views, **more)]  # type: ignore[arg-type]

    assert listed() == [third.id, second.id, first.id]
    assert listed(open_only=True) == [third.id, first.id]
    assert listed(ticket=gate.ticket) == [first.id]
    places = [each.place for each in proposals.listing(gate.store, views)]
    assert listed(after=places[0]) == [second.id, first.id]
    assert gate.answer(first, by=ADA).proposal.status == "applied"
    assert listed(open_only=True) == [third.id]
