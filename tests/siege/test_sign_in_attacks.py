"""Attempts to come in without a link, with somebody else's, with a used one, or by what was stolen."""

from __future__ import annotations

import base64
import re
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from integration.sign_in_scene import GO_ON, HERE, NAME, Browser, Guarded
from integration.verbs_scene import core

from counterfoil.usecases import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOARD = "/board/work"
RACERS = 20
RACER = """
import sys
from counterfoil.adapters.sqlite.sessions import SqliteSessions
from counterfoil.usecases.ports import Session
path, code, name = sys.argv[1:]
known = SqliteSessions(path)
sys.stdin.readline()
now_ms = int(sys.argv[2][64:])
wanted = Session(name, "", "", "", now_ms, now_ms, now_ms, now_ms, "", bytes(32))
opened = known.open(bytes.fromhex(code[:64]), name.encode().ljust(32), wanted)
print("in" if opened else "out")
"""


@pytest.fixture(name="dash")
def make_dash(tmp_path: Path) -> Iterator[Guarded]:
    """A project and its dashboard; nobody is signed in."""
    made = Guarded(tmp_path, core(tmp_path / "work"))
    yield made
    made.close()


def sign_in(dash: Guarded, code: str, **headers: str) -> int:
    """Sends a code from a browser that has never been here, and returns the status."""
    return Browser(dash).ask("POST", "/sign-in", {"code": code}, **headers).status_code


# --- codes -----------------------------------------------------------------------------------------


def test_a_code_counts_once(dash: Guarded) -> None:
    code = dash.code()
    assert [sign_in(dash, code) for _ in range(3)] == [200, 403, 403]
    assert len(dash.known.store.sessions()) == 1


def test_a_code_counts_for_ten_minutes(dash: Guarded) -> None:
    code, late = dash.code(), dash.code()
    dash.clock.ms += sessions.CODE_MS - 1
    assert sign_in(dash, code) == 200
    dash.clock.ms += 1
    assert sign_in(dash, late) == 403
    assert Browser(dash).get(f"/sign-in?code={late}").status_code == 403


def test_of_twenty_processes_with_one_code_one_gets_in(dash: Guarded) -> None:
    code, now_ms = dash.code(), dash.clock.now_ms()
    told = f"{sessions.digest(code).hex()}{now_ms}"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(dash.file), told, f"racer{number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(RACERS)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    assert sorted(racer.communicate()[0].strip() for racer in racers) == ["in"] + ["out"] * (RACERS - 1)
    assert len(dash.known.store.sessions()) == 1


@pytest.mark.parametrize("code", ["", " ", "a", "A" * 32, "a" * 32, "a" * 65, "é" * 8, "\x00", "' OR 1=1 --"])
def test_what_is_no_code_opens_nothing_and_is_not_repeated(dash: Guarded, code: str) -> None:
    dash.code()
    answer = Browser(dash).ask("POST", "/sign-in", {"code": code})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert len(code) < 8 or code not in answer.text


def test_ten_wrong_codes_a_minute_are_enough_and_headers_make_nobody_another(dash: Guarded) -> None:
    forged = [
        {"x_forwarded_for": f"10.0.0.{n}", "forwarded": f"for=10.0.0.{n}", "x_real_ip": f"10.0.0.{n}"}
        for n in range(12)
    ]
    tried = [sign_in(dash, "a" * 32, **headers) for headers in forged]
    assert tried == [403] * 10 + [429] * 2
    looked = Browser(dash).get("/sign-in?code=" + "b" * 32)
    assert (looked.status_code, "Too many requests" in looked.text) == (429, True)
    assert 1 <= int(looked.headers["retry-after"]) <= 61
    assert sign_in(dash, dash.code()) == 200


def test_a_session_cannot_be_prepared_for_somebody_else(dash: Guarded) -> None:
    eve = dash.browser("human:eve")
    ((name, token),) = eve.cookies.items()
    victim = Browser(dash)
    victim.cookies = {name: token}
    assert victim.ask("POST", "/sign-in", {"code": dash.code()}).status_code == 200
    assert victim.cookies[name] != token
    assert eve.get(BOARD).status_code == 303


def test_a_cookie_of_ones_own_making_becomes_no_session(dash: Guarded) -> None:
    browser, wanted = Browser(dash), "a" * 52
    name = next(iter(dash.browser().cookies))
    browser.cookies = {name: wanted}
    browser.ask("POST", "/sign-in", {"code": dash.code()})
    assert browser.cookies[name] != wanted


# --- what was stolen -------------------------------------------------------------------------------


def test_nothing_in_the_file_of_the_sessions_lets_anybody_in(dash: Guarded) -> None:
    victim = dash.browser()
    dash.code()
    ((name, token),) = victim.cookies.items()
    db = sqlite3.connect(dash.file)
    rows = [row for table in ("codes", "sessions") for row in db.execute(f"SELECT * FROM {table}")]
    db.close()
    values = {value for row in rows for value in row}
    digests = {value for value in values if isinstance(value, bytes)}
    assert len(digests) == 3
    forms = {
        form
        for each in digests
        for form in (each.hex(), base64.b64encode(each).decode(), each.decode("latin-1"))
    }
    forms |= {base64.b32encode(each).decode().rstrip("=").lower() for each in digests}
    forms |= {str(value) for value in values if not isinstance(value, bytes)}
    assert not {token, victim.proof} & forms
    thief = victim.thief()
    csrf = thief.csrf()
    dash.hub.rates.count = lambda *_: 0  # type: ignore[method-assign]
    for form in forms:
        plain = form if form.isascii() and form.isprintable() and ";" not in form else "x"
        assert Browser(dash).get(BOARD, cookie=f"{name}={plain}").status_code == 303
        assert sign_in(dash, form) == 403
        unproven = thief.ask("POST", "/views/save", {"csrf": csrf, "session-proof": form}, hx_request="true")
        assert '"session_unproven"' in unproven.headers["hx-trigger"]


