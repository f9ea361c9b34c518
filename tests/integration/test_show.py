"""`ticket show`, and how a ticket is named: ids, beginnings, titles."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS, Desk

TWIN = FIRST[:10] + "ZZZZ" + FIRST[14:]


def test_the_raw_file_is_printed(core_desk: Desk) -> None:
    text = f"---\r\nid: {FIRST}\r\ntitle: 'A'  # comment\r\nstate: ready\r\npriority: p1\r\nlabels: []\r\n---\r\nBody\r\n"
    core_desk.write(f"{TICKETS}/{FIRST}.md", text)
    assert core_desk.say("show", FIRST) == (0, text, "")
    assert core_desk.spawn("show", FIRST).out == text.replace("\r\n", "\n")  # universal newlines of the test


def test_json_holds_entry_all_keys_and_body(core_desk: Desk) -> None:
    core_desk.write(
        f"{TICKETS}/{FIRST}.md",
        f"---\nid: {FIRST}\ntitle: T\nstate: ready\npriority: p1\nlabels: [a]\nx_due: 2020-01-01\n"
        "x_ticket:\n  source: {kind: jira, id: A-1}\n  big: 12345678901234567890123\n---\n\nHi\n",
    )
    assert core_desk.data("show", FIRST) == {
        "ticket": {
            "id": FIRST, "short_id": FIRST[:8], "display_id": f"TK-{FIRST[:8]}", "title": "T",
            "state": "ready", "priority": "p1", "labels": ["a"], "path": f"{TICKETS}/{FIRST}.md",
            "extras": {"source_kind": "jira", "source_id": "A-1"},
        },
        "frontmatter": {
            "id": FIRST, "title": "T", "state": "ready", "priority": "p1", "labels": ["a"],
            "x_due": "2020-01-01",
            "x_ticket": {"source": {"kind": "jira", "id": "A-1"}, "big": 12345678901234567890123},
        },
        "body_md": "\nHi\n",
        "claim": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [FIRST, FIRST.lower(), FIRST[:8], "TK-" + FIRST[:8], "tk-" + FIRST[:8].lower(), f"TK-{FIRST}"],
)
@pytest.mark.parametrize("ci", [(), ("--ci",)])
def test_exact_ids_work_everywhere(core_desk: Desk, query: str, ci: tuple[str, ...]) -> None:
    core_desk.put(FIRST)
    core_desk.put(SECOND)
    assert core_desk.data("show", query, *ci)["ticket"]["id"] == FIRST


@pytest.mark.parametrize("query", [FIRST[:4], FIRST[:7], FIRST[:12], "log", "FIX LOGIN", "Fix login"])
def test_beginnings_and_titles_are_for_people(core_desk: Desk, query: str) -> None:
    core_desk.put(FIRST, "Fix login")
    core_desk.put(SECOND, "Other")
    assert core_desk.data("show", query)["ticket"]["id"] == FIRST
    assert core_desk.error("show", query, "--ci", status=4) == {
        "code": "ticket_not_found", "details": {"query": query},
    }  # fmt: skip


@pytest.mark.parametrize(
    "query", ["", " ", "nothing", "01ZZ", "../config", "０１ARZ3ND", "ТК-01ARZ3ND", "TK-", "*"]
)
def test_what_means_nothing_is_not_found(core_desk: Desk, query: str) -> None:
    core_desk.put(FIRST, "Fix login")
    for ci in ((), ("--ci",)):
        error = core_desk.error("show", query, *ci, status=4)
        assert error == {"code": "ticket_not_found", "details": {"query": query}}


def test_a_title_that_several_have_is_ambiguous_and_a_whole_one_is_not(core_desk: Desk) -> None:
    core_desk.put(FIRST, "Fix login")
    core_desk.put(SECOND, "Fix login page")
    core_desk.put(THIRD, "Else")
    error = core_desk.error("show", "fix", status=5)
    assert error["code"] == "ambiguous_id"
    assert [match["id"] for match in error["details"]["matches"]] == [FIRST, SECOND]
    assert core_desk.data("show", "fix login")["ticket"]["id"] == FIRST


def test_a_shared_short_id_is_ambiguous_with_ci_too(core_desk: Desk) -> None:
    core_desk.put(FIRST, "One")
    core_desk.put(TWIN, "Two\u202e")
    envelope = core_desk.envelope("show", FIRST[:8], "--ci", status=5)
    assert [match["unique_prefix"] for match in envelope["error"]["details"]["matches"]] == [
        FIRST[:11], TWIN[:11],
    ]  # fmt: skip
    assert FIRST[:11] in envelope["error"]["hint"]
    assert core_desk.data("show", FIRST, "--ci")["ticket"]["title"] == "One"


def test_many_candidates_are_counted_and_cut(core_desk: Desk) -> None:
    for number in range(25):
        core_desk.put(f"01ARZ3NDEKTSV4RRFFQ69G5F{number:02d}", f"T {number}")
    error = core_desk.error("show", FIRST[:8], status=5)
    assert (len(error["details"]["matches"]), error["details"]["count"]) == (20, 25)


def test_control_characters_of_a_candidate_do_not_reach_the_terminal(core_desk: Desk) -> None:
    core_desk.put(FIRST, '"\\e[2Jone"')
    core_desk.put(TWIN, "Two")
    assert "\x1b" not in core_desk.say("show", FIRST[:8], status=5).err


def test_dates_are_shown_on_request(desk: Desk) -> None:
    when = "2024-05-06T07:08:09+0000"
    desk.env.update(GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
    made = desk.new("T")
    said = desk.say("show", made, "--dates")
    assert said.out == desk.text(f"{TICKETS}/{made}.md")
    assert said.err == "created 2024-05-06T07:08:09Z, updated 2024-05-06T07:08:09Z\n"
    entry = desk.data("show", made, "--dates")["ticket"]
    assert (entry["created_at"], entry["updated_at"]) == ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z")
    assert "created_at" not in desk.data("show", made)["ticket"]


def test_an_uncommitted_ticket_has_no_dates(desk: Desk) -> None:
    desk.put(FIRST)
    assert desk.say("show", FIRST, "--dates").err == "created unknown, updated unknown\n"
    assert desk.data("show", FIRST, "--dates")["ticket"]["created_at"] is None


def test_a_claim_is_shown(desk: Desk) -> None:
    made = desk.new("T", "--state", "ready")
    desk.say("claim", made, "--actor", "agent:claude")
    claim = desk.data("show", made)["claim"]
    assert (claim["holder"], claim["fence"]) == ("agent:claude", 1)


def test_a_broken_ticket_is_printed_as_it_is_and_refused_as_json(core_desk: Desk) -> None:
    core_desk.write(f"{TICKETS}/{FIRST}.md", "---\nid: [\n---\n")
    assert core_desk.say("show", FIRST).out == "---\nid: [\n---\n"
    error = core_desk.error("show", FIRST, status=7)
    assert error["code"] == "invalid_ticket"
    assert error["details"]["line"]


def test_a_link_is_refused_and_a_folder_too(core_desk: Desk) -> None:
    core_desk.file(FIRST).symlink_to("/etc/hostname")
    core_desk.file(SECOND).mkdir()
    for ticket in (FIRST, SECOND):
        assert core_desk.error("show", ticket, status=7)["code"] == "unsafe_path"


@pytest.mark.parametrize("at", ["", "src/deep", ".tickets/tickets"])
def test_it_works_from_every_folder(core_desk: Desk, at: str) -> None:
    core_desk.put(FIRST)
    (core_desk.path / at).mkdir(parents=True, exist_ok=True)
    assert core_desk.data("show", FIRST, at=at)["ticket"]["id"] == FIRST


def test_a_names_case_in_the_file_system_does_not_matter(core_desk: Desk) -> None:
    core_desk.put(FIRST)
    core_desk.file(FIRST).rename(core_desk.file(FIRST.lower()))
    assert core_desk.data("show", FIRST)["ticket"]["path"] == f"{TICKETS}/{FIRST.lower()}.md"
