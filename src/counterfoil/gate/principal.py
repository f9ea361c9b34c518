"""Who may speak to the gate: people, agents and sources, each a stream of its own, decided here.

`person/<slug>` holds a person's public SSH keys, `agent/<slug>` an agent's keys, owner and reach,
`source/<slug>` the names of the secrets by which a sender of webhooks signs. Identities of different kinds
never stand in for one another: the kind is in the stream, in the actor and in the form of the key.

A name stands for one principal for good. Who was revoked stays so, and somebody new takes a new name: what was
done under a name must not change hands (gate.md, "Who is who").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate import events
from counterfoil.kernel.actor import is_slug
from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.decider import Event, Refusal
from counterfoil.ledger.instant import read_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.errors import CounterfoilError
    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt

HUMAN, AGENT, SOURCE = "human", "agent", "source"
STREAMS = {HUMAN: "person/", AGENT: "agent/", SOURCE: "source/"}
"""By the kind of an actor, what its stream's name begins with."""
TOKEN, SSH, SECRET = "token", "ssh", "secret"
FORMS = {HUMAN: SSH, AGENT: TOKEN, SOURCE: SECRET}
"""By the kind of an actor, the form of its keys."""
STANDARD, GITHUB = "standard", "github"
SENDERS = (STANDARD, GITHUB)
"""How a source signs: Standard Webhooks, or GitHub's `X-Hub-Signature-256`."""

KEYS_MAX = 20
"""Keys that a principal has at the same time."""

LIVE, FROZEN, EXPIRED, REVOKED = "live", "frozen", "expired", "revoked"

_KINDS = {prefix.rstrip("/"): kind for kind, prefix in STREAMS.items()}


@dataclass(frozen=True)
class Key:
    """One key of a principal. What is secret about it is nowhere in the ledger.

    Attributes:
        id: of a token and a secret eight digits, of an SSH key its fingerprint.
        name: what people call it, or empty.
        at: when it was given.
        expires_at: from when on it counts no more; None for as long as the principal does.
        revoked_at: when it was withdrawn, or None.
        salt, digest: what is kept of a token, else empty.
        public: an SSH key as `type base64`, else empty.
    """

    id: str
    name: str
    at: str
    expires_at: str | None = None
    revoked_at: str | None = None
    salt: str = ""
    digest: str = ""
    public: str = ""

    def state_at(self, now_ms: int) -> str:
        """Tells whether the key counts: `live`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return REVOKED
        return EXPIRED if is_over(self.expires_at, now_ms) else LIVE


@dataclass(frozen=True)
class Registration:
    """The state of one principal's stream.

    Attributes:
        actor: `agent:claude`; empty where nobody is registered.
        at: when that was.
        owner: the person who answers for an agent or a source.
        scopes: the actions that it may propose, as globs.
        spaces: the projects in which it may, or `*`.
        expires_at: from when on it may nothing more, or None.
        model: what an agent says that it runs on; free text.
        sender: how a source signs, one of `SENDERS`.
        keys: all that it ever had, in order.
        revoked_at, reason: when it was revoked and why.
    """

    actor: str = ""
    at: str = ""
    owner: str = ""
    scopes: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()
    expires_at: str | None = None
    model: str = ""
    sender: str = ""
    keys: tuple[Key, ...] = ()
    revoked_at: str | None = None
    reason: str = ""

    @property
    def exists(self) -> bool:
        """Whether somebody is registered under the name."""
        return bool(self.actor)

    @property
    def kind(self) -> str:
        """`human`, `agent` or `source`."""
        return self.actor.partition(":")[0]

    def key(self, key_id: str) -> Key | None:
        """Returns a key by its id."""
        return next((key for key in self.keys if key.id == key_id), None)

    def live_keys(self, now_ms: int) -> tuple[Key, ...]:
        """Returns the keys that count at a moment."""
        return tuple([key for key in self.keys if key.state_at(now_ms) == LIVE])

    def state_at(self, now_ms: int) -> str:
        """Tells how the principal itself stands: `live`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return REVOKED
        return EXPIRED if is_over(self.expires_at, now_ms) else LIVE


