"""`ticket comment`, `respond` and `attach`: what is said of a ticket, beside its file.

Each is a proposal like any other; policy allows it at once unless somebody has written otherwise.
"""

from __future__ import annotations

import os
from typing import Any

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.commands.propose import proposed
from counterfoil.errors import HostError
from counterfoil.tickets.naming import display_id
from counterfoil.usecases.actions import artifacts
from counterfoil.usecases.proposing import Request
from counterfoil.usecases.resolve import find_name

POSITIONS = ("agree", "disagree", "propose")
SAID = {"agree": "Agreed on", "disagree": "Disagreed on", "propose": "Proposed something else on"}
FILE, LINK, NOTE, MANIFEST, TEST = "file", "link", "note", "manifest", "test-result"
KINDS = (LINK, FILE, NOTE, MANIFEST, TEST)
COUNTS = ("passed", "failed", "skipped")
MEDIA_TYPES = {
    ".html": "text/html", ".json": "application/json", ".log": "text/plain", ".md": "text/markdown",
    ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml",
    ".txt": "text/plain", ".xml": "application/xml", ".zip": "application/zip",
}  # fmt: skip
OTHER_MEDIA = "application/octet-stream"


def run(call: Call) -> Reply:
    """Says, answers or attaches."""
    verb = call.arguments.verb
    context = call.context()
    ticket = find_name(context, call.pick(call.arguments.required("id")))[:-3].upper()
    shown = display_id(context.config.id_prefix, ticket)
    if verb == "attach":
        items = _artifacts(call)
        payload: dict[str, Any] = {"ticket": ticket, "artifacts": items}
        return _said(call, "artifact.attach", payload, f"Attached {items[0]['kind']} to {shown}")
    text = _text(call)
    if verb == "comment":
        return _said(call, "ticket.comment", {"ticket": ticket, "text": text}, f"Commented on {shown}")
    taken = [name for name in POSITIONS if call.arguments.flag(name)]
    if len(taken) != 1:
        message = "respond takes one of --agree, --disagree and --propose"
        raise usage(message, "respond", allowed=[f"--{name}" for name in POSITIONS])
    payload = {"ticket": ticket, "position": taken[0], "text": text}
    return _said(call, "ticket.respond", payload, f"{SAID[taken[0]]} {shown}")


def _said(call: Call, action: str, payload: dict[str, Any], line: str) -> Reply:
    arguments = call.arguments
    request = Request(action, payload, key=arguments.text("key"), redact=arguments.flag("redact"))
    return proposed(call, request, line=line)


def _text(call: Call) -> str:
    verb, text, file = call.arguments.verb, call.arguments.text("text"), call.arguments.text("file")
    if text is not None and file is not None:
        raise usage("give TEXT or --file, not both", verb)
    if file is None and text == "-":
        file = "-"
    found = text if file is None else call.read_text(file)
    if found is None or not found.strip():
        raise usage(f"{verb} needs TEXT, or -F FILE", verb, missing="text")
    return found.rstrip("\n")


def _artifacts(call: Call) -> list[dict[str, Any]]:
    arguments = call.arguments
    what, note = arguments.required("what"), arguments.text("note")
    is_link = what.startswith(("https://", "http://"))
    kind = arguments.text("kind") or (LINK if is_link else FILE)
    if kind not in KINDS:
        raise usage(f"attach knows no kind {kind!r}", "attach", value=kind, allowed=list(KINDS))
    counts = {name: number for name in COUNTS if (number := arguments.number(name)) is not None}
    if counts and kind != TEST:
        raise usage("--passed, --failed and --skipped go with --kind test-result", "attach", value=kind)
    titled = {} if note is None else {"title": note}
    if kind == LINK:
        return [{"kind": LINK, "url": what, **titled}]
    if kind == NOTE:
        return [{"kind": NOTE, "text": what, **titled}]
    if kind == TEST:
        if not {"passed", "failed"} <= set(counts):
            raise usage("a test result needs --passed N and --failed N", "attach", missing="passed")
        return [{"kind": TEST, "title": what, **counts}, *_noted(note)]
    return _file(call, kind, what, note)


def _file(call: Call, kind: str, name: str, note: str | None) -> list[dict[str, Any]]:
    data = _bytes(call, name)
    digest = artifacts.put(call.context(), data)
    base = os.path.basename(name) if name != "-" else "standard input"
    if kind == MANIFEST:
        return [{"kind": MANIFEST, "sha256": digest, "title": note or base}]
    media = MEDIA_TYPES.get(os.path.splitext(base)[1].lower(), OTHER_MEDIA)
    item = {"kind": FILE, "sha256": digest, "name": base, "size": len(data), "media_type": media}
    return [item, *_noted(note)]


def _noted(note: str | None) -> list[dict[str, Any]]:
    return [] if note is None else [{"kind": NOTE, "text": note}]


def _bytes(call: Call, name: str) -> bytes:
    try:
        if name == "-":
            import sys

            return sys.stdin.buffer.read(artifacts.LIMIT + 1)
        with open(os.path.join(call.cwd, name), "rb") as file:
            return file.read(artifacts.LIMIT + 1)
    except OSError as error:
        raise HostError("io_error", f"{name}: {error.strerror}", "check the path", path=name) from None
