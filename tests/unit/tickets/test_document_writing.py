"""Writing ticket files: scalars for every reader, new files, other bodies, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.tickets.front_matter_scenes import ID, OTHER_IDS, Scene, scenes

from counterfoil.adapters import yaml as adapter
from counterfoil.errors import InputError
from counterfoil.tickets import document, frontmatter, scalar
from counterfoil.tickets.model import FILE_BYTES, Ticket
from counterfoil.tickets.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.tickets.document import TicketDocument

full = adapter.read
unicode_texts = st.text(st.characters(exclude_categories=["Cs"]))
tricky_texts = st.text(
    st.sampled_from(list("ab01:-?[]{},#&*!|>'\"%@`~ .=<+_eExyn\\\n\t\r\x85\u2028\ufeff\xa0")), max_size=12
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Add user authentication", "Add user authentication"),
        ("Fix [x], {y} & z's \"w\"", "Fix [x], {y} & z's \"w\""),
        ("a:b http://x/#y C#", "a:b http://x/#y C#"),
        ("3 new things", "3 new things"),
        ("... and more", "... and more"),
        (ID, ID),
        ("human:morgan", "human:morgan"),
        ("\U0001f469\u200d\U0001f680 caf\xe9 \u4e2d", "\U0001f469\u200d\U0001f680 caf\xe9 \u4e2d"),
        ("", '""'),
        (" a", '" a"'),
        ("a ", '"a "'),
        ("a: b", '"a: b"'),
        ("a:", '"a:"'),
        ("a #b", '"a #b"'),
        ("- a", '"- a"'),
        ("#a", '"#a"'),
        ("'a'", "\"'a'\""),
        ('"a"', '"\\"a\\""'),
        ("@a", '"@a"'),
        ("a\\b", "a\\b"),
        ("a: \\", '"a: \\\\"'),
        ("a\nb\tc\rd\0", '"a\\nb\\tc\\rd\\0"'),
        ("\x85\u2028\u2029\ufeff\x01\x7f\uffff", '"\\N\\L\\P\\uFEFF\\x01\\x7F\\uFFFF"'),
        *[
            (text, f'"{text}"')
            for text in (
                "no", "No", "YES", "on", "off", "y", "N", "true", "null", "Null", "~", "=", "<<", "...", ".", ".5",
                "12:30", "007", "0x1F", "0o17", "1e3", "+1", "1_000", "2020-01-01", "2001-12-14 21:59:43.10 -5",
                "2001-12-14T21:59:43Z", ".inf", "+.inf", ".NaN", "0123456789", "1.5", "190:20:30", "%a", "?", "!a", "*a", "&a",
            )
        ],
    ],
)  # fmt: skip
def test_scalars_are_plain_where_every_reader_agrees_and_quoted_elsewhere(text: str, written: str) -> None:
    assert document.quote(text) == written


@pytest.mark.parametrize("text", ["a, b", "a]", "b}", "a[0]", "a:b", "a?"])
def test_within_a_flow_list_more_is_quoted(text: str) -> None:
    assert scalar.quote(text) == text
    assert scalar.quote_in_flow(text) == f'"{text}"'


def check_round_trip(text: str) -> None:
    block, flow = f"k: {scalar.quote(text)}\n", f"k: [{scalar.quote_in_flow(text)}, x]\n"
    assert yaml.safe_load(block) == {"k": text}
    assert yaml.safe_load(flow) == {"k": [text, "x"]}
    assert yaml.load(block, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) == {"k": text}
    for written, value in ((block, text), (flow, [text, "x"])):
        fast = frontmatter.read(written)
        assert fast is not None
        assert frontmatter.resolve(fast) == frontmatter.resolve(full(written)) == {"k": value}
    for style in ("'", '"'):
        assert frontmatter.resolve(full(f"k: {scalar.restyled(text, style)}\n")) == {"k": text}


@settings(max_examples=500, deadline=None)
@given(st.one_of(unicode_texts, tricky_texts))
def test_every_text_comes_back_from_every_reader(text: str) -> None:
    check_round_trip(text)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(st.one_of(unicode_texts, tricky_texts))
def test_very_many_texts_come_back_from_every_reader(text: str) -> None:
    check_round_trip(text)


def test_a_new_file_is_laid_out_as_the_protocol_shows_it() -> None:
    ticket = Ticket(
        ID,
        "Fix: it",
        "ready",
        "p1",
        ("a", "no"),
        "human:a",
        None,
        "agent:b",
        (OTHER_IDS[0],),
        (),
        ("github", "12"),
    )
    assert document.compose(ticket, "## Problem").decode() == (
        f'---\nid: {ID}\ntitle: "Fix: it"\nstate: ready\npriority: p1\nlabels: [a, "no"]\nassignee: human:a\n'
        'author: agent:b\nx_ticket:\n  source:\n    kind: github\n    id: "12"\n'
        f"  relations:\n    blocks: [{OTHER_IDS[0]}]\n---\n\n## Problem\n"
    )


titles = unicode_texts.map(str.strip).filter(bool)


@settings(max_examples=300, deadline=None)
@given(
    titles,
    st.lists(unicode_texts, max_size=3).map(tuple),
    st.lists(st.sampled_from(OTHER_IDS), max_size=2).map(tuple),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)
def test_what_is_composed_is_read_back(
    title: str, labels: tuple[str, ...], blocked_by: tuple[str, ...], body: str
) -> None:
    ticket = Ticket(ID, title, "done", "p3", labels, "human:x", blocked_by=blocked_by)
    data = document.compose(ticket, body)
    assert document.read(data, full).ticket == ticket
    assert document.scan(data, full) == ticket
    assert document.read(data, full).body.strip("\n") == body.replace("\r\n", "\n").strip("\n")


@pytest.mark.parametrize(
    ("before", "body", "after"),
    [
        ("---\n", "new", "---\n\nnew\n"),
        ("---", "new", "---\n\nnew\n"),
        ("---\n\nold\n", "\nnew\n", "---\n\nnew\n"),
        ("---\nold", "", "---\n"),
        ("---\nold", "old", "---\nold"),
        ("---\nold", "a\r\nb\n\n", "---\n\na\nb\n\n"),
    ],
)
def test_another_body_leaves_the_front_matter_alone(before: str, body: str, after: str) -> None:
    head = f"---\nid: {ID} # c\ntitle: 'T'\nstate: READY\npriority: p1\n"
    read = document.read((head + before).encode(), full)
    assert document.replace_body(read, body) == (head + after).encode()
    windows = document.read((head + before).replace("\n", "\r\n").encode(), full)
    if body != windows.body:
        assert document.replace_body(windows, body) == (head + after).replace("\n", "\r\n").encode()


@settings(max_examples=200, deadline=None)
@given(scenes())
def test_the_same_body_changes_not_one_byte(scene: Scene) -> None:
    read = document.read(scene.bytes(), full)
    assert document.replace_body(read, read.body) == scene.bytes()


@pytest.mark.parametrize(
    "write",
    [
        lambda read, text: document.compose(read.ticket, text),
        document.replace_body,
        lambda _, text: document.fill_template(text, {}),
        lambda read, text: document.patch(read, {"title": text}),
        lambda read, text: document.patch(read, {"labels": [text]}),
    ],
)
def test_broken_text_is_refused_and_never_written(write: Callable[[TicketDocument, str], bytes]) -> None:
    read = document.read(document.compose(Ticket(ID, "T", "ready", "p1"), ""), full)
    with pytest.raises(InputError):
        write(read, "a \udcff")


VALUES = {
    "id": ID,
    "title": 'Fix: "it" # now',
    "state": "ready",
    "priority": "p1",
    "assignee": "",
    "who": "it's",
}


@pytest.mark.parametrize(
    ("line", "filled"),
    [
        ("title: {{title}}", 'title: "Fix: \\"it\\" # now"'),
        ("title:   {{ title }}   # {{title}}", 'title:   "Fix: \\"it\\" # now"   # Fix: "it" # now'),
        ("title: Bug {{title}}", 'title: "Bug Fix: \\"it\\" # now"'),
        ('title: "[x] {{title}}"', 'title: "[x] Fix: \\"it\\" # now"'),
        ("title: 'So {{who}}'", "title: 'So it''s'"),
        ("title: {{state}}", "title: ready"),
        ("labels: [{{state}}, x, 'a {{who}}'] # c", "labels: [ready, x, 'a it''s'] # c"),
        ("  - {{title}}", '  - "Fix: \\"it\\" # now"'),
        ("assignee: {{assignee}}", None),
        ("assignee: {{assignee}} # nobody", None),
        ("due: {{unknown}}", 'due: "{{unknown}}"'),
        ("due: {a: b}", "due: {a: b}"),
        ("# {{title}}", '# Fix: "it" # now'),
        ("  {{state}} text", "  ready text"),
    ],
)
def test_a_template_is_filled_so_that_yaml_stays_yaml(line: str, filled: str | None) -> None:
    rest = "---\n\n# {{title}} {{unknown}} }} {{\n"
    data = document.fill_template(f"---\nid: {{{{id}}}}\n{line}\n{rest}", VALUES)
    expected = "" if filled is None else filled + "\n"
    assert data.decode() == f'---\nid: {ID}\n{expected}---\n\n# Fix: "it" # now {{{{unknown}}}} }}}} {{{{\n'


TEMPLATE = """---\r
id: {{id}}\r
title: {{title}}\r
state: {{state}}\r
priority: {{priority}}\r
labels: []\r
---\r
\r
# {{title}}\r
"""


bodies = st.text(st.one_of(st.sampled_from("\r\n- x"), st.characters(exclude_categories=["Cs"])), max_size=30)


@settings(max_examples=300, deadline=None)
@given(scenes(), bodies.filter(lambda body: "\0" not in body))
def test_a_document_with_another_body_is_the_one_that_reading_gives(scene: Scene, body: str) -> None:
    changed = document.with_body(document.read(scene.bytes(), full), body)
    again = document.read(changed.source, full)
    assert (changed.ticket, changed.body) == (again.ticket, again.body)
    assert document.patch(changed, {"author": "human:x"}) == document.patch(again, {"author": "human:x"})


@pytest.mark.parametrize(("body", "reason"), [("a\0b", "nul"), ("a" * FILE_BYTES, "too_large")])
def test_a_body_that_no_ticket_may_have_is_refused(body: str, reason: str) -> None:
    with pytest.raises(document.FormatError) as refused:
        document.with_body(document.read(document.compose(Ticket(ID, "T", "ready", "p1"), ""), full), body)
    assert refused.value.reason == reason


@settings(max_examples=300, deadline=None)
@given(titles.filter(lambda title: "\0" not in title and "{{" not in title))
def test_any_title_fits_into_the_template(title: str) -> None:
    data = document.fill_template(TEMPLATE, {**VALUES, "title": title})
    read = document.read(data, full)
    assert read.ticket == Ticket(ID, title, "ready", "p1")
    assert read.body == f"\r\n# {title}\r\n"


def test_one_template_fills_any_number_of_tickets() -> None:
    template = Template(TEMPLATE + "by {{assignee}}, {{unknown}}\r\n")
    for title in ("One", "two: three", ""):
        values = {**VALUES, "title": title}
        assert document.fill_template(template, values) == document.fill_template(template.text, values)


def test_a_template_without_front_matter_is_filled_as_text() -> None:
    assert document.fill_template("# {{title}}\n---\nstate: {{title}}\n---\n", {"title": "a: b"}) == (
        b"# a: b\n---\nstate: a: b\n---\n"
    )
