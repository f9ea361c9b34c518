"""What receipts say of the ledger itself, checked: signatures, erased bodies, ledgers before this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.kernel import canonical
from counterfoil.ledger import checkpoint as checkpoints
from counterfoil.ledger.chain import Claim
from counterfoil.ledger.erasure import erased_leaves
from counterfoil.ledger.finding import Findings
from counterfoil.usecases import kinds, signing, witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from counterfoil.kernel.note import Note
    from counterfoil.ledger.chain import Chain
    from counterfoil.ledger.checkpoint import Checkpoint
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.signing import LogKey

COMPARE = "compare with a clone or a backup: ticket ledger fetch"
ANEW = "where the ledger was pushed before: ticket ledger backup FILE, then ticket ledger restore FILE"
RESTORE = "put a backup in its place: ticket ledger restore FILE"


def signed_claims(context: Context, store: Store, findings: Findings, *, own: bool = True) -> list[Claim]:
    """Returns what the ledger's signed checkpoints say, those in the store and those in Git.

    One that is not signed by a key that was the ledger's at that size says nothing and is a finding. Of a
    ledger that was fetched, Git may have checkpoints that are newer than the fetch; they say nothing of it.
    """
    keys = signing.log_keys(store)
    claims = []
    seen = set()
    told: list[tuple[int | None, str, str]] = [
        (size, note, f"the checkpoint of {size} receipts") for size, note in store.checkpoints()
    ]
    try:
        kept = witness.notes(context, store.ledger)
    except HostError as error:
        where = f"the checkpoints of {store.ledger} in Git"
        findings.error("history_unreadable", where, error.message, error.hint)
        kept = []
    else:
        if own and told and not kept:
            findings.note(
                "checkpoints_unseen",
                f"refs/counterfoil/checkpoints/{store.ledger}",
                f"Git has none of the {len(told)} checkpoints that were signed, so it witnesses none",
                "ticket ledger checkpoint",
            )
    told += [
        (None, note, f"the checkpoint in Git, {commit[:12]}")
        for commit, note in kept
        if own or _size_of(note) <= store.size()
    ]
    for size, note, source in told:
        if note not in seen:
            seen.add(note)
            claims += _claims(context, store, size, note, source, keys, findings)
    return claims


def fault_of(context: Context, store: Store, notes: Iterable[tuple[str, str]]) -> str:
    """Returns what is wrong with checkpoints that come from elsewhere; empty if they are all the ledger's own.

    Args:
        context: the project.
        store: the ledger as far as it is known.
        notes: the commit and the note of each.
    """
    keys = signing.log_keys(store)
    for commit, note in notes:
        found = Findings()
        _claims(context, store, None, note, f"commit {commit[:12]}", keys, found)
        if found.errors:
            return f"{found.errors[0].where}: {found.errors[0].message}"
    return ""


def _size_of(note: str) -> int:
    try:
        return checkpoints.parse(note)[0].size
    except InputError:
        return 0


def _claims(
    context: Context,
    store: Store,
    size: int | None,
    note: str,
    source: str,
    keys: Sequence[LogKey],
    findings: Findings,
) -> list[Claim]:
    """Returns what one note says: nothing unless it is of this log and signed by a key of its time."""
    try:
        checkpoint, read = checkpoints.parse(note)
    except InputError as error:
        findings.error("checkpoint_edited", source, f"it is no checkpoint any more: {error.message}", COMPARE)
        return []
    if checkpoint.origin != checkpoints.origin_of(store.ledger):
        message = f"it is of another log, {checkpoint.origin}"
        findings.error("checkpoint_foreign", source, message, COMPARE)
        return []
    if size is not None and size != checkpoint.size:
        message = f"it is kept as one of {size} receipts and speaks of {checkpoint.size}"
        findings.error("checkpoint_edited", source, message, COMPARE)
    fault = _signature_fault(context, checkpoint, read, keys)
    if fault is not None:
        findings.error(fault[0], source, fault[1], COMPARE)
        # A log that was cut may have lost the key by which it could be shown: the size is told all the same.
        if checkpoint.size <= store.size():
            return []
    return [Claim(checkpoint.size, checkpoint.root, source, "checkpoint_differs")]


def _signature_fault(
    context: Context, checkpoint: Checkpoint, read: Note, keys: Sequence[LogKey]
) -> tuple[str, str] | None:
    from counterfoil.kernel.note import verify

    try:
        signers = verify(read, [each.key for each in keys], context.keys.verify)
    except CounterfoilError as error:
        return "checkpoint_edited", error.message
    valid = [each for each in keys if each.key in signers and each.signs(checkpoint.size)]
    if not valid:
        return "checkpoint_unsigned", "no key that the ledger had at that size has signed it"
    return None


def check_keys(context: Context, store: Store, findings: Findings) -> None:
    """Reports keys that the ledger says are this clone's and that the clone has otherwise."""
    for each in signing.log_keys(store):
        number = each.name.removeprefix(f"{store.ledger}-")
        if not (number.isascii() and number.isdigit()):
            continue  # the name of no key file
        try:
            public = context.keys.public(each.name)
        except CounterfoilError as error:
            findings.note(error.code, f"key {each.name}", error.message, error.hint)
            continue
        if public is not None and public != each.key.public:
            findings.error(
                "key_differs",
                f"key {each.name}",
                "the ledger names another key than the one that this clone signs with under that name",
                COMPARE,
            )
    for each in signing.unvouched(store):
        findings.note(
            "key_unvouched",
            f"key {each.name}, @{each.since}",
            "the key before it was gone, so nobody who knows only that one believes what this one signs",
            ANEW,
        )


