"""`ticket session`: one-time links that sign a browser in, and the browsers that are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterfoil.bootstrap import open_sessions
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.principal_words import day, minute, overview, writing
from counterfoil.usecases import sessions
from counterfoil.usecases.principals import check_manages
from counterfoil.usecases.roles import ADMIN

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Sessions, Store

COLUMNS = {
    "SESSION": lambda each: each["name"],
    "PERSON": lambda each: each["person"],
    "ROLE": lambda each: each["role"],
    "SINCE": lambda each: day(each["opened_at"]),
    "LAST USED": lambda each: minute(each["last_used_at"]),
    "ENDS": lambda each: day(each["ends_at"]),
    "BROWSER": lambda each: each["browser"],
}
NOBODY = "Nobody is signed in; `ticket session link` prints a link."


def run(call: Call) -> Reply:
    """Carries out one of the verbs."""
    known = open_sessions(call.context(), call.arguments.text("data_dir"))
    try:
        return {"session list": _list, "session link": _link, "session revoke": _revoke}[call.arguments.verb](
            call, known
        )
    finally:
        known.close()


def _list(call: Call, known: Sessions) -> Reply:
    now_ms = call.context().clock.now_ms()
    found = [{**sessions.as_data(each, now_ms), "state": "live"} for each in sessions.live(known, now_ms)]
    return Reply(
        {"sessions": found}, overview(call, found, COLUMNS) if found else "", notes=() if found else (NOBODY,)
    )


def _link(call: Call, known: Sessions) -> Reply:
    arguments, context = call.arguments, call.context()
    role = arguments.text("role") or ADMIN
    sessions.check_role(role)
    place = sessions.whereabouts(known, folder_of(context))
    must = arguments.flag("sign")
    sits = os.isatty(0) and not call.ci

    def mint(context: Context, store: Store) -> sessions.Link:
        actor = context.actor()
        person = arguments.text("as") or actor
        envelope = None
        if must or (not sits and actor.startswith("human:") and person in {actor, actor.partition(":")[2]}):
            envelope = sessions.sign_link(
                context, store, role, place.space, terminal=call.interactive, must=must
            )
        return sessions.mint_link(
            context, store, known, person, role, place.space, at_terminal=sits, envelope=envelope
        )

    link = writing(call, mint)
    address = link.address(place.url or "")
    data = {
        "link": address, "person": link.person, "role": link.role, "space": link.space, "ends_at": link.ends_at,
        "server": place.url,
    }  # fmt: skip
    notes = (
        []
        if place.url
        else ["No server runs for this repository; start one, and put this behind its address: ticket serve"]
    )
    text = f"Signs in {link.person} as {link.role}, once, until {minute(link.ends_at)}:\n\n{address}\n"
    return Reply(data, text, notes=notes, brief=address)


def _revoke(call: Call, known: Sessions) -> Reply:
    name, everything = call.arguments.text("name"), call.arguments.flag("all")
    if bool(name) == everything:
        raise usage("name one session, or --all", call.arguments.verb, missing="name")
    writing(call, lambda context, store: check_manages(context, store, "session.revoke", name or "all"))
    if everything:
        count = known.revoke_all(None, None)
        return Reply({"revoked": count}, f"Signed out {count} session{'' if count == 1 else 's'}")
    sessions.revoke(known, name or "")
    return Reply({"revoked": 1, "name": name}, f"Signed out {name}")


def folder_of(context: Context) -> str:
    """Returns the folder of a project as servers name it (`bootstrap.open_space`)."""
    root = os.path.realpath(context.git.location.root)
    return os.path.join(root, context.prefix).rstrip("/")


def names(call: Call) -> list[tuple[str, str]]:
    """Returns the sessions that can be ended, for completion."""
    known = open_sessions(call.context(), None)
    try:
        found = sessions.live(known, call.context().clock.now_ms())
    finally:
        known.close()
    return [(each.name, f"{each.person} {each.role}") for each in found]
