"""Help: the overview and a page for each verb, made from the table and the examples here."""

from __future__ import annotations

from textwrap import fill

from counterfoil.cli import gate_manual, ledger_manual, principal_manual, session_manual, table
from counterfoil.cli.arguments import entry, sub_verbs
from counterfoil.cli.table import COMMON, HIDDEN, VERBS, WRITING

WIDTH = 80
GROUPS = (table.EVERYDAY, table.FIND, table.SHARE, table.GATE, table.CHECK, table.RECEIPTS, table.SET_UP)

DETAILS: dict[str, str] = {
    **ledger_manual.DETAILS,
    **gate_manual.DETAILS,
    **principal_manual.DETAILS,
    **session_manual.DETAILS,
    "new": "The ticket starts in backlog with priority p2 unless told otherwise. The body comes\nfrom --body, a file, a template or .tickets/template.md.",
    "list": "Tickets are in the protocol's order: state, priority, id. For people `done` is left out;\n--json and --all show everything. Fields: id, short_id, display_id, title, state, priority,\nlabels, assignee, reviewer, path, created_at, updated_at.",
    "show": "Prints the file itself. --json adds every key of the front matter and the claim.",
    "move": "Allowed: backlog → ready → in_progress → done, in_progress → ready, anything but done →\nblocked, blocked → ready or in_progress. Moving to the present state changes nothing.",
    "edit": "Without options the ticket opens in $VISUAL or $EDITOR; a text that cannot be saved is\nkept and named. Labels: +x adds, -x removes, x,y replaces all.",
    "claim": "Takes the ticket for two hours, moves it from ready to in_progress and assigns it to you.\nOf many who try at once one gets it; the others learn who holds it (exit 10). Every\nchange by the holder renews the claim. A lapsed claim can be taken over.",
    "release": "Gives the claim back, unassigns you and makes the ticket ready again.",
    "ready": "State ready, nobody's claim, and every ticket that it waits for is done.",
    "search": "Upper and lower case are alike; titles and bodies are searched.",
    "batch": 'Each line is a JSON object with "op": new, move, start, done, assign, reviewer or edit.\nAll lines are carried out and become one commit, or none is. A new ticket may be named\nby "as" and referred to as "$name" by later lines. Keys:\n  new       title; state, priority, labels, assignee, reviewer, author, body,\n            template, blocks, blocked_by, as\n  move      id, state          start, done   id\n  assign    id, actor          reviewer      id, actor\n  edit      id; title, state, priority, labels, add_labels, remove_labels,\n            assignee, reviewer, body, blocks, blocked_by (add_/remove_ too)',
    "import": "Reads JSON lines of `ticket export`, the output of `gh issue list --json …`, or the\nfolder of another tool. There is no network access.",
    "undo": "Makes a new commit that restores what your last unpushed `ticket` commit changed.\nRefuses when the files changed since, or when the commit is pushed.",
    "sync": "Pulls with rebase (the merge drivers keep tickets and index whole), repairs the index,\npushes.",
    "validate": "Without an id: everything, as with --all. Tiers: integrity (can it be read), quality\n(the protocol's rules; SHOULDs as warnings), strict (SHOULDs are errors). Exit 7 on\nerrors.",
    "policy": "show prints the policy that counts, validate checks the file. explain ACTION [ID] says which rule\ndecides and why each other did not; ACTION is a name such as ticket.move, or done, start,\nmerge, new. A policy counts once a person has accepted it, as it stands on the base\nbranch: accept. That needs a terminal, or the signature of a key that is registered for you\n(ticket person). dry-run [FILE] says which answers of the past it would have changed.",
    "init": "Makes .tickets with config.yml, template.md and an empty index, registers the merge\ndrivers, and keeps whatever exists. --agents writes a section into AGENTS.md and an\nAgent Skill, made from the command as it is, and adds our MCP server and our hook to\nClaude Code's .mcp.json and .claude/settings.json.",
    "mcp": "Your client starts this; it speaks the Model Context Protocol on its standard input and\noutput until that is closed. The agent bears the name that the client gives itself,\nor that of --actor or TICKET_ACTOR; a person's name is never taken. No tool decides on\na proposal. `ticket init --agents` writes the configuration for Claude Code.",
    "serve": "Shows the repository around you, those that are named, or the space `default` of your\nown config.toml where there is neither. A repository that cannot be opened is named and\nstops no other. /api and /mcp speak for the first.",
    "install-hooks": "The hooks check staged and pushed ticket files, nothing else. An existing hook is kept and\nrun first. core.hooksPath is honoured.",
    "branch": "The pattern is linking.branch_pattern of config.yml.",
    "completion": 'bash: eval "$(ticket completion bash)"   zsh: the same with zsh\nfish: ticket completion fish | source',
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    **ledger_manual.EXAMPLES,
    **gate_manual.EXAMPLES,
    **principal_manual.EXAMPLES,
    **session_manual.EXAMPLES,
    "new": (
        'ticket new "Fix login"',
        'ticket new "Fix login" --priority p1 --label auth --label bug',
        'ticket new "Fix login" --body "Steps: open /login" --blocked-by TK-01ARZ3ND',
    ),
    "list": (
        "ticket list",
        "ticket list --state ready --label bug",
        "ticket list --format kanban",
        "ticket list --json",
    ),
    "show": ("ticket show TK-01ARZ3ND", "ticket show login --json"),
    "move": ("ticket move TK-01ARZ3ND ready",),
    "start": ("ticket start TK-01ARZ3ND", "ticket start TK-01ARZ3ND --claim"),
    "done": ("ticket done TK-01ARZ3ND",),
    "edit": (
        "ticket edit TK-01ARZ3ND",
        "ticket edit TK-01ARZ3ND --priority p0 --label +urgent --label -later",
    ),
    "assign": ("ticket assign TK-01ARZ3ND agent:claude", "ticket assign TK-01ARZ3ND none"),
    "reviewer": ("ticket reviewer TK-01ARZ3ND human:morgan",),
    "search": ('ticket search "session cookie"',),
    "ready": ("ticket ready", "ticket ready --label bug --limit 5", "ticket ready --stale"),
    "next": ("ticket next", "ticket next --json"),
    "claim": (
        "ticket claim TK-01ARZ3ND",
        "ticket claim TK-01ARZ3ND --for 30m",
        "ticket claim TK-01ARZ3ND --renew",
    ),
    "release": ("ticket release TK-01ARZ3ND",),
    "log": ("ticket log TK-01ARZ3ND",),
    "diff": ("ticket diff TK-01ARZ3ND", "ticket diff TK-01ARZ3ND HEAD~3"),
    "branch": ("ticket branch TK-01ARZ3ND --checkout",),
    "batch": ("""printf '%s\\n' '{"op":"new","title":"One"}' '{"op":"new","title":"Two"}' | ticket batch""",),
    "import": (
        "gh issue list --limit 500 --json number,title,body,state,labels,assignees,url | ticket import",
        "ticket import backup.jsonl --dry-run",
    ),
    "export": ("ticket export > tickets.jsonl", "ticket export --state done -o done.jsonl"),
    "undo": ("ticket undo --dry-run", "ticket undo"),
    "sync": ("ticket sync",),
    "validate": ("ticket validate", "ticket validate TK-01ARZ3ND", "ticket validate --all --tier strict"),
    "policy": (
        "ticket policy show",
        "ticket policy explain done TK-01ARZ3ND --actor agent:claude",
        "ticket policy dry-run",
        "ticket policy accept",
    ),
    "rebuild-index": ("ticket rebuild-index",),
    "doctor": ("ticket doctor", "ticket doctor --fix"),
    "init": ("ticket init", "ticket init --agents --hooks", "ticket init --prefix WEB"),
    "install-hooks": ("ticket install-hooks",),
    "uninstall": ("ticket uninstall",),
    "config": ("ticket config --origin", "ticket config actor"),
    "prime": ("ticket prime",),
    "mcp": ("ticket mcp", "ticket mcp --actor agent:nightly", "ticket mcp --permission-prompt"),
    "serve": ("ticket serve", "ticket serve ~/code/shop ~/code/api", "ticket serve --space team"),
    "completion": ("ticket completion bash",),
}

