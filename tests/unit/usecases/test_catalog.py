"""The catalog: rows of what can be read, problems of what cannot, the index kept to the byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from unit.usecases.desk_scene import Office

from counterfoil.testing.faults import FaultyFiles
from counterfoil.tickets import index
from counterfoil.usecases import catalog as catalogs
from counterfoil.usecases.catalog import Catalog

if TYPE_CHECKING:
    from world import RepositoryFactory

    from counterfoil.usecases.context import Context


@pytest.fixture
def office(repository: RepositoryFactory) -> Office:
    """A project with three tickets."""
    made = Office(repository())
    for title in ("One", "Two", "Three"):
        made.new(title)
    return made


def titles(context: Context) -> list[str]:
    """Returns all titles, sorted."""
    return sorted(row[1] for row in Catalog.load(context).rows())


def test_with_and_without_a_cache_the_rows_are_the_same(office: Office) -> None:
    cached = sorted(Catalog.load(office.context()).rows())
    catalogs.discard(office.context())
    assert sorted(Catalog.load(office.context()).rows()) == cached
    assert [row[1] for row in cached] == ["One", "Two", "Three"]


def test_a_settled_folder_is_read_from_the_cache_alone(office: Office) -> None:
    office.clock.ms *= 2
    Catalog.load(office.context())
    context = office.context()
    written: list[tuple[str, str]] = []
    context.state = FaultyFiles(context.state, before=lambda verb, name: written.append((verb, name)))
    read: list[str] = []
    whole = context.work.read
    context.work.read = lambda name, limit=1 << 28: (read.append(name), whole(name, limit))[1]  # type: ignore[method-assign]
    assert titles(context) == ["One", "Three", "Two"]
    assert ([name for name in read if name.endswith(".md")], written) == ([], [])


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("notes.md", b"x", "not_a_ticket"), ("01ARZ3NDEKTSV4RRFFQ69G5FAV.md", b"", "no_front_matter"),
        (".hidden.md", b"x", None), ("notes.txt", b"x", None),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV.md", b"---\nid: 01BX5ZZKBKACTAV9WEVGEMMVRZ\ntitle: x\nstate: ready\npriority: p1\n---\n",
         "id_mismatch"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV.md", b"x" * (9 << 20), "too_large"),
    ],
)  # fmt: skip
def test_what_is_no_ticket_has_a_problem_and_no_row(
    office: Office, name: str, content: bytes, problem: str | None
) -> None:
    file = office.repository.write(f".tickets/tickets/{name}", content)
    for _ in range(2):
        found = Catalog.load(office.context())
        told = found.problems.get(name)
        assert ((told[0] if told else None), titles(office.context())) == (problem, ["One", "Three", "Two"])
    file.unlink()
    assert Catalog.load(office.context()).problems == {}


def test_an_index_that_is_changed_entry_by_entry_is_the_one_that_is_written_anew(office: Office) -> None:
    office.repository.write(".tickets/index.json", b"")
    names = [row[0] for row in Catalog.load(office.context()).rows()]
    office.change(lambda desk: desk.create("Four", labels=["b", "a"]))
    office.change(lambda desk: desk.move(desk.open(names[0]), "in_progress"))
    office.change(
        lambda desk: desk.update(desk.open(names[1]), {"title": 'Quoted "title" \\ ü', "priority": "p0"})
    )
    spliced = (office.repository.path / index.FILE).read_bytes()
    catalogs.discard(office.context())
    assert Catalog.load(office.context()).index_text({}, "2030-01-01T00:00:00Z") == spliced
    (office.repository.path / index.FILE).unlink()
    stamp = json.loads(spliced)["generated_at"]
    assert Catalog.load(office.context()).index_text({}, stamp) == spliced
