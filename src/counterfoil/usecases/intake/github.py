"""Issues as `gh issue list --json …` prints them, one array or one object a line.

Works with any choice of fields that has `number` and `title`; the more useful ones are `body,
state, stateReason, labels, assignees, author, milestone, createdAt, closedAt, comments, url`. An
issue is known again by its address, `owner/repo#12`. Open issues go to `backlog`, because nobody
has said yet that they are ready; closed ones are done. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterfoil.usecases.intake.fields import number, objects, text, texts
from counterfoil.usecases.intake.item import Item, Skip, actor_called, priority_word
from counterfoil.usecases.intake.strictjson import Object

KIND = "github"
FIELDS = (
    "number,title,body,state,stateReason,labels,assignees,author,milestone,createdAt,closedAt,comments,url"
)
"""What to ask `gh` for."""
_HOST = "github.com/"


def is_issue(data: Object) -> bool:
    """Tells whether an object looks like an issue of GitHub's."""
    return "number" in data and "title" in data


def read(found: Iterable[tuple[str, Object]]) -> Iterator[Item | Skip]:
    """Turns issues into items.

    Args:
        found: objects with their places in the input.
    """
    for where, data in found:
        issue_number = number(data, "number")
        if issue_number is None or not text(data, "title").strip():
            yield Skip(where, "unreadable", "an issue needs number and title")
        elif "pull_request" in data or "/pull/" in text(data, "url"):
            yield Skip(where, "pull_request", f"#{issue_number} is a pull request")
        else:
            yield _item(where, data, issue_number)


def _item(where: str, data: Object, issue_number: int) -> Item:
    item = Item(where, KIND, _key(data, issue_number), text(data, "title"))
    item.state = "done" if text(data, "state").lower() == "closed" else "backlog"
    item.body = text(data, "body").replace("\r\n", "\n")
    for label in _names(data, "labels", "name"):
        word = priority_word(label)
        if word is None or not item.prioritise(word):
            item.label(label)
    item.assign(_names(data, "assignees", "login"))
    author = _names({"author": [data.get("author") or data.get("user")]}, "author", "login")
    item.author = actor_called(author[0]) if author else None
    item.note("created", text(data, "createdAt") or text(data, "created_at"))
    item.note("closed", text(data, "closedAt") or text(data, "closed_at"))
    reason = (text(data, "stateReason") or text(data, "state_reason")).lower().replace("_", " ")
    item.note("closed as", "" if reason in {"completed", "reopened"} else reason)
    item.note("milestone", _names({"milestone": [data.get("milestone")]}, "milestone", "title"))
    item.note("address", text(data, "html_url") or text(data, "url"))
    for comment in objects(data, "comments"):
        who = _names({"author": [comment.get("author")]}, "author", "login")
        item.comments.append((who[0] if who else "", text(comment, "createdAt"), text(comment, "body")))
    return item


def _key(data: Object, issue_number: int) -> str:
    """Returns `owner/repo#12`, with the host in front unless it is github.com; `#12` without an address."""
    address = (text(data, "html_url") or text(data, "url")).partition("://")[2]
    repository, slash, _ = address.partition("/issues/")
    return f"{repository.removeprefix(_HOST) if slash else ''}#{issue_number}"


def _names(data: Object, key: str, inner: str) -> list[str]:
    """Returns names from a list that holds them as texts or as objects."""
    return texts(data, key) + [name for entry in objects(data, key) if (name := text(entry, inner))]
