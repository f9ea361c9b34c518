"""The policy that counts: the built-in one, the accepted one, and what the cache may and may not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.desk_scene import Office

from counterfoil.errors import ConflictError, InputError, RefusedError
from counterfoil.gate import events
from counterfoil.gate.facts import Facts
from counterfoil.gate.rules import DEFAULT, rule
from counterfoil.gate.tooluse import ToolUse
from counterfoil.kernel.digest import blob_id, sha256_hex
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.signers import MemorySigners, public_key
from counterfoil.usecases import kinds, people, policy_in_force, principals, record, vouching
from counterfoil.usecases.accepting import Accepted, Due, accept, candidate, due, sign
from counterfoil.usecases.harness import is_gated
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.policy_in_force import LOCKED, accepted, in_force, policy_stream
from counterfoil.usecases.policy_on_base import unaccepted, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import RepositoryFactory

    from counterfoil.gate.rules import Compiled
    from counterfoil.usecases.context import Context

FILE = ".tickets/policy.yml"
DENY = "version: 1\nrules:\n  - {id: no-edits, then: deny, action: ticket.edit, actor: 'agent:*'}\n"
FREE = "version: 1\nmerge_policy: {default: auto_merge_on_green}\n"
"""Two policies that differ from the built-in one."""


class Scene:
    """A project whose ledger is open."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.store = open_or_make(self.context())

    def context(self, actor: str = "human:ada") -> Context:
        return self.office.context(actor)

    def commit(self, text: str | None) -> str:
        """Commits a policy, or its absence, and returns the commit."""
        if text is None:
            self.office.repository.git("rm", "-q", FILE)
            return self.office.repository.commit()
        return self.office.repository.commit(**{FILE: text})

    def accept(self, **more: object) -> Accepted:
        return accept(self.context(), self.store, **{"at_terminal": True, **more})  # type: ignore[arg-type]

    def answer(self, compiled: Compiled | None = None) -> tuple[str, str]:
        found = rule(compiled or in_force(self.context(), self.store), Facts("ticket.edit", "agent:bot"))
        return found.answer, found.policy


@pytest.fixture
def scene(repository: RepositoryFactory) -> Iterator[Scene]:
    made = Scene(Office(repository("shop", commit=True)))
    yield made
    made.store.close()


def test_nothing_counts_but_what_a_person_accepted(scene: Scene) -> None:
    scene.commit(DENY)
    assert in_force(scene.context(), scene.store) == DEFAULT
    done = scene.accept()
    assert (done.changed, done.previous, done.digest) == (True, None, sha256_hex(DENY.encode()))
    assert scene.answer() == ("deny", done.digest)


def test_what_stands_elsewhere_than_on_the_base_branch_changes_nothing(scene: Scene) -> None:
    scene.commit(DENY)
    scene.accept()
    scene.office.repository.git("checkout", "-q", "-b", "mine")
    scene.commit(FREE)
    scene.office.repository.write(FILE, "version: 1\n")
    assert scene.answer()[0] == "deny"
    assert not scene.accept().changed
    assert unaccepted(scene.context(), scene.store) is None


def test_the_base_branch_is_not_read_from_the_repository(scene: Scene) -> None:
    scene.commit(DENY)
    scene.office.repository.git("branch", "open")
    scene.office.repository.git("config", "ticket.baseBranch", "open")
    scene.commit(FREE)
    assert scene.accept().digest == sha256_hex(DENY.encode())


def test_the_same_policy_is_accepted_once(scene: Scene) -> None:
    commit = scene.commit(DENY)
    first = scene.accept()
    again = scene.accept()
    assert (again.changed, again.receipt, again.digest) == (False, first.receipt, first.digest)
    assert scene.store.head(policy_stream("")).length == 1
    receipt = accepted(scene.store, "")
    assert receipt is not None
    body = receipt.data()
    assert {key: body[key] for key in ("text", "ref", "commit", "by", "previous", "assurance")} == {
        "text": DENY, "ref": "refs/heads/main", "commit": commit, "by": "human:ada", "previous": None,
        "assurance": "unverified",
    }  # fmt: skip
    assert body["authority"] == {"version": 1, "kinds": ["human"], "people": None}


