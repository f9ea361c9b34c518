"""Who may approve what, as a table that is sealed with a policy and can be applied without it.

The table is small canonical JSON. Whoever holds a receipt of an accepted policy, of a proposal and of a
decision can tell from these three alone whether the decision counted; neither the policy's file nor this
program's reading of it is needed (evidence.md, "Statements and who signs"). Pure.

    {"version": 1, "kinds": ["human"], "people": null | {"p0": ["human:ada"], …, "*": ["human:ada"]}}

`people` lists by priority who may approve; null means everybody of `kinds`. `*` is for what has no priority,
or one that is not known.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = 1
KINDS = ("human",)
"""Only people approve (product.md §25)."""
ANY = "*"
ASSURANCES = ("unverified", "signed", "signed-hardware")
"""From the weakest to the strongest."""


def table(people: Mapping[str, Sequence[str]] | None) -> dict[str, object]:
    """Returns the table as JSON data.

    Args:
        people: by priority, and under `*`, who may approve; None for all people.
    """
    listed = None if people is None else {key: list(actors) for key, actors in people.items()}
    return {"version": VERSION, "kinds": list(KINDS), "people": listed}


def may_approve(
    authority: Mapping[str, object],
    *,
    actor: str,
    proposer: str,
    authors: Sequence[str] = (),
    priority: str | None = None,
    demands: Mapping[str, object] | None = None,
    assurance: str = "unverified",
    session: str = "",
    proposer_session: str = "",
    model: str = "",
    proposer_model: str = "",
) -> list[tuple[str, str]]:
    """Returns what stands against somebody's approval; nothing if it counts.

    Args:
        authority: the table; one that cannot be read lets nobody approve.
        actor: who approves.
        proposer: who asked.
        authors: whoever else wrote what is asked for, in an earlier version.
        priority: the ticket's, as the proposal says it; None where there is none or nobody knows.
        demands: the proposal's (`require`, `separation`, `approvers`), as they were sealed with it.
        assurance: of the decision: one of `ASSURANCES`.
        session, proposer_session: names of the sessions of both, empty where they are not known.
        model, proposer_model: the models that spoke for both, empty for none.

    Returns:
        A code and a sentence each: `not_a_person`, `own_proposal`, `not_an_approver`, `assurance`, `session`,
        `model`.
    """
    wanted = demands or {}
    against: list[tuple[str, str]] = []
    kind, _, slug = actor.partition(":")
    if kind not in KINDS or not slug:
        against.append(("not_a_person", f"{actor} is no person, and only people approve"))
    if actor == proposer or actor in authors:
        against.append(("own_proposal", f"{actor} wrote it, and nobody decides on their own proposal"))
    against += _by_table(authority, actor, priority)
    named = wanted.get("approvers")
    if named is not None and not (isinstance(named, list) and actor in named):
        against.append(("not_an_approver", f"{actor} is not among those who are to approve this"))
    require = wanted.get("require") or ASSURANCES[0]
    if require not in ASSURANCES or _strength(assurance) < ASSURANCES.index(str(require)):
        words = f"the decision has to be {require} and is {assurance or 'not vouched for'}"
        against.append(("assurance", words))
    separation = wanted.get("separation")
    apart = separation if isinstance(separation, list) else []
    if "session" in apart and (not session or not proposer_session or session == proposer_session):
        against.append(("session", "the decision has to come from another session than the proposal"))
    if "model" in apart and model and (not proposer_model or model == proposer_model):
        against.append(("model", "the decision has to come from another model than the proposal"))
    return against


def _by_table(authority: Mapping[str, object], actor: str, priority: str | None) -> list[tuple[str, str]]:
    people = authority.get("people", ())
    if authority.get("version") != VERSION or not (people is None or isinstance(people, dict)):
        return [("not_an_approver", "the table of who may approve cannot be read")]
    if people is None:
        return []
    key = priority if priority in people else ANY
    able = people.get(key)
    if isinstance(able, list) and actor in able:
        return []
    what = f"{priority} tickets" if key == priority else "this"
    return [("not_an_approver", f"{actor} may not approve {what}")]


def _strength(assurance: str) -> int:
    return ASSURANCES.index(assurance) if assurance in ASSURANCES else -1
