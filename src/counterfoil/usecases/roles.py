"""What somebody needs to do something through a browser: a role in the space, and for what gives power a fresh session."""

from __future__ import annotations

from counterfoil.errors import RefusedError

VIEWER, MEMBER, APPROVER, ADMIN = "viewer", "member", "approver", "admin"
ROLES = (VIEWER, MEMBER, APPROVER, ADMIN)
"""Each may do what those before it may: look; propose and discuss; decide; manage people, agents and policy."""


def reaches(role: str, needed: str) -> bool:
    """Tells whether a role may do what another one is needed for."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def session_stale(**fields: object) -> RefusedError:
    """Returns the error of a browser in which somebody signed in too long ago for what gives power."""
    return RefusedError(
        "session_stale", "you signed in too long ago to decide on anything; sign in once more",
        "ticket session link", **fields,
    )  # fmt: skip
