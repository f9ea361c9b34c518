"""Who calls: from a token to a principal, and how far that reaches.

Whoever holds a token that does not count learns that it does not, and never why: unknown, mistyped, expired,
revoked and frozen look the same from outside and take the same way through the same hash. The owner sees
which it is in `ticket agent show`.

What was folded is remembered by the leaf hash at the end of the stream, which stands for all of it: one look at
the stream's end per call, and a revocation bites with the very next one, whoever sealed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError, RefusedError
from counterfoil.gate import principal, reach, token
from counterfoil.gate.principal import AGENT, HUMAN, LIVE, Registration
from counterfoil.gate.token import Token
from counterfoil.kernel import sshkey
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import runtime

if TYPE_CHECKING:
    from counterfoil.kernel.sshkey import SshKey
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

USED = "used"
"""A folder in the clone's own: by key, when it was last used, to the minute. Derived, and may be lost."""
USED_EVERY_MS = 60_000
REMEMBERED_MAX = 4096
FROZEN_WORDS = {
    "revoked": "it was revoked",
    "expired": "it has expired",
    "owner_revoked": "its owner was revoked",
}
"""Why a principal may do nothing, by `Principal.frozen_reason`."""

DECIDER = principal.Principals()
_NOBODY = Token("_", "", "")
"""Stands for a token that is none; no agent can have this name."""
_NO_KEY = principal.Key("", "", "", salt="0" * 32, digest="0" * 64)
_FOLDED: dict[bytes, Registration] = {}
"""By the leaf hash at a stream's end, what the stream folds to. It depends on nothing else."""
_USED: dict[tuple[str, str], int] = {}
"""By clone and key, when its use was last written down."""


class Principal(NamedTuple):
    """Who speaks, and how far that reaches.

    Attributes:
        actor: `agent:claude`.
        key_id: the key that was shown; empty where none was.
        scopes: the actions that it may propose, as globs.
        spaces: the projects in which it may, or `*`.
        owner: the person who answers for it.
        model: what it says that it runs on.
        frozen_reason: why it may do nothing: `revoked`, `expired`, `owner_revoked`; else empty.
    """

    actor: str
    key_id: str
    scopes: tuple[str, ...]
    spaces: tuple[str, ...]
    owner: str
    model: str
    frozen_reason: str = ""


def authenticate(context: Context, store: Store, text: str) -> Principal:
    """Returns who holds a token.

    Raises:
        RefusedError: `unauthenticated`, the same for every token that does not count.
        ConflictError: `newer_ledger`.
        IntegrityError: `ledger_damaged`.
    """
    shown = token.parse(text) or _NOBODY
    now_ms = context.clock.now_ms()
    state = state_of(store, f"{principal.STREAMS[AGENT]}{shown.slug}")
    key = state.key(shown.key_id) or _NO_KEY
    is_right = token.matches(shown, key.salt or _NO_KEY.salt, key.digest or _NO_KEY.digest)
    if not is_right or key is _NO_KEY or key.state_at(now_ms) != LIVE or frozen_reason(store, state, now_ms):
        raise unauthenticated()
    _note_use(context, f"{shown.slug}.{key.id}", now_ms)
    return Principal(state.actor, key.id, state.scopes, state.spaces, state.owner, state.model)


def unauthenticated() -> RefusedError:
    """Returns the one error of every credential that does not count."""
    return RefusedError(
        "unauthenticated", "this credential does not count", "ask whoever gave it to you for another one"
    )


def check_scope(who: Principal, action: str, space: str | None) -> str:
    """Returns why an action in a space lies beyond a principal's reach, or an empty text.

    Args:
        who: the principal; people reach everywhere, and policy says what they may.
        action: the registered name, or `read`.
        space: the project's folder (empty for the root's), or None where nobody knows it.
    """
    if who.frozen_reason:
        return FROZEN_WORDS[who.frozen_reason]
    if who.actor.startswith("human:"):
        return ""
    if not reach.allows_action(who.scopes, action):
        return f"its scopes ({', '.join(who.scopes) or 'none'}) do not cover {action}"
    if not reach.allows_space(who.spaces, space):
        return f"its spaces ({', '.join(who.spaces) or 'none'}) do not cover this project"
    return ""


def standing_of(store: Store, actor: str, now_ms: int | None) -> Principal | None:
    """Returns how a registered actor stands; see `usecases.registered.standing`."""
    state = state_of(store, principal.stream_of(actor))
    if not state.exists:
        return None
    reason = frozen_reason(store, state, now_ms)
    return Principal(state.actor, "", state.scopes, state.spaces, state.owner, state.model, reason)


def frozen_reason(store: Store, state: Registration, now_ms: int | None) -> str:
    """Returns why a principal may do nothing, or an empty text."""
    if state.revoked_at is not None:
        return "revoked"
    if now_ms is not None and principal.is_over(state.expires_at, now_ms):
        return "expired"
    if state.owner and state_of(store, principal.stream_of(state.owner)).revoked_at is not None:
        return "owner_revoked"
    return ""


def state_of(store: Store, stream: str) -> Registration:
    """Returns what a principal's stream folds to; nobody where there is no such stream."""
    end = store.head(stream) if stream else None
    if end is None or not end.length:
        return Registration()
    found = _FOLDED.get(end.hash)
    if found is None:
        loaded = runtime.load(store, DECIDER, stream)
        found = loaded.state
        if len(_FOLDED) >= REMEMBERED_MAX:
            _FOLDED.clear()
        _FOLDED[loaded.hash] = found
    return found


def keys_of(store: Store, person: str, now_ms: int | None = None) -> tuple[SshKey, ...]:
    """Returns the SSH keys by which a person may sign; none of one who is not registered, or revoked.

    Args:
        store: the ledger.
        person: `human:morgan`.
        now_ms: as of when; without it, whether a key has expired is not asked.
    """
    state = state_of(store, principal.stream_of(person))
    if state.kind != HUMAN or state.revoked_at is not None:
        return ()
    keys = [key for key in state.keys if key.state_at(now_ms or 0) == LIVE and key.public]
    return tuple([sshkey.parse_public_line(key.public) for key in keys])


def _note_use(context: Context, name: str, now_ms: int) -> None:
    """Writes down when a key was used, at most once a minute; that this fails is no reason to refuse."""
    place = context.state.root, name
    if now_ms - _USED.get(place, -USED_EVERY_MS) < USED_EVERY_MS:
        return
    _USED[place] = now_ms
    try:
        context.state.make_folder(USED)
        context.state.replace(f"{USED}/{name}", f"{iso_ms(now_ms)}\n".encode())
    except CounterfoilError as error:
        context.warn(
            "use_not_noted", f"when the key was last used could not be written down: {error.message}"
        )


def last_used(context: Context, state: Registration) -> dict[str, str]:
    """Returns by key when it was last used, to the minute; keys of which nobody knows are left out."""
    slug = state.actor.partition(":")[2]
    found: dict[str, str] = {}
    for key in state.keys:
        data = context.state.read(f"{USED}/{slug}.{key.id}") if key.digest else None
        if data:
            found[key.id] = data.decode("utf-8", "replace").strip()
    return found


def verb_of(actor: str) -> str:
    """Returns the verb that manages principals of an actor's kind: `agent`, `person`, `source`."""
    return principal.STREAMS[actor.partition(":")[0]].rstrip("/")