def is_over(expires_at: str | None, now_ms: int) -> bool:
    """Tells whether a moment has come."""
    return expires_at is not None and expires_at <= iso_ms(now_ms)


# --- commands -------------------------------------------------------------------------------------


class Add(NamedTuple):
    """Somebody is registered, with a first key where `key` has one; see `Registration`."""

    actor: str
    owner: str = ""
    scopes: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()
    expires_ms: int | None = None
    model: str = ""
    sender: str = ""
    how: str = "explicit"
    key: Give | None = None


class Change(NamedTuple):
    """What is not None becomes so; `expires_ms` of 0 means never."""

    owner: str | None = None
    scopes: tuple[str, ...] | None = None
    spaces: tuple[str, ...] | None = None
    expires_ms: int | None = None
    model: str | None = None


class Give(NamedTuple):
    """A key is given.

    Attributes:
        id, name, salt, digest, public: see `Key`.
        expires_ms: see `Key`.
        overlap_ms: for how long the keys before it still count; None lets them be.
        first: only where there is no key yet.
        statement: a person's signed word for it, a DSSE envelope, or None.
    """

    id: str
    name: str = ""
    salt: str = ""
    digest: str = ""
    public: str = ""
    expires_ms: int | None = None
    overlap_ms: int | None = None
    first: bool = False
    statement: str | None = None


class Withdraw(NamedTuple):
    """One key counts no more."""

    id: str
    reason: str


class Revoke(NamedTuple):
    """The principal counts no more, for good."""

    reason: str


Command = Add | Change | Give | Withdraw | Revoke


class Principals:
    """Decides on one principal."""

    name = "principal"
    version = 1

    def initial(self) -> Registration:
        """Returns the state before the first receipt."""
        return Registration()

    def decide(self, state: Registration, command: Command, now_ms: int) -> Sequence[Event] | Refusal:
        """Returns what is to be recorded."""
        if isinstance(command, Add):
            return _added(state, command)
        if not state.exists:
            message = "nobody is registered under this name"
            return Refusal(InputError("principal_not_found", message, "ticket agent list"))
        if state.revoked_at is not None:
            return [] if isinstance(command, Revoke) else Refusal(_revoked(state))
        if isinstance(command, Revoke):
            return [Event(events.PRINCIPAL_REVOKED, {"principal": state.actor, "reason": command.reason})]
        if isinstance(command, Withdraw):
            return _withdrawn(state, command)
        return _changed(state, command) if isinstance(command, Change) else _given(state, command, now_ms)

    def evolve(self, state: Registration, receipt: Receipt, body: Body) -> Registration:
        """Returns the state after one more receipt."""
        step = _STEPS.get(receipt.kind)
        return state if step is None else step(state, receipt, body)

    def dump(self, state: Registration) -> Any:
        """Returns a state as JSON data."""
        return {**vars(state), "keys": [vars(key) for key in state.keys]}

    def load(self, data: Any) -> Registration:
        """Reads what `dump` gave."""
        known = {**data, "keys": tuple([Key(**key) for key in data["keys"]])}
        return Registration(**{**known, "scopes": tuple(data["scopes"]), "spaces": tuple(data["spaces"])})


def _added(state: Registration, command: Add) -> Sequence[Event] | Refusal:
    body = {
        "principal": command.actor, "owner": command.owner, "scopes": list(command.scopes),
        "spaces": list(command.spaces), "expires_at": _moment(command.expires_ms), "model": command.model,
        "sender": command.sender, "how": command.how,
    }  # fmt: skip
    if not state.exists:
        added = [Event(events.PRINCIPAL_ADDED, body)]
        given = () if command.key is None else _given(Registration(command.actor), command.key, 0)
        return given if isinstance(given, Refusal) else [*added, *given]
    if state.revoked_at is not None:
        return Refusal(_revoked(state))
    if state.kind == HUMAN:
        return []
    return Refusal(
        ConflictError(
            "principal_exists", f"{state.actor} is registered already",
            f"for another secret: ticket {state.kind} rotate {state.actor.partition(':')[2]}; or take another name",
            principal=state.actor,
        )
    )  # fmt: skip