EXIT_STATUS = (
    "Exit status: 0 done, 1 our bug, 2 usage, 3 not initialised, 4 not found,\n"
    "5 ambiguous, 6 transition not allowed, 7 validation failed,\n"
    "8 not a Git repository, 9 refused, 10 conflict or claimed, 11 integrity,\n"
    "12 host (Git, disk, lock)."
)


def page(verb: str) -> str:
    """Returns the overview, or the page of one verb, of one word or of two."""
    if verb in table.GROUPED:
        return _group_page(verb)
    return _verb_page(verb) if verb else overview()


def overview() -> str:
    """Returns what `ticket --help` prints."""
    lines = [
        "Tickets as Markdown files in Git, for people and coding agents.",
        "",
        "Usage: ticket VERB [ARGUMENTS]",
    ]
    for group in GROUPS:
        lines += ["", f"{group}:"]
        lines += [f"  {verb:<15} {VERBS[verb][2]}" for verb in VERBS if VERBS[verb][1] == group]
    lines += [
        "",
        "Every verb takes --json (one object on one line), -q, --ci, --project, --help.",
        "Verbs that write also take --actor ACTOR and --no-commit.",
        "",
        'First steps: ticket init, ticket new "Title", ticket list. Agents: ticket prime.',
        "",
        EXIT_STATUS,
    ]
    return "\n".join(lines) + "\n"


