"""The project's configuration: tolerant reading, strict types, and what must not be written."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.tickets import config
from counterfoil.tickets.config import DEFAULT_TEXT, Config
from counterfoil.tickets.frontmatter import FormatError
from counterfoil.tickets.model import Diagnostic

if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import Mapping


def refuse(_text: str) -> Mapping:
    raise FormatError("yaml", "this is no YAML", 2, 7)


def read(text: str | None) -> tuple[Config, list[Diagnostic]]:
    return config.read(text, refuse)


def expected(**fields: object) -> Config:
    made = Config()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def codes(diagnostics: list[Diagnostic]) -> list[tuple[str, str, int]]:
    return [(one.code, one.severity, one.line) for one in diagnostics]


def test_without_a_file_the_defaults_hold() -> None:
    assert read(None) == (Config(), [])
    assert Config().writable


def test_what_init_writes_says_the_defaults() -> None:
    assert yaml.safe_load(DEFAULT_TEXT) == {
        "format_version": 1,
        "id_prefix": "TK",
        "directory": ".tickets/tickets",
        "workflow": "simple-v1",
        "linking": {
            "branch_pattern": "tk-{short_id}-{slug}",
            "pr_title_pattern": "[{display_id}] {title}",
        },
    }
    assert read(DEFAULT_TEXT) == read(DEFAULT_TEXT + "# the same\n") == (Config(), [])


def test_the_file_as_init_writes_it_needs_no_yaml_library_and_hardly_any_module() -> None:
    program = (
        "import sys; before = set(sys.modules);"
        "from counterfoil.tickets import config;"
        "config.read(config.DEFAULT_TEXT.replace('TK', 'ABC'), None);"
        "print(*sorted(name for name in set(sys.modules) - before if 'counterfoil' not in name))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() in ([], ["__future__"])


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_field_is_taken(line_end: str) -> None:
    text = (
        "format_version: 1\nid_prefix: abc7\nworkflow: simple-v1\ndirectory: .tickets/tickets/\n"
        "linking:\n  branch_pattern: '{display_id}/{slug}'\n  pr_title_pattern: \"{title}\"\n"
        "defaults:\n  state: Ready\n  priority: P1\n"
    )
    assert read(text.replace("\n", line_end)) == (
        expected(
            id_prefix="abc7",
            branch_pattern="{display_id}/{slug}",
            pr_title_pattern="{title}",
            default_state="ready",
            default_priority="p1",
        ),
        [],
    )


def test_a_word_that_yaml_might_type_is_a_prefix_all_the_same() -> None:
    assert read("format_version: 1\nid_prefix: NO\n") == (expected(id_prefix="NO"), [])
    assert read("format_version: 1\nid_prefix: TRUE\n") == (expected(id_prefix="TRUE"), [])


def test_null_means_not_given() -> None:
    assert read("format_version: 1\nid_prefix: ~\nlinking:\ndefaults: null\nworkflow:\n") == (Config(), [])


def test_unknown_keys_are_ignored_but_known_by_name() -> None:
    answer = read("format_version: 1\nid-prefix: X\nlinking:\n  web: [a, b]\nteam:\n  id_prefix: Y\n")
    assert answer == (expected(unknown=("id-prefix", "team", "linking.web")), [])


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n\n"])
def test_an_empty_file_lacks_only_its_version(text: str) -> None:
    found, diagnostics = read(text)
    assert (found, codes(diagnostics)) == (Config(), [("config_missing_field", "error", 0)])


@pytest.mark.parametrize(
    "line",
    [
        "id_prefix: 7UP",
        "id_prefix: T-K",
        "id_prefix: ÄB",
        "id_prefix: ''",
        "id_prefix: ABCDEFGHIJK",
        "id_prefix: ſ",
        "id_prefix: [TK]",
        "workflow: [x]",
        "directory: []",
        "linking: yes",
        "linking: []",
        "defaults: [backlog]",
    ],
)
def test_a_wrong_value_is_reported_and_the_default_stands_in(line: str) -> None:
    found, diagnostics = read(f"format_version: 1\n{line}\n")
    assert (found, [one[:2] for one in codes(diagnostics)]) == (Config(), [("config_invalid_value", "error")])
    assert diagnostics[0].hint


@pytest.mark.parametrize(
    ("section", "line"),
    [("defaults", "state: open"), ("defaults", "priority: 1"), ("linking", f"branch_pattern: {'x' * 201}")],
)
def test_a_wrong_value_in_a_section_is_reported_in_its_place(section: str, line: str) -> None:
    found, diagnostics = read(f"format_version: 1\n{section}:\n  {line}\n")
    assert (found, codes(diagnostics)) == (Config(), [("config_invalid_value", "error", 3)])


def test_a_pattern_with_an_unknown_placeholder_is_reported_and_kept_to_be_refused() -> None:
    found, diagnostics = read("format_version: 1\nlinking:\n  branch_pattern: 'x-{number}'\n")
    assert found == expected(branch_pattern="x-{number}")
    assert diagnostics == [
        Diagnostic(
            "config_invalid_value",
            "error",
            ".tickets/config.yml",
            "branch_pattern has an unknown placeholder {number}",
            "use {id}, {short_id}, {display_id}, {slug}, {title}",
            3,
            19,
        )
    ]


@pytest.mark.parametrize("path", ["/etc", "../elsewhere", ".tickets/tickets/../..", "tickets"])
def test_another_directory_is_an_error_and_never_followed(path: str) -> None:
    found, diagnostics = read(f"format_version: 1\ndirectory: {path}\n")
    assert (found, codes(diagnostics)) == (Config(), [("config_foreign_directory", "error", 2)])


@pytest.mark.parametrize(
    ("text", "code", "fields"),
    [
        ("format_version: 2", ("config_newer_format", "warning", 1), {"format_version": 2}),
        ("format_version: 0", ("config_invalid_value", "error", 1), {}),
        ("format_version: '1'", ("config_invalid_value", "error", 1), {}),
        ("format_version: true", ("config_invalid_value", "error", 1), {}),
        ("format_version: 1.5", ("config_invalid_value", "error", 1), {}),
        (
            "format_version: 1\nworkflow: kanban",
            ("config_unknown_workflow", "warning", 2),
            {"workflow": "kanban"},
        ),
    ],
)
def test_what_is_not_understood_is_read_but_never_written(
    text: str, code: tuple[str, str, int], fields: dict[str, object]
) -> None:
    found, diagnostics = read(text + "\n")
    assert codes(diagnostics) == [code]
    assert {name: getattr(found, name) for name in fields} == fields
    assert not found.writable
    with pytest.raises(InputError) as caught:
        found.require_writable()
    assert (caught.value.code, caught.value.fields) == ("unsupported_format", {"reason": found.obstacle})


def test_a_file_that_does_not_parse_gives_defaults_and_forbids_writing() -> None:
    found, diagnostics = read("format_version: 1\n<<<<<<< ours\n")
    assert found == expected(
        obstacle=".tickets/config.yml cannot be read: this is no YAML (line 2, column 7)"
    )
    assert (codes(diagnostics), diagnostics[0].column) == ([("config_unreadable", "error", 2)], 7)


def test_a_valid_configuration_may_be_written() -> None:
    Config().require_writable()


@given(
    st.dictionaries(
        st.sampled_from(
            ["format_version", "id_prefix", "workflow", "directory", "linking", "defaults", "zzz"]
        ),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.text(),
            st.lists(st.text(), max_size=2),
            st.dictionaries(
                st.sampled_from(["branch_pattern", "state", "priority", "y"]),
                st.one_of(st.integers(), st.text()),
            ),
        ),
    )
)
def test_no_values_raise_and_every_field_stays_valid(values: dict[str, object]) -> None:
    found, _ = config.read(yaml.safe_dump(values, allow_unicode=True), refuse)
    assert config._is_prefix(found.id_prefix)
    assert found.directory == ".tickets/tickets"
    assert found.default_state in ("backlog", "ready", "in_progress", "blocked", "done")
    assert found.default_priority in ("p0", "p1", "p2", "p3")
    assert found.branch_pattern.strip()
    assert found.writable == (not found.obstacle)


def test_many_unknown_keys_are_listed_in_their_order_and_in_no_time() -> None:
    names = [f"k{number}" for number in range(20_000)]
    found, problems = read("format_version: 1\n" + "".join(f"{name}: 1\n" for name in names))
    assert (found.unknown, problems, found.writable) == (tuple(names), [], True)


def test_a_file_beyond_the_limit_is_not_parsed_and_not_written_to() -> None:
    found, problems = read("format_version: 1\n" + "#" * config.BYTES)
    message = f".tickets/config.yml is larger than {config.BYTES} bytes"
    assert (found.id_prefix, found.obstacle) == ("TK", f".tickets/config.yml cannot be read: {message}")
    assert [(problem.code, problem.message) for problem in problems] == [("config_unreadable", message)]
