"""What the reference pages list is what the program has: keys, settings, methods, limits, generated pages."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.docs.pages import DOCS, GENERATED, blocks, name_of, pages

from counterfoil import Project
from counterfoil.adapters.yaml import read as full
from counterfoil.cli.reference import markdown
from counterfoil.tickets import config, document, model
from counterfoil.tickets.frontmatter import FormatError
from counterfoil.usecases import batching
from counterfoil.usecases.settings import FORMAT_KEYS, SETTINGS

JSON_PAGE = (DOCS / "reference" / "json.md").read_text("utf-8")
SETTINGS_PAGE = (DOCS / "reference" / "configuration.md").read_text("utf-8")
FRONT_MATTER_PAGE = (DOCS / "reference" / "front-matter.md").read_text("utf-8")
PYTHON_PAGE = (DOCS / "reference" / "python.md").read_text("utf-8")
SCRIPTING_PAGE = (DOCS / "howto" / "scripting.md").read_text("utf-8")

SCENE = """\
git init --quiet
ticket init --quiet
ticket new "Sell shoes" --state ready --quiet
ticket new "Sell laces" --quiet
ticket new "Pay the rent" --state ready --priority p0 --quiet
ticket start rent
ssh-keygen -q -t ed25519 -N "" -f .git/key
git config ticket.signingKey "$PWD/.git/key.pub"
python3 -c 'import pty; pty.spawn(["ticket", "person", "add", "human:test-person", "--key", ".git/key.pub"])'
"""
POLICY = "policy.change --set text='version: 1' --actor agent:bot"
IN_ORDER = """\
list
ready
next
search shoes
claim shoes
show shoes
log shoes
diff shoes HEAD
branch shoes
release shoes
new "Sell hats"
edit hats --priority p1
assign hats human:ada
reviewer hats human:grace
move hats ready
start hats
done hats
undo --dry-run
batch plan.jsonl
export
import backup.jsonl
validate
rebuild-index
policy show
policy validate
policy explain edit laces
policy dry-run
actions
propose ticket.move --set ticket=rent --set state=done --actor agent:bot
inbox
proposal list
proposal show $(ticket inbox -q)
approve $(ticket inbox -q)
proposal wait $(ticket proposal list -q -n 1)
reject $(ticket propose POLICY -q) --note no
proposal withdraw $(ticket propose POLICY --reason again -q) --actor agent:bot
why laces
comment laces hello
respond laces fine --agree
attach laces https://example.org
doctor
config
prime
completion bash
install-hooks
init
sync
ledger status
ledger streams
ledger tail
ledger show @1
ledger checkpoint
ledger proof @1
ledger verify
ledger push
ledger fetch
ledger export receipts.jsonl
ledger import receipts.jsonl
ledger gc
ledger reconcile
trace shoes
inspect shoes
replay shoes
fork shoes
ledger diff ledger ledger
ledger note ledger hello
agent add helper
agent list
agent show helper
agent change helper --model local
agent rotate helper
agent revoke helper --reason done
person add robin
person list
person show robin
person signers
person revoke robin --reason left
source add nightly
source list
source show nightly
source rotate nightly
source revoke nightly --reason done
rebuild
ledger backup copy.db
ledger copy --to another.db
ledger restore copy.db
uninstall
"""


GROUPS = ("policy", "ledger", "proposal", "agent", "person", "source")
"""Verbs that a second word follows."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Runs every verb with `--json` in one repository; returns the answer of each."""
    place = tmp_path_factory.mktemp("scene")
    remote = tmp_path_factory.mktemp("remote")
    _run(place, SCENE.replace("\n", " > /dev/null && ") + "true")
    _run(
        place,
        f"git init --quiet --bare '{remote}' && git remote add origin '{remote}' && git push -q -u origin HEAD",
    )
    (place / "plan.jsonl").write_text('{"op": "new", "title": "Sell gloves"}\n', "utf-8")
    _run(place, "ticket export --state backlog --quiet -o backup.jsonl")
    found = {}
    for line in IN_ORDER.replace("POLICY", POLICY).splitlines():
        words = line.split()
        verb = " ".join(words[:2]) if words[0] in GROUPS else words[0]
        found[verb] = json.loads(_run(place, f"ticket {line} --json"))
    return found


