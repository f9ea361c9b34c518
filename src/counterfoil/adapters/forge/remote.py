"""Where a repository's files, commits and histories are on the web, as the address of its remote tells.

Nobody is asked: GitHub, GitLab, Gitea (Forgejo, Codeberg) and Bitbucket each name their pages by a fixed pattern. A
remote's address comes from a clone's configuration and may be hostile: what is returned is `https` on a host whose
name is one, without whatever credentials, port of SSH, query or fragment the remote had, with every part escaped.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

_SCP = re.compile(r"(?:[^@/:\s]+@)?([^@/:\s\[\]]+):(?!//)(.+)", re.DOTALL)
"""`git@github.com:acme/shop.git` (git-clone(1), "GIT URLS")."""
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\Z")
"""A name of DNS with a dot (RFC 1123): what has none, such as `localhost` or an alias of ssh_config, is in no web."""
_COMMIT = re.compile(r"[0-9a-f]{7,64}\Z")
_SCHEMES = frozenset({"https", "http", "ssh", "git", "git+ssh", "ssh+git"})
_WEB = frozenset({"https"})
_PORT = 443
SAFE = "-._~"
"""Characters of a path that stay as they are (RFC 3986, unreserved)."""


class Pattern(NamedTuple):
    """How a kind of host names its pages, below the repository's own."""

    file: str
    history: str
    commit: str


GITHUB = Pattern("/blob/{ref}/{path}", "/commits/{ref}/{path}", "/commit/{ref}")
GITLAB = Pattern("/-/blob/{ref}/{path}", "/-/commits/{ref}/{path}", "/-/commit/{ref}")
GITEA = Pattern("/src/{kind}/{ref}/{path}", "/commits/{kind}/{ref}/{path}", "/commit/{ref}")
BITBUCKET = Pattern("/src/{ref}/{path}", "/history-node/{ref}/{path}", "/commits/{ref}")
HOSTS = {
    "github.com": GITHUB, "gitlab.com": GITLAB, "codeberg.org": GITEA, "gitea.com": GITEA,
    "bitbucket.org": BITBUCKET,
}  # fmt: skip
BY_WORD = {"github": GITHUB, "gitlab": GITLAB, "gitea": GITEA, "forgejo": GITEA, "codeberg": GITEA}
"""Hosts of one's own are known by a word of their name, such as `gitlab.example.org`."""


class RemoteAddresses:
    """The `Addresses` of a repository with this remote.

    Args:
        remote: its address; anything.
    """

    def __init__(self, remote: str) -> None:
        self._base, self._pattern = _read(remote)

    def file(self, path: str, commit: str) -> str:
        """Returns the page of a file, or an empty text."""
        return "" if self._pattern is None else self._page(self._pattern.file, commit, path)

    def history(self, path: str, branch: str) -> str:
        """Returns the page of a file's history, or an empty text."""
        return "" if self._pattern is None else self._page(self._pattern.history, branch, path)

    def commit(self, commit: str) -> str:
        """Returns the page of a commit, or an empty text."""
        if self._pattern is None or not _COMMIT.match(commit):
            return ""
        return self._base + self._pattern.commit.format(ref=commit)

    def _page(self, form: str, ref: str, path: str) -> str:
        steps = path.split("/")
        if not ref or not _are_steps(ref.split("/")) or not _are_steps(steps):
            return ""
        kind = "commit" if _COMMIT.match(ref) else "branch"
        return self._base + form.format(kind=kind, ref=_escaped(ref), path=_escaped(path))


def _read(remote: str) -> tuple[str, Pattern | None]:
    """Returns the page of the repository and how its host names the others."""
    if not remote.isprintable() or "\\" in remote or len(remote) > 2_000:
        return "", None
    host, port, path = _parts(remote)
    host = host.lower().rstrip(".")
    steps = unquote(path).strip("/").removesuffix(".git").split("/")
    pattern = _pattern(host)
    if pattern is None or len(steps) < 2 or not _are_steps(steps) or not _HOST.match(host):
        return "", None
    shown = f"{host}:{port}" if port else host
    return f"https://{shown}/{_escaped('/'.join(steps))}", pattern


def _parts(remote: str) -> tuple[str, int, str]:
    """Returns host, port on the web (0 for the usual one) and path; empty texts for what names no host."""
    if "://" in remote:
        try:
            parts = urlsplit(remote)
            host, port = parts.hostname or "", parts.port or _PORT
        except ValueError:
            return "", 0, ""
        if parts.scheme not in _SCHEMES:
            return "", 0, ""
        return host, port if parts.scheme in _WEB and port != _PORT else 0, parts.path
    found = _SCP.fullmatch(remote)
    return (found[1], 0, found[2]) if found else ("", 0, "")


def _pattern(host: str) -> Pattern | None:
    known = HOSTS.get(host)
    if known is not None:
        return known
    words = re.split(r"[.-]", host)
    return next((pattern for word, pattern in BY_WORD.items() if word in words), None)


def _are_steps(steps: list[str]) -> bool:
    """Tells whether a path leads nowhere else: no empty step, none upwards."""
    return all(step not in {"", ".", ".."} and step.isprintable() for step in steps)


def _escaped(path: str) -> str:
    return quote(path, safe=f"{SAFE}/", encoding="utf-8", errors="surrogateescape")
