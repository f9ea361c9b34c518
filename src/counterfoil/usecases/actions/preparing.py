"""From what somebody asks for to what will happen: the whole action, before anybody rules or decides on it.

Nothing is changed here. The plan is made on a desk and put aside; what it reads and writes, and what a
reviewer sees, come from the same bytes. A payload that was prepared comes to the same bytes
again as long as its basis stands (gate.md, "The one door").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError
from counterfoil.gate import shown
from counterfoil.gate.action import FILES, LEDGER, OUTSIDE, ActionType, Flag
from counterfoil.gate.facts import Facts
from counterfoil.kernel import canonical, ids
from counterfoil.tickets import index
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import row_of
from counterfoil.usecases.actions import basis, builtin, placing, registry, telling
from counterfoil.usecases.actions import payload as payloads
from counterfoil.usecases.actions.artifacts import require_stored
from counterfoil.usecases.actions.executing import prepare_outside
from counterfoil.usecases.actions.looking import facts_about, look_up
from counterfoil.usecases.actions.plain_facts import facts_of
from counterfoil.usecases.actions.policy_text import policy_plan
from counterfoil.usecases.actions.prepared import Prepared
from counterfoil.usecases.actions.retelling import typed
from counterfoil.usecases.actions.seeing import digest_of, preview
from counterfoil.usecases.desk import MINTED_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.catalog import Catalog, RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange, Plan

    Preparer = Callable[[Context, ActionType, dict[str, Any], str, Catalog | None, dict[str, int]], Prepared]

__all__ = ["Prepared", "clean_text", "plan", "prepare", "records", "typed", "unminted"]


def prepare(
    context: Context,
    name: str,
    payload: object,
    *,
    actor: str,
    catalog: Catalog | None = None,
    redact: bool = False,
) -> Prepared:
    """Checks a payload, completes it, and finds out what it would do.

    Args:
        context: the project.
        name: of the action.
        payload: what was sent.
        actor: who asks.
        catalog: the tickets as they are, from a caller that holds the clone's lock. Without it the lock is taken
            where an id is minted.
        redact: take secrets out instead of refusing them.

    Raises:
        InputError: `unknown_action`, `invalid_payload`, `too_large`, `not_canonical`, `secret_found`,
            `ticket_not_found`, `no_change`, and what the desk says.
        ConflictError: `claimed`, `uncommitted_edits`.
    """
    action = registry.find(context, name)
    plain = payloads.checked(action, payload)
    masked: dict[str, int] = {}
    if redact:
        plain, masked = payloads.masked(plain)
        payloads.check_form(action, plain)
    else:
        payloads.refuse_secrets(plain)
    acting = context.acting(actor)
    try:
        prepare_form = _PREPARERS[action.form]
        return prepare_form(acting, action, plain, actor, catalog, masked)
    finally:
        context.warnings += acting.warnings


def plan(context: Context, catalog: Catalog | None, body: Mapping[str, Any]) -> Plan:
    """Returns the plan of a proposal of the form `files`, for `usecases.change.perform`.

    Args:
        context: the project, in which the proposer acts, whose claims count.
        catalog: the tickets as they are, read under the lock.
        body: the proposal: `action`, `payload` and `writes`, which is what the plan has to write.

    Raises:
        ConflictError: `stale`, `claimed`.
        InputError: what the desk says.
    """
    made = _planned(context, catalog, str(body["action"]), body["payload"])
    basis.require(context, made, body["writes"])
    return made


def _planned(context: Context, catalog: Catalog | None, name: str, payload: Mapping[str, Any]) -> Plan:
    if name == builtin.POLICY:
        return policy_plan(context, payload)
    desk = placing.ActionDesk(context, catalog)
    placing.place(desk, name, payload)
    return desk.plan()


def records(context: Context, body: Mapping[str, Any], *, actor: str) -> telling.Told:
    """Returns what a proposal of the form `ledger` adds to the ledger: stream, kind and body of each receipt."""
    return telling.records(context, str(body["action"]), body["payload"], actor)


def unminted(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a payload without what was minted for it, so that the same request is seen to be the same."""
    plain = {key: value for key, value in payload.items() if key not in ("id", "comment", "text")}
    ticket_id = payload.get("id")
    if "text" in payload:
        text = str(payload["text"])
        plain["text"] = text.replace(str(ticket_id), "") if ticket_id else text
    if "actions" in payload:
        plain["actions"] = [{**item, "payload": unminted(item["payload"])} for item in payload["actions"]]
    return plain


