"""What separates two versions of a view makes the second of the first, whatever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.web.dashboard.changes import between, whole
from counterfoil.web.dashboard.view import Listing, Region, View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.web.dashboard.changes import Operation
    from counterfoil.web.dashboard.view import Part

    Shown = dict[str, str | list[tuple[str, str]]]

HTML = st.text("<ab>&", max_size=4)
ITEMS = st.lists(
    st.tuples(st.text("abcdefghij", min_size=1, max_size=1), HTML),
    max_size=10,
    unique_by=lambda item: item[0],
)
PARTS = st.tuples(
    HTML.map(lambda html: Region("count", html)),
    ITEMS.map(lambda items: Listing("left", tuple(items))),
    ITEMS.map(lambda items: Listing("right", tuple(items))),
)


def shown(parts: Sequence[Part]) -> Shown:
    """Returns a page that shows these parts, as plain data."""
    return {part.id: part.html if isinstance(part, Region) else list(part.items) for part in parts}


def applied(page: Shown, operations: list[Operation]) -> Shown:
    """Carries out operations as the module says that they are meant, one after the other."""
    for kind, place, *rest in operations:
        assert place is not None
        if kind == "html":
            page[place] = str(rest[0])
            continue
        items = page[place]
        assert isinstance(items, list)
        kept = [item for item in items if item[0] != rest[0]]
        if kind == "put":
            name, html, before = rest
            at = len(kept) if before is None else [item[0] for item in kept].index(before)
            kept.insert(at, (str(name), str(html)))
        else:
            assert kind == "del"
            assert len(kept) == len(items) - 1, "only what is there is taken away"
        page[place] = kept
    return page


@given(PARTS, PARTS)
def test_the_operations_between_two_versions_make_the_second_of_the_first(
    before: tuple[Part, ...], after: tuple[Part, ...]
) -> None:
    assert applied(shown(before), between(before, after)) == shown(after)


@given(PARTS)
def test_nothing_separates_a_version_from_itself(parts: tuple[Part, ...]) -> None:
    assert between(parts, parts) == []


def test_one_item_that_moves_is_one_operation_however_long_the_list_is() -> None:
    before = Listing("list", tuple((f"i{number}", "") for number in range(50)))
    after = Listing("list", (*before.items[1:40], before.items[0], *before.items[40:]))
    assert between([before], [after]) == [["put", "list", "i0", "", "i40"]]


def test_an_item_that_changes_stays_where_it_is() -> None:
    before = Listing("list", (("a", "1"), ("b", "2"), ("c", "3")))
    after = Listing("list", (("a", "1"), ("b", "two"), ("c", "3")))
    assert between([before], [after]) == [["put", "list", "b", "two", "c"]]


def test_whoever_has_missed_something_is_given_every_part() -> None:
    parts = (Region("count", "<b>2</b>"), Listing("list", (("a", "<li id=a>"), ("b", "<li id=b>"))))
    assert whole(parts) == [["html", "count", "<b>2</b>"], ["list", "list", "<li id=a><li id=b>"]]


@given(PARTS, PARTS)
def test_versions_have_the_same_tag_only_if_they_are_the_same(
    one: tuple[Part, ...], other: tuple[Part, ...]
) -> None:
    assert (View("", "", one).tag() == View("", "", other).tag()) == (one == other)
