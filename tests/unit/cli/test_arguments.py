"""The command line's parser: the table is all it knows, and nothing but usage errors comes out."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counterfoil.cli.arguments import entry, find_verb, parse
from counterfoil.cli.table import COMMON, VERBS
from counterfoil.errors import InputError

OPTIONS = sorted({name for verb in VERBS.values() for option in (*COMMON, *verb[4]) for name in option[0]})
WORDS = st.one_of(
    st.sampled_from([*VERBS, *OPTIONS, "--", "-", "--state=x", "--json=1", ""]), st.text(max_size=6)
)


@given(st.lists(WORDS, max_size=8))
@example(["--project"])
@example(["--", "new"])
@example(["move", "--", "--", "x"])
@example(["ledger"])
@example(["ledger", "--", "tail"])
def test_any_words_are_understood_or_a_usage_error(words: list[str]) -> None:
    error = None
    try:
        verb = parse(words).verb
    except InputError as caught:
        error, verb = caught, ""
    if error is None:
        assert entry(verb)
        assert verb.split(" ")[0] in words
    else:
        assert error.code == "usage"
        assert error.hint.startswith("ticket ")
        assert error.hint.endswith("--help")


@given(st.text(max_size=12), st.text(max_size=12))
def test_what_stands_behind_two_dashes_is_never_an_option(ticket: str, state: str) -> None:
    arguments = parse(["move", "--ci", "--", ticket, state])
    assert (arguments.values["id"], arguments.values["state"]) == (ticket, state)
    assert arguments.flag("ci")


@given(
    st.permutations([["--json"], ["-p", "p1"], ["--label=a"], ["--assignee", "human:x"], ["-s", "--odd"]]),
    st.data(),
)
def test_the_order_of_options_does_not_matter(groups: list[list[str]], data: st.DataObject) -> None:
    expected = parse(["new", "T", "--json", "-p", "p1", "--label=a", "--assignee", "human:x", "-s", "--odd"])
    groups = [*groups]
    groups.insert(data.draw(st.integers(0, len(groups))), ["T"])
    words = [word for group in groups for word in group]
    assert parse(["new", *words]).values == expected.values


@given(st.text(max_size=12))
def test_a_value_may_follow_or_be_joined(value: str) -> None:
    separate = parse(["edit", "X", "--body", value]).values
    assert separate["body"] == value
    assert parse(["edit", "X", f"--body={value}"]).values == separate


def test_repeatable_options_keep_their_order_and_the_last_of_others_counts() -> None:
    arguments = parse(["list", "-l", "b", "--label", "a", "-n", "1", "--limit", "2"])
    assert arguments.many("label") == ["b", "a"]
    assert arguments.number("limit") == 2


def test_options_of_every_verb_may_stand_in_front_of_it() -> None:
    arguments = parse(["--project", "web", "--json", "list", "--all"])
    assert (arguments.verb, arguments.text("project"), arguments.flag("json"), arguments.flag("all")) == (
        "list", "web", True, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "position"),
    [([], -1), (["--json"], -1), (["--project", "new"], -1), (["--project", "x", "new"], 2), (["--project=x", "new"], 1)],
)  # fmt: skip
def test_the_verb_is_the_first_word_that_is_no_option(words: list[str], position: int) -> None:
    assert find_verb(words) == position


@pytest.mark.parametrize(
    ("words", "message", "hint", "fields"),
    [
        ([], "name a verb", "ticket --help", {"missing": "verb"}),
        (["--json"], "name a verb", "ticket --help", {"missing": "verb"}),
        (["lst"], "there is no verb 'lst'; did you mean `ticket list`?", "ticket --help", None),
        (["hooks"], "there is no verb 'hooks'", "ticket --help", None),
        (["xyzzy-quux"], "there is no verb 'xyzzy-quux'", "ticket --help", None),
        (["show"], "show needs ID", "ticket show --help", {"missing": "id"}),
        (["move", "x"], "move needs STATE", "ticket move --help", {"missing": "state"}),
        (["show", "a", "b"], "show does not take 'b'", "ticket show --help", {"value": "b"}),
        (
            ["search", "a", "b"], "search does not take 'b'; put quotes around a text of several words",
            "ticket search --help", {"value": "b"},
        ),
        (
            ["list", "--stat", "x"], "list has no option --stat; did you mean --state?",
            "ticket list --help", {"option": "--stat"},
        ),
        (["list", "-x"], "list has no option -x", "ticket list --help", None),
        (["list", "--all=yes"], "--all takes no value", "ticket list --help", {"option": "--all"}),
        (["list", "--state"], "--state needs a value: --state STATE", "ticket list --help", {"option": "--state"}),
        (["list", "--sta", "x"], "list has no option --sta", "ticket list --help", None),
    ],
)  # fmt: skip
def test_a_usage_error_names_the_word_and_the_page(
    words: list[str], message: str, hint: str, fields: dict[str, object] | None
) -> None:
    with pytest.raises(InputError) as caught:
        parse(words)
    error = caught.value
    assert error.code == "usage"
    assert error.message.startswith(message)
    assert error.hint == hint
    if fields is not None:
        assert error.fields == fields


def test_names_are_never_abbreviated() -> None:
    for verb, told in VERBS.items():
        for names, _, _, _ in told[4]:
            long = names[-1]
            shorter = long[:-1]
            if shorter not in OPTIONS:
                with pytest.raises(InputError):
                    parse([verb, "a", "b", shorter])


def test_an_unknown_verb_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        parse(["frobnicate"])
    allowed = caught.value.fields["allowed"]
    assert allowed == [verb for verb in VERBS if VERBS[verb][1]]
    assert "hook" not in allowed


@pytest.mark.parametrize("text", ["-1", "1.5", "ten", "٣", "", " 1", "1e3", "9" * 10])
def test_a_number_is_a_small_whole_one(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(["list", f"--limit={text}"]).number("limit")
    assert (caught.value.code, caught.value.fields) == ("usage", {"value": text})


def test_a_verbs_positionals_and_options_have_names_of_their_own() -> None:
    for verb, (_, _, _, positionals, options) in VERBS.items():
        keys = [name for name, _ in positionals] + [names[-1] for names, _, _, _ in (*options, *COMMON)]
        assert len(keys) == len(set(keys)), verb
        spelled = [name for names, _, _, _ in (*options, *COMMON) for name in names]
        assert len(spelled) == len(set(spelled)), verb
