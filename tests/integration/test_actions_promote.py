"""Merges that were approved: exactly the tree that was shown, into a branch that has not moved."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from world import Repository, RepositoryFactory

from counterfoil.bootstrap import open_project
from counterfoil.errors import ConflictError, HostError, InputError
from counterfoil.gate import rules
from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.policy import Policy
from counterfoil.gate.policy_reading import parse
from counterfoil.gate.proposal import Proposal
from counterfoil.gate.statement import matter_of
from counterfoil.usecases.actions import executing, preparing, promoting
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.actions.prepared import Prepared
    from counterfoil.usecases.context import Context

PROPOSAL = "P-0123456789ABCDEF"
RELEASE = "refs/heads/release"


class Branches:
    """A project with a branch to merge and one to merge it into."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        repository.commit(**{"a.txt": "one\n", "b.txt": "one\n", ".tickets/tickets/.gitkeep": ""})
        repository.git("branch", "release")
        repository.git("checkout", "--quiet", "-b", "topic")
        repository.commit("work", **{"a.txt": "two\n"})

    def context(self) -> Context:
        """Returns a fresh context, as every command has one."""
        return open_project(str(self.repository.path), os.environ, Options(actor="human:me"))

    def prepare(self, target: str = RELEASE, source: str = "topic", **payload: str) -> Prepared:
        """Prepares a merge."""
        asked = {"source": source, "target": target, **payload}
        return preparing.prepare(self.context(), "change.promote", asked, actor="agent:claude")

    def body(self, prepared: Prepared) -> dict[str, Any]:
        """Returns the proposal, as far as the executor looks at it."""
        return {"id": PROPOSAL, "action": prepared.action, "payload": prepared.payload}

    def run(self, prepared: Prepared) -> Mapping[str, Any]:
        """Merges."""
        return executing.run_outside(self.context(), self.body(prepared), attempt=1)

    def probe(self, prepared: Prepared) -> Mapping[str, Any] | None:
        """Asks whether it was merged."""
        return executing.probe_outside(self.context(), self.body(prepared), attempt=1)

    def tip(self, ref: str) -> str:
        """Returns a branch's commit."""
        return self.repository.git("rev-parse", ref)


@pytest.fixture(params=["sha1", "sha256"])
def branches(repository: RepositoryFactory, request: pytest.FixtureRequest) -> Branches:
    """Two branches, in repositories of both object formats."""
    return Branches(repository(object_format=request.param))


def test_the_merge_has_exactly_the_tree_that_was_shown_and_both_parents(branches: Branches) -> None:
    base = branches.tip(RELEASE)
    prepared = branches.prepare()
    assert prepared.basis == [(RELEASE, base)]
    assert prepared.writes == []
    assert prepared.facts[0].paths == ("a.txt",)
    assert "-one\n+two\n" in prepared.shown.text
    assert branches.probe(prepared) == {}
    result = branches.run(prepared)
    commit = branches.tip(RELEASE)
    assert result == {"commit": commit, "ref": RELEASE, "tree": prepared.payload["tree"]}
    assert branches.tip(f"{RELEASE}^{{tree}}") == prepared.payload["tree"]
    assert branches.repository.git("show", "-s", "--format=%P", commit) == f"{base} {branches.tip('topic')}"
    assert (
        branches.repository.git("show", "-s", "--format=%(trailers)", commit)
        == f"Ticket-Proposal: {PROPOSAL}\n"
    )
    assert branches.probe(prepared) == result


def test_who_signs_for_a_merge_signs_its_branch_and_its_commits(branches: Branches) -> None:
    prepared = branches.prepare()
    change = matter_of(Proposal(body=branches.body(prepared))).change
    assert change == (RELEASE, branches.tip(RELEASE), branches.tip("topic"), prepared.payload["tree"])


