"""What policy is told, as data."""

from __future__ import annotations

from counterfoil.gate.facts import Facts


def test_facts_read_back_as_they_were_written_and_what_is_odd_counts_as_unknown() -> None:
    whole = Facts(
        "ticket.edit",
        "agent:bot",
        remote=True,
        labels=("a",),
        paths=("x",),
        recent={1000: 3},
        spent="1",
        reviews=2,
        loses=("label a",),
        milder="p3",
        kept=("a",),
        each=(("a",), ()),
    )
    assert Facts.from_data(whole.as_data()).as_data() == whole.as_data()
    nothing = Facts("a", "b", remote=True).as_data()
    assert Facts.from_data({"action": "a", "actor": "b"}).as_data() == nothing
    odd = {key: [1] for key in nothing} | {"action": "a", "actor": "b", "recent": {"x": 1, "5": "y"}}
    assert Facts.from_data(odd).as_data() == nothing
    unread = Facts.from_data({"action": "a", "actor": "b", "milder": 1, "kept": "x", "each": [["x"], 1]})
    assert (unread.milder, unread.kept, unread.each) == ("", (), None)