def check_erased(chain: Chain, findings: Findings, *, own: bool = True) -> None:
    """Reports bodies that are gone although no receipt says that they were erased.

    Of a ledger that was fetched they may have been withheld, which is its owner's choice.
    """
    if not chain.bodiless:
        return
    for kept in chain.kept:
        if kept.kind == kinds.ERASED:
            for leaf in erased_leaves(kept.body):
                chain.bodiless.pop(leaf, None)
    if not own:
        if chain.bodiless:
            count = len(chain.bodiless)
            findings.note("bodies_withheld", "", f"what {count} of its receipts say was not sent along")
        return
    for position, stream in sorted(chain.bodiless.values()):
        findings.error(
            "body_missing",
            f"@{position} ({stream})",
            "the body is gone, and no receipt says that it was erased",
            RESTORE,
        )


def check_repeated(chain: Chain, store: Store, findings: Findings) -> None:
    """Reports receipts whose idempotency key stands in their stream a second time."""
    for stream, key, position in chain.suspects:
        first = store.by_key(stream, key)
        if first is not None and first.position != position:
            findings.error(
                "key_repeated",
                f"@{position} ({stream})",
                f"it has the idempotency key of @{first.position}: one command is recorded twice",
                RESTORE,
            )


def check_origins(
    origins: Sequence[str],
    chain: Chain,
    fetched: Mapping[str, int],
    opened: Callable[[str], Sequence[bytes | None]],
    witnessed: Callable[[str], int],
    findings: Findings,
) -> None:
    """Reports ledgers that this clone had before and that the present one does not account for.

    Args:
        origins: the ledgers of the clone by its Git configuration.
        chain: the present ledger, read, with the body of its `ledger.opened`.
        fetched: how many receipts of other ledgers are here and sound.
        opened: returns the bodies of `ledger.opened` of such a ledger; what the present one follows accounts
            for those before it.
        witnessed: returns how many receipts Git knows such a ledger to have had.
        findings: takes what is found.
    """
    accounted = _followed([kept.body for kept in chain.kept if kept.kind == kinds.OPENED])
    asked: set[str] = set()
    while beside := (accounted.keys() & fetched.keys()) - asked:
        for ledger in sorted(beside):
            asked.add(ledger)
            accounted = {**_followed(opened(ledger)), **accounted}
    for ledger in dict.fromkeys(origins):
        if ledger == chain.ledger:
            continue
        previous = accounted.get(ledger, {})
        reason, size = previous.get("reason"), _number(previous.get("size"))
        if reason == "lost":  # nobody vouches for what its successor could still see of it
            size = max(size, witnessed(ledger))
        if not previous:
            findings.error(
                "ledger_replaced",
                f"ledger {ledger}",
                "this clone had it, and the present one does not say what became of it",
                RESTORE,
            )
        elif reason in {"lost", "restored"} and fetched.get(ledger, 0) < size:
            when = "when the present one began" if reason == "lost" else "though it was restored"
            findings.error(
                "ledger_lost",
                f"ledger {ledger}",
                f"it was gone {when}, with at least {size} receipts",
                "bring it back beside the present one: ticket ledger fetch, or ticket ledger import FILE",
            )
        else:
            gap = _number(previous.get("gap"))
            missing = f"; Git knew of {gap} more, which the backup did not have" if gap else ""
            findings.note(
                "ledger_followed",
                f"ledger {ledger}",
                f"the present ledger follows it ({reason}), which had {size} receipts{missing}",
            )


def _followed(bodies: Iterable[bytes | None]) -> dict[str, Mapping[str, canonical.Json]]:
    """Returns what the first receipts of a ledger say of those that it follows, and that it set aside."""
    found: dict[str, Mapping[str, canonical.Json]] = {}
    for body in bodies:
        previous = _previous(body)
        if previous is None:
            continue
        found[str(previous["ledger"])] = previous
        aside = previous.get("aside")
        if isinstance(aside, dict) and "ledger" in aside:
            found.setdefault(str(aside["ledger"]), {**aside, "reason": "set aside"})
    return found


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _previous(body: bytes | None) -> Mapping[str, canonical.Json] | None:
    try:
        value = None if body is None else canonical.read(body)
    except InputError:
        return None
    previous = value.get("previous") if isinstance(value, dict) else None
    return previous if isinstance(previous, dict) and "ledger" in previous else None
