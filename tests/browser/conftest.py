"""What tests in a browser share: Chromium, a server with a scene on it, and people who sit before it.

Playwright holds an event loop in the thread that uses it, in which `asyncio.run` fails; it is therefore ended with
each module, so that no other test meets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import scene
from browser.harness import Seat, Stage, launched, program
from integration.http_scene import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def _models(tmp_path_factory: pytest.TempPathFactory) -> tuple[scene.Scene, scene.Scene]:
    folder = tmp_path_factory.mktemp("scenes")
    return scene.made(folder / "shop"), scene.made(folder / "warehouse", is_rich=False)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, without a page."""
    program()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


def _staged(models: tuple[scene.Scene, scene.Scene], folder: Path) -> Iterator[Stage]:
    rich, poor = models
    desk = rich.desk.copy(folder / "shop")
    other = poor.desk.copy(folder / "warehouse")
    served = Served(desk, folder)
    served.start(str(desk.path), str(other.path))
    yield Stage(rich._replace(desk=desk), served, "shop")
    served.close()


@pytest.fixture(scope="module")
def stage(
    _models: tuple[scene.Scene, scene.Scene], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Two repositories on one server, for all tests of a module, which change nothing that another one looks for."""
    yield from _staged(_models, tmp_path_factory.mktemp("stage"))


@pytest.fixture
def own_stage(_models: tuple[scene.Scene, scene.Scene], tmp_path: Path) -> Iterator[Stage]:
    """The same for one test alone."""
    yield from _staged(_models, tmp_path)


@pytest.fixture
def seats(chromium: Browser) -> Iterator[Callable[..., Seat]]:
    """Gives browsers to people; whatever was wrong in any of them fails the test."""
    made: list[Seat] = []

    def sit(stage: Stage, **settings: Any) -> Seat:
        made.append(Seat(chromium, stage, **settings))
        return made[-1]

    yield sit
    for seat in made:
        seat.close()
    for seat in made:
        seat.check()


@pytest.fixture
def page_as(stage: Stage, seats: Callable[..., Seat]) -> Callable[..., Seat]:
    """Signs somebody in by a real one-time link: `page_as("viewer")`, `page_as("admin", color_scheme="dark")`."""

    def sit(role: str = "admin", person: str = "human:ada", **settings: Any) -> Seat:
        return seats(stage, **settings).sign_in(role, person)

    return sit
