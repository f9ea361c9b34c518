"""Every route of the dashboard, asked by everybody: what each may see and do is what the route's own data says.

The table is made from the routes, so that a new one is in it by itself; only what stands in braces has to be known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from integration.gate_scene import AGENT
from integration.sign_in_scene import HERE, Browser, Guarded
from integration.verbs_scene import FIRST, core

from counterfoil.usecases import principals
from counterfoil.usecases.context import Options
from counterfoil.usecases.roles import ROLES, reaches
from counterfoil.web.dashboard.route import Act, File, Page
from counterfoil.web.dashboard.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from counterfoil.web.dashboard.route import Route

OUTSIDERS = ("anonymous", "agent", "revoked agent", "revoked session", "made up")
"""Who has no session. What they show besides counts for nothing."""
EVERYBODY = (*OUTSIDERS, "stranger", *ROLES)
SHA256 = "5" * 64
PARAMETERS = {
    "project": "work", "ticket": FIRST, "sha256": SHA256, "position": "0", "kind": "agent", "name": "claude",
    "id": "P-01ARZ3NDEKTSV4RRFFQ69G5FAV",
}  # fmt: skip
"""What stands in braces in the routes' paths; not all of it is there."""
THERE = {"project", "ticket", "position", "kind", "name"}
NOT_YET = {"/receipts/{project}/at/{position}/proof"}
"""What there is only once somebody has signed the ledger."""
QUERIES = {
    "/receipts/{project}/stream": "?stream=ledger",
    "/receipts/{project}/compare": "?a=ledger&b=ledger",
    "/find": "?q=first",
}


class Company(NamedTuple):
    """A dashboard, and everybody who asks it for something."""

    dash: Guarded
    browsers: dict[str, Browser]
    tokens: dict[str, str]
    headers: dict[str, dict[str, str]]

    def ask(self, who: str, method: str, path: str, fields: dict[str, str] | None = None) -> httpx2.Response:
        """Sends a request."""
        return self.browsers[who].ask(method, path, fields, **self.headers.get(who, {}))

    def size(self) -> int:
        """Returns how much is in the ledger."""
        server = self.dash.space.projects[0].server
        return server.store(server.context(Options(actor="human:ada"))).size()


@pytest.fixture(name="company", scope="module")
def make_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One project with one ticket, an agent, and everybody."""
    folder = tmp_path_factory.mktemp("matrix")
    desk = core(folder / "work")
    desk.say("init")
    desk.put(FIRST)
    dash = Guarded(folder, desk)
    another = Guarded(folder, core(folder / "another"))
    server = dash.space.projects[0].server
    context = server.context(Options(actor="human:ada"))
    store = server.store(context)
    good = principals.add(context, store, "claude").secret
    bad = principals.add(context, store, "gone").secret
    principals.revoke(context, store, "agent", "gone", "lost")
    browsers = {who: Browser(dash) for who in OUTSIDERS}
    browsers |= {role: dash.browser(f"human:{role}", role) for role in ROLES}
    browsers["revoked session"] = dash.browser()
    dash.known.end(browsers["revoked session"].name)
    browsers["stranger"] = another.browser()
    browsers["stranger"].turn_to(dash)
    (name,) = browsers["admin"].cookies
    browsers["made up"].cookies = {name: "a" * 52}
    headers = {
        "agent": {"authorization": f"Bearer {good}"},
        "revoked agent": {"authorization": f"Bearer {bad}"},
    }
    tokens = {role: browsers[role].csrf() for role in ROLES}
    yield Company(dash, browsers, tokens, headers)
    dash.close()
    another.close()


def path_of(route: Route) -> str:
    """Returns an address of a route; a name in braces that is not known has to be added above."""
    filled = re.sub(r"\{(\w+)[^}]*\}", lambda found: PARAMETERS[found[1]], route.path)
    return filled + QUERIES.get(route.path, "")


def is_there(route: Route) -> bool:
    """Tells whether what a route's path names is there."""
    return set(re.findall(r"\{(\w+)", route.path)) <= THERE and route.path not in NOT_YET


def code_of(answer: httpx2.Response) -> str:
    """Returns the code that a page or its script is told."""
    told = re.search(r'"code": ?"(\w+)"', answer.headers.get("hx-trigger", "") or answer.text)
    shown = re.search(r"<code>(\w+)</code>", answer.text)
    return told[1] if told else shown[1] if shown else ""


def label(route: Route) -> str:
    """Names a route."""
    return f"{type(route).__name__} {route.path}"


LOOKS = [route for route in ROUTES if isinstance(route, Page | File)]
ACTS = [route for route in ROUTES if isinstance(route, Act)]


@pytest.mark.parametrize("route", LOOKS, ids=label)
def test_what_is_looked_at_is_there_for_whom_it_is_for(company: Company, route: Page | File) -> None:
    for who in EVERYBODY:
        answer = company.ask(who, "GET", path_of(route))
        if who in OUTSIDERS:
            assert (answer.status_code, answer.headers["location"][:9]) == (303, "/sign-in?"), who
            assert answer.content == b""
        elif who == "stranger" or not reaches(who, route.role):
            assert answer.status_code == 404, who
        else:
            expected = {200, 303} if is_there(route) else {200, 303, 404}
            assert answer.status_code in expected, (who, answer.status_code, code_of(answer))
            assert answer.headers.get("location", "/board")[:8] != "/sign-in"


