"""Agents, people and sources in a browser: who may, registered and rotated with a secret that is seen once, revoked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from integration.dashboard_scene import Dash

from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import principals
from counterfoil.usecases.spaces import APPROVER, MEMBER, VIEWER
from counterfoil.web.dashboard.visit import NOBODY, Visitor

if TYPE_CHECKING:
    import httpx2
    from integration.verbs_scene import Desk

ACTS = ("agent", "source", "agent/builder/rotate", "agent/builder/revoke")
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
def dash(desk: Desk) -> Dash:
    """A dashboard with one agent."""
    desk.say("agent", "add", "builder", "--actor", "human:ada")
    return Dash(desk)


def send(dash: Dash, path: str, **fields: str) -> httpx2.Response:
    """Sends a form as a browser does, and returns the page that answers."""
    return dash._send("POST", f"/agents/work/{path}", None, fields, {})


def secret_of(answer: httpx2.Response) -> str:
    """Returns the secret that a page shows, which has to be on it and nowhere else in the answer."""
    assert answer.status_code == 200, answer.text
    (found,) = re.findall(r'class="secret">.*?<code>([^<]+)</code>', answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert not any(found in value for value in answer.headers.values())
    return str(found)


def shown(dash: Dash, kind: str, name: str) -> dict[str, Any]:
    """Returns a principal as the ledger has it."""
    server = dash.space.projects[0].server
    context = server.context(NOBODY)
    return principals.show(context, server.store(context), kind, name)


def test_agents_people_and_sources_are_listed_with_what_they_may(dash: Dash) -> None:
    page = dash.get("/agents/work").text
    assert 'href="/agents/work/agent/builder"' in page
    assert 'href="/agents/work/human/ada"' in page
    assert "spend.record" in page
    assert "Nothing sends webhooks here" in page
    one = dash.get("/agents/work/agent/builder").text
    assert "everywhere" in one
    assert shown(dash, "agent", "builder")["keys"][0]["id"] in one
    assert "Prolong" in one
    assert "/rotate" not in dash.get("/agents/work/human/ada").text


def test_where_nobody_is_registered_the_page_teaches_the_command(desk: Desk) -> None:
    page = Dash(desk, role=VIEWER).get("/agents/work").text
    assert 'data-copy="ticket agent add NAME"' in page
    assert "<form" not in page.split('id="main"')[1]


@pytest.mark.parametrize("path", ["agent/nobody", "robot/builder", "human/BAD NAME"])
def test_somebody_who_is_not_there_is_not_found(dash: Dash, path: str) -> None:
    answer = dash.get(f"/agents/work/{path}", None)
    assert answer.status_code in {404, 422}


def test_an_agent_is_registered_and_its_token_is_seen_once(dash: Dash) -> None:
    token = secret_of(
        send(dash, "agent", name="claude", owner="human:grace", scopes="read ticket.comment", spaces="*", days="7", model="m")
    )  # fmt: skip
    found = shown(dash, "agent", "claude")
    assert (found["owner"], found["scopes"], found["model"]) == (
        "human:grace",
        ["read", "ticket.comment"],
        "m",
    )
    in_a_week = iso_ms(dash.space.projects[0].server.context(NOBODY).clock.now_ms() + 7 * principals.DAY_MS)
    assert str(found["expires_at"])[:10] == in_a_week[:10]
    assert token.startswith("cf_")
    everything = [
        dash.get(path).text for path in ("/agents/work", "/agents/work/agent/claude", "/receipts/work")
    ]
    assert not any(token in page or token.rpartition("_")[2] in page for page in everything)


def test_a_token_is_rotated_and_the_old_one_counts_for_a_while(dash: Dash) -> None:
    before = shown(dash, "agent", "builder")["keys"]
    token = secret_of(send(dash, "agent/builder/rotate", overlap="2", days="never"))
    after = shown(dash, "agent", "builder")
    assert [key["state"] for key in after["keys"]] == ["live", "live"]
    assert after["keys"][0]["id"] == before[0]["id"]
    assert after["keys"][0]["expires_at"] is not None
    assert after["expires_at"] is None
    assert after["keys"][1]["id"] in token
    secret_of(send(dash, "agent/builder/rotate", overlap="0"))
    assert [key["state"] for key in shown(dash, "agent", "builder")["keys"]][-1] == "live"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("agent", {"name": "claude"}),
        ("agent/builder/rotate", {"overlap": "2", "days": "30"}),
        ("source", {"name": "github", "sender": "github"}),
        ("source/forge/rotate", {"overlap": "1"}),
    ],
)
def test_an_answer_with_a_secret_that_is_loaded_again_gives_no_second_key_and_says_so(
    dash: Dash, path: str, fields: dict[str, str]
) -> None:
    send(dash, "source", name="forge", sender="github")
    page = dash.get(
        "/agents/work" if "/" not in path else f"/agents/work/{path.removesuffix('/rotate')}"
    ).text
    form = page.partition(f'action="/agents/work/{path}"')[2].partition("</form>")[0]
    once = re.findall(r'name="once" value="([^"]+)"', form)[0]
    secret_of(send(dash, path, once=once, **fields))
    server = dash.space.projects[0].server
    before = server.store(server.context(NOBODY)).size()

    again = send(dash, path, once=once, **fields)

    assert again.status_code == 409
    assert "shown no more" in again.text
    assert "cf_" not in again.text
    assert server.store(server.context(NOBODY)).size() == before
    if "/" in path:
        secret_of(send(dash, path, once="another", **fields))


def test_a_key_alone_is_revoked_or_the_agent_for_good_and_always_with_a_reason(dash: Dash) -> None:
    key = shown(dash, "agent", "builder")["keys"][0]["id"]
    assert send(dash, "agent/builder/revoke", key=key).status_code >= 400
    assert send(dash, "agent/builder/revoke", key=key, reason="lost").status_code == 303
    assert shown(dash, "agent", "builder")["keys"][0]["state"] == "revoked"
    told = dash.post("/agents/work/agent/builder/revoke", reason=f"over {EVIL}")
    assert told["message"] == "agent:builder counts no more"
    assert shown(dash, "agent", "builder")["state"] == "revoked"
    page = dash.get("/agents/work/agent/builder").text
    assert "<script>alert" not in page
    assert "/rotate" not in page


def test_a_source_has_its_secret_seen_once_rotated_and_revoked(dash: Dash) -> None:
    first = secret_of(send(dash, "source", name="github", sender="github"))
    second = secret_of(send(dash, "source/github/rotate", overlap="1"))
    assert first != second
    assert "github" in dash.get("/agents/work/source/github").text
    assert send(dash, "source/github/revoke", reason="over").status_code == 303
    assert shown(dash, "source", "github")["state"] == "revoked"


def test_a_person_is_revoked_and_their_agents_are_frozen(dash: Dash) -> None:
    assert send(dash, "human/ada/rotate").status_code == 404
    send(dash, "agent", name="helper", owner="human:grace")
    assert send(dash, "human/grace/revoke", reason="left").status_code == 303
    assert "frozen: its owner was revoked" in dash.get("/agents/work").text


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Not A Name"}, {"name": ""}, {"name": "x", "scopes": "ALL!"}, {"name": "x", "days": "soon"},
        {"name": "x", "days": "99999"}, {"name": "x", "owner": "agent:builder"}, {"name": "builder"},
    ],
)  # fmt: skip
def test_what_cannot_be_registered_is_refused_and_shows_no_secret(dash: Dash, fields: dict[str, str]) -> None:
    answer = send(dash, "agent", **fields)
    assert answer.status_code >= 400
    assert "cf_" not in answer.text


@pytest.mark.parametrize("path", ACTS)
def test_only_an_admin_with_a_fresh_session_manages(dash: Dash, path: str) -> None:
    for role in (VIEWER, MEMBER, APPROVER):
        dash.door.chosen = Visitor("human:ada", role, "s1", True)
        assert dash.post(f"/agents/work/{path}", 403, name="x", reason="y")["code"] == "role_refused"
    dash.door.chosen = Visitor("human:ada", "admin", "s1", False)
    assert dash.post(f"/agents/work/{path}", None, name="x", reason="y")["code"] == "session_stale"
    assert shown(dash, "agent", "builder")["state"] == "live"


def test_a_person_who_was_revoked_manages_nothing_whatever_their_session_says(dash: Dash) -> None:
    send(dash, "agent", name="helper", owner="human:grace")
    send(dash, "human/grace/revoke", reason="left")
    dash.door.chosen = Visitor("human:grace", "admin", "s2", True)
    assert dash.post("/agents/work/agent", 403, name="mine")["code"] == "refused"
