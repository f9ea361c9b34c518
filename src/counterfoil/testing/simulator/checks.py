"""What has to hold after a run: the ledger verifies, and Git, the files and the ledger tell the same.

Nothing here asks the recorder or the recovery what it did; the receipts, the commits and the files are read anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from counterfoil.gate.proposal import is_id
from counterfoil.kernel.digest import blob_id
from counterfoil.ledger.chain import Chain, Claim
from counterfoil.ledger.finding import Findings
from counterfoil.testing.machine import Machine
from counterfoil.testing.simulator import gate_checks
from counterfoil.testing.simulator.scene import ACTORS
from counterfoil.tickets import index
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import row_of
from counterfoil.usecases import claims, effect, kinds, observed
from counterfoil.usecases.auditing import verify
from counterfoil.usecases.observed import HEADS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil.errors import CounterfoilError
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.testing.simulator.scene import Scene

INTENDED = frozenset((kinds.INTENDED, kinds.PROJECT_INTENDED))
ENDED = frozenset(
    (kinds.APPLIED, kinds.REVERTED, kinds.ABANDONED, kinds.PROJECT_APPLIED, kinds.PROJECT_ABANDONED)
)
LOST = frozenset(("ledger_missing", "ledger_lost", "ledger_replaced"))
DONE = frozenset((kinds.APPLIED, kinds.REVERTED))
_COMMITS = (
    "log", "--all", "--format=%H%x00%(trailers:key=Ticket-Receipt,valueonly,unfold,separator=%x2C)%x00"
    "%(trailers:key=Ticket-Checkpoint,valueonly,unfold,separator=%x2C)",
)  # fmt: skip


class Witness(NamedTuple):
    """A commit of the program's, as its trailers tell."""

    commit: str
    leaf: str
    origin: str
    size: int
    root: str


# --- after every command --------------------------------------------------------------------------


def nothing_changed(scene: Scene, before: dict[str, bytes | None], begun: str) -> None:
    """A command that was refused has changed no file, apart from what it took up first: an approved proposal.

    Args:
        scene: the run.
        before: the files as they were.
        begun: the moment of the command, as receipts tell it.
    """
    after = scene.files()
    differ = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    if differ:
        differ -= _taken_up(scene, after, begun)
    assert not differ, f"a command was refused and changed {sorted(differ)}"


def _taken_up(scene: Scene, after: dict[str, bytes | None], begun: str) -> set[str]:
    """Returns the files that approved proposals have changed since a moment, and that are as these were to be.

    That is committed, whatever was said of the command that took it up.
    """
    store = scene.world.store()
    found: set[str] = set()
    for receipt in () if store is None else store.log():
        if receipt.kind != kinds.APPLIED or receipt.at < begun:
            continue
        body = receipt.data()
        path, data = str(body["path"]), after.get(str(body["path"]))
        held = None if data is None else blob_id(data)
        of_proposal = is_id(str(body["command"]).partition(".")[0])
        if of_proposal and body["commit"] is not None and held == body["after"]:
            found |= {path, index.FILE}
    return found


def is_so(scene: Scene, error: CounterfoilError) -> None:
    """What a refusal says of files that are not committed, or of another branch, is so."""
    if error.code == "uncommitted_edits":
        named = {str(path) for path in cast("list[object]", error.fields["paths"])}
    elif error.code == "basis_edited":
        named = {str(entry[0]) for entry in cast("list[list[object]]", error.fields["moved"])}
    else:
        assert error.code != "elsewhere" or error.fields["branch"] != f"{HEADS}{scene.world.git.branch()}", (
            f"{error.message}, and it is checked out here"
        )
        return
    assert named, f"{error.code}, and no file is named"
    assert named <= scene.changed(), (
        f"{error.code}: {sorted(named)}, and only {sorted(scene.changed())} are changed"
    )


