"""`ticket config`: what holds here, and which of the places won."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import Desk

if TYPE_CHECKING:
    from pathlib import Path


def test_all_settings_are_listed(desk: Desk) -> None:
    assert desk.say("config").out.splitlines() == [
        "actor=human:test-person",
        "commit=on",
        "trailers=on",
        "pushCheckpoints=on",
        "pack=on",
        "lockTimeout=60",
        "baseBranch=main",
        "gatedTools=",
        "toolWait=540",
        "signingKey=",
        "format_version=1",
        "id_prefix=TK",
        "workflow=simple-v1",
        "branch_pattern=tk-{short_id}-{slug}",
        "pr_title_pattern=[{display_id}] {title}",
        "default_state=backlog",
        "default_priority=p2",
    ]


def test_each_place_outranks_those_below_it(desk: Desk, tmp_path: Path) -> None:
    def actor(*words: str, **env: str) -> tuple[str, str]:
        found = desk.data("config", "actor", *words, **env)["settings"]["actor"]
        return found["value"], found["origin"]

    env = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert actor(**env) == ("human:test-person", "git config user.name")
    (tmp_path / "xdg/counterfoil").mkdir(parents=True)
    (tmp_path / "xdg/counterfoil/config.toml").write_text('actor = "human:toml"\n', "utf-8")
    assert actor(**env) == ("human:toml", "config.toml")
    desk.git("config", "ticket.actor", "human:git")
    assert actor(**env) == ("human:git", "git config ticket.actor")
    assert actor(TICKET_ACTOR="human:env", **env) == ("human:env", "TICKET_ACTOR")


def test_the_users_file_lies_below_home_by_default(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "home/.config/counterfoil").mkdir(parents=True)
    (tmp_path / "home/.config/counterfoil/config.toml").write_text("commit = false\n", "utf-8")
    said = desk.say("config", "commit", "--origin", HOME=str(tmp_path / "home"))
    assert said.out == "off\tconfig.toml\n"
    assert desk.data("new", "T", HOME=str(tmp_path / "home"))["committed"] is False


def test_the_flag_wins(desk: Desk) -> None:
    desk.git("config", "ticket.actor", "human:git")
    made = desk.data("new", "T", "--actor", "human:flag", TICKET_ACTOR="human:env")
    assert made["committed"] is True
    assert "Ticket-Actor: human:flag" in desk.git("log", "-1", "--format=%B")


def test_one_setting_is_printed_alone_in_any_case(desk: Desk) -> None:
    assert desk.say("config", "BASEBRANCH").out == "main\n"
    assert desk.say("config", "baseBranch", "--origin").out == "main\tgit config ticket.basebranch\n"
    assert desk.say("config", "id_prefix", "--origin").out == "TK\t.tickets/config.yml\n"


def test_format_keys_come_from_the_project_or_are_defaults(core_desk: Desk) -> None:
    assert core_desk.say("config", "id_prefix", "--origin").out == "TK\tdefault\n"
    core_desk.write(".tickets/config.yml", "format_version: 1\nid_prefix: WEB\n")
    assert core_desk.data("config", "id_prefix")["settings"] == {
        "id_prefix": {"value": "WEB", "origin": ".tickets/config.yml"}
    }


def test_a_key_that_the_project_leaves_out_is_a_default(desk: Desk) -> None:
    desk.write(".tickets/config.yml", "format_version: 1\ndefaults:\n  state: ready\n")
    found = {name: entry["origin"] for name, entry in desk.data("config")["settings"].items()}
    assert found["default_state"] == found["format_version"] == ".tickets/config.yml"
    assert found["default_priority"] == found["id_prefix"] == found["branch_pattern"] == "default"
    desk.write(".tickets/config.yml", "[1]\n")
    assert desk.data("config", "id_prefix")["settings"]["id_prefix"]["origin"] == "default"


def test_an_unknown_setting_is_a_usage_error(desk: Desk) -> None:
    error = desk.error("config", "colour", status=2)
    assert (error["code"], error["details"]["value"]) == ("usage", "colour")
    assert "actor" in error["details"]["allowed"]


@pytest.mark.parametrize("text", ["actor = \n", b"\xff\xfe"])
def test_a_users_file_that_cannot_be_read_is_named(desk: Desk, tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / "xdg/counterfoil").mkdir(parents=True)
    path = tmp_path / "xdg/counterfoil/config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    error = desk.error("config", status=2, XDG_CONFIG_HOME=str(tmp_path / "xdg"))
    assert error == {"code": "invalid_config", "details": {"path": str(path)}}


def test_an_actor_that_is_none_is_shown_as_such(desk: Desk) -> None:
    desk.git("config", "user.name", "日本")
    assert desk.data("config", "actor")["settings"]["actor"] == {"value": "", "origin": "none"}