def usage_line(verb: str) -> str:
    """Returns the verb with what it takes, as `ticket move ID STATE [OPTIONS]`."""
    words = [f"ticket {verb}"]
    shapes = {"1": "{}", "?": "[{}]", "*": "[{}]…", "+": "{}…"}
    words += [shapes[count].format(name.upper()) for name, count in entry(verb)[3]]
    return " ".join([*words, "[OPTIONS]"])


def _group_page(verb: str) -> str:
    summary = VERBS[verb][2]
    lines = [f"{summary[0].upper()}{summary[1:]}.", "", f"Usage: ticket {verb} VERB [ARGUMENTS]"]
    lines += ["", flowed(DETAILS[verb]), "", "Verbs:"]
    lines += [f"  {name:<19} {found[2]}" for name, found in sub_verbs(verb).items()]
    lines += ["", f"`ticket help {verb} VERB` shows options and examples of one.", "", "Examples:"]
    return "\n".join([*lines, *[f"  {example}" for example in EXAMPLES[verb]]]) + "\n"


def _verb_page(verb: str) -> str:
    _, _, summary, _, options = entry(verb)
    lines = [f"{summary[0].upper()}{summary[1:]}.", "", f"Usage: {usage_line(verb)}"]
    if verb in DETAILS:
        lines += ["", flowed(DETAILS[verb])]
    own = [option for option in options if option not in WRITING]
    for heading, listed in (
        ("Options", own),
        ("Options of verbs that write", [option for option in options if option in WRITING]),
        ("Options of every verb", list(COMMON)),
    ):
        if listed:
            lines += ["", f"{heading}:"]
            for names, metavar, repeats, text in listed:
                lines.append(_option_line(names, metavar, repeats, text))
    if verb in EXAMPLES:
        lines += ["", "Examples:", *[f"  {example}" for example in EXAMPLES[verb]]]
    return "\n".join(lines) + "\n"


def _option_line(names: tuple[str, ...], metavar: str, repeats: bool, text: str) -> str:
    spelled = ", ".join(names) + (f" {metavar}" if metavar else "") + ("…" if repeats else "")
    gap = "\n" + " " * 28 if len(spelled) > 24 else " " * (26 - len(spelled))
    told = fill(text, WIDTH, initial_indent=" " * 28, subsequent_indent=" " * 28, break_on_hyphens=False)
    return f"  {spelled}{gap}{told.lstrip()}"


def flowed(text: str) -> str:
    """Returns a text with its paragraphs as wide as a terminal; lines that are indented stay as they are."""
    lines: list[str] = []
    paragraph: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line and not line.startswith(" "):
            paragraph.append(line)
            continue
        if paragraph:
            lines.append(fill(" ".join(paragraph), WIDTH, break_long_words=False, break_on_hyphens=False))
            paragraph = []
        lines.append(line)
    return "\n".join(lines[:-1])


def visible_verbs() -> list[str]:
    """Returns the verbs that people and agents use, in the table's order, those of two words too."""
    shown = [verb for verb in VERBS if VERBS[verb][1] != HIDDEN]
    return [name for verb in shown for name in (verb, *sub_verbs(verb))]
