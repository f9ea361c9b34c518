"""`ticket ledger verify`: everything that the clone, its ledgers and Git say, held against each other.

Reads, reports and writes nothing. A ledger is held against itself (`ledger.chain`), against the checkpoints that
were signed, against the trailers of Git's commits, and against what is derived from it. Whatever breaks on the
way is a finding: an examination that stops at the first broken thing would hide the second.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, HostError, IntegrityError
from counterfoil.ledger.chain import Chain, Claim
from counterfoil.ledger.finding import Findings
from counterfoil.ledger.lineage import check_branches
from counterfoil.usecases import as_approved, checking, effect, fates, kinds, observed, views, witness
from counterfoil.usecases.addressing import find_origin
from counterfoil.usecases.opening import open_own
from counterfoil.usecases.reporting import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterfoil.ledger.finding import Finding
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.witness import Trailer

    Progress = Callable[[int, int], None]
    """Told how many receipts were examined, and of how many."""

FOLDED_MAX = 20_000
"""Up to so many receipts views are folded anew also without `--deep`, and the database checks itself."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an examination found.

    Attributes:
        ledger: the id of the ledger, or None where the clone has none that can be read.
        size: how many receipts its log has.
        root: of its Merkle tree, in hexadecimal.
        streams: how many streams it has.
        checkpoints: how many signed checkpoints it was held against.
        signed: how many receipts the largest sound checkpoint covers.
        findings: what alarms.
        notes: what should be known.
        foreign: the same of each ledger that was fetched.
    """

    ledger: str | None
    size: int = 0
    root: str = ""
    streams: int = 0
    checkpoints: int = 0
    signed: int = 0
    findings: Sequence[Finding] = ()
    notes: Sequence[Finding] = ()
    foreign: Sequence[Report] = field(default=())

    @property
    def sound(self) -> bool:
        """Whether nothing alarms, here and in what was fetched."""
        return not self.findings and all(each.sound for each in self.foreign)

    def as_data(self) -> dict[str, object]:
        """Returns the report as a JSON object."""
        return {
            "ledger": self.ledger,
            "size": self.size,
            "root": self.root,
            "streams": self.streams,
            "receipts": self.size,
            "checkpoints": self.checkpoints,
            "signed": self.signed,
            "findings": [each.as_data() for each in self.findings],
            "notes": [each.as_data() for each in self.notes],
            "foreign": [each.as_data() for each in self.foreign],
        }


def verify(
    context: Context, *, deep: bool = False, progress: Progress | None = None, origin: str | None = None
) -> Report:
    """Examines the clone's ledger and those that were fetched. Writes nothing.

    Args:
        context: the project.
        deep: also read every header and body in full, and fold the views of a large ledger anew.
        progress: told how far the reading of a ledger is.
        origin: the beginning of the id of a fetched ledger, to examine that one alone.

    Raises:
        InputError: `origin_not_found`, `ambiguous_id`.
    """
    findings = Findings()
    told = _trailers(context, findings)
    if origin is not None:
        report = _verify_foreign(context, find_origin(context, origin), told, deep, progress)
        return replace(report, findings=[*findings.errors, *report.findings])
    names = context.ledgers.foreign()
    foreign = [_verify_foreign(context, name, told, deep, progress) for name in names]
    if not context.is_on("trailers"):
        findings.note(
            "trailers_off",
            "ticket.trailers",
            "this witness is off: new commits do not say how far the ledger was",
            "git config --unset ticket.trailers",
        )
    if witness.is_cut_off(context):
        findings.note(
            "history_shallow",
            "git log --all",
            "a part of Git's history is not here, so what its commits say of the ledger is not compared",
            "git fetch --unshallow",
        )
    store = _open(context, told, findings)
    fates.note_waiting(context, findings)
    if store is None:
        _note_foreign(told, {*names, *witness.origins(context)}, findings)
        return Report(None, findings=findings.errors, notes=findings.notes, foreign=foreign)
    try:
        _note_foreign(told, {store.ledger, *names, *witness.origins(context)}, findings)
        return _verify_own(context, store, told, findings, foreign, deep=deep, progress=progress)
    finally:
        store.close()


# --- opening --------------------------------------------------------------------------------------


def _trailers(context: Context, findings: Findings) -> dict[str, list[Trailer]]:
    try:
        return witness.trailers(context)
    except HostError as error:
        findings.error("history_unreadable", "git log --all", error.message, error.hint)
        return {}


def _open(context: Context, told: dict[str, list[Trailer]], findings: Findings) -> Store | None:
    """Opens the clone's ledger; one that is missing or cannot be read is a finding."""
    known = witness.origins(context)
    if not context.ledgers.exists():
        if not known:
            findings.note(
                "no_ledger", "this clone", "there is no ledger yet; it begins with the first change", ""
            )
        else:
            size = _witnessed(context, known[-1], told)
            witnessed = f"; Git knows of {size} receipts" if size else ""
            findings.error(
                "ledger_missing",
                f"git config {context.origin_setting}",
                f"this clone had the ledger {known[-1]}, and its file is gone{witnessed}",
                "put a backup in its place: ticket ledger restore FILE",
            )
        return None
    try:
        return open_own(context)
    except (IntegrityError, HostError) as error:
        findings.error(error.code, context.state.root, error.message, error.hint)
        return None


