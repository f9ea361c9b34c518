"""Every verb as plain data: what it takes, what it says of itself, where its code lies.

The parser, `--help`, completion, the reference pages and the Agent Skill are all made from this
table, so they cannot disagree. On the hot path: constants only. The verbs of two words, `ledger verify` and its like,
stand in `cli.ledger_table` and `cli.gate_table`.

A verb is `(module, group, summary, positionals, options)`. A positional is `(name, count)` with
count `1`, `?`, `*` or `+`. An option is `(names, metavar, repeats, help)`; without a metavar it is a flag,
and its value is stored under its last name with `-` turned to `_`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Option: TypeAlias = tuple[tuple[str, ...], str, bool, str]
    Verb: TypeAlias = tuple[str, str, str, tuple[tuple[str, str], ...], tuple[Option, ...]]

EVERYDAY = "Everyday"
FIND = "Find and read"
SHARE = "Work side by side"
GATE = "Ask and decide"
CHECK = "Check and repair"
RECEIPTS = "Receipts"
SET_UP = "Set up"
HIDDEN = ""

GROUPED = ("ledger", "proposal", "agent", "person", "source", "session")
"""Verbs that a second word follows, which is a verb of its own."""

HELP: Option = (("-h", "--help"), "", False, "show this help")
COMMON: tuple[Option, ...] = (
    (("--json",), "", False, "one JSON object on one line"),
    (("-q", "--quiet"), "", False, "no words, only data"),
    (("--ci",), "", False, "never guess, never prompt, never open an editor"),
    (("--project",), "PATH", False, "the folder that holds .tickets"),
    (("--data-dir",), "PATH", False, "where state of the clone is kept"),
    (("--debug",), "", False, "log every program that runs to standard error"),
    HELP,
)
ACTOR: Option = (("--actor",), "ACTOR", False, "who acts: human:NAME or agent:NAME")
WRITING: tuple[Option, ...] = (
    ACTOR,
    (("--no-commit",), "", False, "change the files, commit nothing"),
    (("--fence",), "N", False, "the number of the claim under which you write"),
)

_FIELDS: tuple[Option, ...] = (
    (("-p", "--priority"), "P", False, "p0, p1, p2 or p3"),
    (("-l", "--label"), "LABEL", True, "a label; may be repeated"),
    (("--assignee",), "ACTOR", False, "who does the work"),
    (("--reviewer",), "ACTOR", False, "who reviews it"),
)
_FILTERS: tuple[Option, ...] = (
    (("-s", "--state"), "STATE", True, "only tickets in this state; may be repeated"),
    (("-p", "--priority"), "P", True, "only this priority; may be repeated"),
    (("-l", "--label"), "LABEL", True, "only with this label; may be repeated"),
    (("--assignee",), "ACTOR", False, "only assigned to ACTOR, or `none`"),
    (("--reviewer",), "ACTOR", False, "only with this reviewer, or `none`"),
)
LIMIT: Option = (("-n", "--limit"), "N", False, "show at most N")
_BODY: tuple[Option, ...] = (
    (("-b", "--body"), "TEXT", False, "the Markdown body; `-` reads standard input"),
    (("-F", "--body-file"), "FILE", False, "take the body from a file; `-` is standard input"),
)
_RELATIONS: tuple[Option, ...] = (
    (("--blocks",), "ID", True, "a ticket that has to wait for this one"),
    (("--blocked-by",), "ID", True, "a ticket that this one has to wait for"),
)
_LEASE: Option = (("--for",), "DURATION", False, "how long the claim holds: 30m, 2h (default), 1d")
_DISCUSSION: tuple[Option, ...] = (
    (("--key",), "KEY", False, "say it twice and it is still said once"),
    (("--redact",), "", False, "mask what looks like a secret instead of refusing it"),
    ACTOR,
)
_AT: Option = (("--at",), "N", False, "only receipts 0 to N of the stream")

VERBS: dict[str, Verb] = {
    "new": (
        "new", EVERYDAY, "create a ticket", (("title", "1"), ("-", "?")),
        ((("-s", "--state"), "STATE", False, "where it starts (default: backlog)"), *_FIELDS, *_BODY,
         (("-t", "--template"), "NAME", False, "start from .tickets/templates/NAME.md"),
         (("--author",), "ACTOR", False, "who asked for it, if not you"), *_RELATIONS, *WRITING),
    ),
    "list": (
        "list", EVERYDAY, "list tickets; done ones only with --all", (),
        (*_FILTERS, (("--text",), "TEXT", False, "only titles that contain TEXT"),
         (("--format",), "FORMAT", False, "table (default) or kanban"),
         (("--fields",), "NAMES", False, "columns, such as id,title,created_at"), LIMIT,
         (("-a", "--all"), "", False, "done tickets too"),
         (("--dates",), "", False, "created and updated, from Git")),
    ),
    "show": (
        "show", EVERYDAY, "show one ticket as it is in its file", (("id", "1"),),
        ((("--dates",), "", False, "created and updated, from Git"),
         (("--discussion",), "", False, "comments, positions, artifacts and proposals instead")),
    ),
    "move": ("move", EVERYDAY, "move a ticket to another state", (("id", "1"), ("state", "1")), WRITING),
    "start": (
        "move", EVERYDAY, "move a ticket to in_progress", (("id", "1"),),
        ((("--claim",), "", False, "take the claim as well"), _LEASE, *WRITING),
    ),
    "done": ("move", EVERYDAY, "move a ticket to done", (("id", "1"),), WRITING),
    "edit": (
        "edit", EVERYDAY, "edit a ticket in $EDITOR, or fields by option", (("id", "1"),),
        ((("--title",), "TEXT", False, "another title"), (("-s", "--state"), "STATE", False, "another state"),
         (("-p", "--priority"), "P", False, "another priority"),
         (("-l", "--label"), "LABEL", True, "+x adds, -x removes, x,y replaces all"),
         (("--assignee",), "ACTOR", False, "who does the work, or `none`"),
         (("--reviewer",), "ACTOR", False, "who reviews it, or `none`"), *_BODY,
         (("--append",), "TEXT", False, "add to the end of the body; `-` reads standard input"),
         (("--blocks",), "ID", True, "+ID adds (or just ID), -ID removes"),
         (("--blocked-by",), "ID", True, "+ID adds (or just ID), -ID removes"), *WRITING),
    ),
    "assign": ("assign", EVERYDAY, "set the assignee, or `none`", (("id", "1"), ("assignee", "1")), WRITING),
    "reviewer": ("assign", EVERYDAY, "set the reviewer, or `none`", (("id", "1"), ("reviewer", "1")), WRITING),
    "search": ("search", FIND, "find text in titles and bodies", (("text", "1"),), (*_FILTERS, LIMIT)),
    "ready": (
        "ready", FIND, "list what can be worked on now", (),
        (LIMIT, (("-l", "--label"), "LABEL", True, "only with this label; may be repeated"),
         (("--assignee",), "ACTOR", False, "only assigned to ACTOR, or `none`"),
         (("--stale",), "", False, "list lapsed claims instead")),
    ),
    "next": (
        "ready", FIND, "name the one ticket to take up next", (),
        ((("-l", "--label"), "LABEL", True, "only with this label; may be repeated"),
         (("--assignee",), "ACTOR", False, "only assigned to ACTOR, or `none`")),
    ),
    "log": ("log", FIND, "the history of a ticket, newest first", (("id", "1"),), (LIMIT,)),
    "diff": ("diff", FIND, "what changed in a ticket since a revision", (("id", "1"), ("rev", "?")), ()),
    "branch": (
        "branch", FIND, "print the branch name of a ticket", (("id", "1"),),
        ((("--checkout",), "", False, "make the branch if need be and switch to it"),
         (("--pr-title",), "", False, "print the title of the pull request instead")),
    ),
    "claim": (
        "claim", SHARE, "take a ready ticket for yourself; one wins", (("id", "1"),),
        (_LEASE, (("--renew",), "", False, "prolong your own claim"), *WRITING),
    ),
    "release": ("claim", SHARE, "give a claim back; the ticket becomes ready", (("id", "1"),), WRITING),
    "batch": (
        "batch", SHARE, "many changes from JSON lines, one commit", (("file", "?"),),
        ((("--dry-run",), "", False, "check everything, change nothing"), *WRITING),
    ),
    "import": (
        "importing", SHARE, "tickets from JSON lines, GitHub or another tool", (("source", "?"),),
        ((("--from",), "KIND", False, "jsonl, github, tk, beads or backlog (default: by content)"),
         (("--dry-run",), "", False, "check everything, change nothing"),
         (("--redact",), "", False, "mask what looks like a secret instead of refusing it"), *WRITING),
    ),
    "export": (
        "export", SHARE, "tickets as JSON lines", (),
        (*_FILTERS, (("-o", "--output"), "FILE", False, "write to a file")),
    ),
    "undo": (
        "undo", SHARE, "take back your last change that is not pushed", (),
        ((("--dry-run",), "", False, "say what would be undone"), *WRITING),
    ),
    "sync": (
        "sync", SHARE, "pull with rebase, repair the index, push", (),
        ((("--no-push",), "", False, "pull only"), *WRITING),
    ),
    "propose": (
        "propose", GATE, "ask for an action; policy or a person answers", (("action", "1"),),
        ((("-F", "--payload"), "FILE", False, "the payload, a JSON object; `-` is standard input"),
         (("--set",), "KEY=VALUE", True, "one field of the payload; may be repeated"),
         (("--reason",), "TEXT", False, "why; whoever decides reads it"),
         (("--key",), "KEY", False, "say it twice and it is still one proposal"),
         (("--supersedes",), "PROPOSAL", False, "your earlier proposal, which this one replaces"),
         (("--expires",), "DURATION", False, "no answer within 30m, 2h or 3d means no"),
         (("--redact",), "", False, "mask what looks like a secret instead of refusing it"),
         (("--wait",), "", False, "wait for the answer"),
         (("--timeout",), "SECONDS", False, "with --wait: how long (default: 60)"), *WRITING),
    ),
    "actions": ("actions", GATE, "what can be proposed, and the form of each payload", (("action", "?"),), ()),
    "inbox": (
        "inbox", GATE, "what waits for your decision, the riskiest first", (),
        (LIMIT, (("-a", "--all"), "", False, "what waits for others as well"), ACTOR),
    ),
    "approve": (
        "decide", GATE, "approve a proposal as it was shown", (("proposal", "+"),),
        ((("--digest",), "DIGEST", False, "the digest that you were shown, or how it begins"),
         (("--note",), "TEXT", False, "what else there is to say; sealed"),
         (("-y", "--yes"), "", False, "do not ask; you have read it"),
         (("--sign",), "", False, "sign with your SSH key, or fail"),
         (("--no-sign",), "", False, "do not sign though a key is there"),
         (("--edit",), "", False, "edit the payload first, as a proposal of your own"), *WRITING),
    ),
    "reject": (
        "decide", GATE, "reject a proposal, with the reason", (("proposal", "+"),),
        ((("--note",), "TEXT", False, "why not; whoever asked reads it"),
         (("--digest",), "DIGEST", False, "the digest that you were shown, or how it begins"),
         (("--sign",), "", False, "sign with your SSH key, or fail"),
         (("--no-sign",), "", False, "do not sign though a key is there"), ACTOR),
    ),
    "proposal": ("proposals", GATE, "list, show, wait for or withdraw proposals", (("verb", "?"),), ()),
    "agent": ("agent", GATE, "agents that may ask: add, rotate, revoke, …", (("verb", "?"),), ()),
    "person": ("person", GATE, "people and their SSH keys: add, revoke, …", (("verb", "?"),), ()),
    "source": ("source", GATE, "senders of webhooks: add, rotate, revoke, …", (("verb", "?"),), ()),
    "session": ("session", GATE, "browsers that are signed in: link, list, revoke", (("verb", "?"),), ()),
    "comment": (
        "discuss", GATE, "say something about a ticket; the file stays as it is", (("id", "1"), ("text", "?")),
        ((("-F", "--file"), "FILE", False, "take the text from a file; `-` is standard input"), *_DISCUSSION),
    ),
    "respond": (
        "discuss", GATE, "take a position on a ticket", (("id", "1"), ("text", "?")),
        ((("--agree",), "", False, "you agree"), (("--disagree",), "", False, "you do not, and TEXT says why"),
         (("--propose",), "", False, "TEXT says what you would do instead"),
         (("-F", "--file"), "FILE", False, "take the text from a file; `-` is standard input"), *_DISCUSSION),
    ),
    "attach": (
        "discuss", GATE, "attach a file, a link or a note to a ticket", (("id", "1"), ("what", "1")),
        ((("--kind",), "ARTIFACT", False, "link, file, note, manifest or test-result (default: by WHAT)"),
         (("--note",), "TEXT", False, "what it shows"),
         (("--passed",), "N", False, "of a test result: how many tests passed"),
         (("--failed",), "N", False, "of a test result: how many failed"),
         (("--skipped",), "N", False, "of a test result: how many were skipped"), *_DISCUSSION),
    ),
    "why": (
        "why", GATE, "what stands in the way, and what to type next", (("id", "1"), ("action", "?"), ("value", "?")),
        (ACTOR,),
    ),
    "validate": (
        "validate", CHECK, "check tickets against the protocol", (("id", "*"),),
        ((("--all",), "", False, "every ticket, the index and the configuration"),
         (("--staged",), "", False, "what is staged for the next commit"),
         (("--fix-index",), "", False, "write the index anew if it is not as it should be"),
         (("--tier",), "TIER", False, "integrity, quality (default) or strict"), *WRITING),
    ),
    "policy": (
        "policy", CHECK, "show, validate, explain, accept or try out a policy", (("action", "?"), ("argument", "*")),
        ((("--actor",), "ACTOR", False, "for whom to explain, or who accepts"),
         (("--remote",), "", False, "explain: as if it came with a key, over HTTP or MCP"),
         (("--to",), "STATE", False, "explain ticket.move: to this state"),
         (("-F", "--file"), "FILE", False, "explain: ask this policy, and not the one that counts"),
         (("--digest",), "DIGEST", False, "accept: the policy that you were shown, or how it begins"),
         (("--remove",), "", False, "accept: that there is no policy any more"),
         (("-y", "--yes"), "", False, "accept: do not ask; you have read it"),
         (("--sign",), "", False, "accept: sign with your SSH key, or fail"),
         (("--no-sign",), "", False, "accept: do not sign though a key is there"), LIMIT),
    ),
    "rebuild-index": ("rebuild_index", CHECK, "write index.json anew from the tickets", (), WRITING),
    "doctor": (
        "doctor", CHECK, "find what is wrong here and say how to mend it", (),
        ((("--fix",), "", False, "mend what can be mended safely"),),
    ),
    "ledger": ("ledger", RECEIPTS, "the receipts of all that was done: verify, push, …", (("verb", "?"),), ()),
    "trace": (
        "trace", RECEIPTS, "who did what when: the story of a ticket or stream", (("stream", "1"),),
        ((("--at",), "N", False, "up to the command that sealed receipt N"), LIMIT,
         (("--own",), "", False, "without what other clones recorded")),
    ),
    "inspect": ("inspect", RECEIPTS, "what a stream is and what its receipts add up to", (("stream", "1"),), (_AT,)),
    "replay": (
        "replay", RECEIPTS, "fold a stream step by step, up to any point", (("stream", "1"),),
        (_AT, (("--steps",), "", False, "what each receipt changed")),
    ),
    "fork": (
        "fork", RECEIPTS, "branch off a stream, at its end or earlier", (("stream", "1"), ("name", "?")),
        (_AT, (("--list",), "", False, "list the branches instead"), ACTOR),
    ),
    "rebuild": ("rebuild", RECEIPTS, "fold all views of the ledger anew", (), ()),
    "init": (
        "init", SET_UP, "make .tickets here; keeps what exists", (),
        ((("--prefix",), "PREFIX", False, "the prefix of display ids (default: TK)"),
         (("--agents",), "", False, "write the AGENTS.md section and the Agent Skill"),
         (("--hooks",), "", False, "install the Git hooks as well"), *WRITING),
    ),
    "install-hooks": (
        "hooks", SET_UP, "install the pre-commit and pre-push hooks", (),
        ((("--force",), "", False, "replace a hook that cannot be chained"),),
    ),
    "uninstall": (
        "uninstall", SET_UP, "remove hooks, merge drivers and settings of this clone", (),
        ((("--state",), "", False, "the clone's claims and caches as well"),
         (("--ledger",), "", False, "its receipts and keys as well; cannot be undone")),
    ),
    "config": (
        "config", SET_UP, "show settings and where they come from", (("name", "?"),),
        ((("--origin",), "", False, "say where each value comes from"),),
    ),
    "prime": ("prime", SET_UP, "the page that an agent reads first", (), ()),
    "completion": ("completion", SET_UP, "print shell completion: bash, zsh or fish", (("shell", "1"),), ()),
    "help": ("help", SET_UP, "help on a verb", (("verb", "*"),), ()),
    "mcp": (
        "mcp", SET_UP, "serve an agent over MCP, on standard input and output", (),
        ((("--permission-prompt",), "", False, "serve Claude Code's permission prompt instead of the tools"), ACTOR),
    ),
    "serve": (
        "serve", SET_UP, "open the dashboard and the API on this machine, until Ctrl-C", (("repo", "*"),),
        ((("--space",), "SPACE", False, "the repositories of [space.SPACE] in your own config.toml"),
         (("--host",), "HOST", False, "the address to listen on (default: 127.0.0.1)"),
         (("--port",), "PORT", False, "the port (default: 8417); 0 takes a free one"),
         (("--public",), "", False, "let other machines reach it, too; put TLS before it"),
         (("--tls",), "", False, "they come through a proxy that speaks TLS with them"),
         (("--name",), "NAME", True, "a name that the server goes by; may be repeated"),
         (("--open",), "", False, "show it in the browser")),
    ),
    "hook": ("hooks", HIDDEN, "run by Git", (("name", "1"), ("argument", "*")), ()),
    "merge-driver": ("merge_driver", HIDDEN, "run by Git", (("kind", "1"), ("file", "*")), ()),
    "__complete": ("completion", HIDDEN, "run by the shell", (("word", "*"),), ()),
}  # fmt: skip
