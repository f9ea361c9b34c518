"""Webhooks: each counts once, whatever is put around the same signed bytes, and secrets stay out of the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from unit.gate.test_delivery import COMMIT, github, standard
from unit.usecases.principals_scene import DAY_MS, HOUR_MS, Gate
from unit.usecases.stream_scene import ADA, NOON_MS

from counterfoil.errors import CounterfoilError
from counterfoil.gate import delivery, events
from counterfoil.testing.keys import MemoryKeys
from counterfoil.usecases import deliveries, proposing, sources
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.deliveries import Delivered

PULL = json.dumps({"action": "opened", "pull_request": {"number": 7, "head": {"sha": COMMIT}}}).encode()


class Hooks(Gate):
    """A gate that takes in webhooks; what they ask for is another test's matter."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = MemoryKeys()
        self.github = sources.add(self.context, self.store, "github", "github").secret
        self.ci = sources.add(self.context, self.store, "ci", "standard").secret

    def acting(self, actor: str, **_: object) -> Hooks:
        """Returns the gate as another actor sees it."""
        other = object.__new__(Hooks)
        other.__dict__.update(self.__dict__, user=actor)
        return other

    def receive(self, source: str, headers: dict[str, str], body: bytes, now_ms: int = NOON_MS) -> Delivered:
        """Takes in a delivery."""
        return deliveries.receive(self.context, self.store, source, headers, body, now_ms)

    def hub(
        self, body: bytes = PULL, event: str = "pull_request", id: str = "1", secret: str = ""
    ) -> Delivered:
        """Takes in a delivery that GitHub has signed."""
        return self.receive("github", github(body, secret or self.github, event, id), body)

    def sealed(self) -> list[tuple[str, dict[str, Any]]]:
        """Returns what the sources' streams hold beside the sources themselves."""
        kinds = (events.DELIVERED, events.OBSERVED)
        return [(receipt.kind, receipt.data()) for receipt in self.store.log() if receipt.kind in kinds]


@pytest.fixture
def gate() -> Hooks:
    """Two sources."""
    return Hooks()


def code_of(call: Callable[[], object]) -> str:
    """Returns the code with which something fails."""
    with pytest.raises(CounterfoilError) as caught:
        call()
    return caught.value.code


def test_what_a_forge_tells_is_sealed_with_its_delivery_and_no_word_of_anybody(gate: Hooks) -> None:
    first = gate.hub()
    (received, told), (observed, facts) = gate.sealed()
    assert (received, observed, first.repeated, first.proposal) == (
        events.DELIVERED,
        events.OBSERVED,
        False,
        None,
    )
    assert (told["source"], told["event"], told["delivery"]) == ("source:github", "pull_request", "1")
    assert (facts["action"], facts["number"], facts["head"]) == ("opened", 7, COMMIT)
    assert told["body"] == facts["body"] == delivery.Delivery("github", "", "", "", (), PULL).digest


@pytest.mark.parametrize(
    ("event", "id"),
    [("pull_request", "1"), ("pull_request", "2"), ("push", "1"), ("push", "2"), ("release", "a-b")],
)
def test_the_same_signed_body_makes_nothing_new_whatever_stands_beside_it(
    gate: Hooks, event: str, id: str
) -> None:
    first = gate.hub()
    gate.clock.ms += 400 * DAY_MS
    again = gate.hub(event=event, id=id)
    assert (again.receipt, again.repeated, len(gate.sealed())) == (first.receipt, True, 2)


def test_a_delivery_id_stands_for_one_body(gate: Hooks) -> None:
    gate.hub()
    assert code_of(lambda: gate.hub(b"{}")) == "delivery_reused"
    assert len(gate.sealed()) == 2


def test_another_body_under_another_id_is_another_delivery(gate: Hooks) -> None:
    gate.hub()
    assert not gate.hub(b"{}", id="2").repeated
    assert len(gate.sealed()) == 4


def test_the_actor_is_whose_secret_has_signed(gate: Hooks) -> None:
    gate.user = "human:mallory"
    gate.receive("github", {**github(PULL, gate.github), "X-Actor": "human:ada", "Authorization": "x"}, PULL)
    actors = {receipt.actor for receipt in gate.store.log() if receipt.kind == events.DELIVERED}
    assert actors == {"source:github"}


BAD: dict[str, Callable[[Hooks], object]] = {
    "no headers": lambda gate: gate.receive("github", {}, PULL),
    "another body": lambda gate: gate.receive("github", github(b"{}", gate.github), PULL),
    "another's secret": lambda gate: gate.hub(secret=gate.ci),
    "another form": lambda gate: gate.receive("github", standard(PULL, gate.ci), PULL),
    "another source": lambda gate: gate.receive("ci", github(PULL, gate.github), PULL),
    "no source": lambda gate: gate.receive("nobody", github(PULL, gate.github), PULL),
    "no name": lambda gate: gate.receive("../ci", github(PULL, gate.github), PULL),
    "an agent's name": lambda gate: gate.receive("claude", github(PULL, gate.github), PULL),
    "a revoked source": lambda gate: (sources.revoke(gate.context, gate.store, "github", "gone"), gate.hub()),
    "a rotated secret": lambda gate: (sources.rotate(gate.context, gate.store, "github"), gate.hub()),
    "no owner": lambda gate: (gate.revoke(ADA, "human"), gate.hub()),
}


