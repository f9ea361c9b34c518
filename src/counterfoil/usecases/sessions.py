"""Signing people in at a browser: a one-time link for whoever sits at a terminal or signs, and the sessions of a server.

A link lets somebody decide, so it is given like a first key: to a person at a terminal of this machine, or for
the signature of a key that is registered for them (product.md §25). What was opened is not sealed: sessions belong to
a server and not to a repository, and when somebody signs in concerns nobody who gets the ledger.
What they do there is sealed with the session's name. That somebody was refused a link is sealed, as all refusals are.
"""

from __future__ import annotations

from base64 import b32encode
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError, RefusedError
from counterfoil.gate import principal
from counterfoil.gate.principal import HUMAN
from counterfoil.gate.statement import session_word
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import vouching
from counterfoil.usecases.ports import Admission
from counterfoil.usecases.principals import check_manages, seal_refused
from counterfoil.usecases.registered import frozen
from counterfoil.usecases.spaces import ROLES, space_id

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Entropy, Session, Sessions, Store

CODE_MS = 10 * 60 * 1000
"""How long a link may be used."""
LIFE_MS = 30 * 24 * 3600 * 1000
"""How long a session lasts at most."""
IDLE_MS = 7 * 24 * 3600 * 1000
"""How long it lasts unused."""
FRESH_MS = 8 * 3600 * 1000
"""How long after signing in it may decide."""
CODE_BITS, TOKEN_BITS, NAME_BITS = 160, 256, 40
CODE_LENGTH_MAX = 64
BROWSER_LENGTH = 24
BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
"""What stands in a browser's `User-Agent`, the most telling first: most of them claim to be others, too."""
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS", "macOS"), ("Windows", "Windows"),
    ("Linux", "Linux"),
)  # fmt: skip


class Link(NamedTuple):
    """A one-time link, but for the server's address.

    Attributes:
        code: the secret in it.
        person: whom it lets in.
        role: in the space.
        space: the id of the space.
        ends_at: when it ceases to count.
    """

    code: str
    person: str
    role: str
    space: str
    ends_at: str

    def address(self, url: str) -> str:
        """Returns the link to a server; without its address what comes after that."""
        return f"{url.rstrip('/')}/sign-in?code={self.code}"


class Place(NamedTuple):
    """Where a link leads.

    Attributes:
        space: the id of the space.
        url: of the server that shows it, or None while none runs.
    """

    space: str
    url: str | None


def sign_link(
    context: Context, store: Store, role: str, space: str, *, terminal: bool = False, must: bool = False
) -> str | None:
    """Returns the signed word of whoever acts that a browser is to be signed in for them; None where no key can.

    Raises:
        RefusedError: `signature_required`, if it must be signed.
        HostError: `signing_failed`, `key_exposed`, `io_error`, if it must be signed.
    """
    word = session_word(store.ledger, context.actor(), role, space)
    return vouching.give(context, store, word, terminal=terminal, must=must)


