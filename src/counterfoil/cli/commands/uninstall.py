"""`ticket uninstall`: leave this clone as if the program had never been here; tickets stay."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.usecases import drivers, hooking


def run(call: Call) -> Reply:
    """Removes hooks, merge drivers and settings; with --state, claims and caches too."""
    context = call.context()
    hooks = hooking.uninstall(context)
    removed_drivers = drivers.unregister(context)
    settings = (
        context.git.run("config", "--local", "--remove-section", "ticket", env={"LC_ALL": "C"}).status == 0
    )
    state = call.arguments.flag("state") and context.state.exists("")
    if state:
        with context.lock():
            context.state.remove_folder("")
    lines = [f"Removed the {hook} hook" for hook in hooks]
    lines += [f"Removed the merge driver {name}" for name in removed_drivers]
    lines += ["Removed the settings of this clone"] if settings else []
    lines += [f"Removed {context.state.root}"] if state else []
    data = {
        "hooks": hooks,
        "drivers": removed_drivers,
        "settings": settings,
        "state": state,
        "changed": bool(lines),
    }
    notes = ["the tickets stay; to remove them as well: git rm -r .tickets"]
    return Reply(
        data, "\n".join(lines) or "No change; nothing of ours was installed in this clone.", notes=notes
    )