def clean_text(text: str, field: str, limit: int, *, redact: bool = False) -> str:
    """Returns a reason, a note or the like if it can be sealed.

    Args:
        text: what somebody wrote.
        field: its name, for the error.
        limit: most characters.
        redact: mask secrets instead of refusing them.

    Raises:
        InputError: `too_large`, `secret_found`, `not_canonical`.
    """
    if len(text) > limit:
        message = f"{field} has {len(text):,} characters, and {limit:,} are the limit"
        raise InputError("too_large", message, "say it shorter", field=field, size=len(text), limit=limit)
    canonical.encode(text)
    if redact:
        return str(payloads.masked({field: text})[0][field])
    payloads.refuse_secrets({field: text})
    return text


# --- files ----------------------------------------------------------------------------------------


def _prepare_files(
    context: Context,
    action: ActionType,
    payload: dict[str, Any],
    actor: str,
    catalog: Catalog | None,
    masked: dict[str, int],
) -> Prepared:
    mints = catalog is None and _mints(action.name, payload)
    with context.lock() if mints else nullcontext():
        if action.name == builtin.POLICY:
            complete, made = payload, policy_plan(context, payload)
        else:
            desk = placing.ActionDesk(context, catalog)
            complete = _place(desk, action.name, payload)
            made = desk.plan()
        if mints:
            _note_minted(context, made)
    changed = [change for change in made.files if change.before != change.after and change.path != index.FILE]
    if not changed:
        raise InputError(
            "no_change", "everything is so already, and nothing would change", "look at it again"
        )
    rows = rows_of(context, changed)
    found = facts_of(context, changed, rows, actor)
    if action.name != builtin.BATCHED and all(facts.action != action.name for facts in found):
        found.append(_whole(action, found))
    reads, writes = basis.of_plan(context, made)
    basis.require_committed(context, writes)
    seen = shown.diff(
        [
            (context.prefix + change.path, change.before, change.after)
            for change in changed
            if not change.local
        ],
        _title_flags(rows),
    )
    return Prepared(
        action=action.name,
        version=action.version,
        form=action.form,
        risk=action.risk,
        payload=complete,
        tickets=tuple([name[:-3].upper() for name in rows]),
        basis=reads,
        writes=writes,
        facts=tuple(found),
        shown=seen,
        shown_digest=digest_of(seen),
        masked=masked,
    )


def _mints(name: str, payload: Mapping[str, Any]) -> bool:
    if name == builtin.BATCHED:
        return any(_mints(item["action"], item["payload"]) for item in payload["actions"])
    return name == builtin.CREATE and isinstance(payload, Mapping) and "id" not in payload


def _note_minted(context: Context, made: Plan) -> None:
    """Notes the short ids that were given away, so that nobody else is given them before the decision."""
    for change in made.files:
        if change.local and change.path == MINTED_FILE and change.after is not None:
            context.state.replace(MINTED_FILE, change.after)


