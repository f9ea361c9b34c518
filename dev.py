#!/usr/bin/env python3
"""Runs everything that a developer of this project runs, on a bare machine.

Only Python 3.11 or newer, pip and Git are taken for granted: no uv, no ensurepip, no
writable HOME, no Python that lets itself be installed into. The tools are the ones that
uv.lock names, installed by pip with their hashes into environments of this checkout:

    .venv            the tools and the package, editable: what `test` and `lint` use
    build/backend    the build backend alone, to make the wheel
    build/command    the wheel with its doors, and what they need, as a user has it: `demo` and `bench`
    build/cache      what the tools remember between runs

All of it may be deleted at any time. Where the checkout cannot hold them (it is not
writable, or its path does not fit the first line of a script) they live below TMPDIR.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this with an old Python should be told
    sys.exit("error: this needs Python 3.11 or newer\nhint: python3.11 dev.py " + " ".join(sys.argv[1:]))

import argparse
import contextlib
import difflib
import fcntl
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent
LONGEST_SHEBANG = 90
"""Longest path of the checkout for which `#!…/.venv/bin/python` fits Linux's 127 bytes with ease."""

EXAMPLES = """\
examples:
  python3 dev.py demo              watch the program do its main job in a real repository
  python3 dev.py demo --keep       the same, and leave the repository to try things in
  python3 dev.py lint              style, types, import contracts, generated pages
  python3 dev.py test              lint, then every test but the slow ones (under 10 minutes)
  python3 dev.py test -k merge     what stands behind the command goes to pytest
  python3 dev.py test --all        what CI runs: the slow tests too, and none may be skipped
  python3 dev.py bench             measure the installed command and print the table
  python3 dev.py docs              write the generated pages anew
  python3 dev.py screenshots       take the pictures of the dashboard for the docs anew
"""