def test_an_applied_change_of_policy_counts_where_the_base_branch_has_it(scene: Scene) -> None:
    def applied(text: str, blob: str | None = None) -> Due | None:
        blob = blob or blob_id(text.encode())
        return due(
            scene.context(),
            scene.store,
            text.encode(),
            blob=blob,
            proposal="P-1",
            by="human:bob",
            assurance="signed",
        )

    assert applied(DENY) is None
    scene.commit(DENY)
    assert applied(FREE) is None
    assert applied(FREE, blob_id(DENY.encode())) is None
    assert in_force(scene.context(), scene.store) == DEFAULT
    made = applied(DENY)
    assert made is not None
    record.append(scene.context(), scene.store, made.drafts, expect=made.expect)
    again = applied(DENY)
    assert again is not None
    assert again.drafts == []
    receipt = accepted(scene.store, "")
    assert receipt is not None
    body = receipt.data()
    assert (receipt.actor, body["by"], body["proposal"], body["assurance"]) == (
        "human:bob", "human:bob", "P-1", "signed",
    )  # fmt: skip
    assert scene.answer()[0] == "deny"


def test_a_policy_that_is_gone_goes_on_counting_until_its_absence_is_accepted(scene: Scene) -> None:
    scene.commit(DENY)
    first = scene.accept()
    scene.commit(None)
    with pytest.raises(InputError, match="there is no") as error:
        scene.accept()
    assert error.value.code == "policy_not_found"
    assert scene.answer()[0] == "deny"
    done = scene.accept(remove=True)
    assert (done.changed, done.digest, done.previous) == (True, None, first.digest)
    assert in_force(scene.context(), scene.store) == DEFAULT
    assert not scene.accept(remove=True).changed
    scene.commit(DENY)
    with pytest.raises(InputError) as error:
        scene.accept(remove=True)
    assert error.value.code == "policy_still_there"
    assert scene.accept().changed


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "policy_not_found"),
        ("version: 1\nrules: [{then: permit, action: '*'}]\n", "invalid_policy"),
        ("version: [", "invalid_policy"),
        ("\udcff", "invalid_policy"),
        ("version: 1 # token: ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8\n", "secret_found"),
        ("version: 1\n" + "#" * 300_000, "too_large"),
    ],
)
def test_what_is_no_policy_is_not_accepted(scene: Scene, text: str | None, code: str) -> None:
    if text is not None:
        data = text.encode("utf-8", "surrogateescape")
        scene.office.repository.write(FILE, data)
        scene.office.repository.commit()
    with pytest.raises(InputError) as error:
        scene.accept()
    assert error.value.code == code
    assert scene.store.head(policy_stream("")).length == 0


@pytest.mark.parametrize(
    ("actor", "remote", "sits", "code"),
    [
        ("agent:bot", False, True, "refused"),
        ("human:ada", True, True, "refused"),
        ("human:ada", False, False, "needs_terminal"),
    ],
)
def test_only_a_person_on_the_spot_accepts(
    scene: Scene, actor: str, remote: bool, sits: bool, code: str
) -> None:
    scene.commit(DENY)
    context = scene.context(actor)
    context.options.remote = remote
    with pytest.raises(RefusedError) as error:
        accept(context, scene.store, at_terminal=sits)
    assert error.value.code == code
    assert in_force(scene.context(), scene.store) == DEFAULT


@pytest.mark.parametrize("what", ["itself", "other policy", "other past", "absence", "stranger", "late"])
def test_a_signed_word_counts_for_one_policy_after_one_other(scene: Scene, what: str) -> None:
    scene.commit(DENY)
    context = scene.context()
    context.signers = MemorySigners(["ada's"])
    people.add(context, scene.store, "ada", public_key("ada's").line, at_terminal=True)
    envelope = sign(context, scene.store, candidate(context, scene.store))
    if what == "other past":
        scene.accept()
    if what in {"other policy", "other past"}:
        scene.commit(FREE)
    if what == "other past":
        scene.accept()
        scene.commit(DENY)
    if what == "absence":
        scene.commit(None)
    if what == "stranger":
        principals.revoke(
            context, scene.store, "human", "ada", "lost", key_id=public_key("ada's").fingerprint
        )
    if what == "late":
        context.clock = FixedClock(context.clock.now_ms() + vouching.COUNTS_MS + 1)
    if what == "itself":
        done = accept(context, scene.store, envelope=envelope)
        assert (done.changed, done.assurance) == (True, "signed")
        return
    with pytest.raises(InputError) as error:
        accept(context, scene.store, envelope=envelope, remove=what == "absence")
    assert error.value.code in {"invalid_statement", "invalid_signature"}


def test_a_person_accepts_what_they_were_shown_or_nothing(scene: Scene) -> None:
    shown = sha256_hex(DENY.encode())
    scene.commit(FREE)
    for digest in (shown, shown[:12], sha256_hex(FREE.encode())[:7], ""):
        with pytest.raises(ConflictError) as error:
            scene.accept(digest=digest)
        assert error.value.code == "policy_differs"
    assert scene.accept(digest=sha256_hex(FREE.encode())[:8].upper()).changed


