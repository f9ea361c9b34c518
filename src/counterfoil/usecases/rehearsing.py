"""A dry run: which answers of the past another policy would have given differently (gate.md, "Policy").

A proposal holds the facts that it was ruled on, so it is asked again exactly. A change that a command made at once
holds less: the ticket's priority, labels and state of then are put together from its receipts; what none of
them tells is taken from the ticket of today, and counts as unknown where there is none. Of what was denied
least is left: the action, who asked and by which door.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from counterfoil.gate import events, rules
from counterfoil.gate.facts import ANSWERS, ASK, DENY, Facts
from counterfoil.usecases import kinds
from counterfoil.usecases.rates import action_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from counterfoil.gate.rules import Compiled
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.tickets.model import Row

SHOWN = 1000
"""More differences than these are counted, not listed."""
FIELDS = ("priority", "labels", "state")


@dataclass(frozen=True, slots=True)
class Difference:
    """One answer that would have been another.

    Attributes:
        receipt, at: the receipt that holds the answer of then.
        stream: the proposal's or the ticket's.
        action, actor: what was asked, by whom.
        before, after: the answers.
        rule_before, rule_after: the rules that decided.
        unknown: whether the new answer rests on something that is not known any more.
        demands: where both ask, what a decision needs that differs: then and now, by name.
    """

    receipt: str
    at: str
    stream: str
    action: str
    actor: str
    before: str
    after: str
    rule_before: str
    rule_after: str
    unknown: bool
    demands: Mapping[str, tuple[object, object]] = field(default_factory=dict)

    def as_data(self) -> dict[str, object]:
        """Returns it as a JSON object."""
        then, now = [
            {"demands": {name: pair[at] for name, pair in self.demands.items()}} if self.demands else {}
            for at in (0, 1)
        ]
        return {
            "receipt": self.receipt,
            "at": self.at,
            "stream": self.stream,
            "action": self.action,
            "actor": self.actor,
            "before": {"ruling": self.before, "rule": self.rule_before, **then},
            "after": {"ruling": self.after, "rule": self.rule_after, **now},
            "unknown": self.unknown,
        }


@dataclass(slots=True)
class Rehearsal:
    """What a policy would have changed.

    Attributes:
        looked: how many answers of the past were asked again.
        changes: how many differ, by `ANSWER→ANSWER`.
        differences: the first of them.
    """

    looked: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def as_data(self) -> dict[str, object]:
        """Returns it as a JSON object."""
        return {
            "looked": self.looked,
            "changed": sum(self.changes.values()),
            "changes": dict(sorted(self.changes.items())),
            "differences": [item.as_data() for item in self.differences],
        }


def rehearse(
    read: Callable[[], Iterable[Receipt]], compiled: Compiled, today: Iterable[Row] = (), *, project: str = ""
) -> Rehearsal:
    """Asks another policy for all the answers of the past.

    Args:
        read: gives the receipts in order, each time that it is called.
        compiled: the other policy.
        today: the rows of the tickets as they are.
        project: whose answers are wanted, as receipts name it.
    """
    tickets: dict[str, dict[str, Any]] = {
        kinds.ticket_stream(row[0]): {"state": row[2], "priority": row[3], "labels": list(row[4])}
        for row in today
    }
    before: dict[str, set[str]] = {}
    for receipt, body in _rulings(read(), project):
        told = before.setdefault(receipt.stream, set())
        for name, pair in _pairs(body).items():
            if name not in told:
                told.add(name)
                tickets.setdefault(receipt.stream, {})[name] = pair[0]
    found = Rehearsal()
    for receipt, body in _rulings(read(), project):
        asked = list(_asked(receipt, body, tickets))
        then = body if receipt.kind == events.REFUSED else body.get("ruling")
        if asked and isinstance(then, dict) and then.get("ruling") in ANSWERS:
            found.looked += 1
            _compare(found, receipt, then, body.get("demands"), asked, compiled)
    return found


def _rulings(log: Iterable[Receipt], project: str) -> Iterator[tuple[Receipt, dict[str, Any]]]:
    """Yields what was ruled on in one project, with its body."""
    for receipt in log:
        if receipt.kind in {events.OPENED, kinds.INTENDED, events.REFUSED}:
            body: dict[str, Any] = receipt.data()
            if receipt.kind == events.REFUSED and (body.get("reason"), body.get("ruling")) != (
                "policy",
                DENY,
            ):
                continue  # refused by something else, such as the gate itself
            if body.get("project", project) == project:
                yield receipt, body


def _pairs(body: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Returns by name the fields that policy heeds, as they were and became."""
    listed = body.get("fields")
    fields = listed if isinstance(listed, dict) else {}
    return {
        name: pair
        for name, pair in fields.items()
        if name in FIELDS and isinstance(pair, list) and len(pair) == 2
    }