def _run(place: Path, line: str) -> str:
    answer = subprocess.run(
        ["bash", "-c", line], cwd=place, capture_output=True, encoding="utf-8", check=False
    )
    assert answer.returncode == 0, f"{line}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def test_the_keys_of_every_answer_are_those_on_the_page(answers: dict[str, dict[str, object]]) -> None:
    listed = {}
    for row in re.findall(r"^\| (`[^|]+) \| (`[^|]+) \|$", JSON_PAGE, re.M):
        for verb in re.findall(r"`([^`]+)`", row[0]):
            listed[verb] = set(re.findall(r"`([^`]+)`", row[1]))
    given = {verb: set(answer["data"]) for verb, answer in answers.items()}  # type: ignore[call-overload]
    assert listed == given | {"show": given["show"] | {"claim"}}


def test_a_ticket_has_the_keys_of_the_example(answers: dict[str, dict[str, object]]) -> None:
    (example,) = (json.loads(block.text) for block in blocks(JSON_PAGE) if '"short_id"' in block.text)
    data = answers["start"]["data"]
    assert isinstance(data, dict)
    assert list(data["ticket"]) == list(example)


def test_every_setting_is_on_the_page() -> None:
    names = set(re.findall(r"^\| `(\w+)` \|", SETTINGS_PAGE, re.M))
    assert {name for name, _, _ in SETTINGS} <= names
    keys = set(re.findall(r"^\| `(?:\w+\.)?(\w+)` \|", SETTINGS_PAGE, re.M))
    renamed = {"default_state": "state", "default_priority": "priority"}
    assert {renamed.get(key, key) for key, _ in FORMAT_KEYS} <= keys


def test_every_variable_that_is_read_is_on_the_page() -> None:
    sources = "".join(file.read_text("utf-8") for file in (DOCS.parent / "src").rglob("*.py"))
    read = set(re.findall(r"""environ(?:\.get\(|\[)"((?:TICKET|COUNTERFOIL)_\w+)\"""", sources))
    read -= {"TICKET_OWN_COMMIT"}  # set by ourselves, for our own hooks
    assert read <= set(re.findall(r"`(\w+)`", SETTINGS_PAGE))


def test_the_example_of_config_yml_is_the_default() -> None:
    (text,) = (block.text for block in blocks(SETTINGS_PAGE) if block.language == "yaml")
    assert config.read(text, full) == (config.Config(), [])


def test_titles_are_read_as_the_page_says() -> None:
    rows = re.findall(r"^\| `title: (.*?)` \| `(.*?)` \|$", FRONT_MATTER_PAGE, re.M)
    read = {
        written: document.read(
            f"---\nid: {'0' * 26}\ntitle: {written}\nstate: ready\npriority: p1\n---\n".encode(), full
        ).ticket.title
        for written, _ in rows
    }
    assert read == dict(rows)
    assert len(read) >= 4


def test_every_reason_of_an_unreadable_file_is_on_the_page() -> None:
    reasons = re.findall(r"`(\w+)`", (FormatError.__doc__ or "").split("reason:")[1].split("problem:")[0])
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", FRONT_MATTER_PAGE, re.M)
    assert {reason for row in rows for reason in re.findall(r"\w+", row)} - {"reason"} == set(reasons)


