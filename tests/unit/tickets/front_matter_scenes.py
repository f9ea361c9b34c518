"""Ticket files to test on, made of pieces whose lines and meaning are known beforehand.

A `Scene` never asks the product where a key's lines are: it wrote them itself. That makes it
the independent witness in the tests of patching.
"""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
OTHER_IDS = tuple(f"01ARZ3NDEKTSV4RRFFQ69G5FA{digit}" for digit in "0123456789")


class Piece(NamedTuple):
    """The lines of one key (or, without a key, of comments and blank lines between keys)."""

    key: str
    lines: tuple[str, ...]


class Scene(NamedTuple):
    """A ticket file as pieces, with a line end for each line."""

    pieces: tuple[Piece, ...]
    ends: tuple[str, ...]
    body: str

    def bytes(self) -> bytes:
        """Returns the whole file."""
        return ("".join(self.lines()) + self.body).encode()

    def lines(self) -> list[str]:
        """Returns the lines of the front matter, `---` lines included, with their ends."""
        texts = ["---", *[line for piece in self.pieces for line in piece.lines], "---"]
        return [text + self.ends[number % len(self.ends)] for number, text in enumerate(texts)]

    def span(self, key: str) -> tuple[int, int] | None:
        """Returns the first line of a key and the one behind its last, or None if it is absent."""
        begin = 1
        for piece in self.pieces:
            if piece.key == key:
                return begin, begin + len(piece.lines)
            begin += len(piece.lines)
        return None


def pieces(key: str, *texts: str) -> st.SearchStrategy[Piece]:
    """Draws one of several spellings of a key; each is its lines joined by LF."""
    return st.sampled_from([Piece(key, tuple(text.split("\n"))) for text in texts])


titles = pieces(
    "title",
    "title: Add user authentication",
    "title:   Add user authentication   # why not",
    "title: no",
    "title: 12:30  # late",
    "title: 'It''s late'  # quoted",
    'title: "Say \\"hello\\": now" # quoted',
    'title: "caf\u00e9 \\U0001F600"',
    "title: >-\n  folded over\n  two lines",
    "title: > # with a comment\n\n  folded\n\n  and broken\n",
    "title: |\n    literal\n      text",
    "title: |+\n  literal and kept\n\n",
    "title: over\n  several\n\n  lines",
    'title: "over\n  several \\\n  lines"  # end',
    "title: 'over\n\n  several'",
    "title:\n  below its key  # c",
    "title: # c\n  # d\n  below its key",
    "? title\n: with a question mark",
    "title: a\u2028b",
)
states = pieces("state", "state: ready", "state: In_Progress", "state:   'done' # yes", 'state: "BLOCKED"')
priorities = pieces("priority", "priority: p1", "priority: P0 # high", "priority: >-\n  p2")
labels = pieces(
    "labels",
    "labels: []",
    "labels: [ ]  # none",
    "labels:",
    "labels:   # none",
    "labels: ~",
    "labels: [security, mvp]",
    "labels: [ security,mvp ]  # two",
    "labels: [security,mvp,api]",
    "labels: ['security', \"mvp\", Big One, security]",
    "labels: [security, mvp,]",
    "labels:\n  [security, mvp]",
    "labels: [\n  security, # one\n  mvp,\n  # between\n  api # last\n]",
    "labels: [\n    security,\n    mvp,\n  ]  # end",
    "labels:\n  - security\n  - mvp",
    "labels:\n- security\n- mvp",
    "labels: # all\n  -   security   # one\n\n  # between\n  - 'mvp'\n  - API # three",
    "labels:\n    - security\n    - security\n    - 007\n    - 2020-01-01",
    "labels:\n  - over\n    two lines\n  - mvp",
    "labels:\n  - >-\n    folded\n  - mvp",
)
assignees = pieces(
    "assignee",
    "assignee: human:morgan",
    "assignee: Agent:claude # robot",
    "assignee:",
    "assignee: null",
    "assignee: 'human:morgan'",
    "assignee: nobody in particular",
)
reviewers = pieces("reviewer", "reviewer: agent:openclaw", 'reviewer: "human:morgan"   ')
extensions = pieces(
    "x_ticket",
    "x_ticket:",
    "x_ticket: {}",
    "x_ticket: ~  # nothing",
    "x_ticket:\n  source:\n    kind: intake\n    id: in_01J",
    f"x_ticket:\n  relations:\n    blocks: [{OTHER_IDS[0]}, {OTHER_IDS[1]}] # two\n  last_run_id: run_1",
    f"x_ticket:\n  big: 123456789012345678901234567890\n  relations:\n    blocked_by:\n    - {OTHER_IDS[2]}",
    f"x_ticket:\n    relations:\n\n        blocks:\n          - {OTHER_IDS[0]} # c\n        other: 1\n    # d\n    z: .nan",
    "x_ticket:\n  relations:\n  z: 1",
    "x_ticket:\n  relations: {}",
    f"x_ticket:\n  relations: {{blocks: [{OTHER_IDS[3]}], other: {{a: 1}}}} # flow",
    f"x_ticket: {{relations: {{blocks: [], blocked_by: [{OTHER_IDS[0]}]}}, z: [1, 2]}}",
    "x_ticket: {z: 1, relations: }",
    "x_ticket: {z: 1}",
)
unknown = st.one_of(
    pieces(
        "due",
        "due: 2020-01-01",
        "due: 12345678901234567890123456789",
        "due: 0x1F # hex",
        "due: |+\n  kept\n\n",
        "due: {a: 1, b: [x, ~]}",
        "due:\n  nested:\n    - a\n    - b: c\n      d: e",
    ),
)
others = pieces(
    "estimate", "estimate: 1e3", "estimate: yes", "estimate: >-\n  folded\n  text", "estimate: &here [1, 2]"
)
aliases = pieces("spare", "spare: [1, 2]", "spare: &a1 text", '"spare":   quoted key', "'spare': 1")
between = st.sampled_from(
    [(), (), (), ("# a comment",), ("",), (" # indented",), ("# title: none", "", "# labels: [x]")]
)
bodies = st.sampled_from(
    [
        "",
        "\n",
        "\nBody.\n",
        "Body without end",
        "\r\nBody.\r\n---\r\n",
        "\n---\ntitle: fake\n---\n",
        "\n\u2028\t\r\n",
    ]
)
line_ends = st.sampled_from([("\n",), ("\n",), ("\r\n",), ("\n", "\r\n"), ("\r\n", "\n", "\n")])


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Draws a readable ticket file."""
    required = [st.just(Piece("id", (f"id: {ID}",))), titles, states, priorities]
    optional = [labels, assignees, reviewers, extensions, unknown, others, aliases]
    chosen = [draw(piece) for piece in required]
    chosen += [draw(piece) for piece in optional if draw(st.booleans())]
    if draw(st.booleans()):
        chosen = draw(st.permutations(chosen))
    rows: list[Piece] = [Piece("", draw(between))]
    for piece in chosen:
        # Blank lines behind a scalar that keeps its line ends (`|+`) would be part of it.
        kept = "|+" in piece.lines[0]
        rows += [piece, Piece("", ("# a comment",) if kept else draw(between))]
    return Scene(tuple(rows), draw(line_ends), draw(bodies))
