"""The gate's door for commands: a change is carried out, or becomes a proposal, or is refused. On the hot path.

`usecases.change` rules on every plan. Where policy does not let a plan go on by itself, what follows begins here,
after the clone's lock was given back.
"""

from __future__ import annotations

from counterfoil.usecases import change, observed
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.ruling import Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import Outcome, Plan


def perform(context: Context, make_plan: Callable[[Catalog], Plan]) -> Outcome:
    """Carries out one plan, all of it or nothing, if policy allows it.

    Args:
        context: the project.
        make_plan: called under the lock with the tickets as they are; raises to refuse.

    Raises:
        RefusedError: `needs_approval`, with the proposal that was made of the plan; `refused`.
        HostError: `commit_failed`, `io_error`, `lock_timeout`; everything is then as it was.
        CounterfoilError: whatever `make_plan` raises.
    """
    if context.state.names(observed.LEFT):
        from counterfoil.usecases.taking_up import go_on

        go_on(context)
    try:
        return change.perform(context, make_plan)
    except Stopped as stopped:
        from counterfoil.usecases.asking import answer

        raise answer(context, stopped) from None


def carry_out(context: Context, work: Callable[[Desk], object]) -> tuple[Desk, Outcome]:
    """Lets `work` change tickets on a desk and carries the result out as one plan."""
    desks: list[Desk] = []

    def make_plan(catalog: Catalog) -> Plan:
        desk = Desk(context, catalog)
        desks.append(desk)
        work(desk)
        return desk.plan()

    outcome = perform(context, make_plan)
    return desks[0], outcome