PRODUCT = "product"
"""Stands among the dependency groups for what the package itself needs."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
"""The names of the program in which the dashboard is tested; COUNTERFOIL_CHROMIUM names another."""

GENERATED_PAGES = {
    "docs/reference/cli.md": "counterfoil.cli.reference",
    "docs/reference/openapi.json": "counterfoil.web.api.describe",
}
"""Page → the module that prints it when it is run."""


class Failure(Exception):
    """Something that a developer has to put right; the text says what, and a hint follows it."""


def say(text: str) -> None:
    """Prints one line of our own, at once, so that it stands before what the tools print."""
    print(text, flush=True)


# --- where things live ------------------------------------------------------------------------


@functools.cache
def state_directory() -> Path:
    """Returns the directory that holds the environments: the checkout, or one below TMPDIR."""
    path = str(ROOT)
    if os.access(ROOT, os.W_OK) and len(os.fsencode(path)) <= LONGEST_SHEBANG and not _has_space(path):
        return ROOT
    name = f"counterfoil-dev-{os.getuid()}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"
    directory = Path(tempfile.gettempdir()).resolve() / name
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.getuid():
        raise Failure(f"{directory} belongs to somebody else\nhint: TMPDIR=/another/place python3 dev.py …")
    return directory


def _has_space(path: str) -> bool:
    return any(character.isspace() for character in path)


def cache(name: str) -> Path:
    """Returns the directory in which the tool `name` may remember things."""
    return state_directory() / "build" / "cache" / name


@functools.cache
def environment_variables() -> dict[str, str]:
    """Returns the caller's variables without those that would lead Python or pip astray.

    PIP_INDEX_URL, PIP_FIND_LINKS, proxies and certificates stay as they are.
    """
    misleading = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    redirecting = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_REQUIREMENT", "PIP_EDITABLE")
    kept = {name: value for name, value in os.environ.items() if name not in (*misleading, *redirecting)}
    kept |= {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}
    kept["HYPOTHESIS_STORAGE_DIRECTORY"] = str(cache("hypothesis"))
    kept |= {"MYPY_CACHE_DIR": str(cache("mypy")), "RUFF_CACHE_DIR": str(cache("ruff"))}
    if not os.access(ROOT, os.W_OK):
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept


def run(command: Sequence[str | Path], **more: str) -> int:
    """Runs a command in the checkout, shows its output and returns its exit status."""
    sys.stdout.flush()
    variables = environment_variables() | more
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=variables, check=False).returncode


def need(command: Sequence[str | Path], otherwise: str) -> None:
    """Runs a command that has to succeed, and shows what it says only if it does not.

    Raises:
        Failure: with the command, what it said and the hint `otherwise`.
    """
    words = [str(part) for part in command]
    answer = subprocess.run(
        words, cwd=ROOT, env=environment_variables(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if answer.returncode != 0:
        raise Failure(f"this failed: {shlex.join(words)}\n{answer.stdout.rstrip()}\nhint: {otherwise}")


# --- what uv.lock says ------------------------------------------------------------------------


def locked_requirements(lock: str, groups: Sequence[str]) -> str:
    """Returns the content of a pip requirements file with every version and hash of uv.lock.

    Args:
        lock: the text of uv.lock.
        groups: the dependency groups that are wanted; PRODUCT stands for the package's own needs.
    """
    packages = tomllib.loads(lock)["package"]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in packages:
        by_name.setdefault(package["name"], []).append(package)
    (product,) = (package for package in packages if "editable" in package["source"])
    edges = []
    for group in groups:
        edges += product.get("dependencies", []) if group == PRODUCT else product["dev-dependencies"][group]
    lines = []
    for (name, version), markers in sorted(_reached(by_name, edges).items()):
        (package,) = (found for found in by_name[name] if found["version"] == version)
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        condition = "" if "" in markers else " ; " + " or ".join(f"({marker})" for marker in sorted(markers))
        hashes = "".join(f" \\\n    --hash={file['hash']}" for file in files)
        lines.append(f"{name}=={version}{condition}{hashes}\n")
    return "".join(lines)


def _reached(
    by_name: dict[str, list[dict[str, Any]]], edges: list[dict[str, Any]]
) -> dict[tuple[str, str], set[str]]:
    """Walks the lock's graph: (name, version) → the markers under which a package is wanted.

    An empty marker stands for "always". A conditional way through the graph is the
    conjunction of the markers on it.
    """
    reached: dict[tuple[str, str], set[str]] = {}
    waiting = [(edge, frozenset[str]()) for edge in edges]
    seen = set()
    while waiting:
        edge, conditions = waiting.pop()
        if "marker" in edge:
            conditions |= {f"({edge['marker']})"}
        package = next(p for p in by_name[edge["name"]] if edge.get("version", p["version"]) == p["version"])
        extras = tuple(edge.get("extra", ()))
        step = (package["name"], package["version"], extras, conditions)
        if step in seen:
            continue
        seen.add(step)
        reached.setdefault(step[:2], set()).add(" and ".join(sorted(conditions)))
        optional = package.get("optional-dependencies", {})
        onward = [*package.get("dependencies", []), *(e for extra in extras for e in optional[extra])]
        waiting += [(further, conditions) for further in onward]
    return reached


# --- environments -----------------------------------------------------------------------------


@functools.cache
def pip_is_here() -> bool:
    """Tells whether the Python that runs this has pip."""
    command = [sys.executable, "-m", "pip", "--version"]
    return (
        subprocess.run(command, env=environment_variables(), capture_output=True, check=False).returncode == 0
    )


def install(python: Path, *arguments: str | Path) -> None:
    """Installs into the environment of `python`, and into nothing else.

    The pip of the calling Python does it when there is one (it needs no pip inside), else
    the one that ensurepip puts inside.
    """
    if pip_is_here():
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
    else:
        need([python, "-m", "ensurepip"], "install pip for this Python (Debian: apt install python3-pip)")
        pip = [str(python), "-m", "pip"]
    need(
        [*pip, "install", "--quiet", "--no-deps", *arguments],
        "if no package index is within reach, set PIP_INDEX_URL or PIP_FIND_LINKS",
    )


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Keeps a second run of this script from building the same environments at the same time."""
    path = state_directory() / "build"
    path.mkdir(exist_ok=True)
    with open(path / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environment(path: Path, groups: Sequence[str], product: str, finish: Callable[[Path], None]) -> Path:
    """Makes an environment if it is not there as wanted, and returns its Python.

    A stamp written last tells a finished environment from one whose making was interrupted,
    and names all that it was made from.

    Args:
        path: where it is; what stands there and does not match is replaced.
        groups: what of uv.lock is installed, see `locked_requirements`.
        product: a fingerprint of what `finish` installs.
        finish: called with the Python of the new environment; installs the product.
    """
    wanted = locked_requirements((ROOT / "uv.lock").read_text("utf-8"), groups)
    stamp = "\n".join([os.path.realpath(sys.executable), sys.version, str(path), product, wanted])
    python = path / "bin" / "python"
    stamp_file = path / "dev-stamp"
    if python.exists() and stamp_file.is_file() and stamp_file.read_text("utf-8") == stamp:
        return python
    say(f"making {path} …")
    if path.is_symlink():
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)
    need([sys.executable, "-m", "venv", "--without-pip", path], "this Python lacks its own module venv")
    with tempfile.TemporaryDirectory() as directory:
        requirements = Path(directory, "requirements.txt")
        requirements.write_text(wanted, "utf-8")
        if wanted:
            install(python, "--require-hashes", "--requirement", requirements)
    finish(python)
    stamp_file.write_text(stamp, "utf-8")
    return python


