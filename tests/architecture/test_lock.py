"""uv.lock is what dev.py installs from: it agrees with pyproject.toml and names the public index alone."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from architecture.tree import ROOT

import dev

LOCK_TEXT = (ROOT / "uv.lock").read_text("utf-8")
LOCK = tomllib.loads(LOCK_TEXT)
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
(PRODUCT,) = (package for package in LOCK["package"] if package["name"] == "counterfoil")


def wishes(requirements: list[Any]) -> set[tuple[str, str]]:
    """Returns (name, specifier) of requirements as pyproject.toml writes them, groups flattened."""
    found = set()
    for requirement in requirements:
        if isinstance(requirement, dict):
            found |= wishes(SETTINGS["dependency-groups"][requirement["include-group"]])
        else:
            parts = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?(.*)", requirement)
            assert parts is not None
            found.add((re.sub(r"[-_.]+", "-", parts[1]).lower(), parts[2]))
    return found


def locked(requirements: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Returns (name, specifier) of requirements as uv.lock remembers them."""
    return {(requirement["name"], requirement["specifier"]) for requirement in requirements}


def test_the_lock_was_made_from_the_present_requirements() -> None:
    metadata = PRODUCT["metadata"]
    extras = SETTINGS["project"]["optional-dependencies"].values()
    wanted = [*SETTINGS["project"]["dependencies"], *[each for extra in extras for each in extra]]
    assert locked(metadata["requires-dist"]) == wishes(wanted) - {
        ("counterfoil", "")
    }  # the extra of all extras
    groups = SETTINGS["dependency-groups"]
    assert {name: locked(group) for name, group in metadata["requires-dev"].items()} == {
        name: wishes(group) for name, group in groups.items()
    }


def test_every_package_comes_from_the_public_index() -> None:
    sources = {str(package["source"]) for package in LOCK["package"] if package is not PRODUCT}
    hosts = set(re.findall(r"https?://[^/\"]+", LOCK_TEXT))
    assert sources == {"{'registry': 'https://pypi.org/simple'}"}
    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}


def test_the_product_alone_needs_four_libraries() -> None:
    lines = dev.locked_requirements(LOCK_TEXT, (dev.PRODUCT,)).splitlines()
    needed = [line.split("==")[0] for line in lines if "==" in line]
    of_cryptography = {"cffi", "pycparser"}
    assert [name for name in needed if name not in of_cryptography] == [
        "apsw", "cryptography", "jsonschema-rs", "pyyaml",
    ]  # fmt: skip


def test_every_locked_package_is_reached_and_pinned_by_hash() -> None:
    text = dev.locked_requirements(LOCK_TEXT, (dev.PRODUCT, *SETTINGS["dependency-groups"]))
    requirements = text.replace(" \\\n", "").splitlines()
    assert [line.split("==")[0] for line in requirements] == sorted(
        package["name"] for package in LOCK["package"] if package is not PRODUCT
    )
    assert all("--hash=sha256:" in line for line in requirements)


FORKED = """
[[package]]
name = "product"
source = { editable = "." }
dependencies = [{ name = "a", extra = ["fast"] }, { name = "b", marker = "sys_platform == 'win32'" }]
[[package]]
name = "a"
version = "1"
source = { registry = "r" }
wheels = [{ hash = "sha256:a1" }, { hash = "sha256:a2" }]
[package.optional-dependencies]
fast = [{ name = "c", version = "2", marker = "python_full_version >= '3.12'" }]
[[package]]
name = "b"
version = "3"
source = { registry = "r" }
sdist = { hash = "sha256:b" }
dependencies = [{ name = "c", version = "1", marker = "python_full_version < '3.12'" }, { name = "b" }]
[[package]]
name = "c"
version = "1"
source = { registry = "r" }
wheels = [{ hash = "sha256:c1" }]
[[package]]
name = "c"
version = "2"
source = { registry = "r" }
wheels = [{ hash = "sha256:c2" }]
"""


def test_markers_extras_forks_and_cycles_of_a_lock_are_followed() -> None:
    assert dev.locked_requirements(FORKED, (dev.PRODUCT,)).replace(" \\\n   ", "").splitlines() == [
        "a==1 --hash=sha256:a1 --hash=sha256:a2",
        "b==3 ; ((sys_platform == 'win32')) --hash=sha256:b",
        "c==1 ; ((python_full_version < '3.12') and (sys_platform == 'win32')) --hash=sha256:c1",
        "c==2 ; ((python_full_version >= '3.12')) --hash=sha256:c2",
    ]


@pytest.mark.parametrize("group", ["build", "dev"])
def test_each_group_can_build_the_package(group: str) -> None:
    assert "\nhatchling==" in "\n" + dev.locked_requirements(LOCK_TEXT, (group,))
