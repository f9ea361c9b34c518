"""What policy answers to an action: allow, ask or deny (gate.md, "Policy"). On the hot path; pure.

Deny beats ask beats allow over all rules that match. Where none certainly matches, the built-in default has
its say as well (product.md §9). For two actions it always has, whatever the rules allow: `change.promote`,
which the merge policy governs (SPEC §5), and `policy.change`, since nobody may widen their own rights.

A condition on something that is not known holds *perhaps*. That is enough for a rule that asks or
denies and too little for one that allows, so an answer never becomes more generous by what is left
out; nor do the demands on a decision become weaker, because they are merged from all that ask.

Nor does it by what whoever proposes brings along: a rule allows by labels and a priority that were there before
and stay, and `ticket.lower` only by its full name; of the merge policy no exception counts for
who is no person, since whoever proposes names the ticket and fills the branch.

`gate.compiling` makes the tuples that are read here; they hold nothing but what `marshal` takes.
"""

from __future__ import annotations

from counterfoil.gate.facts import ALLOW, ANSWERS, ASK, DENY, Demands, Facts, Ruling
from counterfoil.tickets.workflow import PRIORITIES, URGENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Glob = tuple[str, ...]
    """The pieces of a text around each `*`; a single piece is the text itself."""
    PathGlob = tuple[Glob | None, ...]
    """The segments of a path; None for `**`."""
    PathPatterns = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[PathGlob, ...]]
    """Exact paths, how they begin, how they end, and globs."""
    Values = tuple[bool, str | None, str | None, str | None, str | None]
    Patterns = tuple[tuple[str, ...], tuple[str, ...], tuple[Glob, ...]] | None
    """Exact texts, how they begin, and globs; None for anything."""
    Condition = tuple[int, Any]
    """Which of `TESTS`, and what it wants."""
    Conditions = tuple[Condition, ...]
    Asked = tuple[int, int, int, tuple[str, ...], tuple[str, ...] | None]
    """`Demands` as a tuple: quorum, index into `ASSURANCES`, milliseconds, separation, approvers."""
    Entry = tuple[str, str, Patterns, Patterns, Conditions, Asked, str]
    """Id, answer, actions, actors, further conditions, demands, reason."""
    Merging = tuple[str, str, Conditions, tuple[str, ...]]
    """Id, merge policy, conditions, who has to approve."""
    Rights = tuple[tuple[str, ...], ...]
    """Who may approve, by the order of `PRIORITIES`; last, who may approve them all."""
    Compiled = tuple[int, str, tuple[Entry, ...], tuple[Merging, ...], Rights | None]
    """Form, digest, rules, merge policy, rights."""
    Test = Callable[[Any, Facts, str], bool | None]
    Voice = tuple[str, str, Asked, str]
    """One part of an answer: answer, id of the rule, demands, reason."""

FORM = 2
"""Of the compiled tuple; another one is compiled anew."""
DEFAULT_DIGEST = "default"
ASSURANCES = ("", "signed", "signed-hardware")
"""From the weakest to the strongest."""

PROMOTE, POLICY_CHANGE, MOVE = "change.promote", "policy.change", "ticket.move"
CREATE, LOWER = "ticket.create", "ticket.lower"
FREE = (
    CREATE, MOVE, "ticket.edit", "ticket.comment", "ticket.assign", "ticket.claim", "ticket.label", "ticket.remove",
    "ticket.respond", "artifact.attach", "spend.record", "pull.link", "project.change",
)  # fmt: skip
"""What agents may do unasked on the spot: Git, or a later record, can put it right."""
STAYING = (
    "ticket.assign", "ticket.comment", "ticket.respond", "ticket.label", "artifact.attach", "spend.record",
    "pull.link", POLICY_CHANGE, "command.run", "http.send",
)  # fmt: skip
"""Actions that move no ticket, so that conditions on its state cannot hold."""

WEEK_MS = 7 * 24 * 3600 * 1000
PLAIN: Asked = (1, 0, WEEK_MS, ("author",), None)
"""What a decision needs where nobody says more."""
DEFAULT: Compiled = (
    FORM, DEFAULT_DIGEST, (), (("merge_policy/default", "review_required", (), ()),), None,
)  # fmt: skip
"""The built-in policy, compiled."""


