"""Real processes on one ledger: nothing lost, nothing twice, one winner, readers that follow."""

from __future__ import annotations

from conformance.stores.backends import NOW_MS, Backend, fill, note, workers

from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.merkle import Peaks
from counterfoil.usecases.ports import Store

RACERS = 4
ROUNDS = 40

APPEND_MANY = """
done = []
for number in range(request["count"]):
    drafts = [note(f"{request['name']} {number} {part}", stream=request["stream"]) for part in range(2)]
    done += [receipt.seq for receipt in store.append(drafts, now_ms=NOW_MS)]
return done
"""
APPEND_ONE = """
draft = note(request["text"], key=request["key"])
(receipt,) = store.append([draft], now_ms=NOW_MS, expect=request.get("expect", {}))
return receipt.id
"""
FOLLOW = """
after = request["after"]
while store.size() < request["until"]:
    store.wait(store.size(), 60)
return [receipt.body.decode() for receipt in store.log(first=after)]
"""


def assert_whole(store: Store) -> None:
    """Asserts that every chain, every hash and the tree are as they must be."""
    peaks = Peaks()
    ends: dict[str, tuple[int, bytes]] = {}
    for position, row in enumerate(store.rows()):
        seq, prev = ends.get(row.stream, (0, b""))
        assert (row.position, row.seq, row.prev) == (position, seq, prev)
        assert hash_leaf(row.header) == row.hash
        assert peaks.append(row.hash) == row.nodes
        ends[row.stream] = (seq + 1, row.hash)
    assert store.tree_head() == (peaks.size, peaks.root())
    assert store.problems() == []


def test_processes_on_one_stream_lose_nothing_and_append_nothing_twice(shared: Backend) -> None:
    with workers(shared.place, APPEND_MANY, RACERS) as racers:
        for number, racer in enumerate(racers):
            racer.ask({"name": f"racer {number}", "stream": "ticket/a", "count": ROUNDS})
        answers = [racer.answer() for racer in racers]
    total = RACERS * ROUNDS * 2
    assert sorted(seq for answer in answers for seq in answer) == list(range(total))
    for answer in answers:
        assert [second - first for first, second in zip(answer[::2], answer[1::2], strict=True)] == [
            1
        ] * ROUNDS
    store = shared.open()
    assert_whole(store)
    texts = {receipt.data()["text"] for receipt in store.read("ticket/a")}
    assert len(texts) == store.size() == total
    store.close()


def test_processes_on_streams_of_their_own_make_one_log(shared: Backend) -> None:
    with workers(shared.place, APPEND_MANY, RACERS) as racers:
        for number, racer in enumerate(racers):
            racer.ask({"name": "x", "stream": f"ticket/{number}", "count": ROUNDS})
        assert [racer.answer() for racer in racers] == [list(range(2 * ROUNDS))] * RACERS
    store = shared.open()
    assert_whole(store)
    assert [stream.length for stream in store.streams()] == [2 * ROUNDS] * RACERS
    store.close()


def test_a_race_for_one_key_has_one_receipt(shared: Backend) -> None:
    with workers(shared.place, APPEND_ONE, RACERS) as racers:
        for number in range(20):
            for racer in racers:
                racer.ask({"text": "same", "key": str(number)})
            assert len({racer.answer() for racer in racers}) == 1
    store = shared.open()
    assert_whole(store)
    assert store.size() == 20
    store.close()


def test_a_race_for_one_place_has_one_winner(shared: Backend) -> None:
    with workers(shared.place, APPEND_ONE, RACERS) as racers:
        for number in range(20):
            for name, racer in enumerate(racers):
                request = {
                    "text": f"{number} {name}",
                    "key": f"{number} {name}",
                    "expect": {"ticket/a": number},
                }
                racer.ask(request)
            answers = [racer.answer() for racer in racers]
            lost = [answer for answer in answers if isinstance(answer, dict)]
            assert lost == [{"error": "version_conflict", "reason": ""}] * (RACERS - 1)
    store = shared.open()
    assert_whole(store)
    assert store.size() == 20
    store.close()


def test_followers_in_other_processes_get_everything_once_and_in_order(shared: Backend) -> None:
    store = shared.open()
    fill(store, 3)
    with workers(shared.place, FOLLOW, 2) as followers:
        for follower in followers:
            follower.ask({"after": 3, "until": 53})
        sealed = [store.append([note(str(number))], now_ms=NOW_MS)[0] for number in range(50)]
        expected = [receipt.body.decode() for receipt in sealed if receipt.body]
        assert [follower.answer() for follower in followers] == [expected] * 2
    store.close()