def test_commits_that_follow_do_not_hide_a_merge_from_the_probe(branches: Branches) -> None:
    prepared = branches.prepare()
    result = branches.run(prepared)
    branches.repository.git("checkout", "--quiet", "release")
    branches.repository.commit("more", **{"c.txt": "x"})
    assert branches.probe(prepared) == result


def test_a_target_that_has_moved_is_left_where_it_is(branches: Branches) -> None:
    prepared = branches.prepare()
    branches.repository.git("branch", "--force", "release", "topic")
    moved = branches.tip(RELEASE)
    with pytest.raises(ConflictError) as stale:
        branches.run(prepared)
    assert stale.value.code == "stale"
    assert branches.tip(RELEASE) == moved
    assert branches.probe(prepared) == {}


def test_a_source_that_moves_after_it_was_shown_is_merged_as_it_was_shown(branches: Branches) -> None:
    prepared = branches.prepare()
    shown = branches.tip("topic")
    branches.repository.commit("more", **{"evil.txt": "x"})
    branches.run(prepared)
    assert branches.repository.git("show", "-s", "--format=%P", RELEASE).split()[1] == shown
    assert branches.repository.git("ls-tree", "--name-only", RELEASE, "evil.txt") == ""


def test_preparing_again_shows_the_same_even_when_the_source_has_moved(branches: Branches) -> None:
    once = branches.prepare()
    branches.repository.commit("more", **{"c.txt": "x"})
    again = branches.prepare(**once.payload)
    assert (again.payload, again.shown) == (once.payload, once.shown)


def test_where_the_target_is_checked_out_the_working_tree_follows(branches: Branches) -> None:
    branches.repository.git("checkout", "--quiet", "release")
    prepared = branches.prepare()
    branches.run(prepared)
    assert (branches.repository.path / "a.txt").read_text() == "two\n"
    assert branches.repository.git("status", "--porcelain") == ""
    assert branches.probe(prepared)


def test_uncommitted_work_in_the_way_stops_the_merge_and_is_not_lost(branches: Branches) -> None:
    branches.repository.git("checkout", "--quiet", "release")
    prepared = branches.prepare()
    base = branches.tip(RELEASE)
    branches.repository.write("a.txt", "mine\n")
    with pytest.raises(HostError) as failed:
        branches.run(prepared)
    assert failed.value.code == "commit_failed"
    assert (branches.repository.path / "a.txt").read_text() == "mine\n"
    assert branches.tip(RELEASE) == base


def test_a_merge_with_conflicts_is_refused_with_its_paths(branches: Branches) -> None:
    branches.repository.git("checkout", "--quiet", "release")
    branches.repository.commit("other", **{"a.txt": "three\n"})
    with pytest.raises(ConflictError) as conflict:
        branches.prepare()
    assert conflict.value.code == "merge_conflict"
    assert conflict.value.fields["paths"] == ["a.txt"]


@pytest.mark.parametrize(
    ("target", "source", "code"),
    [
        ("refs/heads/none", "topic", "ref_not_found"),
        (RELEASE, "none", "ref_not_found"),
        (RELEASE, "release", "no_change"),
        (RELEASE, "--all", "invalid_payload"),
        ("refs/tags/v1", "topic", "invalid_payload"),
        ("refs/heads/../../HEAD", "topic", "ref_not_found"),
        ("refs/heads/a\0b", "topic", "invalid_payload"),
        (RELEASE, "a\0b", "invalid_payload"),
        (RELEASE, "top ic", "invalid_payload"),
    ],
)
def test_what_cannot_be_merged_is_refused(
    repository: RepositoryFactory, target: str, source: str, code: str
) -> None:
    with pytest.raises(InputError) as refused:
        Branches(repository()).prepare(target, source)
    assert refused.value.code == code