def rule(compiled: Compiled, facts: Facts) -> Ruling:
    """Answers one action.

    Args:
        compiled: the policy in force.
        facts: the action as far as it is known.
    """
    _form, digest, entries, merging, rights = compiled
    action, actor = facts.action, facts.actor
    if action == LOWER:
        from counterfoil.gate.lowering import matters

        if not matters(compiled, facts, holds_for_merge):
            return Ruling(ALLOW, "default/free", digest, ["no rule looks at what the ticket loses"])
    values = simple(facts)
    voices: list[Voice] = []
    certain = False
    last_actions: Patterns = None
    last_actors: Patterns = None
    about_action = about_actor = True
    for ident, then, actions, actors, conditions, demands, reason in entries:
        # Equal patterns are one object, and neighbours mostly have the same.
        if actions is not last_actions:
            last_actions, about_action = actions, covers(actions, action)
        if actors is not last_actors:
            last_actors, about_actor = actors, covers(actors, actor)
        if not (about_action and about_actor):
            continue
        if action == LOWER and then == ALLOW and not names_lower(actions):
            continue
        if conditions:
            holds = all_hold(conditions, values, facts, then)
            if holds is False or (holds is None and then == ALLOW):
                continue
            certain = certain or holds is True
        else:
            certain = True
        voices.append((then, ident, demands, reason))
    voices += _built_in(facts, merging, certain)
    return _joined(voices, digest, facts, rights)


def strictest(rulings: Sequence[Ruling]) -> Ruling:
    """Joins the answers to the parts of one action, of which there is at least one.

    What asks is merged: whoever decides decides on all of it, so all demands have to be met.
    """
    answer = ANSWERS[max([ANSWERS.index(ruling.answer) for ruling in rulings])]
    speaking = [ruling for ruling in rulings if ruling.answer == answer]
    first = speaking[0]
    if len(speaking) == 1:
        return first
    merged = _merged([_as_asked(ruling.demands) for ruling in speaking])
    reasons = dict.fromkeys([reason for ruling in speaking for reason in ruling.reasons])
    return Ruling(answer, first.rule, first.policy, tuple(reasons), _as_demands(merged))


def windows(compiled: Compiled, action: str, actor: str) -> tuple[int, ...]:
    """Returns the windows, in milliseconds, over which `Facts.recent` is wanted for an action."""
    found = {}
    for _ident, _then, actions, actors, conditions, _demands, _reason in compiled[2]:
        if covers(actions, action) and covers(actors, actor):
            for kind, wanted in conditions:
                if NAMES[kind] == "rate":
                    found[wanted[0]] = True
    return tuple(found)


def wants_spend(compiled: Compiled, action: str, actor: str) -> bool:
    """Tells whether `Facts.spent` matters for an action."""
    return any(
        NAMES[kind] == "budget"
        for _ident, _then, actions, actors, conditions, _demands, _reason in compiled[2]
        if covers(actions, action) and covers(actors, actor)
        for kind, _wanted in conditions
    )


def limits(compiled: Compiled) -> bool:
    """Tells whether any rule is about how often or how much, so that something has to be counted at all."""
    return any(NAMES[kind] in {"rate", "budget"} for entry in compiled[2] for kind, _wanted in entry[4])


# --- the built-in default -------------------------------------------------------------------------


def _built_in(facts: Facts, merging: tuple[Merging, ...], certain: bool) -> list[Voice]:
    """Returns what the default has to say: always of two actions, else where no rule certainly matches."""
    action = facts.action
    person = facts.actor.startswith("human:")
    voices: list[Voice] = []
    if action == PROMOTE:
        from counterfoil.gate.merge_rules import asked

        for ident, reviews, people, why in asked(facts, merging, holds_for_merge):
            voices.append((ASK, ident, (reviews, *PLAIN[1:4], people), why))
    elif action == POLICY_CHANGE:
        voices.append((ASK, "default/policy", PLAIN, "a change of policy is decided by another person"))
    if certain:
        return voices
    if facts.remote:
        voices.append((ASK, "default/remote", PLAIN, "what comes from afar with a key asks"))
    if voices:
        return voices
    if person:
        return [(ALLOW, "default/people", PLAIN, "people are asked only where a rule says so")]
    if action == LOWER:
        return [
            (
                ASK,
                "default/lower",
                PLAIN,
                "an agent asks before it takes from a ticket, or gives it, what rules look at: urgency, a label, "
                "a wish for reviews",
            )
        ]
    if action not in FREE:
        return [(ASK, "default/agents", PLAIN, f"{action} is nothing that agents may do unasked")]
    if action in {MOVE, CREATE} and facts.state_to in {None, "done"} and facts.priority in {None, *URGENT}:
        return [(ASK, "default/urgent-done", PLAIN, "an agent asks before it finishes a p0 or p1 ticket")]
    return [(ALLOW, "default/free", PLAIN, "agents may do freely what Git can undo")]