@pytest.mark.parametrize("route", ACTS, ids=label)
def test_a_change_is_for_whom_it_is_for_and_comes_from_a_page_of_theirs(company: Company, route: Act) -> None:
    path = path_of(route)
    for who in EVERYBODY:
        fields = {} if who in ROLES else {"csrf": company.tokens["admin"]}
        answer = company.ask(who, "POST", path, fields)
        if who in OUTSIDERS:
            assert answer.status_code == 401, who
        elif who == "stranger":
            assert answer.status_code == 404
        else:
            wanted = "csrf_refused" if reaches(who, route.role) else "role_refused"
            assert (answer.status_code, code_of(answer)) == (403, wanted), who


@pytest.mark.parametrize("route", ACTS, ids=label)
def test_whoever_has_learnt_a_cookie_changes_nothing_by_it(company: Company, route: Act) -> None:
    if not route.needs_proof:
        return
    before = company.size()
    thief = company.browsers["admin"].thief()
    kept = company.dash.known.lookup(next(iter(thief.cookies.values())))
    assert kept is not None
    guesses = ("", *thief.cookies.values(), kept.proof.hex(), company.browsers["viewer"].proof, "é")
    for guess in guesses:
        sent = {"csrf": thief.csrf(), "session-proof": guess}
        answer = thief.ask("POST", path_of(route), sent, origin=HERE, sec_fetch_site="same-origin")
        assert (answer.status_code, code_of(answer)) == (403, "session_unproven")
    assert company.size() == before


def test_only_what_gives_nobody_anything_goes_without_a_proof() -> None:
    assert [route.path for route in ACTS if not route.needs_proof] == ["/theme"]


@pytest.mark.parametrize("route", LOOKS, ids=label)
def test_no_page_shows_the_proof_of_a_session_again(company: Company, route: Page | File) -> None:
    admin = company.browsers["admin"]
    answer = company.ask("admin", "GET", path_of(route))
    assert len(admin.proof) == 52
    assert admin.proof not in answer.text + str(answer.headers)


@pytest.mark.parametrize("route", ACTS, ids=label)
def test_nothing_is_changed_by_asking_for_it_with_get(company: Company, route: Act) -> None:
    before = company.size()
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = company.ask("admin", method, path_of(route) + f"?csrf={company.tokens['admin']}")
        assert answer.status_code in {200, 303, 404, 405}
    assert company.size() == before


@pytest.mark.parametrize("route", [route for route in ACTS if route.needs_fresh], ids=label)
def test_what_gives_power_needs_somebody_who_signed_in_a_short_while_ago(
    company: Company, route: Act
) -> None:
    now_ms = company.dash.clock.ms
    company.dash.clock.ms += 9 * 3600 * 1000
    try:
        answer = company.ask("admin", "POST", path_of(route), {"csrf": company.tokens["admin"]})
    finally:
        company.dash.clock.ms = now_ms
    assert (answer.status_code, code_of(answer)) == (403, "session_stale")


def test_every_decision_and_every_gift_of_power_needs_a_fresh_session() -> None:
    weak = [route.path for route in ACTS if route.role in {"approver", "admin"} and not route.needs_fresh]
    assert weak == []


def test_whoever_decides_is_an_approver_at_least() -> None:
    deciding = [route for route in ACTS if re.search(r"/(approve|reject|together)$", route.path)]
    assert deciding
    assert {route.role for route in deciding} == {"approver"}


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_stream_of_a_page_is_for_whom_the_page_is_for(company: Company, who: str) -> None:
    for page in LOOKS:
        if who in OUTSIDERS or who == "stranger" or not reaches(who, page.role) or isinstance(page, File):
            answer = company.ask(who, "GET", f"/live?page={path_of(page).partition('?')[0]}")
            assert answer.status_code == (401 if who in OUTSIDERS else 404), page.path


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_places_that_are_no_routes(company: Company, who: str) -> None:
    assert company.ask(who, "GET", "/sign-in").status_code == 200
    assert company.ask(who, "GET", "/static/app.css").status_code == 200
    assert company.ask(who, "GET", "/static/app.py").status_code == 404
    assert company.ask(who, "GET", "/nowhere").status_code == (303 if who in OUTSIDERS else 404)
    signed_out = company.ask(who, "POST", "/sign-out", {})
    assert signed_out.status_code == (401 if who in OUTSIDERS else 404 if who == "stranger" else 403)
    home = company.ask(who, "GET", "/")
    assert home.status_code == (404 if who == "stranger" else 303)


def test_a_private_page_and_one_that_is_nowhere_are_the_same_to_a_stranger(company: Company) -> None:
    seen = {
        re.sub(r"\s+", " ", company.ask("stranger", "GET", path).text)
        for path in ("/board/work", "/board/nothing", "/nowhere", f"/tickets/work/{FIRST}")
    }
    assert len(seen) == 1


def test_an_agents_key_opens_no_page_beside_a_cookie_either(company: Company) -> None:
    answer = company.browsers["viewer"].ask(
        "POST", f"/tickets/work/{FIRST}/move", {"csrf": company.tokens["viewer"]}, **company.headers["agent"]
    )
    assert (answer.status_code, code_of(answer), AGENT in answer.text) == (403, "role_refused", False)
