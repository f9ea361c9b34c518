"""The ledger as pictures: the tree of forks and the way of a proof, as numbers that a template makes SVG of.

A drawing says where things are in units of its own view box, and nothing of colours. `plotting` does
the same for the series of the insights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.branching import Node
    from counterfoil.usecases.proof_steps import Way

TREE_WIDTH, LANE, MARGIN = 720, 46, 16
LABEL = 150
"""So much is kept free at the right, so that the name of a branch that leaves at the end has its place."""
RUNG, LADDER_WIDTH = 44, 380


class Lane(NamedTuple):
    """One stream of a family: a line from where it leaves its parent to its last step.

    Attributes:
        name: the stream.
        label: what is written at it: without what it shares with the first of the family.
        x, end, y: the line.
        path: how it leaves its parent, as an SVG path; empty for the first.
        steps: how many steps its history has.
        at: the step after which it leaves, or None.
        depth: how far it is from the first.
        text_x: where its name begins.
        is_here: whether it is the stream that is looked at.
    """

    name: str
    label: str
    x: float
    end: float
    y: float
    path: str
    steps: int
    at: int | None
    depth: int
    text_x: float
    is_here: bool


class Tree(NamedTuple):
    """A family of branches.

    Attributes:
        width, height: of the drawing.
        lanes: from top to bottom.
    """

    width: int
    height: int
    lanes: Sequence[Lane]


def fork_tree(nodes: Sequence[Node], here: str) -> Tree:
    """Lays out branches: time goes to the right, step by step, and each stream has a lane of its own.

    Args:
        nodes: a family, each stream before its branches.
        here: the stream that is looked at.
    """
    most = max((node.steps for node in nodes), default=1)
    room = TREE_WIDTH - 2 * MARGIN - LABEL
    lanes: list[Lane] = []
    heights: dict[str, float] = {}
    for number, node in enumerate(nodes):
        y = round(MARGIN + LANE * (number + 0.7), 1)
        x = MARGIN + room * _share(node.at or 0, most)
        end = MARGIN + room * _share(max(node.steps - 1, 0), most)
        above = heights.get(node.parent or "")
        path = (
            "" if above is None else f"M{x:.1f} {above:.1f}V{y - 8:.1f}Q{x:.1f} {y:.1f} {x + 8:.1f} {y:.1f}"
        )
        heights[node.name] = y
        lanes.append(
            Lane(
                node.name,
                node.name.removeprefix(f"{nodes[0].name}/") if number else node.name,
                round(x, 1),
                round(max(end, x + 8), 1),
                y,
                path,
                node.steps,
                node.at,
                node.depth,
                round(x + 12, 1),
                node.name == here,
            )
        )
    return Tree(TREE_WIDTH, round(2 * MARGIN + LANE * len(nodes)), lanes)


def _share(step: int, steps: int) -> float:
    return step / max(steps - 1, 1)


class Rung(NamedTuple):
    """One height of the Merkle tree on the way up.

    Attributes:
        y, above: where it stands, and where the next one does.
        beside_x: where the hash is drawn that is added.
        beside, joined: the hashes, in hexadecimal.
    """

    y: float
    above: float
    beside_x: float
    beside: str
    joined: str


class Ladder(NamedTuple):
    """The way from a receipt up to the signed root.

    Attributes:
        width, height: of the drawing.
        middle: where the way runs.
        foot: where the receipt stands.
        rungs: from the receipt upwards.
    """

    width: int
    height: int
    middle: int
    foot: float
    rungs: Sequence[Rung]


def ladder(way: Way) -> Ladder:
    """Lays out a proof: the receipt at the foot, the root at the top, beside the way what is added."""
    height = RUNG * (len(way.steps) + 1)
    middle = LADDER_WIDTH // 2
    foot = height - RUNG / 2
    rungs = []
    for number, step in enumerate(way.steps):
        y = foot - RUNG * number
        offset = LADDER_WIDTH * (-0.33 if step.side == "left" else 0.33)
        rungs.append(Rung(y, y - RUNG, round(middle + offset, 1), step.beside, step.joined))
    return Ladder(LADDER_WIDTH, height, middle, foot, rungs)
