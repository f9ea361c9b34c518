"""Whatever a payload says, the answer is an error of ours or what was asked for."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.usecases.actions.action_scene import AGENT, Workshop

from counterfoil.errors import CounterfoilError
from counterfoil.usecases.actions import builtin, preparing

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=5)
)
NAMES = st.sampled_from(
    sorted({name for action in builtin.BUILT_IN.values() for name in action.schema["properties"]})  # type: ignore[attr-defined]
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4), max_leaves=12
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(builtin.BUILT_IN)),
    payload=st.dictionaries(NAMES, VALUES, max_size=5) | VALUES,
)
def test_no_payload_raises_anything_but_an_error_of_ours(shop: Workshop, name: str, payload: object) -> None:
    with suppress(CounterfoilError):
        preparing.prepare(shop.context(), name, payload, actor=AGENT)


FRAGMENT = st.sampled_from(
    ["---\n", "title: x\n", "title: x", "state: done\n", "state: ready\n", "priority: p0\n", "labels: [a", "]\n", "\0", "\r", "\ufeff", "x_ticket:\n", "  enforcement: 7\n", "&a ", "*a", "{", "}", ": ", "\n", "\u2028", "- ", "!!python/object:os.system ", "? "]
)  # fmt: skip
SAID = st.lists(FRAGMENT | st.text(max_size=12), max_size=12).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=SAID, field=st.sampled_from(["title", "body", "text", "file", "comment", "policy", "source", "new"])
)
def test_no_text_in_its_right_place_raises_anything_but_an_error_of_ours(
    shop: Workshop, said: str, field: str
) -> None:
    ticket = "01JQZX5T00000000000000000A"
    head = f"---\nid: {ticket}\n"
    shop.repository.write(
        f".tickets/tickets/{ticket}.md", f"{head}title: T\nstate: ready\npriority: p2\nlabels: []\n---\n"
    )
    new = "01JQZX5T00000000000000000B"
    name, payload = {
        "title": ("ticket.edit", {"ticket": ticket, "title": said}),
        "body": ("ticket.edit", {"ticket": ticket, "body": said}),
        "text": ("ticket.edit", {"ticket": ticket, "text": head + said}),
        "file": ("ticket.edit", {"ticket": ticket, "text": said}),
        "comment": ("ticket.comment", {"ticket": ticket, "text": said}),
        "policy": ("policy.change", {"text": "version: 1\n" + said}),
        "source": ("change.promote", {"source": said, "target": "refs/heads/main"}),
        "new": ("ticket.create", {"id": new, "text": f"---\nid: {new}\n{said}"}),
    }[field]
    with suppress(CounterfoilError):
        prepared = preparing.prepare(shop.context(), name, payload, actor=AGENT)
        assert not any(char in prepared.shown.text for char in "\0\r\ufeff\u2028")
