"""What the ledger is told of every command.

A command seals what it intends before it writes anything, and what came of it afterwards; a
change that did not come about is sealed as abandoned. Every append has a key made of the command's
id, so whoever finishes a command after a crash tells the ledger the same things again and nothing
stands there twice. A ledger that cannot be opened never stops a ticket: the change goes on
with a warning, and what should have been sealed waits in `unrecorded` (product.md §14).
On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError, HostError
from counterfoil.gate import events
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import blob_id
from counterfoil.ledger.receipt import key_digest
from counterfoil.tickets import index
from counterfoil.usecases import claims, kinds, observed, record, signing
from counterfoil.usecases.context import plain_path
from counterfoil.usecases.opening import open_store, unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.gate.facts import Ruling
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange, Grant, Plan
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.record import Item

    Note = tuple[str, str, list[Item], list[Item]]
    """Command, actor, what it intends, what is so when it is done."""

FIELDS = ("id", "title", "state", "priority", "labels", "assignee", "reviewer", "blocks", "blocked_by")
"""The names of a row's first columns."""
ABANDONED = {
    kinds.INTENDED: kinds.ABANDONED,
    kinds.PROJECT_INTENDED: kinds.PROJECT_ABANDONED,
    events.EFFECT_INTENDED: events.EFFECT_ABANDONED,
}


