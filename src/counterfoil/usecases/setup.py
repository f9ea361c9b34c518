"""Making a project: the folder, its files, the drivers; whatever exists is kept (SPEC §8.2). And leaving."""

from __future__ import annotations

from contextlib import suppress

from counterfoil.errors import CounterfoilError, InputError, RefusedError
from counterfoil.tickets import config as configs
from counterfoil.tickets import index
from counterfoil.usecases import drivers, hooking
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import CONFIG_FILE, Context
from counterfoil.usecases.gateway import perform
from counterfoil.usecases.plan import FileChange, Outcome, Plan

TEMPLATE_FILE = ".tickets/template.md"
LEDGER_FILES = frozenset(("ledger.db", "ledger.db-shm", "ledger.db-wal", "keys", "origins", "unrecorded"))
"""What of the clone's own folder cannot be derived from anything else."""
NOTED = ("ticket.origin", "ticket.policy-")
"""What of the Git configuration says which ledger is this clone's, and which policy it accepted."""
TEMPLATE = """\
---
id: {{id}}
title: {{title}}
state: {{state}}
priority: {{priority}}
labels: []
---

## Problem

What is wrong or missing, and for whom?

## Acceptance criteria

- [ ] How can one tell that it is done?

## Notes

"""
PREFIX_LENGTH = 10


class Made:
    """What `init` did.

    Attributes:
        created, kept: paths relative to the project.
        outcome: the commit.
    """

    def __init__(self, created: list[str], kept: list[str], outcome: Outcome) -> None:
        self.created = created
        self.kept = kept
        self.outcome = outcome


def initialise(context: Context, *, prefix: str | None = None, more: dict[str, bytes] | None = None) -> Made:
    """Makes `.tickets` here, or adds what an existing one lacks.

    Args:
        context: a context opened for a folder that may have no `.tickets` yet.
        prefix: the prefix of display ids for a new config.yml.
        more: further files to write in the same commit, by path (AGENTS.md and the like); these
            replace what is there.

    Raises:
        InputError: `usage` for a prefix that is none, or that an existing config.yml contradicts.
        HostError: `commit_failed`, `io_error`; nothing is left behind then.
    """
    config_text = configs.DEFAULT_TEXT
    if prefix is not None:
        wanted = _check_prefix(context, prefix)
        config_text = config_text.replace(f"id_prefix: {configs.ID_PREFIX}", f"id_prefix: {wanted}")
    wanted_files = {
        CONFIG_FILE: config_text.encode(),
        TEMPLATE_FILE: TEMPLATE.encode(),
        drivers.ATTRIBUTES_FILE: drivers.ATTRIBUTES.encode(),
    }
    created: list[str] = []
    kept: list[str] = []
    folders = _missing_folders(context, [index.TICKETS, *[path.rpartition("/")[0] for path in more or {}]])

    def plan(catalog: Catalog) -> Plan:
        files = []
        for folder in folders:
            context.work.make_folder(folder)
        for path, data in wanted_files.items():
            before = context.work.read(path)
            if before is None:
                files.append(FileChange(path, None, data))
                created.append(path)
            elif path == drivers.ATTRIBUTES_FILE and not _names_drivers(before):
                files.append(FileChange(path, before, before.rstrip(b"\n") + b"\n" + data))
                created.append(path)
            else:
                kept.append(path)
        before = context.work.read(index.FILE)
        if before is None:
            created.append(index.FILE)
            now = context.clock.utc(context.clock.now_ms())
            files.append(FileChange(index.FILE, None, catalog.index_text({}, now)))
        else:
            kept.append(index.FILE)
        for path, data in (more or {}).items():
            before = context.work.read(path)
            if before != data:
                created.append(path)
                files.append(FileChange(path, before, data))
        return Plan(
            files, "ticket: initialise .tickets" if CONFIG_FILE in created else "ticket: update the set-up"
        )

    try:
        outcome = perform(context, plan)
    except BaseException:
        for folder in reversed(folders):
            if context.work.is_folder(folder) and not context.work.names(folder):
                context.work.remove_folder(folder)
        raise
    drivers.register(context)
    _set_base_branch(context)
    return Made(created, kept, outcome)


class Left:
    """What `uninstall` removed.

    Attributes:
        hooks, drivers: their names.
        settings, state, ledger: whether there were any.
    """

    def __init__(
        self, hooks: list[str], removed_drivers: list[str], settings: bool, state: bool, ledger: bool
    ) -> None:
        self.hooks = hooks
        self.drivers = removed_drivers
        self.settings = settings
        self.state = state
        self.ledger = ledger


