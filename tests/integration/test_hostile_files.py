"""Files of a repository that are far too large: said so at once, with the tickets readable as ever."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, Desk

from counterfoil.tickets.config import BYTES
from counterfoil.tickets.model import FILE_BYTES


@pytest.mark.parametrize("size", [BYTES + 1, 3_000_000])
def test_a_huge_config_stops_writing_only(desk: Desk, size: int) -> None:
    desk.put(FIRST, "Fix login")
    desk.write(".tickets/config.yml", "id_prefix: AB\n" + "#" * size)
    said = desk.say("show", FIRST)
    assert "Fix login" in said.out
    assert f"config.yml is larger than {BYTES} bytes" in desk.say("list").err
    assert desk.error("new", "T", status=7)["code"] == "unsupported_format"
    assert "config_unreadable" in desk.say("validate", "--all", status=7).err


def test_a_huge_template_makes_no_ticket(desk: Desk) -> None:
    desk.write(".tickets/template.md", "x" * (FILE_BYTES + (1 << 22) + 1))
    assert desk.error("new", "T", status=7)["code"] == "too_large"


def test_a_huge_policy_is_no_policy(desk: Desk) -> None:
    desk.write(".tickets/policy.yml", "version: 1\n" + "#" * (1 << 23))
    said = desk.say("policy", "validate", status=None)
    assert said.status != 0
    assert "larger than" in said.out + said.err