@pytest.mark.parametrize("way", BAD)
def test_whatever_does_not_hold_is_refused_alike_and_leaves_nothing(gate: Hooks, way: str) -> None:
    with pytest.raises(CounterfoilError) as caught:
        BAD[way](gate)
    assert (caught.value.code, caught.value.fields) == ("unauthenticated", {})
    assert gate.sealed() == []


def test_two_secrets_count_while_they_overlap_and_one_body_is_still_one(gate: Hooks) -> None:
    old = gate.github
    new = sources.rotate(gate.context, gate.store, "github", overlap_ms=HOUR_MS).secret
    assert not gate.hub(secret=old).repeated
    assert gate.hub(secret=new, id="2").repeated
    late = NOON_MS + HOUR_MS
    assert code_of(lambda: gate.receive("github", github(b"{}", old), b"{}", late)) == "unauthenticated"
    assert not gate.receive("github", github(b"{}", new, id="3"), b"{}", late).repeated


def test_what_ended_is_deleted_and_what_counts_is_kept(gate: Hooks) -> None:
    sources.rotate(gate.context, gate.store, "github")
    assert len(gate.keys._secrets) == 2
    sources.revoke(gate.context, gate.store, "github", "gone")
    sources.revoke(gate.context, gate.store, "ci", "gone")
    assert gate.keys._secrets == {}


def test_a_secret_belongs_to_one_source(gate: Hooks) -> None:
    shared = "shared by two of them"
    sources.add(gate.context, gate.store, "one", "github", secret=shared)
    for call in (
        lambda: sources.add(gate.context, gate.store, "two", "github", secret=shared),
        lambda: sources.rotate(gate.context, gate.store, "github", secret=shared),
    ):
        assert code_of(call) == "secret_in_use"
    assert gate.stands("source:two") is None


def test_a_secret_is_in_no_receipt(gate: Hooks) -> None:
    gate.hub()
    bodies = b"".join(receipt.body + receipt.header for receipt in gate.store.log())
    assert [secret for secret in (gate.github, gate.ci) if secret.encode() in bodies] == []


def test_a_secret_that_could_not_be_sealed_is_not_kept(gate: Hooks) -> None:
    kept = dict(gate.keys._secrets)
    assert code_of(lambda: sources.add(gate.context, gate.store, "github", "github")) == "principal_exists"
    assert gate.keys._secrets == kept


def test_a_secret_file_that_is_gone_lets_nobody_in(gate: Hooks) -> None:
    gate.keys._secrets.clear()
    assert code_of(gate.hub) == "unauthenticated"


@pytest.mark.parametrize("remote", [False, True])
def test_only_people_at_home_manage_sources(gate: Hooks, remote: bool) -> None:
    if remote:
        gate.options = Options(remote=True, via="http")
    else:
        gate.user = "agent:claude"
    assert code_of(lambda: sources.add(gate.context, gate.store, "mine", "github")) == "refused"
    assert code_of(lambda: sources.rotate(gate.context, gate.store, "github")) == "refused"
    assert code_of(lambda: sources.revoke(gate.context, gate.store, "github", "x")) == "refused"


def test_a_kind_of_source_that_nobody_knows_is_refused(gate: Hooks) -> None:
    assert code_of(lambda: sources.add(gate.context, gate.store, "x", "gitlab")) == "usage"
    assert code_of(lambda: sources.rotate(gate.context, gate.store, "x")) == "principal_not_found"


# --- Standard Webhooks ----------------------------------------------------------------------------

ASK = {"action": "ticket.create", "payload": {"title": "Nightly build failed"}}
NOW_S = NOON_MS // 1000


def asking(gate: Hooks, body: bytes, id: str = "msg_1", at: int = NOW_S) -> Delivered:
    """Takes in a delivery that a sender of Standard Webhooks has signed."""
    return gate.receive("ci", standard(body, gate.ci, id=id, at=at), body)


@pytest.mark.parametrize("late_s", [-301, 301, 10**9])
def test_a_delivery_that_was_held_back_is_refused(gate: Hooks, late_s: int) -> None:
    body = json.dumps(ASK).encode()
    assert code_of(lambda: asking(gate, body, at=NOW_S - late_s)) == "stale_delivery"


def test_a_stale_delivery_without_its_signature_is_told_nothing_of_the_time(gate: Hooks) -> None:
    headers = {**standard(b"{}", gate.ci), "webhook-timestamp": "1"}
    assert code_of(lambda: gate.receive("ci", headers, b"{}")) == "unauthenticated"


@pytest.mark.parametrize(
    "said",
    [
        {}, {"action": 1, "payload": {}}, {"action": "x", "payload": []}, {"action": "x"}, {**ASK, "actor": "human:ada"},
        {**ASK, "key": 7}, {**ASK, "reason": None}, [],
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_refused(gate: Hooks, said: object) -> None:
    assert code_of(lambda: asking(gate, json.dumps(said).encode())) == "invalid_delivery"
    assert gate.sealed() == []


def test_a_body_that_is_too_long_is_not_even_read(gate: Hooks) -> None:
    body = b" " * (delivery.BODY_BYTES + 1)
    assert code_of(lambda: gate.receive("nobody", {}, body)) == "too_large"


def test_what_is_refused_was_never_received(gate: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise deliveries.ConflictError("frozen", "not now")

    monkeypatch.setattr(proposing, "propose", refusing)
    assert code_of(lambda: asking(gate, json.dumps(ASK).encode())) == "frozen"
    assert gate.sealed() == []
