"""What coding agents read: the page of `prime`, the AGENTS.md section and the Agent Skill.

Claude Code gets its configuration too (`cli.claude_files`). The pages are made from the command's own table and numbers, and a test runs every command that
they show, so what an agent is told is what the program does.
"""

from __future__ import annotations

from counterfoil.cli import claude_files
from counterfoil.cli.manual import usage_line
from counterfoil.cli.table import VERBS
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import Context

AGENTS_FILE = "AGENTS.md"
SKILL_FILE = ".agents/skills/ticket/SKILL.md"
CLAUDE_FILES = (claude_files.SERVERS_FILE, claude_files.SETTINGS_FILE)
BEGIN = "<!-- ticket: begin (made by `ticket init --agents`) -->"
END = "<!-- ticket: end -->"
PRIME_BYTES = 2000
"""`prime` is read at the beginning of every session, so it has to be short."""

PRIME = """\
# ticket: how to work here
Tickets are files in .tickets/, one commit a change. Never edit them by hand;
use the command. Say who you are: export TICKET_ACTOR=agent:NAME
Always add --ci --json: one JSON object {{ok, data, warnings}} or {{ok:false,
error:{{code,message,details,hint}}}}. The hint is the next command.

    ticket next --ci --json          what to take up
    ticket claim ID --ci --json      take it (exit 10: somebody was faster)
    ticket show ID --ci              read it; --discussion: what was said
    ticket branch ID --ci            the branch to work on
    ticket comment ID TEXT --ci      say what you found
    ticket done ID --ci --json       finish it
    ticket release ID --ci           or give it back
    ticket move ID blocked --ci      or say that it waits
    ticket new "Title" -p p2 -l bug --body "..." --ci --json
    ticket search TEXT --ci --json   look before you file
    ticket why ID --ci               what stands in the way, and what helps
    ticket ready|list|log|diff       see `ticket VERB --help`

Policy may ask a person, as for `done` on p0 and p1: exit 9, needs_approval,
nothing has changed, error.details.proposal is P-... Then, as often as need be:
    ticket proposal wait P-... --ci --json
0 done, 9 no (read the reason), 10 pending or stale. You can never approve.
Ask for anything else: ticket propose ACTION --set KEY=VALUE --reason TEXT

States: backlog > ready > in_progress > done; blocked from any but done.
ID: the full id or {prefix}-XXXXXXXX, never a title.
Exit: 0 done, 2 usage, 4 not found, 5 ambiguous, 6 not allowed, 7 invalid,
9 refused, 10 conflict or claimed, 12 Git or disk. Retry only 10.
No secrets, no personal data in tickets. All is sealed under your name.
A claim lasts 2 h; every change of yours renews it.
Now: {counts}.
"""

SHOWN_VERBS = (
    "next",
    "claim",
    "show",
    "branch",
    "edit",
    "done",
    "release",
    "move",
    "new",
    "search",
    "comment",
    "propose",
    "why",
    "batch",
    "validate",
)


def prime(context: Context) -> str:
    """Returns the page, with this project's numbers; at most `PRIME_BYTES` of UTF-8."""
    counts: dict[str, int] = {}
    for row in Catalog.load(context).rows():
        counts[row[2]] = counts.get(row[2], 0) + 1
    states = ("ready", "in_progress", "blocked", "backlog")
    words = ", ".join([f"{counts.get(state, 0)} {state}" for state in states])
    return PRIME.format(prefix=context.config.id_prefix, counts=words)


def section() -> str:
    """Returns the section for AGENTS.md, between its two marks."""
    lines = [
        BEGIN,
        "## Tickets",
        "",
        "Work is tracked in `.tickets/` with the `ticket` command; the files are not edited by hand.",
        "Begin a session with `ticket prime`. Set `TICKET_ACTOR=agent:NAME`, add `--ci --json`.",
        "",
        "1. `ticket next --ci --json` names a ticket; `ticket claim ID --ci --json` takes it.",
        "2. Work on the branch that `ticket branch ID --ci` prints.",
        "3. `ticket done ID --ci --json` when the criteria are met, else `ticket release ID --ci`.",
        '4. New findings become tickets of their own: `ticket new "Title" --ci --json`.',
        "5. Exit status 9 with `needs_approval` changed nothing: a person decides. Type the hint and wait.",
        "",
        "A failed command says what to do next in `error.hint`. Exit status 10 means that somebody was faster.",
        END,
    ]
    return "\n".join(lines) + "\n"


def skill() -> str:
    """Returns the Agent Skill: front matter that says when to use it, and the verbs with their usage."""
    lines = [
        "---",
        "name: ticket",
        "description: Take up, update, file and finish work items of this repository with the `ticket` command."
        " Use it whenever work is planned, started, handed over or finished here.",
        "---",
        "",
        "# Working with tickets",
        "",
        "Run `ticket prime` first: it is short and current. Set `TICKET_ACTOR=agent:NAME` once, add `--ci --json`",
        "to every command, and follow `error.hint` when one fails.",
        "",
        "| what for | command |",
        "|---|---|",
    ]
    lines += [f"| {VERBS[verb][2]} | `{usage_line(verb)}` |" for verb in SHOWN_VERBS]
    lines += [
        "",
        "`ticket VERB --help` shows options and examples. Refer to tickets by full id or display id, never by title.",
        "Never put secrets or personal data into a ticket.",
    ]
    return "\n".join(lines) + "\n"


def files(context: Context) -> dict[str, bytes]:
    """Returns AGENTS.md with our section in it, whatever else it says, the skill, and Claude Code's files."""
    present = context.work.read(AGENTS_FILE)
    text = "" if present is None else present.decode("utf-8", "surrogateescape")
    wanted = {
        AGENTS_FILE: _with_section(text).encode("utf-8", "surrogateescape"),
        SKILL_FILE: skill().encode(),
    }
    for path in CLAUDE_FILES:
        made = claude_files.added(path, context.work.read(path))
        if made is None:
            message = f"{path} is not as Claude Code writes it, so nothing was added; docs/howto/claude-code.md has what"
            context.warn("file_not_merged", message, path=path)
        else:
            wanted[path] = made
    return wanted


def leave(context: Context) -> list[str]:
    """Takes our part out of Claude Code's files, without a commit; returns the files that it was in."""
    found = []
    for path in CLAUDE_FILES:
        rest = claude_files.removed(path, context.work.read(path))
        if rest is None:
            continue
        if rest:
            context.work.replace(path, rest)
        else:
            context.work.remove(path)
        found.append(path)
    return found


def _with_section(text: str) -> str:
    begin, end = text.find(BEGIN), text.find(END)
    if begin >= 0 and end > begin:
        after = text[end + len(END) :].removeprefix("\n")
        return text[:begin] + section() + after
    if not text:
        return "# Notes for agents\n\n" + section()
    return text.rstrip("\n") + "\n\n" + section()
