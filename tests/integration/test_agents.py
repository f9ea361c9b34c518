"""What agents read: the page of `prime`, the AGENTS.md section, the skill, and that all of it works."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import Desk

from counterfoil.cli import agents
from counterfoil.cli.failure import EXIT_STATUS
from counterfoil.cli.table import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = {"TICKET_ACTOR": "agent:reader"}


def shown(text: str) -> list[str]:
    """Returns every command that a text shows: in backquotes, or indented by four spaces."""
    commands = re.findall(r"`(ticket [^`]+)`", text)
    commands += [line.strip() for line in re.findall(r"^ {4}(ticket .*)$", text, re.MULTILINE)]
    return [re.split(r"\s{2,}", command)[0] for command in commands]


class Reader:
    """An agent that types what it reads, with sensible values for the words in capitals.

    Attributes:
        ready, held: a ticket in state ready, and one that the agent has claimed.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.env.update(AGENT)
        self.number = 0

    def ticket(self, state: str, *, claimed: bool = False) -> str:
        """Makes a ticket and returns its display id."""
        self.number += 1
        made = self.desk.data("new", f"Work {self.number}", "--state", "ready" if claimed else state)[
            "ticket"
        ]
        if claimed:
            self.desk.say("claim", made["id"])
        return str(made["display_id"])

    def words(self, command: str) -> Iterator[list[str]]:
        """Yields the command lines that a shown command stands for."""
        command = command.replace("[OPTIONS]", "").replace("[-]", "").replace("…", "")
        verbs = command.split()[1].split("|")
        rest = shlex.split(command.split(None, 2)[2]) if len(command.split(None, 2)) > 2 else []
        for verb in verbs:
            if verb == "next":
                self.ticket("ready")
            words = [self.value(verb, word) for word in rest]
            # Where the text shows the verb alone, this is the least that it needs.
            least = {"log": "ID", "diff": "ID"}.get(verb) if not rest else None
            more = ["-p", "p0"] if verb == "edit" and len(rest) == 1 else []
            if verb == "propose":
                more = ["--set", f"ticket={self.ticket('ready')}", "--set", "text=Found it."]
            yield [
                "list" if verb == "VERB" else verb,
                *words,
                *([self.value(verb, least)] if least else []),
                *more,
            ]

    def value(self, verb: str, word: str) -> str:
        """Returns what stands for a word in capitals."""
        word = word.strip("[]")
        if word == "ID":
            states = {"claim": "ready", "branch": "ready", "show": "ready", "edit": "ready", "move": "ready"}
            return self.ticket(states.get(verb, "in_progress"), claimed=verb in {"done", "release"})
        if word in {"F", "FILE"}:
            name = "notes.md" if verb == "edit" else "lines.jsonl"
            self.desk.write(f"../{name}", "Found it.\n" if verb == "edit" else '{"op":"new","title":"T"}\n')
            return f"../{name}"
        if word == "P-...":
            made = self.desk.data("comment", self.ticket("ready"), "Found it.")
            return str(made["proposal"]["id"])
        if word == "ACTION":
            return "ticket.comment" if verb == "propose" else "move"
        return {
            "STATE": "blocked",
            "VALUE": "blocked",
            "TEXT": "Work",
            "TITLE": "A title",
            "VERB": "list",
        }.get(word, word)


@pytest.fixture
def reader(desk: Desk) -> Reader:
    """Returns an agent in an empty project."""
    return Reader(desk)


def documents(desk: Desk) -> dict[str, str]:
    """Returns the three texts as they are in a real project."""
    desk.say("init", "--agents")
    return {
        "prime": desk.say("prime").out,
        "section": desk.text("AGENTS.md"),
        "skill": desk.text(agents.SKILL_FILE),
    }


@pytest.mark.parametrize("name", ["prime", "section", "skill"])
def test_every_command_that_is_shown_works(reader: Reader, name: str) -> None:
    commands = shown(documents(reader.desk)[name])
    assert len(commands) >= 6
    for command in commands:
        for words in reader.words(command):
            reader.desk.say(*words)