def _compare(
    found: Rehearsal,
    receipt: Receipt,
    then: Mapping[str, Any],
    needed: object,
    asked: Sequence[Facts],
    compiled: Compiled,
) -> None:
    now = rules.strictest([rules.rule(compiled, facts) for facts in asked])
    before = str(then["ruling"])
    demands = (
        _differing(needed, now.demands.as_data())
        if before == now.answer == ASK and isinstance(needed, dict)
        else {}
    )
    if now.answer == before and not demands:
        return
    found.changes[f"{before}→{now.answer}"] += 1
    if len(found.differences) < SHOWN:
        unknown = any(
            value is None for facts in asked for value in (facts.priority, facts.labels, facts.paths)
        )
        found.differences.append(
            Difference(
                receipt.id, receipt.at, receipt.stream, asked[0].action, receipt.actor, before, now.answer,
                str(then.get("rule", "")), now.rule, unknown, demands,
            )
        )  # fmt: skip


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Returns what a decision needs otherwise. Not the time: whoever proposes may have asked for less."""
    found: dict[str, tuple[object, object]] = {}
    for name in ("quorum", "require", "separation", "approvers"):
        pair = then.get(name), now[name]
        lists = [sorted(each) for each in pair if isinstance(each, list)]
        if pair[0] != pair[1] and not (len(lists) == 2 and lists[0] == lists[1]):
            found[name] = pair
    return found


def _denied(receipt: Receipt, body: Mapping[str, Any], tickets: Mapping[str, Mapping[str, Any]]) -> Facts:
    """Returns what is left of the facts of something that policy denied; whence it came from is at worst afar."""
    known = tickets.get(kinds.ticket_stream(str(body.get("ticket"))), {})
    labels, priority = known.get("labels"), known.get("priority")
    return Facts(
        str(body.get("action")),
        receipt.actor,
        remote=body.get("via") not in {"cli", "sdk"},
        priority=priority if isinstance(priority, str) else None,
        labels=[str(label) for label in labels] if isinstance(labels, list) else None,
        space="",
    )


def _asked(receipt: Receipt, body: Mapping[str, Any], tickets: dict[str, dict[str, Any]]) -> Iterator[Facts]:
    """Yields the facts on which an answer was given."""
    if receipt.kind == events.OPENED:
        listed = body.get("facts")
        for data in listed if isinstance(listed, list) else ():
            if isinstance(data, dict):
                yield Facts.from_data(data)
        return
    if receipt.kind == events.REFUSED:
        yield _denied(receipt, body, tickets)
        return
    known = tickets.setdefault(receipt.stream, {})
    pairs = _pairs(body)
    if body.get("action") == "create":
        known.update(labels=[], state="", priority=None)
    was = dict(known)
    known.update({name: pair[1] for name, pair in pairs.items()})
    moves = "state" in pairs
    labels = [was.get("labels"), known.get("labels")]
    stays = {str(label) for label in labels[1] or ()}
    if "labels" in pairs and body.get("action") != "create":
        stays &= {str(label) for label in labels[0] or ()}
    priorities = [value for value in (was.get("priority"), known.get("priority")) if isinstance(value, str)]
    path = body.get("path")
    yield Facts(
        action_of(body),
        receipt.actor,
        priority=min(priorities) if priorities else None,
        labels=[str(label) for value in labels if isinstance(value, list) for label in value]
        if isinstance(labels[1], list)
        else None,
        state_from=str(was.get("state") or "") if moves else "",
        state_to=str(known.get("state") or "") if moves else "",
        paths=(path,) if isinstance(path, str) else None,
        space="",
        kept=sorted(stays),
    )
