"""The roles that people have in a space: what each may do through a browser."""

from __future__ import annotations

VIEWER, MEMBER, APPROVER, ADMIN = "viewer", "member", "approver", "admin"
ROLES = (VIEWER, MEMBER, APPROVER, ADMIN)
"""Each may do what those before it may: look; propose and discuss; decide; manage people, agents and policy."""


def reaches(role: str, needed: str) -> bool:
    """Tells whether a role may do what another one is needed for."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)
