"""Addresses on the web: known hosts by all the ways in which a remote may be written, and nothing from hostile ones."""

from __future__ import annotations

import pytest

from counterfoil.adapters.forge.remote import RemoteAddresses

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/acme/shop.git",
        "https://github.com/acme/shop",
        "https://github.com/acme/shop/",
        "http://github.com:80/acme/shop.git".replace(":80", ""),
        "git@github.com:acme/shop.git",
        "github.com:acme/shop",
        "ssh://git@github.com/acme/shop.git",
        "ssh://git@github.com:22/acme/shop.git",
        "git://github.com/acme/shop.git",
        "https://ada:ghp_secret@GitHub.com./acme/shop.git?x=1#y",
    ],
)
def test_one_repository_has_one_address_however_its_remote_is_written(remote: str) -> None:
    found = RemoteAddresses(remote)

    assert found.commit(COMMIT) == f"https://github.com/acme/shop/commit/{COMMIT}"
    assert found.file(".tickets/tickets/A.md", "main") == (
        "https://github.com/acme/shop/blob/main/.tickets/tickets/A.md"
    )
    assert found.history("a b.md", "work/ü") == "https://github.com/acme/shop/commits/work/%C3%BC/a%20b.md"


@pytest.mark.parametrize(
    ("remote", "file", "history", "commit"),
    [
        (
            "git@gitlab.example.org:group/sub/shop.git",
            "https://gitlab.example.org/group/sub/shop/-/blob/main/a.md",
            "https://gitlab.example.org/group/sub/shop/-/commits/main/a.md",
            f"https://gitlab.example.org/group/sub/shop/-/commit/{COMMIT}",
        ),
        (
            "https://codeberg.org/acme/shop.git",
            "https://codeberg.org/acme/shop/src/branch/main/a.md",
            "https://codeberg.org/acme/shop/commits/branch/main/a.md",
            f"https://codeberg.org/acme/shop/commit/{COMMIT}",
        ),
        (
            "https://forgejo.acme.example:3000/acme/shop",
            "https://forgejo.acme.example:3000/acme/shop/src/branch/main/a.md",
            "https://forgejo.acme.example:3000/acme/shop/commits/branch/main/a.md",
            f"https://forgejo.acme.example:3000/acme/shop/commit/{COMMIT}",
        ),
        (
            "git@bitbucket.org:acme/shop.git",
            "https://bitbucket.org/acme/shop/src/main/a.md",
            "https://bitbucket.org/acme/shop/history-node/main/a.md",
            f"https://bitbucket.org/acme/shop/commits/{COMMIT}",
        ),
    ],
)
def test_each_kind_of_host_names_its_pages_its_own_way(
    remote: str, file: str, history: str, commit: str
) -> None:
    found = RemoteAddresses(remote)

    assert (found.file("a.md", "main"), found.history("a.md", "main"), found.commit(COMMIT)) == (
        file,
        history,
        commit,
    )


def test_gitea_tells_commits_from_branches() -> None:
    assert f"/src/commit/{COMMIT}/a.md" in RemoteAddresses("https://gitea.com/a/b").file("a.md", COMMIT)


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "/srv/git/shop.git",
        "../shop",
        "file:///srv/github.com/acme/shop.git",
        "javascript://github.com/acme/shop%0aalert(1)",
        "ext::sh -c 'touch /tmp/x' github.com/acme/shop",
        "https://example.org/acme/shop.git",
        "https://github.com",
        "https://github.com/acme",
        "https://github.com.evil.example/acme/shop" + "\n",
        "https://github.com/acme/../../shop",
        "https://github.com/acme/%2e%2e/shop",
        "https://github.com/acme//shop",
        "https://github.com\\@evil.example/acme/shop",
        "https://github.com:99999999/acme/shop",
        "https://[::1/acme/shop",
        "https://github/acme/shop",
        "https://github.-x.com/acme/shop",
        "https://github.1/acme/shop",
        "git@github.com:" + "a/" * 2_000,
        "https://github.com/acme/sh\u202eop",
    ],
)
def test_what_names_no_known_host_and_no_repository_there_has_no_address(remote: str) -> None:
    found = RemoteAddresses(remote)

    assert found.commit(COMMIT) == found.file("a.md", "main") == found.history("a.md", "main") == ""


def test_a_host_that_pretends_to_be_another_keeps_its_own_name() -> None:
    assert (
        RemoteAddresses("https://github.com@gitlab.evil.example/a/b")
        .commit(COMMIT)
        .startswith("https://gitlab.evil.example/")
    )


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../a.md", "a/../b.md", "a//b", "a/./b", "a\nb"])
def test_a_path_that_leads_elsewhere_has_no_address(path: str) -> None:
    found = RemoteAddresses("https://github.com/acme/shop")

    assert found.file(path, "main") == found.history(path, "main") == ""


@pytest.mark.parametrize("ref", ["", "..", "a/../b", "a\tb"])
def test_a_branch_that_leads_elsewhere_has_no_address(ref: str) -> None:
    assert RemoteAddresses("https://github.com/acme/shop").file("a.md", ref) == ""


def test_signs_that_mean_something_in_an_address_are_escaped() -> None:
    found = RemoteAddresses("https://github.com/acme/sh%22op<b>.git")

    assert found.file("a?b#c\"'<>&%.md", "x?y") == (
        "https://github.com/acme/sh%22op%3Cb%3E/blob/x%3Fy/a%3Fb%23c%22%27%3C%3E%26%25.md"
    )


def test_a_name_of_bytes_that_are_no_text_is_escaped_byte_by_byte() -> None:
    path = b"caf\xe9.md".decode("utf-8", "surrogateescape")

    assert RemoteAddresses("https://github.com/a/b").file(path, "main") in {
        "",
        "https://github.com/a/b/blob/main/caf%E9.md",
    }


@pytest.mark.parametrize("commit", ["", "main", "0123456/../../settings", "0123456\n", "ABCDEF0123"])
def test_what_is_no_commit_has_no_page(commit: str) -> None:
    assert RemoteAddresses("https://github.com/acme/shop").commit(commit) == ""
