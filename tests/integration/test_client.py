"""The Python client against the real server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from integration.http_scene import new_project

from counterfoil.client import Client, Expired, OutcomeUnknown, Rejected, StillWaiting, gated
from counterfoil.errors import ConflictError, HostError, InputError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integration.http_scene import Served


ROOT = Path(__file__).parents[2]


class Scene:
    """A served project with a ticket, an agent's client and a person."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.ticket = served.desk.new("Sell shoes", "--state", "ready")
        self.client = served.client(served.agent("claude"))
        self.morgan = served.person("human:morgan")

    def answering(
        self, verdict: str = "approve", note: str = "", of: Client | None = None
    ) -> Callable[[], None]:
        """Begins to answer whatever is proposed next; returns what waits until that is done."""
        asking = of or self.client
        known = {each.id for each in asking.proposals()}

        def answer() -> None:
            while True:
                new = [each for each in asking.proposals(status="pending") if each.id not in known]
                if new:
                    reply = self.served.decide(self.morgan, new[0].id, verdict, note)
                    assert reply.status_code == 200, reply.text
                    return

        thread = threading.Thread(target=answer)
        thread.start()
        return thread.join


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server for all tests of this page."""
    served = new_project(tmp_path_factory.mktemp("client"))
    try:
        yield Scene(served.start())
    finally:
        served.close()


def test_tickets_are_listed_page_by_page_and_shown(scene: Scene) -> None:
    listed = {ticket.id: ticket for ticket in scene.client.tickets(state=["ready"])}
    shown = scene.client.ticket(scene.ticket)
    assert listed[scene.ticket] == shown.__class__.of(shown.data["ticket"])
    assert shown.etag.startswith('"')


def test_a_change_rests_on_what_was_read(scene: Scene) -> None:
    seen = scene.client.ticket(scene.ticket)
    wait = scene.answering()
    proposal = scene.client.change_ticket(seen, priority="p1")
    wait()
    assert scene.client.wait(proposal.id, timeout_s=30).status == "applied"
    assert scene.client.ticket(scene.ticket).priority == "p1"
    with pytest.raises(ConflictError) as error:
        scene.client.change_ticket(seen, priority="p3")
    assert error.value.code == "precondition_failed"


def test_a_comment_is_proposed_and_then_stands_in_the_discussion(scene: Scene) -> None:
    wait = scene.answering()
    proposal = scene.client.comment(scene.ticket, "Which size?")
    wait()
    assert scene.client.wait(proposal.id, timeout_s=30).result
    assert "Which size?" in [said.text for said in scene.client.discussion(scene.ticket)]


def test_a_file_is_kept_attached_and_given_back(scene: Scene) -> None:
    wait = scene.answering()
    proposal = scene.client.attach(scene.ticket, "report.txt", b"all green")
    wait()
    assert scene.client.wait(proposal.id, timeout_s=30).status == "applied"
    digest = proposal.payload["artifacts"][0]["sha256"]
    assert scene.client.artifact(scene.ticket, digest) == b"all green"


def test_receipts_come_with_their_headers(scene: Scene) -> None:
    receipts = list(scene.client.receipts(f"ticket/{scene.ticket}"))
    assert [receipt.seq for receipt in receipts] == list(range(len(receipts)))
    assert scene.client.receipt(receipts[0].id).header == receipts[0].header


def test_a_proposal_sent_again_is_the_same(scene: Scene) -> None:
    payload = {"ticket": scene.ticket, "text": "once"}
    first = scene.client.propose("ticket.comment", payload, key="once")
    second = scene.client.propose("ticket.comment", payload, key="once")
    assert (second.id, first.repeated, second.repeated) == (first.id, False, True)
    assert scene.client.withdraw(first.id).status == "withdrawn"


@pytest.mark.parametrize(("call", "kind", "code"), [
    (lambda client: client.ticket("01ARZ3NDEKTSV4RRFFQ69G5FAV"), InputError, "not_found"),
    (lambda client: client.propose("no.such-action", {}), InputError, "unknown_action"),
    (lambda client: client.propose("ticket.comment", {"text": 1}), InputError, "invalid_payload"),
    (lambda client: Client(client.url, "cf_nobody_00000000." + "A" * 43).me(), RefusedError, "unauthenticated"),
    (lambda _: Client("http://127.0.0.1:9", "x", attempts=1).me(), HostError, "unreachable"),
    (lambda _: Client("http://example.org", "x"), InputError, "invalid_url"),
    (lambda _: Client("ftp://127.0.0.1", "x"), InputError, "invalid_url"),
])  # fmt: skip
def test_an_error_is_of_the_tree(
    scene: Scene, call: Callable[[Client], object], kind: type, code: str
) -> None:
    with pytest.raises(kind) as error:
        call(scene.client)
    assert error.value.code == code


def test_nothing_shows_the_token(scene: Scene) -> None:
    assert "cf_" not in repr(scene.client)


def test_the_first_lines_of_the_how_to_run_as_they_stand(scene: Scene) -> None:
    blocks = (ROOT / "docs" / "howto" / "agents-http.md").read_text("utf-8").split("```py\n")[1:]
    first = blocks[0].partition("```")[0]
    short = scene.client.ticket(scene.ticket).display_id
    here = (
        first.replace("http://127.0.0.1:8417", scene.served.url)
        .replace("TK-01M7ZGAA", short)
        .replace('"done"', '"blocked"')
    )
    names: dict[str, Any] = {"token": scene.served.agent("reader").token}
    own = Client(scene.served.url, names["token"])
    wait = scene.answering(of=own)
    exec(compile(here, "agents-http.md", "exec"), names)
    wait()
    assert names["decided"].status == "applied"


# --- @gated ---------------------------------------------------------------------------------------


def commenting(scene: Scene, tmp_path: Path, ran: list[tuple[str, str]], **more: Any) -> Callable[..., str]:
    """Returns a gated function whose arguments are a comment."""

    @gated("ticket.comment", client=scene.client, folder=str(tmp_path / "marks"), **more)
    def say(ticket: str, text: str = "by default") -> str:
        ran.append((ticket, text))
        return f"said {text}"

    return say


def test_a_gated_function_runs_once_it_is_approved_with_the_payload_as_approved(
    scene: Scene, tmp_path: Path
) -> None:
    ran: list[tuple[str, str]] = []
    say = commenting(scene, tmp_path, ran)
    wait = scene.answering()
    short = scene.client.ticket(scene.ticket).display_id
    assert say(short) == "said by default"
    wait()
    assert ran == [(scene.ticket, "by default")]


def test_a_gated_function_that_is_rejected_does_not_run(scene: Scene, tmp_path: Path) -> None:
    ran: list[tuple[str, str]] = []
    say = commenting(scene, tmp_path, ran)
    wait = scene.answering("reject", "not now")
    with pytest.raises(Rejected) as error:
        say(scene.ticket, text="now")
    wait()
    assert (error.value.reason, ran) == ("not now", [])


def test_a_gated_function_that_nobody_answers_expires(scene: Scene, tmp_path: Path) -> None:
    proposal = scene.client.propose(
        "ticket.comment", {"ticket": scene.ticket, "text": "soon"}, key="soon", expires_in_s=1
    )
    assert scene.client.wait(proposal.id, timeout_s=30).status == "expired"
    ran: list[tuple[str, str]] = []
    say = commenting(scene, tmp_path, ran, key=lambda ticket, text: "soon")  # noqa: ARG005
    with pytest.raises(Expired):
        say(scene.ticket, text="soon")
    assert ran == []


def test_a_gated_function_gives_up_waiting_after_its_time_and_goes_on_with_its_key(
    scene: Scene, tmp_path: Path
) -> None:
    ran: list[tuple[str, str]] = []
    say = commenting(scene, tmp_path, ran, key=lambda ticket, text: f"late/{text}", timeout_s=0.1)  # noqa: ARG005
    with pytest.raises(StillWaiting) as error:
        say(scene.ticket, text="late")
    assert scene.served.decide(scene.morgan, error.value.proposal.id).status_code == 200
    assert say(scene.ticket, text="late") == "said late"
    with pytest.raises(OutcomeUnknown):
        say(scene.ticket, text="late")
    assert ran == [(scene.ticket, "late")]


def test_a_gated_coroutine_runs_once_it_is_approved(scene: Scene, tmp_path: Path) -> None:
    @gated("ticket.comment", client=lambda: scene.client, folder=str(tmp_path / "marks"))
    async def say(ticket: str, text: str) -> str:
        await asyncio.sleep(0)
        return f"{ticket} {text}"

    wait = scene.answering()
    assert asyncio.run(say(scene.ticket, "async")) == f"{scene.ticket} async"
    wait()


def test_arguments_that_are_no_json_are_refused_before_anything_is_proposed(
    scene: Scene, tmp_path: Path
) -> None:
    say = commenting(scene, tmp_path, [])
    with pytest.raises(InputError) as error:
        say(scene.ticket, text=object())
    assert error.value.code == "invalid_payload"


def test_the_client_loads_nothing_of_the_product_but_its_errors() -> None:
    script = (
        "import sys; before=set(sys.modules); import counterfoil.client\n"
        "print(sorted(name for name in set(sys.modules) - before if name.startswith(('counterfoil', 'httpx2', 'pydantic'))))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    ours = {"answers", "failures", "gating", "http", "outcomes"}
    expected = [
        "counterfoil",
        "counterfoil.client",
        *[f"counterfoil.client.{name}" for name in ours],
        "counterfoil.errors",
    ]
    assert told.strip() == str(sorted(expected))
