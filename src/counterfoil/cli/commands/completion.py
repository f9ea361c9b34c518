"""`ticket completion SHELL`, and the words that the shells ask for, live ids and titles included.

The shells get a few lines that call `ticket __complete`; what can stand where is read from the table, so a
new verb or option needs no new script. A word goes into the person's command line unquoted, so what a
repository says is offered only where it has the protocol's own plain form.
"""

from __future__ import annotations

from counterfoil.cli.arguments import entry, named_verb, sub_verbs, usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.cli.table import COMMON, GROUPED, VERBS
from counterfoil.errors import CounterfoilError
from counterfoil.kernel.actor import canonical, is_slug
from counterfoil.tickets.workflow import PRIORITIES, STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.tickets.model import Row

BASH = """\
_ticket() {
    local line words=()
    while IFS= read -r line; do words+=("${line%%$'\\t'*}"); done < <(
        ticket __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    COMPREPLY=("${words[@]}")
}
complete -o default -F _ticket ticket
"""
ZSH = """\
#compdef ticket
_ticket() {
    local line
    local -a found
    while IFS= read -r line; do
        found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done < <(ticket __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( $#found )) && _describe -V ticket found || _files
}
if [ "$funcstack[1]" = "_ticket" ]; then _ticket "$@"; else compdef _ticket ticket; fi
"""
FISH = """\
complete -c ticket -f -a '(ticket __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
TITLES_SHOWN = 200
VALUES = {
    "ROLE": ("viewer", "member", "approver", "admin"),
    "STATE": STATES,
    "P": PRIORITIES,
    "FORMAT": ("table", "kanban"),
    "TIER": ("integrity", "quality", "strict"),
    "KIND": ("jsonl", "github", "tk", "beads", "backlog"),
    "DURATION": ("30m", "2h", "1d"),
    "ARTIFACT": ("link", "file", "note", "manifest", "test-result"),
    "STATUS": (
        "pending", "approved", "applying", "applied", "failed", "rejected", "withdrawn", "expired", "superseded", "stale",
    ),
}  # fmt: skip
POSITIONALS = {
    ("why", "action"): ("done", "start", "claim", "move", "assign", "reviewer", "release", "comment"),
    ("completion", "shell"): tuple(SCRIPTS),
    ("policy", "action"): ("show", "validate", "explain", "accept", "dry-run"),
}


def run(call: Call) -> Reply:
    """Prints a shell's script, or answers it."""
    if call.arguments.verb == "completion":
        shell = call.arguments.required("shell")
        if shell not in SCRIPTS:
            raise usage(
                f"there is no completion for {shell!r}", "completion", value=shell, allowed=list(SCRIPTS)
            )
        return Reply({"shell": shell, "script": SCRIPTS[shell]}, SCRIPTS[shell])
    try:
        found = suggestions(call, call.arguments.many("word"))
    except CounterfoilError:
        found = []
    lines = [f"{word}\t{visible(text)}" for word, text in found if visible(word) == word]
    return Reply({"words": [word for word, _ in found]}, "\n".join(lines))


def suggestions(call: Call, words: list[str]) -> list[tuple[str, str]]:
    """Returns what the last of `words` may become, each with a short explanation."""
    *before, current = words or [""]
    if not before:
        return _starting(current, [(verb, found[2]) for verb, found in VERBS.items() if found[1]])
    verb = before[0]
    if verb not in VERBS:
        return []
    if verb in GROUPED:
        if len(before) == 1 and not current.startswith("-"):
            return _starting(current, _second_words(verb))
        verb, before = named_verb(before), [before[0], *before[2:]]
        if verb in GROUPED and not current.startswith("-"):
            return []
    options = (*entry(verb)[4], *COMMON)
    previous = before[-1]
    for names, metavar, _, _ in options:
        if metavar and previous in names:
            return _starting(current, _values(call, metavar))
    if current.startswith("-"):
        return _starting(current, [(names[-1], text) for names, _, _, text in options])
    valued = {name for names, metavar, _, _ in options if metavar for name in names}
    plain = [
        word
        for at, word in enumerate(before[1:], 1)
        if not word.startswith("-") and before[at - 1] not in valued
    ]
    positionals = entry(verb)[3]
    if not positionals:
        return []
    name, count = positionals[min(len(plain), len(positionals) - 1)]
    if len(plain) >= len(positionals) and count not in {"*", "+"}:
        return []
    return _starting(current, _positional(call, verb, name, plain))


