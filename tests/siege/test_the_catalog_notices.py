"""Every way in which a ticket file can change behind the cache's back, and every harm to the cache."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tarfile
from functools import partial
from typing import TYPE_CHECKING

import pytest
from siege.scenes import Project, only, start, together

from counterfoil.bootstrap import open_project
from counterfoil.testing.faults import CoarseFiles
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = 150
SECOND_NS = 1_000_000_000


def in_process_titles(project: Project, tick_ns: int = 0) -> list[str]:
    """Returns the titles as a fresh catalog reads them inside this process, many times a tick."""
    context = open_project(str(project.path), os.environ, Options())
    if tick_ns:
        context.work = CoarseFiles(context.work, tick_ns)
    return sorted(row[1] for row in Catalog.load(context).rows())


def edit_in_place(file: Path, number: int) -> str:
    """Writes another title of the same length over the old one, in the same inode, and returns it."""
    title = f"Title {number:05}"
    text = file.read_text("utf-8")
    at = text.index("title: ") + len("title: ")
    with file.open("r+", encoding="utf-8") as handle:
        handle.seek(at)
        handle.write(title)
    return title


@pytest.fixture
def ticket(project: Project) -> Path:
    """The file of a ticket whose title has a fixed width."""
    project.ok("edit", only(project), "--title", "Title 00000")
    project.tickets()
    return project.file(only(project))


def test_an_edit_in_place_of_equal_size_is_seen_by_the_installed_command(
    project: Project, ticket: Path
) -> None:
    for number in range(15):
        title = edit_in_place(ticket, number)
        assert project.titles() == [title]


@pytest.mark.parametrize("tick_ns", [0, 10_000_000, SECOND_NS, 2 * SECOND_NS])
def test_edits_within_one_tick_of_the_clock_are_all_seen(
    project: Project, ticket: Path, tick_ns: int
) -> None:
    for number in range(ROUNDS):
        title = edit_in_place(ticket, number)
        assert in_process_titles(project, tick_ns) == [title]
    assert in_process_titles(project, tick_ns) == [title]


def test_an_edit_right_after_our_own_write_is_seen(project: Project, ticket: Path) -> None:
    for number in range(8):
        project.ok("edit", ticket.stem, "--title", f"Title {number:05}", "--no-commit")
        title = edit_in_place(ticket, number + 100)
        assert project.titles() == [title]


def test_a_restored_modification_time_hides_nothing(project: Project, ticket: Path) -> None:
    stat = ticket.stat()
    title = edit_in_place(ticket, 1)
    os.utime(ticket, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert project.titles() == [title]


def test_a_file_renamed_over_a_ticket_is_seen(project: Project, ticket: Path) -> None:
    other = ticket.with_name("draft")
    shutil.copy2(ticket, other)
    title = edit_in_place(other, 2)
    os.utime(other, ns=(ticket.stat().st_atime_ns, ticket.stat().st_mtime_ns))
    other.rename(ticket)
    assert project.titles() == [title]


def test_two_tickets_that_swap_their_names_are_seen_as_such(project: Project, ticket: Path) -> None:
    other = project.file(project.new("Title 00001"))
    project.tickets()
    swap = ticket.with_name("swap")
    ticket.rename(swap)
    other.rename(ticket)
    swap.rename(other)
    assert project.titles() == []
    assert project.run("validate", "--all").status == 7


def test_a_deleted_ticket_is_gone_and_a_restored_one_is_back(project: Project, ticket: Path) -> None:
    content = ticket.read_bytes()
    ticket.unlink()
    assert project.titles() == []
    ticket.write_bytes(content)
    assert project.titles() == ["Title 00000"]
    shutil.rmtree(ticket.parent)
    assert project.titles() == []


def test_checkout_stash_and_reset_are_seen(project: Project, ticket: Path) -> None:
    project.git("switch", "-qc", "side")
    project.ok("edit", ticket.stem, "--title", "Title 00001")
    project.new("On the side")
    for branch, titles in (("main", ["Title 00000"]), ("side", ["On the side", "Title 00001"])) * 2:
        project.git("switch", "-q", branch)
        assert project.titles() == titles
    title = edit_in_place(ticket, 7)
    project.git("stash", "-q")
    assert project.titles() == ["On the side", "Title 00001"]
    project.git("stash", "pop", "-q")
    assert project.titles() == ["On the side", title]
    project.git("reset", "-q", "--hard", "HEAD~2")
    assert project.titles() == ["Title 00000"]


def test_a_backup_unpacked_with_its_old_times_is_seen(project: Project, ticket: Path, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(project.path / ".tickets", ".tickets")
    edit_in_place(ticket, 3)
    project.tickets()
    subprocess.run(["tar", "-xf", archive, "-C", project.path], check=True)
    assert project.titles() == ["Title 00000"]


def test_a_clone_moved_to_another_place_reads_its_own_files(
    project: Project, ticket: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(project.repository.path, copied)
    edit_in_place(copied / ticket.relative_to(project.path), 4)
    copy = Project(type(project.repository)(copied))
    assert (copy.titles(), project.titles()) == (["Title 00004"], ["Title 00000"])


# --- harm to the cache -----------------------------------------------------------------------------


def cut(file: Path) -> None:
    """Leaves half of a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    """Turns one bit in the middle of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) * 2 // 3] ^= 1
    file.write_bytes(data)


def scramble(file: Path) -> None:
    """Replaces a file's content by noise."""
    file.write_bytes(random.Random(7).randbytes(file.stat().st_size))


