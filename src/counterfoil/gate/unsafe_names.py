"""Names of files that Git checks out nowhere, since they would lead out of the working tree or into `.git`.

A tree may be made with any name in it (`git mktree`), and a branch may be moved to such a tree; only whoever checks it
out is refused. So the names are looked at when it is proposed, as Git's own `verify_path` does on every system at
once: what a file system ignores in a name, or writes in another way, counts (CVE-2014-9390, CVE-2019-1353).
"""

from __future__ import annotations

HFS_IGNORES = frozenset(
    "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"
)
"""Characters without which macOS compares names."""
_GIT, _GIT_SHORT = ".git", "git~1"
_MODULES = ".gitmodules"


def is_unsafe(path: str, *, link: bool = False) -> bool:
    """Tells whether Git refuses to check a path out.

    Args:
        path: of a tree, with `/`.
        link: whether it is a symbolic link.
    """
    return any(_is_unsafe_part(part, link=link) for part in path.split("/"))


def _is_unsafe_part(part: str, *, link: bool) -> bool:
    plain = "".join([char for char in part if char not in HFS_IGNORES]).lower()
    if part in {"", ".", ".."} or plain == _GIT or (link and plain == _MODULES):
        return True
    # Windows takes `\` for `/`, what follows `:` for a stream, and ignores dots and spaces at the end.
    return any(
        piece.partition(":")[0].rstrip(". ").lower() in {_GIT, _GIT_SHORT} for piece in part.split("\\")
    )
