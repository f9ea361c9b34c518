"""One server, one token, and the calls of its API.

What is safe to send twice is sent again when the connection fails or the server is busy or being restarted: all
reading, and all changes, since each has an idempotency key. Waiting goes on through restarts of the server.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from counterfoil.client.answers import Proposal, Receipt, Said, Ticket, Who
from counterfoil.client.failures import RETRIED, error_of, unreachable
from counterfoil.errors import HostError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    import httpx2

ATTEMPTS = 6
BACKOFF_S, BACKOFF_S_MAX = 0.1, 5.0
TIMEOUT_S = 30.0
POLL_S = 25.0
"""How long one call waits for a decision at most."""
LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
Data = dict[str, Any]


class Client:
    """Speaks with one server; threads may share it.

    Args:
        url: `http://127.0.0.1:8417`, without `/api/v1`.
        token: an agent's, `cf_…`.
        timeout_s: how long one call may take, waiting for decisions apart.
        attempts: how often a call is tried that may be repeated.
        insecure: lets the token travel without encryption to another machine.

    Raises:
        InputError: `invalid_url`, also for one that would show the token to others.
        HostError: `missing_extra`.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float = TIMEOUT_S,
        attempts: int = ATTEMPTS,
        insecure: bool = False,
    ) -> None:
        try:
            import httpx2
        except ImportError:
            raise HostError(
                "missing_extra", "the client needs httpx2, which is not installed", "pip install 'counterfoil[client]'",
                extra="client",
            ) from None  # fmt: skip
        self.url = _checked(url, insecure)
        self._errors: tuple[type[Exception], ...] = (httpx2.TransportError,)
        self._timeout_s = timeout_s
        self._attempts = max(1, attempts)
        self._http: httpx2.Client = httpx2.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {token}", "User-Agent": "counterfoil-client"},
            timeout=timeout_s,
            trust_env=urlsplit(self.url).hostname not in LOOPBACK,
        )

    def __repr__(self) -> str:
        return f"Client({self.url!r}, …)"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connections."""
        self._http.close()

    # --- tickets ----------------------------------------------------------------------------------

    def tickets(
        self,
        *,
        state: Sequence[str] = (),
        priority: Sequence[str] = (),
        label: Sequence[str] = (),
        assignee: str | None = None,
        reviewer: str | None = None,
        text: str | None = None,
    ) -> Iterator[Ticket]:
        """Yields tickets in the protocol's order, page by page; within one filter any value will do."""
        query = {
            "state": list(state), "priority": list(priority), "label": list(label), "assignee": assignee,
            "reviewer": reviewer, "text": text,
        }  # fmt: skip
        return map(Ticket.of, self._pages("/tickets", query))

    def ticket(self, ticket: str) -> Ticket:
        """Returns one ticket."""
        answer = self._send("GET", f"/tickets/{_part(ticket)}")
        data = _object(answer)
        return Ticket.of(data["ticket"], etag=answer.headers.get("etag", ""), body=data["body_md"], data=data)

    def create_ticket(self, title: str, *, key: str | None = None, **fields: Any) -> Proposal:
        """Proposes a new ticket; `fields` are those of `ticket.create`."""
        return self._change("POST", "/tickets", {"title": title, **fields}, key)

    def change_ticket(self, ticket: Ticket | str, *, key: str | None = None, **fields: Any) -> Proposal:
        """Proposes to change fields of a ticket, as long as it is as it was when it was read.

        Raises:
            ConflictError: `precondition_failed`, when the ticket has changed since.
        """
        if isinstance(ticket, str) or not ticket.etag:
            ticket = self.ticket(ticket if isinstance(ticket, str) else ticket.id)
        return self._change("PATCH", f"/tickets/{_part(ticket.id)}", fields, key, {"If-Match": ticket.etag})

    def comment(
        self, ticket: str, text: str, *, reply_to: str | None = None, key: str | None = None
    ) -> Proposal:
        """Proposes a comment."""
        said = {"text": text} if reply_to is None else {"text": text, "reply_to": reply_to}
        return self._change("POST", f"/tickets/{_part(ticket)}/comments", said, key)

    def discussion(self, ticket: str) -> Iterator[Said]:
        """Yields what was said about a ticket, oldest first."""
        for item in self._pages(f"/tickets/{_part(ticket)}/discussion", {}):
            yield Said(item["receipt"], item["at"], item["actor"], item["kind"], item)

    # --- proposals --------------------------------------------------------------------------------

    def propose(
        self,
        action: str,
        payload: Mapping[str, Any],
        *,
        reason: str = "",
        key: str | None = None,
        supersedes: str | None = None,
        expires_in_s: int | None = None,
        model: str = "",
        redact: bool = False,
    ) -> Proposal:
        """Proposes an action; what policy allows is done when this returns.

        Args:
            action: a name that `actions` knows.
            payload: by the action's own schema.
            reason: why, for whoever decides.
            key: names the change: sent again it is the same proposal. Without it, one is drawn.
            supersedes: a pending proposal of the caller's that this one replaces.
            expires_in_s: seconds after which no answer means no.
            model: the model that drives the agent.
            redact: mask secrets instead of refusing.

        Raises:
            RefusedError: `refused`.
            ConflictError: `key_reused`, `stale`.
            InputError: what is wrong with the payload.
        """
        asked: Data = {
            "action": action,
            "payload": dict(payload),
            "reason": reason,
            "redact": redact,
            "model": model,
        }
        if supersedes is not None:
            asked["supersedes"] = supersedes
        if expires_in_s is not None:
            asked["expires_in"] = expires_in_s
        return self._change("POST", "/proposals", asked, key)

    def proposal(self, proposal: str) -> Proposal:
        """Returns one of the caller's proposals; `data["shown"]` is what its reviewer is shown."""
        return Proposal.of(_object(self._send("GET", f"/proposals/{_part(proposal)}")))

    def proposals(self, *, status: str | None = None, action: str | None = None) -> Iterator[Proposal]:
        """Yields the caller's proposals, newest first."""
        return map(Proposal.of, self._pages("/proposals", {"status": status, "action": action}))

    def wait(self, proposal: str, *, timeout_s: float | None = None) -> Proposal:
        """Returns a proposal once nothing more will become of it, or as it is when the time is over.

        The server may be stopped and started meanwhile: what cannot be reached is asked again.

        Args:
            proposal: its id.
            timeout_s: seconds; None waits for as long as it takes.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        failures = 0
        while True:
            left_s = POLL_S if deadline is None else min(POLL_S, max(0.0, deadline - time.monotonic()))
            try:
                found = self._poll(proposal, left_s)
            except HostError:
                failures += 1
                pause_s = _pause_s(failures)
                if deadline is not None and time.monotonic() + pause_s >= deadline:
                    raise
                time.sleep(pause_s)
                continue
            failures = 0
            if found.is_closed or (deadline is not None and time.monotonic() >= deadline):
                return found

    def _poll(self, proposal: str, wait_s: float) -> Proposal:
        path = f"/proposals/{_part(proposal)}/wait"
        answer = self._once("GET", path, {"timeout": f"{wait_s:.3f}"}, None, {}, self._timeout_s + wait_s)
        found = Proposal.of(_object(answer))
        if not found.is_closed and wait_s > 1:
            time.sleep(0.05)  # a server that is about to stop answers at once
        return found

    def withdraw(self, proposal: str, reason: str = "") -> Proposal:
        """Takes a pending proposal of the caller's back."""
        answer = self._send("POST", f"/proposals/{_part(proposal)}/withdraw", body={"reason": reason})
        return Proposal.of(_object(answer))

    # --- the rest ---------------------------------------------------------------------------------

    def me(self) -> Who:
        """Returns who the caller is."""
        return Who.of(_object(self._send("GET", "/agents/me")))

    def actions(self) -> list[Data]:
        """Returns everything that can be proposed, with the schemas of the payloads."""
        return list(self._pages("/actions", {}))

    def receipts(self, stream: str) -> Iterator[Receipt]:
        """Yields the receipts of `ticket/<id>` or `proposal/<id>`, in order."""
        return map(Receipt.of, self._pages("/receipts", {"stream": stream}))

    def receipt(self, receipt: str) -> Receipt:
        """Returns one receipt with its proof."""
        return Receipt.of(_object(self._send("GET", f"/receipts/{_part(receipt)}")))

    def keep(self, data: bytes) -> str:
        """Keeps a file, to be attached, and returns its SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        self._send(
            "PUT", f"/artifacts/{digest}", content=data, headers={"Content-Type": "application/octet-stream"}
        )
        return digest

    def attach(self, ticket: str, name: str, data: bytes, *, key: str | None = None) -> Proposal:
        """Keeps a file and proposes to attach it to a ticket."""
        artifact = {"kind": "file", "sha256": self.keep(data), "name": name, "size": len(data)}
        return self.propose("artifact.attach", {"ticket": ticket, "artifacts": [artifact]}, key=key)

    def artifact(self, ticket: str, sha256: str) -> bytes:
        """Returns a file that is attached to a ticket; its digest is checked.

        Raises:
            HostError: `artifact_differs`.
        """
        data: bytes = self._send("GET", f"/artifacts/{_part(sha256)}", {"ticket": ticket}).content
        if hashlib.sha256(data).hexdigest() != sha256:
            raise HostError("artifact_differs", "what came is not the file that was asked for", "ask again")
        return data

    # --- sending ----------------------------------------------------------------------------------

    def _change(
        self, method: str, path: str, body: Data, key: str | None, headers: Mapping[str, str] | None = None
    ) -> Proposal:
        named = {**(headers or {}), "Idempotency-Key": key or str(uuid.uuid4())}
        answer = self._send(method, path, body=body, headers=named)
        return Proposal.of(_object(answer), answer.headers.get("idempotent-replay") == "true")

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Data]:
        cursor: str | None = None
        while True:
            page = _object(self._send("GET", path, {**query, "cursor": cursor}))
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        body: Data | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Sends a request until it is answered, as often as that is allowed: whatever is sent again is the same."""
        sent = json.dumps(body, separators=(",", ":")).encode() if body is not None else content
        named = dict(headers or {})
        if body is not None:
            named["Content-Type"] = "application/json"
        left = self._attempts
        while True:
            left -= 1
            try:
                return self._once(method, path, query or {}, sent, named, self._timeout_s)
            except HostError as error:
                if left <= 0 or error.code not in RETRIED:
                    raise
                asked_s = error.fields.get("retry_after")
                wished_s = float(asked_s) if isinstance(asked_s, (int, float)) else 0.0
                time.sleep(max(_pause_s(self._attempts - left), min(wished_s, 60.0)))

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        content: bytes | None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> httpx2.Response:
        asked = {name: value for name, value in query.items() if value not in (None, [])}
        try:
            answer = self._http.request(
                method, path, params=asked, content=content, headers=dict(headers), timeout=timeout_s
            )
        except self._errors as error:
            raise unreachable(self.url, error) from None
        if answer.status_code >= 300:
            raise error_of(answer.status_code, answer.content, answer.headers)
        return answer


def _checked(url: str, insecure: bool) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        raise InputError("invalid_url", f"{url!r} is no address of a server", "such as http://127.0.0.1:8417")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not insecure:
        raise InputError(
            "invalid_url",
            "the token would travel in the clear to another machine",
            "use https, or say insecure=True",
        )
    return url.rstrip("/").removesuffix("/api/v1")


def _part(text: str) -> str:
    return quote(text, safe="")


def _pause_s(failures: int) -> float:
    longest = min(BACKOFF_S * 2.0 ** min(failures, 10), BACKOFF_S_MAX)
    return float(longest * (0.5 + random.random() / 2))


def _object(answer: httpx2.Response) -> Data:
    try:
        data = json.loads(answer.content)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise HostError("not_counterfoil", "what answered does not speak this API", "check the address")
    return data
