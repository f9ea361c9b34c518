"""One-time links: for people at a terminal or with a key of theirs, and for nobody else."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from unit.usecases.principals_scene import BOB, CLAUDE, Gate
from unit.usecases.statement_scene import keys, opened
from unit.usecases.stream_scene import ADA

from counterfoil.adapters.sqlite.sessions import SqliteSessions
from counterfoil.errors import CounterfoilError
from counterfoil.gate import events
from counterfoil.kernel.instant import iso_ms
from counterfoil.testing.signers import public_key
from counterfoil.usecases import people, sessions
from counterfoil.usecases.context import Options
from counterfoil.usecases.ports import SavedView, Served, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world import Repository, RepositoryFactory

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.sessions import Link

SPACE = "5bace"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Scene(Gate):
    """A ledger, and a server's sessions."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.file = folder / "server" / "sessions.db"
        self.sessions = SqliteSessions(str(self.file))

    def link(self, person: str = ADA, role: str = "admin", **more: object) -> Link:
        """Asks for a link, at a terminal unless told otherwise."""
        given: dict[str, object] = {"at_terminal": True, **more}
        return sessions.mint_link(self.context, self.store, self.sessions, person, role, SPACE, **given)  # type: ignore[arg-type]

    def signed_in(self, name: str, person: str = ADA, opened_ms: int = 0) -> Session:
        """Signs a browser in, past the doorkeeper."""
        code = self.link(person).code
        at = opened_ms or self.clock.now_ms()
        wanted = Session(
            name,
            "",
            "",
            "",
            at,
            at + sessions.FRESH_MS,
            at,
            at + sessions.LIFE_MS,
            LINUX,
            sessions.digest("proof"),
        )
        opened = self.sessions.open(sessions.digest(code), sessions.digest(name), wanted)
        assert opened is not None
        return opened

    def refusals(self, actor: str) -> list[object]:
        """Returns why somebody was refused."""
        found = self.store.read(f"refused/{actor.replace(':', '/')}")
        return [receipt.data()["reason"] for receipt in found if receipt.kind == events.REFUSED]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Nobody is signed in yet."""
    made = Scene(tmp_path)
    yield made
    made.sessions.close()


def code_of(call: Callable[[], object]) -> str:
    """Returns the code with which something fails."""
    with pytest.raises(CounterfoilError) as caught:
        call()
    return caught.value.code


def test_a_link_lets_in_whom_it_names_until_its_time_is_over(scene: Scene) -> None:
    link = scene.link("bob", "viewer")
    now_ms = scene.clock.now_ms()
    assert (link.person, link.role, link.ends_at) == (BOB, "viewer", iso_ms(now_ms + sessions.CODE_MS))
    assert link.address("http://127.0.0.1:8417/") == f"http://127.0.0.1:8417/sign-in?code={link.code}"
    grant = scene.sessions.code(sessions.digest(link.code), now_ms)
    assert grant is not None
    assert tuple(grant) == (BOB, "viewer", SPACE, now_ms + sessions.CODE_MS)
    assert scene.sessions.code(sessions.digest(link.code), now_ms + sessions.CODE_MS) is None


def test_neither_the_code_nor_any_part_of_it_is_kept(scene: Scene) -> None:
    code = scene.link().code
    assert code.encode() not in scene.file.read_bytes()
    assert sessions.digest(code) in scene.file.read_bytes()


def test_the_file_is_for_nobody_else_to_read(scene: Scene) -> None:
    scene.link()
    assert scene.file.stat().st_mode & 0o777 == 0o600
    assert scene.file.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_others_may_read_is_closed_to_them_when_it_is_opened(scene: Scene) -> None:
    scene.sessions.close()
    scene.file.chmod(0o644)
    scene.sessions = SqliteSessions(str(scene.file))
    assert scene.file.stat().st_mode & 0o777 == 0o600


def test_without_a_terminal_there_is_no_link_and_that_is_sealed(scene: Scene) -> None:
    assert code_of(lambda: scene.link(at_terminal=False)) == "needs_terminal"
    assert scene.refusals(ADA) == ["needs_terminal"]


def test_an_agent_gets_no_link_even_at_a_terminal(scene: Scene) -> None:
    scene.user = CLAUDE
    assert code_of(lambda: scene.link(ADA)) == "refused"
    assert scene.refusals(CLAUDE) == ["not_a_person"]


@pytest.mark.parametrize("options", [Options(remote=True, via="http"), Options(remote=True, via="mcp")])
def test_nobody_gets_a_link_from_elsewhere(scene: Scene, options: Options) -> None:
    scene.options = options
    assert code_of(scene.link) == "refused"


@pytest.mark.parametrize("person", ["agent:claude", "source:github", "server:gate", "human:", "Ada Lovelace"])
def test_a_link_is_for_people(scene: Scene, person: str) -> None:
    assert code_of(lambda: scene.link(person)) == "invalid_actor"


def test_there_are_four_roles(scene: Scene) -> None:
    assert code_of(lambda: scene.link(role="owner")) == "invalid_role"


def test_whoever_was_revoked_gets_no_link_and_gives_none(scene: Scene) -> None:
    people.add(scene.context, scene.store, BOB, None)
    scene.revoke("bob", "human")
    assert code_of(lambda: scene.link(BOB)) == "refused"
    scene.user = BOB
    assert code_of(lambda: scene.link(ADA)) == "refused"


class Signing(Scene):
    """The same, where Ada's key is at hand and registered."""

    def __init__(self, folder: Path, repository: Repository) -> None:
        super().__init__(folder)
        self._project = opened(repository, keys("ada's"))
        people.add(self._project, self.store, ADA, public_key("ada's").line, at_terminal=True)

    @property
    def context(self) -> Context:
        """A real project, whose actor is Ada."""
        return self._project

    def word(self, role: str = "admin", space: str = SPACE) -> str:
        """Returns Ada's signed word for a link of her own."""
        given = sessions.sign_link(self.context, self.store, role, space)
        assert given is not None
        return given


