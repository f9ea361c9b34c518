"""Prompts for the flows that come up every day: what a person picks from a menu of their client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from counterfoil.mcp.answers import named, printable
from counterfoil.mcp.tools import QUERY_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

NEXT, HAND_OVER, REJECTED = "take-next-ticket", "hand-over-for-review", "answer-rejection"

PROMPTS = (
    Prompt(
        name=NEXT, title="Take the next ticket",
        description="Take up the most urgent ticket that is ready, and work on it.",
        arguments=[PromptArgument(name="label", description="only tickets with this label", required=False)],
    ),
    Prompt(
        name=HAND_OVER, title="Hand over for review",
        description="Write down what was done on a ticket, attach the evidence, and ask for it to be called done.",
        arguments=[PromptArgument(name="ticket", description="the ticket's id", required=True)],
    ),
    Prompt(
        name=REJECTED, title="Answer a rejection",
        description="Read why a proposal was rejected, and propose something better or give way.",
        arguments=[PromptArgument(name="proposal", description="the proposal's id, P-…", required=True)],
    ),
)  # fmt: skip

TEXTS = {
    NEXT: """\
Take up the next ticket of this repository{label}.

1. Call ticket_ready{filter}. If nothing is ready, say so and stop.
2. Call ticket_claim for the first one. If somebody was faster, take the one after it.
3. Call ticket_show and read all of it, the discussion too. Say in two sentences what is to be done.
4. Do the work. Note what you find out with ticket_comment; file new problems with ticket_propose ticket.create.
5. When every criterion is met, hand it over: ticket_comment, ticket_attach, then ticket_propose ticket.move to done.
""",
    HAND_OVER: """\
Hand the ticket {ticket} over for review.

1. Call ticket_show for {ticket} and go through its criteria one by one. Name those that are not met.
2. Call ticket_comment: what was done, what was left out and why, how to check it.
3. Call ticket_attach: the pull request as a link, the tests as a test-result with the commit they ran on.
4. If all criteria are met, call ticket_propose with ticket.move to done and a reason that a reviewer can check.
5. If the answer is pending, tell its id and call ticket_wait. Do not work around it.
""",
    REJECTED: """\
The proposal {proposal} was rejected.

1. Call ticket_show for {proposal}. Read the reason as it was meant, not as you would like it.
2. If the reason can be met, call ticket_propose with a better payload, a reason that answers theirs, and
   supersedes {proposal}.
3. If you disagree, call ticket_comment with position disagree and your grounds, once, and wait.
4. If it cannot be met, say so in a comment and give the ticket back with ticket_claim do: release.
Never try to reach the same end by another way.
""",
}


def filled(name: str, arguments: Mapping[str, str]) -> GetPromptResult:
    """Returns a prompt with its arguments in place.

    Raises:
        MCPError: -32602 for a prompt that is not there, or an argument that is missing, unknown or too long.
    """
    prompt = next((known for known in PROMPTS if known.name == name), None)
    if prompt is None:
        raise MCPError(INVALID_PARAMS, f"Unknown prompt: {named(name)}")
    known = {argument.name for argument in prompt.arguments or ()}
    needed = {argument.name for argument in prompt.arguments or () if argument.required}
    if not needed <= set(arguments) <= known:
        raise MCPError(INVALID_PARAMS, f"{name} takes {', '.join(sorted(known))}")
    given = {key: " ".join(printable(value).split()) for key, value in arguments.items()}
    if any(not value or len(value) > QUERY_LENGTH for value in given.values()):
        raise MCPError(INVALID_PARAMS, f"an argument of {name} is empty or too long")
    if name == NEXT:
        label = given.get("label", "")
        words = {
            "label": f" that has the label {label}" if label else "",
            "filter": f" with label [{label}]" if label else "",
        }
    else:
        words = given
    text = TEXTS[name]
    for key, value in words.items():
        text = text.replace(f"{{{key}}}", value)
    message = PromptMessage(role="user", content=TextContent(text=text))
    return GetPromptResult(description=prompt.description, messages=[message])
