"""`ticket policy`: show, validate, explain, accept or try out a policy (SPEC §5, gate.md)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.errors import InputError
from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.rules import DEFAULT
from counterfoil.usecases import accepting, policing, policy_file, policy_on_base
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.rehearsing import Rehearsal, rehearse
from counterfoil.usecases.reporting import Report, counted

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

ACTIONS = ("show", "validate", "explain", "accept", "dry-run")


def run(call: Call) -> Reply:
    """Does one of them."""
    action = call.arguments.text("action") or "show"
    if action not in ACTIONS:
        raise usage(f"policy does not know {action!r}", "policy", value=action, allowed=list(ACTIONS))
    if action == "explain":
        return _explain(call)
    words = call.arguments.many("argument")
    if words and (action != "dry-run" or len(words) > 1):
        raise usage(f"policy {action} does not take {words[-1]!r}", "policy", value=words[-1])
    if action == "validate":
        return _validate(call)
    if action == "accept":
        return _accept(call)
    if action == "dry-run":
        file = call.arguments.text("file")
        if words and file is not None:
            raise usage("policy dry-run takes one file", "policy", value=words[0])
        return _dry_run(call, words[0] if words else file)
    return _show(call)


def _show(call: Call) -> Reply:
    context = call.context()
    found = policing.standing(context)
    if found.unaccepted is not None:
        waiting = found.unaccepted
        context.warn(policy_on_base.NOT_ACCEPTED, waiting.message, hint=waiting.hint, ref=waiting.base.ref)
    return Reply(found.as_data(), policing.in_words(found))


def _validate(call: Call) -> Reply:
    loaded = policing.load(call.context())
    report = Report()
    report.diagnostics = loaded.diagnostics
    report.raise_if_wrong(
        f"{policing.FILE} is not valid: {counted(len(report.errors), 'error')}", f"mend {policing.FILE}"
    )
    words = "Policy is valid." if loaded.exists else "There is no policy file; the default policy counts."
    return Reply({"exists": loaded.exists, "digest": loaded.digest, **report.as_data()}, words)


def _explain(call: Call) -> Reply:
    words = call.arguments.many("argument")
    if not words or len(words) > 2:
        raise usage(
            "policy explain takes an action: ticket policy explain ACTION [ID]", "policy", missing="action"
        )
    file = call.arguments.text("file")
    found = policing.explain(
        call.context(),
        words[0],
        call.pick(words[1]) if len(words) == 2 else None,
        to=call.arguments.text("to"),
        remote=call.arguments.flag("remote") or None,
        text=None if file is None else call.read_text(file).encode(),
    )
    return Reply(found.data, found.text)


def _accept(call: Call) -> Reply:
    context = call.context()
    arguments = call.arguments
    if arguments.flag("sign") and arguments.flag("no_sign"):
        raise usage("give --sign or --no-sign, not both", "policy")
    store = open_or_make(context)
    try:
        done = _accepted(call, context, store)
    finally:
        store.close()
    counts = "the built-in default" if done.digest is None else f"policy {done.digest}"
    words = f"From now on {counts} counts." if done.changed else f"Nothing to do: {counts} counts already."
    return Reply(
        {
            "changed": done.changed,
            "digest": done.digest,
            "previous": done.previous,
            "receipt": done.receipt,
            "assurance": done.assurance,
            **done.base._asdict(),
        },
        words,
    )


def _accepted(call: Call, context: Context, store: Store) -> accepting.Accepted:
    """Shows the policy and asks where somebody sits, lets their key sign where it can, and seals it."""
    arguments = call.arguments
    remove, digest, read = arguments.flag("remove"), arguments.text("digest"), arguments.flag("yes")
    sits = os.isatty(0) and not call.ci and (call.interactive or read or digest is not None)
    envelope = None
    if context.actor().startswith("human:"):  # whoever else is refused, and signs nothing before
        found = accepting.candidate(context, store, remove=remove)
        if digest is not None:
            accepting.check_digest(digest, found)
        elif sits and call.interactive and not read:
            _confirm(found)
        digest = found.digest  # exactly what was shown
        if not arguments.flag("no_sign"):
            must = arguments.flag("sign")
            envelope = accepting.sign(context, store, found, terminal=call.interactive, must=must)
    return accepting.accept(context, store, at_terminal=sits, envelope=envelope, digest=digest, remove=remove)


def _confirm(found: accepting.Candidate) -> None:
    """Shows what would count and asks.

    Raises:
        InputError: `not_confirmed`.
    """
    shown = policing.in_words(policing.Standing(found.policy, found.digest, None, None))
    sys.stderr.write(f"{shown}\n{found.base.ref} {found.base.commit}\naccept this policy? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise InputError("not_confirmed", "the policy was not accepted", "ticket policy accept --yes")


def _dry_run(call: Call, file: str | None) -> Reply:
    context = call.context()
    if file is None:
        loaded = policing.load(context)
        if not loaded.is_valid:
            raise accepting.invalid(loaded.diagnostics)
        policy, digest = loaded.policy, loaded.digest
    else:
        reading = policy_file.read(context, call.read_text(file).encode())
        if reading.policy is None:
            raise accepting.invalid(reading.diagnostics)
        policy, digest = reading.policy, reading.digest
    compiled = DEFAULT if digest is None else compile_policy(policy, digest)
    store = open_ledger(context)
    try:
        found = rehearse(store.log, compiled, Catalog.load(context).rows(), project=context.project)
    finally:
        store.close()
    return Reply({"policy": digest, **found.as_data()}, _difference(found, call.arguments.text("limit")))


def _plain(demand: object) -> str:
    return (
        ", ".join(demand)
        if isinstance(demand, list)
        else "anybody"
        if demand is None
        else str(demand or "none")
    )


def _difference(found: Rehearsal, limit: str | None) -> str:
    most = int(limit) if limit is not None and limit.isascii() and limit.isdigit() else 20
    if not found.changes:
        return f"{counted(found.looked, 'answer')} of the past, and none would have been another."
    changed = sum(found.changes.values())
    lines = [f"{changed} of {counted(found.looked, 'answer')} of the past would have been another:"]
    lines += [f"  {count:6} {change}" for change, count in sorted(found.changes.items())]
    for item in found.differences[:most]:
        unsure = " (not all is known any more)" if item.unknown else ""
        for name, (then, now) in item.demands.items():
            unsure += f"; {name} {_plain(then)} → {_plain(now)}"
        lines.append(
            f"  {item.at} {item.stream} {item.action} by {item.actor}: {item.before} → {item.after}, {item.rule_after}{unsure}"
        )
    if changed > most:
        lines.append(f"  … {changed - most} more; --json lists up to {len(found.differences)}")
    return "\n".join(lines)