def nothing_loose(scene: Scene) -> None:
    """Files are as HEAD has them, apart from what somebody left uncommitted."""
    changed = scene.changed()
    unknown = changed - scene.loose - {index.FILE}
    assert not unknown, f"nobody left this uncommitted: {sorted(unknown)}"
    scene.loose &= changed
    by_hand = scene.loose or scene.disturbed or scene.world.git.head() in scene.handmade
    scene.disturbed &= index.FILE in changed
    assert index.FILE not in changed or by_hand, "the index is not as HEAD has it, and all tickets are"


# --- at the end -----------------------------------------------------------------------------------


def everything(scene: Scene) -> None:
    """Checks all that has to hold at the end of a run."""
    nothing_loose(scene)
    _nothing_is_left(scene)
    _the_index_is_right(scene)
    _files_are_sound(scene)
    store = scene.world.store()
    assert store is not None, "there is no ledger"
    receipts = list(store.log())
    witnesses = [witness for witness in _witnesses(scene) if witness.origin == f"counterfoil/{store.ledger}"]
    _the_ledger_verifies(scene, witnesses)
    _intents_have_ends(receipts)
    _commits_have_receipts(scene, receipts, witnesses)
    _receipts_have_commits(scene, receipts)
    _fences_only_grow(scene, receipts)
    gate_checks.every_proposal(
        receipts, lost=scene.lost, branch=f"{HEADS}{scene.world.git.branch()}", edited=scene.changed()
    )
    _the_program_says_so_too(scene)
    if not scene.lost:
        _our_commits_are_named(scene, receipts)
        _foreign_changes_are_observed(scene, receipts, witnesses)
        _files_are_as_folded(scene, receipts)


def _nothing_is_left(scene: Scene) -> None:
    """No note, draft, lock or process of a killed command is left."""
    state = scene.world.state
    left = [f"{effect.FOLDER}/{name}" for name in state.names(effect.FOLDER)]
    left += scene.world.leftovers()
    assert not left, f"left behind: {left}"


def _the_index_is_right(scene: Scene) -> None:
    work = scene.world.work
    text = work.read(index.FILE)
    assert text is not None, "there is no index"
    rows = []
    context = scene.world.context(Machine(), ACTORS[0])
    for name in work.names(index.TICKETS):
        if index.is_called_ticket(name):
            rows.append(row_of(scan(work.read(f"{index.TICKETS}/{name}") or b"", context.full), name))
    keyed = sorted([(index.order_key(row), row) for row in rows])
    wanted = index.assemble(
        index.head(""), [index.fragment(row, context.config.id_prefix) for _, row in keyed]
    )
    assert text[index.body_start(text) :] == wanted[index.body_start(wanted) :], (
        "the index is not the tickets'"
    )


def _files_are_sound(scene: Scene) -> None:
    """What HEAD holds of every ticket is a ticket, and its index lists just these."""
    git = scene.world.git
    listed = git.read("ls-tree", "-r", "-z", "--full-tree", "HEAD", "--", index.TICKETS).split(b"\0")
    names = {line.rpartition(b"/")[2].decode()[:-3] for line in listed if line}
    text = git.read("cat-file", "blob", f"HEAD:{index.FILE}").decode()
    unlisted = sorted(name for name in names if f'"{name}"' not in text)
    assert not unlisted or scene.handmade, f"HEAD's index does not list {unlisted}"


def _witnesses(scene: Scene) -> Iterator[Witness]:
    """Yields the program's commits, on whatever branch they are."""
    for line in scene.world.git.read(*_COMMITS).decode().splitlines():
        commit, leaf, checkpoint = line.split("\0")
        if leaf:
            origin, size, root = checkpoint.split(" ")
            yield Witness(commit, leaf, origin, int(size), root)


def _the_ledger_verifies(scene: Scene, witnesses: Sequence[Witness]) -> None:
    """The chain is whole, and every commit's trailer names a root that the log had."""
    store = scene.world.store()
    assert store is not None
    findings = Findings()
    told = [
        Claim(witness.size, bytes.fromhex(witness.root), f"commit {witness.commit}", "trailer_differs")
        for witness in witnesses
    ]
    chain = Chain(store.ledger, findings, claims=told, deep=True)
    chain.read(store.rows())
    assert not findings.errors, findings.errors
    assert (chain.size, chain.root) == store.tree_head()