def tools() -> Path:
    """Returns the Python of `.venv`: the tools of the group `dev` and the package, editable."""
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    with only_one():
        return environment(
            state_directory() / ".venv",
            (PRODUCT, "dev"),
            settings,
            lambda python: install(python, "--no-index", "--no-build-isolation", "--editable", ROOT),
        )


def installed_command() -> Path:
    """Returns the `ticket` of a regular installation, made anew when a source has changed."""
    with only_one():
        place = state_directory() / "build"
        backend = environment(place / "backend", ("build",), "", lambda _: None)

        def from_wheel(python: Path) -> None:
            with tempfile.TemporaryDirectory() as directory:
                build = ["-m", "hatchling", "build", "--target", "wheel", "--directory", directory]
                need([backend, *build], "the wheel cannot be built; mend what the backend says above")
                install(python, "--no-index", *Path(directory).glob("*.whl"))

        python = environment(place / "command", (PRODUCT, "doors"), _fingerprint_of_sources(), from_wheel)
        return python.with_name("ticket")


def _fingerprint_of_sources() -> str:
    """Returns a digest of every file that the wheel is made of."""
    files = [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    for folder in ("src", "scripts"):
        files += [file for file in (ROOT / folder).rglob("*") if file.is_file() and file.suffix != ".pyc"]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


# --- the commands -----------------------------------------------------------------------------


def pages(python: Path) -> Iterator[tuple[Path, str]]:
    """Yields each generated page with the text that it should have."""
    for page, module in GENERATED_PAGES.items():
        if not (ROOT / "src" / (module.replace(".", "/") + ".py")).exists():
            continue
        command = [str(python), "-m", module]
        variables = environment_variables() | {"COLUMNS": "80", "NO_COLOR": "1"}
        answer = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, check=False)
        if answer.returncode != 0:
            raise Failure(f"this failed: {shlex.join(command)}\nhint: see above")
        yield ROOT / page, answer.stdout.decode("utf-8")


def docs() -> int:
    """Writes the generated pages anew."""
    for page, text in pages(tools()):
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, "utf-8")
        say(f"wrote {page.relative_to(ROOT)}")
    return 0


def stale_pages(python: Path) -> int:
    """Shows how the generated pages differ from what they should say; returns 1 if any does."""
    status = 0
    for page, text in pages(python):
        name = str(page.relative_to(ROOT))
        present = page.read_text("utf-8") if page.exists() else ""
        if present != text:
            lines = difflib.unified_diff(
                present.splitlines(), text.splitlines(), name, "generated", lineterm=""
            )
            say("\n".join([*lines, "", f"{name} is out of date\nhint: python3 dev.py docs"]))
            status = 1
    return status


