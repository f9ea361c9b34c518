"""Source code in colours, as classes: a style sheet says which colour a class has, so nothing is said inline.

Only languages of the list are coloured, and only blocks of a sensible size: a lexer is made of regular
expressions, and the text that it is given is anybody's.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_MAX = 16_000
LINE_MAX = 1_000
"""Characters of a block and of a line; beyond that a block is shown without colours."""
LANGUAGES = {
    **dict.fromkeys(("bash", "sh", "shell", "zsh"), "bash"),
    **dict.fromkeys(("js", "javascript", "jsx", "mjs"), "javascript"),
    **dict.fromkeys(("ts", "typescript", "tsx"), "typescript"),
    **dict.fromkeys(("py", "python", "python3"), "python"),
    **dict.fromkeys(("yaml", "yml"), "yaml"),
    **dict.fromkeys(("diff", "patch"), "diff"),
    **dict.fromkeys(("console", "terminal", "shell-session"), "console"),
    **dict.fromkeys(("rust", "rs"), "rust"),
    **dict.fromkeys(("go", "golang"), "go"),
    **dict.fromkeys(("c++", "cpp"), "cpp"),
    **dict.fromkeys(("c#", "cs", "csharp"), "csharp"),
    **dict.fromkeys(("kt", "kotlin"), "kotlin"),
    **dict.fromkeys(("rb", "ruby"), "ruby"),
    **dict.fromkeys(("ini", "cfg"), "ini"),
    **{name: name for name in ("json", "toml", "c", "java", "swift", "php", "sql", "css", "html", "xml")},
}
"""The name of Pygments' lexer by what people write behind the fence."""
SHOWN = {
    "Comment": "c", "Keyword": "k", "Literal.String": "s", "Literal.Number": "m", "Name.Function": "nf", "Name.Class": "nc",
    "Name.Tag": "nt", "Name.Attribute": "na", "Name.Builtin": "nb", "Name.Decorator": "nd", "Name.Constant": "m",
    "Operator.Word": "ow", "Generic.Deleted": "gd", "Generic.Inserted": "gi", "Generic.Heading": "gh",
    "Generic.Subheading": "gu", "Generic.Prompt": "c",
}  # fmt: skip
"""The few kinds of words that have a colour of their own, and their class."""
CLASSES = frozenset(SHOWN.values())


def language_of(name: str) -> str:
    """Returns the lexer for what stands behind a fence, empty for none."""
    return LANGUAGES.get(name.strip().lower(), "")


def pieces(code: str, language: str) -> Iterator[tuple[str, str]]:
    """Yields the text in pieces, each with its class; the pieces together are the text.

    Args:
        code: the text.
        language: as `language_of` returns it; empty gives one piece without a class.
    """
    if not language or len(code) > BLOCK_MAX or max(map(len, code.split("\n"))) > LINE_MAX:
        yield "", code
        return
    kept, name = "", ""
    for kind, text in _lexer(language).get_tokens(code):
        found = _class_of(kind)
        if found == name:
            kept += text
            continue
        if kept:
            yield name, kept
        kept, name = text, found
    if kept:
        yield name, kept


def coloured(code: str, language: str) -> str:
    """Returns a text as HTML: everything escaped, and `<span class=…>` around what has a colour."""
    return "".join(
        [
            f'<span class="{name}">{escape(text)}</span>' if name else str(escape(text))
            for name, text in pieces(code, language)
        ]
    )


@cache
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]

    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


@cache
def _class_of(kind: Any) -> str:
    """Returns the class of a kind of token, or of the nearest kind above it."""
    words = [str(part) for part in kind]
    while words:
        found = SHOWN.get(".".join(words))
        if found is not None:
            return found
        words.pop()
    return ""