@pytest.fixture
def signing(tmp_path: Path, repository: RepositoryFactory) -> Iterator[Signing]:
    """Ada has a key."""
    made = Signing(tmp_path, repository())
    yield made
    made.sessions.close()


def test_a_registered_key_stands_for_a_terminal(signing: Signing) -> None:
    assert signing.link(at_terminal=False, envelope=signing.word()).person == ADA


def test_the_word_is_for_one_role_and_one_space(signing: Signing) -> None:
    for envelope in (signing.word("viewer"), signing.word(space="other")):
        assert code_of(lambda given=envelope: signing.link(at_terminal=False, envelope=given)) in {  # type: ignore[misc]
            "invalid_statement",
            "invalid_signature",
        }


def test_ones_own_key_signs_nobody_else_in(signing: Signing) -> None:
    envelope = signing.word()
    assert code_of(lambda: signing.link(BOB, at_terminal=False, envelope=envelope)) == "needs_terminal"


def test_sessions_are_told_newest_first_and_end_when_they_are_not_used(scene: Scene) -> None:
    now_ms = scene.clock.now_ms()
    scene.signed_in("old", opened_ms=now_ms - sessions.IDLE_MS)
    scene.signed_in("older", BOB, now_ms - 1000)
    scene.signed_in("new", ADA, now_ms)
    assert [each.name for each in sessions.live(scene.sessions, now_ms)] == ["new", "older"]
    assert scene.sessions.named("old") is None
    assert sessions.live(scene.sessions, now_ms, space="another") == []
    told = sessions.as_data(scene.signed_in("one"), now_ms)
    assert (told["browser"], told["is_fresh"], told["role"]) == ("Firefox on Linux", True, "admin")


def test_a_session_is_ended_by_its_name_and_a_name_that_is_none_is_told(scene: Scene) -> None:
    scene.signed_in("one")
    sessions.revoke(scene.sessions, "one")
    assert scene.sessions.sessions() == []
    assert code_of(lambda: sessions.revoke(scene.sessions, "one")) == "session_not_found"


