"""What strangers and agents try against the server: each attempt is refused, and tells them nothing."""

from __future__ import annotations

import hashlib
import json
import socket
from typing import TYPE_CHECKING

import pytest
from integration.http_scene import Agent, Person, Served, new_project

from counterfoil.gate import principal, token
from counterfoil.gate.delivery import BODY_BYTES
from counterfoil.usecases.authenticating import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NO_PROPOSAL = "P-0123456789ABCDEF"
NOTHING = b'{"error":{"code":"not_found","message":"there is nothing here, or nothing that you may see","details":{},"hint":""}}'
READS = (
    "/tickets", "/tickets/{ticket}", "/tickets/{ticket}/discussion", "/receipts?stream=ticket/{ticket}",
    "/proposals/{proposal}", "/proposals/{proposal}/wait?timeout=0", "/receipts?stream=proposal/{proposal}",
    "/receipts/{receipt}", "/artifacts/{artifact}?ticket={ticket}",
)  # fmt: skip
"""Every route that shows one thing of somebody's."""


class Scene:
    """A served project, with something to hide from one agent."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.ticket = served.desk.new("Sell shoes", "--state", "ready")
        self.claude = served.agent("claude")
        self.stranger = served.agent("stranger", spaces=("elsewhere",))
        self.morgan: Person = served.person("human:morgan")
        asked = {"action": "ticket.comment", "payload": {"ticket": self.ticket, "text": "private"}}
        made = served.ask("POST", "/proposals", self.claude, data=asked, key="hidden").json()
        self.proposal, self.receipt = str(made["id"]), str(made["receipt"])
        self.artifact = hashlib.sha256(b"private").hexdigest()
        octets = {"Content-Type": "application/octet-stream"}
        kept = served.ask(
            "PUT", f"/artifacts/{self.artifact}", self.claude, content=b"private", headers=octets
        )
        assert kept.status_code == 200, kept.text

    def decisions(self) -> str:
        """Returns the path on which the proposal is decided."""
        return f"/proposals/{self.proposal}/decisions"

    def is_undecided(self) -> bool:
        """Tells whether nobody has decided anything."""
        found = self.served.proposal(self.proposal)
        return (found.status, found.votes) == ("pending", ())

    def raw(self, data: bytes, *, close: bool = True) -> bytes:
        """Sends bytes as they are and returns what comes back until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.served.port), timeout=40) as connection:
            connection.sendall(data)
            if close:
                connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
            return b"".join(parts)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server for all attacks, which end with those that make it tell its peers to wait."""
    served = new_project(tmp_path_factory.mktemp("attacks"))
    try:
        served.start()
        yield Scene(served)
    finally:
        served.close()


def shape(answer: httpx2.Response) -> tuple[int, str]:
    """Returns status and code of an error, whose form is checked."""
    error = answer.json()["error"]
    assert set(answer.json()) == {"error"}
    assert set(error) == {"code", "message", "details", "hint"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer.status_code, error["code"]


# --- who asks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/tickets", "/nothing/at/all", "/metrics", "/openapi.json", "/agents/me", "/proposals"]
)
def test_without_a_token_every_path_answers_alike(scene: Scene, method: str, path: str) -> None:
    answer = scene.served.ask(method, path)
    assert shape(answer) == (401, "unauthenticated")
    assert answer.content == scene.served.ask("GET", "/tickets").content
    assert answer.headers["www-authenticate"] == 'Bearer realm="counterfoil"'


def forged(scene: Scene) -> dict[str, dict[str, str]]:
    """Returns headers that are no credential."""
    secret = scene.claude.token
    return {
        "a cookie": {"Cookie": f"token={secret}; Authorization=Bearer {secret}"},
        "another header": {"X-Api-Key": secret, "X-Authorization": f"Bearer {secret}", "Proxy-Authorization": f"Bearer {secret}"},
        "claims": {"X-Actor": "human:ada", "X-Forwarded-User": "human:ada", "X-Remote-User": "ada", "Remote-User": "ada"},
        "basic": {"Authorization": "Basic YWRhOmFkYQ=="},
        "a token with a space": {"Authorization": f"Bearer {secret} {secret}"},
        "a shorter token": {"Authorization": f"Bearer {secret[:-1]}"},
        "a longer token": {"Authorization": f"Bearer {secret}A"},
        "another agent's name": {"Authorization": f"Bearer {secret.replace('cf_claude', 'cf_codex')}"},
        "no token": {"Authorization": "Bearer"},
        "a very long token": {"Authorization": "Bearer cf_" + "a" * 5000},
    }  # fmt: skip


@pytest.mark.parametrize("name", [
    "a cookie", "another header", "claims", "basic", "a token with a space", "a shorter token", "a longer token",
    "another agent's name", "no token", "a very long token",
])  # fmt: skip
def test_nothing_but_a_whole_token_in_authorization_counts(scene: Scene, name: str) -> None:
    answer = scene.served.ask("GET", "/agents/me", headers=forged(scene)[name])
    assert shape(answer)[0] in {401, 429}


def test_a_token_in_the_query_is_no_token(scene: Scene) -> None:
    answer = scene.served.ask(
        "GET", f"/agents/me?token={scene.claude.token}&access_token={scene.claude.token}"
    )
    assert shape(answer) == (401, "unauthenticated")


def test_the_stored_digest_is_no_token(scene: Scene) -> None:
    parsed = token.parse(scene.claude.token)
    assert parsed is not None
    with scene.served.ledger() as (_, store):
        key = state_of(store, principal.stream_of(scene.claude.actor)).key(parsed.key_id)
    assert key is not None
    head = scene.claude.token.partition(".")[0]
    for shown in (f"{head}.{key.digest}", f"{head}.{key.digest[:43]}", key.digest, f"{head}.{key.salt}"):
        answer = scene.served.ask("GET", "/agents/me", Agent("agent:claude", shown))
        assert shape(answer)[0] in {401, 429}


def test_two_authorization_headers_are_none(scene: Scene) -> None:
    line = f"Authorization: Bearer {scene.claude.token}\r\n"
    head = f"GET /api/v1/agents/me HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{line}{line}\r\n"
    assert scene.raw(head.encode()).startswith(b"HTTP/1.1 401 ")


# --- who decides ----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {}, {"X-Actor": "human:ada"}, {"X-Forwarded-User": "human:morgan", "X-Real-Ip": "127.0.0.1"},
    {"Cookie": "session=human:morgan"}, {"X-Http-Method-Override": "PUT"}, {"Forwarded": "for=127.0.0.1;by=human:morgan"},
])  # fmt: skip
def test_an_agents_token_decides_nothing_whatever_comes_with_it(
    scene: Scene, headers: dict[str, str]
) -> None:
    signed = scene.morgan.decision(scene.served.proposal(scene.proposal))
    for data in (signed, {"verdict": "approve"}, {"envelope": {}}, {}):
        answer = scene.served.ask("POST", scene.decisions(), scene.claude, data=data, headers=headers)
        assert shape(answer)[0] in {403, 400, 422}
    answer = scene.served.ask("POST", scene.decisions(), scene.claude, data=signed, headers=headers)
    assert shape(answer) == (403, "refused")
    assert scene.is_undecided()


def test_an_attempt_to_decide_is_refused_alike_for_what_is_there_and_what_is_not_and_is_sealed(
    scene: Scene,
) -> None:
    signed = scene.morgan.decision(scene.served.proposal(scene.proposal))
    there = scene.served.ask("POST", scene.decisions(), scene.stranger, data=signed)
    missing = scene.served.ask("POST", f"/proposals/{NO_PROPOSAL}/decisions", scene.stranger, data=signed)
    assert (there.status_code, there.content) == (missing.status_code, missing.content)
    assert there.status_code == 403
    assert scene.served.receipts("refused/agent/stranger") != []


@pytest.mark.parametrize("changed", [
    {"actor": "agent:claude"}, {"actor": "human:ada"}, {"actor": "human:nobody"}, {"actor": "source:github"},
    {"verdict": "reject"}, {"verdict": "maybe"}, {"not_after": "2001-01-01T00:00:00.000Z"}, {"nonce": "7"},
])  # fmt: skip
def test_a_statement_that_is_wrong_in_one_thing_decides_nothing(
    scene: Scene, changed: dict[str, str]
) -> None:
    signed = scene.morgan.decision(scene.served.proposal(scene.proposal), **changed)
    answer = scene.served.ask("POST", scene.decisions(), data=signed)
    assert shape(answer)[0] in {400, 401, 409, 422, 429}
    assert scene.is_undecided()


def test_a_key_that_nobody_has_registered_decides_nothing(scene: Scene) -> None:
    stranger = Person("human:morgan")
    signed = stranger.decision(scene.served.proposal(scene.proposal))
    there = scene.served.ask("POST", scene.decisions(), data=signed)
    missing = scene.served.ask("POST", f"/proposals/{NO_PROPOSAL}/decisions", data=signed)
    assert shape(there)[0] in {401, 429}
    assert there.status_code == 429 or there.content == missing.content
    assert scene.is_undecided()


def test_a_signature_for_another_purpose_decides_nothing(scene: Scene) -> None:
    signed = scene.morgan.decision(scene.served.proposal(scene.proposal))
    from base64 import b64decode

    payload = b64decode(signed["envelope"]["payload"])
    signed["envelope"] = json.loads(scene.morgan.envelope(payload, "git"))
    answer = scene.served.ask("POST", scene.decisions(), data=signed)
    assert shape(answer)[0] in {401, 429}
    assert scene.is_undecided()


# --- who sees -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", READS)
def test_what_is_private_is_not_there_for_a_stranger(scene: Scene, path: str) -> None:
    there = path.format(
        ticket=scene.ticket, proposal=scene.proposal, receipt=scene.receipt, artifact=scene.artifact
    )
    missing = path.format(ticket=NOBODY, proposal=NO_PROPOSAL, receipt="0" * 64, artifact="0" * 64)
    hidden, absent = (scene.served.ask("GET", each, scene.stranger) for each in (there, missing))
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content) == (404, NOTHING)
    assert dict(hidden.headers).keys() == dict(absent.headers).keys()


@pytest.mark.parametrize(("method", "path", "data"), [
    ("PATCH", "/tickets/{ticket}", {"title": "Mine"}),
    ("POST", "/tickets/{ticket}/comments", {"text": "hello"}),
    ("POST", "/proposals/{proposal}/withdraw", {}),
])  # fmt: skip
def test_what_is_private_cannot_be_changed_by_a_stranger(
    scene: Scene, method: str, path: str, data: object
) -> None:
    answers = [
        scene.served.ask(method, path.format(ticket=ticket, proposal=proposal), scene.stranger, data=data, key="k",
                         headers={"If-Match": "*"})
        for ticket, proposal in ((scene.ticket, scene.proposal), (NOBODY, NO_PROPOSAL))
    ]  # fmt: skip
    assert [(each.status_code, each.content) for each in answers] == [(404, NOTHING)] * 2


def test_another_agents_proposal_is_not_there(scene: Scene) -> None:
    other = scene.served.agent("other")
    answer = scene.served.ask("GET", f"/proposals/{scene.proposal}", other)
    assert (answer.status_code, answer.content) == (404, NOTHING)


# --- what is sent ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost:8417@evil.example", "", "evil.example:80"]
)
def test_another_host_is_refused_before_anything_else(scene: Scene, host: str) -> None:
    answer = scene.served.ask("GET", "/health", headers={"Host": host})
    assert shape(answer) == (421, "host_refused")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9999", "[::1]:80", "localhost."])
def test_loopback_goes_by_its_names(scene: Scene, host: str) -> None:
    assert scene.served.ask("GET", "/health", headers={"Host": host}).status_code == 200


def test_a_web_page_changes_nothing(scene: Scene) -> None:
    for origin in ("https://evil.example", "null", scene.served.url):
        answer = scene.served.ask(
            "POST", "/proposals", scene.claude, data={}, key="k", headers={"Origin": origin}
        )
        assert shape(answer) == (403, "origin_refused")
    assert (
        "access-control-allow-origin"
        not in scene.served.ask("GET", "/health", headers={"Origin": "null"}).headers
    )


def test_a_body_that_is_too_large_is_refused_before_it_is_read(scene: Scene) -> None:
    head = (
        f"POST /api/v1/proposals HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {scene.claude.token}\r\n"
        "Content-Type: application/json\r\nConnection: close\r\n"
    )
    announced = scene.raw(f"{head}Content-Length: 999999999\r\n\r\n".encode(), close=False)
    assert announced.startswith(b"HTTP/1.1 413 ")
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    told = scene.raw(
        head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + piece * 17 + b"0\r\n\r\n", close=False
    )
    assert told.startswith(b"HTTP/1.1 413 ")


def test_no_second_request_is_smuggled_in_behind_a_body_with_two_lengths(scene: Scene) -> None:
    told = scene.raw(
        b"POST /api/v1/proposals HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        close=False,
    )
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(("body", "code"), [
    (b'{"action":"ticket.comment","action":"policy.change","payload":{}}', "invalid_json"),
    (b'{"action":"ticket.comment","payload":{"ticket":"a","ticket":"b","text":"x"}}', "invalid_json"),
    (b"[" * 100_000, "invalid_json"),
    (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "invalid_json"),
    (b'{"action":"x.y","payload":{"n":NaN}}', "invalid_json"),
    (b'{"action":"x.y","payload":{"n":1e999}}', "invalid_json"),
    (b'{"action":"x.y","payload":{"n":' + b"9" * 10_000 + b"}}", "invalid_json"),
    (b'{"action":"x.y","payload":{"n":"\\ud800"}}', "invalid_json"),
    (b"\xff\xfe{}", "invalid_json"),
    (b'\xef\xbb\xbf{"action":"x.y","payload":{}}', "invalid_json"),
    (b"", "invalid_request"),
    (b"null", "invalid_request"),
    (b'{"action":"ticket.comment","payload":{},"actor":"human:ada"}', "invalid_request"),
    (b'{"action":"ticket.comment","payload":[]}', "invalid_request"),
    (b'{"action":7,"payload":{}}', "invalid_request"),
])  # fmt: skip
def test_json_is_read_strictly(scene: Scene, body: bytes, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = scene.served.ask("POST", "/proposals", scene.claude, content=body, headers=headers, key="strict")
    assert shape(answer) == (400, code)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""]
)
def test_what_is_not_declared_as_json_is_refused(scene: Scene, kind: str) -> None:
    answer = scene.served.ask(
        "POST", "/proposals", scene.claude, content=b"{}", headers={"Content-Type": kind}, key="k"
    )
    assert shape(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize("path", [
    "/tickets/..%2f..%2fconfig.yml", "/tickets/%2e%2e%2f%2e%2e%2f.git%2fconfig", "/tickets/.%00.md",
    "/artifacts/..%2f..%2fledger.db?ticket=x", "/receipts?stream=../person/morgan", "/receipts?stream=ledger",
    "/receipts?stream=agent/claude", "/proposals/P-", "/proposals/..%2fx", "/actions/..%2f..%2fx",
    "/receipts/%00", "/tickets/%F0%9F%98%80", "//agents/me", "/tickets/",
])  # fmt: skip
def test_a_path_that_leads_elsewhere_leads_nowhere(scene: Scene, path: str) -> None:
    answer = scene.served.ask("GET", path, scene.claude)
    assert answer.status_code in {400, 404}
    shape(answer)


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "eyJhIjoxfQ", "WyJ0aWNrZXRzIiwxXQ", "%00", "a" * 400, "WyJ0aWNrZXRzIl0="]
)
def test_a_cursor_that_nobody_gave_is_refused(scene: Scene, cursor: str) -> None:
    answer = scene.served.ask("GET", f"/tickets?cursor={cursor}", scene.claude)
    assert shape(answer) == (400, "invalid_cursor")


@pytest.mark.parametrize("head", [
    b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    b"GET /api/v1/health HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(9000)) + b"\r\n",
    b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\nConnection: close\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
])  # fmt: skip
def test_what_is_no_request_is_told_so_in_the_same_shape(scene: Scene, head: bytes) -> None:
    told = scene.raw(head, close=False)
    status, _, rest = told.partition(b"\r\n")
    assert status.split()[1] in {b"400", b"404", b"421", b"431"}, told
    assert set(json.loads(rest.partition(b"\r\n\r\n")[2])["error"]) == {"code", "message", "details", "hint"}


def test_a_head_that_comes_drop_by_drop_is_given_up(scene: Scene) -> None:
    assert scene.raw(b"GET /api/v1/health HT", close=False) == b""


def test_a_method_that_a_path_does_not_know_is_named(scene: Scene) -> None:
    answer = scene.served.ask("DELETE", "/tickets", scene.claude)
    assert shape(answer) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


def test_a_webhook_of_a_source_that_is_not_there_is_refused_like_a_wrong_signature(scene: Scene) -> None:
    answers = [
        scene.served.ask("POST", f"/webhooks/{name}", data={}) for name in ("github", "nobody", "..%2fx")
    ]
    assert {each.status_code for each in answers} <= {401, 404}
    assert answers[0].content == answers[1].content


def test_too_many_deliveries_are_told_to_wait_whatever_they_say_of_where_they_come_from(scene: Scene) -> None:
    for number in range(120):
        answer = scene.served.ask(
            "POST", "/webhooks/x", data={}, headers={"X-Forwarded-For": f"10.0.0.{number}"}
        )
        if answer.status_code == 429:
            break
    assert shape(answer) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0


def test_bad_tokens_are_told_to_wait_and_a_good_one_is_not(scene: Scene) -> None:
    for _ in range(60):
        answer = scene.served.ask(
            "GET", "/agents/me", Agent("agent:claude", f"cf_claude_00000000.{'A' * 43}")
        )
        if answer.status_code == 429:
            break
    assert shape(answer) == (429, "rate_limited")
    assert scene.served.ask("GET", "/agents/me", scene.claude).status_code == 200


# --- what is told ---------------------------------------------------------------------------------


def test_no_secret_is_in_the_log_or_the_figures_or_the_ledger(scene: Scene) -> None:
    secret = scene.claude.token.partition(".")[2]
    figures = scene.served.ask("GET", "/metrics", scene.claude)
    assert figures.status_code == 200
    assert "counterfoil_http_requests_total" in figures.text
    for text in (figures.text, scene.served.log.read_text("utf-8")):
        assert secret not in text
        assert "private" not in text
    assert "agent:" not in figures.text
    state = scene.served.desk.path / ".git" / "counterfoil"
    assert not [file for file in state.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]


def test_an_error_says_nothing_of_the_servers_inside(scene: Scene) -> None:
    asked = {"action": "command.run", "payload": {"command": "x"}}
    for answer in (
        scene.served.ask("POST", "/proposals", scene.claude, data=asked, key="inside"),
        scene.served.ask("GET", "/tickets/%00", scene.claude),
    ):
        assert str(scene.served.desk.path) not in answer.text
        assert "Traceback" not in answer.text


def test_the_limit_of_a_webhook_is_that_of_a_request() -> None:
    assert BODY_BYTES == 1 << 20
