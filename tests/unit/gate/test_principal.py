"""The decider on principals: given what was sealed, when somebody wants something, then what is to be sealed."""

from __future__ import annotations

from typing import Any

import pytest
from unit.usecases.stream_scene import NOON_MS

from counterfoil.errors import CounterfoilError
from counterfoil.gate import events, principal, reach
from counterfoil.gate.principal import Add, Change, Give, Principals, Registration, Revoke, Withdraw
from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.decider import Event, Refusal

NOW = iso_ms(NOON_MS)
LATER = iso_ms(NOON_MS + 5000)
AGENT, PERSON = "agent:claude", "human:ada"
ADD = Add(AGENT, PERSON, ("read",), ("*",))
TOKEN = Give("k1", salt="0" * 32, digest="1" * 64)
OTHER = Give("k2", salt="2" * 32, digest="3" * 64)
SSH = Give("SHA256:a", public="ssh-ed25519 AAAA")


class Sealed:
    """What `evolve` looks at of a receipt."""

    def __init__(self, kind: str, stream: str) -> None:
        self.kind = kind
        self.stream = stream
        self.at = NOW
        self.id = "f" * 64


def after(*commands: principal.Command, actor: str = AGENT) -> Registration:
    """Returns the state after commands that are carried out."""
    decider = Principals()
    state = decider.initial()
    for command in commands:
        decided = decider.decide(state, command, NOON_MS)
        assert not isinstance(decided, Refusal), decided.error
        for event in decided:
            receipt: Any = Sealed(event.kind, principal.stream_of(actor))
            state = decider.evolve(state, receipt, event.body)
    return state


def told(state: Registration, command: principal.Command, now_ms: int = NOON_MS) -> str | list[Event]:
    """Returns the code of a refusal, or what is to be sealed."""
    decided = Principals().decide(state, command, now_ms)
    return decided.error.code if isinstance(decided, Refusal) else list(decided)


def test_an_agent_is_sealed_with_its_first_key_in_one_go() -> None:
    sealed = told(Registration(), ADD._replace(key=TOKEN))
    assert sealed == [
        Event(
            events.PRINCIPAL_ADDED,
            {
                "principal": AGENT, "owner": PERSON, "scopes": ["read"], "spaces": ["*"], "expires_at": None,
                "model": "", "sender": "", "how": "explicit",
            },
        ),
        Event(
            events.CREDENTIAL_ADDED,
            {
                "principal": AGENT, "id": "k1", "name": "", "form": "token", "expires_at": None, "ends": [],
                "digest": "1" * 64, "key_salt": "0" * 32,
            },
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "when", "then"),
    [
        ((), Revoke("x"), "principal_not_found"),
        ((), TOKEN, "principal_not_found"),
        ((ADD,), ADD, "principal_exists"),
        ((ADD, Revoke("x")), ADD, "principal_revoked"),
        ((ADD, Revoke("x")), TOKEN, "principal_revoked"),
        ((ADD, Revoke("x")), Change(model="m"), "principal_revoked"),
        ((ADD, Revoke("x")), Withdraw("k1", "x"), "principal_revoked"),
        ((ADD, Revoke("x")), Revoke("again"), []),
        ((ADD,), Withdraw("k1", "x"), "key_not_found"),
        ((ADD, TOKEN), TOKEN, []),
        ((ADD, TOKEN, Withdraw("k1", "x")), TOKEN, "key_withdrawn"),
        ((ADD, TOKEN, Withdraw("k1", "x")), Withdraw("k1", "y"), []),
        ((ADD,), Change(), []),
        ((ADD,), Change(owner=PERSON, scopes=("read",)), []),
        (
            (ADD,),
            Change(scopes=("ticket.*",), expires_ms=NOON_MS + 5000),
            [
                Event(
                    events.PRINCIPAL_CHANGED,
                    {"principal": AGENT, "scopes": ["ticket.*"], "expires_at": LATER},
                )
            ],
        ),
        ((ADD,), Revoke("x"), [Event(events.PRINCIPAL_REVOKED, {"principal": AGENT, "reason": "x"})]),
        (
            (ADD, TOKEN),
            Withdraw("k1", "x"),
            [Event(events.CREDENTIAL_REVOKED, {"principal": AGENT, "id": "k1", "reason": "x"})],
        ),
        ((ADD, *[Give(f"k{number}") for number in range(principal.KEYS_MAX)]), Give("one more"), "too_many"),
    ],
)
def test_a_command_is_decided(
    given: tuple[Any, ...], when: principal.Command, then: str | list[Event]
) -> None:
    assert told(after(*given), when) == then