def _note_foreign(told: dict[str, list[Trailer]], known: set[str], findings: Findings) -> None:
    for ledger in sorted(told.keys() - known):
        findings.note(
            "trailers_foreign",
            f"ledger {ledger}",
            f"made with this ledger, which is not here: {counted(len(told[ledger]), 'commit')}",
            "ticket ledger fetch",
        )


# --- one ledger -----------------------------------------------------------------------------------


def _verify_own(
    context: Context,
    store: Store,
    told: dict[str, list[Trailer]],
    findings: Findings,
    foreign: Sequence[Report],
    *,
    deep: bool,
    progress: Progress | None,
) -> Report:
    trailers = told.get(store.ledger, [])
    claims = [Claim(each.size, each.root, each.source, "trailer_differs") for each in trailers]
    named = {each.receipt: each for each in trailers if each.receipt is not None}
    changes, effects = fates.Changes(context), as_approved.Effects(context, store)
    report = _examine(
        context, store, claims, set(named), findings,
        deep=deep, progress=progress, changes=changes, effects=effects,
    )  # fmt: skip
    chain = report.chain
    if chain is not None:
        for leaf in sorted(report.leaves, key=lambda leaf: named[leaf].size):
            if named[leaf].size <= chain.size:
                findings.error(
                    "trailer_receipt_missing",
                    named[leaf].source,
                    f"it was announced by the receipt {leaf.hex()[:16]}…, which is not in the ledger",
                    f"git show {named[leaf].commit[:12]}, and compare with a backup",
                )
        _check_ended(context, store, trailers, chain, findings)
        beside = foreign_sizes(foreign)
        checking.check_origins(
            witness.origins(context),
            chain,
            beside,
            lambda name: _opened(context, name),
            lambda name: _witnessed(context, name, told),
            findings,
        )
        _check_derived(context, store, chain, findings, deep=deep)
        if not findings.errors:
            changes.check(findings)
        effects.check(findings)
    return report.finish(findings, foreign)


def _witnessed(context: Context, ledger: str, told: dict[str, list[Trailer]]) -> int:
    """Returns how many receipts Git knows a ledger to have had."""
    try:
        return witness.newest(context, ledger, told)[0]
    except HostError:  # unreadable history is a finding of its own
        return max((trailer.size for trailer in told.get(ledger, ())), default=0)


def _opened(context: Context, ledger: str) -> list[bytes | None]:
    """Returns what a ledger that lies beside says of how it began."""
    store = context.ledgers.open_foreign(ledger)
    try:
        return [receipt.body for receipt in store.read(kinds.LEDGER, last=0) if receipt.kind == kinds.OPENED]
    finally:
        store.close()


def _begun(context: Context) -> Iterator[str]:
    """Yields the commands that have noted what they do and have not come to their end."""
    for name in context.state.names(effect.FOLDER):
        data = context.state.read(f"{effect.FOLDER}/{name}")
        intent = None if data is None else effect.read_intent(data)
        if intent is not None:
            yield intent.note[0]


def _check_ended(
    context: Context, store: Store, trailers: Sequence[Trailer], chain: Chain, findings: Findings
) -> None:
    """Asks for the receipt that ends the newest command, which follows its commit's trailers at once.

    It is still to come while that command, killed, waits to be finished, or could not reach the ledger.
    """
    commits = [trailer for trailer in trailers if trailer.receipt is not None]
    newest = max(commits, key=lambda trailer: trailer.size, default=None)
    if newest is None or newest.size != chain.size or newest.receipt is None:
        return
    receipt = store.receipt(newest.receipt)
    command = None if receipt is None else receipt.data().get("command")
    if command not in {*_begun(context), *observed.unrecorded(context)}:
        findings.error(
            "log_cut",
            f"receipt {chain.size}, by {newest.source}",
            "the receipts that end this command are gone: the end was cut off, or an older state was put back",
            "look for the newer file; to go on from an old one: ticket ledger restore FILE",
        )


