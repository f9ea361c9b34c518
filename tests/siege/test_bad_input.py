"""Files, arguments and surroundings that are wrong: a clear word each, and the rest goes on."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from siege.scenes import Answer, Project, begin, only, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import RepositoryFactory

STRANGE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
TICKETS = ".tickets/tickets"
BIG = 10 << 20
SECRET = "root:x:0:0:a secret of this machine"

NEVER = ("Traceback", "bug of ours", "internal")


def assert_well_behaved(answer: Answer) -> Answer:
    """Asserts that a run ended as one that we foresaw."""
    assert answer.status != 1, answer
    for word in NEVER:
        assert word not in answer.stderr, answer
        assert f'"code":"{word}"' not in answer.stdout, answer
    return answer


def put_folder(file: Path) -> None:
    """Puts a folder where a file should be."""
    file.mkdir()
    (file / "inside").write_text("x", "utf-8")


def put_secret_link(file: Path) -> None:
    """Puts a link to something outside of the repository."""
    secret = file.parents[3] / "secret"
    secret.write_text(
        f"---\nid: {STRANGE}\ntitle: {SECRET}\nstate: ready\npriority: p0\nlabels: []\n---\n", "utf-8"
    )
    file.symlink_to(secret)


def put_socket(file: Path) -> None:
    """Puts a socket where a file should be."""
    here = os.getcwd()
    os.chdir(file.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(file.name)
    finally:
        os.chdir(here)


STRANGE_FILES: dict[str, Callable[[Path], object]] = {
    "a folder": put_folder,
    "a link to a secret": put_secret_link,
    "a link to itself": lambda file: file.symlink_to(file.name),
    "a link that leads nowhere": lambda file: file.symlink_to("nowhere"),
    "empty": lambda file: file.write_bytes(b""),
    "ten megabytes": lambda file: file.write_bytes(b"---\ntitle: " + b"x" * BIG),
    "binary": lambda file: file.write_bytes(bytes(range(256)) * 40),
    "a pipe": os.mkfifo,
    "a socket": put_socket,
    "UTF-16": lambda file: file.write_bytes("---\ntitle: x\n---\n".encode("utf-16")),
    "only dashes": lambda file: file.write_bytes(b"---\n"),
    "NUL bytes": lambda file: file.write_bytes(b"---\n\0\0\0\n---\n"),
    "another's id": lambda file: file.write_text(
        "---\nid: 01BX5ZZKBKACTAV9WEVGEMMVRZ\ntitle: x\nstate: ready\npriority: p0\nlabels: []\n---\n",
        "utf-8",
    ),
}


@pytest.mark.parametrize("kind", STRANGE_FILES)
def test_a_strange_ticket_file_is_named_and_the_others_work(project: Project, kind: str) -> None:
    STRANGE_FILES[kind](project.file(STRANGE))
    listing = assert_well_behaved(project.run("list", "--all", "--json"))
    assert [entry["title"] for entry in listing.data["tickets"]] == ["First"]
    assert SECRET not in listing.stdout
    for words in (
        ("show", STRANGE), ("move", STRANGE, "done"), ("edit", STRANGE, "--title", "x"), ("claim", STRANGE),
        ("assign", STRANGE, "none"), ("log", STRANGE), ("diff", STRANGE), ("search", "root"), ("validate", STRANGE),
    ):  # fmt: skip
        answer = assert_well_behaved(project.run(*words, "--json"))
        assert SECRET not in answer.stdout + answer.stderr, answer
        if words[0] in ("move", "edit", "claim", "assign"):
            assert (answer.status, bool(answer.error["message"])) == (7, True), answer
    project.new("Second")
    project.ok("start", "First")
    assert STRANGE not in (project.path / ".tickets/index.json").read_text("utf-8")
    validated = assert_well_behaved(project.run("validate", "--all"))
    assert (validated.status, STRANGE in validated.stdout + validated.stderr) == (7, True), validated


def test_a_readme_among_the_tickets_disturbs_nobody(project: Project) -> None:
    for name in ("README.md", "notes.txt", ".gitkeep", "01ARZ3NDEKTSV4RRFFQ69G5FAV.md.orig", ".01ARZ.md.swp"):
        project.write(f"{TICKETS}/{name}", "# Not a ticket\n")
    project.new("Second")
    assert project.titles() == ["First", "Second"]
    assert sorted(entry["title"] for entry in project.index()["tickets"]) == ["First", "Second"]
    assert_well_behaved(project.run("validate", "--all"))


@pytest.mark.parametrize(
    "name",
    [b"new\nline.md", b"\xff\xfe.md", b" .md", b"-rf.md", "01ＡRZ3NDEKTSV4RRFFQ69G5FA.md".encode(), b"a" * 200 + b".md"],
)  # fmt: skip
def test_odd_file_names_disturb_nobody(project: Project, name: bytes) -> None:
    path = os.path.join(os.fsencode(project.path / TICKETS), name)
    with open(path, "wb") as file:
        file.write(b"---\nid: x\n---\n")
    project.new("Second")
    assert project.titles() == ["First", "Second"]
    for words in (
        ("validate", "--all"),
        ("validate", "--all", "--json"),
        ("doctor",),
        ("search", "x"),
        ("export",),
    ):
        assert_well_behaved(project.run(*words))


# --- the index ---------------------------------------------------------------------------------------

LIE = '{"format_version":1,"generated_at":"2026-01-01T00:00:00Z","workflow":"simple-v1","tickets":[%s]}'
ENTRY = '{"id":"%s","short_id":"01ARZ3ND","display_id":"TK-01ARZ3ND","title":"Lie","state":"ready",' \
    '"priority":"p0","labels":[],"path":"../../../../etc/passwd"}'  # fmt: skip

INDEXES: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "deep": b"[" * 100_000,
    "conflicted": b"<<<<<<< ours\n{}\n=======\n[]\n>>>>>>> theirs\n",
    "a list": b"[]",
    "of a newer version": b'{"format_version":99,"tickets":[]}',
    "lying about paths": (LIE % (ENTRY % STRANGE)).encode(),
    "not UTF-8": b'{"format_version":1,"tickets":["\xff"]}',
    "huge numbers": b'{"format_version":' + b"9" * 10_000 + b"}",
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_a_wrong_index_is_never_believed_and_rebuilding_mends_it(project: Project, kind: str) -> None:
    project.write(".tickets/index.json", INDEXES[kind])
    assert project.titles() == ["First"]
    assert_well_behaved(project.run("show", STRANGE, "--json"))
    found = assert_well_behaved(project.run("validate", "--all", "--json"))
    assert (found.status, found.error["code"]) == (7, "validation_failed")
    assert_well_behaved(project.run("rebuild-index", "--json"))
    project.check()
    project.write(".tickets/index.json", INDEXES[kind])
    assert_well_behaved(project.run("new", "Second", "--json"))
    project.ok("validate", "--all", "--fix-index")
    assert project.titles() == ["First", "Second"]
    project.check()


def test_a_missing_index_is_made_again_by_the_next_change(project: Project) -> None:
    (project.path / ".tickets/index.json").unlink()
    assert project.titles() == ["First"]
    project.new("Second")
    project.check()


@pytest.mark.parametrize("kind", ["a folder", "a link to a secret", "a link that leads nowhere", "a pipe"])
def test_an_index_that_is_no_file_is_refused_and_nothing_else_is_harmed(project: Project, kind: str) -> None:
    index = project.path / ".tickets/index.json"
    index.unlink()
    if kind == "a link to a secret":
        (project.path.parent / "secret").write_text(SECRET, "utf-8")
        index.symlink_to(project.path.parent / "secret")
    else:
        STRANGE_FILES[kind](index)
    assert project.titles() == ["First"]
    for words in (("new", "Second"), ("rebuild-index",), ("validate", "--all"), ("doctor",)):
        answer = assert_well_behaved(project.run(*words, "--json"))
        assert SECRET not in answer.stdout + answer.stderr
    if kind == "a link to a secret":
        assert (project.path.parent / "secret").read_text("utf-8") == SECRET
    project.git("status")


# --- configuration -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\xff\xfe", b"no: [", b"- a\n- list\n", b"format_version: many\n", b"id_prefix: ''\n",
        b"id_prefix: ../../x\n", b"directory: ../../etc\n", b"directory: /etc\n", b"default_state: nowhere\n",
        b"default_priority: 7\n", b"unknown_key: {deep: [1, 2]}\n", b"branch_pattern: '{nope}'\n",
        b"id_prefix: !!python/object/apply:os.system ['touch /tmp/owned']\n", b"a: &a [*a]\n", b"\0", b"x" * 300_000,
    ],
    ids=lambda text: text[:24].decode("ascii", "replace").strip() or "empty",
)  # fmt: skip
def test_a_wrong_config_is_told_and_work_goes_on(project: Project, text: bytes) -> None:
    project.write(".tickets/config.yml", text)
    assert project.titles() == ["First"]
    for words in (("new", "Second"), ("validate", "--all"), ("config",), ("doctor",), ("branch", "First")):
        assert_well_behaved(project.run(*words, "--json"))


@pytest.mark.parametrize("line", ["format_version: 99\n", "workflow: of-another-kind\n"])
def test_a_newer_format_or_another_workflow_is_read_and_never_written(project: Project, line: str) -> None:
    project.write(".tickets/config.yml", line)
    answer = project.run("list", "--json")
    assert (answer.status, len(answer.data["tickets"])) == (0, 1)
    before = project.snapshot()
    error = project.refused(7, "new", "Too old for this")
    assert (error["code"], bool(error["hint"])) == ("unsupported_format", True)
    assert project.snapshot() == before


@pytest.mark.parametrize("text", [b"\xff", b"rules: 7\n", b"a: [", b"- x\n", b"x" * 300_000])
def test_a_broken_policy_is_told_and_disturbs_no_ticket(project: Project, text: bytes) -> None:
    project.write(".tickets/policy.yml", text)
    project.new("Second")
    shown = assert_well_behaved(project.run("policy", "validate", "--json"))
    assert (shown.status, bool(shown.error["message"])) == (7, True)


def test_tickets_that_are_no_folder_are_refused(repository: RepositoryFactory, tmp_path: Path) -> None:
    elsewhere = begin(repository("elsewhere"))
    elsewhere.new("Of another repository")
    project = Project(repository("here"))
    (project.path / ".tickets").symlink_to(elsewhere.path / ".tickets")
    before = elsewhere.snapshot()
    for words in (("list",), ("new", "x"), ("init",), ("validate", "--all")):
        error = project.refused(3, *words)
        assert (error["code"], bool(error["hint"])) == ("foreign_layout", True)
    assert elsewhere.snapshot() == before
    assert not (tmp_path / "here/.tickets/tickets/x").exists()


@pytest.mark.parametrize("folder", ["tickets", "templates"])
def test_a_folder_of_ours_that_is_a_link_is_not_followed(
    project: Project, tmp_path: Path, folder: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{STRANGE}.md").write_text(f"---\nid: {STRANGE}\ntitle: {SECRET}\n---\n", "utf-8")
    inner = project.path / ".tickets" / folder
    if inner.exists():
        inner.rename(tmp_path / "moved")
    inner.symlink_to(outside)
    for words in (("list",), ("new", "x", "--template", STRANGE), ("show", STRANGE), ("validate", "--all")):
        answer = assert_well_behaved(project.run(*words, "--json"))
        assert SECRET not in answer.stdout + answer.stderr
    assert [file.name for file in outside.iterdir()] == [f"{STRANGE}.md"]


# --- ids and titles ----------------------------------------------------------------------------------


def test_two_tickets_with_one_short_id_are_told_apart(project: Project) -> None:
    first = only(project)
    twin = first[:8] + ("0" * 18 if first[8:] != "0" * 18 else "1" * 18)
    project.file(twin).write_text(project.file(first).read_text("utf-8").replace(first, twin), "utf-8")
    error = project.refused(5, "show", first[:8])
    assert error["code"] == "ambiguous_id"
    assert sorted(match["id"] for match in error["details"]["matches"]) == sorted([first, twin])
    for match in error["details"]["matches"]:
        assert project.ok("show", match["unique_prefix"])["ticket"]["id"] == match["id"]
    project.ok("start", first)
    assert "state: ready" in project.file(twin).read_text("utf-8")


@pytest.mark.parametrize(
    "query",
    ["０１ＡＲＺ３ＮＤ", "O1ARZ3ND", "ΤΚ-01ARZ3ND", "../../etc/passwd", "01ARZ3NDEKTSV4RRFFQ69G5FAV.md", "*", "-", "",
     "%00", "\u202e", "TK-", "TK-TK-01ARZ3ND", "01ARZ3NDEKTSV4RRFFQ69G5FAVX", "a" * 5000, ".", "%s%n", "\n"],
)  # fmt: skip
def test_what_only_looks_like_an_id_is_none(project: Project, query: str) -> None:
    for flags in ((), ("--ci",)):
        answer = assert_well_behaved(project.run("show", "--json", *flags, "--", query))
        assert answer.status in (2, 4), answer
        assert answer.error["message"]


TITLES = (
    "plain", "colon: and more", "[bracket", "{brace", "'quote", '"double"', "`back`", "# hash", "- dash", "--- dashes",
    "no", "null", "true", "12:30", "007", "1e3", "0x1F", "~", "2026-01-01", "!tag", "&anchor", "*alias", "| pipe",
    "> fold", "%percent", "@at", "ends with colon:", "back\\slash", "tab\there".replace("\t", " "), "emoji 🎟️👩‍🚀",
    "family 👨‍👩‍👧‍👦", "\u202eright to left", "עברית و العربية", "zero\u200bwidth", "combining e\u0301", "日本語",
    "\U0010ffff last", "ﬁ ligature", "İstanbul ı", "{{title}}", "$(touch owned)", "`touch owned`", "%s %d", "../../x",
    "\\n", "a" * 1000, "ends in space".ljust(20) + "x", "?question", "TK-01ARZ3ND", "ticket://01ARZ3ND", "-x", "--json",
)  # fmt: skip


def test_any_title_is_kept_to_the_letter(project: Project) -> None:
    for title in TITLES[::4]:
        project.ok("new", "--", title)
    lines = [{"op": "new", "title": title} for title in TITLES if title not in TITLES[::4]]
    project.ok("batch", "-", stdin="\n".join(as_json(line) for line in lines).encode())
    assert project.titles() == sorted([*TITLES, "First"])
    assert sorted(entry["title"] for entry in project.index()["tickets"]) == sorted([*TITLES, "First"])
    assert project.run("list", "--all").status == 0
    project.check()
    assert not list(project.path.glob("owned"))


def as_json(value: dict[str, str]) -> str:
    """Returns a value as one line of ASCII."""
    import json

    return json.dumps(value)


@pytest.mark.parametrize(
    "title", ["", " ", "two\nlines", "bell\a", "escape\x1b[31m", "\u2028", "a" * 1001, "\x7f", "\x85"]
)
def test_what_cannot_be_a_title_is_refused(project: Project, title: str) -> None:
    before = project.snapshot()
    error = project.refused(2, "new", "--", title)
    assert (error["code"], bool(error["hint"])) in {("invalid_title", True), ("usage", True)}
    assert project.snapshot() == before


# --- arguments and surroundings ------------------------------------------------------------------------

INVALID = b"caf\xe9"


@pytest.mark.parametrize(
    "words",
    [
        (b"new", INVALID), (b"new", b"x", b"--label", INVALID), (b"new", b"x", b"--body", INVALID),
        (b"new", b"x", b"-F", INVALID), (b"new", b"x", b"--actor", INVALID), (b"new", b"x", b"--template", INVALID),
        (b"show", INVALID), (b"search", INVALID), (b"edit", b"First", b"--title", INVALID),
        (b"edit", b"First", b"--body", INVALID), (b"assign", b"First", INVALID), (b"list", b"--text", INVALID),
        (b"list", b"--project", INVALID), (b"list", b"--data-dir", INVALID), (INVALID,), (b"list", b"--" + INVALID),
        (b"move", b"First", INVALID), (b"diff", b"First", INVALID), (b"policy", b"explain", INVALID), (b"batch", INVALID),
    ],
    ids=lambda words: b" ".join(words).decode("ascii", "replace"),
)  # fmt: skip
def test_arguments_that_are_no_text_are_told_so(project: Project, words: tuple[bytes, ...]) -> None:
    for flags in ((), (b"--json",)):
        answer = assert_well_behaved(project.run(*words, *flags))
        assert answer.status != 0 or words[0] in (b"list", b"search"), answer
    project.check()


@pytest.mark.parametrize(
    "words", [("propose", "ticket.create"), ("comment", "first"), ("policy", "explain", "done", "first")]
)
def test_a_file_without_an_end_is_given_up(project: Project, words: tuple[str, ...]) -> None:
    assert project.refused(7, *words, "-F", "/dev/zero")["code"] == "too_large"


def test_a_very_long_command_line_is_read(project: Project) -> None:
    labels = [word for number in range(2000) for word in ("--label", f"label-{number}")]
    assert len(project.ok("new", "Much labelled", *labels)["ticket"]["labels"]) == 2000
    big = "x" * 100_000
    assert_well_behaved(project.run("new", "Long body", "--body", big, "--json"))
    assert_well_behaved(project.run("show", big, "--json"))
    assert_well_behaved(project.run(*["list"] * 5000, "--json"))


def test_a_folder_that_is_gone_is_told(project: Project) -> None:
    script = "mkdir gone && cd gone && rmdir ../gone && exec ticket list --json"
    answer = assert_well_behaved(start(project.path, "-c", script, program=("sh",)))
    assert (answer.status, answer.error["code"], bool(answer.error["hint"])) == (12, "io_error", True)


def test_a_reader_that_goes_away_early_is_no_error(project: Project) -> None:
    lines = [f'{{"op": "new", "title": "Ticket {number} {"x" * 200}"}}' for number in range(400)]
    project.ok("batch", "-", stdin="\n".join(lines).encode())
    for words in ("list --all", "list --all --json", "export", "search x", "prime"):
        script = f"ticket {words} | head -c 10 >/dev/null"
        answer = assert_well_behaved(start(project.path, "-c", script, program=("sh",)))
        assert (answer.status, answer.stderr) == (0, ""), words


@pytest.mark.parametrize("missing", ["HOME", "TERM", "LC_ALL", "USER", "TMPDIR", "XDG_CONFIG_HOME"])
def test_a_missing_variable_is_no_trouble(
    project: Project, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing, raising=False)
    project.new("Second")
    assert assert_well_behaved(project.run("list")).status == 0


def test_an_empty_environment_is_enough_to_read(project: Project) -> None:
    path = os.environ["PATH"]
    answer = assert_well_behaved(
        start(project.path, "-i", f"PATH={path}", "ticket", "list", "--json", program=("env",))
    )
    assert len(answer.data["tickets"]) == 1


def test_an_ascii_locale_keeps_every_letter(project: Project) -> None:
    title = "Gr\u00fc\u00dfe \U0001f3ab"
    project.new(title, env={"LC_ALL": "C"})
    assert project.titles() == ["First", title]
    told = project.run("list", env={"LC_ALL": "POSIX"})
    assert title in told.stdout


def test_without_git_reading_works_and_writing_says_what_to_install(project: Project, tmp_path: Path) -> None:
    ticket = subprocess.run(["which", "ticket"], capture_output=True, text=True, check=True).stdout.strip()
    empty = tmp_path / "empty"
    empty.mkdir()
    listing = project.run("list", "--json", env={"PATH": str(empty)}, program=(ticket,))
    assert len(listing.data["tickets"]) == 1
    before = project.snapshot()
    error: dict[str, Any] = project.refused(12, "new", "x", env={"PATH": str(empty)}, program=(ticket,))
    assert (error["code"], "git" in error["hint"]) == ("io_error", True)
    assert project.snapshot() == before
