"""`ticket approve` and `ticket reject`: a person answers, having seen exactly what would change.

The page that is shown and the digest that is approved come from the same bytes. At a terminal the person is
asked; elsewhere their signature stands for them (product.md §25).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from counterfoil.cli.answers import answer_data, what_became
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import colourful, terminal_width
from counterfoil.cli.proposal_words import WIDTH, headline, page_lines
from counterfoil.cli.seen import lineage, opened, seen
from counterfoil.errors import ConflictError, HostError, InputError, RefusedError
from counterfoil.gate.proposal import APPLIED, APPLYING, APPROVED, FAILED, PENDING
from counterfoil.usecases import deciding, proposals
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.eligible import against_the_best, check_alike, may_decide
from counterfoil.usecases.proposal_headline import short
from counterfoil.usecases.shown_again import shown_again
from counterfoil.usecases.signed_decision import sign
from counterfoil.usecases.taking_up import NOT_IN_EFFECT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.cli.proposal_words import Seen
    from counterfoil.errors import CounterfoilError
    from counterfoil.usecases.deciding import Decided
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.statements import Signed

WIDEST = 110
DONE = {"approve": "Approved", "reject": "Rejected"}
DIGEST_MIN = 8
ASSURANCE = {"unverified": "not signed", "signed-hardware": "signed with a hardware key"}
"""How sure it is that a person decided, where the word alone does not tell."""


@damage_is_told()
def run(call: Call) -> Reply:
    """Answers one proposal, or several that are alike."""
    arguments, verb = call.arguments, call.arguments.verb
    queries = arguments.many("proposal")
    if arguments.flag("sign") and arguments.flag("no_sign"):
        raise usage("give --sign or --no-sign, not both", verb)
    if arguments.text("digest") is not None and len(queries) > 1:
        raise usage("--digest goes with one proposal", verb, option="--digest")
    if verb == "approve" and arguments.flag("edit"):
        from counterfoil.cli.commands.redraft import redraft

        return redraft(call, queries)
    with opened(call.context()) as store:
        names = list(dict.fromkeys([proposals.find(store, query) for query in queries]))
        return _answered(call, store, names)


def _answered(call: Call, store: Store, names: Sequence[str]) -> Reply:
    verb, context = call.arguments.verb, call.context()
    waiting = [seen(context, proposals.load_whole(store, name)) for name in names]
    if len(waiting) > 1 and verb == "approve":
        check_alike([each.proposal for each in waiting])
    note = _note(call)
    for each in waiting:
        _check_digest(call, each)
    if verb == "approve" and call.interactive:
        _show_and_ask(call, store, waiting)
    decided: list[tuple[Decided, Seen]] = []
    for each in waiting:
        try:
            decided.append(_decide(call, store, each, note))
        except ConflictError as error:
            if decided:
                error.fields["decided"] = [made.proposal.id for made, _ in decided]
            raise
    return _reply(verb, decided)


def _decide(call: Call, store: Store, each: Seen, note: str) -> tuple[Decided, Seen]:
    """Sends one answer, signed where it can be.

    Raises:
        CounterfoilError: why it does not count; for an approval whose effect failed, the failure.
    """
    context, verb, state = call.context(), call.arguments.verb, each.proposal
    by = context.actor()
    is_open = state.status == PENDING and against_the_best(state, by, verb) is None
    signed = _signed(call, store, each, note) if is_open else None
    answer = Answer(
        verb,
        by,
        call.arguments.text("digest") or state.digest,
        note,
        None if signed is None else signed.envelope,
        None if signed is None else signed.disclosure,
        at_terminal=_at_terminal(call),
    )
    made = deciding.decide(context, store, state.id, answer)
    now = seen(context, made.proposal)
    if made.failure is not None:
        raise _not_carried_out(made.failure, now)
    failed = what_became(now) if verb == "approve" and now.status == FAILED else None
    if failed is not None:  # earlier, or while somebody else was at it
        raise failed
    return made, now


def _at_terminal(call: Call) -> bool:
    """Tells whether a person sits here who was asked, or who says with `--yes` that they have read it."""
    asked = call.interactive or call.arguments.verb == "reject" or call.arguments.flag("yes")
    return asked and os.isatty(0)


def _signed(call: Call, store: Store, each: Seen, note: str) -> Signed | None:
    """Returns a signed statement, or None where no key is at hand or none is wanted.

    Raises:
        RefusedError: `signature_required`, for `--sign` without a key.
        HostError: `signing_failed`, `key_exposed`, for `--sign`; else that is a warning.
    """
    if call.arguments.flag("no_sign"):
        return None
    context, must = call.context(), call.arguments.flag("sign")
    try:
        signed = sign(
            context, store, each.proposal, call.arguments.verb, note=note, terminal=call.interactive
        )
    except HostError as error:
        if must:
            raise
        context.warn(error.code, f"not signed: {error.message}", hint=error.hint or "")
        return None
    if signed is None and must:
        raise RefusedError(
            "signature_required",
            "there is no SSH key to sign with",
            "ssh-add, or: git config ticket.signingKey ~/.ssh/id_ed25519.pub",
            proposal=each.proposal.id,
        )
    return signed


# --- before ---------------------------------------------------------------------------------------


def _check_digest(call: Call, each: Seen) -> None:
    """Compares the digest that somebody was shown with what the proposal says.

    Raises:
        ConflictError: `digest_differs`.
    """
    given = call.arguments.text("digest")
    if given is None:
        return
    digits = given.lower().removeprefix("sha256:")
    if len(digits) < DIGEST_MIN:
        raise usage(f"--digest takes {DIGEST_MIN} digits or more", call.arguments.verb, value=given)
    if not each.proposal.digest.startswith(digits):
        name = each.proposal.id
        raise ConflictError(
            "digest_differs",
            f"what you saw is not what {short(name)} says",
            f"ticket proposal show {short(name)}",
            proposal=name,
            digest=each.proposal.digest,
            given=given,
        )


def _note(call: Call) -> str:
    note = (call.arguments.text("note") or "").strip()
    if note or call.arguments.verb == "approve":
        return note
    if call.interactive:
        note = _asked("why not? ").strip()
    if not note:
        first = call.arguments.many("proposal")[0]
        hint = f'ticket reject {first} --note "why not"'
        raise InputError("usage", "a rejection gives its reason", hint, missing="note")
    return note


def _show_and_ask(call: Call, store: Store, waiting: Sequence[Seen]) -> None:
    """Shows what would change, and asks unless `--yes` was given.

    Raises:
        InputError: `not_confirmed`.
        ConflictError: `stale`, for a change that cannot be shown; `elsewhere` and the like, where that is why.
        HostError: `not_here`, likewise.
    """
    context = call.context()
    if not all(may_decide(each.proposal, context.actor(), context.options.session) for each in waiting):
        return
    width = min(terminal_width() or WIDTH, WIDEST)
    for each in waiting:
        earlier = lineage(context, store, each.proposal)
        shown = shown_again(context, each.proposal)
        lines = page_lines(each, shown, earlier, colours=colourful(call.environ), width=width)
        sys.stdout.write("\n".join(lines) + "\n\n")
        if shown is None and each.status == PENDING:
            sys.stdout.flush()
            deciding.check_stands(context, store, each.proposal)
            name, action = short(each.proposal.id), each.body.get("action")
            message = f"what {name} would change cannot be shown as it was, so it cannot be approved"
            hint = f"ticket propose {action} … --supersedes {name}"
            raise ConflictError("stale", message, hint, proposal=each.proposal.id)
    sys.stdout.flush()
    if call.arguments.flag("yes"):
        return
    what = short(waiting[0].proposal.id) if len(waiting) == 1 else f"these {len(waiting)} proposals"
    if _asked(f"approve {what}? [y/N] ").strip().lower() not in {"y", "yes"}:
        name = short(waiting[0].proposal.id)
        hint = f'ticket reject {name} --note "why not", or leave it for others'
        raise InputError("not_confirmed", "nothing was approved", hint, proposal=waiting[0].proposal.id)


def _asked(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


# --- after ----------------------------------------------------------------------------------------


def _not_carried_out(failure: CounterfoilError, now: Seen) -> CounterfoilError:
    """Returns why an approved proposal has not taken effect, saying that it is approved, and what to type.

    An effect that a host hindered comes about by approving again, not by whatever ends a command of one's own.
    """
    name = short(now.proposal.id)
    fields = {**failure.fields, "proposal": now.proposal.id, "status": now.status}
    if now.status not in {APPROVED, APPLYING}:
        became = "failed" if now.status == FAILED else f"is {now.status}"
        message = f"{name} was approved, and {became}: {failure.message}"
        return type(failure)(failure.code, message, failure.hint or f"ticket why {name}", **fields)
    again = f"ticket approve {name}"
    hint = failure.hint or ""
    if failure.code == "commit_failed":
        hint = f"mend what it says, then try again: {again}"
    elif again not in hint:
        hint = f"{hint + '; then' if hint else 'to try again'}: {again}"
    message = f"{name} is {NOT_IN_EFFECT}: {failure.message}"
    return type(failure)(failure.code, message, hint, **fields)


def _reply(verb: str, decided: Sequence[tuple[Decided, Seen]]) -> Reply:
    data = {
        "verdict": verb,
        "decisions": [_decision_data(made, now) for made, now in decided],
    }
    lines, notes = [], []
    for made, now in decided:
        again = " (you had already)" if made.repeated else ""
        lines.append(f"{DONE[verb]} {short(now.proposal.id)}: {headline(now)}{again}")
        vote = now.proposal.votes[-1] if now.proposal.votes else None
        sealed = (
            f"receipt {vote.receipt[:12]}, {ASSURANCE.get(vote.assurance, vote.assurance)}"
            if vote is not None
            else ""
        )
        if now.status == APPLIED:
            commit = now.proposal.effect.get("commit")
            notes.append("; ".join([*([f"commit {str(commit)[:9]}"] if commit else ["carried out"]), sealed]))
        elif now.status == PENDING:
            left = now.proposal.quorum - len({each.by for each in now.proposal.approvals})
            notes.append(
                f"{sealed}; {left} more {'person has' if left == 1 else 'people have'} to approve it"
            )
        else:
            notes.append(sealed)
    notes.append("next: ticket inbox")
    return Reply(data, "\n".join(lines), notes=[note for note in notes if note], brief="")


def _decision_data(made: Decided, now: Seen) -> dict[str, object]:
    vote = now.proposal.votes[-1] if now.proposal.votes else None
    return {
        **answer_data(now),
        "receipt": vote.receipt if vote is not None else None,
        "assurance": vote.assurance if vote is not None else None,
        "repeated": made.repeated,
    }