def test_rotating_says_when_the_keys_before_it_end() -> None:
    (event,) = told(after(ADD, TOKEN), OTHER._replace(overlap_ms=5000))
    assert isinstance(event, Event)
    assert event.body["ends"] == [["k1", LATER]]
    state = after(ADD, TOKEN, OTHER._replace(overlap_ms=5000))
    assert [key.state_at(NOON_MS + 4999) for key in state.keys] == ["live", "live"]
    assert [key.state_at(NOON_MS + 5000) for key in state.keys] == ["expired", "live"]


def test_a_person_is_added_once_and_has_several_keys() -> None:
    add = Add(PERSON)
    assert told(after(add, actor=PERSON), add) == []
    state = after(add, SSH, SSH._replace(id="SHA256:b"), actor=PERSON)
    assert [key.id for key in state.live_keys(NOON_MS)] == ["SHA256:a", "SHA256:b"]


@pytest.mark.parametrize("given", [(SSH,), (SSH, Withdraw("SHA256:a", "x"))])
def test_a_first_key_is_the_first_for_good(given: tuple[principal.Command, ...]) -> None:
    state = after(Add(PERSON), *given, actor=PERSON)
    assert told(state, Give("SHA256:b", public="ssh-ed25519 BBBB", first=True)) == "second_key"


@pytest.mark.parametrize(
    ("kind", "state_of_keys", "scopes"),
    [
        (events.CREDENTIAL_ADDED, ["expired", "live"], ("read",)),
        (events.CREDENTIAL_REVOKED, ["revoked"], ("read",)),
        (events.PRINCIPAL_CHANGED, ["live"], ()),
    ],
)
def test_of_an_erased_receipt_the_least_is_assumed(
    kind: str, state_of_keys: list[str], scopes: object
) -> None:
    receipt: Any = Sealed(kind, "agent/claude")
    state = Principals().evolve(after(ADD, TOKEN), receipt, {})
    assert ([key.state_at(NOON_MS) for key in state.keys], state.scopes) == (state_of_keys, scopes)
    assert all(key.digest == "" for key in state.keys[1:])


@pytest.mark.parametrize(
    ("actor", "stream"),
    [
        ("agent:claude", "agent/claude"), ("human:ada", "person/ada"), ("source:github", "source/github"),
        ("server:gate", ""), ("person:ada", ""), ("agent:", ""), ("agent:a/b", ""), ("agent", ""), ("agent:A", ""),
    ],
)  # fmt: skip
def test_kinds_of_identity_have_streams_of_their_own(actor: str, stream: str) -> None:
    assert principal.stream_of(actor) == stream
    assert principal.actor_of(stream) == (actor if stream else "")


@pytest.mark.parametrize(
    ("text", "kind"), [("human:claude", "agent"), ("agent:ada", "human"), ("a b", "agent"), ("", "agent")]
)
def test_a_name_of_one_kind_is_none_of_another(text: str, kind: str) -> None:
    with pytest.raises(CounterfoilError) as caught:
        principal.named(text, kind)
    assert caught.value.code == "invalid_actor"


def test_no_default_scope_reaches_what_people_alone_should_ask_for() -> None:
    beyond = ("policy.change", "change.promote", "command.run", "http.send")
    assert [action for action in beyond if reach.allows_action(reach.DEFAULT_SCOPES, action)] == []
