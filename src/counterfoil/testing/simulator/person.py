"""What happens beside the program: a person with an editor and Git, and a ledger that comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.testing.memory_files import DRAFT_END
from counterfoil.tickets import index
from counterfoil.usecases import effect

if TYPE_CHECKING:
    from counterfoil.testing.simulator.scene import Scene

CODE = "code.py"
SIDES = ("side", "other")


def act(scene: Scene) -> None:
    """Does one thing, drawn from the seed."""
    deeds = tuple(_DEEDS)
    scene.chance.choices(deeds, [_DEEDS[deed] for deed in deeds])[0](scene)


def act_between(scene: Scene) -> None:
    """Does one thing in the middle of somebody's command: only what needs none of its files."""
    scene.chance.choice((commit_code, commit_code, toggle_ledger))(scene)


def edit(scene: Scene) -> None:
    """Changes a ticket by hand, in place or as a new file, sometimes to a text of the same length."""
    tickets = scene.tickets()
    if not tickets:
        return
    ticket = scene.latest() if scene.chance.random() < 0.5 else scene.chance.choice(tickets)
    path = f"{index.TICKETS}/{ticket}.md"
    before = scene.world.work.read(path)
    assert before is not None
    kind = scene.chance.choice(("append", "swap", "replace"))
    after = before + f"\nBy hand {scene.chance.randrange(1000)}.\n".encode()
    if kind == "swap":
        at = before.rindex(b"\n", 0, len(before) - 1) + 1
        after = before[:at] + before[at:].swapcase() if before[at:].strip() else after
    if kind == "replace":
        scene.world.work.replace(path, after)
    else:
        scene.world.write_in_place(path, after)
    scene.loose.add(path)
    scene.touched.add(path)
    scene.tell(f"a person edits {ticket} ({kind})")


def commit_all(scene: Scene) -> None:
    """Commits whatever there is."""
    git = scene.world.git
    git.run("add", "-A", env={})
    for path in scene.changed():
        scene.touched.add(path)
    answer = git.run("commit", "-q", "-m", f"by hand {scene.commands}", env={})
    if answer.status == 0:
        head = git.head()
        assert head is not None
        scene.handmade.add(head)
        _note_disturbance(scene)
        # A draft of a dead process was there, and went along; whoever clears it away leaves a removal.
        scene.loose = {path for path in scene.loose | scene.drafts() if path.endswith(DRAFT_END)}
    else:
        scene.loose |= scene.changed()  # it is staged now, whatever becomes of the files
    scene.tell(f"a person commits all there is: {answer.status}")


def _note_disturbance(scene: Scene) -> None:
    """Notes a commit made while a dead process had left things half done: it holds what there was by then."""
    if scene.world.state.names(effect.FOLDER):
        scene.disturbed = True
        scene.loose |= scene.changed()
        scene.touched |= scene.changed()


def commit_code(scene: Scene) -> None:
    """Commits a file that is no ticket; what is staged of tickets goes along, as Git has it."""
    world = scene.world
    before = world.work.read(CODE) or b""
    world.work.replace(CODE, before + b"pass\n")
    added = world.git.run("add", "--", CODE, env={})
    answer = (
        world.git.run("commit", "-q", "-m", f"code {scene.commands}", env={}) if added.status == 0 else added
    )
    if answer.status == 0:
        head = world.git.head()
        assert head is not None
        scene.handmade.add(head)
        _note_disturbance(scene)
    scene.tell(f"a person commits code: {answer.status}")


def amend(scene: Scene) -> None:
    """Rewrites the latest commit without changing what is in it."""
    git = scene.world.git
    before = git.head()
    if before is None or scene.changed():
        return
    answer = git.run("commit", "-q", "--amend", "--no-edit", env={})
    after = git.head()
    if answer.status == 0 and after is not None:
        scene.amended = True
        if before in scene.handmade:
            scene.handmade.add(after)
    scene.tell(f"a person amends the latest commit: {answer.status}")


def switch(scene: Scene) -> None:
    """Goes to another branch; what is not committed is carried along."""
    git = scene.world.git
    if git.head() is None:
        return
    name = scene.chance.choice(("main", "main", *SIDES))
    known = git.run("rev-parse", "-q", "--verify", f"refs/heads/{name}").status == 0
    answer = git.run("checkout", "-q", *(() if known else ("-b",)), name, env={})
    scene.touched |= scene.changed()
    scene.branched |= answer.status == 0 and name != "main"
    scene.tell(f"a person goes to the branch {name}: {answer.status}")


def toggle_ledger(scene: Scene) -> None:
    """Takes the ledger's disk away, or brings it back."""
    scene.hidden = not scene.hidden
    scene.outage = True
    scene.world.hide_ledger(scene.hidden)
    scene.tell(f"the ledger is {'out of reach' if scene.hidden else 'there again'}")


def lose_ledger(scene: Scene) -> None:
    """Deletes the ledger."""
    scene.lost = True
    scene.world.lose_ledger()
    scene.tell("somebody deletes the ledger")


def toggle_hook(scene: Scene) -> None:
    """Installs a hook that refuses every commit, or removes it."""
    scene.refusing = not scene.refusing
    scene.world.refuse_commits("not today" if scene.refusing else "")
    scene.tell(f"the hook {'refuses' if scene.refusing else 'allows'} commits")


def toggle_index(scene: Scene) -> None:
    """Lets another program hold Git's index, or let it go."""
    scene.holding = not scene.holding
    scene.world.hold_index(scene.holding)
    scene.tell(f"another Git {'holds' if scene.holding else 'lets go of'} the index")


def settle(scene: Scene) -> None:
    """Takes every obstacle away."""
    if scene.hidden:
        toggle_ledger(scene)
    if scene.refusing:
        toggle_hook(scene)
    if scene.holding:
        toggle_index(scene)


_DEEDS = {
    edit: 5, commit_all: 3, commit_code: 3, amend: 1, switch: 2, toggle_ledger: 1, lose_ledger: 0.3, toggle_hook: 1,
    toggle_index: 1, settle: 3,
}  # fmt: skip