def _changed(state: Registration, command: Change) -> Sequence[Event]:
    wanted: dict[str, Any] = {
        "owner": command.owner,
        "scopes": None if command.scopes is None else list(command.scopes),
        "spaces": None if command.spaces is None else list(command.spaces),
        "model": command.model,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    if command.expires_ms is not None:
        body["expires_at"] = _moment(command.expires_ms or None)
    now = {**vars(state), "scopes": list(state.scopes), "spaces": list(state.spaces)}
    body = {name: value for name, value in body.items() if now[name] != value}
    return [Event(events.PRINCIPAL_CHANGED, {"principal": state.actor, **body})] if body else []


def _given(state: Registration, command: Give, now_ms: int) -> Sequence[Event] | Refusal:
    known = state.key(command.id)
    live = state.live_keys(now_ms)
    if known is not None and known in live:
        return []
    refusal = _not_given(state, command, known, live)
    if refusal is not None:
        return Refusal(refusal)
    body: dict[str, Any] = {
        "principal": state.actor, "id": command.id, "name": command.name, "form": FORMS[state.kind],
        "expires_at": _moment(command.expires_ms), "ends": [],
    }  # fmt: skip
    if command.digest:
        body |= {"digest": command.digest, "key_salt": command.salt}
    if command.public:
        body["public"] = command.public
    if command.statement is not None:
        body["statement"] = command.statement
    if command.overlap_ms is not None:
        end = iso_ms(now_ms + command.overlap_ms)
        body["ends"] = [[key.id, min(end, key.expires_at or end)] for key in live]
    return [Event(events.CREDENTIAL_ADDED, body)]


def _not_given(
    state: Registration, command: Give, known: Key | None, live: Sequence[Key]
) -> CounterfoilError | None:
    if known is not None:
        message = f"the key {command.id} of {state.actor} was withdrawn, which is for good"
        return ConflictError(
            "key_withdrawn", message, "give another one", principal=state.actor, key=known.id
        )
    if command.first and state.keys:
        return ConflictError(
            "second_key", f"{state.actor} has a key already, and this is another one",
            f"ticket person add {state.actor} --key FILE", principal=state.actor, keys=[key.id for key in live],
        )  # fmt: skip
    if len(live) >= KEYS_MAX:
        message = f"{state.actor} has {len(live)} keys, and {KEYS_MAX} are the limit"
        hint = f"ticket {'person' if state.kind == HUMAN else state.kind} show {state.actor}"
        return InputError("too_many", message, hint, principal=state.actor, limit=KEYS_MAX)
    return None


def _withdrawn(state: Registration, command: Withdraw) -> Sequence[Event] | Refusal:
    key = state.key(command.id)
    if key is None:
        return Refusal(
            InputError(
                "key_not_found", f"{state.actor} has no key {command.id}",
                f"one of: {', '.join(key.id for key in state.keys) or 'none'}", principal=state.actor,
                key=command.id,
            )
        )  # fmt: skip
    if key.revoked_at is not None:
        return []
    body = {"principal": state.actor, "id": key.id, "reason": command.reason}
    return [Event(events.CREDENTIAL_REVOKED, body)]


def _revoked(state: Registration) -> ConflictError:
    return ConflictError(
        "principal_revoked",
        f"{state.actor} was revoked, which is for good",
        "take another name",
        principal=state.actor,
        revoked_at=state.revoked_at,
    )


def _moment(ms: int | None) -> str | None:
    return None if ms is None else iso_ms(ms)


# --- folding: of a receipt whose body was erased, what gives the least -----------------------------


def _add(state: Registration, receipt: Receipt, body: Body) -> Registration:
    del state
    owner, model, sender = (str(body.get(name) or "") for name in ("owner", "model", "sender"))
    return Registration(
        actor_of(receipt.stream), receipt.at, owner, _words(body.get("scopes")), _words(body.get("spaces")),
        _until(body.get("expires_at")), model, sender,
    )  # fmt: skip


def _change(state: Registration, receipt: Receipt, body: Body) -> Registration:
    del receipt
    if not body:
        return replace(state, scopes=(), spaces=())
    changed: dict[str, Any] = {name: str(body[name] or "") for name in ("owner", "model") if name in body}
    changed |= {name: _words(body[name]) for name in ("scopes", "spaces") if name in body}
    if "expires_at" in body:
        changed["expires_at"] = _until(body["expires_at"])
    return replace(state, **changed)


def _give(state: Registration, receipt: Receipt, body: Body) -> Registration:
    salt, digest, public = (str(body.get(name) or "") for name in ("key_salt", "digest", "public"))
    given = Key(
        str(body.get("id") or receipt.id), str(body.get("name") or ""), receipt.at, _until(body.get("expires_at")),
        None, salt, digest, public,
    )  # fmt: skip
    ends = dict(body["ends"]) if "ends" in body else {key.id: receipt.at for key in state.keys}
    keys = [replace(key, expires_at=_until(ends[key.id])) if key.id in ends else key for key in state.keys]
    return replace(state, keys=(*keys, given))


def _withdraw(state: Registration, receipt: Receipt, body: Body) -> Registration:
    """Withdraws one key; of a receipt whose body was erased nobody knows which, so all of them."""
    gone = body.get("id")
    keys = [
        replace(key, revoked_at=key.revoked_at or receipt.at) if gone in {None, key.id} else key
        for key in state.keys
    ]
    return replace(state, keys=tuple(keys))


def _revoke(state: Registration, receipt: Receipt, body: Body) -> Registration:
    return replace(state, revoked_at=receipt.at, reason=str(body.get("reason") or ""))


def _words(value: object) -> tuple[str, ...]:
    return tuple([str(item) for item in value]) if isinstance(value, list) else ()


def _until(value: object) -> str | None:
    """Reads when something ends; what is no moment has ended already."""
    if value is None:
        return None
    return value if isinstance(value, str) and read_ms(value) is not None else ""


_STEPS = {
    events.PRINCIPAL_ADDED: _add,
    events.PRINCIPAL_CHANGED: _change,
    events.CREDENTIAL_ADDED: _give,
    events.CREDENTIAL_REVOKED: _withdraw,
    events.PRINCIPAL_REVOKED: _revoke,
}


# --- names -----------------------------------------------------------------------------------------


def stream_of(actor: str) -> str:
    """Returns the stream of an actor; empty for one that has none, such as `server:gate`."""
    kind, _, slug = actor.partition(":")
    return f"{STREAMS[kind]}{slug}" if kind in STREAMS and is_slug(slug) else ""


def actor_of(stream: str) -> str:
    """Returns whose stream this is; empty for nobody's."""
    place, _, slug = stream.partition("/")
    return f"{_KINDS[place]}:{slug}" if place in _KINDS and is_slug(slug) else ""


def named(text: str, kind: str) -> str:
    """Returns the actor of this kind that somebody means by `claude` or by `agent:claude`.

    Raises:
        InputError: `invalid_actor`.
    """
    before, colon, slug = text.rpartition(":")
    if not is_slug(slug) or (colon and before.lower() != kind):
        hint = (
            f"write {kind}:NAME, in lower-case ASCII, as in {kind}:{'morgan' if kind == HUMAN else 'claude'}"
        )
        raise InputError("invalid_actor", f"{text!r} is no {kind}", hint, value=text, allowed=[kind])
    return f"{kind}:{slug}"
