"""Nobody's text becomes a script: hostile words in every field that a person, an agent or a file can fill."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from browser.harness import address
from browser.test_every_page import PAGES
from integration.gate_scene import ADA
from integration.verbs_scene import TICKETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage

WORDS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'-alert(3)-'",
    "</textarea><svg onload=alert(4)>",
    "{{ 7 * 7 }}${7*7}",
    "</time><iframe srcdoc='<script>parent.alert(5)</script>'>",
)
ALL = " ".join(WORDS)
BODY = f"""\
{ALL}

[a link](javascript:alert(6)) <javascript:alert(7)> ![x](x" onerror="alert(8)) <a href="java\tscript:alert(9)">b</a>

<div onclick="alert(10)" style="position:fixed;inset:0">c</div> <details ontoggle=alert(11) open>d</details>

```"><script>alert(12)</script>
{ALL}
```
"""


def _poisoned(stage: Stage) -> str:
    """Fills every field there is with hostile words, and returns the id of the ticket that has most of them."""
    desk = stage.scene.desk
    ticket = "01JX5S00000000000000000000"
    front = {
        "id": ticket, "title": ALL[:190], "state": "backlog", "priority": "p1", "labels": ["bug"],
        "assignee": ADA, "x_ticket": {word: word for word in WORDS},
    }  # fmt: skip
    lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in front.items())
    desk.write(f"{TICKETS}/{ticket}.md", f"---\n{lines}---\n\n{BODY}")
    desk.write(f"{TICKETS}/01JX5SBR0KEN00000000000000.md", f"---\ntitle: {ALL}\n{BODY}")
    desk.git("add", "--all")
    desk.git("-c", f"user.name={WORDS[1]}", "commit", "--quiet", "--message", f"{ALL}\n\n{BODY}")
    for word in WORDS:
        desk.say("comment", ticket, word, "--actor", "agent:builder")
        desk.say("respond", ticket, "--disagree", word, "--actor", "human:grace")
    desk.say(
        "attach", ticket, "https://example.com/?q=%22%3E%3Cscript%3Ealert(13)", "--note", ALL, "--actor", ADA
    )
    payload = json.dumps({"ticket": ticket, "title": ALL[::-1][:190], "body": BODY * 2})
    desk.say("propose", "ticket.edit", "-F", "-", "--reason", ALL, "--actor", "agent:builder", stdin=payload)
    desk.say(
        "propose",
        "ticket.create",
        "-F",
        "-",
        "--actor",
        "agent:reviewer",
        stdin=json.dumps({"title": ALL[:190]}),
    )
    return ticket


@pytest.mark.slow
def test_hostile_words_stay_words_on_every_page(own_stage: Stage, seats: Callable[..., Seat]) -> None:
    ticket = _poisoned(own_stage)
    data = own_stage.scene.desk.data("proposal", "list", "--ticket", ticket)
    proposals = [each["id"] for each in data["proposals"]]
    seat = seats(own_stage).sign_in()
    places = [address(route, own_stage) for route in PAGES]
    places += [
        place.replace(own_stage.scene.ticket, ticket) for place in places if own_stage.scene.ticket in place
    ]
    places += [f"/proposals/{own_stage.slug}/{each}" for each in proposals]
    places += [
        f"/list?q={WORDS[0]}&label={WORDS[1]}",
        f"/board/{own_stage.slug}?q={WORDS[3]}&assignee={WORDS[1]}",
    ]
    for place in places:
        page = seat.go(place)
        page.locator("summary:visible").all()
        assert (
            page.locator("iframe, main script, main [onerror], main [onload], main [onclick]").count() == 0
        ), place
        assert page.locator("main [style]").count() == 0, place
        assert page.locator("a[href^='javascript:' i]").count() == 0, place
    assert seat.faults == []


@pytest.mark.slow
def test_hostile_words_that_are_pushed_or_found_stay_words(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    seat = seats(own_stage).sign_in()
    page = seat.go(f"/board/{own_stage.slug}")
    _poisoned(own_stage)
    page.locator("#column-backlog .card", has_text="alert(1)").first.wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.type("alert(1)")
    page.get_by_role("option", name="alert(1)").first.wait_for()
    assert page.locator("iframe, dialog script, dialog img").count() == 0
