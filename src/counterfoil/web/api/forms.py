"""What is sent to the API and what it answers, as far as it is not an action's own payload.

Forms of requests are strict: of the right type as they stand, and without fields that nobody knows. Forms of
answers describe; what is answered comes from the use cases as it is.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from counterfoil.gate.limits import REASON

Redact = Annotated[bool, Field(description="Mask secrets instead of refusing the proposal.")]


class Sent(BaseModel):
    """What all requests have in common."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Proposing(Sent):
    """A proposal."""

    action: Annotated[str, Field(min_length=1, max_length=100, description="A name of `/actions`.")]
    payload: Annotated[dict[str, Any], Field(description="By the action's own schema.")]
    reason: Annotated[str, Field(max_length=REASON, description="Why, for whoever decides.")] = ""
    supersedes: Annotated[
        str | None, Field(max_length=40, description="A pending proposal of yours that this one replaces.")
    ] = None
    expires_in: Annotated[
        int | None, Field(ge=1, le=366 * 86_400, description="Seconds after which no answer means no.")
    ] = None
    model: Annotated[
        str, Field(max_length=100, description="The model that drives you, as you say yourself.")
    ] = ""
    redact: Redact = False


class Withdrawing(Sent):
    """Why a proposal is taken back."""

    reason: Annotated[str, Field(max_length=REASON)] = ""


class Commenting(Sent):
    """Something to say about a ticket."""

    text: Annotated[str, Field(min_length=1, max_length=5_000)]
    reply_to: Annotated[str | None, Field(max_length=26, description="The id of another comment.")] = None
    redact: Redact = False


class Signature(Sent):
    """One signature of an envelope."""

    keyid: Annotated[str, Field(max_length=200)] = ""
    sig: Annotated[str, Field(min_length=1, max_length=20_000, description="Base64.")]


class Envelope(Sent):
    """A DSSE envelope: a statement, and who signed it."""

    payloadType: Annotated[str, Field(max_length=200)]
    payload: Annotated[str, Field(max_length=1_000_000, description="Base64.")]
    signatures: Annotated[list[Signature], Field(min_length=1, max_length=10)]


# --- answers --------------------------------------------------------------------------------------


class Told(BaseModel):
    """What all answers have in common: more may come to stand in them."""

    model_config = ConfigDict(extra="allow")


class Failure(Told):
    """What went wrong."""

    code: Annotated[str, Field(description="Stable; see docs/reference/http.md.")]
    message: str
    details: dict[str, Any]
    hint: str


class Failed(Told):
    """The one shape of errors."""

    error: Failure


class Entry(Told):
    """A ticket in a list."""

    id: str
    short_id: str
    display_id: str
    title: str
    state: str
    priority: str
    labels: list[str]
    path: str


class Tickets(Told):
    """A page of tickets."""

    items: list[Entry]
    next: Annotated[str | None, Field(description="The cursor of the page behind, if there is one.")]


class Ticket(Told):
    """A ticket with all that its file says."""

    ticket: Entry
    frontmatter: dict[str, Any]
    body_md: str
    claim: dict[str, Any] | None


class Proposal(Told):
    """A proposal and what became of it."""

    id: str
    status: str
    action: str
    actor: str
    digest: Annotated[str, Field(description="SHA-256 of all that was proposed; a decision names it.")]
    payload: dict[str, Any] | None


class Waited(Proposal):
    """A proposal after a while."""

    done: Annotated[bool, Field(description="Whether nothing more will become of it; if not, wait again.")]


class Proposals(Told):
    """A page of proposals."""

    items: list[Proposal]
    next: str | None


class Said(Told):
    """One thing that was said about a ticket."""

    receipt: str
    at: str
    actor: str
    kind: str


class Discussion(Told):
    """A page of what was said about a ticket, oldest first."""

    items: list[Said]
    next: str | None


class Receipt(Told):
    """A receipt."""

    id: str
    position: int
    stream: str
    seq: int
    kind: str
    header: dict[str, Any]
    body: dict[str, Any] | None


class Receipts(Told):
    """A page of receipts."""

    items: list[Receipt]
    next: str | None


class Proved(Receipt):
    """A receipt with the proof that it stands in the log."""

    proof: Annotated[str | None, Field(description="C2SP tlog-proof; null while no checkpoint covers it.")]


class Agent(Told):
    """An agent."""

    actor: str
    owner: str
    scopes: list[str]
    spaces: list[str]


class Agents(Told):
    """Agents that the caller may see."""

    items: list[Agent]
    next: str | None


class Action(Told):
    """A kind of action."""

    name: str
    version: int
    summary: str
    risk: str
    form: str
    payload: Annotated[dict[str, Any], Field(description="JSON Schema 2020-12.")]


class Actions(Told):
    """All actions."""

    items: list[Action]
    next: str | None


class Artifact(Told):
    """A file that is kept by its digest."""

    sha256: str
    size: int


class Ruling(Told):
    """What policy says of an action."""

    ruling: str
    rule: str
    policy: str
    reasons: list[str]


class Health(Told):
    """Whether the server works."""

    status: str


class Delivered(Told):
    """What became of a delivery."""

    receipt: str
    repeated: bool
    proposal: str | None
