"""`ticket init`: make a project here, or complete the one that is here."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.usecases.setup import initialise


def run(call: Call) -> Reply:
    """Makes `.tickets` in this folder."""
    arguments = call.arguments
    context = call.context(create=True)
    more: dict[str, bytes] = {}
    if arguments.flag("agents"):
        from counterfoil.cli.agents import files

        more = files(context)
    made = initialise(context, prefix=arguments.text("prefix"), more=more)
    hooks: list[str] = []
    if arguments.flag("hooks"):
        from counterfoil.usecases.hooking import install

        hooks = install(context)
    folder = context.work.path(".tickets")
    if made.outcome.changed:
        line = f"Initialized tickets in {folder}"
    else:
        line = f"No change; tickets are set up in {folder} already."
    notes = [f"  made {path}" for path in made.created]
    notes += [f"  installed the {hook} hook" for hook in hooks]
    if made.outcome.changed and not made.outcome.committed and not context.commits():
        notes.append("not committed, as you asked")
    notes.append('next: ticket new "Title"')
    data = {
        "path": folder,
        "created": made.created,
        "kept": made.kept,
        "hooks": hooks,
        "changed": made.outcome.changed,
        "committed": made.outcome.committed,
        "commit": made.outcome.commit,
    }
    return Reply(data, line, notes=notes, brief="")
