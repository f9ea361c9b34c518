"""Which actions there are: those that are built in, and those that installed packages bring (gate.md, "Actions")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate import redact
from counterfoil.gate.action import OUTSIDE, ActionType
from counterfoil.usecases.actions.builtin import BUILT_IN
from counterfoil.usecases.actions.payload import validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint

    from counterfoil.usecases.context import Context

GROUP = "counterfoil.actions"
"""The entry-point group; a name in it is the action's, and what it loads is an `ActionType`."""


def find(context: Context, name: str) -> ActionType:
    """Returns one action; packages are looked at only for a name that is not built in.

    Raises:
        InputError: `unknown_action`, or `broken_action` where the package that brings it fails.
    """
    known = BUILT_IN.get(name)
    if known is not None:
        return known
    for entry in _entries():
        if entry.name == name:
            found = _loaded(context, entry)
            if found is None:
                problem = f"{name} is brought by {_package(entry)}, which cannot be used"
                raise InputError(
                    "broken_action", problem, "the warning says why; mend or remove the package", action=name
                )
            return found
    from difflib import get_close_matches

    name, _ = redact.mask(name)
    near = get_close_matches(name[:100], [*BUILT_IN, *[entry.name for entry in _entries()]], 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`ticket actions` lists them"
    raise InputError(
        "unknown_action", f"no action is called {name[:100]!r}", hint, action=name[:100], allowed=near
    )


def all_actions(context: Context) -> Mapping[str, ActionType]:
    """Returns all actions by name; packages that cannot be used are warned of and left out."""
    found = dict(BUILT_IN)
    for entry in _entries():
        if entry.name in found:
            message = f"{_package(entry)} brings an action {entry.name!r}, and there is one of that name"
            context.warn("action_not_loaded", message, action=entry.name, package=_package(entry))
            continue
        action = _loaded(context, entry)
        if action is not None:
            found[action.name] = action
    return found


def _entries() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value


def _loaded(context: Context, entry: EntryPoint) -> ActionType | None:
    """Loads what an entry point names; whatever goes wrong there is a warning that names it."""
    try:
        action = entry.load()
        if isinstance(action, ActionType):
            validator(action)
    except CounterfoilError as error:
        problem = error.message
    except (Exception, SystemExit) as error:  # other people's code
        problem = f"{type(error).__name__}: {error}"
    else:
        problem = _objection(action, entry.name)
        if not problem and isinstance(action, ActionType):
            return action
    context.warn(
        "action_not_loaded",
        f"the action {entry.name} of {_package(entry)} cannot be used: {problem[:300]}",
        action=entry.name,
        package=_package(entry),
    )
    return None


def _objection(action: object, name: str) -> str:
    if not isinstance(action, ActionType):
        return f"{GROUP} names ActionType objects, not {type(action).__name__}"
    if action.name != name:
        return f"it calls itself {action.name}"
    if action.form != OUTSIDE:
        return "only actions of the form `outside` can be added"
    if action.run is None or action.show is None:
        return "it has to have `show` and `run`"
    return ""
