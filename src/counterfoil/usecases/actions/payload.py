"""Is a payload one? Its size, its form, and no secrets in it, before anything else is done with it.

No error says what stood in a payload: only where, and what was expected there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from json import dumps
from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError
from counterfoil.gate import redact
from counterfoil.gate.limits import REQUEST
from counterfoil.kernel import canonical

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

    from counterfoil.gate.action import ActionType

FINDINGS = 20
HINT = "`ticket actions {name}` shows the form of its payload"


def checked(action: ActionType, payload: object) -> dict[str, Any]:
    """Returns a payload that is an object, not too large, in canonical form, and as the schema wants it.

    Raises:
        InputError: `invalid_payload`, `too_large`, `not_canonical`.
    """
    if not isinstance(payload, Mapping):
        raise _invalid(action, "", f"a payload is an object, not {_word(payload)}", "type")
    data = canonical.encode(dict(payload))
    if len(data) > REQUEST:
        message = f"the payload has {len(data):,} bytes, and {REQUEST:,} are the limit"
        raise InputError(
            "too_large", message, "make it shorter, or several of it", size=len(data), limit=REQUEST
        )
    plain: dict[str, Any] = canonical.decode(data)  # type: ignore[assignment]
    check_form(action, plain)
    return plain


def check_form(action: ActionType, payload: Mapping[str, object]) -> None:
    """Checks a payload against its schema.

    Raises:
        InputError: `invalid_payload`, with `path` (a JSON pointer) and `keyword`.
    """
    error = next(iter(validator(action).iter_errors(payload)), None)
    if error is not None:
        error = _meant(error)
        path = "".join([f"/{_pointer(part)}" for part in error.instance_path])
        raise _invalid(action, path, _wanted(error), error.kind.name)


def validator(action: ActionType) -> Draft202012Validator:
    """Returns what checks payloads of an action.

    Raises:
        InputError: `invalid_action` for a schema that is none.
    """
    try:
        return _compiled(dumps(action.schema))
    except (TypeError, RecursionError):
        problem = f"the schema of {action.name} is no JSON"
        raise InputError("invalid_action", problem, "mend the package that brings the action") from None


@lru_cache(maxsize=256)
def _compiled(schema: str) -> Draft202012Validator:
    """Compiles a schema, which is never fetched from anywhere."""
    from jsonschema_rs import Draft202012Validator, RegexOptions

    try:
        return Draft202012Validator(schema, offline=True, pattern_options=RegexOptions())
    except ValueError as error:
        problem = f"the schema of an action is none: {error}"
        raise InputError("invalid_action", problem, "mend the package that brings the action") from None


def _meant(error: ValidationError) -> ValidationError:
    """Returns of several alternatives' errors the one of the alternative that was meant."""
    branches = [branch for branch in getattr(error.kind, "context", None) or () if branch]
    if not branches:
        return error
    meant = [branch for branch in branches if all(inner.kind.name != "const" for inner in branch)]
    if error.kind.name == "anyOf" or not meant:
        return error
    return _meant(min(meant, key=len)[0])


def _wanted(error: ValidationError) -> str:
    """Returns what is wrong in our own words, which repeat nothing of the payload but names that are no secret."""
    kind = error.kind
    value = kind.value
    if kind.name in _WORDS:
        return _WORDS[kind.name].format(value)
    if kind.name == "required":
        return f"{value} is missing"
    if kind.name in ("additionalProperties", "unevaluatedProperties"):
        names = [name if _can_be_named(name) else "(a name that is not repeated here)" for name in value]
        return f"no field is called {', '.join(names[:5])}"
    if kind.name == "enum":
        return f"one of {', '.join([str(item) for item in value])} is expected"
    if kind.name == "type":
        return f"{' or '.join(value) if isinstance(value, list) else value} is expected"
    return f"it does not meet `{kind.name}`"


_WORDS = {
    "maxLength": "at most {:,} characters are allowed",
    "minLength": "at least {} character is needed",
    "maxItems": "at most {:,} items are allowed",
    "minItems": "at least {} item is needed",
    "maxProperties": "no other fields may stand beside these; at most {} in all",
    "minProperties": "at least {} fields are needed",
    "maximum": "at most {} is allowed",
    "minimum": "at least {} is needed",
    "pattern": "it does not match {}",
    "const": "only {} is allowed",
    "anyOf": "none of the allowed forms",
    "oneOf": "none of the allowed forms",
}


def _can_be_named(name: str) -> bool:
    return len(name) <= 64 and name.isascii() and name.isprintable() and not redact.scan(name)


def _pointer(part: str | int) -> str:
    """Writes one step of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def _word(value: object) -> str:
    names = {
        str: "a text",
        list: "a list",
        tuple: "a list",
        bool: "true or false",
        int: "a number",
        type(None): "null",
    }
    return names.get(type(value), "something else")


def _invalid(action: ActionType, path: str, problem: str, keyword: str) -> InputError:
    return InputError(
        "invalid_payload",
        f"{action.name}: {path or 'the payload'}: {problem}",
        HINT.format(name=action.name),
        action=action.name,
        path=path,
        keyword=keyword,
    )


# --- secrets --------------------------------------------------------------------------------------


def refuse_secrets(payload: Mapping[str, object]) -> None:
    """Refuses a payload with a secret in it.

    Raises:
        InputError: `secret_found`, with rule and place, never with what was found.
    """
    findings: list[dict[str, object]] = []

    def look(path: str, text: str, name: str) -> str:
        found = redact.scan(text)
        findings.extend(
            [{"rule": item.rule, "path": path, "line": item.line, "column": item.column} for item in found]
        )
        if not found and name:
            beside = redact.scan(f"{name}={text}")[:1]
            findings.extend([{"rule": item.rule, "path": path, "line": 1, "column": 1} for item in beside])
        return text

    _walk(payload, look)
    if findings:
        first = findings[0]
        raise InputError(
            "secret_found",
            f"{first['path']}, line {first['line']}, column {first['column']} looks like a secret ({first['rule']})",
            "take it out and revoke it if it is real, or let it be masked: --redact, or `redact` in what is sent",
            findings=findings[:FINDINGS],
            count=len(findings),
        )


def masked(payload: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, int]]:
    """Returns a payload with its secrets taken out, and how many there were by rule."""
    counts: dict[str, int] = {}

    def look(_path: str, text: str, name: str) -> str:
        text, found = redact.mask(text)
        if not found and name and (beside := redact.scan(f"{name}={text}")):
            found = {beside[0].rule: 1}
            text = f"[{beside[0].rule}-redacted]"
        for rule, count in found.items():
            counts[rule] = counts.get(rule, 0) + count
        return text

    return _walk(payload, look), counts


def _walk(value: object, look: Callable[[str, str, str], str], path: str = "", name: str = "") -> Any:
    """Rebuilds a value with every text in it looked at; names of fields come from the schema and need no look."""
    if isinstance(value, str):
        return look(path, value, name)
    if isinstance(value, Mapping):
        return {key: _walk(item, look, f"{path}/{_pointer(key)}", key) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, look, f"{path}/{number}", name) for number, item in enumerate(value)]
    return value