def test_what_waits_to_be_accepted_is_told(scene: Scene) -> None:
    context = scene.context()
    warn(context, scene.store)
    assert context.warnings == []
    scene.commit(DENY)
    found = unaccepted(context, scene.store)
    assert found is not None
    assert (found.accepted, found.hint) == (None, "ticket policy accept")
    digest = scene.accept().digest
    assert unaccepted(context, scene.store) is None
    scene.commit(FREE)
    found = unaccepted(context, scene.store)
    assert found is not None
    assert (found.accepted, "the earlier one still counts" in found.message) == (digest, True)
    scene.commit(None)
    warn(context, scene.store)
    [warning] = context.warnings
    assert (warning["code"], warning["hint"]) == ("policy_not_accepted", "ticket policy accept --remove")


# --- the cache ------------------------------------------------------------------------------------


def cache(scene: Scene) -> str:
    [name] = [name for name in scene.context().state.names("cache") if name.startswith("policy-")]
    return f"cache/{name}"


def test_the_cache_saves_the_yaml_and_nothing_else(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.commit(DENY)
    scene.accept()
    first = in_force(scene.context(), scene.store)
    monkeypatch.setattr(policy_in_force, "_compiled", lambda *_: pytest.fail("compiled again"))
    assert in_force(scene.context(), scene.store) == first


@pytest.mark.parametrize("damage", ["removed", "empty", "cut", "flipped", "foreign"])
def test_a_cache_that_does_not_fit_is_made_anew(scene: Scene, damage: str) -> None:
    scene.commit(DENY)
    scene.accept()
    wanted = in_force(scene.context(), scene.store)
    state, name = scene.context().state, cache(scene)
    data = state.read(name) or b""
    if damage == "removed":
        state.remove(name)
    else:
        spoilt = {
            "empty": b"", "cut": data[:-3], "flipped": data[:-1] + bytes([data[-1] ^ 1]), "foreign": b"x" * 500,
        }  # fmt: skip
        state.replace(name, spoilt[damage])
    assert in_force(scene.context(), scene.store) == wanted
    assert state.read(name) == data


def test_the_cache_of_an_older_acceptance_or_another_ledger_does_not_count(scene: Scene) -> None:
    scene.commit(DENY)
    scene.accept()
    assert scene.answer()[0] == "deny"
    old = scene.context().state.read(cache(scene)) or b""
    scene.commit(FREE)
    scene.accept()
    assert scene.answer()[0] == "allow"
    scene.context().state.replace(cache(scene), old)
    assert scene.answer()[0] == "allow"


def test_without_a_ledger_the_policy_that_counted_last_does(scene: Scene) -> None:
    assert in_force(scene.context(), None) == DEFAULT
    scene.commit(DENY)
    scene.accept()
    known = in_force(scene.context(), scene.store)
    assert in_force(scene.context(), None) == known
    scene.context().state.remove(cache(scene))
    assert in_force(scene.context(), None) == DEFAULT


def test_a_note_on_the_stream_changes_nothing(scene: Scene) -> None:
    scene.commit(DENY)
    scene.accept()
    context = scene.context()
    note = record.draft(context, policy_stream(""), kinds.NOTED, "human:ada", {"text": "good"}, "note")
    record.append(context, scene.store, [note])
    assert scene.answer()[0] == "deny"
    assert not scene.accept().changed


@pytest.mark.parametrize(
    "body",
    [
        {"sha256": "0" * 64, "text": DENY},
        {"sha256": sha256_hex(b"version: 2\n"), "text": "version: 2\n"},
        {"sha256": sha256_hex(b"["), "text": "["},
        {"sha256": 1, "text": DENY},
        {"text": DENY},
        {},
    ],
)
def test_an_accepted_policy_that_cannot_be_read_lets_nothing_through_unasked(
    scene: Scene, body: dict[str, object]
) -> None:
    context = scene.context()
    draft = record.draft(context, policy_stream(""), events.POLICY_ACCEPTED, "human:ada", body, "odd")
    record.append(context, scene.store, [draft])
    assert in_force(context, scene.store) == LOCKED
    assert [warning["code"] for warning in context.warnings] == ["policy_unreadable"]
    for actor in ("agent:bot", "human:ada"):
        assert rule(LOCKED, Facts("ticket.comment", actor)).answer == "ask"
    assert is_gated(context, scene.store, ToolUse("Bash", {"command": "ls"})), "the hook is not switched off"
    scene.commit(DENY)
    scene.accept()
    assert scene.answer()[0] == "deny"


def test_projects_of_one_clone_have_policies_of_their_own() -> None:
    names = {policy_stream(prefix) for prefix in ("", "web/", "api/", "w\udcff/")}
    assert len(names) == 4
    assert policy_stream("") == "policy/root"
