"""Compiles a policy into the tuples that `gate.rules` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.gate.policy import MERGE_DEFAULT, who_may_approve
from counterfoil.gate.rules import ASSURANCES, FORM, LOWER, NAMES, PLAIN, units
from counterfoil.tickets.workflow import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.gate.policy import ActionRule, Asking, Policy, Rule
    from counterfoil.gate.rules import (
        Asked,
        Compiled,
        Conditions,
        Entry,
        Glob,
        Merging,
        PathPatterns,
        Patterns,
        Rights,
    )


def compile_policy(policy: Policy, digest: str) -> Compiled:
    """Returns a policy as tuples, texts and numbers, which `marshal` takes.

    Args:
        policy: without errors.
        digest: the SHA-256 of the file's bytes; rulings name it.
    """
    merging = [_merging(rule) for rule in policy.rules]
    merging.append((MERGE_DEFAULT, policy.default, (), ()))
    shared: dict[Patterns, Patterns] = {}
    entries = tuple([_entry(rule, shared) for rule in policy.actions])
    return FORM, digest, entries, tuple(merging), _rights(policy)


def _merging(rule: Rule) -> Merging:
    wanted = {"priority": rule.priorities, "labels_any": rule.labels_any, "labels_all": rule.labels_all}
    return f"merge_policy/{rule.number}", rule.policy, _conditions(wanted), rule.people


def _rights(policy: Policy) -> Rights | None:
    able = [who_may_approve(policy, priority) for priority in PRIORITIES]
    listed = [people for people in able if people is not None]
    if not listed:
        return None
    everywhere = tuple([actor for actor in listed[0] if all(actor in people for people in listed)])
    return (*listed, everywhere)


def _entry(rule: ActionRule, shared: dict[Patterns, Patterns]) -> Entry:
    """Compiles one rule; `shared` lets equal patterns be one object, which `marshal` keeps."""
    actions, actors = patterns(rule.actions), patterns(rule.actors)
    wanted = {
        "remote": None if rule.remote is None else (rule.remote,),
        "risk": rule.risks,
        "priority": rule.priorities,
        "labels_any": rule.labels_any,
        "labels_all": rule.labels_all,
        "from": rule.from_states,
        "to": rule.to_states,
        "space": patterns(rule.spaces),
        "paths": path_patterns(rule.paths) if rule.paths else None,
        "rate": rule.rate,
        "budget": None if rule.budget is None else units(rule.budget),
    }
    return (
        rule.id,
        rule.then,
        shared.setdefault(actions, actions),
        shared.setdefault(actors, actors),
        _conditions(wanted),
        _asked(rule.asking),
        rule.reason,
    )


def _conditions(wanted: Mapping[str, object]) -> Conditions:
    """Returns the conditions that are set, by their number, the cheap ones first."""
    return tuple(
        [
            (number, wanted[name])
            for number, name in enumerate(NAMES)
            if wanted.get(name) is not None and wanted[name] != ()
        ]
    )


def _asked(asking: Asking) -> Asked:
    quorum, _require, expires_ms, separation, _approvers = PLAIN
    return (
        asking.quorum or quorum,
        ASSURANCES.index(asking.require or ""),
        asking.expires_ms or expires_ms,
        asking.separation or separation,
        asking.approvers,
    )


def patterns(texts: Sequence[str]) -> Patterns:
    """Sorts texts into exact ones, beginnings and globs; None where anything matches."""
    if not texts or ("*" in texts and LOWER not in texts):
        return None  # what is named in full beside that stays known, since only so it can be allowed
    exact, prefixes, globs = [], [], []
    for text in texts:
        if "*" not in text:
            exact.append(text)
        elif text.index("*") == len(text) - 1:
            prefixes.append(text[:-1])
        else:
            globs.append(_glob(text))
    return tuple(exact), tuple(prefixes), tuple(globs)


def path_patterns(texts: Sequence[str]) -> PathPatterns:
    """Sorts the globs of paths by how cheaply they can be compared."""
    exact, prefixes, suffixes, globs = [], [], [], []
    for text in texts:
        if "*" not in text:
            exact.append(text)
        elif text == "**":
            prefixes.append("")
        elif text.endswith("/**") and "*" not in text[:-3]:
            exact.append(text[:-3])
            prefixes.append(text[:-2])
        elif text.startswith("**/*") and "*" not in text[4:] and "/" not in text[4:]:
            suffixes.append(text[4:])
        else:
            globs.append(tuple([None if part == "**" else _glob(part) for part in text.split("/")]))
    return tuple(exact), tuple(prefixes), tuple(suffixes), tuple(globs)


def _glob(text: str) -> Glob:
    return tuple(text.split("*"))
