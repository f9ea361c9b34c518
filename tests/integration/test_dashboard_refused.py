"""What stands on the page, or in the toast, in place of what was asked for: which thing, what is wrong, what is next."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash

from counterfoil.errors import InputError, RefusedError
from counterfoil.usecases.spaces import ADMIN, MEMBER
from counterfoil.web.dashboard import refused_words
from counterfoil.web.dashboard.rendering import sentence

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

NEED_THE_LEDGER = ("receipts", "insights", "agents", "policy", "proposals")


def words_of(page: str) -> str:
    """Returns what a page says, without what is around it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition('class="sheet"')[2])).split())


@pytest.mark.parametrize(
    ("role", "what"),
    [
        (ADMIN, "work: .git/counterfoil/ledger.db: file is not a database"),
        (MEMBER, "work: the ledger cannot be read"),
    ],
)
def test_a_ledger_that_is_damaged_is_named_with_its_repository_and_what_is_next(
    core_desk: Desk, role: str, what: str
) -> None:
    ticket = core_desk.new("Wash the windows")
    state = core_desk.path / ".git" / "counterfoil"
    for part in state.glob("ledger.db*"):
        part.unlink()
    (state / "ledger.db").write_bytes(b"garbage\n")
    dash = Dash(core_desk, role=role)

    for page in NEED_THE_LEDGER:
        said = words_of(dash.get(f"/{page}/work", 503).text)
        assert what in said
        assert "ticket ledger verify" in said
        assert "Meanwhile tickets can be read here" in said
        assert "server's side" not in said
    told = dash.post(f"/tickets/work/{ticket}/move", 503, state="ready")
    assert what in told["message"]
    assert "ticket ledger verify" in told["hint"]
    assert "Wash the windows" in dash.get("/board/work").text


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("/new/work", {"title": "T", "body": "x" * 100_000}, "Body: at most"),
        ("/tickets/work/TICKET/edit", {"title": "T", "body": "x" * 100_000}, "Body: at most"),
    ],
)
def test_what_is_wrong_with_a_field_is_told_by_its_label(
    core_desk: Desk, path: str, fields: dict[str, str], message: str
) -> None:
    ticket = core_desk.new("Wash the windows")
    told = Dash(core_desk).post(path.replace("TICKET", ticket), 422, **fields)
    assert told["message"].startswith(message)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ticket.create: /title: at least 1 character is needed", "Title: at least 1 character is needed"),
        ("/blocked_by/3: string is expected", "Blocked by (3): string is expected"),
        ("ticket.create: the payload: x is missing", "ticket.create: the payload: x is missing"),
    ],
)
def test_a_pointer_into_json_becomes_the_name_of_a_field(text: str, words: str) -> None:
    assert refused_words.told(InputError("invalid_payload", text), ADMIN)["message"] == words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("csrf_refused", "load the page again"),
        ("role_refused", "Your role does not reach this"),
        ("session_unproven", "sign in anew"),
        ("self_approval", ""),
    ],
)
def test_a_refusal_means_what_its_code_says_and_nothing_else(code: str, words: str) -> None:
    means = refused_words.meaning(code, refused_words.status(RefusedError(code, "")))
    assert words in means
    assert bool(words) == bool(means)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("this needs the role admin", "This needs the role admin"),
        (
            ".git/counterfoil/ledger.db: file is not a database",
            ".git/counterfoil/ledger.db: file is not a database",
        ),
        ("agent:nosuch is registered already", "agent:nosuch is registered already"),
        ("shop: the ledger cannot be read", "shop: the ledger cannot be read"),
        ("ticket.create: Title: too long", "ticket.create: Title: too long"),
        ("", ""),
    ],
)
def test_a_message_begins_as_a_sentence_and_a_path_or_a_handle_stays_as_it_is(
    message: str, shown: str
) -> None:
    assert sentence(message) == shown


def test_a_form_that_is_not_from_a_page_of_ours_is_not_told_of_roles(core_desk: Desk) -> None:
    dash = Dash(core_desk)

    def refuse(*_: object, **__: object) -> None:
        raise RefusedError("csrf_refused", "this does not come from a page of yours", "load the page again")

    dash.door.check = refuse  # type: ignore[method-assign]
    said = words_of(dash._send("POST", "/refresh", 403, {}, {}).text)
    assert "Nothing was changed" in said
    assert "role" not in said
