"""What import contracts cannot see: built-in doors to the outside, the clock, code made from text."""

from __future__ import annotations

import ast
import sys

import pytest
from architecture.tree import names_used, parsed, product_files, room_files, violations

THE_CLOCK = "adapters/system.py"
WALL_CLOCK = (
    "time.time", "time.time_ns", "time.clock_gettime*",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
)  # fmt: skip
OUTSIDE = (
    *WALL_CLOCK, "open", "io.open", "print", "input", "breakpoint", "sys.stdin", "sys.stdout", "sys.stderr",
    "sys.argv", "sys.exit", "codecs.open", ".read_text", ".write_text", ".read_bytes", ".write_bytes",
)  # fmt: skip
CODE_FROM_TEXT = (
    "eval", "exec", "compile", "__import__", "importlib", "imp", "runpy", "code",
    "builtins.eval", "builtins.exec", "builtins.compile", "builtins.__import__",
    "pickle", "_pickle", "shelve", "yaml.load", "yaml.load_all", "yaml.full_load*", "yaml.unsafe_load*",
    "yaml.Loader", "yaml.FullLoader", "yaml.UnsafeLoader",
    "yaml.CLoader", "yaml.CFullLoader", "yaml.CUnsafeLoader",
)  # fmt: skip
LOADED_BY_NAME = {
    "__init__.py": "the names of the SDK, from a table in the same file",
    "cli/main.py": "the handlers of the command table",
    "web/dashboard/assets.py": "nothing: it reads the package's own style sheets and scripts",
    "web/server.py": "nothing: it asks whether the server's parts are installed",
    "usecases/actions/registry.py": "the actions of installed packages, by their entry points",
}
"""Where modules may be loaded by a name that is not an import statement, and which ones."""

STANDARD = sys.stdlib_module_names | {"_sha2", "_sha256"}
"""The standard library; SHA-256 goes by one of these names or the other, as Python is older or newer."""

PLANTINGS = [
    (OUTSIDE, "text = open('a')", "1: open"),
    (OUTSIDE, "from datetime import datetime\nat = datetime.now()", "2: datetime.datetime.now"),
    (OUTSIDE, "import datetime as d\nat = d.date.today()", "2: datetime.date.today"),
    (OUTSIDE, "import time\nat = time.time()", "2: time.time"),
    (OUTSIDE, "from time import time_ns", "1: time.time_ns"),
    (OUTSIDE, "text = path.read_text()", "1: ?.read_text"),
    (OUTSIDE, "import sys\nsys.stdout.write('')", "2: sys.stdout"),
    (OUTSIDE, "print('here')", "1: print"),
    (CODE_FROM_TEXT, "eval('1')", "1: eval"),
    (CODE_FROM_TEXT, "exec('1')", "1: exec"),
    (CODE_FROM_TEXT, "import builtins\nbuiltins.exec('1')", "2: builtins.exec"),
    (CODE_FROM_TEXT, "import pickle", "1: pickle"),
    (CODE_FROM_TEXT, "from yaml import load", "1: yaml.load"),
    (CODE_FROM_TEXT, "import yaml\nyaml.load_all(text, Loader=yaml.CLoader)", "2: yaml.CLoader"),
    (CODE_FROM_TEXT, "from importlib import import_module", "1: importlib.import_module"),
    (CODE_FROM_TEXT, "def late():\n    __import__('os')", "2: __import__"),
]


@pytest.mark.parametrize("file", room_files())
def test_a_room_reaches_nothing_outside(file: str) -> None:
    assert violations(parsed(file), OUTSIDE) == []


@pytest.mark.parametrize("file", room_files())
def test_a_room_stands_on_the_standard_library_alone(file: str) -> None:
    imported = {name.split(".")[0] for name in _imports(parsed(file))}
    assert imported - STANDARD - {"counterfoil"} == set()


@pytest.mark.parametrize("file", [file for file in product_files() if file != THE_CLOCK])
def test_only_the_system_adapter_reads_the_clock(file: str) -> None:
    assert violations(parsed(file), WALL_CLOCK) == []


@pytest.mark.parametrize("file", [file for file in product_files() if file not in LOADED_BY_NAME])
def test_a_module_makes_no_code_from_text(file: str) -> None:
    assert violations(parsed(file), CODE_FROM_TEXT) == []


@pytest.mark.parametrize("file", LOADED_BY_NAME)
def test_where_modules_are_loaded_by_name_nothing_else_is_made_from_text(file: str) -> None:
    rest = tuple(name for name in CODE_FROM_TEXT if name not in ("importlib", "__import__"))
    assert violations(parsed(file), rest) == []


@pytest.mark.parametrize(("banned", "text", "finding"), PLANTINGS)
def test_a_planted_violation_is_seen(banned: tuple[str, ...], text: str, finding: str) -> None:
    assert finding in violations(ast.parse(text), banned)


def test_a_foreign_import_in_a_room_is_seen() -> None:
    assert list(_imports(ast.parse("def late():\n    from yaml import nodes"))) == ["yaml.nodes"]


def test_a_method_that_shares_a_banned_name_is_not_mistaken_for_it() -> None:
    assert (
        violations(
            ast.parse("import re\nre.compile('a')\nself.open()\nrow.time"), (*OUTSIDE, *CODE_FROM_TEXT)
        )
        == []
    )


def _imports(module: ast.Module) -> list[str]:
    lines = {node.lineno for node in ast.walk(module) if isinstance(node, ast.Import | ast.ImportFrom)}
    return [name for line, name in names_used(module) if line in lines]
