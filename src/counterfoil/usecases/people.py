"""People: who they are to the ledger, and the public SSH keys by which they sign.

A key lets somebody decide. It is registered by a person, on the record, at a terminal or by the signature
of a key that counts already; the first one also by its own first use. A second one never comes by use: whoever could
slip one in could sign as somebody else (product.md §25). What signed before a key was withdrawn stays
signed: `allowed_signers` says from when to when each key counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import ConflictError, RefusedError
from counterfoil.gate import principal, statement
from counterfoil.gate.principal import HUMAN, Add, Give, Registration
from counterfoil.kernel import sshkey
from counterfoil.usecases import vouching
from counterfoil.usecases.authenticating import keys_of, state_of
from counterfoil.usecases.principals import check_manages, checked_text, seal_refused, send

if TYPE_CHECKING:
    from counterfoil.kernel.sshkey import SshKey
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.statements import Signed

__all__ = ["EXPLICIT", "FIRST_USE", "add", "allowed_signers", "keys_of", "register_key", "sign_key"]

EXPLICIT, FIRST_USE = "explicit", "first-use"
NAMESPACES = tuple([kind.namespace for kind in (statement.DECISION, statement.POLICY, statement.PERSON_KEY)])
"""What people's keys may sign here (OpenSSH, PROTOCOL.sshsig)."""
_SECONDS = len("2026-11-20T09:15:00")


def sign_key(context: Context, store: Store, name: str, public: str) -> str | None:
    """Returns the signed word of whoever acts that a key is this person's; None where no registered key can sign.

    Raises:
        InputError: `invalid_actor`, `invalid_ssh_key`.
    """
    person, key = principal.named(name, HUMAN), sshkey.parse_public_line(public)
    return vouching.give(context, store, statement.key_word(store.ledger, context.actor(), person, key))


def add(
    context: Context,
    store: Store,
    name: str,
    public: str | None,
    *,
    key_name: str = "",
    at_terminal: bool = False,
    envelope: str | None = None,
) -> Registration:
    """Registers a person, with a public SSH key if there is one, beside those that are known.

    Args:
        context: the project.
        store: the ledger.
        name: `morgan` or `human:morgan`.
        public: the one line of a `.pub` file, or None. Its comment, often an address, is not kept.
        key_name: what to call the key.
        at_terminal: whether whoever acts sits at a terminal of this machine.
        envelope: their signed word for the key (`sign_key`), which a key needs where nobody sits there.

    Raises:
        InputError: `invalid_actor`, `invalid_ssh_key`, `secret_found`; of an envelope `invalid_envelope`,
            `invalid_signature`, `invalid_statement`.
        ConflictError: `principal_revoked`, `key_withdrawn`, `key_in_use`.
        RefusedError: `refused`, `needs_terminal`.
    """
    person = principal.named(name, HUMAN)
    check_manages(context, store, "person.add", person)
    key = None if public is None else sshkey.parse_public_line(public)
    key_name = checked_text(key_name, "name")
    signed = None
    if key is not None:
        _check_free(context, store, person, key)
    if key is not None and envelope is not None:
        word = statement.key_word(store.ledger, context.actor(), person, key)
        signed = vouching.check(context, store, word, envelope)
    elif key is not None and not at_terminal:
        raise _needs_terminal(context, store, person, key)
    state, _ = send(context, store, person, Add(person, how=EXPLICIT))
    return state if key is None else _given(context, store, person, key, EXPLICIT, key_name, signed)


def _needs_terminal(context: Context, store: Store, person: str, key: SshKey) -> RefusedError:
    """Returns the error of a key for which nobody vouches, having sealed that somebody tried."""
    seal_refused(context, store, "person.add", person, "needs_terminal")
    return RefusedError(
        "needs_terminal",
        f"a key lets {person} decide, so it is registered at a terminal, or by a key that counts already",
        f"at a terminal: ticket person add {person} --key FILE.pub",
        person=person,
        fingerprint=key.fingerprint,
    )


def register_key(
    context: Context, store: Store, person: str, public: SshKey, how: str = FIRST_USE
) -> Registration:
    """Registers the key by which a person signs for the first time; one that is known already stays as it is.

    Args:
        context: the project.
        store: the ledger.
        person: `human:morgan`, who acts.
        public: the key.
        how: `first-use`, which gives a first key only, or `explicit`.

    Raises:
        ConflictError: `second_key`, `principal_revoked`, `key_withdrawn`, `key_in_use`.
        RefusedError: `refused`.
    """
    check_manages(context, store, "person.add", person)
    if how == FIRST_USE and context.actor() != person:
        hint = f"ticket person add {person} --key FILE"
        raise RefusedError(
            "refused", f"a first use registers nobody's key but one's own, and {person} does not act", hint
        )
    _check_free(context, store, person, public)
    send(context, store, person, Add(person, how=how))
    return _given(context, store, person, public, how, "")


def _check_free(context: Context, store: Store, person: str, key: SshKey) -> None:
    """Checks that a key is nobody else's: one key that is two people would be a quorum of its own.

    Raises:
        ConflictError: `key_in_use`.
    """
    for stream in store.streams(principal.STREAMS[HUMAN]):
        other = state_of(store, stream.name).actor
        if other in {"", person}:
            continue
        if any(each.fingerprint == key.fingerprint for each in keys_of(store, other, context.clock.now_ms())):
            raise ConflictError(
                "key_in_use", f"this key counts for {other} already, and a key is one person's",
                f"use another key, or withdraw it there: ticket person revoke {other} --key {key.fingerprint}",
                person=person, holder=other, fingerprint=key.fingerprint,
            )  # fmt: skip


def _given(
    context: Context,
    store: Store,
    person: str,
    key: SshKey,
    how: str,
    key_name: str,
    signed: Signed | None = None,
) -> Registration:
    give = Give(
        key.fingerprint, key_name, public=key.line, first=how == FIRST_USE,
        statement=None if signed is None else signed.envelope,
    )  # fmt: skip
    return send(context, store, person, give, None if signed is None else signed.digests)[0]


def allowed_signers(store: Store) -> str:
    """Returns all keys of people, those of former times too, as `ssh-keygen -Y verify` reads them.

    Each line says from when to when its key counted, and for what it may sign (ssh-keygen(1), "ALLOWED
    SIGNERS"). A signature is therefore to be checked as of its own time: `-O verify-time=…`.
    """
    lines = []
    for stream in store.streams(principal.STREAMS[HUMAN]):
        state = state_of(store, stream.name)
        for key in state.keys if state.exists else ():
            ends = [end for end in (key.expires_at, key.revoked_at, state.revoked_at) if end is not None]
            since, until = _seconds(key.at), _seconds(min(ends)) if ends else ""
            if key.public and (not until or since < until):
                lines.append(
                    sshkey.allowed_signer(state.actor, key.public, NAMESPACES, since=since, until=until)
                )
    return "".join(lines)


def _seconds(at: str) -> str:
    """Writes a moment as OpenSSH reads it, in UTC; the fraction of the second is dropped."""
    return "".join(filter(str.isdigit, at[:_SECONDS])) + "Z"
