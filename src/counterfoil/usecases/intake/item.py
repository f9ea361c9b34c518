"""A ticket of another tool on its way in: what all layouts have in common, and how it is spelled here.

Readers turn a tool's own layout into items; nothing here knows which tool it was. Spelling is
forgiving, because nobody can correct ten thousand foreign tickets first: a label becomes a slug, a
priority is recognised by name, and what has no place in our front matter is written into the body
under `## Imported`, where people and searches find it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from counterfoil.kernel import actor as actors
from counterfoil.tickets.values import TITLE_CHARACTERS

HEADING = "## Imported"
COMMENTS_HEADING = "### Comments"
DEFAULT_PRIORITY = "p2"

_PRIORITY_WORDS = {
    "p0": "p0", "0": "p0", "critical": "p0", "urgent": "p0", "highest": "p0", "blocker": "p0",
    "p1": "p1", "1": "p1", "high": "p1",
    "p2": "p2", "2": "p2", "medium": "p2", "normal": "p2", "moderate": "p2",
    "p3": "p3", "3": "p3", "low": "p3", "minor": "p3",
}  # fmt: skip
_BELOW_P3 = frozenset(("p4", "4", "lowest", "trivial", "backlog"))
_PRIORITY_PREFIXES = ("priority-", "prio-", "pri-")


class Item:
    """One foreign ticket.

    Attributes:
        where: its place in the input, for reports: a line, an item or a file.
        kind: the tool it comes from, as `x_ticket.source.kind`.
        key: what it is called there; relations between items go by it.
        title: as it stands there.
        state, priority: ours.
        labels: our slugs.
        assignee, author: our actors, or None.
        body: Markdown with LF line ends.
        blocked_by: keys of items that it waits for.
        facts: what has no place in our front matter, in words: (name, value).
        comments: (who, when, text).
    """

    def __init__(self, where: str, kind: str, key: str, title: str) -> None:
        self.where = where
        self.kind = kind
        self.key = key
        self.title = one_line(title)
        self.state = "backlog"
        self.priority = DEFAULT_PRIORITY
        self.labels: list[str] = []
        self.assignee: str | None = None
        self.author: str | None = None
        self.body = ""
        self.blocked_by: list[str] = []
        self.facts: list[tuple[str, str]] = []
        self.comments: list[tuple[str, str, str]] = []

    def note(self, name: str, value: object) -> None:
        """Keeps something that has no place in our front matter; nothing is not kept."""
        text = one_line(
            ", ".join([str(part) for part in value]) if isinstance(value, list) else str(value or "")
        )
        if text:
            self.facts.append((one_line(name), text))

    def label(self, name: str) -> None:
        """Takes a label over as a slug; one that has no Latin letter or digit is kept in words."""
        slug = slugged(name)
        if slug and slug not in self.labels:
            self.labels.append(slug)
        elif not slug:
            self.note("label", name)

    def prioritise(self, word: str) -> bool:
        """Takes a priority over and tells whether the word was one; below p3 there is nothing."""
        slug = slugged(word) or ""
        if slug in _BELOW_P3:
            self.priority = "p3"
            self.note("priority", word)
            return True
        known = _PRIORITY_WORDS.get(slug)
        self.priority = known or self.priority
        return known is not None

    def assign(self, names: Sequence[str]) -> None:
        """Takes the first name over as the assignee, and keeps further ones in words."""
        found = [(name, actor_called(name)) for name in names if name.strip()]
        usable = [actor for _, actor in found if actor]
        self.assignee = usable[0] if usable else None
        rest = [name for name, actor in found if actor is None or actor != self.assignee]
        self.note("also assigned", rest)

    def markdown(self) -> str:
        """Returns the body with everything else that was kept under a heading of its own."""
        if not self.facts and not self.comments:
            return self.body
        parts = [self.body.rstrip("\n") + "\n"] if self.body.strip() else []
        parts.append("\n".join([HEADING, "", *[f"- {name}: {value}" for name, value in self.facts], ""]))
        if self.comments:
            parts.append(COMMENTS_HEADING + "\n")
        for who, when, text in self.comments:
            head = ", ".join(
                [part for part in (f"**{one_line(who) or 'somebody'}**", one_line(when)) if part]
            )
            quoted = [f"> {line}".rstrip() for line in text.replace("\r\n", "\n").strip("\n").split("\n")]
            parts.append("\n".join([head + ":", "", *quoted, ""]))
        return "\n".join(parts)


class Skip:
    """Something in the input that becomes no ticket.

    Attributes:
        where: its place in the input.
        reason: stable word (`already_imported`, `identical`, `deleted`, `unreadable`, …).
        message: one sentence.
    """

    def __init__(self, where: str, reason: str, message: str) -> None:
        self.where = where
        self.reason = reason
        self.message = message

    def as_data(self) -> Mapping[str, str]:
        """Returns it as a JSON object."""
        return {"where": self.where, "reason": self.reason, "message": self.message}


def one_line(text: str) -> str:
    """Returns a text on one line: white space is one space, what cannot be seen goes."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    kept = "".join([char if char.isprintable() or char.isspace() else "" for char in text])
    return " ".join(kept.split())


def short_title(text: str) -> str:
    """Returns a title that is not longer than a title may be."""
    return text if len(text) <= TITLE_CHARACTERS else text[: TITLE_CHARACTERS - 1].rstrip() + "…"


def slugged(text: str) -> str | None:
    """Returns a label's slug, `Good First Issue` → `good-first-issue`; None when nothing remains."""
    lower = text.strip().lower()
    return lower if actors.is_slug(lower) else actors.slug_from_name(text) or None


def priority_word(label: str) -> str | None:
    """Returns what a label says about priority (`P1`, `priority: high`, `prio/2`), or None."""
    slug = slugged(label) or ""
    for prefix in _PRIORITY_PREFIXES:
        word = slug.removeprefix(prefix)
        if word != slug:
            return word if word in _PRIORITY_WORDS or word in _BELOW_P3 else None
    return slug if len(slug) == 2 and slug[0] == "p" and slug[1] in "01234" else None


def actor_called(name: str) -> str | None:
    """Returns the actor that a foreign name means, or None when nothing of it can be written.

    `human:…` and `agent:…` stay, a GitHub App (`…[bot]`) is an agent, of an address the part in
    front of the `@` counts, everybody else is human.
    """
    text = name.strip().lstrip("@").strip()
    known = actors.canonical(text)
    if known:
        return known
    kind = "agent" if text.endswith("[bot]") else "human"
    text = text.removesuffix("[bot]").partition("@")[0]
    slug = slugged(text)
    return f"{kind}:{slug}" if slug else None