def test_to_end_all_ends_the_links_that_nobody_has_used_too(scene: Scene) -> None:
    scene.signed_in("one")
    code = scene.link(BOB).code
    assert scene.sessions.revoke_all(BOB, "another space") == 0
    assert scene.sessions.code(sessions.digest(code), scene.clock.now_ms()) is not None
    assert scene.sessions.revoke_all(None, None) == 1
    assert scene.sessions.code(sessions.digest(code), scene.clock.now_ms()) is None


def test_a_command_finds_the_newest_server_that_shows_its_repository(scene: Scene) -> None:
    first = Served("http://127.0.0.1:1/", "one", ("/a", "/b\udcff"), 1)
    second = Served("http://127.0.0.1:2/", "two", ("/a",), 2)
    for served in (first, second):
        scene.sessions.announce(served)
    assert sessions.whereabouts(scene.sessions, "/a") == ("two", second.url)
    assert sessions.whereabouts(scene.sessions, "/b\udcff") == ("one", first.url)
    scene.sessions.withdraw(second)
    assert sessions.whereabouts(scene.sessions, "/a") == ("one", first.url)
    assert sessions.whereabouts(scene.sessions, "/c").url is None


def test_a_server_that_was_killed_is_named_by_nobody(scene: Scene) -> None:
    program = (
        "import os, sys; from counterfoil.adapters.sqlite.sessions import SqliteSessions as S; "
        "from counterfoil.usecases.ports import Served; "
        "s = S(sys.argv[1]); s.announce(Served('http://127.0.0.1:1/', 'one', ('/a',), 1)); print('up', flush=True); "
        "sys.stdin.readline()"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program, str(scene.file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"up\n"
    assert sessions.whereabouts(scene.sessions, "/a").url == "http://127.0.0.1:1/"
    server.kill()
    server.communicate()
    assert sessions.whereabouts(scene.sessions, "/a").url is None
    scene.sessions.announce(Served("http://127.0.0.1:2/", "two", ("/b",), 2))
    assert [each.url for each in scene.sessions.served()] == ["http://127.0.0.1:2/"]
    assert len(list(scene.file.parent.glob("served-*.lock"))) == 1


def test_sessions_of_a_file_without_proofs_have_ended_and_what_people_saved_is_there(scene: Scene) -> None:
    scene.signed_in("one")
    scene.sessions.save_view(ADA, SPACE, SavedView("mine", "/list"))
    scene.sessions.close()
    db = sqlite3.connect(scene.file)
    db.executescript("ALTER TABLE sessions DROP COLUMN label; PRAGMA user_version = 1")
    db.close()
    scene.sessions = SqliteSessions(str(scene.file))
    assert scene.sessions.sessions() == []
    assert scene.sessions.views(ADA, SPACE) == [SavedView("mine", "/list")]
    assert scene.signed_in("two").name == "two"


def test_saved_views_belong_to_a_person_and_a_space(scene: Scene) -> None:
    scene.sessions.save_view(ADA, SPACE, SavedView("mine", "/list?q=1"))
    scene.sessions.save_view(ADA, SPACE, SavedView("mine", "/list?q=2"))
    assert scene.sessions.views(ADA, SPACE) == [SavedView("mine", "/list?q=2")]
    assert scene.sessions.views(BOB, SPACE) == scene.sessions.views(ADA, "another") == []
    assert not scene.sessions.drop_view(BOB, SPACE, "mine")
    assert scene.sessions.drop_view(ADA, SPACE, "mine")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        (LINUX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/143.0 Safari/537.36 Edg/143.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit Safari/604.1", "Safari on iPhone"),
        ("curl/8.9", "curl"),
        ("", "something"),
    ],
)  # fmt: skip
def test_a_browser_is_named_in_two_words(label: str, name: str) -> None:
    assert sessions.browser_name(label) == name


def test_a_damaged_file_is_told_with_what_to_do(scene: Scene) -> None:
    scene.sessions.close()
    scene.file.write_bytes(b"this is no database" * 100)
    with pytest.raises(CounterfoilError) as caught:
        SqliteSessions(str(scene.file))
    assert (caught.value.code, "ticket session link" in (caught.value.hint or "")) == (
        "sessions_unavailable",
        True,
    )
