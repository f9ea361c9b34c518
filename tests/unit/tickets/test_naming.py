"""Slugs, branch names, ids in other texts, `ticket://` links and queries."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.tickets import naming
from counterfoil.tickets.model import Ticket
from counterfoil.tickets.naming import Link

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
HOSTILE_TEXT = st.text(
    st.one_of(st.sampled_from("./-@{}~^:?*[\\ \t\n$;lock"), st.characters(exclude_categories=["Cs"]))
)


def ticket(title: str) -> Ticket:
    return Ticket(ULID, title, "ready", "p1")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Add paywall experiment", "add-paywall-experiment"),
        ("  Fix: the [parser] -- again! ", "fix-the-parser-again"),
        ("Café crème à Zürich", "cafe-creme-a-zurich"),
        ("Straße, Łódź & Øresund", "strasse-lodz-oresund"),
        ("Don't and don’t", "dont-and-dont"),
        ("snake_case/path.py", "snake-case-path-py"),
        ("ﬁne Ⅳ", "fine-iv"),
        ("Привет", "ticket"),
        ("🎉", "ticket"),
        ("", "ticket"),
        ("a" * 41, "a" * 40),
        ("word " * 20, "word-word-word-word-word-word-word-word"),
        ("exactly forty characters of title hereee", "exactly-forty-characters-of-title-hereee"),
        ("exactly forty characters of title hereeee", "exactly-forty-characters-of-title"),
    ],
)
def test_a_slug_is_readable_ascii_cut_between_words(title: str, expected: str) -> None:
    assert naming.slug(title) == expected


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_every_title_gives_a_slug_within_its_limit(title: str, limit: int) -> None:
    slug = naming.slug(title, limit)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= limit


@pytest.mark.parametrize(
    ("pattern", "title", "expected"),
    [
        ("tk-{short_id}-{slug}", "Paywall experiment", "tk-01arz3nd-paywall-experiment"),
        ("{display_id}", "x", "tk-01arz3nd"),
        ("Feature/{id}", "x", "Feature/01arz3ndektsv4rrffq69g5fav"),
        ("wip/{title}", "Fix a/b: 100% `rm -rf $HOME`", "wip/Fix-a-b-100-rm-rf-HOME"),
        ("x/{title}", "Přidat ðlib", "x/Přidat-ðlib"),
        ("{title}", "..", "ticket-01arz3nd"),
        ("{title}", "HEAD", "ticket-01arz3nd"),
        ("{title}", "@{upstream}", "upstream"),
        ("-{title}.lock", "a.lock", "a"),
        ("/.hidden//{slug}/", "a", "hidden/a"),
        ("", "a", "ticket-01arz3nd"),
        ("{title}", "right\u202eleft\u200bzero", "right-left-zero"),
    ],
)
def test_a_branch_name_is_valid_for_git(pattern: str, title: str, expected: str) -> None:
    branch = naming.branch_name(pattern, ticket(title), "TK")
    assert branch == expected
    checked = subprocess.run(
        ["git", "check-ref-format", "--branch", branch], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout.strip()) == (0, branch)


@given(HOSTILE_TEXT.map(lambda text: text.replace("{", "}")), HOSTILE_TEXT)
def test_no_pattern_and_no_title_makes_an_invalid_branch(pattern: str, title: str) -> None:
    branch = naming.branch_name(pattern + "{title}", ticket(title), "TK")
    assert branch
    assert branch != "HEAD"
    assert not branch.startswith("-")
    assert len(branch.encode()) <= naming.BRANCH_BYTES
    assert not re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.$|^@$", branch)
    assert not re.search(r"[\s$`\"'&|;<>()!#]", branch)
    assert all(level and level[0] != "." and not level.endswith(".lock") for level in branch.split("/"))


def test_a_long_title_still_makes_a_branch_that_fits_a_file_system() -> None:
    branch = naming.branch_name("{title}", ticket("é" * 500), "TK")
    assert branch == "é" * 120
    assert naming.branch_name("{title}", ticket("a" * 235 + ".lockup"), "TK") == "a" * 235


def test_a_pull_request_title_keeps_its_case_on_one_line() -> None:
    title = naming.fill("[{display_id}] {title}", ticket("Add Paywall\n experiment"), "TK")
    assert title == "[TK-01ARZ3ND] Add Paywall experiment"


@pytest.mark.parametrize("pattern", ["{number}", "tk-{}", "{ slug }", "{short_id}-{Slug}"])
def test_an_unknown_placeholder_is_refused_with_the_known_ones(pattern: str) -> None:
    with pytest.raises(InputError) as caught:
        naming.branch_name(pattern, ticket("x"), "TK")
    assert caught.value.code == "invalid_pattern"
    assert caught.value.fields["allowed"] == ["id", "short_id", "display_id", "slug", "title"]
    assert "{short_id}" in caught.value.hint


def test_braces_in_a_title_are_not_placeholders() -> None:
    assert naming.fill("{title} }{", ticket("{id} {nothing}"), "TK") == "{id} {nothing} }{"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[TK-01ARZ3ND] Add paywall", ("01ARZ3ND",)),
        ("tk-01arz3nd-paywall-experiment", ("01ARZ3ND",)),
        ("feature/TK-01arz3nd_x", ("01ARZ3ND",)),
        (f"tk-{ULID.lower()}", (ULID,)),
        ("TK-01ARZ3ND, TK-01ARZ3NE and tk-01arz3nd", ("01ARZ3ND", "01ARZ3NE")),
        ("XTK-01ARZ3ND", ()),
        ("TK-01ARZ3NDX", ()),
        ("TK-01ARZ3N", ()),
        ("TK-01ARZ3NÉ", ()),
        ("TK-01ARZ3NDé", ()),
        ("ÉTK-01ARZ3ND", ()),
        ("ТК-01ARZ3ND", ()),
        ("TK-０1ARZ3ND", ()),
        ("TK-01ARZ3NI", ()),
        ("TK-91ARZ3ND", ()),
        ("İ [TK-01ARZ3ND]", ("01ARZ3ND",)),
    ],
)
def test_ids_are_found_in_any_case_at_word_borders(text: str, expected: tuple[str, ...]) -> None:
    assert naming.ticket_ids_in(text, "TK") == expected


def test_a_title_links_only_by_an_id_in_brackets() -> None:
    assert naming.ticket_ids_in("[tk-01ARZ3ND] after TK-01ARZ3NE", "Tk", bracketed=True) == ("01ARZ3ND",)


@given(HOSTILE_TEXT, st.booleans())
def test_an_id_is_found_whatever_surrounds_it(noise: str, lower: bool) -> None:
    name = naming.display_id("TK", ULID)
    text = f"{noise} [{name.lower() if lower else name}] {noise}"
    assert "01ARZ3ND" in naming.ticket_ids_in(text, "TK", bracketed=True)


LINKS = {
    "ticket://pwa-bot/myapp/01ARZ3ND": ("ticket", "", "pwa-bot", "myapp", "01ARZ3ND"),
    "ticket://github.com/pwa-bot/myapp/01arz3nd": ("ticket", "github.com", "pwa-bot", "myapp", "01ARZ3ND"),
    f"TICKET://localhost:3000/o/r.x/{ULID}": ("ticket", "localhost:3000", "o", "r.x", ULID),
    "ticket://gitlab.com/g/sub/r/01ARZ3ND": ("ticket", "gitlab.com", "g/sub", "r", "01ARZ3ND"),
    "ticket://myapp/01ARZ3ND": ("ticket", "", "", "myapp", "01ARZ3ND"),
    "ticket://intake/in_01J": ("intake", "", "", "", "in_01J"),
    "ticket://myapp": ("malformed", "", "", "", ""),
    "ticket://myapp/in_01J": ("malformed", "", "", "", ""),
    "ticket://a//01ARZ3ND": ("malformed", "", "", "", ""),
    "ticket://a/b/01ARZ3ND/": ("malformed", "", "", "", ""),
    "ticket://a/b/01ARZ3ND#top": ("malformed", "", "", "", ""),
    "ticket://a/b:1/01ARZ3ND": ("malformed", "", "", "", ""),
    "ticket://a/b/TK-01ARZ3ND": ("malformed", "", "", "", ""),
}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("frame", ["{}", "see <{}>.", "({}),", "**{}**", "`{}`!", "[x]({})", "é {}…\r"])
def test_every_form_of_link_is_read_in_its_place(link: str, frame: str) -> None:
    text = f"first\n{frame.format(link)}\nlast"
    kind, host, namespace, repository, ticket_id = LINKS[link]
    assert naming.links(text) == [
        Link(
            link,
            2,
            frame.index("{") + 1,
            kind,
            host=host,
            namespace=namespace,
            repository=repository,
            id=ticket_id,
        )
    ]


def test_links_on_one_line_are_told_apart() -> None:
    text = "ticket://r/01ARZ3ND,ticket://r/01ARZ3NE ticket://r/01ARZ3NF"
    assert [(link.column, link.kind, link.id) for link in naming.links(text)] == [
        (1, "malformed", ""),
        (41, "ticket", "01ARZ3NF"),
    ]


@pytest.mark.parametrize(
    "text", ["", "the ticket:// scheme", "xticket://a/01ARZ3ND", "git+ticket://a/01ARZ3ND", "https://a/b"]
)
def test_what_is_no_link_is_left_alone(text: str) -> None:
    assert naming.links(text) == []


@given(HOSTILE_TEXT)
def test_a_link_is_found_where_it_says(noise: str) -> None:
    text = f"{noise} ticket://{noise} ticket://o/r/01ARZ3ND {noise}"
    lines = text.split("\n")
    found = naming.links(text)
    assert [link.text for link in found if link.id == "01ARZ3ND"]
    for link in found:
        assert lines[link.line - 1][link.column - 1 :].startswith(link.text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ULID, ("ulid", ULID)),
        (ULID.lower(), ("ulid", ULID)),
        (f" tk-{ULID} ", ("ulid", ULID)),
        ("01arz3nd", ("short", "01ARZ3ND")),
        ("TK-01ARZ3ND", ("display", "01ARZ3ND")),
        ("tk-01arz3nd", ("display", "01ARZ3ND")),
        ("01AR", ("prefix", "01AR")),
        ("tk-01ar", ("prefix", "01AR")),
        ("01ARZ3NDE", ("prefix", "01ARZ3NDE")),
        ("2024", ("prefix", "2024")),
        ("01A", ("text", "01A")),
        ("TK-", ("text", "TK-")),
        ("XX-01ARZ3ND", ("text", "XX-01ARZ3ND")),
        ("81ARZ3ND", ("text", "81ARZ3ND")),
        (ULID + "0", ("text", ULID + "0")),
        ("01АRZ3ND", ("text", "01АRZ3ND")),
        ("０1ARZ3ND", ("text", "０1ARZ3ND")),
        ("ТК-01ARZ3ND", ("text", "ТК-01ARZ3ND")),
        ("01ARZ3Nſ", ("text", "01ARZ3Nſ")),
        (" Fix the parser ", ("text", "Fix the parser")),
        ("", ("text", "")),
    ],
)
def test_what_is_typed_is_an_id_only_in_plain_ascii(text: str, expected: tuple[str, str]) -> None:
    assert naming.parse_query(text, "TK") == expected
