"""Templates by name, for every name that leads somewhere else; `new` tests what they become."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from integration.verbs_scene import core

from counterfoil.bootstrap import open_project
from counterfoil.errors import InputError
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.templates import load_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Returns a project with two templates, and a file beside them that is none."""
    desk = core(tmp_path_factory.mktemp("templates") / "work")
    desk.write(".tickets/template.md", "default")
    desk.write(".tickets/templates/bug.md", "bug")
    desk.write(".tickets/templates/größe.md", "size")
    desk.write(".tickets/secret.md", "secret")
    desk.write(".tickets/templates/latin.md", b"caf\xe9")
    return open_project(str(desk.path), {}, Options())


@pytest.mark.parametrize(("name", "text"), [(None, "default"), ("bug", "bug"), ("größe", "size")])
def test_a_template_is_found_by_name(context: Context, name: str | None, text: str) -> None:
    assert load_template(context, name) == text


@given(name=st.text(max_size=8) | st.sampled_from(["../secret", "./bug", "bug/../bug", "..", "\0", ".bug"]))
def test_no_name_leads_out_of_the_folder(context: Context, name: str) -> None:
    if name in {"bug", "größe"}:
        return
    with pytest.raises(InputError) as caught:
        load_template(context, name)
    assert (caught.value.code, caught.value.fields["value"]) == ("template_not_found", name)


def test_a_template_that_is_no_text_is_told(context: Context) -> None:
    with pytest.raises(InputError, match="is not UTF-8"):
        load_template(context, "latin")


def test_a_project_needs_no_template(tmp_path: Path) -> None:
    desk = core(tmp_path / "work")
    assert load_template(open_project(str(desk.path), {}, Options()), None) is None