# --- joining --------------------------------------------------------------------------------------


def _joined(voices: list[Voice], digest: str, facts: Facts, rights: Rights | None) -> Ruling:
    """Makes one ruling of all that has a say."""
    answer = ALLOW
    for voice in voices:
        if voice[0] == DENY:
            answer = DENY
            break
        if voice[0] == ASK:
            answer = ASK
    speaking = [voice for voice in voices if voice[0] == answer]
    reasons = tuple(dict.fromkeys([voice[3] or f"{voice[1]} says so" for voice in speaking]))
    if answer != ASK:
        return Ruling(answer, speaking[0][1], digest, reasons)
    merged = _merged([voice[2] for voice in speaking])
    if rights is not None:
        at = PRIORITIES.index(facts.priority) if facts.priority in PRIORITIES else -1
        merged = (*merged[:4], _both(merged[4], rights[at]))
    if merged[4] is not None and len(merged[4]) < merged[0]:
        reasons += (f"{merged[0]} have to approve, and only {len(merged[4])} may",)
    return Ruling(answer, speaking[0][1], digest, reasons, _as_demands(merged))


def _merged(demands: Iterable[Asked]) -> Asked:
    """Returns demands that meet all of the given ones."""
    quorum, require, expires_ms, separation, approvers = PLAIN[0], PLAIN[1], 0, PLAIN[3], PLAIN[4]
    for one in demands:
        quorum = max(quorum, one[0])
        require = max(require, one[1])
        expires_ms = min(expires_ms or one[2], one[2])
        separation = tuple(dict.fromkeys((*separation, *one[3])))
        approvers = _both(approvers, one[4])
    return quorum, require, expires_ms, separation, approvers


