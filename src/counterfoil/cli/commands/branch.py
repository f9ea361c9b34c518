"""`ticket branch`: the name of a ticket's branch or pull request (SPEC §10)."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.errors import HostError, InputError
from counterfoil.tickets import index, naming
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.resolve import find_name


def run(call: Call) -> Reply:
    """Prints the branch's name, copies it where there is a clipboard, or switches to it."""
    context = call.context()
    query = call.arguments.required("id")
    name = find_name(context, call.pick(query))
    data = context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
    if data is None:
        raise InputError(
            "ticket_not_found", f"no ticket is called {query!r}", "ticket list --all", query=query
        )
    ticket = scan(data, context.full)
    config = context.config
    title = naming.fill(config.pr_title_pattern, ticket, config.id_prefix)
    if call.arguments.flag("pr_title"):
        return Reply({"pr_title": title}, visible(title))
    branch = naming.branch_name(config.branch_pattern, ticket, config.id_prefix)
    created = False
    if call.arguments.flag("checkout"):
        created = _checkout(call, branch)
    notes = []
    if call.interactive and not call.arguments.flag("checkout"):
        from counterfoil.usecases.clipboard import copy

        if copy(context, branch):
            notes.append("copied to the clipboard")
    data_out = {
        "branch": branch,
        "pr_title": title,
        "checked_out": call.arguments.flag("checkout"),
        "created": created,
    }
    return Reply(data_out, branch, notes=notes)


def _checkout(call: Call, branch: str) -> bool:
    """Switches to the branch, making it from HEAD if it does not exist; tells whether it was made."""
    git = call.context().git
    exists = git.run("show-ref", "--verify", "--quiet", f"refs/heads/{branch}").status == 0
    arguments = ["switch", "-q", branch] if exists else ["switch", "-q", "-c", branch]
    result = git.run(*arguments, env={"LC_ALL": "C"})
    if result.status != 0:
        words = result.stderr.decode("utf-8", "replace").strip()
        raise HostError(
            "io_error", f"Git did not switch to {branch}: {words.splitlines()[0] if words else 'no reason given'}",
            "commit or stash your changes, then try again", branch=branch, reason=words,
        )  # fmt: skip
    return not exists
