"""Markdown becomes HTML that harms nobody, whoever wrote it, and leads to the tickets that it names."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.web.dashboard import markdown
from counterfoil.web.dashboard.markdown import Target, Tickets, render

HERE = "/tickets/shop/01ARZ3NDEKTSV4RRFFQ69G5FAV"
TICKETS = Tickets(
    "TK", lambda words: Target(HERE, "Sell shoes", True) if "01ARZ3ND" in words.upper() else None
)
ADDRESSES = ("http://", "https://", "mailto:", "/tickets/", "#text-")


class Looking(HTMLParser):
    """Notes what an HTML text would make a browser do."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.links: list[str] = []
        self.feed(str(html))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in markdown.TAGS:
            self.faults.append(tag)
        for name, value in attrs:
            known = name in markdown.ATTRIBUTES.get(tag, ()) or (tag == "a" and name == "rel")
            if name == "class":
                known = set((value or "").split()) <= markdown.CLASSES.get(tag, frozenset())
            if not known:
                self.faults.append(f"{tag} {name}={value}")
            if name == "href":
                self.links.append(value or "")
                if not (value or "").lower().startswith(ADDRESSES):
                    self.faults.append(f"href {value}")
            if name == "id" and not (value or "").startswith(markdown.ID_PREFIX):
                self.faults.append(f"id {value}")


CORPUS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\nscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](javascript&colon;alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:msgbox)",
    "[a](file:///etc/passwd)",
    "[a](//evil.example/x)",
    "[a](\\\\evil.example)",
    "<javascript:alert(1)>",
    "<https://a.example/\"onmouseover=alert(1)>",
    "![a](javascript:alert(1))",
    "![\"onerror=alert(1)](https://a.example/x.png)",
    "![a](https://a.example/x.png 'title\" onload=alert(1)')",
    "[a]: javascript:alert(1)\n\n[a]",
    "[a](https://a.example '\"><script>alert(1)</script>')",
    "```<script>\nalert(1)\n```",
    "```html\n<script>alert(1)</script>\n```",
    "`<script>`",
    "| <b onclick=x> | style |\n|:--|--:|\n| <style>*{}</style> | x |",
    "# <a id=main href=javascript:1>x</a>",
    "# main\n\n# main",
    "<style>body{display:none}</style>",
    "<iframe srcdoc='<script>1</script>'></iframe>",
    "<form action=/sign-out method=post><button>x</button></form>",
    "<a href=ja&Tab;vascript:1>x</a>",
    "ticket://a/b/01ARZ3ND\"onclick=alert(1)",
    "TK-01ARZ3ND<script>",
    "\0<script>",
    "\u202e<b>\u2028</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!-- --!><script>alert(1)</script>",
    "<math><mtext></p><style><img src=x onerror=alert(1)></style></math>",
)  # fmt: skip


@pytest.mark.parametrize("text", CORPUS)
def test_nothing_that_somebody_writes_runs(text: str) -> None:
    assert Looking(render(text, TICKETS, anchors=True).html).faults == []


pieces = st.sampled_from(
    [*CORPUS, "[", "](", ")", "<", ">", '"', "'", "&", "`", "```", "\n", "\n\n", "|", "-", "#", "* ", "javascript:", "on",
     "TK-01ARZ3ND", "ticket://", "https://", "![", "\\", " ", "x"]
)  # fmt: skip


@given(st.lists(pieces | st.text(max_size=12), max_size=14).map("".join))
def test_no_text_at_all_gives_anything_but_what_is_allowed(text: str) -> None:
    html = render(text, TICKETS, anchors=True).html
    assert Looking(html).faults == []
    assert "<script" not in html.lower()


@given(st.text(alphabet="<>\"'&abc =/", max_size=60))
def test_cleaning_holds_without_the_parser(text: str) -> None:
    assert Looking(markdown.clean(f"<a {text}>{text}</a><img {text}><script>{text}</script>")).faults == []


def test_headings_never_skip_a_level() -> None:
    html = render("## a\n\n##### b\n\n### c\n\n## d\n\n# e").html
    assert [html[at + 1 : at + 3] for at in range(len(html)) if html.startswith("<h", at)] == [
        "h3",
        "h4",
        "h4",
        "h3",
        "h3",
    ]


