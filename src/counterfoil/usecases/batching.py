"""Many changes from JSON lines, all or nothing, in one commit (cli.md, `batch`).

Each line is one operation, `{"op": "move", "id": "TK-01HGW2BB", "state": "ready"}`, carried out
on the same desk as every single verb's, so the transition table, claims and secrets count on
every line. A ticket that an earlier line made is called `$name` after that line's `as`. The
first line that is wrong ends the batch before anything is written, and is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from counterfoil.errors import (
    ConflictError,
    CounterfoilError,
    HostError,
    InputError,
    IntegrityError,
    RefusedError,
)
from counterfoil.tickets import workflow
from counterfoil.tickets.template import Template
from counterfoil.tickets.values import check_title, clean_labels, parse_actor
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import Context
from counterfoil.usecases.desk import Sheet
from counterfoil.usecases.gateway import perform
from counterfoil.usecases.intake import strictjson
from counterfoil.usecases.intake.bulk import BulkDesk, summarise_personal_data
from counterfoil.usecases.plan import Outcome, Plan
from counterfoil.usecases.templates import load_template

Operation = Mapping[str, object]

TEXT = "a text"
TEXT_OR_NULL = "a text or null"
TEXTS = "a list of texts"

_FIELDS = {
    "state": TEXT, "priority": TEXT, "labels": TEXTS, "assignee": TEXT_OR_NULL, "reviewer": TEXT_OR_NULL,
    "body": TEXT, "blocks": TEXTS, "blocked_by": TEXTS,
}  # fmt: skip
_LISTS = ("labels", "blocks", "blocked_by")
_LIST_CHANGES = {f"{how}_{name}": TEXTS for name in _LISTS for how in ("add", "remove")}

OPERATIONS: dict[str, dict[str, str]] = {
    "new": {"title": TEXT, **_FIELDS, "author": TEXT_OR_NULL, "template": TEXT, "as": TEXT},
    "move": {"id": TEXT, "state": TEXT},
    "start": {"id": TEXT},
    "done": {"id": TEXT},
    "assign": {"id": TEXT, "actor": TEXT_OR_NULL},
    "reviewer": {"id": TEXT, "actor": TEXT_OR_NULL},
    "edit": {"id": TEXT, "title": TEXT, **_FIELDS, **_LIST_CHANGES},
}
"""What each operation may say beside `op`, and of which kind it is."""
REQUIRED: dict[str, tuple[str, ...]] = {
    "new": ("title",), "move": ("id", "state"), "start": ("id",), "done": ("id",), "assign": ("id", "actor"),
    "reviewer": ("id", "actor"), "edit": ("id",),
}  # fmt: skip
ACTOR_FIELDS = {"assign": "assignee", "reviewer": "reviewer"}
STATES = {"start": "in_progress", "done": "done"}
NAME_CHARACTERS = 64
HINT = "ticket batch --help"

_FAMILIES = (InputError, ConflictError, RefusedError, IntegrityError, HostError)


class Result:
    """What one line did.

    Attributes:
        line: its number in the input.
        op: the operation.
        sheet: the ticket as it is after the whole batch.
        changed: whether this line changed anything.
        name: what later lines call the ticket, or None.
    """

    __slots__ = ("changed", "line", "name", "op", "sheet")

    def __init__(self, line: int, op: str, sheet: Sheet, changed: bool, name: str | None) -> None:
        self.line = line
        self.op = op
        self.sheet = sheet
        self.changed = changed
        self.name = name


class Batch:
    """What a batch did, or for a dry run would do.

    Attributes:
        results: one for each operation, in the order of the input.
        sheets: the tickets that differ from what they were, in the order in which they were named first.
        outcome: the commit; None for a dry run.
    """

    def __init__(self, results: Sequence[Result], sheets: Sequence[Sheet], outcome: Outcome | None) -> None:
        self.results = results
        self.sheets = sheets
        self.outcome = outcome


def read_operations(data: bytes) -> Sequence[tuple[int, Operation]]:
    """Reads the lines of a batch and checks their form.

    Raises:
        InputError: `invalid_json`, `too_large` or `invalid_operation`, with `line`.
    """
    operations = list(strictjson.lines(data))
    for line, operation in operations:
        _check_form(line, operation)
    return operations


def carry_out(
    context: Context, operations: Sequence[tuple[int, Operation]], *, dry_run: bool = False
) -> Batch:
    """Carries out operations, all of them or none.

    Args:
        context: the project.
        operations: as `read_operations` returns them.
        dry_run: check everything against the tickets as they are, write nothing.

    Raises:
        CounterfoilError: what the single verb would raise, with the number of the `line` in its fields.
    """
    work = _Work(context)
    if dry_run:
        context.config.require_writable()
        work.plan(Catalog.load(context), operations)
        outcome = None
    else:
        outcome = perform(context, lambda catalog: work.plan(catalog, operations))
    summarise_personal_data(context)
    return Batch(work.results, work.changed_sheets(), outcome)


class _Work:
    """A batch being carried out."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.templates: dict[str | None, Template | None] = {}
        self.names: dict[str, Sheet] = {}
        self.results: list[Result] = []
        self.desk: BulkDesk

    def plan(self, catalog: Catalog, operations: Sequence[tuple[int, Operation]]) -> Plan:
        self.desk = BulkDesk(self.context, catalog)
        for line, operation in operations:
            try:
                self.results.append(self._one(line, operation))
            except CounterfoilError as error:
                raise _at_line(line, error) from None
        return self.desk.plan()

    def changed_sheets(self) -> list[Sheet]:
        return [sheet for sheet in self.desk.sheets.values() if sheet.document.source != sheet.before]

    def _one(self, line: int, operation: Operation) -> Result:
        op = str(operation["op"])
        if op == "new":
            return self._create(line, operation)
        sheet = self.desk.open(self._query(operation["id"]))
        before = sheet.document.source
        if op in ACTOR_FIELDS:
            self.desk.assign(sheet, ACTOR_FIELDS[op], _text(operation["actor"]) or "none")
        elif op == "edit":
            self._edit(sheet, operation)
        else:
            self.desk.move(sheet, STATES.get(op) or str(operation["state"]))
        return Result(line, op, sheet, sheet.document.source != before, None)

    def _create(self, line: int, operation: Operation) -> Result:
        name = _text(operation.get("as"))
        if name is not None and name in self.names:
            raise _wrong(f"the name {name!r} is taken by an earlier line", line, value=name)
        wanted = _text(operation.get("template"))
        if wanted not in self.templates:
            text = load_template(self.context, wanted)
            self.templates[wanted] = None if text is None else Template(text)
        sheet = self.desk.create(
            str(operation["title"]),
            state=_text(operation.get("state")),
            priority=_text(operation.get("priority")),
            labels=_texts(operation.get("labels")),
            assignee=_text(operation.get("assignee")),
            reviewer=_text(operation.get("reviewer")),
            author=_text(operation.get("author")),
            blocks=[self._query(item) for item in _texts(operation.get("blocks"))],
            blocked_by=[self._query(item) for item in _texts(operation.get("blocked_by"))],
            body=_text(operation.get("body")),
            template=self.templates[wanted],
        )
        if name is not None:
            self.names[name] = sheet
        return Result(line, "new", sheet, True, name)

    def _edit(self, sheet: Sheet, operation: Operation) -> None:
        changes: dict[str, object] = {}
        if "title" in operation:
            changes["title"] = check_title(str(operation["title"]))
        if "priority" in operation:
            changes["priority"] = workflow.parse_priority(str(operation["priority"]))
        for field in ("assignee", "reviewer"):
            if field in operation:
                changes[field] = parse_actor(_text(operation[field]))
        for field in _LISTS:
            if not {field, f"add_{field}", f"remove_{field}"}.isdisjoint(operation):
                changes[field] = self._edited_list(sheet, field, operation)
        if "state" in operation:
            self.desk.move(sheet, str(operation["state"]))
        if changes:
            self.desk.update(sheet, changes)
        if "body" in operation:
            self.desk.replace_body(sheet, str(operation["body"]))

    def _edited_list(self, sheet: Sheet, field: str, operation: Operation) -> list[str]:
        """Returns a list after replacing it whole, adding to it and removing from it, in this order."""

        def given(key: str) -> list[str]:
            items = _texts(operation.get(key))
            if field == "labels":
                return list(clean_labels(items))
            return [self.desk.ticket_id(self._query(item)) for item in items]

        items = given(field) if field in operation else list(getattr(sheet.ticket, field))
        items += [item for item in given(f"add_{field}") if item not in items]
        unwanted = given(f"remove_{field}")
        items = [item for item in items if (item.lower() if field == "labels" else item) not in unwanted]
        if sheet.ticket.id in items:
            raise InputError(
                "invalid_operation", "a ticket cannot wait for itself", HINT, value=sheet.ticket.id
            )
        return items

    def _query(self, value: object) -> str:
        query = str(value)
        if not query.startswith("$"):
            return query
        sheet = self.names.get(query[1:])
        if sheet is None:
            raise InputError(
                "invalid_operation",
                f"no earlier line makes a ticket called {query!r}",
                'give the line that makes it "as": "NAME", and put it first',
                value=query,
                allowed=[f"${name}" for name in self.names],
            )
        return sheet.ticket.id


