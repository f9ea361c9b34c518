"""Markdown as HTML that can be shown to anybody: parsed without HTML, then cleaned by an allowlist.

What people write in tickets and comments is anybody's. HTML in it is shown as text. What the parser makes of the rest
goes through nh3 with the few elements and attributes that are named here, so a fault of the parser harms nobody
either (dashboard.md, "Security"). Images are not loaded, as that would tell a stranger who looks: they are links.
Only `http`, `https` and `mailto` lead anywhere; what names a ticket leads to it where there is one.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from counterfoil.kernel.digest import sha256_hex
from counterfoil.web.dashboard import highlighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

TEXT_MAX = 40_000
"""Characters that are rendered; of a longer text its beginning is. The gate takes bodies of 10,000."""
HTML_MAX = 90_000
"""Characters that come of it; what grows beyond, as tables can, is shown as it was written."""
PLAIN_MAX = 18_000
"""Characters of such a text."""
CELLS_MAX = 10_000
"""A text whose tables can have more cells has none."""
NESTING = 20
KEPT = 400
KEPT_CHARACTERS = 4_000_000
"""How much is kept of what was rendered."""
OUTER = ("http://", "https://", "mailto:")
TOP = 3
"""The level of a text's highest headings: a page has its title, and its sections have theirs."""
ID_PREFIX = "text-"
"""Begins the ids of headings, so that none is an id of the page."""

TAGS = frozenset((
    "a", "blockquote", "br", "code", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
))  # fmt: skip
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "a": frozenset(("href", "title")), "ol": frozenset(("start",)), "pre": frozenset(("tabindex",)),
    "div": frozenset(("tabindex",)), **{f"h{level}": frozenset(("id",)) for level in range(TOP, 7)},
}  # fmt: skip
ALIGNED = frozenset(("left", "center", "right"))
CLASSES: Mapping[str, frozenset[str]] = {
    "a": frozenset(("mention", "finished", "picture")), "span": highlighting.CLASSES | {"box"},
    "pre": frozenset(("code",)), "div": frozenset(("wide",)), "li": frozenset(("task",)), "td": ALIGNED, "th": ALIGNED,
}  # fmt: skip
REL = "noopener noreferrer nofollow"

_REST = r"[^\s<>\"'`\\^{}|]+"
_LINK_REST = r"[^\s<>()\[\]\"'`\\^{}|]+"
"""As `naming.links` has it."""


class Target(NamedTuple):
    """A ticket that a text names.

    Attributes:
        href: its page.
        title: what is shown when one points at it.
        is_finished: whether nothing is left to do.
    """

    href: str
    title: str
    is_finished: bool = False


class Rendered(NamedTuple):
    """What became of a text.

    Attributes:
        html: safe to be sent.
        is_cut: whether it is only the beginning.
    """

    html: Markup
    is_cut: bool


class Tickets(NamedTuple):
    """How tickets are found that a text names.

    Attributes:
        prefix: of display ids, `TK`.
        find: returns the ticket that a `ticket://` link or a display id stands for, or None.
    """

    prefix: str
    find: Callable[[str], Target | None]

    def named(self, text: str) -> dict[str, Target]:
        """Returns the tickets that a text names, by the way in which it does."""
        found = {}
        for match in _pattern(self.prefix).finditer(text):
            kind, words = match.lastgroup, match.group()
            if kind != "url":
                words = words.rstrip(".,;:!?*_~")
                target = self.find(words)
                if target is not None:
                    found[words] = target
        return found


NO_TICKETS = Tickets("", lambda _: None)


