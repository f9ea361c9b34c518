"""A world of its own for every test (see `world`), a way to forbid skipping, and a second chance for what waits.

Property tests try the same examples in every run, so that a change is judged by what it changes; new ones are
looked for with `HYPOTHESIS_PROFILE=explore`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from world import Repository, RepositoryFactory, hermetic_environment

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

settings.register_profile("reproducible", derandomize=True)
settings.register_profile("explore", derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reproducible"))


OUT_OF_PATIENCE = ["TimeoutExpired", "TimeoutError", "ReadTimeout"]
"""What a test fails with that waited for another program for as long as it was ready to."""


@pytest.fixture(scope="session", autouse=True)
def _hermetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Replaces the environment for the whole session; a test changes it by `monkeypatch`."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(hermetic_environment(tmp_path_factory.mktemp("home")))
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Lets the programs of the tests hear Ctrl-C, also where a shell began the session in its background.

    Such a shell lets its children ignore SIGINT, which is inherited by all that they start; a signal with
    a handler is heard by them again (POSIX `exec`).
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """Closes the dashboards of a test: what refers to itself would hold a dozen files each until Python looks for it."""
    yield
    scene = sys.modules.get("integration.dashboard_scene")
    while scene is not None and scene.MADE:
        scene.MADE.pop().close()


@pytest.fixture
def repository(tmp_path: Path) -> RepositoryFactory:
    """Makes real Git repositories in the test's own folder, by default with one commit in it."""

    def make(
        name: str = "repository", *, commit: bool = True, bare: bool = False, object_format: str = "sha1"
    ) -> Repository:
        made = Repository(tmp_path / name)
        made.path.mkdir(parents=True)
        made.git("init", "--quiet", f"--object-format={object_format}", *(["--bare"] if bare else []))
        if commit and not bare:
            made.commit("scene: begin")
        return made

    return make


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--forbid-skips`, with which a test that is skipped has failed."""
    parser.addoption("--forbid-skips", action="store_true", help="a skipped test counts as failed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives tests that wait for other programs a second chance, which the report names (docs/adr/0054).

    In a browser any failure may be one of time. Elsewhere only running out of patience is: a test that has seen
    something wrong has failed, however seldom it sees it.
    """
    for item in items:
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        if room == "browser":
            item.add_marker(pytest.mark.flaky(reruns=1))
        elif room in {"integration", "siege", "conformance"}:
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=OUT_OF_PATIENCE))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip into a failure where skips are forbidden; expected failures stay what they are."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("--forbid-skips"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped in a {call.when} that may skip nothing"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Does the same for a module that skips itself as a whole."""
    report = yield
    if report.skipped and collector.config.getoption("--forbid-skips"):
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped where nothing may be skipped"
    return report