def lint() -> int:
    """Runs the checks that need no test: style, types, contracts, dependencies, generated pages."""
    python = tools()
    mypy = [str(python), "-m", "mypy"]
    ours = ["dev.py", "tools", "tests/conftest.py", "tests/world.py", "tests/architecture"]
    checks: list[tuple[str, Callable[[], int]]] = [
        ("ruff check", lambda: run([python, "-m", "ruff", "check", "--quiet", "."])),
        ("ruff format", lambda: run([python, "-m", "ruff", "format", "--quiet", "--diff", "."])),
        ("mypy --strict", lambda: run(mypy)),
        ("mypy --strict, tooling", lambda: run([*mypy, "--explicit-package-bases", *ours], MYPYPATH="tests")),
        ("import contracts", lambda: import_contracts(python)),
        ("deptry", lambda: run([python, "-m", "deptry", "--no-ansi", "src"])),
        ("generated pages", lambda: stale_pages(python)),
    ]
    failed = []
    for name, check in checks:
        begun = time.monotonic()
        say(f"— {name}")
        if check() != 0:
            failed.append(name)
        say(f"  {'FAILED' if name in failed else 'ok'} in {time.monotonic() - begun:.1f} s")
    if failed:
        say(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


def import_contracts(python: Path) -> int:
    """Checks the contracts of pyproject.toml with import-linter."""
    program = python.with_name("lint-imports")
    return run([program, "--no-logo", "--cache-dir", cache("import-linter")])


def test(everything: bool, further: Sequence[str]) -> int:
    """Lints, then runs the tests; with `everything` also the slow ones, and none may be skipped."""
    if lint() != 0 or (everything and run([sys.executable, ROOT / "tools" / "mcp_kits.py"]) != 0):
        return 1
    if not any(map(shutil.which, BROWSERS)) and not os.environ.get("COUNTERFOIL_CHROMIUM"):
        say("no Chromium here, so the tests in a browser are skipped\nhint: sudo apt-get install chromium")
    say("— tests")
    which = ["--forbid-skips"] if everything else ["-m", "not slow"]
    where = f"cache_dir={cache('pytest')}"
    return run([tools(), "-m", "pytest", "-n", "2", "-o", where, *which, *further])


def demo(further: Sequence[str]) -> int:
    """Walks through the main job with the installed command."""
    return run([sys.executable, ROOT / "tools" / "demo.py", "--ticket", installed_command(), *further])


def bench(further: Sequence[str]) -> int:
    """Measures the installed command and prints the table."""
    command = installed_command()
    path = os.pathsep.join([str(command.parent), os.environ.get("PATH", os.defpath)])
    script, ledger = ROOT / "bench" / "run.py", f"--ledger-python={tools()}"
    return run([command.with_name("python"), script, ledger, *further], PATH=path)


def screenshots(further: Sequence[str]) -> int:
    """Takes the pictures of the dashboard that the docs show."""
    return run([tools(), "-m", "browser.pictures", *further], PYTHONPATH=str(ROOT / "tests"))


def main() -> int:
    """Reads the command line and runs the command."""
    parser = argparse.ArgumentParser(
        prog="dev.py",
        description="Runs everything that a developer of this project runs, on a bare machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("command", choices=["demo", "test", "bench", "lint", "docs", "screenshots"])
    parser.add_argument("--all", action="store_true", help="with test: the slow tests too; skips nothing")
    options, further = parser.parse_known_args()
    if options.all and options.command != "test":
        parser.error("--all belongs to test")
    if further and options.command in ("lint", "docs"):
        parser.error(f"unknown: {' '.join(further)}")
    commands: dict[str, Callable[[], int]] = {
        "demo": lambda: demo(further), "test": lambda: test(options.all, further), "bench": lambda: bench(further),
        "lint": lint, "docs": docs, "screenshots": lambda: screenshots(further),
    }  # fmt: skip
    try:
        return commands[options.command]()
    except Failure as failure:
        sys.stdout.flush()
        print(f"error: {failure}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