def test_neither_codes_nor_tokens_nor_names_of_cookies_get_into_the_log(dash: Guarded) -> None:
    browser, code, wrong = Browser(dash), dash.code(), "c" * 32
    browser.get(f"/sign-in?code={code}&to={BOARD}")
    browser.get(f"/sign-in?code={wrong}")
    browser.ask("POST", "/sign-in", {"code": wrong})
    browser.ask("POST", "/sign-in", {"code": code})
    token, csrf = browser.cookies.copy().popitem()[1], browser.csrf()
    browser.get(f"{BOARD}?csrf={csrf}&code={code}")
    browser.ask("POST", "/theme", {"csrf": csrf, "theme": "dark"})
    browser.ask("POST", "/theme", {"csrf": "no"})
    browser.ask(
        "POST",
        "/views/save",
        {"csrf": csrf, "session-proof": browser.proof, "name": "all", "address": "/list"},
    )
    browser.ask("POST", "/sign-out", {"csrf": csrf})
    log = dash.log.getvalue()
    assert re.search(r'"event":"signed_in","person":"human:ada"', log)
    assert [text for text in (code, wrong, token, csrf, browser.proof, "counterfoil_") if text in log] == []


def test_no_page_shows_the_secret_of_a_session(dash: Guarded) -> None:
    browser = dash.browser()
    token = browser.cookies.copy().popitem()[1]
    for path in (BOARD, "/list", "/nowhere", "/sign-in"):
        answer = browser.get(path)
        assert token not in answer.text + str(answer.headers)
        assert browser.proof not in answer.text + str(answer.headers)


def test_the_page_that_gives_the_proof_is_kept_by_nobody_and_has_it_nowhere_else(dash: Guarded) -> None:
    browser = Browser(dash)
    answer = browser.ask("POST", "/sign-in", {"code": dash.code(), "to": BOARD})
    assert answer.text.count(browser.proof) == 1
    assert browser.proof not in str(answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


# --- other names, other sites ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:80",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "",
    ],
)
@pytest.mark.parametrize("path", [BOARD, "/sign-in", "/", "/static/app.css", "/live?page=/"])
def test_a_page_of_a_domain_that_was_made_to_point_here_reaches_nothing(
    dash: Guarded, host: str, path: str
) -> None:
    answer = dash.browser().get(path, host=host, x_forwarded_host="127.0.0.1")
    assert (answer.status_code, "work" in answer.text) == (421, False)


def test_what_a_proxy_might_have_said_is_not_believed(dash: Guarded) -> None:
    claimed = {
        "x_forwarded_proto": "https", "x_forwarded_host": "evil.example", "forwarded": "proto=https;host=evil.example",
        "x_forwarded_ssl": "on", "x_original_url": "/settings", "x_rewrite_url": "/settings", "x_http_method_override": "DELETE",
    }  # fmt: skip
    answer = Browser(dash).ask("POST", "/sign-in", {"code": dash.code()}, origin=HERE, **claimed)
    assert (answer.status_code, GO_ON.findall(answer.text)) == (200, ["/"])
    assert "Secure" not in answer.headers["set-cookie"]
    assert sign_in(dash, dash.code(), origin="https://127.0.0.1", **claimed) == 403
    assert sign_in(dash, dash.code(), origin="https://evil.example", **claimed) == 403


def test_no_page_of_ours_changes_anything_at_the_doors_for_programs(dash: Guarded) -> None:
    for path in ("/api/v1/tickets", "/api", "/mcp", "/mcp/"):
        answer = dash.browser().ask("POST", path, {}, origin=HERE)
        assert (answer.status_code, "origin_refused" in answer.text) == (403, True)


def test_every_page_forbids_what_it_does_not_need(dash: Guarded) -> None:
    signed_in, nobody = dash.browser(), Browser(dash)
    for answer in (
        signed_in.get(BOARD),
        signed_in.get("/nowhere"),
        nobody.get("/sign-in"),
        nobody.get("/sign-in?code=x"),
    ):
        csp = answer.headers["content-security-policy"]
        assert "default-src 'self'" in csp
        assert "frame-ancestors 'none'" in csp
        assert "unsafe" not in csp
        assert answer.headers.get_list("referrer-policy") == ["same-origin"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)


def test_a_server_behind_tls_takes_changes_from_its_own_name_alone(tmp_path: Path) -> None:
    dash = Guarded(tmp_path, core(tmp_path / "work"), tls=True)
    base = f"http://{NAME}"
    statuses = {
        origin: Browser(dash, base).ask("POST", "/sign-in", {"code": dash.code()}, origin=origin).status_code
        for origin in (
            f"https://{NAME}",
            f"http://{NAME}",
            f"https://{NAME}:8443",
            f"https://evil.{NAME}",
            "null",
        )
    }
    assert statuses == {
        f"https://{NAME}": 200, f"http://{NAME}": 403, f"https://{NAME}:8443": 403, f"https://evil.{NAME}": 403, "null": 403,
    }  # fmt: skip
    dash.close()
