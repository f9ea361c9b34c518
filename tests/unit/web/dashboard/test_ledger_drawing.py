"""The ledger's pictures: branches leave where they do, and the way of a proof goes from the foot to the top."""

from __future__ import annotations

from counterfoil.usecases.branching import Node
from counterfoil.usecases.proof_steps import Step, Way
from counterfoil.web.dashboard import ledger_drawing

NODES = [
    Node("ticket/A", 0, None, None, 10, 10),
    Node("ticket/A/fork-1", 1, "ticket/A", 4, 3, 8),
    Node("elsewhere", 2, "ticket/A/fork-1", 7, 0, 8),
]


def test_each_stream_has_a_lane_and_branches_leave_their_parents_where_they_do() -> None:
    tree = ledger_drawing.fork_tree(NODES, "elsewhere")
    root, branch, other = tree.lanes
    assert [lane.label for lane in tree.lanes] == ["ticket/A", "fork-1", "elsewhere"]
    assert [lane.is_here for lane in tree.lanes] == [False, False, True]
    assert root.y < branch.y < other.y < tree.height
    assert root.path == ""
    assert branch.path.startswith(f"M{branch.x:.1f} {root.y:.1f}V")
    assert other.path.startswith(f"M{other.x:.1f} {branch.y:.1f}V")
    assert root.x < branch.x < other.x <= root.end
    assert all(lane.end <= tree.width for lane in tree.lanes)


def test_a_stream_of_one_step_is_drawn() -> None:
    tree = ledger_drawing.fork_tree([Node("a", 0, None, None, 1, 1)], "a")
    assert tree.lanes[0].end > tree.lanes[0].x


def test_a_proof_is_a_ladder_with_what_is_added_at_its_side() -> None:
    steps = (Step("right", "aa", "bb"), Step("left", "cc", "dd"))
    ladder = ledger_drawing.ladder(Way("00", steps, "dd", 3, "counterfoil/X", "", True))
    low, high = ladder.rungs
    assert low.y == ladder.foot
    assert low.above == high.y
    assert low.beside_x > ladder.middle > high.beside_x
    assert 0 <= high.above < low.y <= ladder.height


def test_a_log_of_one_receipt_has_no_rungs() -> None:
    assert ledger_drawing.ladder(Way("00", (), "00", 1, "counterfoil/X", "", True)).rungs == []