def _the_program_says_so_too(scene: Scene) -> None:
    """`ticket ledger verify` finds nothing; a ledger that was deleted it may miss."""
    report = verify(scene.world.context(Machine(), ACTORS[0]), deep=True)
    found = [finding for finding in report.findings if not scene.lost or finding.code not in LOST]
    assert not found, found


def _intents_have_ends(receipts: Sequence[Receipt]) -> None:
    """Everything that was intended was done or abandoned, once."""
    ends: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        if receipt.kind in ENDED:
            ends.setdefault(str(receipt.data()["intended"]), []).append(receipt)
    for receipt in receipts:
        if receipt.kind in INTENDED:
            found = ends.pop(receipt.id, [])
            assert len(found) == 1, f"{_named(receipt)} has the ends {[_named(end) for end in found]}"
            assert found[0].stream == receipt.stream
            assert found[0].data()["command"] == receipt.data()["command"]
            assert found[0].position > receipt.position
    # What was done while the ledger was out of reach names no intent; it is sealed without one.
    strangers = [end for key, found in ends.items() if key != "None" for end in found]
    assert not strangers, f"ends of nothing: {[_named(end) for end in strangers]}"


def _commits_have_receipts(scene: Scene, receipts: Sequence[Receipt], witnesses: Sequence[Witness]) -> None:
    """Every commit of the program's is what one command did, and was sealed so."""
    by_leaf = {receipt.id: receipt for receipt in receipts}
    done: dict[object, set[object]] = {}
    for receipt in receipts:
        if receipt.kind in DONE or receipt.kind == kinds.PROJECT_APPLIED:
            body = receipt.data()
            done.setdefault(body["command"], set()).add(body["commit"])
    seen: dict[object, str] = {}
    for witness in witnesses:
        intended = by_leaf.get(witness.leaf)
        assert intended is not None, f"commit {witness.commit} names a receipt that there is not"
        command = intended.data()["command"]
        assert command in done, f"commit {witness.commit} of {_named(intended)} was never sealed as done"
        if scene.amended:
            continue
        assert command not in seen, (
            f"{_named(intended)} was committed twice: {seen[command]}, {witness.commit}"
        )
        seen[command] = witness.commit
        assert done[command] == {witness.commit}, f"{witness.commit} of {_named(intended)}: {done[command]}"


def _our_commits_are_named(scene: Scene, receipts: Sequence[Receipt]) -> None:
    """Every commit that nobody made by hand is named by what was sealed, trailers or not."""
    named = {
        receipt.data()["commit"] for receipt in receipts if receipt.kind in {*DONE, kinds.PROJECT_APPLIED}
    }
    told = (
        scene.world.git.read("log", "--format=%H", "--branches", "HEAD", "--", index.TICKETS).decode().split()
    )
    ours = [commit for commit in told if commit not in scene.handmade and not scene.amended]
    unnamed = [commit for commit in ours if commit not in named]
    assert not unnamed, f"commits of ours that no receipt names: {unnamed}"


def _receipts_have_commits(scene: Scene, receipts: Sequence[Receipt]) -> None:
    """Every commit that a receipt names is there and has the blobs that it names."""
    git = scene.world.git
    for receipt in receipts:
        body = receipt.data() if receipt.kind in DONE else {}
        if body.get("commit") is None:
            continue
        held = git.run("rev-parse", "-q", "--verify", f"{body['commit']}:{body['path']}")
        told = held.stdout.decode().strip() if held.status == 0 else None
        assert told == body["after"], f"{_named(receipt)}: {body['commit']} has {told}, not {body['after']}"


