"""The bytes of a policy: read or refused, and what is sealed of who may approve agrees with what is ruled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.adapters.yaml import read as full
from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.facts import Facts
from counterfoil.gate.policy import Policy
from counterfoil.gate.rules import rule
from counterfoil.kernel.authority import may_approve
from counterfoil.kernel.digest import sha256_hex
from counterfoil.tickets.workflow import PRIORITIES
from counterfoil.usecases import policy_file
from counterfoil.usecases.accepting import authority_of

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context


class Reader:
    """What reading needs of a context."""

    full = staticmethod(full)


CONTEXT: Context = Reader()  # type: ignore[assignment]
PEOPLE = ("human:ada", "human:bob", "human:eve")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "policy_version"),
        (b"- 1\n", "invalid_yaml"),
        (b"version: 1\nrules: {}\n", "policy_shape"),
        (b"\xff", "invalid_yaml"),
        (b"a: [", "invalid_yaml"),
        (b"a: 1\na: 2\n", "invalid_yaml"),
        (b"version: 1\n" + b"#" * (1 << 18), "too_large"),
        (b"[" * 5000, "invalid_yaml"),
        (b"version: 1\x00", "invalid_yaml"),
        (b"version: 2\n", "policy_version"),
    ],
)
def test_what_is_no_policy_is_told_as_what_it_is(data: bytes, code: str) -> None:
    found = policy_file.read(CONTEXT, data)
    first = found.diagnostics[0]
    assert (found.policy, first.code, found.digest) == (None, code, sha256_hex(data))
    assert "ticket validate" not in first.hint, "which does not look at the policy"


@given(
    st.one_of(
        st.binary(max_size=300), st.binary(max_size=80).map(lambda data: b"version: 1\nrules:\n - " + data)
    )
)
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    found = policy_file.read(CONTEXT, data)
    assert (found.policy is None) == any(item.severity == "error" for item in found.diagnostics)
    text = data.decode("utf-8", "surrogateescape")
    assert (policy_file.compiled_text(CONTEXT, text, found.digest) is None) == (found.policy is None)


@given(
    st.dictionaries(
        st.sampled_from([*PEOPLE, "agent:bot"]),
        st.lists(st.sampled_from(PRIORITIES), max_size=4, unique=True).map(tuple),
    ),
    st.sampled_from([*PRIORITIES, "", None]),
    st.sampled_from([*PEOPLE, "agent:bot", "human:zoe"]),
)
def test_the_sealed_table_lets_approve_whom_policy_lets(
    rights: dict[str, Any], priority: str | None, actor: str
) -> None:
    policy = Policy(can_approve=rights)
    ruling = rule(compile_policy(policy, "d"), Facts("command.run", "agent:other", priority=priority))
    approvers = ruling.demands.approvers
    by_ruling = actor.startswith("human:") and (approvers is None or actor in approvers)
    by_table = not may_approve(authority_of(policy), actor=actor, proposer="agent:other", priority=priority)
    assert by_table == by_ruling
