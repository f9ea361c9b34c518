"""What every `Forge` does: what was pushed and said there is read back, and what is said twice stands once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.errors import InputError
from counterfoil.usecases.forge_ports import (
    CLOSED,
    COMPLETED,
    FAILURE,
    OPEN,
    RUNNING,
    SUCCESS,
    UNREVIEWED,
    Check,
)

if TYPE_CHECKING:
    from conformance.forge.conftest import Host

BRANCH = "tk-01m7zg3a-sell-shoes"


def test_a_repository_has_an_id(host: Host) -> None:
    assert host.forge.repository
    assert host.forge.repository == host.forge.repository


def test_a_pull_request_that_was_opened_is_among_those_that_are_there(host: Host) -> None:
    commit = host.push(BRANCH)

    made = host.forge.open_pull_request("[TK-01M7ZG3A] Sell shoes", "Why.", BRANCH, "main")

    assert (made.title, made.state, made.branch) == ("[TK-01M7ZG3A] Sell shoes", OPEN, BRANCH)
    assert (made.base, made.head, made.review, made.is_draft) == ("main", commit, UNREVIEWED, False)
    assert made.url.startswith("https://")
    assert [pull.number for pull in host.forge.pull_requests()] == [made.number]


def test_the_newest_pull_request_stands_first(host: Host) -> None:
    host.push("one")
    host.push("two")
    made = [host.forge.open_pull_request(name, "", name, "main").number for name in ("one", "two")]

    assert [pull.number for pull in host.forge.pull_requests()] == made[::-1]


def test_a_branch_that_has_an_open_pull_request_gets_no_second_one(host: Host) -> None:
    host.push(BRANCH)
    first = host.forge.open_pull_request("One", "", BRANCH, "main")

    again = host.forge.open_pull_request("Two", "", BRANCH, "main")

    assert again.number == first.number
    assert len(host.forge.pull_requests()) == 1


def test_a_branch_whose_pull_request_was_closed_gets_another(host: Host) -> None:
    host.push(BRANCH)
    first = host.forge.open_pull_request("One", "", BRANCH, "main")
    host.close(first.number)

    second = host.forge.open_pull_request("Two", "", BRANCH, "main")

    found = {pull.number: pull.state for pull in host.forge.pull_requests()}
    assert found == {first.number: CLOSED, second.number: OPEN}


def test_a_pull_request_follows_its_branch(host: Host) -> None:
    host.push(BRANCH)
    made = host.forge.open_pull_request("One", "", BRANCH, "main")

    commit = host.push(BRANCH)

    (found,) = host.forge.pull_requests()
    assert (found.number, found.head) == (made.number, commit)


def test_without_its_branch_no_pull_request_is_opened(host: Host) -> None:
    with pytest.raises(InputError) as caught:
        host.forge.open_pull_request("One", "", "not-pushed", "main")

    assert caught.value.code == "revision_not_found"


def test_checks_of_a_commit_are_read_by_name(host: Host) -> None:
    commit = host.push(BRANCH)
    host.forge.set_check(commit, Check("tickets", COMPLETED, SUCCESS, summary="All are valid."))
    host.forge.set_check(commit, Check("policy", COMPLETED, FAILURE, summary="Two ask."))

    found = host.forge.checks(commit)

    assert [(check.name, check.status, check.conclusion) for check in found] == [
        ("policy", COMPLETED, FAILURE),
        ("tickets", COMPLETED, SUCCESS),
    ]


def test_a_check_takes_the_place_of_the_one_before(host: Host) -> None:
    commit = host.push(BRANCH)
    host.forge.set_check(commit, Check("tickets", RUNNING))
    host.forge.set_check(commit, Check("tickets", COMPLETED, SUCCESS))

    assert [(check.status, check.conclusion) for check in host.forge.checks(commit)] == [(COMPLETED, SUCCESS)]


def test_a_commit_that_nobody_has_pushed_has_no_checks_and_gets_none(host: Host) -> None:
    assert list(host.forge.checks("f" * 40)) == []

    with pytest.raises(InputError) as caught:
        host.forge.set_check("f" * 40, Check("tickets", RUNNING))

    assert caught.value.code == "revision_not_found"


def test_a_comment_has_a_page_of_its_own(host: Host) -> None:
    host.push(BRANCH)
    made = host.forge.open_pull_request("One", "", BRANCH, "main")

    pages = [host.forge.comment(made.number, text) for text in ("Looks good.", "Merged.")]

    assert len(set(pages)) == 2
    assert all(page.startswith("https://") for page in pages)


def test_below_what_is_no_pull_request_nobody_comments(host: Host) -> None:
    with pytest.raises(InputError) as caught:
        host.forge.comment(4242, "Hello?")

    assert caught.value.code == "resource_not_found"
