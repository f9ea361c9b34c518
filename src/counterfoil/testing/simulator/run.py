"""One run: who acts when, who dies where, and what has to hold in between and at the end."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.kernel.instant import iso_ms
from counterfoil.testing.machine import DIES, FINISHES, LINGERS, Crash, Machine
from counterfoil.testing.simulator import checks, deeds, gate_deeds, person
from counterfoil.testing.simulator.deed import Deed
from counterfoil.testing.simulator.scene import ACTORS, Scene
from counterfoil.testing.simulator.world import MemoryWorld
from counterfoil.usecases import effect
from counterfoil.usecases.reconcile import observe
from counterfoil.usecases.setup import initialise

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.testing.simulator.world import World

COMMANDS = 40
CRASH_CHANCE = 0.15
CRASH_CHANCE_AFTER_CRASH = 0.3
UNCOMMITTED_CHANCE = 0.1
PERSON_CHANCE = 0.25
PERSON_CHANCE_AFTER_CRASH = 0.5
MEANWHILE_CHANCE = 0.15
TRAILERS_OFF_CHANCE = 0.2
MOMENTS, MOMENTS_AT_GATE = 60, 8
"""About how many moments a command has that changes files, and one that only seals."""
EXPECTED = frozenset((
    "ambiguous_id", "basis_edited", "claimed", "commit_failed", "conflict", "elsewhere", "invalid_operation",
    "invalid_transition", "key_reused", "ledger_unavailable", "lock_timeout", "needs_approval", "no_change",
    "not_proposable", "nothing_to_undo", "proposal_closed", "proposal_not_found", "refused", "stale",
    "ticket_not_found", "uncommitted_edits", "version_conflict",
))  # fmt: skip
"""How a command may be refused in a sound world."""


class Failure(AssertionError):
    """Something does not hold; the message says what, the trace how it came about."""

    def __init__(self, seed: str, message: str, lines: list[str]) -> None:
        super().__init__(f"{message}\nrun it again: python -m counterfoil.testing.simulator {seed} --trace")
        self.seed = seed
        self.lines = lines


class Run:
    """What became of a run.

    Attributes:
        commands, crashes: how many there were.
        actors: who acted.
        lines: the trace.
    """

    def __init__(self, commands: int, crashes: int, actors: frozenset[str], lines: list[str]) -> None:
        self.commands = commands
        self.crashes = crashes
        self.actors = actors
        self.lines = lines


def simulate(seed: str, make_world: Callable[[str], World] | None = None, commands: int = COMMANDS) -> Run:
    """Carries out the run of a seed.

    Args:
        seed: any text.
        make_world: where it happens; in memory if not given.
        commands: how many commands there are at least.

    Raises:
        Failure: for whatever does not hold, an error that nobody expected included.
    """
    world: World = MemoryWorld(seed) if make_world is None else make_world(seed)
    simulation = Simulation(world, seed)
    try:
        simulation.go(commands)
    except Exception as error:
        raise Failure(seed, f"{type(error).__name__}: {error}", simulation.scene.lines) from error
    finally:
        world.close()
    scene = simulation.scene
    return Run(scene.commands, scene.crashes, frozenset(simulation.acted), scene.lines)


class Simulation:
    """The course of a run.

    Args:
        world: where it happens.
        seed: who does what when, and who dies where.

    Attributes:
        scene: what is known of it.
        acted: who has acted.
    """

    def __init__(self, world: World, seed: str) -> None:
        self.scene = Scene(world, seed)
        self.acted: set[str] = set()
        self._chance = random.Random(f"{seed}/crashes")
        self._begun = False
        """A process died, and nobody has recovered since."""
        self._begun_loose = False
        """It was one that commits nothing."""

    def begin(self) -> None:
        """Makes the project; in some runs commits carry no trailers."""
        if self._chance.random() < TRAILERS_OFF_CHANCE:
            self.scene.world.git.run("config", "--local", "ticket.trailers", "off", env={})
            self.scene.tell("commits carry no trailers")
        initialise(self.scene.world.context(Machine(), ACTORS[0]))

    def go(self, commands: int) -> None:
        """Goes through the whole run."""
        scene = self.scene
        self.begin()
        while scene.commands < commands or scene.crashes == 0 or len(self.acted) < 3:
            scene.pass_time()
            if scene.chance.random() < (PERSON_CHANCE_AFTER_CRASH if self._begun else PERSON_CHANCE):
                person.act(scene)
            self._command()
        self.end()

    def end(self) -> None:
        """Lets somebody recover and reconcile undisturbed, and checks all that has to hold."""
        person.settle(self.scene)
        self.scene.pass_time()
        self.carry_out(Deed("new 'The end'", deeds.final), ACTORS[0], Machine())
        self.carry_out(Deed("go on with what was approved", gate_deeds.go_on), ACTORS[0], Machine())
        self.carry_out(Deed("reconcile", observe), ACTORS[1], Machine())
        checks.everything(self.scene)

    def _command(self) -> None:
        """Lets one actor give one command, which may die."""
        scene = self.scene
        actor = scene.chance.choice(ACTORS)
        deed = deeds.draw(scene.chance, scene.tickets(), scene.proposals())
        commit = scene.chance.random() >= UNCOMMITTED_CHANCE
        likely = CRASH_CHANCE_AFTER_CRASH if self._begun else CRASH_CHANCE
        dies = self._chance.random() < likely
        most = self._chance.choice((MOMENTS, MOMENTS, MOMENTS_AT_GATE))
        moment = self._chance.randint(1, most)
        meanwhile = self._meanwhile(self._chance.randint(1, most))
        machine = Machine(
            moment if dies else 0,
            meanwhile if self._chance.random() < MEANWHILE_CHANCE else None,
            self._chance.choice((DIES, FINISHES, LINGERS)),
        )
        self.carry_out(deed, actor, machine, commit=commit)

    def _meanwhile(self, at: int) -> Callable[[int], None]:
        """Returns what lets something happen between two steps of a command."""

        def between(moment: int) -> None:
            if moment != at:
                return
            if self._chance.random() < 0.5:
                self.scene.tell("meanwhile:")
                person.act_between(self.scene)
                return
            actor = self._chance.choice(ACTORS)
            draw = self._chance.choice((deeds.draw, gate_deeds.draw))
            deed = draw(self._chance, self.scene.tickets(), self.scene.proposals())
            self.scene.tell("meanwhile:")
            self.carry_out(deed, actor, Machine(), nested=True)

        return between

    def carry_out(
        self, deed: Deed, actor: str, machine: Machine, *, commit: bool = True, nested: bool = False
    ) -> None:
        """Lets an actor give a command, and checks what has to hold right after it.

        Args:
            deed: the command.
            actor: who gives it.
            machine: its process, which may die.
            commit: False for `--no-commit`.
            nested: whether it happens between two steps of another one.
        """
        scene = self.scene
        scene.commands += 1
        self.acted.add(actor)
        words = f"{scene.commands}. {actor}: {deed.words}{'' if commit else ' --no-commit'}"
        context = scene.world.context(machine, actor, commit=commit)
        before = None if self._begun or nested else scene.files()
        told = len(scene.lines)
        begun = iso_ms(scene.world.clock.ms)
        refusal: CounterfoilError | None = None
        try:
            deed.act(context)
            result = "ok"
        except Crash as crash:
            scene.crashes += 1
            self._begun = True
            self._begun_loose |= not commit
            scene.tell(f"{words} → died {crash} (moment {machine.moments})")
            return
        except CounterfoilError as error:
            if error.code not in EXPECTED:
                raise
            result, refusal = error.code, error
        warned = [str(warning["code"]) for warning in context.warnings]
        scene.tell(f"{words} → {result}{' ' + ', '.join(warned) if warned else ''}")
        alone = len(scene.lines) == told + 1
        if alone and not nested:
            blocked = {"commit_failed": scene.refusing, "lock_timeout": scene.holding}
            assert blocked.get(result, True), f"{result}, and nothing was in the way"
            if refusal is not None and not self._begun:
                checks.is_so(scene, refusal)
        if not nested:
            self._look(result, commit, before if alone else None, begun)

    def _look(self, result: str, commit: bool, before: dict[str, bytes | None] | None, begun: str) -> None:
        """Checks what has to hold after every command that has recovered."""
        scene = self.scene
        if self._begun and (scene.world.state.names(effect.FOLDER) or scene.drafts()):
            return  # a reconcile that found nothing to do, and so did not recover either
        if result != "ok" and before is not None:
            checks.nothing_changed(scene, before, begun)
        if not commit or self._begun_loose:
            scene.loose |= scene.changed()
        checks.nothing_loose(scene)
        self._begun = self._begun_loose = False