class Record:
    """What the ledger is told of one command.

    Attributes:
        note: what a later command needs to tell the ledger the rest.
        intended: the receipts of what was intended, once they are sealed.
        unlike: of a proposal's effect, by path in the repository, the blobs of what is not as it was approved.
    """

    __slots__ = (
        "_context", "_expect", "_failed", "_opened", "_required", "_store", "intended", "note", "unlike",
    )  # fmt: skip

    def __init__(self, context: Context, note: Note, grant: Grant | None = None) -> None:
        self._context = context
        self._required = grant is not None
        self._expect = {} if grant is None else {grant.stream: grant.length}
        self.note = note
        self.intended: list[Receipt] = []
        self.unlike: Mapping[str, str | None] = {}
        self._store: Store | None = None
        self._opened = False
        self._failed = False

    @classmethod
    def of_plan(
        cls, context: Context, plan: Plan, files: Sequence[FileChange], rows: Mapping[str, RowChange]
    ) -> Record:
        """Prepares the record of a plan; nothing is sealed yet."""
        return cls(context, _note(context, plan, files, rows), plan.grant)

    @classmethod
    def of_note(cls, context: Context, note: Note) -> Record:
        """Takes up the record of a command that was killed."""
        return cls(context, note)

    def rule(self, ruling: Ruling) -> None:
        """Notes by which rule policy allows this, so that it is sealed with what is intended."""
        for _, _, body, _ in self.note[2]:
            body["ruling"] = ruling.as_data()
        self.name(ruling.actions)

    def name(self, actions: Sequence[str]) -> None:
        """Notes all that this does, by the names that policy knows: with the first receipt, none with the others."""
        left = list(actions)
        for _, kind, body, _ in self.note[2]:
            if kind != events.EFFECT_INTENDED:
                body["actions"], left = left, []

    def intend(self) -> None:
        """Seals what is about to happen.

        Raises:
            ConflictError: `newer_ledger`; `version_conflict` where somebody else has begun the same effect.
            HostError: `ledger_unavailable`, for the effect of a proposal, which nothing may do unsealed.
        """
        expect, self._expect = self._expect, {}
        self.intended = self._append(self.note[2], expect)

    def trailers(self) -> list[str]:
        """Returns the trailers by which the commit becomes a witness (evidence.md, "Checkpoints")."""
        store = self.store() if self.intended else None
        if store is None:
            return []
        try:
            size, root = store.tree_head()
        except CounterfoilError as error:
            self._give_up(error)
            return []
        return [
            f"Ticket-Receipt: {self.intended[-1].id}",
            f"Ticket-Checkpoint: counterfoil/{store.ledger} {size} {root.hex()}",
        ]

    def wanted(self) -> dict[str, object]:
        """Returns, by path in the project, the blobs of tickets that the command was to make."""
        start = len(plain_path(self._context.prefix))
        bodies = [body for _, _, body, _ in self.note[3] if "path" in body]
        return {str(body["path"])[start:]: body["after"] for body in bodies}

    def recall(self) -> bool:
        """Looks up what is sealed of a killed command, and tells whether all of it is."""
        self.intended = self._sealed(self.note[2]) or []
        return bool(self._sealed(self.note[3][:1]))

    def apply(self, commit: str | None, held: Mapping[str, str | None] | None = None) -> None:
        """Seals what is so now; told twice it is sealed once.

        Where something else came about than was approved, that is what is sealed, and never the effect.

        Args:
            commit: the commit that holds it, or None.
            held: by path the blobs that were found, where they may not be those that were intended.
        """
        _, _, intended, applied = self.note
        if self._sealed(applied[:1]):
            return
        branch = self._context.git.branch() if commit is not None else None
        ref = None if branch is None else f"refs/heads/{branch}"
        leaves = {receipt.stream: receipt.id for receipt in self.intended}
        prefix = plain_path(self._context.prefix)
        found = {prefix + plain_path(path): blob for path, blob in (held or {}).items()}
        if self.of_proposal():
            from counterfoil.usecases import granted

            self.unlike = granted.otherwise(self._context, commit, granted.writes_of(self._context, applied))
            found.update(self.unlike)
        items = [
            (stream, kind, _completed(kind, body, leaves.get(stream), commit, ref, found, prefix), key)
            for stream, kind, body, key in applied
        ]
        if self.unlike:
            items = granted.failed(items, commit, self.unlike)
        self._append(items)
        if self._failed:
            self._leave([*intended, *items])
            return
        if commit is not None and held is None and not self.unlike:
            # Another's commit may hold more than what was intended.
            observed.moved_by_us(self._context, commit)
        if self._store is not None:
            signing.sign_or_warn(self._context, self._store)

    def of_proposal(self) -> bool:
        """Tells whether this is the effect of a proposal."""
        return any(kind == events.EFFECT_APPLIED for _, kind, _, _ in self.note[3])

    def abandon(self, reason: str) -> None:
        """Seals that what was intended did not come about.

        Args:
            reason: `failed` or `interrupted`.
        """
        if self.intended:
            items = self._abandonments(reason)
            self._append(items)
            if self._failed:
                self._leave([*self.note[2], *items])

    def abandon_if_intended(self, reason: str) -> None:
        """Seals that a killed command came to nothing, if it had got as far as to say what it intended.

        Where the ledger cannot tell how far it had got, both wait to be sealed.
        """
        intended = self.note[2]
        found = self._sealed(intended)
        if found is None:
            self._leave([*intended, *self._abandonments(reason)])
        elif intended and len(found) == len(intended):
            self.intended = found
            self.abandon(reason)

    def _abandonments(self, reason: str) -> list[Item]:
        """Returns what ends everything that was intended."""
        command, _, intended, _ = self.note
        leaves = {receipt.stream: receipt.id for receipt in self.intended}
        items = []
        for stream, kind, body, key in intended:
            told: dict[str, object] = {"command": command, "intended": leaves.get(stream), "reason": reason}
            told["project"] = body["project"]
            told.update({name: body[name] for name in ("ticket", "proposal", "attempt") if name in body})
            items.append((stream, ABANDONED[kind], told, key.replace("/intended/", "/abandoned/")))
        return items

    def _sealed(self, items: Sequence[Item]) -> list[Receipt] | None:
        """Returns those of some items that are sealed already; None where the ledger cannot tell."""
        if not items:
            return []
        store = self.store()
        if store is None or self._failed:
            return None
        try:
            found = [store.by_key(stream, key_digest(self.note[1], key)) for stream, _, _, key in items]
        except CounterfoilError as error:
            self._give_up(error)
            return None
        return [receipt for receipt in found if receipt is not None]

    def close(self) -> None:
        """Lets go of the ledger."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def store(self) -> Store | None:
        """Returns the ledger; None, with a warning, where it cannot be used."""
        if not self._opened:
            self._opened = True
            self._store = open_store(self._context)
            self._failed = self._store is None
            if self._store is not None and observed.unrecorded(self._context):
                self._seal_late(self._store)
        return self._store

    def _seal_late(self, store: Store) -> None:
        """Seals what waits for the ledger, before anything that came after it is sealed."""
        from counterfoil.usecases.late import take_up

        try:
            take_up(self._context, store)
        except CounterfoilError as error:
            self._give_up(error)

    def _append(self, items: Sequence[Item], expect: Mapping[str, int] | None = None) -> list[Receipt]:
        """Seals items; a ledger that fails is given up for this command."""
        if not items:
            return []
        store = self.store()
        if self._required and store is None:
            hint = "ticket ledger status"
            raise HostError(
                "ledger_unavailable",
                "the effect of a proposal is not begun while nothing can be sealed",
                hint,
            )
        if store is None or self._failed:
            return []
        actor = self.note[1]
        drafts = [
            record.draft(self._context, stream, kind, actor, body, key) for stream, kind, body, key in items
        ]
        try:
            if any(kind == events.EFFECT_APPLIED for _, kind, _, _ in items):
                from counterfoil.usecases import granted

                return granted.seal(self._context, store, drafts)
            return record.append(self._context, store, drafts, expect=expect)
        except CounterfoilError as error:
            if expect:
                raise
            self._give_up(error)
            return []

    def _give_up(self, error: CounterfoilError) -> None:
        """Goes on without the ledger; to be called where an error is handled.

        Raises:
            ConflictError: `newer_ledger`.
        """
        if error.code == "newer_ledger":
            raise error
        self._failed = True
        unavailable(self._context, error)

    def _leave(self, items: Sequence[Item]) -> None:
        """Leaves for the reconcile what could not be sealed."""
        command, actor, _, _ = self.note
        entry = {
            "actor": actor,
            "at": self._context.clock.now_ms(),
            "command": command,
            "items": [
                {"stream": stream, "kind": kind, "body": body, "key": key}
                for stream, kind, body, key in items
            ],
        }
        try:
            self._context.state.make_folder(observed.UNRECORDED)
            file = observed.waiting_file(self._context, command)
            self._context.state.replace(file, canonical.encode(entry))
        except CounterfoilError:
            return  # nothing can be written here at all; the reconcile will find the commit itself


# --- what is told ---------------------------------------------------------------------------------


def _note(context: Context, plan: Plan, files: Sequence[FileChange], rows: Mapping[str, RowChange]) -> Note:
    grant = plan.grant
    command = record.command_id(context) if grant is None else f"{grant.proposal}.{grant.attempt}"
    actor = context.actor()
    algorithm = context.git_setting("extensions.objectformat") or "sha1"
    normalise = context.git_setting("core.autocrlf") in {"true", "input"}

    def blob(data: bytes | None) -> str | None:
        if data is None:
            return None
        return blob_id(data.replace(b"\r\n", b"\n") if normalise else data, algorithm)

    intended: list[Item] = []
    applied: list[Item] = []
    common: dict[str, object] = {"command": command, "project": context.project}
    done = kinds.APPLIED if plan.undoes is None else kinds.REVERTED
    extra: dict[str, object] = {} if plan.undoes is None else {"of": plan.undoes}
    others = []
    for change in files:
        name = change.ticket_file
        if name is None:
            if not change.local and change.path != index.FILE:
                others.append([plain_path(change.path), blob(change.before), blob(change.after)])
            continue
        ticket_id = name[:-3].upper()
        stream = kinds.ticket_stream(ticket_id)
        told = {
            **common, "ticket": ticket_id, "path": plain_path(context.prefix + change.path),
            "before": blob(change.before), "after": blob(change.after),
        }  # fmt: skip
        action, fields = _difference(*rows[name])
        intent = {**told, "action": action, "fields": fields, "subject": plan.subject}
        intended.append((stream, kinds.INTENDED, intent, f"{command}/intended/{ticket_id}"))
        applied.append((stream, done, {**told, **extra}, f"{command}/applied/{ticket_id}"))
    if others or (plan.rebuild and not intended):
        stream = kinds.project_stream(context.prefix)
        told = {**common, "files": others}
        intent = {**told, "subject": plan.subject}
        intended.append((stream, kinds.PROJECT_INTENDED, intent, f"{command}/intended/project"))
        applied.append((stream, kinds.PROJECT_APPLIED, told, f"{command}/applied/project"))
    if grant is not None:
        told = {**common, "proposal": grant.proposal, "attempt": grant.attempt, "digest": grant.digest}
        intent = {**told, **grant.authority}
        intended.append((grant.stream, events.EFFECT_INTENDED, intent, f"{command}/intended/effect"))
        applied.append((grant.stream, events.EFFECT_APPLIED, told, f"{command}/applied/effect"))
    for change in files:
        if change.local and change.path.startswith(claims.FOLDER + "/"):
            kind, told = _claim(context, change)
            stream = kinds.ticket_stream(str(told["ticket"]))
            applied.append((stream, kind, {**common, **told}, f"{command}/claim/{told['ticket']}"))
    return command, actor, intended, applied


def _difference(before: Row | None, after: Row | None) -> tuple[str, dict[str, object]]:
    """Returns what was done to a ticket in one word, and the fields that differ as [old, new]."""
    if after is None:
        return "remove", {}
    old = (None,) * len(FIELDS) if before is None else before
    fields: dict[str, object] = {
        name: [_plain(old[at]), _plain(after[at])]
        for at, name in enumerate(FIELDS)
        if at and old[at] != after[at] and (before is not None or after[at] not in {None, ()})
    }
    if before is None:
        return "create", fields
    return ("move" if "state" in fields else "edit"), fields


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _claim(context: Context, change: FileChange) -> tuple[str, dict[str, object]]:
    """Returns the kind and the body of what became of a claim."""
    ticket_id = change.path[len(claims.FOLDER) + 1 :]
    before, after = claims.parse(ticket_id, change.before), claims.parse(ticket_id, change.after)
    assert after is not None
    if not after.holder:
        kind = kinds.RELEASED
    elif before is not None and before.fence == after.fence:
        kind = kinds.RENEWED
    else:
        kind = kinds.CLAIMED
    holder = after.holder or (before.holder if before is not None else "")
    until = context.clock.utc(after.until_ms)
    return kind, {"ticket": ticket_id, "holder": holder, "fence": after.fence, "until": until}


def _completed(
    kind: str,
    body: Mapping[str, object],
    intended: str | None,
    commit: str | None,
    ref: str | None,
    found: Mapping[str, str | None],
    prefix: str,
) -> dict[str, object]:
    """Returns the body of something done, with what is known only afterwards."""
    if kind in {kinds.CLAIMED, kinds.RENEWED, kinds.RELEASED}:
        return dict(body)
    told = {**body, "intended": intended, "commit": commit, "ref": ref}
    path = body.get("path")
    if isinstance(path, str) and path in found:
        told["after"] = found[path]
    files = body.get("files")
    if isinstance(files, list) and found:
        told["files"] = [[name, was, found.get(prefix + name, becomes)] for name, was, becomes in files]
    return told
