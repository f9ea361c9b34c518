"""What a remote can do to whoever fetches receipts: hide, take back, stop, or fill the memory; and a fetch that is killed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from integration.ledger_scene import RECEIPTS, World, make_world, with_manifest

from counterfoil.usecases import erasing, remotes, travelling

if TYPE_CHECKING:
    from integration.ledger_scene import Clone

__all__ = ["make_world"]

MIB = 1 << 20


def stop(*_: object, **__: object) -> int:
    """Stands for the death of the process."""
    raise KeyboardInterrupt


def erased_at_ada(world: World) -> str:
    """Bob has a receipt's body that Ada has erased since and told the remote so; returns Ada's ledger."""
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    world.bob.data("ledger", "fetch")
    (receipt,) = [each for each in world.ada.receipts() if each["kind"] == "ticket.intended"]
    world.ada.data("ledger", "gc", "--erase", receipt["id"], "--reason", "names a customer", "--yes")
    world.ada.data("ledger", "push")
    return world.ada.ledger()


def bodies(clone: Clone, ledger: str) -> bool:
    """Tells whether a clone has the body that was erased."""
    (receipt,) = [each for each in clone.receipts("--origin", ledger) if each["kind"] == "ticket.intended"]
    return receipt["body"] is not None


# --- killed in between ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "named"), [(("ledger", "fetch"), "ledgers"), (("ledger", "gc"), "dropped")]
)
def test_what_was_erased_elsewhere_goes_though_the_fetch_that_brought_it_was_killed(
    world: World, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], named: str
) -> None:
    ledger = erased_at_ada(world)
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "follow", stop)
        world.bob.say("ledger", "fetch", status=130)
    assert bodies(world.bob, ledger)
    told = world.bob.data(*words)[named]
    assert not bodies(world.bob, ledger)
    assert [
        each.get("erased", each.get("number")) for each in told if each.get("what", "bodies") == "bodies"
    ] == [1]


def test_a_dry_gc_counts_what_a_fetch_has_to_erase_and_leaves_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = erased_at_ada(world)
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "follow", stop)
        world.bob.say("ledger", "fetch", status=130)
    assert {"what": "bodies", "number": 1, "bytes": 0} in world.bob.data("ledger", "gc", "--dry-run")[
        "dropped"
    ]
    assert bodies(world.bob, ledger)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 3, 1000])
def test_a_fetch_that_was_killed_between_two_batches_is_gone_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch, rows: int, known: bool
) -> None:
    from counterfoil.adapters.sqlite.store import SqliteStore

    ledger = world.ada.ledger()
    world.bob.new("Mine")
    if known:
        world.ada.data("ledger", "push")
        world.bob.data("ledger", "fetch")
    world.ada.data("ledger", "checkpoint", "--rotate-key")
    for title in ("Sell laces", "Sell soles"):
        world.ada.new(title)
    world.ada.data("ledger", "push")
    take = SqliteStore.take

    def dying(store: SqliteStore, received: object, streams: object) -> int:
        from itertools import islice

        take(store, list(islice(received, rows)), streams)  # type: ignore[call-overload, arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "take", dying)
        world.bob.say("ledger", "fetch", status=130)
    assert world.bob.data("ledger", "verify")["findings"] == []

    world.bob.data("ledger", "fetch")

    assert world.bob.receipts("--origin", ledger) == world.ada.receipts()
    (foreign,) = world.bob.data("ledger", "verify")["foreign"]
    assert (foreign["findings"], foreign["signed"]) == ([], world.ada.data("ledger")["size"])


# --- hidden and taken back --------------------------------------------------------------------------


def test_receipts_that_a_remote_has_no_more_are_told_and_the_reference_stays(world: World) -> None:
    world.ada.data("ledger", "push")
    ledger = world.ada.ledger()
    older, begun = world.tree(ledger), world.ada.data("ledger")["size"]
    world.ada.new("Sell laces")
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    size, ref = world.bob.fetched()[ledger], world.bob.git("rev-parse", f"{RECEIPTS}/{ledger}")
    world.offer(ledger, older)

    answer = world.bob.envelope("ledger", "fetch")

    (warning,) = [each for each in answer["warnings"] if each["code"] == "receipts_older"]
    assert (warning["ledger"], warning["offered"], warning["size"]) == (ledger, begun, size)
    assert world.bob.git("rev-parse", f"{RECEIPTS}/{ledger}") == ref


def test_ledgers_beyond_the_limit_are_told_and_those_that_are_here_come_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ada.data("ledger", "push")
    ledger = world.ada.ledger()
    carol = world.clone(world.ada.path.parent / "carol", "human:carol")
    carol.data("ledger", "fetch")
    world.ada.new("Sell laces")
    world.ada.data("ledger", "push")
    world.remote.git("update-ref", f"{RECEIPTS}/0{'0' * 25}", f"{RECEIPTS}/{ledger}")
    monkeypatch.setattr(travelling, "LEDGERS_MAX", 1)

    answer = carol.envelope("ledger", "fetch")

    assert [each["code"] for each in answer["warnings"]] == ["ledgers_left_out"]
    assert [(each["ledger"], each["before"] > 0) for each in answer["data"]["ledgers"]] == [(ledger, True)]


@pytest.mark.parametrize(
    ("change", "code", "status"), [({"v": 2}, "newer_receipts", 7), ({"root": "0" * 64}, "integrity", 11)]
)
def test_one_ledger_that_cannot_be_taken_in_keeps_no_other_away(
    world: World, change: dict[str, object], code: str, status: int
) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    world.bob.data("ledger", "push")
    carol = world.clone(world.ada.path.parent / "carol", "human:carol")
    world.offer(world.ada.ledger(), with_manifest(world.tree(world.ada.ledger()), **change))

    error = carol.error("ledger", "fetch", status=status)

    assert error["code"] == code
    assert [(each["ledger"], each["code"]) for each in error["details"]["refused"]] == [
        (world.ada.ledger(), code)
    ]
    assert [each["ledger"] for each in error["details"]["ledgers"]] == [world.bob.ledger()]


def test_what_does_not_hold_is_told_before_what_is_newer(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    world.bob.data("ledger", "push")
    carol = world.clone(world.ada.path.parent / "carol", "human:carol")
    world.offer(world.ada.ledger(), with_manifest(world.tree(world.ada.ledger()), v=2))
    world.offer(world.bob.ledger(), with_manifest(world.tree(world.bob.ledger()), root="0" * 64))
    error = carol.error("ledger", "fetch", status=11)
    assert sorted(each["code"] for each in error["details"]["refused"]) == ["integrity", "newer_receipts"]


# --- a little that unpacks to a lot -----------------------------------------------------------------


def peak_of(clone: Clone, *words: str) -> int:
    """Returns how many MiB the command took at most, or the largest of the programs that it started.

    A small process starts it: a program is charged with what its parent held when it was started, and a test's
    worker holds a lot.
    """
    small = "import subprocess, sys\nsys.exit(subprocess.run([sys.executable, *sys.argv[1:]]).returncode)"
    code = (
        "import resource, sys\nfrom counterfoil.cli.main import main\nmain(sys.argv[1:])\n"
        "every = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)\n"
        "print(max(resource.getrusage(who).ru_maxrss for who in every), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", small, "-c", code, *words],
        cwd=clone.path,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stderr.split()[-1]) * 1024 // MIB


def test_what_unpacks_to_a_lot_is_never_held_at_once(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    ledger, segments = world.ada.ledger(), 32
    told = with_manifest(world.tree(ledger), size=segments * 1000)["manifest.json"]
    parts = [b"blob\nmark :1\ndata %d\n%b\n" % (20 * MIB, b"\n" * (20 * MIB))]
    parts.append(
        f"commit {RECEIPTS}/{ledger}\ncommitter eve <eve@example.org> 0 +0000\ndata 0\ndeleteall\n".encode()
    )
    parts.append(b"M 100644 inline manifest.json\ndata %d\n%b\n" % (len(told), told))
    parts += [b"M 100644 :1 segments/%012d.jsonl\n" % (number * 1000) for number in range(segments)]
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], input=b"".join(parts), cwd=world.remote.path, check=True
    )
    assert peak_of(world.bob, "ledger", "fetch", "--quiet") < 300
    assert world.refuse(ledger)["reason"] == "form"


def make_tree(world: World, entries: str) -> str:
    """Makes a tree in the remote and returns its id."""
    words = ["git", "mktree"]
    done = subprocess.run(
        words, input=entries, cwd=world.remote.path, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_tree_of_endlessly_many_files_is_not_listed(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    ledger = world.ada.ledger()
    inner = world.remote.git("rev-parse", f"{RECEIPTS}/{ledger}:segments")
    for _ in range(15):
        inner = make_tree(world, "".join([f"040000 tree {inner}\t{number}\n" for number in range(10)]))
    kept = world.remote.git("rev-parse", f"{RECEIPTS}/{ledger}:manifest.json")
    outer = make_tree(world, f"100644 blob {kept}\tmanifest.json\n040000 tree {inner}\tsegments\n")
    commit = world.remote.git("commit-tree", "-m", "many", outer)
    world.remote.git("update-ref", f"{RECEIPTS}/{ledger}", commit)
    assert world.refuse(ledger)["reason"] == "form"


def test_a_tree_that_is_too_long_is_not_listed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    monkeypatch.setattr(remotes, "TREE_BYTES", 60)
    assert world.refuse(world.ada.ledger())["reason"] == "form"


def test_one_bad_ledger_does_not_keep_the_good_ones_away(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    world.bob.data("ledger", "push")
    carol = world.clone(world.ada.path.parent / "carol", "human:carol")
    files = world.tree(world.ada.ledger())
    world.offer(world.ada.ledger(), with_manifest(files, root="0" * 64))
    error = carol.error("ledger", "fetch", status=11)
    assert [each["ledger"] for each in error["details"]["refused"]] == [world.ada.ledger()]
    assert [each["ledger"] for each in error["details"]["ledgers"]] == [world.bob.ledger()]


def test_a_fetch_that_was_killed_leaves_nothing_that_gc_does_not_drop(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    world.bob.git("update-ref", "refs/counterfoil/incoming/x", "HEAD")
    world.bob.git("update-ref", "refs/counterfoil/outgoing/x", "HEAD")
    dropped = world.bob.data("ledger", "gc")["dropped"]
    assert {"what": "references", "number": 2, "bytes": 0} in dropped
    assert world.bob.git("for-each-ref", "refs/counterfoil/incoming", "refs/counterfoil/outgoing") == ""
