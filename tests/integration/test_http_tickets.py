"""Tickets over HTTP: lists, pages, validators; and the server itself, from its start to its figures."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from integration.http_scene import TICKET, new_project

from counterfoil.kernel.digest import blob_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.http_scene import Agent, Person, Served


class Scene:
    """A served project with a handful of tickets, an agent that may do everything on its own, and one that may not."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.tickets = [served.desk.new(f"Ticket {number}", "--state", "ready") for number in range(5)]
        self.claude: Agent = served.agent("claude")
        self.morgan: Person = served.person("human:morgan")

    def apply(self, answer: object) -> str:
        """Lets a person approve what was proposed, and returns the ticket that it was about."""
        made = answer.json()  # type: ignore[attr-defined]
        decided = self.served.decide(self.morgan, made["id"])
        assert decided.json()["status"] == "applied", decided.text
        return str(made["tickets"][0])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server for all tests of this page."""
    served = new_project(tmp_path_factory.mktemp("tickets"))
    try:
        yield Scene(served.start())
    finally:
        served.close()


def test_pages_hold_every_ticket_once_in_order(scene: Scene) -> None:
    whole = scene.served.ask("GET", "/tickets", scene.claude).json()["items"]
    found, cursor = [], ""
    while True:
        page = scene.served.ask("GET", f"/tickets?limit=2{cursor}", scene.claude).json()
        assert len(page["items"]) <= 2
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == whole
    assert {ticket["id"] for ticket in whole} >= set(scene.tickets)


def test_filters_are_those_of_the_command(scene: Scene) -> None:
    found = scene.served.ask("GET", "/tickets?state=ready&state=done&text=ticket%203", scene.claude).json()[
        "items"
    ]
    assert [ticket["title"] for ticket in found] == ["Ticket 3"]
    wrong = scene.served.ask("GET", "/tickets?state=nowhere", scene.claude)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "invalid_state")


def test_a_list_that_is_known_is_not_sent_again_until_it_changes(scene: Scene) -> None:
    first = scene.served.ask("GET", "/tickets", scene.claude)
    seen = {"If-None-Match": first.headers["etag"]}
    again = scene.served.ask("GET", "/tickets", scene.claude, headers=seen)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    scene.served.desk.new("One more")
    assert scene.served.ask("GET", "/tickets", scene.claude, headers=seen).status_code == 200


def test_the_validator_of_a_ticket_is_its_blob_in_git(scene: Scene) -> None:
    ticket = scene.tickets[0]
    answer = scene.served.ask("GET", f"/tickets/{ticket}", scene.claude)
    data = (scene.served.desk.path / answer.json()["ticket"]["path"]).read_bytes()
    assert answer.headers["etag"] == f'"{blob_id(data)}"'
    seen = {"If-None-Match": f'"x", W/{answer.headers["etag"]}'}
    assert scene.served.ask("GET", f"/tickets/{ticket}", scene.claude, headers=seen).status_code == 304


def test_a_ticket_is_found_by_its_short_and_its_display_id(scene: Scene) -> None:
    whole = scene.served.ask("GET", f"/tickets/{scene.tickets[0]}", scene.claude).json()
    for name in (whole["ticket"]["display_id"], whole["ticket"]["short_id"]):
        assert scene.served.ask("GET", f"/tickets/{name}", scene.claude).json() == whole


def test_a_title_is_no_id(scene: Scene) -> None:
    assert scene.served.ask("GET", "/tickets/Ticket%203", scene.claude).status_code == 404


def test_a_new_ticket_is_a_proposal_and_then_a_commit_that_names_it(scene: Scene) -> None:
    made = scene.served.ask("POST", "/tickets", scene.claude, data={"title": "Sell laces"}, key="new-1")
    assert made.status_code == 202, made.text
    ticket = scene.apply(made)
    assert (
        scene.served.ask("GET", f"/tickets/{ticket}", scene.claude).json()["ticket"]["title"] == "Sell laces"
    )
    message = scene.served.desk.git("log", "-1", "--format=%B")
    assert f"Ticket-Proposal: {made.json()['id']}" in message
    assert "Ticket-Approved-By: human:morgan" in message


@pytest.mark.parametrize(("fields", "action"), [
    ({"priority": "p1"}, "ticket.edit"),
    ({"state": "in_progress"}, "ticket.move"),
    ({"assignee": "agent:claude"}, "ticket.assign"),
    ({"priority": "p0", "state": "blocked"}, "ticket.batch"),
])  # fmt: skip
def test_a_change_is_the_action_that_its_fields_name(
    scene: Scene, fields: dict[str, str], action: str
) -> None:
    ticket = scene.tickets[1]
    seen = scene.served.ask("GET", f"/tickets/{ticket}", scene.claude).headers["etag"]
    made = scene.served.ask(
        "PATCH", f"/tickets/{ticket}", scene.claude, data=fields, key=action, headers={"If-Match": seen}
    )
    assert (made.status_code, made.json()["action"]) == (202, action), made.text
    scene.apply(made)
    entry = scene.served.ask("GET", f"/tickets/{ticket}", scene.claude).json()["ticket"]
    assert {name: entry[name] for name in fields} == fields


def test_a_change_that_was_made_is_the_same_one_when_it_is_sent_again(scene: Scene) -> None:
    path = f"/tickets/{scene.tickets[4]}"
    seen = scene.served.ask("GET", path, scene.claude).headers["etag"]

    def send() -> Any:
        fields, match = {"priority": "p3"}, {"If-Match": f'"{"1" * 40}", {seen}'}
        return scene.served.ask("PATCH", path, scene.claude, data=fields, key="sent-twice", headers=match)

    first = send()
    scene.apply(first)
    again = send()
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"]), again.text
    assert again.json()["status"] == "applied"


def test_a_change_says_what_it_has_seen(scene: Scene) -> None:
    path = f"/tickets/{scene.tickets[2]}"
    blind = scene.served.ask("PATCH", path, scene.claude, data={"priority": "p1"}, key="blind")
    assert (blind.status_code, blind.json()["error"]["code"]) == (428, "precondition_required")
    late = scene.served.ask(
        "PATCH",
        path,
        scene.claude,
        data={"priority": "p1"},
        key="late",
        headers={"If-Match": '"' + "0" * 40 + '"'},
    )
    assert (late.status_code, late.json()["error"]["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize(
    "fields", [{}, {"ticket": "other"}, {"no_such": 1}, {"title": ""}, {"title": "x" * 201}]
)
def test_a_change_that_is_none_is_refused(scene: Scene, fields: dict[str, object]) -> None:
    path = f"/tickets/{scene.tickets[2]}"
    answer = scene.served.ask("PATCH", path, scene.claude, data=fields, key="none", headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_payload")


def test_a_secret_is_refused_by_every_route_and_repeated_by_none(scene: Scene) -> None:
    secret = "ghp_" + "a1B2" * 9
    path = f"/tickets/{scene.tickets[3]}"
    answers = [
        scene.served.ask("POST", "/tickets", scene.claude, data={"title": f"use {secret}"}, key="s1"),
        scene.served.ask("PATCH", path, scene.claude, data={"body": secret}, key="s2", headers={"If-Match": "*"}),
        scene.served.ask("POST", f"{path}/comments", scene.claude, data={"text": secret}, key="s3"),
        scene.served.ask("POST", "/proposals", scene.claude, key="s4", data={
            "action": "ticket.comment", "payload": {"ticket": scene.tickets[3], "text": "x"}, "reason": secret}),
    ]  # fmt: skip
    assert [(each.status_code, each.json()["error"]["code"]) for each in answers] == [
        (422, "secret_found")
    ] * 4
    assert not [each for each in answers if secret in each.text]
    assert secret not in scene.served.log.read_text("utf-8")


def test_a_secret_can_be_masked(scene: Scene) -> None:
    secret = "ghp_" + "a1B2" * 9
    asked = {
        "action": "ticket.comment",
        "payload": {"ticket": scene.tickets[3], "text": secret},
        "redact": True,
    }
    made = scene.served.ask("POST", "/proposals", scene.claude, data=asked, key="masked")
    assert (made.status_code, sum(made.json()["masked"].values())) == (202, 1)
    assert secret not in made.text


def test_policy_says_beforehand_what_it_would_say(scene: Scene) -> None:
    told = scene.served.ask("GET", "/policy?action=ticket.comment", scene.claude).json()
    assert (told["ruling"], bool(told["rule"])) == ("ask", True)
    assert scene.served.ask("GET", "/policy?action=no.such", scene.claude).status_code == 422


def test_actions_are_listed_with_their_schemas(scene: Scene) -> None:
    listed = scene.served.ask("GET", "/actions", scene.claude).json()["items"]
    one = scene.served.ask("GET", "/actions/ticket.comment", scene.claude).json()
    assert one in listed
    assert one["payload"]["additionalProperties"] is False


def test_a_ticket_that_somebody_writes_badly_stands_in_nobodys_way(scene: Scene) -> None:
    broken = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    scene.served.desk.write(f".tickets/tickets/{broken}.md", "---\nid: [\n---\n")
    try:
        assert scene.served.ask("GET", "/tickets", scene.claude).status_code == 200
        answer = scene.served.ask("GET", f"/tickets/{broken}", scene.claude)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_ticket")
    finally:
        (scene.served.desk.path / f".tickets/tickets/{broken}.md").unlink()


def test_figures_name_routes_and_nobody(scene: Scene) -> None:
    text = scene.served.ask("GET", "/metrics", scene.claude).text
    assert 'counterfoil_http_requests_total{method="GET",route="/api/v1/tickets/{id}",status="200"}' in text
    assert "claude" not in text


def test_a_line_of_the_log_names_route_actor_and_id(scene: Scene) -> None:
    answer = scene.served.ask("GET", f"/tickets/{scene.tickets[0]}?secret=hidden", scene.claude)
    (line,) = [line for line in scene.served.journal() if line.get("id") == answer.headers["x-request-id"]]
    assert (line["route"], line["actor"], line["status"]) == ("/api/v1/tickets/{id}", "agent:claude", 200)
    assert "hidden" not in json.dumps(line)


def test_what_libraries_log_is_a_line_of_json_too(scene: Scene) -> None:
    with socket.create_connection(("127.0.0.1", scene.served.port), timeout=40) as connection:
        connection.sendall(b"\x16\x03\x01 no request\r\n\r\n")
        while connection.recv(65536):
            pass
    lines = scene.served.log.read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("{")] == []
    assert "library" in {line["event"] for line in scene.served.journal()}


def test_mcp_stands_beside_it_with_the_same_tokens(scene: Scene) -> None:
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    accept = {"Accept": "application/json, text/event-stream"}
    assert scene.served.ask("POST", "/../../mcp", data=hello, headers=accept).status_code in {401, 404}
    import httpx2

    headers = {**accept, "Content-Type": "application/json", "Authorization": f"Bearer {scene.claude.token}"}
    answer = httpx2.post(
        f"{scene.served.url}/mcp", content=json.dumps(hello).encode(), headers=headers, trust_env=False
    )
    assert (answer.status_code, "serverInfo" in answer.text) == (200, True)
    del headers["Authorization"]
    alone = httpx2.post(
        f"{scene.served.url}/mcp", content=json.dumps(hello).encode(), headers=headers, trust_env=False
    )
    assert (alone.status_code, alone.json()["error"]["code"]) == (401, "unauthenticated")


# --- the command ----------------------------------------------------------------------------------


def serve(scene: Scene, *words: str, **env: str) -> tuple[int, str]:
    """Runs `ticket serve` where it does not come to serve, and returns its status and its words."""
    told = subprocess.run(
        [str(TICKET), "serve", *words], cwd=scene.served.desk.path, capture_output=True, text=True, check=False,
        timeout=30, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert told.stdout == ""
    return told.returncode, told.stderr


def test_an_address_that_others_can_reach_has_to_be_meant(scene: Scene) -> None:
    status, words = serve(scene, "--host", "0.0.0.0", "--port", "0")
    assert (status, "--public" in words) == (2, True)


def test_a_port_that_is_taken_is_named(scene: Scene) -> None:
    status, words = serve(scene, "--port", str(scene.served.port))
    assert status == 12
    assert f":{scene.served.port}" in words
    assert "--port 0" in words


@pytest.mark.parametrize("words", [("--port", "99999"), ("--port", "x"), ("--host", "no.such.host.invalid")])
def test_what_is_no_address_is_refused(scene: Scene, words: tuple[str, ...]) -> None:
    assert serve(scene, *words)[0] in {2, 12}


def test_without_its_parts_it_says_how_to_install_them(scene: Scene) -> None:
    script = (
        "import sys\nsys.modules.update(fastapi=None, uvicorn=None)\n"
        "from counterfoil.cli.main import main\n"
        "sys.exit(main(['serve', '--port', '0']))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        cwd=scene.served.desk.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 12, told.stderr
    assert "pip install 'counterfoil[server]'" in told.stderr


def test_it_listens_where_ipv6_is_loopback_too(scene: Scene, tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return  # this machine has no IPv6
    served = type(scene.served)(scene.served.desk, tmp_path)
    try:
        served.start("--host", "::1")
        assert "[::1]" in served.url
    finally:
        served.close()


def test_head_tells_of_a_ticket_what_get_tells_without_the_ticket(scene: Scene) -> None:
    path = f"/tickets/{scene.tickets[0]}"
    whole, head = [scene.served.ask(method, path, scene.claude) for method in ("GET", "HEAD")]
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[name] for name in ("etag", "content-type", "content-length")] == [
        whole.headers[name] for name in ("etag", "content-type", "content-length")
    ]
    assert scene.served.ask("HEAD", "/tickets/NOPE", scene.claude).status_code == 404
    assert scene.served.ask("HEAD", "/proposals/P-0000000000000000/withdraw", scene.claude).status_code == 405


def test_a_query_that_says_what_nobody_knows_finds_nothing_instead_of_everything(scene: Scene) -> None:
    for path, status, code in (
        ("/tickets?stat=ready", 400, "invalid_request"),
        ("/tickets?state=ready&limt=2", 400, "invalid_request"),
        ("/proposals?status=zzz", 400, "usage"),
        ("/proposals?state=pending", 400, "invalid_request"),
        ("/inbox?actor=agent:claude", 400, "invalid_request"),
    ):
        answer = scene.served.ask("GET", path, scene.claude)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), path
    problems = scene.served.ask("GET", "/tickets?stat=ready", scene.claude).json()["error"]["details"][
        "problems"
    ]
    assert problems == [{"at": "query/stat", "problem": "extra_forbidden"}]
    for path in ("/proposals?status=pending", "/tickets?state=ready&state=done&limit=2", "/health?again=7"):
        assert scene.served.ask("GET", path, scene.claude).status_code == 200


def test_a_method_that_a_path_does_not_know_is_told_all_that_it_knows(scene: Scene) -> None:
    allowed = {
        path: scene.served.ask("DELETE", path, scene.claude).headers["allow"]
        for path in ("/tickets", f"/tickets/{scene.tickets[0]}", "/inbox")
    }
    assert list(allowed.values()) == ["GET, HEAD, POST", "GET, HEAD, PATCH", "GET, HEAD"]


def test_a_weak_validator_is_no_precondition(scene: Scene) -> None:
    path = f"/tickets/{scene.tickets[0]}"
    tag = scene.served.ask("GET", path, scene.claude).headers["etag"]
    for number, match in enumerate((f"W/{tag}", f'W/{tag}, W/"x"')):
        answer = scene.served.ask(
            "PATCH",
            path,
            scene.claude,
            data={"priority": "p1"},
            key=f"weak-{number}",
            headers={"If-Match": match},
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (412, "precondition_failed")
