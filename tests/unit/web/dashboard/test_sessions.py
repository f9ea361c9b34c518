"""The door of the dashboard: who comes in, for how long, and what shows that a change is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.sign_in_scene import ADA, GO_ON, HERE, NAME, Browser, Guarded
from integration.verbs_scene import core

from counterfoil.adapters.sqlite.sessions import SqliteSessions
from counterfoil.errors import HostError
from counterfoil.usecases import people, principals, sessions
from counterfoil.usecases.context import Options
from counterfoil.web.dashboard.visit import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterfoil.usecases.ports import Session

MINUTE_MS = 60_000
BOARD = "/board/work"


@pytest.fixture
def dash(tmp_path: Path) -> Iterator[Guarded]:
    """A project and its dashboard; nobody is signed in."""
    desk = core(tmp_path / "work")
    desk.say("init")
    made = Guarded(tmp_path, desk)
    yield made
    made.close()


def another_space(folder: Path) -> Guarded:
    """Returns the dashboard of another project, whose sessions lie in the same file."""
    return Guarded(folder, core(folder / "another"))


def elsewhere(dash: Guarded) -> SqliteSessions:
    """Opens the sessions as another process does."""
    return SqliteSessions(str(dash.file))


def test_a_link_shows_whom_it_lets_in_and_is_used_up_by_the_button_alone(dash: Guarded) -> None:
    browser, code = Browser(dash), dash.code(role="member")
    for _ in range(3):
        page = browser.get(f"/sign-in?code={code}&to={BOARD}")
        assert (page.status_code, "Sign in as ada" in page.text, "member" in page.text) == (200, True, True)
    assert browser.cookies == {}
    answer = browser.ask("POST", "/sign-in", {"code": f" {code}\n", "to": BOARD})
    assert (answer.status_code, GO_ON.findall(answer.text)) == (200, [BOARD])
    assert browser.get(BOARD).status_code == 200


def test_without_a_code_the_page_says_how_to_get_one(dash: Guarded) -> None:
    page = Browser(dash).get("/sign-in")
    assert (page.status_code, "ticket session link" in page.text) == (200, True)


def test_whoever_is_not_signed_in_comes_back_to_where_they_wanted_to_go(dash: Guarded) -> None:
    browser = Browser(dash)
    asked = browser.get(f"{BOARD}?q=a&label=b%26c")
    assert asked.status_code == 303
    page = browser.get(asked.headers["location"])
    assert 'name="to" value="/board/work?q=a&amp;label=b%26c"' in page.text


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\/evil.example", "evil.example", "javascript:1",
     "/\n/evil.example", "/ /evil.example", "/\t/evil.example", "/a\r\nSet-Cookie: b=1", "/é", ""],
)  # fmt: skip
def test_nobody_is_sent_to_another_server(dash: Guarded, place: str) -> None:
    answer = Browser(dash).ask("POST", "/sign-in", {"code": dash.code(), "to": place})
    assert (answer.status_code, GO_ON.findall(answer.text)) == (200, ["/"])


def test_signing_out_ends_the_session_and_drops_the_cookie(dash: Guarded) -> None:
    browser = dash.browser()
    kept = dict(browser.cookies)
    answer = browser.ask("POST", "/sign-out", {"csrf": browser.csrf()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    browser.cookies = kept
    assert browser.get(BOARD).status_code == 303


def test_a_form_that_comes_too_late_is_answered_with_what_to_do(dash: Guarded) -> None:
    browser = dash.browser()
    csrf = browser.csrf()
    dash.known.end(browser.name)
    answer = browser.ask("POST", "/theme", {"csrf": csrf})
    assert (answer.status_code, "ticket session link" in answer.text) == (401, True)
    by_script = browser.ask("POST", "/theme", {"csrf": csrf}, hx_request="true")
    assert (by_script.status_code, "hx-trigger" in by_script.headers) == (401, False)


def test_signing_out_needs_a_page_of_ours(dash: Guarded) -> None:
    browser = dash.browser()
    assert browser.ask("POST", "/sign-out", {}).status_code == 403
    assert browser.get(BOARD).status_code == 200


def test_what_another_process_revokes_counts_with_the_next_request(dash: Guarded) -> None:
    browser, other = dash.browser(), elsewhere(dash)
    assert browser.get(BOARD).status_code == 200
    other.revoke(browser.name)
    assert browser.get(BOARD).status_code == 303
    other.close()


def test_an_open_page_learns_that_its_session_was_revoked(dash: Guarded) -> None:
    browser, other = dash.browser(), elsewhere(dash)
    session = dash.known.named(browser.name)
    assert session is not None
    visitor = Visitor(session.person, session.role, session.name, True)
    assert dash.keeper.is_live(visitor)
    assert not dash.keeper.is_live(visitor._replace(role="approver"))
    before = dash.keeper.census()
    assert dash.keeper.census() == before
    other.revoke(session.name)
    assert dash.keeper.census() != before
    assert not dash.keeper.is_live(visitor)
    other.close()


def test_a_session_that_ends_while_somebody_reads_it_is_not_remembered(
    dash: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    (token,) = dash.browser().cookies.values()
    store = dash.known.store
    (session,) = store.sessions()
    read, count = store.session, store.census

    def ended_meanwhile(key: bytes) -> Session | None:
        found = read(key)
        monkeypatch.setattr(store, "session", read)
        dash.known.end(session.name)
        dash.known.lookup("somebody else's")
        return found

    def counted_before() -> tuple[int, int]:
        monkeypatch.setattr(store, "census", count)
        counted = count()
        dash.known.end(store.sessions()[0].name)
        return counted

    monkeypatch.setattr(store, "session", ended_meanwhile)
    assert dash.known.lookup(token) == session
    assert dash.known.lookup(token) is None
    dash.browser()
    monkeypatch.setattr(store, "census", counted_before)
    assert dash.known.census() != (0, 0)
    assert dash.known.census() == (0, 0)


@pytest.mark.parametrize(
    ("later_ms", "status"),
    [(sessions.IDLE_MS - MINUTE_MS, 200), (sessions.IDLE_MS + MINUTE_MS, 303)],
)
def test_a_session_that_is_not_used_for_a_week_ends(dash: Guarded, later_ms: int, status: int) -> None:
    browser = dash.browser()
    dash.clock.ms += later_ms
    assert browser.get(BOARD).status_code == status


def test_a_session_ends_after_thirty_days_however_often_it_is_used(dash: Guarded) -> None:
    browser = dash.browser()
    for _ in range(5):
        dash.clock.ms += sessions.LIFE_MS // 5 - 1
        assert browser.get(BOARD).status_code == 200
    dash.clock.ms += 5
    assert browser.get(BOARD).status_code == 303


def test_use_is_noted_once_a_minute(dash: Guarded) -> None:
    browser, other = dash.browser(), elsewhere(dash)
    before = other.version()
    browser.get(BOARD)
    browser.get(BOARD)
    assert other.version() == before
    dash.clock.ms += MINUTE_MS
    browser.get(BOARD)
    assert other.version() != before
    assert other.sessions()[0].seen_ms == dash.clock.ms
    other.close()


def test_a_disk_that_is_full_keeps_nobody_from_looking(
    dash: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = dash.browser()
    dash.clock.ms += MINUTE_MS

    def full(*_: object) -> None:
        raise HostError("sessions_unavailable", "the disk is full")

    monkeypatch.setattr(dash.known.store, "seen", full)
    assert browser.get(BOARD).status_code == 200


def test_a_store_that_cannot_be_opened_is_told_without_its_place(dash: Guarded) -> None:
    dash.browser()
    dash.known.close()
    dash.file.write_bytes(b"no database at all" * 200)
    answer = Browser(dash).ask("POST", "/sign-in", {"code": "a" * 32})
    assert (answer.status_code, str(dash.file) in answer.text) == (503, False)


def test_a_person_who_is_revoked_in_the_ledger_is_out(dash: Guarded) -> None:
    browser, link = dash.browser("human:bob"), dash.code("human:bob")
    server = dash.space.projects[0].server
    context = server.context(Options(actor=ADA))
    store = server.store(context)
    people.add(context, store, "human:bob", None)
    assert browser.get(BOARD).status_code == 200
    principals.revoke(context, store, "human", "bob", "left")
    assert browser.get(BOARD).status_code == 303
    assert dash.known.store.sessions() == []
    assert Browser(dash).ask("POST", "/sign-in", {"code": link}).status_code == 403


def test_somebody_of_another_space_sees_what_a_stranger_sees(dash: Guarded, tmp_path: Path) -> None:
    stranger = another_space(tmp_path).browser()
    stranger.turn_to(dash)
    assert {stranger.get(path).status_code for path in (BOARD, "/", "/nowhere", "/live?page=/")} == {404}
    assert stranger.get("/sign-in").status_code == 200


def test_a_link_to_another_space_opens_nothing_here(dash: Guarded) -> None:
    assert Browser(dash).ask("POST", "/sign-in", {"code": dash.code(space="another")}).status_code == 403


def test_signing_in_again_ends_the_session_before(dash: Guarded) -> None:
    browser = dash.browser()
    first = dict(browser.cookies)
    assert browser.ask("POST", "/sign-in", {"code": dash.code()}).status_code == 200
    assert browser.cookies != first
    assert len(dash.known.store.sessions()) == 1
    browser.cookies = first
    assert browser.get(BOARD).status_code == 303


# --- the cookie and the token ----------------------------------------------------------------------


def test_the_cookie_is_for_no_script_and_no_other_sites_forms(dash: Guarded) -> None:
    answer = Browser(dash).ask("POST", "/sign-in", {"code": dash.code()})
    name_and_value, *words = answer.headers["set-cookie"].split("; ")
    assert name_and_value.startswith("counterfoil_")
    assert sorted(words) == ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax"]


def test_over_tls_the_cookie_is_for_this_host_alone_and_never_sent_in_the_open(tmp_path: Path) -> None:
    desk = core(tmp_path / "work")
    dash = Guarded(tmp_path, desk, tls=True)
    outside = Browser(dash, f"http://{NAME}")
    answer = outside.ask("POST", "/sign-in", {"code": dash.code()}, origin=f"https://{NAME}")
    assert answer.headers["set-cookie"].startswith("__Host-counterfoil_")
    assert answer.headers["set-cookie"].endswith("; Secure")
    assert outside.ask("POST", "/sign-in", {"code": "x"}, origin=f"http://{NAME}").status_code == 403
    at_home = Browser(dash).ask("POST", "/sign-in", {"code": dash.code()}, origin=HERE)
    assert "Secure" not in at_home.headers["set-cookie"]
    dash.close()


def test_two_cookies_of_one_name_are_nobodys(dash: Guarded) -> None:
    browser, other = dash.browser(), dash.browser("human:eve")
    ((name, token),), ((_, planted),) = browser.cookies.items(), other.cookies.items()
    assert browser.get(BOARD, cookie=f"{name}={planted}; {name}={token}").status_code == 303
    assert browser.get(BOARD, cookie=f"a=b; {name}={token}; {name}={token}").status_code == 200


def test_each_page_has_another_token_and_all_of_them_count(dash: Guarded) -> None:
    browser = dash.browser()
    tokens = [browser.csrf() for _ in range(3)]
    assert len(set(tokens)) == 3
    for token in tokens:
        assert browser.ask("POST", "/theme", {"theme": "dark"}, x_csrf_token=token).status_code == 303
        assert browser.ask("POST", "/theme", {"theme": "dark", "csrf": token}).status_code == 303


def test_a_change_needs_the_proof_of_its_session_in_a_header_or_a_field(dash: Guarded) -> None:
    browser = dash.browser()
    fields = {"csrf": browser.csrf(), "name": "all", "address": "/list"}
    thief = browser.thief()
    shown = [
        thief.ask("POST", "/views/save", fields).status_code,
        thief.ask("POST", "/views/save", fields, x_session_proof=browser.proof).status_code,
        thief.ask("POST", "/views/save", {**fields, "session-proof": browser.proof}).status_code,
        thief.ask("POST", "/views/save", fields, x_session_proof=dash.browser().proof).status_code,
    ]
    assert shown == [403, 303, 303, 403]


def test_whoever_has_lost_the_proof_is_told_what_to_do_and_can_still_look_and_leave(dash: Guarded) -> None:
    browser = dash.browser()
    browser.proof = ""
    csrf = browser.csrf()
    by_form = browser.ask("POST", "/views/save", {"csrf": csrf})
    assert (by_form.status_code, "ticket session link" in by_form.text) == (403, True)
    by_script = browser.ask("POST", "/views/save", {"csrf": csrf}, hx_request="true")
    assert "does not hold the proof of its session" in by_script.headers["hx-trigger"]
    assert browser.get(BOARD).status_code == 200
    assert browser.ask("POST", "/theme", {"csrf": csrf, "theme": "dark"}).status_code == 303
    assert browser.ask("POST", "/sign-out", {"csrf": csrf}).status_code == 303
    assert browser.get(BOARD).status_code == 303


def test_signing_in_again_gives_another_proof_that_belongs_to_the_new_cookie(dash: Guarded) -> None:
    browser = dash.browser()
    first = browser.proof
    browser.ask("POST", "/sign-in", {"code": dash.code()})
    fields = {"csrf": browser.csrf(), "name": "all", "address": "/list"}
    assert browser.ask("POST", "/views/save", fields, x_session_proof=first).status_code == 403
    assert browser.ask("POST", "/views/save", fields).status_code == 303


@pytest.mark.parametrize("token", ["", "AAAA", "é", "=" * 100, "A" * 86, "-" * 5000])
def test_what_is_no_token_is_refused(dash: Guarded, token: str) -> None:
    answer = dash.browser().ask("POST", "/theme", {"theme": "dark", "csrf": token}, hx_request="true")
    assert (answer.status_code, '"csrf_refused"' in answer.headers["hx-trigger"]) == (403, True)


def test_the_token_of_another_session_is_none(dash: Guarded) -> None:
    other = dash.browser("human:eve").csrf()
    assert dash.browser().ask("POST", "/theme", {"csrf": other}).status_code == 403
    first = dash.browser()
    token = first.csrf()
    first.ask("POST", "/sign-in", {"code": dash.code()})
    assert first.ask("POST", "/theme", {"csrf": token}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": HERE}, 303),
        ({"origin": HERE, "sec_fetch_site": "same-origin"}, 303),
        ({"sec_fetch_site": "none"}, 303),
        ({"origin": "null"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://127.0.0.1"}, 403),
        ({"origin": "http://127.0.0.1:8418"}, 403),
        ({"origin": "http://localhost"}, 403),
        ({"origin": f"{HERE}.evil.example"}, 403),
        ({"origin": f"{HERE} "}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": HERE, "sec_fetch_site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/theme", "/sign-in"])
def test_changes_come_from_our_own_pages_alone(
    dash: Guarded, path: str, headers: dict[str, str], status: int
) -> None:
    browser = dash.browser()
    fields = {"csrf": browser.csrf(), "theme": "dark", "code": dash.code()}
    if path == "/sign-in" and status == 303:
        status = 200
    assert browser.ask("POST", path, fields, **headers).status_code == status
