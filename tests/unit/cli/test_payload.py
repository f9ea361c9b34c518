"""A payload from the command line: what a field means is the schema's to say."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cli.durations import duration_ms
from counterfoil.cli.payload import payload_of, read_object
from counterfoil.errors import InputError

SCHEMA = {
    "properties": {
        "title": {"type": "string"},
        "state": {"enum": ["ready", "done"]},
        "assignee": {"type": ["string", "null"]},
        "count": {"type": "integer"},
        "labels": {"type": "array", "items": {"type": "string"}},
        "counts": {"type": "array", "items": {"type": "integer"}},
        "artifact": {"oneOf": [{"type": "object"}]},
    }
}


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        (["title=12"], {"title": "12"}),
        (["title=a=b"], {"title": "a=b"}),
        (["title="], {"title": ""}),
        (["state=done"], {"state": "done"}),
        (["count=12"], {"count": 12}),
        (["count=twelve"], {"count": "twelve"}),
        (["assignee=none"], {"assignee": None}),
        (["assignee=human:ada"], {"assignee": "human:ada"}),
        (["labels=a, b"], {"labels": ["a", "b"]}),
        (["labels=a", "labels=b"], {"labels": ["a", "b"]}),
        (['labels=["a,b"]'], {"labels": ["a,b"]}),
        (["labels="], {"labels": []}),
        (["counts=1,2"], {"counts": [1, 2]}),
        (['artifact={"kind":"note"}'], {"artifact": {"kind": "note"}}),
        (["colour=red"], {"colour": "red"}),
    ],
)
def test_a_field_means_what_its_schema_says(pairs: list[str], found: dict[str, Any]) -> None:
    assert payload_of("x.y", SCHEMA, None, pairs) == found


def test_fields_win_over_the_file() -> None:
    assert payload_of("x.y", SCHEMA, '{"title":"A","count":1}', ["title=B"]) == {"title": "B", "count": 1}


@pytest.mark.parametrize("pairs", [["title"], ["=x"], ["title=a", "title=b"]])
def test_what_is_no_pair_is_a_usage_error(pairs: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        payload_of("x.y", SCHEMA, None, pairs)
    assert (caught.value.code, caught.value.hint) == ("usage", "ticket actions x.y")


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_whatever_is_typed_gives_a_payload_or_an_error_of_ours(text: str, pairs: list[str]) -> None:
    with contextlib.suppress(InputError):
        json.dumps(payload_of("x.y", SCHEMA, text, pairs))


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=4))
def test_a_json_object_comes_back_as_it_was(value: dict[str, Any]) -> None:
    assert read_object(json.dumps(value), "x.y") == value


@pytest.mark.parametrize(
    ("text", "ms"),
    [("1s", 1000), ("30m", 1_800_000), ("2h", 7_200_000), ("3d", 259_200_000), ("007d", 604_800_000)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, ms: int) -> None:
    assert duration_ms(text, "--expires", "propose") == ms


@pytest.mark.parametrize("text", ["", "d", "3", "0d", "-1d", "1.5h", "3 d", "٣d", "99999999d", "3w"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(InputError) as caught:
        duration_ms(text, "--expires", "propose")
    assert (caught.value.code, caught.value.fields) == ("usage", {"value": text})
