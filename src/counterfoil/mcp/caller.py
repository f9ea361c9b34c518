"""Who is at the other end. Never a person: over MCP nobody speaks with a person's authority (product.md §25)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.kernel import actor as actors
from counterfoil.kernel.ids import RANDOM_BITS, encode
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.context import Context

AGENT = "agent:"
UNNAMED = "agent:mcp"
"""Acts where neither the configuration nor the client gives a name that could be one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One client of the server.

    Attributes:
        actor: `agent:…`, whose name goes into receipts and commits.
        remote: whether it came with a credential, over HTTP.
        session: names the session in which it acts, or is empty.
        may: refuses an action that the credential has no right to; None where there is none.
    """

    actor: str
    remote: bool = False
    session: str = ""
    may: Callable[[Context, str], None] | None = None

    def options(self) -> Options:
        """Returns the options of a call: nothing is guessed, whoever acts is named, the door is known."""
        return Options(acting=self.actor, ci=True, remote=self.remote, via="mcp", session=self.session)

    def check(self, context: Context, action: str) -> None:
        """Refuses what the caller's credential does not cover.

        Raises:
            InputError: `resource_not_found`, for who may not even look.
            RefusedError: `refused`.
        """
        if self.may is not None:
            self.may(context, action)


def configured(context: Context) -> str | None:
    """Returns the agent whom `--actor`, TICKET_ACTOR or the configuration name, or None.

    A person who is named in the environment or the configuration is passed over: that is who owns the
    terminal, not who sits behind the protocol.

    Raises:
        InputError: `invalid_actor`, for a person named by `--actor`, and for what is no actor.
    """
    asked = context.options.actor
    given = asked or context.setting("actor")
    if not given:
        return None
    actor = actors.parse(given)
    if actor.startswith(AGENT):
        return actor
    if asked:
        raise InputError(
            "invalid_actor",
            f"{actor} is a person, and over MCP only agents act",
            "ticket mcp --actor agent:NAME, or leave it out: the client's own name is taken",
            value=asked,
            allowed=["agent"],
        )
    return None


def named_by_client(name: str | None) -> str:
    """Returns the agent that a client's own name for itself makes."""
    slug = actors.slug_from_name(name or "")
    return f"{AGENT}{slug}" if slug else UNNAMED


def new_session(context: Context) -> str:
    """Returns a name for one connection's session."""
    return f"mcp-{encode(context.clock.now_ms(), context.entropy.bits(RANDOM_BITS))}"