def test_a_reviewer_is_told_of_modes_workflows_links_and_other_repositories(
    repository: RepositoryFactory,
) -> None:
    branches = Branches(repository())
    scene = branches.repository
    scene.write(".github/workflows/ci.yml", "on: push\n")
    (scene.path / "b.txt").chmod(0o755)
    (scene.path / "link").symlink_to("/etc/passwd")
    scene.write("hidden.py", "admin = False\u202e\n")
    scene.git("add", "--all")
    scene.git("update-index", "--add", "--cacheinfo", f"160000,{branches.tip('topic')},other")
    scene.git("commit", "--quiet", "-m", "more")
    prepared = branches.prepare()
    assert {(flag.code, flag.path) for flag in prepared.shown.flags} == {
        ("ci", ".github/workflows/ci.yml"),
        ("executable", "b.txt"),
        ("mode", "b.txt"),
        ("mode", "link"),
        ("mode", "other"),
        ("bidi", "hidden.py"),
    }
    assert "mode 100644 → 100755 b.txt\n" in prepared.shown.text
    assert "+/etc/passwd\n" in prepared.shown.text
    assert "+Subproject commit " in prepared.shown.text
    assert "False\\u202e" in prepared.shown.text


def test_a_base_or_tree_that_somebody_made_up_is_refused(repository: RepositoryFactory) -> None:
    branches = Branches(repository())
    for made_up in ({"base": "0" * 40}, {"tree": "0" * 40}):
        with pytest.raises(ConflictError) as stale:
            branches.prepare(**made_up)
        assert stale.value.code == "stale"


def test_policy_is_told_how_many_approvals_the_ticket_wishes_for(repository: RepositoryFactory) -> None:
    branches = Branches(repository())
    ticket = "01JQZX5T00000000000000000A"
    text = f"---\nid: {ticket}\ntitle: T\nstate: ready\npriority: p1\nlabels: [ui]\nx_ticket:\n  enforcement:\n    required_reviews: 2\n---\n"
    branches.repository.write(f".tickets/tickets/{ticket}.md", text)
    prepared = branches.prepare(ticket=ticket[:8])
    [facts] = prepared.facts
    assert (facts.reviews, facts.priority, facts.labels) == (2, "p1", ("ui",))
    assert prepared.tickets == (ticket,)


WISH = "01JQZX5T00000000000000000A"


def wishing(reviews: int | str | None) -> str:
    """Returns the file of a p3 ticket that wishes for so many reviews."""
    wish = "" if reviews is None else f"x_ticket:\n  enforcement:\n    required_reviews: {reviews}\n"
    return f"---\nid: {WISH}\ntitle: T\nstate: ready\npriority: p3\nlabels: []\n{wish}---\n"


@pytest.mark.parametrize(
    ("link", "payload"),
    [
        ("named", {"ticket": WISH}),
        ("branch", {"source": f"feat/tk-{WISH[:8].lower()}-more"}),
        ("message", {"message": f"Merge TK-{WISH[:8]}"}),
        ("changed", {}),
    ],
)
@pytest.mark.parametrize("reviews", [None, 0, 1, 3, "many"])
def test_the_wish_of_a_ticket_raises_the_quorum_of_a_merge_and_never_lowers_it(
    repository: RepositoryFactory, link: str, payload: dict[str, str], reviews: int | str | None
) -> None:
    branches = Branches(repository())
    file = f".tickets/tickets/{WISH}.md"
    repo = branches.repository
    if link == "changed":
        repo.commit("wish", **{file: wishing(reviews)})
    else:
        repo.git("checkout", "--quiet", "release")
        repo.commit("wish", **{file: wishing(reviews)})
        repo.git("checkout", "--quiet", "topic")
        repo.git("merge", "--quiet", "--no-edit", "release")
        repo.git("branch", f"feat/tk-{WISH[:8].lower()}-more")
        repo.write(file, wishing(None))  # nobody has reviewed that the wish is gone
    facts = branches.prepare(**payload).facts[0]
    wish = {None: 0, "many": 1}.get(reviews, reviews)
    assert facts.reviews == wish
    for policy in ("auto_merge_on_green", "review_required"):
        ruling = rules.rule(compile_policy(Policy(default=policy), "0" * 64), facts)
        assert (ruling.answer, ruling.demands.quorum) == ("ask", max(1, facts.reviews))