def mint_link(
    context: Context,
    store: Store,
    sessions: Sessions,
    person: str,
    role: str,
    space: str,
    *,
    at_terminal: bool = False,
    envelope: str | None = None,
) -> Link:
    """Makes a one-time link, by which one browser is signed in.

    Args:
        context: the project; it says who acts.
        store: its ledger, which knows who was revoked.
        sessions: of the server.
        person: `ada` or `human:ada`.
        role: one of `spaces.ROLES`.
        space: the id of the space.
        at_terminal: whether whoever acts sits at a terminal of this machine.
        envelope: their signed word (`sign_link`), good for a link of their own.

    Raises:
        InputError: `invalid_actor`, `invalid_role`; of an envelope `invalid_envelope`, `invalid_signature`,
            `invalid_statement`.
        RefusedError: `refused`, `needs_terminal`.
        HostError: `sessions_unavailable`.
    """
    check_manages(context, store, "session.link", context.actor())
    person = principal.named(person, HUMAN)
    check_role(role)
    reason = frozen(store, person, context.clock.now_ms())
    if reason:
        seal_refused(context, store, "session.link", person, reason)
        raise RefusedError(
            "refused", f"{person} was revoked and cannot sign in", "ask another person", actor=person, reason=reason
        )  # fmt: skip
    if envelope is not None and person == context.actor():
        vouching.check(context, store, session_word(store.ledger, person, role, space), envelope)
    elif not at_terminal:
        seal_refused(context, store, "session.link", person, "needs_terminal")
        raise RefusedError(
            "needs_terminal",
            "a link lets its holder decide, so it is given at a terminal, or for a signature of one's own key",
            "at a terminal: ticket session link; or with ssh-add: ticket session link --sign",
            person=person,
        )
    now_ms = context.clock.now_ms()
    code = secret(context.entropy, CODE_BITS)
    grant = Admission(person, role, space, now_ms + CODE_MS)
    sessions.keep_code(digest(code), grant, now_ms)
    return Link(code, person, role, space, iso_ms(grant.ends_ms))


def check_role(role: str) -> None:
    """Checks that there is such a role.

    Raises:
        InputError: `invalid_role`.
    """
    if role not in ROLES:
        hint = f"one of {', '.join(ROLES)}"
        raise InputError("invalid_role", f"{role!r} is no role", hint, value=role, allowed=list(ROLES))


def whereabouts(sessions: Sessions, folder: str) -> Place:
    """Returns the space that shows a repository: the newest server's that does, else that of the repository alone."""
    for served in sessions.served():
        if folder in served.folders:
            return Place(served.space, served.url)
    return Place(space_id("", [folder]), None)


def live(sessions: Sessions, now_ms: int, *, space: str | None = None) -> list[Session]:
    """Returns the sessions that count, the newest first; those that have ended by themselves are dropped."""
    sessions.tidy(now_ms, now_ms - IDLE_MS)
    return [each for each in sessions.sessions() if space in {None, each.space}]


def revoke(sessions: Sessions, name: str) -> None:
    """Ends one session; pages that it has open are cut off.

    Raises:
        InputError: `session_not_found`.
    """
    if not sessions.revoke(name):
        raise InputError(
            "session_not_found", f"no session is called {name!r}", "ticket session list", query=name
        )


def counts(session: Session, now_ms: int) -> bool:
    """Tells whether a session has ended neither by its age nor for being idle."""
    return session.ends_ms > now_ms and session.seen_ms > now_ms - IDLE_MS


def as_data(session: Session, now_ms: int) -> dict[str, object]:
    """Returns what may be told of a session."""
    return {
        "name": session.name,
        "person": session.person,
        "role": session.role,
        "space": session.space,
        "opened_at": iso_ms(session.opened_ms),
        "fresh_until": iso_ms(session.fresh_ms),
        "is_fresh": session.fresh_ms > now_ms,
        "last_used_at": iso_ms(session.seen_ms),
        "ends_at": iso_ms(min(session.ends_ms, session.seen_ms + IDLE_MS)),
        "browser": browser_name(session.label),
    }


def browser_name(label: str) -> str:
    """Returns in two words what a browser calls itself: `Firefox on Linux`. It may say what it likes."""
    program = next(
        (name for mark, name in BROWSERS if mark in label), label.partition("/")[0][:BROWSER_LENGTH]
    )
    system = next((name for mark, name in SYSTEMS if mark in label), "")
    return f"{program or 'something'} on {system}" if system else program or "something"


def secret(entropy: Entropy, bits: int) -> str:
    """Returns random bits as text that can be read out and typed: `a` to `z` and `2` to `7`."""
    data = entropy.bits(bits).to_bytes(bits // 8, "big")
    return b32encode(data).decode("ascii").rstrip("=").lower()


def digest(text: str) -> bytes:
    """Returns what is kept of a code or a token. Of random bits one round is enough."""
    return sha256(text.encode("utf-8", "replace")).digest()