class _Kept:
    """What was rendered before, so that a page costs what is new on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[object, Rendered] = OrderedDict()
        self._characters = 0

    def get(self, key: object) -> Rendered | None:
        """Returns what was made of a text."""
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: object, made: Rendered) -> None:
        """Keeps it, and forgets what nobody has asked for the longest."""
        with self._lock:
            if key in self._found:
                return
            self._found[key] = made
            self._characters += len(made.html)
            while len(self._found) > KEPT or self._characters > KEPT_CHARACTERS:
                self._characters -= len(self._found.popitem(last=False)[1].html)


_KEPT = _Kept()


def render(text: str, tickets: Tickets = NO_TICKETS, *, anchors: bool = False) -> Rendered:
    """Makes HTML of Markdown (CommonMark, with tables, strikethrough and task lists).

    Args:
        text: anybody's.
        tickets: finds those that the text names.
        anchors: whether headings get ids, and links to them lead there; for the one text of a page.
    """
    is_cut = len(text) > TEXT_MAX
    if is_cut:
        text = _beginning(text)
    named = tickets.named(text) if tickets.prefix else {}
    key = (sha256_hex(text.encode("utf-8", "surrogatepass")), tuple(named.items()), anchors, is_cut)
    found = _KEPT.get(key)
    if found is None:
        made = _rendered(text, tickets.prefix, named, anchors)
        if made is None:
            made = clean(f'<pre tabindex="0">{escape(text[:PLAIN_MAX])}</pre>')
            is_cut = is_cut or len(text) > PLAIN_MAX
        found = Rendered(Markup(made), is_cut)
        _KEPT.put(key, found)
    return found


def _beginning(text: str) -> str:
    """Returns so much of a text as is rendered: whole lines where there are any."""
    end = text.rfind("\n", TEXT_MAX // 2, TEXT_MAX)
    return text[: end if end > 0 else TEXT_MAX]


def _rendered(text: str, prefix: str, named: Mapping[str, Target], anchors: bool) -> str | None:
    """Returns a text as HTML; None for one that nobody can have meant to be read."""
    parser = _parser(with_tables=_cells(text) <= CELLS_MAX)
    try:
        tokens = parser.parse(text)
        _Shaping(prefix, named, anchors).shape(tokens)
        made: str = parser.renderer.render(tokens, parser.options, {})
    except RecursionError:
        made = ""
    if len(made) > HTML_MAX or (not made and text.strip()):
        return None
    return clean(made)


def _cells(text: str) -> int:
    """Returns how many cells a text's tables can have at most: each row is filled up to the widest."""
    rows = [line.count("|") for line in text.split("\n") if "|" in line]
    return max(rows, default=0) * len(rows)


def clean(html: str) -> str:
    """Returns HTML with nothing in it but what is allowed here."""
    import nh3

    cleaned: str = nh3.clean(
        html, tags=set(TAGS), attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        allowed_classes={tag: set(names) for tag, names in CLASSES.items()}, link_rel=REL,
        url_schemes={"http", "https", "mailto"}, clean_content_tags={"script", "style"}, strip_comments=True,
    )  # fmt: skip
    return cleaned


# --- parsing --------------------------------------------------------------------------------------


@cache
def _parser(*, with_tables: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING})
    parser.enable(["table", "strikethrough"] if with_tables else ["strikethrough"])
    parser.disable(["html_block", "html_inline"])
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_block", _fence)
    parser.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _fence(_renderer: object, tokens: Sequence[Token], at: int, *_: object) -> str:
    token = tokens[at]
    language = highlighting.language_of(token.info.split(maxsplit=1)[0] if token.info.strip() else "")
    return f'<pre class="code" tabindex="0"><code>{highlighting.coloured(token.content, language)}</code></pre>\n'


@cache
def _pattern(prefix: str) -> re.Pattern[str]:
    """Returns what finds addresses and names of tickets in a text."""
    return re.compile(
        rf"(?P<link>(?<![\w+.-])ticket://{_LINK_REST})|(?P<url>(?<!\w)https?://{_REST})"
        rf"|(?P<display>(?<![\w/-]){re.escape(prefix)}-[0-9A-Za-z]{{8,26}}(?![\w-]))",
        re.IGNORECASE,
    )