def _place(desk: placing.ActionDesk, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Completes a payload and puts it on the desk."""
    if name == builtin.BATCHED:
        actions = []
        for number, item in enumerate(payload["actions"]):
            try:
                done = _place(desk, item["action"], item["payload"])
            except InputError as error:
                error.message = f"/actions/{number}: {error.message}"
                error.fields["number"] = number
                raise
            actions.append({"action": item["action"], "payload": done})
        return {"actions": actions}
    complete = dict(payload)
    for key in ("blocks", "blocked_by"):
        if key in complete:
            complete[key] = list(dict.fromkeys([desk.ticket_id(query) for query in complete[key]]))
    if name == builtin.CREATE:
        complete["id"] = complete.get("id") or desk.new_id()
        if "text" not in complete:
            config = desk.context.config
            complete.setdefault("state", config.default_state)
            complete.setdefault("priority", config.default_priority)
    else:
        complete["ticket"] = desk.ticket_id(complete["ticket"])
    placing.place(desk, name, complete)
    return complete


def _whole(action: ActionType, parts: Sequence[Facts]) -> Facts:
    """Returns the facts of an action as a whole, where what it does to each file goes by other names."""
    first = parts[0]
    priorities = [facts.priority for facts in parts if facts.priority is not None]
    labels = [label for facts in parts for label in facts.labels or ()]
    milder = [known for facts in parts if (known := facts.milder or facts.priority) is not None]
    kept = [set((facts.labels if facts.kept is None else facts.kept) or ()) for facts in parts]
    return Facts(
        action.name,
        first.actor,
        remote=first.remote,
        risk=action.risk,
        priority=min(priorities) if len(priorities) == len(parts) else None,
        milder=max(milder) if len(milder) == len(parts) else None,
        labels=None if any(facts.labels is None for facts in parts) else tuple(dict.fromkeys(labels)),
        kept=tuple(sorted(set.intersection(*kept))),
        state_from=first.state_from if len(parts) == 1 else None,
        state_to=first.state_to if len(parts) == 1 else None,
        paths=tuple(dict.fromkeys([path for facts in parts for path in facts.paths or ()])),
        space="",
    )


def rows_of(context: Context, files: Sequence[FileChange]) -> dict[str, RowChange]:
    """Returns by file name the rows of tickets before and after; what cannot be read has none."""
    rows: dict[str, RowChange] = {}
    for change in files:
        name = change.ticket_file
        if name is None:
            continue
        before = None
        if change.before is not None:
            try:
                before = row_of(scan(change.before, context.full), name)
            except InputError:
                before = None
        rows[name] = before, None if change.after is None else row_of(scan(change.after, context.full), name)
    return rows


def _title_flags(rows: Mapping[str, RowChange]) -> list[Flag]:
    flags = []
    for name, (before, after) in rows.items():
        if after is not None and (before is None or before[1] != after[1]):
            flags += shown.lookalike_flags(f"{index.TICKETS}/{name}", after[1])
    return flags


# --- the ledger alone -----------------------------------------------------------------------------


def _prepare_records(
    context: Context,
    action: ActionType,
    payload: dict[str, Any],
    actor: str,
    catalog: Catalog | None,
    masked: dict[str, int],
) -> Prepared:
    complete = dict(payload)
    found = look_up(context, payload["ticket"], catalog)
    complete["ticket"] = found.id
    if action.name in (builtin.COMMENT_ON, builtin.RESPOND):
        complete.setdefault("comment", _mint_comment(context))
    if action.name == builtin.ATTACH:
        require_stored(context, complete["artifacts"])
    seen = preview(action, complete)
    return Prepared(
        action=action.name,
        version=action.version,
        form=action.form,
        risk=action.risk,
        payload=complete,
        tickets=(found.id,),
        basis=[],
        writes=[],
        facts=(facts_about(context, action, actor, found, ()),),
        shown=seen,
        shown_digest=digest_of(seen),
        masked=masked,
    )


def _mint_comment(context: Context) -> str:
    return ids.encode(context.clock.now_ms(), context.entropy.bits(ids.RANDOM_BITS))


_PREPARERS: Mapping[str, Preparer] = {
    FILES: _prepare_files,
    LEDGER: _prepare_records,
    OUTSIDE: prepare_outside,
}
