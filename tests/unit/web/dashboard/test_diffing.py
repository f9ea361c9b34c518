"""The change as HTML: its text is the text that was shown, nothing of it is markup, and it costs little."""

from __future__ import annotations

import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.gate import shown
from counterfoil.gate.action import DIFF, PREVIEW, Flag, Shown
from counterfoil.web.dashboard import diff_reading, diff_words, diffing

WHOLE = sys.maxsize
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\n\n\n -+@\\<>&\"'`#:[]*_\t\r\u202e\u200b\u2028\x00\x85é0"),
        st.characters(exclude_categories=()),
    )
)
TAGS = {"div", "span", "details", "summary"}
ATTRIBUTES = {"class", "data-o", "data-n", "title"}


class Page(HTMLParser):
    """Takes HTML apart, strictly: every element is closed, and there is none but ours."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.spans: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        self._open.append((tag, dict(attrs).get("class") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not any("aside" in classes.split() for _, classes in self._open):
            self.parts.append(data)
            self.spans.append((self._open[-1][1], data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    @property
    def text(self) -> str:
        """The text, `aside` apart."""
        return "".join(self.parts)

    def marked(self, name: str) -> list[str]:
        """Returns the texts that bear a class."""
        return [text for classes, text in self.spans if name in classes.split()]


def page(seen: Shown) -> Page:
    return Page(diffing.render(seen, 0, WHOLE, WHOLE).html)


def changed(before: str | None, after: str | None, path: str = "notes.txt") -> Shown:
    return shown.diff([(path, *[None if text is None else text.encode() for text in (before, after)])])


# --- nothing is added, nothing is missing --------------------------------------------------------------


@settings(deadline=None)
@given(
    before=HOSTILE | st.none(),
    after=HOSTILE | st.none(),
    path=st.sampled_from(["a.md", "b.py", "c.yml", "<d>.json"]),
)
def test_the_text_in_the_html_of_a_difference_is_the_text_that_was_shown(
    before: str | None, after: str | None, path: str
) -> None:
    pair = [None if text is None else text.encode("utf-8", "surrogatepass") for text in (before, after)]
    seen = shown.diff([(path, pair[0], pair[1])])
    assert page(seen).text == seen.text


@settings(deadline=None)
@given(text=HOSTILE, kind=st.sampled_from([DIFF, PREVIEW]))
def test_a_text_from_anywhere_comes_out_with_everything_hidden_written_out(text: str, kind: str) -> None:
    assert page(Shown(kind, text)).text == shown.escaped(text)


@settings(deadline=None)
@given(
    texts=st.lists(HOSTILE, min_size=2, max_size=2), lines=st.integers(1, 5), characters=st.integers(1, 40)
)
def test_the_pages_of_a_change_put_together_are_the_whole_of_it(
    texts: list[str], lines: int, characters: int
) -> None:
    seen = shown.diff([("a.md", *[text.encode("utf-8", "surrogatepass") for text in texts])])
    parts, at, is_end = [], 0, not seen.text
    while not is_end:
        found = diffing.render(seen, at, lines, characters)
        assert found.first == at < found.last
        parts.append(Page(found.html).text)
        at, is_end = found.last, found.is_end
    assert "".join(parts) == seen.text


@settings(deadline=None)
@given(text=HOSTILE)
def test_lines_put_together_are_the_text(text: str) -> None:
    assert "".join([line.text for line in diff_reading.read(text)]) == text


def test_what_is_taken_for_plain_holds_nothing_hidden() -> None:
    plain = [chr(code) for code in range(sys.maxunicode + 1) if diffing._is_plain(chr(code))]
    assert not any(map(shown.is_hidden, plain))
    assert len(plain) > 100_000


def test_a_line_that_looks_like_a_head_is_a_line_of_its_hunk() -> None:
    seen = changed("-- a/else\n++ b/else\nkept\n", "kept\n++ b/other\n@@ -1 +1 @@\n", "real.txt")
    assert {line.path for line in diff_reading.read(seen.text)} == {"real.txt"}
    kinds = [line.kind for line in diff_reading.read(seen.text)]
    assert kinds == ["file", "file", "hunk", "old", "old", "same", "new", "new"]


# --- what is to be seen in it ------------------------------------------------------------------------


def test_lines_bear_the_numbers_of_the_texts_before_and_after() -> None:
    seen = changed(
        "".join([f"{n}\n" for n in range(1, 30)]), "".join([f"{n}\n" for n in range(1, 30) if n != 20])
    )
    lines = {line.text: line for line in diff_reading.read(seen.text)}
    assert (lines["-20\n"].old, lines["-20\n"].new) == (20, 0)
    assert (lines[" 21\n"].old, lines[" 21\n"].new) == (21, 20)


def test_words_that_differ_are_marked_and_no_others() -> None:
    found = page(changed("the door is open today\n", "the door is shut today\n"))
    assert found.marked("w") == ["open", "shut"]


def test_lines_that_have_little_in_common_are_marked_nowhere() -> None:
    assert page(changed("alpha beta gamma\n", "one two three four\n")).marked("w") == []


def test_a_ticket_is_coloured_as_front_matter_and_markdown() -> None:
    found = page(changed(None, "---\ntitle: Fix\n---\n\n# Head\n", ".tickets/X.md"))
    assert found.marked("nt") == ["title"]
    assert found.marked("gh") == ["# Head"]


def test_code_is_coloured_by_the_name_of_its_file() -> None:
    assert "def" in page(changed(None, "def f():\n    return 1\n", "src/a.py")).marked("k")
    assert page(changed(None, "def f():\n    return 1\n", "src/a.unknown")).marked("k") == []


def test_what_turns_text_or_cannot_be_seen_is_marked_where_it_stands_and_named() -> None:
    html = diffing.render(changed("a\n", "a\u202eb\u200bc\n"), 0, WHOLE, WHOLE).html
    found = Page(html)
    assert found.marked("turns") == ["\\u202e"]
    assert found.marked("z") == ["\\u202e", "\\u200b"]
    assert 'title="U+202E RIGHT-TO-LEFT OVERRIDE"' in html
    assert "\u202e" not in html


def test_a_change_of_mode_is_a_line_of_its_own_and_a_binary_file_says_so() -> None:
    seen = shown.diff(
        [("run.sh", b"a\n", b"a\n"), ("x.bin", None, b"\0")], (), {"run.sh": ("100644", "100755")}
    )
    found = page(seen)
    assert found.marked("o") == ["mode 100644 → 100755 run.sh\n"]
    assert found.marked("p") == ["(binary, 0 → 1 bytes)\n"]
    assert found.text == seen.text


def test_masked_secrets_are_marked() -> None:
    assert page(Shown(PREVIEW, "text: [github-token-redacted]\n")).marked("q") == ["[github-token-redacted]"]


def test_a_long_stretch_without_a_change_is_folded_and_still_there() -> None:
    body = "".join([f" line {n}\n" for n in range(30)])
    seen = Shown(DIFF, f"--- a/x\n+++ b/x\n@@ -1,31 +1,30 @@\n{body}-gone\n")
    html = diffing.render(seen, 0, WHOLE, WHOLE).html
    assert html.count("<details") == 1
    assert "24 unchanged lines" in html
    assert Page(html).text == seen.text


def test_a_change_that_is_cut_says_so() -> None:
    seen = changed(None, "x\n" * 500)
    found = diffing.render(seen, 0, 100)
    assert (found.first, found.last, found.lines, found.is_whole, found.is_end) == (0, 100, 503, False, False)
    assert diffing.render(seen, 0, 503).is_whole


def test_a_line_longer_than_a_page_goes_on_on_the_next_one() -> None:
    seen = changed(None, "<" * 2_500 + "\n")
    found = diffing.render(seen, 3, 800, 1_000)
    assert (found.first, found.last, found.lines, found.total) == (3, 4, 6, 4)
    assert Page(found.html).text == "+" + "<" * 999


def test_counts_and_files_are_of_the_whole_change() -> None:
    seen = shown.diff([("a", b"1\n", b"2\n3\n"), ("b", None, b"x\n")])
    found = diffing.render(seen, 0, 1)
    assert (found.added, found.removed, found.files) == (3, 1, ("a", "b"))


@pytest.mark.parametrize("code", ["bidi", "policy", "made-up<b>"])
def test_flags_are_told_in_words_and_an_unknown_one_by_its_code(code: str) -> None:
    (flag,) = diffing.told([Flag(code, "a\u202e.md", 3, "look\u200b")])
    assert flag.place == "a\\u202e.md:3"
    assert flag.message == "look\\u200b"
    assert flag.label


# --- what it costs -------------------------------------------------------------------------------------


class Counting(diff_words.Words):
    """Counts what is really compared."""

    compared = 0

    def _compared(self, first, second):  # type: ignore[no-untyped-def]
        before = self._left
        found = super()._compared(first, second)
        self.compared += before - self._left
        return found


def test_comparing_words_never_costs_more_than_its_budget() -> None:
    words = Counting(budget=10_000)
    for _ in range(50):
        words.changed("a b " * 20 + "x", "b a " * 20 + "y")
    assert 0 < words.compared <= 10_000


def test_a_line_of_a_million_characters_is_neither_compared_nor_coloured() -> None:
    found = page(changed("a b " * 250_000, "b a " * 250_000, "a.py"))
    assert {classes for classes, _ in found.spans} == {"f", "h", "d", "a", "e"}


def test_thousands_of_hidden_characters_are_all_written_out_and_the_first_of_them_marked() -> None:
    seen = changed(None, "\u202e\u200bx" * 1_000 + "\n")
    found = page(seen)
    assert found.text == seen.text
    assert len(found.marked("z")) == diffing.MARKED


@settings(deadline=None)
@given(old=st.text("ab <\n", max_size=60), new=st.text("ab <\n", max_size=60))
def test_what_is_not_marked_is_the_same_in_both_lines(old: str, new: str) -> None:
    first, second = diff_words.Words().changed(old, new)
    if first or second:
        assert _without(old, first) == _without(new, second)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    gone = {at for start, end in spans for at in range(start, end)}
    return "".join([char for at, char in enumerate(text) if at not in gone])