def _foreign_changes_are_observed(
    scene: Scene, receipts: Sequence[Receipt], witnesses: Sequence[Witness]
) -> None:
    """What a person committed on the base branch is observed once, and what the program did never is."""
    observed_changes = [(str(change[0]), str(change[3])) for change in _told(receipts, "changes")]
    twice = sorted({change for change in observed_changes if observed_changes.count(change) > 1})
    assert not twice, f"observed twice: {twice}"
    if scene.amended:
        return
    ours = {witness.commit for witness in witnesses}
    adopted = [change for change in observed_changes if change[1] in ours]
    assert not adopted, f"changes of our own were observed as foreign: {adopted}"
    # What the program wrote without a commit, and what history has replaced, is told as another form of it.
    forms = [(str(form[0]), str(form[2])) for form in _told(receipts, "rewritten")]
    # Somebody may have committed what a dead process had written, and the next one found it done.
    done = [receipt.data() for receipt in receipts if receipt.kind in DONE]
    own = [(str(body["ticket"]), str(body["commit"])) for body in done]
    known = {*observed_changes, *forms, *own}
    missing = [change for change in _changed_by_hand(scene) if change not in known]
    assert not missing, f"never observed: {missing}"


def _told(receipts: Sequence[Receipt], name: str) -> list[list[object]]:
    """Returns one list of all that was reconciled."""
    bodies = [receipt.data() for receipt in receipts if receipt.kind == kinds.RECONCILED]
    return [entry for body in bodies for entry in cast("list[list[object]]", body[name])]


def _changed_by_hand(scene: Scene) -> Iterator[tuple[str, str]]:
    """Yields (ticket, commit) of what people committed on the base branch."""
    told = scene.world.git.read(
        "log", "--format=%x01%H", "--name-only", "-z", "--no-renames", "refs/heads/main", "--", index.TICKETS
    )
    for entry in told.decode().split("\x01")[1:]:
        commit, *paths = [word.strip("\n") for word in entry.split("\0") if word.strip("\n")]
        names = [path.rpartition("/")[2] for path in paths]
        if commit in scene.handmade:
            yield from ((name[:-3], commit) for name in names if index.is_called_ticket(name))


def _fences_only_grow(scene: Scene, receipts: Sequence[Receipt]) -> None:
    """A ticket's fence grows with every claim, and the clone's file holds the last one."""
    last: dict[str, int] = {}
    for receipt in receipts:
        if receipt.kind not in {kinds.CLAIMED, kinds.RENEWED, kinds.RELEASED}:
            continue
        body = receipt.data()
        ticket, fence = str(body["ticket"]), int(str(body["fence"]))
        known = last.get(ticket, 0)
        grows = fence > known if receipt.kind == kinds.CLAIMED else fence >= known
        assert grows, f"{_named(receipt)}: {fence} after {known}"
        last[ticket] = max(fence, known)
    context = scene.world.context(Machine(), ACTORS[0])
    for ticket, claim in claims.everything(context).items():
        assert scene.lost or last.get(ticket) == claim.fence, (
            f"{ticket}: {last.get(ticket)} and {claim.fence}"
        )


def _files_are_as_folded(scene: Scene, receipts: Sequence[Receipt]) -> None:
    """A ticket that only the program touched is what its receipts make of it."""
    work = scene.world.work
    blobs: dict[str, object] = {}
    for receipt in receipts:
        if receipt.kind in DONE:
            body = receipt.data()
            blobs[str(body["path"])] = body["after"]
    for path, blob in blobs.items():
        if path in scene.touched or scene.branched:
            continue
        data = work.read(path)
        held = None if data is None else blob_id(data)
        assert held == blob, f"{path} is {held}, and by its receipts {blob}"
    if not scene.branched:
        for name in work.names(index.TICKETS):
            path = f"{index.TICKETS}/{name}"
            assert path in blobs or path in scene.touched, f"no receipt tells of {path}"
    assert not scene.world.state.names(observed.UNRECORDED), "something waits to be recorded"


def _named(receipt: Receipt) -> str:
    return f"{receipt.stream}#{receipt.seq} {receipt.kind}"
