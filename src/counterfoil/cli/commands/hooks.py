"""`ticket install-hooks`, and `ticket hook NAME` as Git, or Claude Code, runs it."""

from __future__ import annotations

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply


def run(call: Call) -> Reply:
    """Installs the hooks, or is one of them."""
    if call.arguments.verb == "hook":
        return _hook(call)
    from counterfoil.usecases.hooking import HOOKS, hooks_folder, install

    installed = install(call.context(), force=call.arguments.flag("force"))
    folder = hooks_folder(call.context()).root
    if installed:
        line = f"Installed {' and '.join(installed)} in {folder}"
    else:
        line = f"No change; {' and '.join(HOOKS)} are installed in {folder} already."
    return Reply({"installed": installed, "path": folder, "changed": bool(installed)}, line)


def _hook(call: Call) -> Reply:
    """Checks what is about to be committed or pushed, in every project of the repository.

    Git runs hooks at the top of the working tree, where there need not be a project.
    """
    from counterfoil.errors import InputError
    from counterfoil.usecases.guarding import check_pushed, check_staged

    name = call.arguments.required("name")
    if name == "claude-code":
        from counterfoil.cli.commands import hook_claude

        return hook_claude.run(call)
    if name not in {"pre-commit", "pre-push"}:
        raise usage(
            f"there is no hook {name!r}", "install-hooks", value=name,
            allowed=["pre-commit", "pre-push", "claude-code"],
        )  # fmt: skip
    try:
        context = call.context(create=True)
    except InputError as error:
        if error.code == "foreign_layout":
            return Reply({"checked": 0})
        raise
    if name == "pre-commit":
        report = check_staged(context, everywhere=True)
    else:
        report = check_pushed(context, call.read_text("-"))
    report.raise_if_wrong(
        f"{name}: {report.summary()}",
        "mend the tickets named above; `ticket validate --staged` repeats the check",
    )
    if name == "pre-push":
        from counterfoil.usecases.sending import bear_witness

        remote = (call.arguments.many("argument") or [""])[0]
        bear_witness(context, remote or "origin")
    return Reply({"checked": report.checked})