def _check_form(line: int, operation: Operation) -> None:
    op = operation.get("op")
    if not isinstance(op, str) or op not in OPERATIONS:
        problem = "names no operation" if op is None else f"{op!r} is no operation"
        raise _wrong(problem, line, value=op, allowed=list(OPERATIONS))
    kinds = OPERATIONS[op]
    for key, value in operation.items():
        if key == "op":
            continue
        if key not in kinds:
            raise _wrong(f"{op} has no key {key!r}", line, value=key, allowed=["op", *kinds])
        if not _is_of_kind(value, kinds[key]):
            wanted = kinds[key]
            raise _wrong(
                f"{key} must be {wanted}, not {strictjson.kind_of(value)}", line, key=key, wanted=wanted
            )
    for key in REQUIRED[op]:
        if key not in operation:
            raise _wrong(f"{op} needs {key}", line, missing=key)
    name = operation.get("as")
    if name is not None and not _is_name(str(name)):
        raise _wrong(f"{name!r} is no name: use letters, digits, - and _", line, value=name)


def _is_of_kind(value: object, kind: str) -> bool:
    if kind == TEXTS:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str) or (kind == TEXT_OR_NULL and value is None)


def _is_name(name: str) -> bool:
    rest = name.replace("-", "a").replace("_", "a")
    return len(name) <= NAME_CHARACTERS and rest.isascii() and rest.isalnum()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    return list(value) if isinstance(value, list) else []


def _wrong(problem: str, line: int, **fields: object) -> InputError:
    return InputError("invalid_operation", f"line {line}: {problem}", HINT, line=line, **fields)


def _at_line(line: int, error: CounterfoilError) -> CounterfoilError:
    """Returns an error that says which line of the batch it comes from.

    A place within the ticket itself is kept as `file_line` and `file_column`.
    """
    if error.fields.get("line") == line and error.message.startswith(f"line {line}: "):
        return error
    moved = {"line": "file_line", "column": "file_column"}
    fields = {moved.get(key, key): value for key, value in error.fields.items()}
    family = next(family for family in _FAMILIES if isinstance(error, family))
    return family(error.code, f"line {line}: {error.message}", error.hint, **{"line": line, **fields})