def age(file: Path) -> None:
    """Makes a file one that another Python has written."""
    file.write_bytes(file.read_bytes().replace(b" cpython-", b" cpython-9", 1))


def become_folder(file: Path) -> None:
    """Puts a folder where the file was."""
    file.unlink()
    file.mkdir()


def become_link(file: Path) -> None:
    """Puts a link that leads nowhere where the file was."""
    file.unlink()
    file.symlink_to("/nowhere")


HARM: dict[str, Callable[[Path], object]] = {
    "cut": cut, "one bit": flip, "noise": scramble, "empty": lambda file: file.write_bytes(b""),
    "gone": lambda file: file.unlink(), "another Python's": age, "a folder": become_folder, "a link": become_link,
}  # fmt: skip


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("part", ["*.state", "*.rows-*", "*"])
def test_a_damaged_cache_costs_time_and_nothing_else(project: Project, harm: str, part: str) -> None:
    project.new("Second")
    project.tickets()
    files = sorted((project.path / ".git/counterfoil/cache").glob(part))
    assert files
    for file in files:
        HARM[harm](file)
    assert in_process_titles(project) == ["First", "Second"]
    assert in_process_titles(project) == ["First", "Second"]


def test_any_part_of_our_own_folder_may_vanish_between_two_commands(project: Project) -> None:
    own = project.path / ".git/counterfoil"
    shutil.rmtree(own / "cache")
    assert project.titles() == ["First"]
    (own / "cache").rename(own / "moved")
    (own / "cache").write_text("a file in its place", "utf-8")
    assert project.titles() == ["First"]
    project.new("Second")
    shutil.rmtree(own)
    project.new("Third")
    assert project.titles() == ["First", "Second", "Third"]
    project.check()


def test_many_readers_that_renew_the_cache_at_once_agree(project: Project) -> None:
    lines = [f'{{"op": "new", "title": "Ticket {number}"}}' for number in range(40)]
    project.ok("batch", "-", stdin="\n".join(lines).encode())
    titles = project.titles()
    for _ in range(3):
        shutil.rmtree(project.path / ".git/counterfoil/cache")
        tasks = [partial(start, project.path, "list", "--all", "--json")] * 12
        for answer in together(tasks):
            assert answer.status == 0, answer
            assert sorted(entry["title"] for entry in answer.data["tickets"]) == titles
            assert answer.envelope["warnings"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--all"), ("show", "Title"), ("ready",), ("next",), ("search", "Title"), ("validate", "--all"),
        ("log", "Title"), ("diff", "Title"), ("export",), ("policy", "show"), ("config",), ("prime",),
        ("branch", "Title"), ("batch", "-", "--dry-run"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_reading_verb_writes_nothing_but_its_cache(
    project: Project, ticket: Path, words: tuple[str, ...]
) -> None:
    edit_in_place(ticket, 1)
    project.write(".tickets/index.json", "not JSON at all")
    before = kept(project)
    answer = project.run(*words, "--json", stdin=b"")
    assert answer.status in (0, 7), answer
    assert kept(project) == before


def kept(project: Project) -> dict[str, object]:
    """Returns every file but the cache, and the memory that those who read the ledger share."""
    derived = ("/cache", "ledger.db-shm")
    return {
        file: content
        for file, content in whole_tree(project).items()
        if not any(part in file for part in derived)
    }


def whole_tree(project: Project) -> dict[str, tuple[int, bytes]]:
    """Returns every file of the repository, Git's own included, with its time and its content."""
    root = project.repository.path
    return {
        str(file.relative_to(root)): (file.stat().st_mtime_ns, file.read_bytes())
        for file in root.rglob("*")
        if file.is_file()
    }
