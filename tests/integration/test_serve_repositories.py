"""Several repositories behind one server: how they are named, and what one that is broken does to the others."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash
from integration.http_scene import TICKET, Served
from integration.verbs_scene import Desk, core

from counterfoil.bootstrap import open_space
from counterfoil.errors import InputError
from counterfoil.usecases.context import Options
from counterfoil.usecases.space_settings import Place, names, places
from counterfoil.usecases.spaces import VIEWER
from counterfoil.web.dashboard.visit import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.spaces import Space

LOOKS = Options(actor="server:gate", ci=True, via="web")
NEEDED_WITHOUT_THE_EXTRA = ("yaml", "_yaml", "apsw", "cryptography", "cffi", "_cffi_backend", "jsonschema_rs")


class Scene:
    """Two repositories, and spaces that are opened and let go of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = core(folder / "shop")
        self.api = core(folder / "api")
        for desk in (self.shop, self.api):
            desk.say("init")
        self.opened: list[Space] = []

    def open(self, *given: str | Place, cwd: str = "", project: str | None = None, **env: str) -> Space:
        """Opens a space of the places given."""
        wanted = [each if isinstance(each, Place) else Place(each) for each in given]
        environ = {**os.environ, **self.shop.env, **env}
        space = open_space(cwd or str(self.folder), environ, LOOKS, wanted, project=project)
        self.opened.append(space)
        return space


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two repositories."""
    made = Scene(tmp_path)
    yield made
    for space in made.opened:
        for project in space.projects:
            project.server.close()


def shown(space: Space) -> list[tuple[str, str]]:
    """Returns slug and title of each repository."""
    return [(project.slug, project.title) for project in space.projects]


def wrong(space: Space) -> list[tuple[str, str]]:
    """Returns the folder and the code of what could not be opened."""
    return [(Path(each.folder).name, each.error.code) for each in space.problems]


def test_repositories_are_shown_in_the_order_in_which_they_are_named(scene: Scene) -> None:
    scene.shop.new("Sell shoes")
    scene.api.new("Answer faster")
    space = scene.open("shop", Place("api", "The API"))

    assert shown(space) == [("shop", "shop"), ("the-api", "The API")]
    titles = [[row[1] for row in each.snapshot.tickets().rows] for each in space.projects]
    assert [len(found) for found in titles] == [1, 1]
    assert space.problems == ()


def test_without_names_the_repository_around_the_caller_is_shown(scene: Scene) -> None:
    below = scene.shop.path / "deep" / "down"
    below.mkdir(parents=True)

    assert shown(scene.open(cwd=str(below))) == [("shop", "shop")]


def test_two_folders_of_one_name_get_addresses_of_their_own(scene: Scene) -> None:
    other = core(scene.folder / "old" / "shop")
    other.say("init")

    assert shown(scene.open("shop", "old/shop")) == [("shop", "shop"), ("shop-2", "shop-2")]


def test_a_repository_that_is_named_twice_is_shown_once(scene: Scene) -> None:
    (scene.folder / "link").symlink_to("shop")
    (scene.shop.path / "deep").mkdir()

    space = scene.open("shop", "shop/deep", "./shop/.", "link")

    assert (shown(space), space.problems) == ([("shop", "shop")], ())


def test_another_working_tree_of_a_clone_is_told_and_left_out(scene: Scene) -> None:
    scene.shop.new("Sell shoes")
    subprocess.run(
        ["git", "worktree", "add", "-q", "../side"], cwd=scene.shop.path, check=True,
        env={**os.environ, **scene.shop.env},
    )  # fmt: skip

    space = scene.open("shop", "side", "api")

    assert (shown(space), wrong(space)) == ([("shop", "shop"), ("api", "api")], [("side", "same_ledger")])


def test_two_projects_of_one_repository_are_both_shown(scene: Scene) -> None:
    for name in ("web", "mobile"):
        (scene.shop.path / name).mkdir()
        scene.shop.say("--project", name, "init")

    assert shown(scene.open("shop/web", "shop/mobile")) == [("web", "web"), ("mobile", "mobile")]


def test_clones_that_were_given_one_place_for_their_receipts_are_not_mixed(scene: Scene) -> None:
    space = scene.open("shop", "api", COUNTERFOIL_DATA=str(scene.folder / "data"))

    assert (shown(space), wrong(space)) == ([("shop", "shop")], [("api", "same_ledger")])


def test_what_cannot_be_opened_stops_no_other(scene: Scene) -> None:
    (scene.folder / "plain").mkdir()
    (scene.folder / "file").write_text("")
    shutil.rmtree(scene.api.path / ".tickets")

    space = scene.open("gone", "plain", "file", "api", Place("shop", "Shop"))

    assert shown(space) == [("shop", "Shop")]
    assert wrong(space) == [
        ("gone", "not_git_repo"),
        ("plain", "not_git_repo"),
        ("file", "not_git_repo"),
        ("api", "not_initialized"),
    ]


def test_where_nothing_can_be_opened_the_first_problem_is_the_error(scene: Scene) -> None:
    with pytest.raises(InputError) as caught:
        scene.open("gone", "file")

    assert (caught.value.code, caught.value.fields["path"]) == ("not_git_repo", str(scene.folder / "gone"))


def test_a_space_has_the_same_id_however_its_repositories_are_ordered(scene: Scene) -> None:
    found = {scene.open(*order).id for order in (("shop", "api"), ("api", "shop"), ("api/.tickets", "shop"))}

    assert len(found) == 1
    assert scene.open("shop").id not in found


def test_the_settings_page_lists_what_is_not_shown_and_tells_admins_where_and_why(scene: Scene) -> None:
    opened = scene.open("shop", "gone<b>")
    dash = Dash(scene.shop)
    dash.space.problems = opened.problems

    told = dash.get("/settings").text
    assert f"there is no folder {scene.folder}/gone&lt;b&gt;" in told

    dash.door.chosen = Visitor("human:eve", VIEWER, "s2", True)
    told = dash.get("/settings").text
    assert "gone&lt;b&gt;" in told
    assert "not_git_repo" in told
    assert str(scene.folder) not in told


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            '["~/shop", "/srv/api", "code/x"]',
            [("/home/ada/shop", ""), ("/srv/api", ""), ("/home/ada/code/x", "")],
        ),
        ('[{"path": "~", "title": " The home "}]', [("/home/ada", "The home")]),
        ('["~other/x"]', [("/home/ada/~other/x", "")]),
    ],
)
def test_a_space_lists_folders_below_the_users_own(written: str, expected: list[tuple[str, str]]) -> None:
    assert places({"space.team.repositories": written}, "team", "/home/ada") == expected


@pytest.mark.parametrize(
    "written",
    [
        "~/shop",
        "[]",
        "[1]",
        '[{"title": "x"}]',
        '[{"path": "x", "other": 1}]',
        '[{"path": 1}]',
        '[""]',
        '["a\\u0000"]',
    ],
)
def test_a_space_that_is_written_wrongly_is_refused(written: str) -> None:
    with pytest.raises(InputError) as caught:
        places({"space.team.repositories": written}, "team", "/home/ada")

    assert caught.value.code == "invalid_config"


def test_a_space_that_nobody_has_configured_is_told_with_those_that_are() -> None:
    settings = {"space.b.repositories": "[]", "space.a.b.repositories": "[]", "actor": "human:ada"}

    with pytest.raises(InputError) as caught:
        places(settings, "team", "/home/ada")

    assert (caught.value.code, caught.value.fields["allowed"]) == ("space_not_found", ["a.b", "b"])
    assert names(settings) == ["a.b", "b"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("serve", "shop", "--space", "team"), "not both"),
        (("serve", "shop", "--project", "x"), "--project"),
        (("serve", "a", "b", "--data-dir", "x"), "--data-dir"),
    ],
)
def test_words_that_contradict_each_other_are_usage_errors(
    scene: Scene, words: tuple[str, ...], message: str
) -> None:
    assert message in scene.shop.say(*words, status=2).err


def test_the_shell_is_told_which_spaces_there_are(scene: Scene) -> None:
    folder = scene.folder / "own/counterfoil"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(
        "[space.team]\nrepositories = []\n[space.'$(id)']\nrepositories = []\n"
    )

    said = scene.shop.say("__complete", "--", "serve", "--space", "", XDG_CONFIG_HOME=str(folder.parent))

    assert said.out.split() == ["team"]


def test_a_space_is_served_from_anywhere_and_a_second_server_of_it_is_told_where(scene: Scene) -> None:
    home = scene.folder / "own"
    (home / "counterfoil").mkdir(parents=True)
    (home / "elsewhere").mkdir()
    (home / "counterfoil/config.toml").write_text(
        f'[space.default]\nrepositories = ["{scene.folder}/gone", {{ path = "{scene.shop.path}", title = "Shop" }}]\n'
    )
    away = Desk(home / "elsewhere")
    away.env = {**scene.shop.env, "XDG_CONFIG_HOME": str(home), "GIT_CEILING_DIRECTORIES": str(scene.folder)}
    served = Served(away, scene.folder)
    try:
        served.start("--quiet")
        told = served.log.read_text("utf-8")
        assert f"warning: {scene.folder}/gone is not shown: there is no folder" in told
        assert (scene.shop.path / ".git/counterfoil/ledger.db").exists()
        again = subprocess.run(
            [str(TICKET), "serve", "--port", str(served.port)], cwd=scene.shop.path, check=False, text=True,
            capture_output=True, env={**os.environ, **away.env}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert again.returncode == 12
        assert f"error: {served.url}/ shows this repository already" in again.stderr
    finally:
        served.close()


def test_without_the_extra_it_says_how_to_install_it(scene: Scene, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    for name in NEEDED_WITHOUT_THE_EXTRA:
        found = importlib.util.find_spec(name)
        if found is not None:
            origin = Path(found.origin or "")
            place = origin.parent if found.submodule_search_locations else origin
            (installed / place.name).symlink_to(place)
    source = Path(__file__).parents[2] / "src"
    started = subprocess.run(
        [sys.executable, "-S", "-m", "counterfoil", "serve", "--port", "0"], cwd=scene.shop.path,
        env={**os.environ, **scene.shop.env, "PYTHONPATH": f"{installed}:{source}"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert started.returncode == 12
    for name in ("uvicorn", "jinja2", "nh3", "markdown_it", "pygments", "watchfiles"):
        assert name in started.stderr
    assert "hint: pip install 'counterfoil[server]'" in started.stderr


def test_a_program_that_asks_for_json_gets_one_envelope_with_the_address_and_no_link(scene: Scene) -> None:
    with subprocess.Popen(
        ["ticket", "serve", "--port", "0", "--json"], cwd=scene.shop.path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        server.terminate()  # before it listens for signals, most likely
        rest = server.stdout.read()
    assert said["ok"]
    assert said["data"]["url"].startswith("http://127.0.0.1:")
    assert [project["name"] for project in said["data"]["projects"]] == ["shop"]
    assert rest == ""