URGENT = "01JQZX5T00000000000000000B"
URGENT_FILE = f".tickets/tickets/{URGENT}.md"


def urgent(state: str, priority: str = "p0") -> str:
    """Returns the file of a ticket in a state."""
    return f"---\nid: {URGENT}\ntitle: T\nstate: {state}\npriority: {priority}\nlabels:\n  - Security\n---\n"


@pytest.fixture
def urgent_branches(repository: RepositoryFactory) -> Branches:
    """Two branches that both have a p0 ticket in the backlog."""
    branches = Branches(repository())
    branches.repository.git("checkout", "--quiet", "release")
    branches.repository.commit("urgent", **{URGENT_FILE: urgent("backlog")})
    branches.repository.git("checkout", "--quiet", "topic")
    branches.repository.git("merge", "--quiet", "--no-edit", "release")
    return branches


def test_a_merge_that_names_no_ticket_is_ruled_on_as_if_its_tickets_were_unknown(branches: Branches) -> None:
    [facts] = branches.prepare().facts
    assert (facts.priority, facts.labels, facts.paths) == (None, None, ("a.txt",))


def test_leaving_out_the_ticket_leads_around_no_rule_of_the_merge_policy(branches: Branches) -> None:
    merging = {
        "default": "auto_merge_on_green",
        "rules": [
            {
                "match": {"priority": ["p0"]},
                "policy": "require_approvals",
                "approvers": ["human:a", "human:b"],
            }
        ],
    }
    policy, problems = parse({"version": 1, "merge_policy": merging})
    assert policy is not None, problems
    ruling = rules.rule(compile_policy(policy, "0" * 64), branches.prepare().facts[0])
    assert (ruling.answer, ruling.demands.quorum, ruling.demands.approvers) == (
        "ask",
        2,
        ("human:a", "human:b"),
    )


def test_a_merge_that_moves_a_ticket_is_ruled_on_as_that_move(urgent_branches: Branches) -> None:
    for state in ("ready", "in_progress", "done"):
        urgent_branches.repository.commit(state, **{URGENT_FILE: urgent(state)})
    whole, move = urgent_branches.prepare().facts
    assert (whole.action, whole.priority, whole.labels) == ("change.promote", "p0", ("security",))
    assert (move.action, move.state_from, move.state_to, move.priority) == (
        "ticket.move",
        "backlog",
        "done",
        "p0",
    )
    assert move.paths == (URGENT_FILE,)
    assert rules.rule(rules.DEFAULT, move).rule == "default/urgent-done"


@pytest.mark.parametrize("steps", [["done"], ["ready", "done"], ["ready", None, "done"], ["blocked", "done"]])
def test_a_merge_takes_no_step_that_the_transition_table_does_not_have(
    urgent_branches: Branches, steps: list[str | None]
) -> None:
    repository = urgent_branches.repository
    for state in steps:
        if state is None:
            repository.git("rm", "--quiet", URGENT_FILE)
            repository.git("commit", "--quiet", "-m", "away")
        else:
            repository.commit(state, **{URGENT_FILE: urgent(state)})
    with pytest.raises(InputError) as refused:
        urgent_branches.prepare()
    assert refused.value.code == "invalid_transition"
    assert (refused.value.fields["from"], refused.value.fields["to"]) == ("backlog", "done")


def test_a_merge_that_changes_the_policy_is_ruled_on_as_that_too(branches: Branches) -> None:
    branches.repository.commit(
        "policy", **{".tickets/policy.yml": "version: 1\n", "sub/.tickets/policy.yml": "a"}
    )
    assert [(facts.action, facts.paths) for facts in branches.prepare().facts[1:]] == [
        ("policy.change", (".tickets/policy.yml",)),
        ("policy.change", ("sub/.tickets/policy.yml",)),
    ]


