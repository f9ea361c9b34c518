"""Carries out requests at the gate, each in a thread of its own, all at the same moment: for `gate_scene.race`."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any

from counterfoil.bootstrap import open_project
from counterfoil.errors import CounterfoilError
from counterfoil.usecases import deciding, principals, proposing
from counterfoil.usecases.context import Options
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store


def decide(context: Context, store: Store, asked: dict[str, Any]) -> dict[str, Any]:
    """Answers a proposal."""
    answer = Answer(asked["verdict"], asked["actor"], asked["digest"], "in a hurry", at_terminal=True)
    made = deciding.decide(context, store, asked["proposal"], answer)
    return {"repeated": made.repeated, "failure": None if made.failure is None else made.failure.code}


def propose(context: Context, store: Store, asked: dict[str, Any]) -> dict[str, Any]:
    """Proposes."""
    request = Request(asked["action"], asked["payload"], key=asked["key"], supersedes=asked.get("supersedes"))
    made = proposing.propose(context, store, request)
    return {"proposal": made.proposal.id, "repeated": made.repeated}


def withdraw(context: Context, store: Store, asked: dict[str, Any]) -> dict[str, Any]:
    """Takes a proposal back."""
    return {"status": proposing.withdraw(context, store, asked["proposal"]).status}


def revoke(context: Context, store: Store, asked: dict[str, Any]) -> dict[str, Any]:
    """Revokes an agent."""
    principals.revoke(context, store, "agent", asked["name"], "no longer here")
    return {}


DEEDS = {"decide": decide, "propose": propose, "withdraw": withdraw, "revoke": revoke}


def carry_out(asked: dict[str, Any], start: Barrier) -> dict[str, Any]:
    """Carries out one request and tells what became of it."""
    context = open_project(os.getcwd(), os.environ, Options(actor=asked["actor"]))
    store = open_or_make(context)
    try:
        start.wait()
        return {"asked": asked, "error": None, **DEEDS[asked["deed"]](context, store, asked)}
    except CounterfoilError as error:
        return {"asked": asked, "error": error.code, "status": error.fields.get("status")}
    finally:
        store.close()


def main() -> None:
    """Reads the requests, says that it is ready, and begins when it is told to."""
    requests = json.loads(sys.stdin.readline())
    start = Barrier(len(requests) + 1)
    with ThreadPoolExecutor(len(requests)) as pool:
        begun = [pool.submit(partial(carry_out, asked, start)) for asked in requests]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        start.wait()
        found = [each.result() for each in begun]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
