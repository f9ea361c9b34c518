"""Finding out what is wrong with a clone, a project or a machine, and mending what is safe to mend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import claims, drivers, hooking, indexing, orphans, policing, taking_up, validating
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import Context
from counterfoil.usecases.recovery import perform_recovery
from counterfoil.usecases.reporting import counted
from counterfoil.usecases.standing import standing

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal

GIT_MINIMUM = (2, 38)
SHOWN = 5
"""So many proposals are named at most."""


class Finding:
    """One thing that was looked at.

    Attributes:
        name: stable name of the check.
        state: `ok`, `warning`, `error` or `fixed`.
        message: what was found.
        hint: the command that mends it.
    """

    def __init__(self, name: str, state: str, message: str, hint: str = "") -> None:
        self.name = name
        self.state = state
        self.message = message
        self.hint = hint

    def as_data(self) -> dict[str, str]:
        """Returns the finding as a JSON object."""
        return {"check": self.name, "state": self.state, "message": self.message, "hint": self.hint}


def examine(context: Context, *, fix: bool = False) -> list[Finding]:
    """Looks at everything, one check after the other; a check that fails is itself a finding."""
    checks: tuple[Callable[[Context, bool], Finding], ...] = (
        _git_version,
        _identity,
        _actor,
        _in_progress,
        _interrupted,
        _index_lock,
        _ignored,
        _drivers,
        _hooks,
        _tickets,
        _index,
        _claims,
        _ledger,
        _approved,
        _policy,
    )
    findings = []
    for check in checks:
        try:
            findings.append(check(context, fix))
        except CounterfoilError as error:
            name = check.__name__.strip("_").replace("_", "-")
            findings.append(Finding(name, "error", error.message, error.hint))
    return findings


def _git_version(context: Context, _fix: bool) -> Finding:
    text = context.git.read("--version").decode("utf-8", "replace").strip()
    numbers = [int(part) for part in text.split()[2].split(".")[:2] if part.isdigit()]
    if tuple(numbers) < GIT_MINIMUM:
        return Finding("git-version", "error", f"{text} is too old", "install Git 2.38 or newer")
    return Finding("git-version", "ok", text)


def _identity(context: Context, _fix: bool) -> Finding:
    result = context.git.run("var", "GIT_COMMITTER_IDENT")
    if result.status != 0:
        hint = 'git config user.name "Your Name" && git config user.email you@example.com'
        return Finding(
            "identity", "error", "Git does not know who you are, so nothing can be committed", hint
        )
    return Finding("identity", "ok", "Git knows who commits")


def _actor(context: Context, _fix: bool) -> Finding:
    return Finding("actor", "ok", f"you act as {context.actor()}")


def _in_progress(context: Context, _fix: bool) -> Finding:
    operation = context.git.in_progress()
    if operation:
        hint = f"git {operation} --continue, or git {operation} --abort"
        return Finding(
            "in-progress", "warning", f"a {operation} is in progress, so changes are not committed", hint
        )
    return Finding("in-progress", "ok", "no merge or rebase is in progress")


def _interrupted(context: Context, fix: bool) -> Finding:
    left = orphans.orphans(context)
    if left and not fix:
        what = counted(len(left), "command") + " died in working trees that are gone"
        return Finding("interrupted", "warning", what, "ticket doctor --fix")
    if left:
        what = counted(orphans.settle(context), "command") + " of working trees that are gone"
        return Finding("interrupted", "fixed", f"told the ledger what became of {what}")
    before = len(context.warnings)
    perform_recovery(context)
    done = context.warnings[before:]
    del context.warnings[before:]
    if done:
        return Finding("interrupted", "fixed", "; ".join([str(warning["message"]) for warning in done]))
    return Finding("interrupted", "ok", "no command was interrupted")


def _index_lock(context: Context, _fix: bool) -> Finding:
    folder = context.folder(context.git.location.git_dir)
    if folder.exists("index.lock"):
        hint = f"if no Git is running here: rm {folder.path('index.lock')}"
        return Finding("index-lock", "warning", "Git's index is locked", hint)
    return Finding("index-lock", "ok", "Git's index is free")


def _ignored(context: Context, _fix: bool) -> Finding:
    if context.git.run("check-ignore", "-q", f"{context.prefix}.tickets/index.json").status == 0:
        hint = "remove .tickets from .gitignore or .git/info/exclude"
        return Finding("ignored", "warning", "Git ignores .tickets: changes are kept but not committed", hint)
    return Finding("ignored", "ok", "Git tracks .tickets")


def _drivers(context: Context, fix: bool) -> Finding:
    if not context.work.exists(drivers.ATTRIBUTES_FILE):
        return Finding("merge-drivers", "warning", "no attributes ask for the merge drivers", "ticket init")
    if drivers.are_registered(context):
        return Finding("merge-drivers", "ok", "the merge drivers are registered")
    if fix:
        drivers.register(context)
        return Finding("merge-drivers", "fixed", "registered the merge drivers")
    return Finding(
        "merge-drivers", "warning", "this clone does not know the merge drivers", "ticket doctor --fix"
    )


def _hooks(context: Context, _fix: bool) -> Finding:
    if hooking.are_installed(context):
        return Finding("hooks", "ok", "the hooks are installed")
    return Finding("hooks", "ok", "the hooks are not installed; ticket install-hooks does so")


def _tickets(context: Context, _fix: bool) -> Finding:
    report = validating.check_everything(context, "quality")
    wrong = [item for item in report.errors if not item.code.startswith("index_")]
    if wrong:
        return Finding(
            "tickets",
            "error",
            f"{counted(len(wrong), 'error')} in {counted(report.checked, 'ticket')}",
            "ticket validate --all",
        )
    return Finding("tickets", "ok", f"{counted(report.checked, 'ticket')}, no errors")


def _index(context: Context, fix: bool) -> Finding:
    report = validating.check_everything(context, "integrity")
    wrong = [item for item in report.errors if item.code.startswith("index_")]
    if not wrong:
        return Finding("index", "ok", "the index agrees with the tickets")
    if fix:
        indexing.rebuild(context)
        return Finding("index", "fixed", "rebuilt the index")
    return Finding("index", "error", wrong[0].message, "ticket rebuild-index")


def _claims(context: Context, _fix: bool) -> Finding:
    now_ms = context.clock.now_ms()
    everything = claims.everything(context).values()
    working = {row[0] for row in Catalog.load(context).rows() if row[2] == "in_progress"}
    lapsed = sum(claim.is_lapsed(now_ms) and claim.ticket in working for claim in everything)
    live = sum(claim.is_live(now_ms) for claim in everything)
    if lapsed:
        return Finding("claims", "warning", f"lapsed claims: {lapsed}", "ticket ready --stale")
    return Finding("claims", "ok", counted(live, "live claim"))


def _ledger(context: Context, _fix: bool) -> Finding:
    found = standing(context)
    if found.unrecorded:
        waiting = counted(found.unrecorded, "command")
        return Finding("ledger", "warning", f"{waiting} wait to be sealed", "ticket ledger reconcile")
    if found.ledger is None:
        return Finding("ledger", "ok", "there is no ledger yet; the first change begins it")
    return Finding("ledger", "ok", f"{counted(found.size, 'receipt')}; ticket ledger verify examines them")


def _approved(context: Context, _fix: bool) -> Finding:
    found: list[Proposal] = []
    if context.ledgers.exists():
        store, views = context.ledgers.open(), context.ledgers.views()
        try:
            found = taking_up.interrupted(store, views)
        finally:
            views.close()
            store.close()
    if not found:
        return Finding("approved", "ok", "what was approved has taken effect")
    names = ", ".join([state.id for state in found[:SHOWN]])
    message = f"{taking_up.NOT_IN_EFFECT}: {counted(len(found), 'proposal')}, {names}"
    return Finding("approved", "warning", message, f"ticket approve {found[0].id}")


def _policy(context: Context, _fix: bool) -> Finding:
    found = policing.standing(context)
    if found.unaccepted is not None:
        return Finding("policy", "warning", found.unaccepted.message, found.unaccepted.hint)
    loaded = policing.load(context)
    if not loaded.is_valid:
        return Finding("policy", "warning", f"{policing.FILE} is not valid here", "ticket policy validate")
    return Finding("policy", "ok", f"what counts: {found.source}")
