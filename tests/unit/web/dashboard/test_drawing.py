"""The picture of relations: every ticket has a place of its own within it."""

from __future__ import annotations

from counterfoil.usecases.relations import Neighbourhood, Node
from counterfoil.web.dashboard.drawing import BOX_HEIGHT, BOX_WIDTH, graph


def around(*steps: int) -> Neighbourhood:
    """Returns tickets at these distances, each before the ticket itself or behind it."""
    nodes = [
        Node(f"01ARZ3N{number}EKTSV4RRFFQ69G5FAV", "A title that is long enough to be cut", "ready", step)
        for number, step in enumerate(steps)
    ]
    here = Node("01ARZ3NDEKTSV4RRFFQ69G5FAV", "Here", "done", 0)
    edges = [(node.id, here.id) if node.step < 0 else (here.id, node.id) for node in nodes]
    return Neighbourhood(
        tuple(sorted([*nodes, here], key=lambda node: node.step)), tuple(edges), {-1: 3, 2: 1}
    )


def test_nothing_around_is_no_picture() -> None:
    assert graph(around(), "shop", "TK") is None


def test_no_two_boxes_overlap_and_all_lie_within() -> None:
    made = graph(around(-2, -1, -1, -1, 1, 2, 2), "shop", "TK")
    assert made is not None
    places = [(box.x, box.y) for box in made.boxes]
    assert all(0 <= x <= made.width - BOX_WIDTH and 0 <= y <= made.height - BOX_HEIGHT for x, y in places)
    for number, (x, y) in enumerate(places):
        assert all(abs(x - left) >= BOX_WIDTH or abs(y - top) >= BOX_HEIGHT for left, top in places[:number])


def test_the_list_beside_it_names_the_nearest_first_and_counts_the_rest() -> None:
    made = graph(around(-2, -1, 1, 2), "shop", "TK")
    assert made is not None
    assert [box.node.step for box in made.before] == [-1, -2]
    assert [box.node.step for box in made.after] == [1, 2]
    assert made.more == (3, 1)


def test_a_line_holds_somebody_up_until_its_beginning_is_done() -> None:
    made = graph(around(-1, 1), "shop", "TK")
    assert made is not None
    assert [holds for _, holds in made.lines] == [True, False]


def test_what_does_not_exist_leads_nowhere() -> None:
    here = Node("01ARZ3NDEKTSV4RRFFQ69G5FAV", "Here", "ready", 0)
    made = graph(Neighbourhood((Node("<b>", "", "", -1), here), (("<b>", here.id),), {}), "shop", "TK")
    assert made is not None
    assert (made.boxes[0].href, made.lines[0][1]) == ("", False)