class _Shaping:
    """Makes of the parser's tokens those of a page: headings below its own, links that lead somewhere."""

    def __init__(self, prefix: str, named: Mapping[str, Target], anchors: bool) -> None:
        self._prefix = prefix
        self._named = named
        self._anchors = anchors
        self._ids: dict[str, int] = {}
        self._above: list[int] = []

    def shape(self, tokens: list[Token]) -> None:
        """Changes tokens in their place."""
        for at, token in enumerate(tokens):
            if token.type in {"heading_open", "heading_close"}:
                token.tag = f"h{self._level(int(token.tag[1:]))}"
                if token.nesting > 0 and self._anchors:
                    token.attrSet("id", self._id(tokens[at + 1]))
            elif token.type in {"th_open", "td_open"}:
                style = str(token.attrs.pop("style", ""))
                if style.startswith("text-align:"):
                    token.attrSet("class", style.removeprefix("text-align:"))
            elif token.type == "inline" and token.children:
                token.children = list(self._inline(token.children))
                if at > 1 and tokens[at - 2].type == "list_item_open":
                    _tick(tokens[at - 2], token)

    def _level(self, level: int) -> int:
        """Returns the level of a heading on the page: below the page's own, and never two below the one before."""
        while self._above and self._above[-1] >= level:
            self._above.pop()
        self._above.append(level)
        return min(6, TOP + len(self._above) - 1)

    def _id(self, heading: Token) -> str:
        words = "".join(
            [child.content for child in heading.children or () if child.type in {"text", "code_inline"}]
        )
        slug = re.sub(r"[^\w]+", "-", words.lower())[:60].strip("-") or "part"
        number = self._ids[slug] = self._ids.get(slug, 0) + 1
        return f"{ID_PREFIX}{slug}" + (f"-{number}" if number > 1 else "")

    def _inline(self, children: Sequence[Token]) -> Iterator[Token]:
        """Yields the tokens of one text; what leads nowhere is no link any more."""
        open_links: list[bool] = []
        for token in children:
            if token.type == "link_open":
                leads = self._lead(token)
                open_links.append(leads)
                if leads:
                    yield token
            elif token.type == "link_close":
                if open_links and open_links.pop():
                    yield token
            elif token.type == "image":
                yield from self._image(token, inside=any(open_links))
            elif token.type == "text" and not any(open_links):
                yield from self._text(token)
            else:
                yield token

    def _lead(self, token: Token) -> bool:
        """Gives a link its address; tells whether it leads anywhere."""
        href = str(token.attrs.get("href", ""))
        target = self._named.get(href.rstrip(".,;:!?*_~"))
        if target is not None:
            token.attrs = dict(_attributes(target))
            return True
        if href.startswith("#") and self._anchors and len(href) > 1:
            token.attrs["href"] = f"#{ID_PREFIX}{href[1:]}"
            return True
        return href.lower().startswith(OUTER)

    def _image(self, token: Token, *, inside: bool) -> Iterator[Token]:
        """Yields a link with the image's description, or the description alone."""
        source = str(token.attrs.get("src", ""))
        words = token.content.strip() or "image"
        if inside or not source.lower().startswith(("http://", "https://")):
            yield _words(words)
            return
        yield from _linked(words, {"href": source, "class": "picture", "title": "An image elsewhere"})

    def _text(self, token: Token) -> Iterator[Token]:
        text, at = token.content, 0
        for match in _pattern(self._prefix or "\0").finditer(text) if "-" in text or "://" in text else ():
            words = match.group().rstrip(".,;:!?*_~")
            if match.lastgroup == "url":
                words = _balanced(words)
                attributes: Mapping[str, str] = {"href": words}
            else:
                target = self._named.get(words)
                if target is None:
                    continue
                attributes = _attributes(target)
            if match.start() > at:
                yield _words(text[at : match.start()])
            yield from _linked(words, attributes)
            at = match.start() + len(words)
        if at < len(text):
            yield _words(text[at:])


def _balanced(words: str) -> str:
    """Returns an address without the brackets at its end that close what was opened before it."""
    surplus = words.count(")") - words.count("(")
    while surplus > 0 and words.endswith(")"):
        words = words[:-1].rstrip(".,;:!?*_~")
        surplus -= 1
    return words


def _attributes(target: Target) -> dict[str, str]:
    name = "mention finished" if target.is_finished else "mention"
    return {"href": target.href, "title": target.title, "class": name}


def _words(text: str) -> Token:
    from markdown_it.token import Token

    return Token("text", "", 0, content=text)


def _linked(words: str, attributes: Mapping[str, str]) -> Iterator[Token]:
    from markdown_it.token import Token

    yield Token("link_open", "a", 1, attrs=dict(attributes))
    yield _words(words)
    yield Token("link_close", "a", -1)


BOXES = {"[ ] ": "☐", "[x] ": "☑", "[X] ": "☑"}
"""Tasks in lists: nothing can be ticked here, so they are signs and no fields."""


def _tick(item: Token, inline: Token) -> None:
    """Makes a task of an item of a list that begins with a box."""
    first = inline.children[0] if inline.children else None
    if first is not None and first.type == "text" and first.content[:4] in BOXES:
        first.content = f"{BOXES[first.content[:4]]} {first.content[4:]}"
        item.attrSet("class", "task")
