"""`ticket validate`: tickets, their relations, the index, the configuration and the policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS, Desk

FIRST_FILE = f"{TICKETS}/{FIRST}.md"


@pytest.fixture
def sound(desk: Desk) -> Desk:
    """Returns a project with two tickets in which nothing is wrong."""
    desk.put(FIRST, "One", state="ready", priority="p1")
    desk.put(SECOND, "Two")
    desk.say("rebuild-index")
    desk.commit("scene: two tickets")
    return desk


def found(desk: Desk, *words: str) -> list[tuple[str, str, str]]:
    """Returns code, severity and file name of everything that a validation says."""
    envelope = json.loads(desk.say("--json", "validate", *words, status=None).out)
    report: dict[str, Any] = envelope["data"] if envelope["ok"] else envelope["error"]["details"]
    assert envelope["ok"] is (report["errors"] == 0)
    assert report["errors"] + report["warnings"] == len(report["diagnostics"])
    return [
        (item["code"], item["severity"], item["path"].rpartition("/")[2]) for item in report["diagnostics"]
    ]


def codes(desk: Desk, *words: str) -> list[str]:
    """Returns the codes of everything that a validation says."""
    return [code for code, _, _ in found(desk, *words)]


def test_a_sound_project_passes(sound: Desk) -> None:
    for words in ((), ("--all",)):
        assert sound.say("validate", *words) == (0, "Validation passed (2 tickets).\n", "")
    assert sound.say("validate", FIRST, f"TK-{SECOND[:8]}").out == "Validation passed (2 tickets).\n"
    assert sound.say("validate", FIRST).out == "Validation passed (1 ticket).\n"
    assert sound.data("validate") == {
        "checked": 2, "errors": 0, "warnings": 0, "diagnostics": [], "index_fixed": None,
    }  # fmt: skip


def test_a_fault_is_named_with_place_words_and_what_to_do(sound: Desk) -> None:
    sound.change(FIRST_FILE, "state: ready", "state: open")
    said = sound.say("validate", FIRST, status=7)
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0].startswith(f"{FIRST_FILE}:4:8: error: ")
    assert lines[0].endswith(" [invalid_state]")
    assert lines[1].startswith("    hint: ")
    assert lines[2] == "error: validation failed: 1 error in 1 ticket"
    assert lines[3].startswith("hint: ")


def test_the_envelope_holds_every_diagnostic(sound: Desk) -> None:
    sound.change(FIRST_FILE, "state: ready", "state: open")
    error = sound.error("validate", FIRST, status=7)
    assert error["code"] == "validation_failed"
    assert (error["details"]["checked"], error["details"]["errors"]) == (1, 1)
    diagnostic = error["details"]["diagnostics"][0]
    assert diagnostic.pop("message")
    assert diagnostic.pop("hint")
    assert diagnostic == {
        "code": "invalid_state", "severity": "error", "path": FIRST_FILE, "line": 4, "column": 8,
    }  # fmt: skip


def test_warnings_do_not_fail_and_are_shown(sound: Desk) -> None:
    sound.change(FIRST_FILE, "priority: p1", "priority: P1")
    said = sound.say("validate", FIRST)
    assert said.out.splitlines()[-1] == "Validation passed (1 warning in 1 ticket)."
    assert "[not_canonical]" in said.out


@pytest.mark.parametrize(("tier", "severity"), [("integrity", None), ("quality", "warning"), ("strict", "error"), ("STRICT", "error")])  # fmt: skip
def test_tiers_weigh_differently(sound: Desk, tier: str, severity: str | None) -> None:
    sound.change(FIRST_FILE, "priority: p1", "priority: P1")
    expected = [] if severity is None else [("not_canonical", severity, f"{FIRST}.md")]
    assert found(sound, FIRST, "--tier", tier) == expected


def test_an_unknown_tier_or_several_choices_are_usage_errors(sound: Desk) -> None:
    error = sound.error("validate", "--tier", "lax", status=2)
    assert error == {
        "code": "usage", "details": {"value": "lax", "allowed": ["integrity", "quality", "strict"]},
    }  # fmt: skip
    for words in ((FIRST, "--all"), ("--all", "--staged"), (FIRST, "--staged")):
        assert sound.error("validate", *words, status=2)["code"] == "usage"


def test_an_unknown_id_is_not_found(sound: Desk) -> None:
    assert sound.error("validate", FIRST, "01ZZZZZZ", status=4)["details"] == {"query": "01ZZZZZZ"}


def test_a_hand_edit_that_breaks_the_table_is_reported(sound: Desk) -> None:
    sound.change(FIRST_FILE, "state: ready", "state: done")
    assert codes(sound, FIRST) == ["invalid_transition"]
    assert codes(sound) == ["invalid_transition", "index_stale"]
    sound.change(FIRST_FILE, "state: done", "state: blocked")
    assert codes(sound, FIRST) == []


def test_a_hand_edit_in_a_sub_project_is_reported_too(desk: Desk) -> None:
    (desk.path / "web").mkdir()
    desk.say("init", at="web")
    made = desk.data("new", "T", at="web")["ticket"]["id"]
    desk.change(f"web/{TICKETS}/{made}.md", "state: backlog", "state: done")
    error = desk.error("validate", "--all", at="web", status=7)
    assert [item["code"] for item in error["details"]["diagnostics"]] == ["invalid_transition", "index_stale"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [("no_front_matter", "error", f"{THIRD}.md")]),
        (b"\x00\x01\x02\xff", [("encoding", "error", f"{THIRD}.md")]),
        (b"\xef\xbb\xbf---\n", None),
        (b"---\n", [("unclosed", "error", f"{THIRD}.md")]),
        (b"x" * (10 << 20), [("too_large", "error", f"{THIRD}.md")]),
        (b"---\n!!python/object:os.system x\n---\n", [("tag", "error", f"{THIRD}.md")]),
    ],
)
def test_a_file_that_is_no_ticket_is_an_error_of_its_own(
    sound: Desk, content: bytes, expected: list[tuple[str, str, str]] | None
) -> None:
    sound.write(f"{TICKETS}/{THIRD}.md", content)
    told = found(sound)
    if expected is None:
        assert [(severity, name) for _, severity, name in told] == [("error", f"{THIRD}.md")]
    else:
        assert told == expected
    assert codes(sound, FIRST) == []


def test_links_and_folders_among_the_tickets_are_errors(sound: Desk) -> None:
    sound.file(THIRD).symlink_to(sound.file(FIRST))
    sound.file("01DRZ3NDEKTSV4RRFFQ69G5FAV").mkdir()
    assert found(sound) == [
        ("unsafe_path", "error", f"{THIRD}.md"),
        ("unsafe_path", "error", "01DRZ3NDEKTSV4RRFFQ69G5FAV.md"),
    ]


def test_other_documents_are_warned_of_and_hidden_files_ignored(sound: Desk) -> None:
    sound.write(f"{TICKETS}/README.md", "# About\n")
    sound.write(f"{TICKETS}/notes.txt", "x")
    sound.write(f"{TICKETS}/.draft.md", "x")
    assert found(sound) == [("not_a_ticket", "warning", "README.md")]


def test_secrets_are_errors_and_personal_data_is_a_warning(sound: Desk) -> None:
    sound.change(FIRST_FILE, "Body.", "AKIA" + "IOSFODNN7EXAMPLQ")
    sound.change(f"{TICKETS}/{SECOND}.md", "Body.", "Ask jane.doe@corp-mail.com")
    assert found(sound) == [
        ("secret", "error", f"{FIRST}.md"), ("personal_data", "warning", f"{SECOND}.md"),
    ]  # fmt: skip


def test_two_tickets_with_one_short_id_are_told(sound: Desk) -> None:
    twin = FIRST[:10] + "ZZZZ" + FIRST[14:]
    sound.put(twin, "Twin")
    sound.say("rebuild-index")
    assert found(sound) == [("short_id_shared", "warning", f"{twin}.md")]


def test_names_that_differ_in_case_alone_are_an_error(sound: Desk) -> None:
    sound.write(f"{TICKETS}/{FIRST.lower()}.md", sound.text(FIRST_FILE).replace(FIRST, FIRST.lower()))
    assert "duplicate_id" in codes(sound)


def test_relations_that_lead_nowhere_or_in_circles_are_warned_of(sound: Desk) -> None:
    for ticket, other in ((FIRST, SECOND), (SECOND, FIRST)):
        sound.change(
            f"{TICKETS}/{ticket}.md", "labels: []",
            f"labels: []\nx_ticket:\n  relations:\n    blocked_by: [{other}, {THIRD}]",
        )  # fmt: skip
    told = found(sound)
    assert sorted(code for code, _, _ in told) == ["relation_cycle", "relation_dangling", "relation_dangling"]
    assert {severity for _, severity, _ in told} == {"warning"}


# --- the index -----------------------------------------------------------------------------------------------


def write_index(desk: Desk, change: Any) -> None:
    """Stores the index after a change to its parsed form."""
    tree = json.loads(desk.text(".tickets/index.json"))
    change(tree)
    desk.write(".tickets/index.json", json.dumps(tree, indent=2, ensure_ascii=False) + "\n")


INDEX_FAULTS = {
    "index_missing_entry": lambda tree: tree["tickets"].pop(),
    "index_orphan": lambda tree: tree["tickets"].append(
        tree["tickets"][0] | {"id": THIRD, "path": f"{TICKETS}/{THIRD}.md"}
    ),
    "index_unsorted": lambda tree: tree["tickets"].reverse(),
    "index_stale": lambda tree: tree["tickets"][0].update(title="Old"),
    "index_version": lambda tree: tree.update(format_version=2),
    "index_entry": lambda tree: tree["tickets"][0].update(path="../../etc/passwd"),
    "index_corrupt": lambda tree: tree.update(tickets={}),
}


@pytest.mark.parametrize("code", INDEX_FAULTS)
def test_each_fault_of_the_index_is_found_and_mended(sound: Desk, code: str) -> None:
    good = sound.text(".tickets/index.json")
    write_index(sound, INDEX_FAULTS[code])
    told = found(sound)
    assert (code, "error", "index.json") in told
    assert all(name == "index.json" for _, _, name in told)
    data = sound.data("validate", "--fix-index")
    assert (data["errors"], data["index_fixed"]) == (0, True)
    assert json.loads(sound.text(".tickets/index.json"))["tickets"] == json.loads(good)["tickets"]
    assert sound.git("status", "--porcelain") == ""
    assert sound.data("validate", "--fix-index")["index_fixed"] is False


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "index_corrupt"),
        ("[]\n", "index_corrupt"),
        ("{" * 100_000, "index_corrupt"),
        ("null", "index_corrupt"),
        ("<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "index_conflicted"),
        ('{"format_version": 1, "tickets": [1]}', "index_entry"),
        ('{"format_version": 1, "tickets": [{"id": "x"}]}', "index_entry"),
    ],
)
def test_an_index_that_cannot_be_read_is_told_and_rebuilt(sound: Desk, text: str, code: str) -> None:
    good = sound.index()
    sound.write(".tickets/index.json", text)
    assert code in codes(sound)
    assert [entry["id"] for entry in sound.data("list")["tickets"]] == [entry["id"] for entry in good]
    assert sound.say("rebuild-index").out == "Rebuilt index with 2 tickets.\n"
    assert sound.index() == good


def test_bytes_that_are_no_text_are_a_corrupt_index(sound: Desk) -> None:
    sound.write(".tickets/index.json", b"\xff\xfe\x00")
    assert codes(sound) == ["index_corrupt"]


def test_a_missing_index_is_an_error_only_where_one_is_asked_for(sound: Desk, core_desk: Desk) -> None:
    (sound.path / ".tickets/index.json").unlink()
    assert codes(sound) == ["index_missing"]
    core_desk.put(FIRST)
    assert codes(core_desk) == []


def test_another_form_of_the_right_index_is_a_warning(sound: Desk) -> None:
    tree = json.loads(sound.text(".tickets/index.json"))
    sound.write(".tickets/index.json", json.dumps(tree))
    assert found(sound) == [("index_form", "warning", "index.json")]


def test_extra_keys_of_other_tools_in_the_index_are_no_staleness(sound: Desk) -> None:
    write_index(sound, lambda tree: tree["tickets"][0].update(created_at="2020-01-01T00:00:00Z"))
    assert found(sound) == [("index_form", "warning", "index.json")]


def test_an_index_that_is_a_link_is_refused(sound: Desk) -> None:
    (sound.path / ".tickets/index.json").unlink()
    (sound.path / ".tickets/index.json").symlink_to("/etc/hostname")
    assert codes(sound) == ["unsafe_path"]


# --- configuration and policy -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("format_version: 1\nid_prefix: 'no good'\n", [("config_invalid_value", "error")]),
        ("format_version: 9\n", [("config_newer_format", "warning")]),
        ("format_version: 1\nworkflow: kanban\n", [("config_unknown_workflow", "warning")]),
        ("format_version: 1\ndirectory: ../elsewhere\n", [("config_foreign_directory", "error")]),
        ("format_version: 1\nid_prefx: WEB\n", [("unknown_key", "warning")]),
        ("id_prefix: TK\n", [("config_missing_field", "error")]),
        ("format_version: [\n", [("config_unreadable", "error")]),
        ('format_version: 1\nlinking:\n  branch_pattern: "{x}"\n', [("config_invalid_value", "error")]),
    ],
)
def test_each_fault_of_the_configuration_is_found(
    sound: Desk, text: str, expected: list[tuple[str, str]]
) -> None:
    sound.write(".tickets/config.yml", text)
    told = [(code, severity) for code, severity, name in found(sound) if name == "config.yml"]
    assert told == expected


def test_a_configuration_that_is_not_text_is_found(sound: Desk) -> None:
    sound.write(".tickets/config.yml", b"format_version: 1\nid_prefix: TK # caf\xe9\n")
    assert ("config_unreadable", "error", "config.yml") in found(sound)


@pytest.mark.parametrize(
    "text", ["format_version: 9\n", "format_version: 1\nworkflow: kanban\n", "format_version: [\n"]
)
def test_a_project_of_another_format_is_read_and_never_written(sound: Desk, text: str) -> None:
    sound.write(".tickets/config.yml", text)
    sound.commit()
    before = sound.state()
    assert sound.data("list")["total"] == 2
    assert sound.data("show", FIRST)["ticket"]["title"] == "One"
    for words in (("new", "T"), ("start", FIRST), ("edit", FIRST, "-p", "p0"), ("assign", FIRST, "human:a"),
                  ("rebuild-index",), ("claim", FIRST)):  # fmt: skip
        assert sound.error(*words, status=7)["code"] == "unsupported_format", words
    assert sound.state() == before


def test_a_policy_that_is_wrong_is_found(sound: Desk) -> None:
    sound.write(".tickets/policy.yml", "version: 1\nmerge_policy:\n  default: yolo\n")
    told = found(sound)
    assert [name for _, _, name in told] == ["policy.yml"]
    assert told[0][1] == "error"
    sound.write(".tickets/policy.yml", "version: [\n")
    assert found(sound) == [("invalid_yaml", "error", "policy.yml")]


# --- what is staged -------------------------------------------------------------------------------------------------


def test_what_is_staged_is_checked_and_nothing_else(sound: Desk) -> None:
    sound.change(FIRST_FILE, "state: ready", "state: open")
    assert found(sound, "--staged") == []
    sound.git("add", ".")
    sound.change(FIRST_FILE, "state: open", "state: ready")
    assert found(sound, "--staged") == [("invalid_state", "error", f"{FIRST}.md")]
    assert found(sound, FIRST) == []


def test_checking_writes_nothing(sound: Desk) -> None:
    sound.change(FIRST_FILE, "title: One", "title: Uno")
    before = (sound.state(), sound.text(".tickets/index.json"))
    sound.say("validate", "--all", status=7)
    assert (sound.state(), sound.text(".tickets/index.json")) == before


@pytest.mark.parametrize("at", ["", ".tickets/tickets", "src"])
def test_it_works_from_every_folder(sound: Desk, at: str) -> None:
    (sound.path / at).mkdir(exist_ok=True)
    assert sound.data("validate", "--all", at=at)["checked"] == 2


def test_many_faults_are_counted_beyond_those_that_are_shown(core_desk: Desk) -> None:
    for number in range(1002):
        core_desk.write(f"{TICKETS}/01AR{number:04d}EKTSV4RRFFQ69G5FAV.md", "x")
    details = core_desk.error("validate", status=7)["details"]
    assert (details["errors"], len(details["diagnostics"])) == (1002, 1000)
