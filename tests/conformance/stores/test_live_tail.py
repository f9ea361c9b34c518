"""The live tail of every store: every receipt once, in order, also after the follower was killed."""

from __future__ import annotations

from conformance.stores.backends import Backend, workers

WRITERS, ROUNDS = 3, 30
TOTAL = WRITERS * ROUNDS * 2
WRITE = """
for number in range(request["count"]):
    drafts = [note(f"{request['name']} {number}", stream=stream) for stream in (request["name"], "ticket/all")]
    store.append(drafts, now_ms=NOW_MS)
"""
FOLLOW = """
from counterfoil.usecases.following import follow
for receipt in follow(store, request["after"], stop=lambda: False):
    print(json.dumps([receipt.position, receipt.id]), flush=True)
"""


def test_a_follower_that_is_killed_and_resumes_has_seen_everything_once(shared: Backend) -> None:
    seen: list[list[object]] = []
    with workers(shared.place, WRITE, WRITERS) as writers:
        for number, writer in enumerate(writers):
            writer.ask({"name": f"ticket/{number}", "count": ROUNDS})
        while len(seen) < TOTAL:
            with workers(shared.place, FOLLOW, 1) as (follower,):
                follower.ask({"after": len(seen)})
                seen += [follower.answer() for _ in range(min(50, TOTAL - len(seen)))]
        assert [writer.answer() for writer in writers] == [None] * WRITERS
    store = shared.open()
    assert seen == [[receipt.position, receipt.id] for receipt in store.log()]
    assert [position for position, _ in seen] == list(range(TOTAL))
    store.close()
