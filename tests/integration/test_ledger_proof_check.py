"""`ticket ledger proof --check`: a proof, and what is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from integration.ledger_scene import World, make_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["make_world"]


def proof_of(world: World, file: Path) -> tuple[str, str]:
    """Lets Ada write a proof of her first receipt; returns its id and her key."""
    world.ada.data("ledger", "checkpoint")
    told = world.ada.data("ledger", "proof", "@0", "-o", str(file))
    (key,) = told["keys"]
    return str(told["receipt"]), str(key)


def test_whoever_has_the_key_checks_a_proof_without_the_ledger(world: World, tmp_path: Path) -> None:
    file = tmp_path / "x.tlog-proof"
    receipt, key = proof_of(world, file)

    told = world.bob.data("ledger", "proof", "--check", str(file), "--key", key)

    assert (told["receipt"], told["position"], told["ledger"]) == (receipt, 0, world.ada.ledger())
    assert (told["size"], told["header"]["kind"]) == (world.ada.data("ledger")["size"], "ledger.opened")
    assert world.bob.data("ledger", "proof", receipt, "--check", str(file), "--key", key) == told
    text = world.bob.say("ledger", "proof", "--check", str(file), "--key", key).out
    assert text.startswith(f"Proved: receipt {receipt[:16]}… is @0 of the ")
    assert "human:ada ledger.opened" in text


def test_a_ledger_that_is_here_is_known_by_its_key(world: World, tmp_path: Path) -> None:
    file = tmp_path / "x.tlog-proof"
    _, key = proof_of(world, file)
    assert world.bob.error("ledger", "proof", "--check", str(file), status=2)["code"] == "key_missing"
    world.bob.new("Mine")
    assert world.bob.error("ledger", "proof", "--check", str(file), status=2)["code"] == "key_missing"
    assert world.ada.data("ledger", "proof", "--check", str(file))["keys"] == [key]
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    assert world.bob.data("ledger", "proof", "--check", str(file))["keys"] == [key]


def _another_digit(match: re.Match[str]) -> str:
    return match[1] + ("A" if match[2] != "A" else "B")


TAMPERINGS: dict[str, tuple[Callable[[str], str], int, str]] = {
    "another place": (lambda text: text.replace("index 0", "index 1"), 11, "proof_differs"),
    "another log": (lambda text: text.replace("\n\ncounterfoil/", "\n\nx/", 1), 11, "signature_differs"),
    "another root": (
        lambda text: re.sub(r"(\n\n.*\n.*\n)(.)", _another_digit, text),
        11,
        "signature_differs",
    ),
    "no signature": (lambda text: text[: text.rindex("—")], 2, "invalid_note"),
    "nothing": (lambda _: "", 2, "invalid_note"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_was_tampered_with_proves_nothing(world: World, tmp_path: Path, what: str) -> None:
    file = tmp_path / "x.tlog-proof"
    _, key = proof_of(world, file)
    tamper, status, code = TAMPERINGS[what]
    file.write_text(tamper(file.read_text("utf-8")), "utf-8")
    assert (
        world.bob.error("ledger", "proof", "--check", str(file), "--key", key, status=status)["code"] == code
    )


def test_a_proof_is_of_one_receipt_and_by_one_key(world: World, tmp_path: Path) -> None:
    file = tmp_path / "x.tlog-proof"
    _, key = proof_of(world, file)
    other = world.ada.receipts()[1]["id"]
    words = ("ledger", "proof", "--check", str(file), "--key")
    assert world.ada.error(*words, key, other, status=11)["code"] == "proof_differs"
    world.bob.new("Mine")
    world.bob.data("ledger", "checkpoint")
    (strange,) = world.bob.data("ledger", "checkpoint")["keys"]
    assert world.ada.error(*words, strange, status=11)["code"] == "proof_differs"
    assert world.ada.error(*words, "nonsense", status=2)["code"] == "invalid_note"


@pytest.mark.parametrize("words", [(), ("@0", "--key", "x"), ("--check", "x", "-o", "y")])
def test_what_is_meant_has_to_be_clear(world: World, words: tuple[str, ...]) -> None:
    assert world.ada.error("ledger", "proof", *words, status=2)["code"] == "usage"


def test_a_file_that_is_not_there_is_named(world: World) -> None:
    error = world.ada.error("ledger", "proof", "--check", "nowhere", status=12)
    assert (error["code"], error["details"]) == ("io_error", {"path": "nowhere"})
