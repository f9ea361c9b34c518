"""Answers to lines that are no message: each names the request that it answers, and no other."""

from __future__ import annotations

import mcp.types
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from counterfoil.mcp.unreadable import LONGEST_ID, answer_to


def told(line: str) -> tuple[object, int] | None:
    """Returns the id and the code of the answer to a line that the SDK refuses."""
    with pytest.raises(ValidationError) as caught:
        mcp.types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    answer = answer_to(caught.value)
    return None if answer is None else (answer.id, answer.error.code)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("garbage", (None, -32700)),
        ("[" * 100_000, (None, -32700)),
        ("[]", (None, -32600)),
        ("5", (None, -32600)),
        ('{"jsonrpc":"2.0"}', (None, -32600)),
        ('{"jsonrpc":"2.0","id":7,"params":{"a":"\\ud83d"}}', (7, -32600)),
        ('{"jsonrpc":"2.0","id":"a","params":{"a":"\\ud83d"}}', ("a", -32600)),
        ('{"jsonrpc":"2.0","id":7,"params":{"a":%s}}' % ("9" * 5000), (7, -32600)),
        ('{"jsonrpc":"2.0","id":"\\ud83d"}', (None, -32600)),
        ('{"jsonrpc":"2.0","id":"%s","x":"\\ud83d"}' % ("a" * (LONGEST_ID + 1)), (None, -32600)),
        ('{"jsonrpc":"2.0","id":true,"x":"\\ud83d"}', (None, -32600)),
        ('{"jsonrpc":"2.0","error":{"id":3,"message":"m"}}', (None, -32600)),
        ("\n", None),
    ],
)
def test_an_answer_names_the_request_where_the_line_says_which(
    line: str, answer: tuple[object, int] | None
) -> None:
    assert told(line) == answer


@given(st.text(max_size=60))
@example('{"id":1,"a":"\\ud83d"}')
def test_whatever_the_line_the_answer_can_be_written(line: str) -> None:
    try:
        mcp.types.jsonrpc_message_adapter.validate_json(line.encode("utf-8", "replace"), by_name=False)
    except ValidationError as error:
        answer = answer_to(error)
        assert answer is None or '"error"' in answer.model_dump_json()