def uninstall(context: Context, *, state: bool = False, ledger: bool = False) -> Left:
    """Takes hooks, merge drivers and settings out of the clone; the tickets stay.

    What the Git configuration notes of the ledger and of the policy that was accepted stays as long as the ledger does.

    Args:
        context: any project of the clone.
        state: the clone's claims and caches as well.
        ledger: its receipts and keys too, which nothing can bring back.

    Raises:
        RefusedError: `refused`, when no person acts: hooks, ledger and notes hold agents as well.
    """
    _check_person(context)
    hooks = hooking.uninstall(context)
    removed = drivers.unregister(context)
    settings = _forget_settings(context, notes=ledger)
    there = set(context.state.names(""))
    receipts = there & LEDGER_FILES
    doomed = (there - LEDGER_FILES if state else set()) | (receipts if ledger else set())
    if doomed:
        with context.lock():
            for name in doomed:
                if context.state.is_folder(name):
                    context.state.remove_folder(name)
                else:
                    context.state.remove(name)
            if doomed == there:
                context.state.remove_folder("")
    return Left(hooks, removed, settings, bool(doomed - receipts), bool(doomed & receipts))


def _check_person(context: Context) -> None:
    """Checks that a person takes all of this out; whoever else tries is refused on the record, if there is one.

    Raises:
        RefusedError: `refused`.
    """
    actor = context.actor()
    if actor.startswith("human:") and not context.options.remote:
        return
    if context.ledgers.exists():
        from counterfoil.usecases.opening import open_or_make
        from counterfoil.usecases.principals import seal_refused

        with suppress(CounterfoilError):  # a ledger that cannot be opened lets nobody through
            store = open_or_make(context)
            try:
                seal_refused(context, store, "uninstall", "clone", "not_a_person")
            finally:
                store.close()
    raise RefusedError(
        "refused", f"{actor} takes nothing out of a clone: hooks, ledger and policy are there for agents too",
        "ask a person to run: ticket uninstall", actor=actor, action="uninstall", reason="not_a_person",
    )  # fmt: skip


def _forget_settings(context: Context, *, notes: bool) -> bool:
    """Removes our section of the Git configuration; what is noted of ledger and policy only if that is meant as well.

    Returns:
        Whether anything was removed.
    """
    clean = {"LC_ALL": "C"}
    listed = context.git.run(
        "config", "--local", "--name-only", "--get-regexp", r"^ticket\.[^.]*$", env=clean
    )
    keys = dict.fromkeys(listed.stdout.decode("utf-8", "replace").split())
    kept = [key for key in keys if not notes and key.startswith(NOTED)]
    if not kept:
        return context.git.run("config", "--local", "--remove-section", "ticket", env=clean).status == 0
    doomed = [key for key in keys if key not in kept]
    for key in doomed:
        context.git.run("config", "--local", "--unset-all", key, env=clean)
    return bool(doomed)


def _missing_folders(context: Context, wanted: list[str]) -> list[str]:
    """Returns the folders that are not there yet, those above before those below."""
    parts = [folder.split("/") for folder in wanted if folder]
    above = ["/".join(names[:depth]) for names in parts for depth in range(1, len(names) + 1)]
    return [folder for folder in dict.fromkeys(above) if not context.work.exists(folder)]


def _names_drivers(attributes: bytes) -> bool:
    return b"merge=ticket-index" in attributes and b"merge=ticket-file" in attributes


def _check_prefix(context: Context, prefix: str) -> str:
    good = prefix[:1].isalpha() and prefix.isalnum() and prefix.isascii() and len(prefix) <= PREFIX_LENGTH
    if not good:
        hint = f"use a letter and then letters or digits, at most {PREFIX_LENGTH}, as in --prefix WEB"
        raise InputError("usage", f"{prefix!r} cannot be a prefix", hint, value=prefix)
    if context.work.exists(CONFIG_FILE) and context.config.id_prefix != prefix:
        raise InputError(
            "usage",
            f"the prefix here is {context.config.id_prefix} already",
            f"change id_prefix in {CONFIG_FILE}, then: ticket rebuild-index",
            value=prefix,
            present=context.config.id_prefix,
        )
    return prefix


def _set_base_branch(context: Context) -> None:
    """Notes, in this clone only, the branch whose policy counts (product.md §10)."""
    if context.setting("baseBranch"):
        return
    remote = context.git.run("symbolic-ref", "-q", "--short", "refs/remotes/origin/HEAD")
    name = remote.stdout.decode("utf-8", "replace").strip().removeprefix("origin/") or context.git.branch()
    if name:
        context.git.run("config", "--local", "ticket.baseBranch", name, env={"LC_ALL": "C"})