def _verify_foreign(
    context: Context, ledger: str, told: dict[str, list[Trailer]], deep: bool, progress: Progress | None
) -> Report:
    """Examines a ledger that was fetched, by itself; commits that are newer than the fetch say nothing of it."""
    findings = Findings()
    try:
        store = context.ledgers.open_foreign(ledger)
    except CounterfoilError as error:
        findings.error(error.code, f"ledger {ledger}", error.message, error.hint or "ticket ledger fetch")
        return Report(ledger, findings=findings.errors)
    try:
        if store.ledger != ledger:
            findings.error(
                "foreign_receipt",
                f"ledger {ledger}",
                f"under its name lies the ledger {store.ledger}",
                "remove the file, then: ticket ledger fetch",
            )
        try:
            size = store.size()
        except CounterfoilError:
            size = 0
        claims = [
            Claim(each.size, each.root, each.source, "trailer_differs")
            for each in told.get(ledger, ())
            if each.size <= size
        ]
        report = _examine(context, store, claims, set(), findings, deep=deep, progress=progress, own=False)
        return report.finish(findings, ())
    finally:
        store.close()


@dataclass(slots=True)
class _Examined:
    """What is known of one ledger when its rows were read."""

    store: Store
    leaves: set[bytes]
    chain: Chain | None = None
    streams: int = 0
    checkpoints: int = 0
    signed: int = 0

    def finish(self, findings: Findings, foreign: Sequence[Report]) -> Report:
        chain = self.chain
        return Report(
            self.store.ledger,
            chain.size if chain is not None else 0,
            chain.root.hex() if chain is not None else "",
            self.streams,
            self.checkpoints,
            self.signed,
            findings.errors,
            findings.notes,
            foreign,
        )


def _examine(
    context: Context,
    store: Store,
    claims: list[Claim],
    leaves: set[bytes],
    findings: Findings,
    *,
    deep: bool,
    progress: Progress | None,
    own: bool = True,
    changes: fates.Changes | None = None,
    effects: as_approved.Effects | None = None,
) -> _Examined:
    """Reads a whole ledger and holds it against its checkpoints and the given claims."""
    examined = _Examined(store, leaves)
    try:
        size = store.size()
        begun = {stream.name for stream in store.streams()}
        signed = checking.signed_claims(context, store, findings, own=own)
        if own:
            checking.check_keys(context, store, findings)
        examined.checkpoints = len(signed)
        chain = Chain(
            store.ledger,
            findings,
            expected=size,
            claims=[*signed, *claims],
            leaves=leaves,
            keep=(kinds.ERASED, kinds.OPENED),
            deep=deep,
        )
        rows = store.rows()
        if changes is not None and (deep or size <= FOLDED_MAX):
            rows = changes.watch(rows)
        if effects is not None:
            rows = effects.watch(rows)
        chain.read(rows, None if progress is None else lambda done: progress(done, size))
        examined.chain = chain
        examined.signed = max((each.size for each in signed if each.size <= chain.size), default=0)
        # Others may go on meanwhile: a stream that they began is neither missing nor unlisted.
        streams = [each for each in store.streams() if each.name in begun or each.name in chain.ends]
        examined.streams = len(streams)
        check_branches(chain, streams, lambda stream, seq: _leaf_at(store, stream, seq), findings)
        checking.check_erased(chain, findings, own=own)
        checking.check_repeated(chain, store, findings)
        if chain.size > examined.signed:
            tail = chain.size - examined.signed
            findings.note(
                "tail_unsigned",
                f"@{examined.signed} to @{chain.size - 1}",
                "the last receipt is not signed yet"
                if tail == 1
                else f"the last {tail} receipts are not signed yet",
                "ticket ledger checkpoint",
            )
        if findings.errors or chain.size <= FOLDED_MAX:
            for problem in dict.fromkeys(store.problems()):
                findings.error("ledger_damaged", "the database", " ".join(problem.split()), _RESTORE)
    except CounterfoilError as error:
        findings.error(error.code, f"ledger {store.ledger}", error.message, error.hint)
    return examined


_RESTORE = "put a backup in its place: ticket ledger restore FILE"


def _leaf_at(store: Store, stream: str, seq: int) -> bytes | None:
    found = next(store.read(stream, first=seq, last=seq), None)
    return None if found is None else found.hash


def _check_derived(context: Context, store: Store, chain: Chain, findings: Findings, *, deep: bool) -> None:
    """Compares the views with their folds; a large ledger's only when asked to look deep."""
    if not deep and chain.size > FOLDED_MAX:
        if context.state.exists(views.FILE):
            findings.note(
                "views_unread",
                views.FILE,
                "what is derived was not folded anew, since the ledger is large",
                "ticket ledger verify --deep",
            )
        return
    if findings.errors:
        return  # from receipts that are not sound nothing can be folded that would tell more
    try:
        differing = views.disagreements(context, store)
    except CounterfoilError as error:
        findings.error(error.code, views.FILE, error.message, error.hint)
        return
    for words in differing:
        findings.error("view_differs", views.FILE, words, "ticket rebuild")


def foreign_sizes(foreign: Sequence[Report]) -> dict[str, int]:
    """Returns how many receipts are here of each sound ledger that was fetched."""
    return {each.ledger: each.size for each in foreign if each.ledger is not None and not each.findings}
