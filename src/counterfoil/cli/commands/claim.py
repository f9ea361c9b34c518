"""`ticket claim`, `start --claim` and `release`: one of many gets the ticket. On the hot path."""

from __future__ import annotations

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.written import written
from counterfoil.usecases import claims
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.gateway import carry_out

UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST_MS = 30 * UNITS_MS["d"]


def run(call: Call) -> Reply:
    """Takes, prolongs or gives back a claim."""
    if call.arguments.verb == "release":
        return _release(call)
    query = call.pick(call.arguments.required("id"))
    lease_ms = _lease(call)
    renew = call.arguments.verb == "claim" and call.arguments.flag("renew")
    context = call.context()
    holder = context.actor()

    def claim(desk: Desk) -> None:
        sheet = desk.open(query)
        if renew:
            desk.renew_claim(sheet, holder, lease_ms)
        else:
            desk.claim(sheet, holder, lease_ms)

    desk, outcome = carry_out(context, claim)
    sheet = next(iter(desk.sheets.values()))
    held = claims.read(context, sheet.ticket.id)
    assert held is not None
    until = context.clock.utc(held.until_ms)
    line = f"{'Renewed claim on' if renew else 'Claimed'} {desk.display(sheet)} for {holder} until {until}"
    notes = [f"claim number {held.fence}; `ticket release {desk.display(sheet)}` gives it back"]
    reply = written(call, sheet, outcome, line, extra={"claim": held.as_data(context)})
    return Reply(reply.data, reply.text, notes=[*notes, *reply.notes], brief=str(held.fence))


def _release(call: Call) -> Reply:
    query = call.pick(call.arguments.required("id"))
    context = call.context()
    actor = context.actor()

    def release(desk: Desk) -> None:
        desk.release(desk.open(query), actor)

    desk, outcome = carry_out(context, release)
    sheet = next(iter(desk.sheets.values()))
    display = desk.display(sheet)
    changed = bool(desk.local)
    line = (
        f"Released {display}; it is {sheet.ticket.state}"
        if changed
        else f"No change for {display}; nobody claims it."
    )
    return written(call, sheet, outcome, line)


def _lease(call: Call) -> int:
    """Returns the lease's length in milliseconds.

    Raises:
        InputError: `usage`.
    """
    text = call.arguments.text("for")
    if text is None:
        return claims.LEASE_MS
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdigit() and len(number) <= 7 and unit in UNITS_MS:
        lease_ms = int(number) * UNITS_MS[unit]
        if 0 < lease_ms <= LONGEST_MS:
            return lease_ms
    raise usage(
        f"--for takes a duration such as 30m, 2h or 1d (at most 30d), not {text!r}", "claim", value=text
    )
