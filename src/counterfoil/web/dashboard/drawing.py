"""Relations between tickets as a picture: where each ticket and each line of it stands, for a template to draw.

Everything is geometry in attributes and classes for the style sheet, as the page allows no style inline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.tickets.naming import display_id
from counterfoil.tickets.workflow import TERMINAL

if TYPE_CHECKING:
    from counterfoil.usecases.relations import Neighbourhood, Node

BOX_WIDTH, BOX_HEIGHT = 132, 42
GAP_X, GAP_Y = 26, 10
WORDS = 18
"""Characters of a title that fit into a box."""


class Box(NamedTuple):
    """One ticket: where it stands and what it says."""

    x: int
    y: int
    node: Node
    display: str
    words: str
    href: str


class Graph(NamedTuple):
    """A picture.

    Attributes:
        width, height: of all of it.
        boxes: the tickets.
        lines: the paths of the lines, each with whether it still holds somebody up.
        before, after: the tickets on either side, nearest first, for those who cannot see the picture.
        more: how many are left out on either side.
    """

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[tuple[str, bool], ...]
    before: tuple[Box, ...]
    after: tuple[Box, ...]
    more: tuple[int, int]


def graph(around: Neighbourhood, slug: str, prefix: str) -> Graph | None:
    """Returns the picture of what lies around a ticket; None where nothing does."""
    if len(around.nodes) < 2:
        return None
    columns: dict[int, list[Node]] = {}
    for node in around.nodes:
        columns.setdefault(node.step, []).append(node)
    tallest = max(len(nodes) for nodes in columns.values())
    height = tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y
    boxes: dict[str, Box] = {}
    for place, step in enumerate(sorted(columns)):
        nodes = columns[step]
        top = (height - len(nodes) * (BOX_HEIGHT + GAP_Y) + GAP_Y) // 2
        for number, node in enumerate(nodes):
            boxes[node.id] = _box(
                node, place * (BOX_WIDTH + GAP_X), top + number * (BOX_HEIGHT + GAP_Y), slug, prefix
            )
    width = len(columns) * (BOX_WIDTH + GAP_X) - GAP_X
    states = {node.id: node.state for node in around.nodes}
    lines = tuple([
        (_path(boxes[first], boxes[second]), bool(states[first]) and states[first] != TERMINAL)
        for first, second in around.edges
    ])  # fmt: skip
    in_order = tuple(boxes.values())
    before = tuple(sorted([box for box in in_order if box.node.step < 0], key=lambda box: -box.node.step))
    after = tuple([box for box in in_order if box.node.step > 0])
    more = (
        sum([count for step, count in around.more.items() if step < 0]),
        sum([count for step, count in around.more.items() if step > 0]),
    )
    return Graph(width, height, in_order, lines, before, after, more)


def _box(node: Node, x: int, y: int, slug: str, prefix: str) -> Box:
    if not node.state:
        return Box(x, y, node, node.id[:30], "no such ticket", "")
    words = node.title if len(node.title) <= WORDS else f"{node.title[: WORDS - 1]}…"
    return Box(x, y, node, display_id(prefix, node.id), words, f"/tickets/{slug}/{node.id}")


def _path(first: Box, second: Box) -> str:
    """Returns a line from the right of one box to the left of another; around them where it leads back."""
    x1, y1 = first.x + BOX_WIDTH, first.y + BOX_HEIGHT // 2
    x2, y2 = second.x, second.y + BOX_HEIGHT // 2
    bend = GAP_X // 2 if x2 > x1 else GAP_X
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