def test_the_limits_on_the_page_are_the_program_s() -> None:
    limits = dict(re.findall(r"^\| ([\w ]+) \| (\d+)(?: [MK]iB)? \|$", FRONT_MATTER_PAGE, re.M))
    assert limits == {
        "a ticket file": str(model.FILE_BYTES // 2**20),
        "its front matter": str(model.FRONT_MATTER_BYTES // 2**10),
        "depth": str(model.FRONT_MATTER_DEPTH),
        "aliases": str(model.FRONT_MATTER_ALIASES),
    }
    assert f"above {model.TITLE_LENGTH} characters" in FRONT_MATTER_PAGE


def test_every_public_method_of_the_library_is_on_the_page() -> None:
    methods = {name for name, _ in inspect.getmembers(Project) if not name.startswith("_")}
    assert set(re.findall(r"[Pp]roject\.(\w+)", PYTHON_PAGE)) == methods


@pytest.mark.parametrize(
    "page", [page for page in pages() if "```python" in page.read_text("utf-8")], ids=name_of
)
def test_the_python_on_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(tmp_path, SCENE)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(page.read_text("utf-8")):
        if block.language == "python":
            exec(compile(block.text, str(page), "exec"), names)
    assert set(names) - {"__builtins__"}


def _filters() -> Iterator[tuple[str, str]]:
    for block in blocks(SCRIPTING_PAGE):
        if block.language == "sh":
            joined = block.text.replace("\\\n", " ")
            verb = rf"(?:(?:{'|'.join(GROUPS)}) )?\w+"
            yield from re.findall(rf"ticket ({verb})[^|\n]*--json[^|\n]*\| jq [^']*'([^']*)'", joined)


@pytest.mark.parametrize(("verb", "jq"), list(_filters()))
def test_the_paths_of_a_jq_filter_exist(verb: str, jq: str, answers: dict[str, dict[str, object]]) -> None:
    node: object = answers[verb]
    for step in re.findall(r"\w+|\[\]", jq.partition("|")[0]):
        node = node[0] if step == "[]" and isinstance(node, list) else dict(node)[step]  # type: ignore[call-overload]
    if isinstance(node, list):
        node = node[0]
    for name in re.findall(r"(?<![\w\]])\.(\w+)", jq.partition("|")[2]):
        assert isinstance(node, dict)
        assert name in {*node, "assignee"}


def test_the_operations_of_batch_are_on_the_page() -> None:
    rows = {
        op: set(re.findall(r"`(\w+)`", fields))
        for ops, fields in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*) \|$", SCRIPTING_PAGE, re.M)
        for op in re.findall(r"\w+", ops)
        if op != "op"
    }
    assert set(rows) == set(batching.OPERATIONS)
    for op, fields in batching.OPERATIONS.items():
        shown = rows[op] | (rows["edit"] if op == "new" else set())
        assert {name for name in fields if not re.match("add_|remove_", name)} <= shown, op
        assert not shown - set(fields) - {"edit", *batching.OPERATIONS["edit"]}, op


def test_the_speed_in_the_readme_is_that_of_the_benchmarks() -> None:
    benchmarks = (DOCS / "benchmarks.md").read_text("utf-8")
    measured: dict[str, float] = {}
    for command, cpu_ms in re.findall(r"^\| (.+?) +\| +10,000 \| +([\d.]+) \(", benchmarks, re.M):
        measured.setdefault(command, float(cpu_ms))
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    shown = {
        "show ID": re.search(r"`ticket show` \| (\d+)", readme),
        "list": re.search(r"`ticket list` \| (\d+)", readme),
        "ready": re.search(r"`ticket ready` \| (\d+)", readme),
        "new": re.search(r"`ticket new`, with its commit \| (\d+)", readme),
        "git add && git commit (new)": re.search(r"`git commit` alone: (\d+)", readme),
    }
    # Another machine or a busy one may differ; a figure that is off by half has to be written anew.
    off = {
        name: (figure and int(figure[1]), measured[name])
        for name, figure in shown.items()
        if figure is None or not 0.5 <= int(figure[1]) / measured[name] <= 1.5
    }
    assert off == {}


def test_the_generated_page_is_what_the_command_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert GENERATED.read_text("utf-8") == markdown()
