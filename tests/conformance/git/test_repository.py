"""What the writing verbs may take for granted of Git: one suite, run by the real one and by that in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.errors import HostError
from counterfoil.kernel.digest import blob_id
from counterfoil.usecases.contents import PLAIN_LOG

if TYPE_CHECKING:
    from conformance.git.worlds import GitWorld

A, B, C = ".tickets/tickets/A.md", ".tickets/tickets/B.md", "code/c.py"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
PLACES = ("-r", "-z", "--full-tree")


def begun(world: GitWorld) -> str:
    """Commits three files and returns the commit."""
    for name in (A, B, C):
        world.write(name, f"{name}, first\n")
    made = world.commit(A, B, C, message="ticket: begin\n\nTicket-Actor: human:ada\n")
    assert made is not None
    world.pass_seconds(10)
    return made


def out(world: GitWorld, *arguments: str, stdin: bytes | None = None) -> bytes:
    """Returns what a Git command prints, whatever its status."""
    return bytes(world.git.run(*arguments, stdin=stdin).stdout)


# --- before the first commit ----------------------------------------------------------------------


def test_a_new_repository_has_a_branch_and_no_commit(world: GitWorld) -> None:
    assert world.git.branch() == "main"
    assert world.git.head() is None
    assert world.git.in_progress() is None
    assert world.git.run("rev-parse", "-q", "--verify", "HEAD^{commit}").status == 1


def test_a_working_tree_is_listed_with_its_branch(world: GitWorld) -> None:
    root = world.git.location.root
    told = "worktree {}\nHEAD {}\nbranch refs/heads/main\n\n"
    words = ("worktree", "list", "--porcelain")
    assert out(world, *words).decode() == told.format(root, "0" * 40)
    made = begun(world)
    assert out(world, *words).decode() == told.format(root, made)


def test_the_first_commit_is_the_branch(world: GitWorld) -> None:
    made = begun(world)
    assert world.git.head() == made
    assert out(world, "rev-parse", "-q", "--verify", "refs/heads/main") == f"{made}\n".encode()


def test_the_same_commit_has_the_same_id_everywhere(world: GitWorld) -> None:
    assert begun(world) == "b40a40e0598b90b8fbcf4ab47ddbaa733335b012"


# --- committing -----------------------------------------------------------------------------------


def test_a_commit_holds_its_paths_and_nothing_else(world: GitWorld) -> None:
    first = begun(world)
    world.write(A, "A, second\n")
    world.write(C, "unfinished\n")
    second = world.commit(A)
    assert (
        out(world, "diff-tree", "-r", "-z", "--name-only", "--no-renames", first, str(second))
        == f"{A}\0".encode()
    )
    assert world.git.is_committed([A])
    assert not world.git.is_committed([A, C])


def test_a_commit_tells_what_it_changes_from_the_first_one_on(world: GitWorld) -> None:
    first = begun(world)
    words = ("diff-tree", "--root", "--no-commit-id", "-r", "-z", "--no-renames", "--no-abbrev")
    made = out(world, *words, first).split(b"\0")
    assert made[0].startswith(b":000000 100644 " + b"0" * 40 + b" ")
    assert A.encode() in made[1::2]
    world.write(A, "A, second\n")
    change, path, end = out(world, *words, str(world.commit(A))).split(b"\0")
    assert (change[:15], change[-2:], path, end) == (b":100644 100644 ", b" M", A.encode(), b"")


def test_what_else_is_staged_stays_staged(world: GitWorld) -> None:
    begun(world)
    world.write(C, "staged\n")
    world.do("add", "--", C)
    world.write(A, "A, second\n")
    world.commit(A)
    assert (
        out(world, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
        == f"M  {C}\0".encode()
    )


def test_a_file_that_is_gone_is_removed(world: GitWorld) -> None:
    begun(world)
    world.files.remove(A)
    world.commit(A)
    assert out(world, "ls-files", "--", A) == b""
    assert world.git.is_committed([A])


def test_a_commit_that_changes_nothing_is_none(world: GitWorld) -> None:
    first = begun(world)
    assert world.commit(A) is None
    assert world.git.head() == first


def test_a_message_is_kept_without_its_loose_ends(world: GitWorld) -> None:
    world.write(A, "a\n")
    world.commit(A, message="\nticket: a  \n\n\n\nTicket-Actor: human:ada\n\n")
    assert out(world, "log", "-1", "--format=%B") == b"ticket: a\n\nTicket-Actor: human:ada\n\n"


def test_whoever_commits_learns_of_the_child(world: GitWorld) -> None:
    world.write(A, "a\n")
    told: list[int] = []
    world.commit(A, told=told)
    assert len(told) == 1
    assert told[0] > 1


def test_a_hook_that_refuses_leaves_everything_as_it_was(world: GitWorld) -> None:
    first = begun(world)
    world.write(A, "A, second\n")
    world.refuse_commits("not today")
    with pytest.raises(HostError, match="not today") as caught:
        world.commit(A)
    assert (caught.value.code, caught.value.fields["kind"]) == ("commit_failed", "hook")
    assert world.git.head() == first
    assert out(world, "status", "--porcelain", "-z", "--", A) == f" M {A}\0".encode()


def test_a_locked_index_is_waited_for_and_then_refused(world: GitWorld) -> None:
    begun(world)
    world.write(A, "A, second\n")
    world.hold_index()
    with pytest.raises(HostError) as caught:
        world.commit(A)
    assert caught.value.code == "lock_timeout"


def test_a_detached_head_moves_alone(world: GitWorld) -> None:
    first = begun(world)
    world.do("checkout", "-q", "--detach")
    world.write(A, "A, second\n")
    made = world.commit(A)
    assert world.git.branch() is None
    assert world.git.head() == made
    assert out(world, "rev-parse", "-q", "--verify", "refs/heads/main").decode().strip() == first


# --- the index --------------------------------------------------------------------------------------


def test_the_index_is_brought_in_step_with_the_files(world: GitWorld) -> None:
    begun(world)
    world.write(A, "A, second\n")
    world.git.sync_index([A], 0.05)
    assert out(world, "status", "--porcelain", "-z") == f"M  {A}\0".encode()


def test_the_index_is_put_back_as_it_was_kept(world: GitWorld) -> None:
    begun(world)
    world.write(C, "staged\n")
    world.do("add", "--", C)
    world.git.keep_index()
    world.do("reset", "-q", "--hard")
    world.git.restore_index(0.05)
    assert out(world, "ls-files", "-s", "-z", "--", C) == b"100644 %s 0\t%s\0" % (
        blob_id(b"staged\n").encode(),
        C.encode(),
    )


def test_untracked_modified_and_removed_files_are_told_apart(world: GitWorld) -> None:
    begun(world)
    world.write(".tickets/tickets/N.md", "new\n")
    world.write(A, "A, second\n")
    world.files.remove(B)
    told = out(
        world, "--literal-pathspecs", "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames",
        "--", ".tickets",
    )  # fmt: skip
    assert told == f" M {A}\0 D {B}\0?? .tickets/tickets/N.md\0".encode()


# --- objects ----------------------------------------------------------------------------------------


def test_a_blob_is_read_by_commit_and_path(world: GitWorld) -> None:
    first = begun(world)
    assert out(world, "cat-file", "blob", f"HEAD:{A}") == f"{A}, first\n".encode()
    assert world.git.run("cat-file", "blob", "HEAD:nothing").status == 128
    assert world.git.run("cat-file", "-e", f"{first}^{{commit}}").status == 0
    assert world.git.run("cat-file", "-e", f"{'1' * 40}^{{commit}}").status != 0


def test_many_objects_are_read_at_once(world: GitWorld) -> None:
    first = begun(world)
    blob = blob_id(f"{A}, first\n".encode())
    request = f"HEAD:{A}\nHEAD:nothing\n:{B}\n{first}^{{tree}}:{C}\n".encode()
    told = out(world, "cat-file", "--batch", stdin=request)
    assert told.startswith(f"{blob} blob {len(A) + 8}\n{A}, first\n\nHEAD:nothing missing\n".encode())
    check = out(
        world, "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=f"{blob}\nHEAD\n".encode()
    )
    assert check.splitlines()[0] == f"{blob} {len(A) + 8}".encode()
    filtered = out(
        world, "cat-file", "--filters", "--batch=mark %(objectname)", stdin=f"{blob} {A}\n".encode()
    )
    assert filtered == f"mark {blob}\n{A}, first\n\n".encode()


def test_files_are_named_by_their_content(world: GitWorld) -> None:
    world.write(A, "a\n")
    named = out(world, "hash-object", "--stdin-paths", stdin=f"{A}\n".encode())
    assert named.decode() == blob_id(b"a\n") + "\n"
    assert out(world, "hash-object", "-t", "tree", "--stdin").decode().strip() == EMPTY_TREE
    kept = out(world, "hash-object", "-w", "--stdin", stdin=b"kept\n").decode().strip()
    assert out(world, "cat-file", "blob", kept) == b"kept\n"


def test_a_tree_is_listed_by_paths(world: GitWorld) -> None:
    begun(world)
    world.write(".tickets.md", "sorts before the folder\n")
    world.commit(".tickets.md")
    listed = out(world, "--literal-pathspecs", "ls-tree", *PLACES, "HEAD", "--", ".tickets")
    assert [line.rpartition(b"\t")[2].decode() for line in listed.split(b"\0")[:-1]] == [A, B]
    everything = out(world, "ls-tree", *PLACES, "HEAD").split(b"\0")[:-1]
    assert [line.rpartition(b"\t")[2].decode() for line in everything] == [".tickets.md", A, B, C]


# --- history ----------------------------------------------------------------------------------------


def test_the_log_tells_the_commits_of_a_folder_with_all_that_they_changed(world: GitWorld) -> None:
    first = begun(world)
    world.write(C, "code\n")
    world.commit(C, message="code: something else")
    world.pass_seconds(10)
    world.write(A, "A, second\n")
    world.write(C, "more code\n")
    last = world.commit(A, C, message="ticket: both\n\nTicket-Actor: agent:bot\nTicket-Actor: human:eve\n")
    trailer = "%(trailers:key=Ticket-Actor,valueonly,unfold,separator=%x2C)"
    told = out(
        world, *PLAIN_LOG, f"--format=%x01%H%n%P%n%at%n%an%n%ae%n{trailer}%n%s", "--encoding=UTF-8", "--no-color",
        "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-relative", "--full-diff", "--full-history",
        "--no-merges", "--basic-regexp", "--grep=^ticket: ", "--skip=0", "--max-count=20", "HEAD", "--", ".tickets",
    ).decode()  # fmt: skip
    parent = out(world, "rev-parse", "-q", "--verify", "HEAD^").decode().strip()
    person = "Test Person\ntest.person@example.org"
    assert told == (
        f"\x01{last}\n{parent}\n1790000020\n{person}\nagent:bot,human:eve\nticket: both\0\n{A}\0{C}\0"
        f"\x01{first}\n\n1790000000\n{person}\nhuman:ada\nticket: begin\0\n{A}\0{B}\0{C}\0"
    )


def test_reachability_is_told(world: GitWorld) -> None:
    first = begun(world)
    world.do("checkout", "-q", "-b", "side")
    world.write(A, "A, side\n")
    side = str(world.commit(A))
    world.do("checkout", "-q", "main")
    world.write(B, "B, main\n")
    main = str(world.commit(B))
    assert out(world, "rev-list", "--count", "main", "^side") == b"1\n"
    assert out(world, "rev-list", "-n", "1", side, "--not", "--remotes") == f"{side}\n".encode()
    assert out(world, "rev-list", "--reverse", "main") == f"{first}\n{main}\n".encode()
    assert out(world, "merge-base", "main", "side") == f"{first}\n".encode()
    assert world.git.run("merge-base", "--is-ancestor", first, "side").status == 0
    assert world.git.run("merge-base", "--is-ancestor", side, "main").status == 1
    assert world.git.run("merge", "-q", "--ff-only", "side").status != 0


def test_switching_branches_takes_the_files_along(world: GitWorld) -> None:
    begun(world)
    world.do("checkout", "-q", "-b", "side")
    world.write(A, "A, side\n")
    world.commit(A)
    world.write(B, "B, not committed\n")
    world.do("checkout", "-q", "main")
    assert world.files.read(A) == f"{A}, first\n".encode()
    assert world.files.read(B) == b"B, not committed\n"
    world.write(A, "A, in the way\n")
    assert world.git.run("checkout", "-q", "side").status == 1
    assert world.git.branch() == "main"


def test_a_person_commits_and_amends(world: GitWorld) -> None:
    first = begun(world)
    world.write(A, "A, second\n")
    world.do("commit", "-q", "-a", "-m", "by hand")
    world.write(A, "A, third\n")
    world.do("add", "-A")
    world.do("commit", "-q", "--amend", "--no-edit")
    assert out(world, "log", "-1", "--format=%P %s", "HEAD").decode() == f"{first} by hand\n"
    assert out(world, "rev-list", "--count", "HEAD") == b"2\n"


# --- settings and references ------------------------------------------------------------------------


def test_settings_are_read_and_written(world: GitWorld) -> None:
    world.do("config", "--local", "ticket.baseBranch", "main")
    world.do("config", "--local", "merge.ticket-file.driver", "a program")
    world.do("config", "--local", "--add", "ticket.origin", "ONE")
    world.do("config", "--local", "--add", "ticket.origin", "TWO")
    config = world.git.config()
    assert config["ticket.basebranch"] == "main"
    assert config["merge.ticket-file.driver"] == "a program"
    assert config["ticket.origin"] == "TWO"
    assert config["user.name"] == "Test Person"
    assert out(world, "config", "--local", "--get-all", "ticket.origin") == b"ONE\nTWO\n"
    assert world.git.run("config", "ticket.nothing").status == 1


def test_references_are_written_and_listed(world: GitWorld) -> None:
    first = begun(world)
    world.do("update-ref", "refs/counterfoil/checkpoints/X", first)
    listed = out(world, "for-each-ref", "--format=%(refname) %(objectname)", "refs/counterfoil")
    assert listed == f"refs/counterfoil/checkpoints/X {first}\n".encode()
    assert world.git.run("update-ref", "refs/counterfoil/checkpoints/X", first, "1" * 40).status == 128
    world.do("update-ref", "-d", "refs/counterfoil/checkpoints/X")
    assert out(world, "for-each-ref", "refs/counterfoil") == b""


def test_no_branch_has_an_upstream_here(world: GitWorld) -> None:
    begun(world)
    assert world.git.run("rev-parse", "-q", "--verify", "HEAD@{upstream}^{commit}").status != 0
    assert out(world, "var", "GIT_AUTHOR_IDENT").startswith(
        b"Test Person <test.person@example.org> 1790000010 "
    )


def test_a_chain_of_commits_is_imported(world: GitWorld) -> None:
    name, ids = "refs/counterfoil/checkpoints/X", []
    for number in (1, 2):
        parent = f"from {ids[-1]}\n" if ids else ""
        stream = (
            f"commit {name}\ncommitter Log <log@example.org> 179000000{number} +0000\ndata 4\none\n\n{parent}"
            f"M 100644 inline checkpoint\ndata 6\nnote {number}\ndone\n"
        )
        answer = world.git.run(
            "fast-import", "--quiet", "--done", "--date-format=raw", env={}, stdin=stream.encode()
        )
        assert answer.status == 0, answer.stderr
        ids.append(str(world.git.ref(name)))
    assert ids == ["4e4c2a55e73cdf616b1f045761f4d8c063ac42e9", "e1a850e709c4a0628d391628fc91ba6e8c546ffa"]
    assert out(world, "cat-file", "blob", f"{name}:checkpoint") == b"note 2"
    again = f"commit {name}\ncommitter Log <log@example.org> 1790000009 +0000\ndata 0\ndone\n"
    backwards = world.git.run(
        "fast-import", "--quiet", "--done", "--date-format=raw", env={}, stdin=again.encode()
    )
    assert backwards.status != 0
    assert world.git.ref(name) == ids[1]


def test_a_reference_tells_what_it_was_before(world: GitWorld) -> None:
    first = begun(world)
    assert world.git.ref("refs/heads/main") == first
    assert world.git.ref_before("refs/heads/main") == ""
    world.write(A, "A, second\n")
    second = world.commit(A)
    assert (world.git.ref("refs/heads/main"), world.git.ref_before("refs/heads/main")) == (second, first)
    assert (world.git.ref("refs/heads/none"), world.git.ref_before("refs/heads/none")) == (None, None)


def test_what_two_branches_have_apart_is_told_side_by_side(world: GitWorld) -> None:
    first = begun(world)
    world.do("checkout", "-q", "-b", "side")
    world.write(A, "A, side\n")
    side = str(world.commit(A, message="side\n\nTicket-Receipt: abc\n"))
    world.pass_seconds(5)
    world.do("checkout", "-q", "main")
    world.write(C, "code\n")
    main = str(world.commit(C, message="main"))
    told = out(
        world, *PLAIN_LOG, "--format=%x01%m%H%n%P%n%B", "--encoding=UTF-8", "--no-color", "-c", "--raw", "-z",
        "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-relative", "--root", "--full-history", "--sparse",
        "--topo-order", "--left-right", "--skip=0", "--max-count=2000", "--end-of-options", "side...main", "--",
        ".tickets/tickets",
    ).decode()  # fmt: skip
    before, after = blob_id(f"{A}, first\n".encode()), blob_id(b"A, side\n")
    assert told == (
        f"\x01>{main}\n{first}\nmain\n\0"
        f"\x01<{side}\n{first}\nside\n\nTicket-Receipt: abc\n\0\n:100644 100644 {before} {after} M\0{A}\0"
    )
    listed = out(
        world, "rev-list", "--ignore-missing", "--stdin", stdin=f"{side}\n{'1' * 40}\n^{main}\n".encode()
    )
    assert listed == f"{side}\n".encode()


def test_all_references_but_some_are_gone_through(world: GitWorld) -> None:
    first = begun(world)
    world.do("checkout", "-q", "-b", "hidden/side")
    world.write(A, "A, side\n")
    side = str(world.commit(A))
    world.do("checkout", "-q", "main")
    assert out(world, "rev-list", "--all").decode().split() == [side, first]
    some = ("log", "--no-show-signature", "--exclude=refs/heads/hidden/*", "--all", "-z", "--format=%H")
    assert out(world, *some) == f"{first}\0".encode()
    before, after = blob_id(f"{A}, first\n".encode()), blob_id(b"A, side\n")
    told = out(world, *PLAIN_LOG, "--all", "--format=", "--raw", "-z", "--no-abbrev", "--", A).decode()
    assert told == (f":100644 100644 {before} {after} M\0{A}\0:000000 100644 {'0' * 40} {before} A\0{A}\0")


def test_the_lock_that_a_dead_git_left_on_a_branch_is_discarded(world: GitWorld) -> None:
    begun(world)
    world.do("branch", "-q", "old")
    since_ns = world.lock_branch("main")
    world.git.discard_leftovers(since_ns + 1_000_000_000)
    world.write(A, "A, second\n")
    with pytest.raises(HostError) as caught:
        world.commit(A)
    assert caught.value.code == "commit_failed"
    world.do("checkout", "-q", "old")
    world.git.discard_leftovers(since_ns - 1_000_000_000)
    world.do("checkout", "-q", "main")
    assert world.commit(A) is not None
