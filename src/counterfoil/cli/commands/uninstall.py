"""`ticket uninstall`: leave this clone as if the program had never been here; tickets stay."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.usecases.setup import uninstall


def run(call: Call) -> Reply:
    """Removes hooks, merge drivers, settings and our part of Claude Code's files; with --state and --ledger, those too."""
    context = call.context()
    left = uninstall(context, state=call.arguments.flag("state"), ledger=call.arguments.flag("ledger"))
    from counterfoil.cli.agents import leave

    claude = leave(context)
    lines = [f"Removed the {hook} hook" for hook in left.hooks]
    lines += [f"Removed the merge driver {name}" for name in left.drivers]
    lines += ["Removed the settings of this clone"] if left.settings else []
    lines += [f"Removed the state in {context.state.root}"] if left.state else []
    lines += ["Removed the ledger and its keys"] if left.ledger else []
    lines += [f"Removed our part of {path}; commit it" for path in claude]
    data = {
        "files": claude,
        "hooks": left.hooks,
        "drivers": left.drivers,
        "settings": left.settings,
        "state": left.state,
        "ledger": left.ledger,
        "changed": bool(lines),
    }
    notes = ["the tickets stay; to remove them as well: git rm -r .tickets"]
    return Reply(
        data, "\n".join(lines) or "No change; nothing of ours was installed in this clone.", notes=notes
    )
