"""`ticket ledger VERB`: how the second word is found, and what is said when it is none."""

from __future__ import annotations

import importlib
import shlex

import pytest

from counterfoil.cli.arguments import entry, named_verb, parse, sub_verbs
from counterfoil.cli.ledger_table import LEDGER_VERBS
from counterfoil.cli.manual import DETAILS, EXAMPLES, page, visible_verbs
from counterfoil.cli.table import COMMON, GROUPED, VERBS
from counterfoil.errors import InputError


@pytest.mark.parametrize(
    ("words", "verb", "values"),
    [
        (["ledger"], "ledger status", {}),
        (["ledger", "--json"], "ledger status", {"json": True}),
        (["ledger", "verify", "--deep"], "ledger verify", {"deep": True}),
        (["--json", "ledger", "--quiet", "verify"], "ledger verify", {"json": True, "quiet": True}),
        (["ledger", "--project", "verify", "verify"], "ledger verify", {"project": "verify"}),
        (["ledger", "tail", "ledger", "-f", "-n", "3"], "ledger tail", {"stream": "ledger", "limit": "3"}),
        (["ledger", "diff", "a", "b"], "ledger diff", {"a": "a", "b": "b"}),
        (["ledger", "show", "--", "--raw"], "ledger show", {"receipt": "--raw", "raw": False}),
        (["ledger", "gc", "--erase", "@1", "--erase", "@2"], "ledger gc", {"erase": ["@1", "@2"]}),
    ],
)
def test_two_words_are_one_verb(words: list[str], verb: str, values: dict[str, object]) -> None:
    arguments = parse(words)
    assert arguments.verb == verb
    assert {name: arguments.values[name] for name in values} == values


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (
            ["ledger", "verfy"],
            "there is no `ticket ledger verfy`; did you mean `ticket ledger verify`?",
            "ticket ledger --help",
        ),
        (["ledger", "frobnicate"], "there is no `ticket ledger frobnicate`", "ticket ledger --help"),
        (
            ["proposal", "P-7Q2K9M4X"],
            "there is no `ticket proposal P-7Q2K9M4X`; did you mean `ticket proposal show P-7Q2K9M4X`?",
            "ticket proposal --help",
        ),
        (["ledger", "verify", "--dep"], "ledger verify has no option --dep; did you mean --deep?",
         "ticket ledger verify --help"),
        (["ledger", "show"], "ledger show needs RECEIPT", "ticket ledger show --help"),
        (["ledger", "status", "x"], "ledger status does not take 'x'", "ticket ledger status --help"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_with_the_page_of_that_verb(
    words: list[str], message: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse(words)
    assert (caught.value.code, caught.value.message, caught.value.hint) == ("usage", message, hint)


def test_an_unknown_second_word_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        parse(["ledger", "frobnicate"])
    known = [name.partition(" ")[2] for name in LEDGER_VERBS]
    assert caught.value.fields == {"value": "frobnicate", "allowed": known}


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        ([], ""), (["frobnicate"], ""), (["list", "verify"], "list"), (["ledger"], "ledger"),
        (["ledger", "nothing"], "ledger"), (["ledger", "--json", "proof", "@1"], "ledger proof"),
    ],
)  # fmt: skip
def test_help_is_about_the_verb_that_is_named(words: list[str], verb: str) -> None:
    assert named_verb(words) == verb


@pytest.mark.parametrize(("meant", "word"), [("ledger verify", "verify"), ("ledger tail", "receipts")])
def test_one_word_of_them_leads_to_both(meant: str, word: str) -> None:
    with pytest.raises(InputError) as caught:
        parse([word])
    assert f"did you mean `ticket {meant}`?" in caught.value.message


def test_the_tables_do_not_contradict_each_other() -> None:
    for verb in GROUPED:
        assert verb in VERBS
        assert all(name.startswith(f"{verb} ") and name.count(" ") == 1 for name in sub_verbs(verb))
    assert sub_verbs("list") == {}


@pytest.mark.parametrize("verb", LEDGER_VERBS)
def test_each_has_code_an_explanation_and_examples_that_parse(verb: str) -> None:
    module, group, summary, positionals, options = entry(verb)
    assert callable(importlib.import_module(f"counterfoil.cli.commands.{module}").run)
    assert group == VERBS["ledger"][1]
    assert summary
    assert verb in DETAILS
    keys = [name for name, _ in positionals] + [names[-1] for names, _, _, _ in (*options, *COMMON)]
    assert len(keys) == len(set(keys))
    for example in EXAMPLES[verb]:
        words = shlex.split(example.partition(" | ")[0])
        assert parse(words[1:]).verb == verb


@pytest.mark.parametrize(
    "verb", [verb for verb in visible_verbs() if verb in DETAILS and verb not in ("edit",)]
)
def test_a_page_of_the_ledger_fits_eighty_columns(verb: str) -> None:
    if entry(verb)[1] == VERBS["ledger"][1]:
        assert [line for line in page(verb).splitlines() if len(line) > 80] == []