def test_a_ticket_that_nobody_can_read_after_the_merge_may_be_any(urgent_branches: Branches) -> None:
    urgent_branches.repository.commit("broken", **{URGENT_FILE: "no ticket"})
    for facts in urgent_branches.prepare().facts:
        assert (facts.priority, facts.labels) == (None, None)


def test_a_path_that_is_no_text_is_shown_and_told_as_text(repository: RepositoryFactory) -> None:
    branches = Branches(repository())
    with open(os.fsencode(branches.repository.path) + b"/caf\xe9.txt", "wb") as file:
        file.write(b"x\n")
    branches.repository.commit("more")
    prepared = branches.prepare()
    assert prepared.facts[0].paths == ("a.txt", "caf\\xe9.txt")
    assert "+++ b/caf\\xe9.txt\n" in prepared.shown.text
    assert branches.run(prepared)


def made_tree(repository: Repository, lines: str) -> str:
    """Makes a tree with whatever names, as Git does without looking at them."""
    made = subprocess.run(
        ["git", "mktree"], cwd=repository.path, input=lines.encode(), capture_output=True, check=True
    )
    return made.stdout.decode().strip()


def hostile(branches: Branches, folder: str, mode: str = "100644", name: str = "post-merge") -> str:
    """Makes a commit on topic with a name that no working tree can have, and returns it."""
    repository = branches.repository
    blob = repository.git("rev-parse", "topic:a.txt")
    inner = made_tree(repository, f"{mode} blob {blob}\t{name}\n")
    listed = repository.git("ls-tree", "topic")
    tree = made_tree(repository, f"{listed}\n040000 tree {inner}\t{folder}\n")
    return repository.git("commit-tree", tree, "-p", "topic", "-m", "hostile")


@pytest.mark.parametrize(
    ("folder", "mode", "name"),
    [
        (".git", "100644", "post-merge"),
        (".GIT", "100644", "x"),
        ("git~1", "100644", "x"),
        ("..", "100644", "x"),
        (".g\u200cit", "100644", "x"),
        ("sub", "120000", ".gitmodules"),
    ],
)
def test_a_name_that_nobody_could_check_out_is_refused_before_anybody_is_asked(
    repository: RepositoryFactory, folder: str, mode: str, name: str
) -> None:
    branches = Branches(repository())
    with pytest.raises(InputError) as refused:
        branches.prepare(source=hostile(branches, folder, mode, name))
    assert refused.value.code == "unsafe_name"
    assert refused.value.fields["path"].endswith(f"/{name}")
    assert "\u200c" not in refused.value.message


@pytest.mark.parametrize("is_checked_out", [True, False])
def test_such_a_name_that_was_approved_earlier_has_failed_for_good(
    repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch, is_checked_out: bool
) -> None:
    branches = Branches(repository())
    if is_checked_out:
        branches.repository.git("checkout", "--quiet", "release")
    source, base = hostile(branches, ".git"), branches.tip(RELEASE)
    with monkeypatch.context() as earlier:
        earlier.setattr(promoting, "is_unsafe", lambda *_, **__: False)
        prepared = branches.prepare(source=source)
    with pytest.raises(InputError) as failed:
        branches.run(prepared)
    assert (failed.value.code, branches.tip(RELEASE)) == ("unsafe_name", base)


def test_a_merge_may_take_such_a_name_away(repository: RepositoryFactory) -> None:
    branches = Branches(repository())
    branches.repository.git("branch", "--force", "release", hostile(branches, ".git"))
    clean = branches.repository.git("commit-tree", "topic^{tree}", "-p", "release", "-m", "clean")
    result = branches.run(branches.prepare(source=clean))
    assert result["tree"] == branches.tip("topic^{tree}")
