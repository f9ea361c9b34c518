"""Which tickets a branch or the title of a pull request names (dashboard.md, "GitHub").

A title names a ticket in brackets, `[TK-01M7ZG3A] Sell shoes`; a branch names it as `ticket branch` does,
`tk-01m7zg3a-sell-shoes`, at its beginning or behind a sign that is neither a letter nor a digit. Both texts are
anybody's, so a name is only what it looks like: whether there is such a ticket is for the caller to find out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterfoil.kernel.ids import ALPHABET, SHORT_LENGTH, ULID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ID = f"([{ALPHABET}]{{{SHORT_LENGTH},{ULID_LENGTH}}})"
TEXT_MAX = 1_000
"""Characters that are looked at: no host allows longer titles, and no file system longer names of branches."""


def named(title: str, branch: str, id_prefix: str) -> tuple[str, ...]:
    """Returns the beginnings of ids, in capitals, that a title or a branch names; each once, in their order."""
    prefix = re.escape(id_prefix)
    flags = re.IGNORECASE | re.ASCII
    in_title = re.findall(rf"\[{prefix}-{_ID}\]", title[:TEXT_MAX], flags)
    in_branch = re.findall(rf"(?<![A-Z0-9]){prefix}-{_ID}(?![A-Z0-9])", branch[:TEXT_MAX], flags)
    return tuple(dict.fromkeys([found.upper() for found in (*in_title, *in_branch)]))


def by_short_id(ids: Iterable[str]) -> dict[str, list[str]]:
    """Returns ids by the short ids that they begin with."""
    found: dict[str, list[str]] = {}
    for ulid in ids:
        found.setdefault(ulid[:SHORT_LENGTH], []).append(ulid)
    return found


def meant(names: Sequence[str], ids: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Returns the tickets that names stand for; a name that could be several tickets stands for none.

    Args:
        names: as `named` returns them.
        ids: all tickets, as `by_short_id` returns them.
    """
    found = []
    for name in names:
        candidates = [ulid for ulid in ids.get(name[:SHORT_LENGTH], ()) if ulid.startswith(name)]
        if len(candidates) == 1:
            found.append(candidates[0])
    return tuple(dict.fromkeys(found))