def _positional(call: Call, verb: str, name: str, plain: list[str]) -> list[tuple[str, str]]:
    if (verb, name) in POSITIONALS:
        return [(word, "") for word in POSITIONALS[verb, name]]
    if name == "state":
        return [(state, "") for state in _next_states(call, plain)]
    if name == "id" or (verb, name) == ("policy", "argument"):
        return _ids(call, verb)
    if name in {"assignee", "reviewer"}:
        return _values(call, "ACTOR")
    if name == "verb" and not plain:
        return [(word, found[2]) for word, found in VERBS.items() if found[1]]
    if name == "verb" and plain[0] in GROUPED and len(plain) == 1:
        return _second_words(plain[0])
    if name == "stream":
        return _ids(call, "show")
    if name == "proposal":
        return _proposals(call, verb)
    if (verb, name) == ("session revoke", "name"):
        from counterfoil.cli.commands.session import names

        return names(call)
    if name == "action" and verb in {"propose", "actions"}:
        return _values(call, "ACTION")
    return []


def _proposals(call: Call, verb: str) -> list[tuple[str, str]]:
    """Returns proposals that the verb can do something with; decided ones only where that makes sense."""
    from counterfoil.cli.proposal_words import headline
    from counterfoil.cli.seen import all_seen, with_views
    from counterfoil.gate.proposal import PENDING
    from counterfoil.usecases.proposal_headline import short
    from counterfoil.usecases.proposals import listing

    with with_views(call.context()) as ledger:
        if ledger is None:
            return []
        found = [each.proposal for each in listing(*ledger, open_only=verb != "proposal show")][:TITLES_SHOWN]
        seen = [
            each
            for each in all_seen(call.context(), found)
            if verb == "proposal show" or each.status == PENDING
        ]
    return [(short(each.proposal.id), f"{each.status} {headline(each)}"[:72]) for each in seen]


def _second_words(verb: str) -> list[tuple[str, str]]:
    return [(name.partition(" ")[2], found[2]) for name, found in sub_verbs(verb).items()]


def _next_states(call: Call, plain: list[str]) -> tuple[str, ...]:
    from counterfoil.tickets.workflow import allowed
    from counterfoil.usecases.resolve import find_name

    row = _catalog_row(call, find_name(call.context(), plain[0])) if plain else None
    return allowed(row[2]) if row is not None else STATES


def _catalog_row(call: Call, name: str) -> Row | None:
    from counterfoil.usecases.catalog import Catalog

    return Catalog.load(call.context()).row(name)


def _rows(call: Call) -> Iterable[Row]:
    from counterfoil.tickets.query import order
    from counterfoil.usecases.catalog import Catalog

    return order(Catalog.load(call.context()).rows())


def _ids(call: Call, verb: str) -> list[tuple[str, str]]:
    """Returns tickets that the verb can do something with; done ones only where that makes sense."""
    prefix = call.context().config.id_prefix
    wanted = {
        "start": ("ready", "blocked"),
        "done": ("in_progress",),
        "claim": ("ready", "in_progress"),
        "release": ("in_progress",),
    }.get(verb)
    reading = verb in {"show", "log", "diff", "validate"}
    return [
        (f"{prefix}-{row[0][:8]}", f"{row[2]} {row[1]}"[:72])
        for row in _rows(call)
        if (row[2] in wanted if wanted else reading or row[2] != "done")
    ]


def _values(call: Call, metavar: str) -> list[tuple[str, str]]:
    if metavar in VALUES:
        return [(value, "") for value in VALUES[metavar]]
    if metavar == "ID":
        return _ids(call, "show")
    if metavar == "PROPOSAL":
        return _proposals(call, "propose")
    if metavar == "ACTION":
        from counterfoil.usecases.actions.registry import all_actions

        found = all_actions(call.context())
        return [(name, action.summary) for name, action in sorted(found.items())]
    if metavar == "ACTOR":
        actors = {actor for row in _rows(call) for actor in (row[5], row[6]) if actor and canonical(actor)}
        return [(actor, "") for actor in sorted(actors)] + [("none", "nobody")]
    if metavar == "LABEL":
        return [
            (label, "")
            for label in sorted({label for row in _rows(call) for label in row[4] if is_slug(label)})
        ]
    if metavar == "SPACE":
        from counterfoil.bootstrap import read_settings_file
        from counterfoil.usecases import space_settings

        spaces = space_settings.names(read_settings_file(call.environ))
        return [(name, "") for name in spaces if is_slug(name)]
    if metavar == "NAME":
        names = call.context().work.names(".tickets/templates")
        return [(name[:-3], "") for name in sorted(names) if name.endswith(".md") and _is_plain(name[:-3])]
    return []


def _is_plain(name: str) -> bool:
    """Tells whether a template's name says nothing to a shell: a slug, in whatever case."""
    return is_slug(name.lower()) and name.isascii()


def _starting(current: str, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Keeps what begins with the word so far, or, for a ticket, whose title holds it."""
    begun = current.lower()
    kept = [item for item in found if item[0].lower().startswith(begun)]
    if not kept and len(begun) >= 3:
        kept = [item for item in found if begun in item[1].lower()]
    return kept[:TITLES_SHOWN]
