"""What a reviewer sees hides nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.gate import shown


@pytest.mark.parametrize(
    ("char", "code"),
    [
        ("\u202e", "bidi"),
        ("\u2066", "bidi"),
        ("\u200f", "bidi"),
        ("\u061c", "bidi"),
        ("\u200b", "invisible"),
        ("\u200d", "invisible"),
        ("\ufeff", "invisible"),
        ("\u00ad", "invisible"),
        ("\u3164", "invisible"),
        ("\u2028", "invisible"),
        ("\x1b", "invisible"),
        ("\x85", "invisible"),
        ("\ufe0e", "invisible"),
        ("\U000e0041", "invisible"),
        ("\ue000", "invisible"),
    ],
)
def test_what_hides_or_turns_text_is_written_out_and_flagged(char: str, code: str) -> None:
    text = f"one\nif admin{char} # check"
    assert char not in shown.escaped(text)
    [flag] = shown.text_flags("file", text)
    assert (flag.code, flag.path, flag.line) == (code, "file", 2)
    assert f"U+{ord(char):04X}" in flag.message


@pytest.mark.parametrize("text", ["plain\n\ttext", "Grüße, 日本語, العربية", "→ ✓ 🙂", "e\u0301", "⚠\ufe0f"])
def test_ordinary_text_of_any_language_stays_as_it_is(text: str) -> None:
    assert shown.escaped(text) == text
    assert shown.text_flags("file", text) == []


def test_a_diff_is_exact_and_shows_what_line_ends_and_missing_ones_differ() -> None:
    seen = shown.diff([("a.txt", b"one\ntwo\nthree", b"one\r\ntwo\nthree\n")])
    assert seen.kind == "diff"
    assert seen.text == (
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n-one\n+one\\x0d\n two\n-three\n\\ No newline at end of file\n+three\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "head"),
    [
        (None, b"x\n", "--- /dev/null\n+++ b/f\n"),
        (b"x\n", None, "--- a/f\n+++ /dev/null\n"),
        (None, b"", "--- /dev/null\n+++ b/f\n"),
        (b"a\0b", b"c", "--- a/f\n+++ b/f\n(binary, 3 → 1 bytes)\n"),
    ],
)
def test_a_diff_says_what_is_new_gone_empty_or_no_text(
    before: bytes | None, after: bytes | None, head: str
) -> None:
    assert shown.diff([("f", before, after)]).text.startswith(head)


def test_what_differs_only_in_its_hidden_characters_is_seen_to_differ() -> None:
    text = shown.diff([("f", b"admin\n", "adm\u200bin\n".encode())]).text
    assert "+adm\\u200bin\n" in text


def test_bytes_that_are_no_text_are_shown_as_bytes() -> None:
    assert "+caf\\xe9\n" in shown.diff([("f", b"", b"caf\xe9\n")]).text


def test_what_was_hidden_before_already_is_not_flagged_again() -> None:
    before = "old\u200b\n".encode()
    assert shown.diff([("f", before, before + b"new\n")]).flags == ()
    assert [flag.line for flag in shown.diff([("f", before, before + "n\u200b\n".encode())]).flags] == [2]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (".github/workflows/ci.yml", "ci"),
        ("sub/.github/workflows/ci.yml", "ci"),
        (".gitlab-ci.yml", "ci"),
        (".tickets/policy.yml", "policy"),
        ("sub/.tickets/policy.yml", "policy"),
        ("AGENTS.md", "agents"),
        ("docs/CLAUDE.md", "agents"),
        (".claude/skills/x/SKILL.md", "agents"),
        (".gitattributes", "hooks"),
        (".gitmodules", "hooks"),
        (".husky/pre-commit", "hooks"),
        ("uv.lock", "lock"),
        ("web/package-lock.json", "lock"),
        ("a\u202eb", "invisible"),
    ],
)
def test_files_that_are_more_than_they_seem_are_flagged(path: str, code: str) -> None:
    assert [flag.code for flag in shown.path_flags(path)] == [code]


@pytest.mark.parametrize("path", ["src/main.py", "docs/workflows.md", "policy.yml", "README.md"])
def test_ordinary_files_are_not_flagged(path: str) -> None:
    assert shown.path_flags(path) == []


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ("100644", "100755", ["executable", "mode"]),
        ("000000", "100755", ["executable"]),
        ("000000", "120000", ["mode"]),
        ("000000", "160000", ["mode"]),
        ("100755", "100644", ["mode"]),
        ("000000", "100644", []),
        ("100644", "100644", []),
        ("100644", "000000", []),
    ],
)
def test_changes_of_mode_are_flagged(before: str, after: str, codes: list[str]) -> None:
    assert [flag.code for flag in shown.mode_flags("f", before, after)] == codes


def test_a_change_of_mode_alone_is_in_the_text_that_is_shown() -> None:
    text = shown.diff([("f", b"x", b"x")], modes={"f": ("100644", "100755")}).text
    assert text.startswith("mode 100644 → 100755 f\n")


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("Fix p\u0430ypal login", True),
        ("Исправить вход", False),
        ("naïve Straße", False),
        ("Fix Ωmega", True),
    ],
)
def test_words_that_mix_scripts_are_flagged(text: str, flagged: bool) -> None:
    assert bool(shown.lookalike_flags("title", text)) is flagged


def test_very_long_lines_are_flagged_and_the_flags_of_one_kind_come_to_an_end() -> None:
    flags = shown.text_flags("f", ("x" * 501 + "\n") * 100)
    assert [flag.code for flag in flags] == ["long-line"] * shown.FLAGS_OF_ONE_KIND


def test_texts_too_long_to_compare_are_shown_whole() -> None:
    before, after = b"a\n" * shown.LINES_COMPARED, b"b\n"
    text = shown.diff([("f", before, after)]).text
    assert text.count("\n-a") == shown.LINES_COMPARED
    assert text.endswith("+b\n")


def test_a_small_change_in_a_very_long_text_is_shown_as_one() -> None:
    lines = [b"%d\n" % number for number in range(100_000)]
    text = shown.diff([("f", b"".join(lines), b"".join([*lines[:50_000], b"new\n", *lines[50_000:]]))]).text
    assert text == (
        "--- a/f\n+++ b/f\n@@ -49998,6 +49998,7 @@\n 49997\n 49998\n 49999\n+new\n 50000\n 50001\n 50002\n"
    )


def test_many_files_are_not_all_compared_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "LINES_COMPARED_IN_ALL", 6)
    files = [(name, b"a\nsame\nb\n", b"c\nsame\nd\n") for name in ("one", "two")]
    assert shown.diff(files).text.count("\n same\n") == 1


LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), max_size=30)


@given(first=LINES, second=LINES, ends=st.booleans())
def test_a_difference_can_be_applied_to_what_was_there(
    first: list[bytes], second: list[bytes], ends: bool
) -> None:
    tail = b"\n" if ends else b""
    before, after = b"\n".join(first) + tail, b"\n".join(second) + tail
    text = shown.diff([("f", before, after)]).text
    assert applied(before.decode().splitlines(), text.splitlines()) == after.decode().splitlines()


def applied(lines: list[str], text: list[str]) -> list[str]:
    """Applies a difference to lines, checking every line that it names."""
    made: list[str] = []
    at = 0
    for line in text[2:]:
        if line.startswith("@@ "):
            old, new = [part[1:].partition(",") for part in line.split(" ")[1:3]]
            begin = int(old[0]) - (old[2] != "0")
            made += lines[at:begin]
            at = begin
            assert len(made) == int(new[0]) - (new[2] != "0")
        elif line.startswith("\\"):
            continue
        else:
            if line[0] in " -":
                assert lines[at] == line[1:]
                at += 1
            if line[0] in " +":
                made.append(line[1:])
    return made + lines[at:]


@given(before=st.binary(max_size=60), after=st.binary(max_size=60), path=st.text(min_size=1, max_size=20))
def test_nothing_hidden_comes_through_whatever_the_bytes_and_different_bytes_look_different(
    before: bytes, after: bytes, path: str
) -> None:
    seen = shown.diff([(path, before, after)])
    assert not any(shown.is_hidden(char) for char in seen.text)
    assert (seen.text == "") is (before == after)


def added(after: str, before: str = "") -> list[str]:
    """Returns the codes of what is flagged in a change of a file."""
    seen = shown.diff([("a.txt", before.encode() or None, after.encode())])
    return [flag.code for flag in seen.flags]


@pytest.mark.parametrize(
    "text",
    [
        "import ok\u0441rypt", "pay at p\u0430ypal.example", "if is_\u0430dmin == isAdm\u0456n:", "g\u03bfogle", "micr\u03bfsoft\n",
        "w\u0585rk", "\u0410dmin", "x\u0455",
    ],
)  # fmt: skip
def test_a_word_that_passes_for_another_is_flagged_where_it_is_added(text: str) -> None:
    assert set(added(text)) == {"lookalike"}
    assert added(f"{text}\nmore\n", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Добавлен API для git, веб-страница и HTTP-запрос", "три PRы и IDшник", "Η μέθοδος GET και το API", "Δx = αβ + σ_x, λx, μm, Σn, ρV, νt, αx, 2πr",
        "注意: 日本語のAPIとgitコマンド", "Հայերեն text", "naïve café Straße Øre", "ticket_имя user_а", "δelta Ωmega πmax θmin λcalculus",
        "C++20 и x86-64", "Это 5км, 10kg, №3", "\u00b5m",
    ],
)  # fmt: skip
def test_honest_text_of_several_scripts_is_not_flagged(text: str) -> None:
    assert added(text) == []


def test_what_was_there_before_takes_no_place_from_what_is_added() -> None:
    old = "".join([f"{number}\u202e\n" for number in range(shown.FLAGS_OF_ONE_KIND + 5)])
    assert added(f"{old}new\u202e\n", old) == ["bidi"]
