"""Reads a command line by the table, in less time than importing a parser takes.

Options may stand anywhere; `--name value` and `--name=value` mean the same; `--` ends them; names are
never abbreviated, so that a script means tomorrow what it means today. On the hot path.
"""

from __future__ import annotations

from counterfoil.cli.table import COMMON, GROUPED, VERBS, WRITING
from counterfoil.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.cli.table import Option, Verb

    Values = dict[str, str | bool | list[str] | None]


SYNONYMS = {
    "add": "new", "close": "done", "create": "new", "find": "search",
    "finish": "done", "history": "log", "ls": "list", "note": "comment", "resolve": "done",
    "reopen": "new", "rm": "undo", "delete": "undo", "status": "list", "take": "claim", "update": "edit",
    "view": "show", "audit": "ledger verify", "verify": "ledger verify", "receipts": "ledger tail",
    "proposals": "proposal list", "withdraw": "proposal withdraw", "wait": "proposal wait", "accept": "approve",
    "deny": "reject", "discuss": "comment", "reply": "respond", "explain": "why",
    "tail": "ledger tail", "backup": "ledger backup", "push": "ledger push", "fetch": "ledger fetch",
}  # fmt: skip
"""What other tools call our verbs."""


class Arguments:
    """A command line, understood.

    Attributes:
        verb: its name in the table.
        values: every positional and option of the verb by name; what was not given is None, False or [].
    """

    __slots__ = ("values", "verb")

    def __init__(self, verb: str, values: Values) -> None:
        self.verb = verb
        self.values = values

    def text(self, name: str) -> str | None:
        """Returns a single value, or None."""
        value = self.values[name]
        return value if isinstance(value, str) else None

    def required(self, name: str) -> str:
        """Returns a positional that the parser has made sure of."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def flag(self, name: str) -> bool:
        """Tells whether a flag was given."""
        return self.values.get(name) is True

    def many(self, name: str) -> list[str]:
        """Returns the values of a repeatable option or positional."""
        value = self.values[name]
        return value if isinstance(value, list) else []

    def number(self, name: str) -> int | None:
        """Returns a whole number that is not negative.

        Raises:
            InputError: `usage`.
        """
        value = self.text(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            option = "--" + name.replace("_", "-")
            raise usage(f"{option} takes a whole number, not {value!r}", self.verb, value=value)
        return int(value)


def usage(message: str, verb: str = "", **fields: object) -> InputError:
    """Returns the error for a command line that makes no sense."""
    hint = f"ticket {verb} --help" if verb else "ticket --help"
    return InputError("usage", message, hint, **fields)


def find_verb(words: Sequence[str]) -> int:
    """Returns where the verb stands: the first word that is no option; -1 without one."""
    expects_value = False
    for position, word in enumerate(words):
        if expects_value:
            expects_value = False
        elif not word.startswith("-") or word == "-":
            return position
        elif "=" not in word:
            expects_value = any(word in names and metavar for names, metavar, _, _ in (*COMMON, *WRITING))
    return -1


def sub_verbs(verb: str) -> dict[str, Verb]:
    """Returns the verbs of two words that begin with this one, by their full names; often none."""
    if verb == "ledger":
        from counterfoil.cli.ledger_table import LEDGER_VERBS

        return LEDGER_VERBS
    if verb == "proposal":
        from counterfoil.cli.gate_table import PROPOSAL_VERBS

        return PROPOSAL_VERBS
    if verb == "session":
        from counterfoil.cli.session_table import SESSION_VERBS

        return SESSION_VERBS
    if verb in {"agent", "person", "source"}:
        from counterfoil.cli import principal_table

        tables = {
            "agent": principal_table.AGENT_VERBS,
            "person": principal_table.PERSON_VERBS,
            "source": principal_table.SOURCE_VERBS,
        }
        return tables[verb]
    return {}


def entry(verb: str) -> Verb:
    """Returns what the tables say of a verb, of one word or of two."""
    found = VERBS.get(verb)
    return sub_verbs(verb.partition(" ")[0])[verb] if found is None else found


def named_verb(words: Sequence[str]) -> str:
    """Returns the verb that a command line names, of one word or of two; empty for none that there is."""
    position = find_verb(words)
    if position < 0 or words[position] not in VERBS:
        return ""
    verb = words[position]
    following = [*words[:position], *words[position + 1 :]]
    at = find_verb(following) if verb in GROUPED else -1
    full = f"{verb} {following[at]}" if at >= 0 else verb
    return full if full in sub_verbs(verb) else verb


def parse(words: Sequence[str]) -> Arguments:
    """Understands a command line.

    Raises:
        InputError: `usage`, naming the word that is wrong and the verb's help.
    """
    position = find_verb(words)
    if position < 0:
        raise usage("name a verb", missing="verb")
    verb = words[position]
    if verb not in VERBS:
        raise _unknown_verb(verb)
    rest = [*words[:position], *words[position + 1 :]]
    if verb in GROUPED:
        verb, rest = _sub_verb(verb, rest)
    _, _, _, positionals, options = entry(verb)
    table: dict[str, Option] = {name: option for option in (*COMMON, *options) for name in option[0]}
    values: Values = {}
    for names, metavar, repeats, _ in table.values():
        values[_key(names)] = [] if repeats else None if metavar else False
    plain = _read_options(rest, table, values, verb)
    _fill_positionals(plain, positionals, values, verb)
    return Arguments(verb, values)


def _sub_verb(verb: str, rest: list[str]) -> tuple[str, list[str]]:
    """Returns the full name of a verb of two words, and the words without its second."""
    known = sub_verbs(verb)
    at = find_verb(rest)
    if at < 0:
        return next(iter(known)), rest
    full = f"{verb} {rest[at]}"
    if full not in known:
        from counterfoil.cli.nearest import nearest

        second = [name.partition(" ")[2] for name in known]
        near = nearest(rest[at], second)
        if near is None and rest[at][:2].upper() == "P-":
            near = f"show {rest[at]}"
        meant = f"; did you mean `ticket {verb} {near}`?" if near else ""
        message = f"there is no `ticket {verb} {rest[at]}`{meant}"
        raise usage(message, verb, value=rest[at], allowed=second)
    return full, [*rest[:at], *rest[at + 1 :]]


def _key(names: Sequence[str]) -> str:
    return names[-1].lstrip("-").replace("-", "_")


def _read_options(words: list[str], table: dict[str, Option], values: Values, verb: str) -> list[str]:
    plain: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            return plain + words[at:]
        if not word.startswith("-") or word == "-" or _is_text(word):
            plain.append(word)
            continue
        name, equals, value = word.partition("=")
        option = table.get(name)
        if option is None:
            raise _unknown_option(name, table, verb)
        names, metavar, repeats, _ = option
        if not metavar:
            if equals:
                raise usage(f"{name} takes no value", verb, option=name)
            values[_key(names)] = True
            continue
        if not equals:
            if at == len(words):
                raise usage(f"{name} needs a value: {name} {metavar}", verb, option=name)
            value = words[at]
            at += 1
        if repeats:
            known = values[_key(names)]
            assert isinstance(known, list)
            known.append(value)
        else:
            values[_key(names)] = value
    return plain


def _is_text(word: str) -> bool:
    """Tells whether a word that begins with a hyphen is no option but a title such as `- a` or `---`."""
    name = word.partition("=")[0]
    return " " in name or not name.strip("-")


def _fill_positionals(
    plain: list[str], positionals: Sequence[tuple[str, str]], values: Values, verb: str
) -> None:
    left = list(plain)
    for name, count in positionals:
        if count in {"*", "+"}:
            values[name], left = left, []
        elif left:
            values[name] = left.pop(0)
        else:
            values[name] = None
        if count in {"1", "+"} and not values[name] and values[name] != "":
            raise usage(f"{verb} needs {name.upper()}", verb, missing=name)
    if left:
        hint_quotes = "; put quotes around a text of several words" if verb in {"new", "search"} else ""
        raise usage(f"{verb} does not take {left[0]!r}{hint_quotes}", verb, value=left[0])


def _unknown_option(name: str, table: dict[str, Option], verb: str) -> InputError:
    from counterfoil.cli.nearest import nearest

    near = nearest(name, table)
    meant = f"; did you mean {near}?" if near else ""
    return usage(f"{verb} has no option {name}{meant}", verb, option=name)


def _unknown_verb(verb: str) -> InputError:
    from counterfoil.cli.nearest import nearest

    known = [name for name in VERBS if VERBS[name][1]]
    near = SYNONYMS.get(verb) or nearest(verb, known)
    meant = f"; did you mean `ticket {near}`?" if near else ""
    return usage(f"there is no verb {verb!r}{meant}", value=verb, allowed=known)
