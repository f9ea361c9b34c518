"""What the pages tell people to type exists, and what they link to does too; pages stay readable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from unit.docs.pages import DOCS, ROOT, anchors, command_lines, links, name_of, pages, prose

from counterfoil.cli.arguments import Arguments, entry, named_verb, parse
from counterfoil.cli.manual import visible_verbs
from counterfoil.cli.table import HIDDEN, VERBS
from counterfoil.errors import InputError

WORDS_MAX = 1200
SENTENCE_WORDS_MAX = 45
SUPERLATIVES = re.compile(
    r"\b(?:blazing\w*|seamless\w*|effortless\w*|powerful|revolutionary|cutting-edge|world-class|simply|just)\b",
    re.I,
)


def shown_commands() -> list[tuple[str, tuple[str, ...]]]:
    """Returns every command on every page, each once: page and words."""
    found = {
        (name_of(page), tuple(words)) for page in pages() for words in command_lines(page.read_text("utf-8"))
    }
    return sorted(found)


@pytest.mark.parametrize(("page", "words"), shown_commands(), ids=str)
def test_a_command_that_is_shown_is_understood(page: str, words: tuple[str, ...]) -> None:
    assert words, page
    if words[0] in {"--version", "VERB"}:
        return
    assert words[0] in VERBS or words[0].startswith("--"), page
    named = named_verb(words)
    if " ".join(words) == named or "--help" in words:
        # A verb by its name alone stands for the verb.
        return
    arguments = _parse(words)
    assert entry(arguments.verb)[1] != HIDDEN, page


def _parse(words: tuple[str, ...]) -> Arguments:
    """Parses; in a sentence an id may go without saying: `ticket branch --pr-title`."""
    try:
        return parse(words)
    except InputError as error:
        if error.fields.get("missing") != "id":
            raise
        return parse([*words, "ID"])


def test_every_verb_is_shown_somewhere() -> None:
    shown = {word for _, words in shown_commands() for word in words}
    shown |= {" ".join(words[:2]) for _, words in shown_commands()}
    assert set(visible_verbs()) - shown - {"help"} == set()


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links(page.read_text("utf-8")):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.is_relative_to(ROOT), target
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there.read_text("utf-8")), target


def test_every_page_can_be_reached_from_the_index() -> None:
    index = (DOCS / "README.md").read_text("utf-8")
    reached = {(DOCS / target.partition("#")[0]).resolve() for target in links(index)}
    missing = {name_of(page) for page in pages() if page.parent != ROOT} - {"docs/README.md"}
    assert missing - {name_of(page) for page in reached if page.is_relative_to(ROOT)} == set()


@pytest.mark.parametrize("page", [page for page in pages() if page.name != "glossary.md"], ids=name_of)
def test_a_page_can_be_read_in_one_go(page: Path) -> None:
    text = prose(page.read_text("utf-8"))
    assert len(re.sub(r"^\|.*$", "", text, flags=re.M).split()) <= WORDS_MAX, "tables are looked up, not read"
    running = re.sub(r"^(?:\||#|\s*[-*\d]).*(?:\n +.*)*$", "", text, flags=re.M)
    for sentence in re.split(r"(?<=[.:?])\s+|\n\n", running):
        assert len(sentence.split()) <= SENTENCE_WORDS_MAX, sentence


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_does_not_boast(page: Path) -> None:
    assert SUPERLATIVES.findall(prose(page.read_text("utf-8"))) == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_has_one_title_and_lines_of_bearable_length(page: Path) -> None:
    text = prose(page.read_text("utf-8"))
    assert len(re.findall(r"^# ", text, re.M)) == 1
    long = [line for line in text.splitlines() if len(line) > 160 and not line.startswith("|")]
    assert long == []