def test_the_options_that_the_page_asks_for_work_on_every_verb_it_shows(reader: Reader) -> None:
    for command in shown(documents(reader.desk)["prime"]):
        for words in reader.words(command):
            if "--help" not in words:
                reader.desk.envelope(*[word for word in words if word not in {"--ci", "--json"}], "--ci")


def test_the_pages_name_only_verbs_and_options_that_exist(desk: Desk) -> None:
    for text in documents(desk).values():
        for command in shown(text):
            for verb in command.split()[1].split("|"):
                assert verb in VERBS or verb == "VERB", command


def test_the_exit_statuses_of_the_page_are_those_of_the_program(desk: Desk) -> None:
    page = desk.say("prime").out
    for status, code in (
        (5, "ambiguous_id"),
        (10, "conflict"),
        (10, "claimed"),
        (9, "refused"),
        (12, "io_error"),
    ):
        assert EXIT_STATUS[code] == status
    for code, status in (("needs_approval", 9), ("rejected", 9), ("pending", 10), ("stale", 10)):
        assert EXIT_STATUS[code] == status
    for words in ("4 not found", "5 ambiguous", "6 not allowed", "7 invalid", "9 refused", "10 conflict or claimed", "12 Git or disk"):  # fmt: skip
        assert words in page.replace("\n", " ")


def test_the_page_says_what_is_here_and_stays_short(desk: Desk) -> None:
    desk.say("new", "A", "--state", "ready")
    desk.say("new", "B")
    page = desk.say("prime").out
    assert "Now: 1 ready, 0 in_progress, 0 blocked, 1 backlog." in page
    assert "TK-XXXXXXXX" in page
    data = desk.data("prime")
    assert data == {"text": page, "bytes": len(page.encode())}
    assert data["bytes"] <= agents.PRIME_BYTES


def test_the_page_stays_short_with_the_longest_prefix_and_millions_of_tickets() -> None:
    counts = ", ".join([f"9999999 {state}" for state in ("ready", "in_progress", "blocked", "backlog")])
    page = agents.PRIME.format(prefix="W" * 10, counts=counts)
    assert len(page.encode()) <= agents.PRIME_BYTES


def test_a_broken_ticket_does_not_stop_the_page(desk: Desk) -> None:
    desk.write(".tickets/tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV.md", "x")
    assert "Now: 0 ready" in desk.say("prime").out


def test_the_skill_has_the_front_matter_that_agents_look_for(desk: Desk) -> None:
    skill = documents(desk)["skill"]
    head = skill.split("---\n")[1]
    assert re.fullmatch(r"name: [a-z-]{1,64}\ndescription: [^\n]{1,1024}\n", head)
    assert agents.SKILL_FILE.split("/")[-2] == "ticket"


def test_the_first_session_of_an_agent(desk: Desk) -> None:
    desk.env.update(AGENT)
    desk.say("new", "Do it", "--state", "ready", "-p", "p1", "--actor", "human:ana")
    ticket = desk.data("next", "--ci")["ticket"]["display_id"]
    assert desk.data("claim", ticket, "--ci")["claim"]["holder"] == "agent:reader"
    branch = desk.say("branch", ticket, "--ci").out.strip()
    desk.git("switch", "-q", "-c", branch)
    desk.say("edit", ticket, "--body-file", "-", "--ci", stdin="Found the cause.\n")
    head = desk.git("rev-parse", "HEAD")
    asked = desk.envelope("done", ticket, "--ci", status=9)["error"]
    assert asked["code"] == "needs_approval"
    proposal = asked["details"]["proposal"]
    assert asked["hint"] == f"ticket proposal wait {proposal}"
    waited = desk.envelope(*asked["hint"].split()[1:], "--timeout", "0", "--ci", status=10)["error"]
    assert (waited["code"], waited["details"]["proposal"]) == ("pending", proposal)
    assert (desk.git("rev-parse", "HEAD"), desk.git("status", "--porcelain")) == (head, "")