def _both(first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Returns who stands in both lists; None is everybody."""
    if first is None or second is None:
        return second if first is None else first
    return tuple([actor for actor in first if actor in second])


def _as_demands(asked: Asked) -> Demands:
    return Demands(asked[0], ASSURANCES[asked[1]], asked[2], asked[3], asked[4])


def _as_asked(demands: Demands) -> Asked:
    return (
        demands.quorum, ASSURANCES.index(demands.require), demands.expires_ms, demands.separation, demands.approvers,
    )  # fmt: skip


# --- conditions -----------------------------------------------------------------------------------


def simple(facts: Facts) -> Values:
    """Returns the facts that a condition finds in a list of its own, in the order of `NAMES`."""
    if facts.action in STAYING:
        return facts.remote, facts.risk, facts.priority, "", ""
    return facts.remote, facts.risk, facts.priority, facts.state_from, facts.state_to


def all_hold(conditions: Conditions, values: Values, facts: Facts, then: str) -> bool | None:
    """Tells whether conditions hold; None for perhaps.

    Args:
        conditions: those of one rule.
        values: the `simple` facts.
        facts: all of them.
        then: the rule's answer.
    """
    known: bool | None = True
    for kind, wanted in conditions:
        if kind < SIMPLE:
            value = values[kind]
            if value is None:
                known = None
            elif value not in wanted or (
                kind == PRIORITY and then == ALLOW and facts.milder not in (None, *wanted)
            ):
                return False
        else:
            holds = TESTS[kind - SIMPLE](wanted, facts, then)
            if holds is False:
                return False
            if holds is None:
                known = None
    return known


def holds_for_merge(
    conditions: Conditions, priority: str | None, labels: Sequence[str] | None
) -> bool | None:
    """Tells whether conditions of the merge policy hold for a ticket; None for perhaps."""
    told = Facts(PROMOTE, "", priority=priority, labels=labels)
    return all_hold(conditions, simple(told), told, ASK)


def covers(patterns: Patterns, text: str) -> bool:
    """Tells whether patterns match a text."""
    return (
        patterns is None or text in patterns[0] or text.startswith(patterns[1]) or is_like(patterns[2], text)
    )


def is_like(globs: Iterable[Glob], text: str) -> bool:
    """Tells whether any of some globs matches all of a text."""
    for glob in globs:
        first, last = glob[0], glob[-1]
        if len(glob) == 1:
            if text == first:
                return True
            continue
        end = len(text) - len(last)
        if end < len(first) or not text.startswith(first) or not text.endswith(last):
            continue
        at = len(first)
        for piece in glob[1:-1]:
            at = text.find(piece, at, end)
            if at < 0:
                break
            at += len(piece)
        else:
            return True
    return False


def is_path_like(glob: PathGlob, path: str) -> bool:
    """Tells whether a path matches; `**` stands for any number of segments, none included."""
    parts = path.split("/")
    at = part = 0
    star, mark = -1, 0
    while part < len(parts):
        segment = glob[at] if at < len(glob) else ()
        if segment is None:
            star, mark = at, part
            at += 1
        elif segment and is_like((segment,), parts[part]):
            at += 1
            part += 1
        elif star >= 0:  # let the last `**` take one segment more
            mark += 1
            at, part = star + 1, mark
        else:
            return False
    return all(segment is None for segment in glob[at:])


def names_lower(actions: Patterns) -> bool:
    """Tells whether a rule names `ticket.lower` in full: no `*` that allows means the loss of what rules look at."""
    return actions is not None and LOWER in actions[0]


def labels_for(facts: Facts, then: str) -> Sequence[str] | None:
    """Returns the labels by which a rule may answer: one that allows heeds none that the change brings or takes."""
    return facts.labels if then != ALLOW or facts.labels is None or facts.kept is None else facts.kept


def _labels_any(wanted: Any, facts: Facts, then: str) -> bool | None:
    labels = labels_for(facts, then)
    return None if labels is None else any(label.lower() in wanted for label in labels)


def _labels_all(wanted: Any, facts: Facts, then: str) -> bool | None:
    labels = labels_for(facts, then)
    return None if labels is None else {label.lower() for label in labels}.issuperset(wanted)


def _space(wanted: Any, facts: Facts, _then: str) -> bool | None:
    return None if facts.space is None else covers(wanted, facts.space)


def _paths(wanted: PathPatterns, facts: Facts, then: str) -> bool | None:
    """One file is enough for a rule that asks or denies; one that allows has to match them all."""
    paths = facts.paths
    if paths is None:
        return None
    exact, prefixes, suffixes, globs = wanted
    found = 0
    for path in paths:
        if (
            path in exact
            or (prefixes and path.startswith(prefixes))
            or (suffixes and path.endswith(suffixes))
            or (globs and any(is_path_like(glob, path) for glob in globs))
        ):
            found += 1
    return 0 < found == len(paths) if then == ALLOW else found > 0


def _rate(wanted: Any, facts: Facts, _then: str) -> bool | None:
    """Holds for the action that would be one too many."""
    window_ms, most = wanted
    count = facts.recent.get(window_ms)
    return None if count is None else count >= most


def _budget(wanted: Any, facts: Facts, _then: str) -> bool | None:
    spent = None if facts.spent is None else units(facts.spent)
    return None if spent is None else spent > wanted


DECIMALS = 9
_WHOLE_DIGITS = 15


def units(text: str) -> int | None:
    """Reads a decimal amount as billionths, rounded up; None for anything else."""
    whole, _, rest = text.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= _WHOLE_DIGITS) or text.endswith("."):
        return None
    if rest and not (rest.isascii() and rest.isdigit()):
        return None
    beyond = rest[DECIMALS:].strip("0")
    return int(whole + rest[:DECIMALS].ljust(DECIMALS, "0")) + (1 if beyond else 0)


NAMES = (
    "remote",
    "risk",
    "priority",
    "from",
    "to",
    "labels_any",
    "labels_all",
    "space",
    "paths",
    "rate",
    "budget",
)
"""The conditions by their key in the file."""
PRIORITY = 2
"""Which of them is about the priority."""
SIMPLE = 5
"""So many of them only look for a fact in a list."""
TESTS: tuple[Test, ...] = (_labels_any, _labels_all, _space, _paths, _rate, _budget)
