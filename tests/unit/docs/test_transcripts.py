"""What the pages show is what happens: every transcript is typed anew, output compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.docs.pages import blocks, name_of, pages
from unit.docs.transcripts import REFUSED, Shell, fresh, steps

WITH_TRANSCRIPTS = [
    page for page in pages() if any(block.language == "console" for block in blocks(page.read_text("utf-8")))
]


@pytest.mark.parametrize("page", WITH_TRANSCRIPTS, ids=name_of)
def test_a_transcript_shows_what_the_command_prints(page: Path, tmp_path: Path) -> None:
    with Shell(tmp_path) as shell:
        for step, seen in steps(page.read_text("utf-8")):
            output, status = shell.type(step.command)
            if seen:
                assert shell.matches(step.output, output), f"$ {step.command}{output}"
            else:
                shell.pair(step.output, output)
            assert (status != 0) == bool(seen and REFUSED.search(output)), f"$ {step.command}{output}"


def test_the_readme_shows_a_newcomer_and_an_agent() -> None:
    readme = next(page for page in pages() if page.name == "README.md").read_text("utf-8")
    commands = [step.command for step, seen in steps(readme) if seen]
    for verb in ("init", "new", "list", "done", "claim", "next"):
        assert any(f"ticket {verb}" in command for command in commands), verb


SCENE = """\
<!-- run
$ mkdir shop && cd shop && git init --quiet && ticket init --quiet
-->
```console
$ ticket new "Sell shoes"
Created TK-01ARZ3ND: Sell shoes
$ ticket move TK-01ARZ3ND ready
Moved TK-01ARZ3ND to ready
```
"""


def test_an_id_on_a_page_means_the_same_ticket_wherever_it_is_typed(tmp_path: Path) -> None:
    with Shell(tmp_path) as shell:
        outcomes = [(shell.type(step.command), step.output, seen) for step, seen in steps(SCENE)][1:]
        assert [status for (_, status), _, _ in outcomes] == [0, 4]
    with Shell(tmp_path) as shell:
        shell.type("rm -rf shop")
        for step, seen in steps(SCENE):
            output, status = shell.type(step.command)
            assert not seen or shell.matches(step.output, output)
            assert status == 0


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("TK-01ARZ3ND and TK-01ARZ3NE\n", "TK-01ARZ3NF and TK-01ARZ3NG\n", True),
        ("TK-01ARZ3ND and TK-01ARZ3ND\n", "TK-01ARZ3NF and TK-01ARZ3NG\n", False),
        ("commit 1234567\n", "commit 89abcdef01\n", True),
        ("commit 1234567\n", "commit none\n", False),
        ("2026-01-01 10:00  done\n", "2031-12-31 23:59  done\n", True),
        ("first\n…\nlast\n", "first\nany\nthing\nlast\n", True),
        ("first\n…\nlast\n", "first\nany\nthing\n", False),
        ("Moved\n", "Moved it\n", False),
    ],
)
def test_only_ids_times_and_commits_may_differ(shown: str, printed: str, same: bool, tmp_path: Path) -> None:
    with Shell(tmp_path) as shell:
        assert shell.matches(shown, printed) is same


def test_fresh_output_keeps_the_ids_of_the_page(tmp_path: Path) -> None:
    stale = SCENE.replace("Moved TK-01ARZ3ND to ready", "Moved it somewhere")
    assert fresh(stale, tmp_path) == SCENE
