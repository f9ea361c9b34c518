"""Reading Git's references from their files, since a process costs a command more than its own work.

A reference lies in a file of its own, or in `packed-refs` (gitrepository-layout(5)); where references lie
in tables (reftable) only Git can tell. Nothing is ever written. On the hot path.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HEX = frozenset("0123456789abcdef")
ID_LENGTHS = (40, 64)
SYMBOLIC = "ref: "
TAIL_BYTES = 4096
"""The last entry of a log is no longer than this."""
NEVER_PACKED = "/HEAD"
"""Ends the names of references that are symbolic, which have a file of their own or are not there."""
TELL = ("for-each-ref", "--format=%(symref) %(objectname)")
"""How Git is asked for a reference; its name follows."""


def read(common_dir: str, name: str, ask: Callable[[], bytes]) -> str | None:
    """Returns what a reference holds: an object, or `ref: ` and the name of another; None without one.

    Args:
        common_dir: the folder that all working trees of the clone share.
        name: the full name, `refs/heads/main`.
        ask: returns what Git answers to `TELL`; called where no file can tell.
    """
    if not name.startswith("refs/") or ".." in name:
        return None
    try:
        with open(f"{common_dir}/{name}", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(TAIL_BYTES).strip()
    except (OSError, ValueError):
        text = ""
    if text.startswith(SYMBOLIC) or _is_id(text):
        return text
    if _in_tables(common_dir):
        return _told(ask())
    if name.endswith(NEVER_PACKED):
        return None
    try:
        with open(f"{common_dir}/packed-refs", "rb") as file:
            packed = b"\n" + file.read()
    except OSError:
        return None
    at = packed.find(b" " + name.encode("utf-8", "surrogateescape") + b"\n")
    found = "" if at < 0 else packed[packed.rfind(b"\n", 0, at) + 1 : at].decode("ascii", "replace")
    return found if _is_id(found) else None


def _in_tables(common_dir: str) -> bool:
    try:
        with open(f"{common_dir}/reftable/tables.list", "rb"):
            return True
    except OSError:
        return False


def _told(answer: bytes) -> str | None:
    """Reads Git's answer: the name of another reference or nothing, then the object."""
    symbolic, _, found = answer.decode("utf-8", "surrogateescape").rstrip("\n").partition(" ")
    if symbolic:
        return SYMBOLIC + symbolic
    return found if _is_id(found) else None


def before_last_move(common_dir: str, name: str) -> str | None:
    """Returns what a reference named before it was moved the last time, as its log tells.

    Returns:
        The object, an empty text if the reference did not exist before, None where no log tells.
    """
    try:
        with open(f"{common_dir}/logs/{name}", "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().rstrip(b"\n").split(b"\n")
    except (OSError, ValueError):
        return None
    old, _, rest = lines[-1].partition(b" ")
    told = old.decode("ascii", "replace")
    if not _is_id(told) or not _is_id(rest.partition(b" ")[0].decode("ascii", "replace")):
        return None
    return told if told.strip("0") else ""


def _is_id(text: str) -> bool:
    return len(text) in ID_LENGTHS and HEX.issuperset(text)