def test_headings_stand_below_the_page_s_own_and_have_ids_of_their_own() -> None:
    html = render("# Plan\n\n###### Deep\n\n# Plan\n\n[up](#plan)", anchors=True).html
    assert '<h3 id="text-plan">Plan</h3>' in html
    assert '<h4 id="text-deep">Deep</h4>' in html
    assert '<h3 id="text-plan-2">Plan</h3>' in html
    assert 'href="#text-plan"' in html
    assert "id=" not in render("# Plan").html


@pytest.mark.parametrize(
    "text",
    [
        "TK-01ARZ3ND",
        "tk-01arz3nd",
        "TK-01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "ticket://shop/01ARZ3ND",
        "ticket://acme/shop/01ARZ3ND",
        "ticket://github.com/acme/shop/01ARZ3ND",
        "<ticket://acme/shop/01ARZ3ND>",
        "[shoes](ticket://acme/shop/01ARZ3ND)",
    ],
)
def test_whatever_names_a_ticket_leads_to_it(text: str) -> None:
    html = render(f"See {text}.", TICKETS).html
    assert Looking(html).links == [HERE]
    assert 'title="Sell shoes"' in html
    assert 'class="mention finished"' in html


@pytest.mark.parametrize(
    "text", ["TK-01BRZ3ND", "ticket://acme/shop/01BRZ3ND", "[x](ticket://acme/01BRZ3ND)", "XTK-01ARZ3ND", "`TK-01ARZ3ND`"]
)  # fmt: skip
def test_what_names_no_ticket_is_plain_text(text: str) -> None:
    assert Looking(render(text, TICKETS).html).links == []


def test_a_link_says_nothing_of_who_follows_it_and_leads_out_only_by_known_schemes() -> None:
    html = render("[a](https://a.example) https://b.example/(x)). <m@c.example> [d](../d.md)").html
    assert Looking(html).links == ["https://a.example", "https://b.example/(x)", "mailto:m@c.example"]
    assert html.count('rel="noopener noreferrer nofollow"') == 3


def test_an_image_is_a_link_with_its_description() -> None:
    html = render("![A shoe](https://a.example/shoe.png) ![Mine](shoe.png)").html
    assert "<img" not in html
    assert '<a href="https://a.example/shoe.png" class="picture" title="An image elsewhere"' in html
    assert "Mine" in html


def test_tables_strikes_and_tasks_are_known() -> None:
    html = render("| a | b |\n|--:|:-:|\n| ~~1~~ | 2 |\n\n- [x] done\n- [ ] open\n").html
    assert '<td class="right"><s>1</s></td>' in html
    assert '<td class="center">2</td>' in html
    assert '<li class="task">☑ done</li>' in html
    assert '<li class="task">☐ open</li>' in html


def test_code_is_coloured_by_classes_and_every_character_of_it_stays() -> None:
    code = "def f(x):\n    return '<b>' and \"&\"  # why\n"
    html = render(f"```py\n{code}```").html
    assert '<span class="k">def</span>' in html

    class Text(HTMLParser):
        found = ""

        def handle_data(self, data: str) -> None:
            self.found += data

    told = Text()
    told.feed(str(html))
    assert told.found.rstrip("\n") == code.rstrip("\n")


@pytest.mark.parametrize("language", ["", "nonsense", "py " * 3, "python" * 100])
def test_code_of_an_unknown_language_is_plain(language: str) -> None:
    assert "<b>" not in render(f"```{language}\n<b>\n```").html


@pytest.mark.parametrize(
    "text",
    [
        "word " * 800_000,
        ">" * 40_000 + " x",
        "".join(" " * (2 * level) + "- x\n" for level in range(2000)),
        "[" * 40_000,
        "|" + "a|" * 500 + "\n|" + "-|" * 500 + "\n" + "|a\n" * 10_000,
        "<" * 40_000,
        "https://a" + ")" * 40_000,
        "*a **b " * 6000,
    ],
    ids=["4 MiB", "quotes", "lists", "brackets", "cells", "angles", "parentheses", "stars"],
)
def test_hostile_texts_end_in_a_page_of_bounded_size(text: str) -> None:
    made = render(text, TICKETS)
    assert len(made.html) <= 100_000
    assert Looking(made.html).faults == []


def test_a_long_text_is_cut_between_lines_and_that_is_said() -> None:
    line = "a line of text\n"
    made = render(line * 10_000)
    assert made.is_cut
    assert made.html.rstrip().endswith("a line of text</p>")
    assert not render(line).is_cut
