"""The page about the ledger's format says enough: whoever follows it alone comes to the same verdict."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from siege.ledger_scene import canonical, forging, leaf, ledger_file, root
from siege.scenes import Project, begin
from world import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from siege.ledger_scene import Forger

    Harm = Callable[[Forger], object]

VERIFIER = Path(__file__).with_name("second_verifier.py")
PAGE = Path(__file__).parents[2] / "docs/protocol/ledger.md"


@pytest.fixture(scope="module")
def _model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Repository(tmp_path_factory.mktemp("second") / "work")
    made.path.mkdir()
    made.git("init", "--quiet")
    made.commit("scene: begin")
    project = begin(made)
    first = project.new("Grüße – “quoted”", "--state", "ready")
    project.ok("start", first, "--actor", "agent:builder")
    project.ok("fork", f"ticket/{first}", "what-if", "--at", "2")
    assert project.run("ledger", "checkpoint").status == 0
    assert project.run("ledger", "checkpoint", "--rotate-key").status == 0
    assert project.run("ledger", "gc", "--erase", "@3", "--reason", "a name", "--yes").status == 0
    project.new("Second")
    return made.path


@pytest.fixture
def scene(_model: Path, tmp_path: Path) -> Project:
    """A ledger with a branch, two keys, an erased body and an unsigned end."""
    shutil.copytree(_model, tmp_path / "work", symlinks=True)
    return Project(Repository(tmp_path / "work"))


def second(project: Project) -> list[str]:
    words = [sys.executable, "-I", str(VERIFIER), str(project.repository.path), "DEEP"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == (1 if done.stdout.strip() else 0)
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


def forge(change: Callable[[list[object]], object]) -> Harm:
    def harm(forger: Forger) -> None:
        receipts = forger.receipts()
        change(receipts)  # type: ignore[arg-type]
        forger.rewrite(receipts)

    return harm


HARMS: dict[str, Harm] = {
    "a body": lambda forger: forger.do("UPDATE receipts SET body = CAST('{}' AS BLOB) WHERE position = 2"),
    "a header": lambda forger: forger.do(
        "UPDATE receipts SET header = CAST(replace(CAST(header AS TEXT), 'human:', 'agent:') AS BLOB) WHERE position = 1"
    ),
    "a hash": lambda forger: forger.do("UPDATE receipts SET hash = zeroblob(32) WHERE position = 4"),
    "a column": lambda forger: forger.do("UPDATE receipts SET key = zeroblob(32) WHERE position = 4"),
    "nodes": lambda forger: forger.do("UPDATE receipts SET nodes = zeroblob(32) WHERE position = 1"),
    "a receipt in the middle": lambda forger: forger.do("DELETE FROM receipts WHERE position = 5"),
    "the tail": lambda forger: forger.do("DELETE FROM receipts WHERE position > 4"),
    "a body that no receipt erased": lambda forger: forger.do(
        "UPDATE receipts SET body = NULL WHERE position = 6"
    ),
    "the table of branches": lambda forger: forger.do(
        "UPDATE streams SET fork_seq = 0 WHERE name LIKE '%what-if'"
    ),
    "the size of a checkpoint": lambda forger: forger.do("UPDATE checkpoints SET size = size + 1000"),
    "the text of a checkpoint": lambda forger: forger.do(
        "UPDATE checkpoints SET note = replace(note, '— c', '— d')"
    ),
    "all from one body on": forge(lambda receipts: receipts[2].say(subject="another")),  # type: ignore[attr-defined]
    "the order": forge(lambda receipts: receipts.insert(2, receipts.pop(4))),
    "a receipt, and the gap closed": forge(lambda receipts: receipts.pop(5)),
}


def test_both_find_a_sound_ledger_sound(scene: Project) -> None:
    assert scene.run("ledger", "verify", "--deep", "--json").status == 0
    assert second(scene) == []


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_both_find_harm(scene: Project, harm: Harm) -> None:
    with forging(scene) as forger:
        harm(forger)
    assert scene.run("ledger", "verify", "--deep", "--json").status == 11
    assert second(scene) != []


def test_both_miss_the_file_that_git_knows_of(scene: Project) -> None:
    for file in ledger_file(scene).parent.glob("ledger.db*"):
        file.unlink()
    assert scene.run("ledger", "verify", "--json").status == 11
    assert second(scene) != []


def test_the_second_verifier_imports_nothing_of_ours() -> None:
    imports = re.findall(r"^(?:from|import) ([\w.]+)", VERIFIER.read_text("utf-8"), re.MULTILINE)
    assert {name.split(".")[0] for name in imports} <= {*sys.stdlib_module_names}


# --- the worked example ---------------------------------------------------------------------------


def blocks() -> list[list[str]]:
    """Returns the lines of each block of the worked example."""
    text = PAGE.read_text("utf-8").split("## A worked example")[1]
    return [found.split("\n")[:-1] for found in re.findall(r"```text\n(.*?)```", text, re.DOTALL)]


def test_the_example_of_a_body_and_its_key_is_true() -> None:
    body, key, headers, *_ = blocks()
    assert canonical(json.loads(body[0])) == body[0].encode()
    assert hashlib.sha256(body[0].encode()).hexdigest() == body[1]
    fields = json.loads(headers[2])
    assert (fields["body"], fields["key"]) == (body[1], key[0])
    assert hashlib.sha256(f"{fields['actor']}\0c1:intended:0".encode()).hexdigest() == key[0]


def test_the_example_of_headers_leaves_roots_and_nodes_is_true() -> None:
    _, _, headers, roots, nodes, *_ = blocks()
    for header, told in zip(headers[::2], headers[1::2], strict=True):
        assert canonical(json.loads(header)) == header.encode()
        assert leaf(header.encode()).hex() == told
    leaves = [bytes.fromhex(told) for told in headers[1::2]]
    assert [root(leaves[:size]).hex() for size in (1, 2, 3, 4)] == roots
    pair = root(leaves[:2]).hex()
    assert nodes == ["-", pair, "-", root(leaves[2:4]).hex() + root(leaves).hex()]
    assert json.loads(headers[6])["prev"] == headers[3]


def test_the_example_of_a_checkpoint_is_true() -> None:
    *_, note, trailer = blocks()
    vectors = json.loads((PAGE.parent / "vectors-ledger/checkpoints.json").read_text("utf-8"))
    assert "\n".join(note) + "\n" == vectors["note"]
    assert trailer == ["Ticket-Checkpoint: " + vectors["trailer"]]


def test_the_page_names_every_finding_and_every_kind() -> None:
    from counterfoil.usecases.kinds import KINDS

    text = PAGE.read_text("utf-8")
    source = PAGE.parents[2] / "src/counterfoil"
    files = ("ledger/chain", "ledger/scrutiny", "ledger/lineage", "usecases/auditing", "usecases/checking")
    code = "".join((source / f"{name}.py").read_text("utf-8") for name in files)
    codes = set(re.findall(r'\.(?:error|note)\(\s*"([a-z_]+)"', code)) | set(
        re.findall(r'return "([a-z]+_[a-z]+)",', code)
    )
    assert len(codes) > 25
    assert sorted(each for each in codes if f"`{each}`" not in text) == []
    assert sorted(kind.name for kind in KINDS if f"`{kind.name}`" not in text) == []
