"""A receipt: a small canonical header, sealed once, and a body that lies beside it by digest.

The header holds no free text and no personal data, so a body can be withheld or erased and every
proof still holds (evidence.md, "The receipt"). A receipt's id is its leaf hash. Readers
compare what is stored; nobody ever computes a hash anew to store it. On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = 1
SALT = "salt"
SALT_BITS = 128
FORKED = "stream.forked"
"""The kind of the first receipt of a branch; its body names `parent`, `at` and `hash`."""
STREAM_LENGTH = 200
_HEX = "0123456789abcdef"
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
_STREAM = _NAME + "/"
_ACTOR = _NAME + ":"
_EDGES = ("", ".", "/")


class Draft:
    """What is to be sealed.

    Args:
        stream: the stream's name, such as `ticket/01ARZ…`.
        kind: the registered name of the event, such as `ticket.applied`.
        actor: the protocol's handle of who acts, `human:ada`.
        body: the event itself, JSON by the rules of `kernel.canonical`.
        key: names the command, so that it is recorded once however often it is tried; it
            never stands in the ledger, only its hash together with the actor does.
        salt: 128 random bits as 32 hexadecimal digits, so that an erased short body cannot be guessed.
        schema: the integer version of the body's form.
        statement: the SHA-256 of a signed statement's DSSE PAE and those of its signatures, or None.

    Raises:
        InputError: `invalid_stream`, `invalid_actor`, `not_canonical`.
    """

    __slots__ = ("actor", "body", "key", "kind", "schema", "statement", "stream")

    def __init__(
        self,
        stream: str,
        kind: str,
        actor: str,
        body: Mapping[str, object],
        *,
        key: str,
        salt: str,
        schema: int = 1,
        statement: tuple[str, Sequence[str]] | None = None,
    ) -> None:
        check_stream(stream)
        if actor.strip(_ACTOR) or kind.strip(_NAME):
            raise _invalid_word(actor, kind)
        if SALT in body:
            raise canonical.refusal("key", f"`{SALT}` is what seals the body, and no field of it")
        self.stream = stream
        self.kind = kind
        self.schema = schema
        self.actor = actor
        self.body = canonical.encode({**body, SALT: salt})
        self.key = key_digest(actor, key)
        self.statement = statement


class Receipt:
    """One sealed receipt as it is stored.

    Attributes:
        position: its place in the ledger's log, from 0; the index of its Merkle leaf. -1 where the store
            has not put it in order yet.
        stream, seq: its stream and its place there, from 0.
        kind, schema: the event's registered name and the version of its body.
        prev: the leaf hash of the receipt before it in the stream, empty for the first.
        hash: its own leaf hash, which is its id.
        header: the canonical bytes that were hashed.
        body: the canonical bytes of the body, or None if it was withheld or erased.
    """

    __slots__ = ("_fields", "body", "hash", "header", "kind", "position", "prev", "schema", "seq", "stream")

    def __init__(
        self,
        position: int,
        stream: str,
        seq: int,
        kind: str,
        schema: int,
        prev: bytes,
        hash: bytes,
        header: bytes,
        body: bytes | None,
    ) -> None:
        self.position = position
        self.stream = stream
        self.seq = seq
        self.kind = kind
        self.schema = schema
        self.prev = prev
        self.hash = hash
        self.header = header
        self.body = body
        self._fields: dict[str, canonical.Json] | None = None

    @property
    def id(self) -> str:
        """The leaf hash in hexadecimal."""
        return self.hash.hex()

    @property
    def fields(self) -> dict[str, canonical.Json]:
        """The header, read.

        Raises:
            InputError: `not_canonical`, when the stored bytes are no JSON object.
        """
        if self._fields is None:
            self._fields = _object(self.header)
        return self._fields

    @property
    def actor(self) -> str:
        """Who acted."""
        return str(self.fields.get("actor", ""))

    @property
    def at(self) -> str:
        """When it was sealed, as claimed: ISO 8601, UTC, to the millisecond."""
        return str(self.fields.get("at", ""))

    @property
    def ledger(self) -> str:
        """The ledger that sealed it."""
        return str(self.fields.get("ledger", ""))

    def data(self) -> dict[str, canonical.Json]:
        """Reads the body; an erased one is empty.

        Raises:
            InputError: `not_canonical`.
        """
        return {} if self.body is None else _object(self.body)


def _object(data: bytes) -> dict[str, canonical.Json]:
    value = canonical.load(data)
    if not isinstance(value, dict):
        raise canonical.refusal("type", "this is no JSON object")
    return value


def seal(draft: Draft, *, ledger: str, seq: int, prev: bytes, at: str) -> tuple[bytes, bytes]:
    """Seals a draft at its place.

    Args:
        draft: what is to be sealed.
        ledger: the id of the ledger, a ULID.
        seq: its place in the stream, from 0.
        prev: the leaf hash before it, empty for the first.
        at: ISO 8601, UTC, to the millisecond; no earlier than the receipt before it.

    Returns:
        The header's canonical bytes and their leaf hash.
    """
    pae = sigs = ""
    if draft.statement is not None:
        pae, sigs = _statement(*draft.statement)
    text = (
        f'{{"actor":"{draft.actor}","at":"{at}","body":"{sha256(draft.body).hexdigest()}","key":"{draft.key}",'
        f'"kind":"{draft.kind}","ledger":"{ledger}",{pae}"prev":"{prev.hex()}","schema":{draft.schema},'
        f'"seq":{seq},{sigs}"stream":"{draft.stream}","v":{VERSION}}}'
    )
    header = text.encode("ascii")
    return header, sha256(b"\0" + header).digest()


def _statement(pae: str, signatures: Sequence[str]) -> tuple[str, str]:
    """Writes the two fields of a receipt that carries a signed statement."""
    digests = sorted(set(signatures))
    assert digests, "a statement is signed"
    assert all(map(is_hash, [pae, *digests])), "a statement and its signatures are named by their digests"
    return f'"pae":"{pae}",', '"sigs":["' + '","'.join(digests) + '"],'


def key_digest(actor: str, key: str) -> str:
    """Returns what stands in a header for an idempotency key: SHA-256 of actor and key (product.md §24)."""
    return sha256(f"{actor}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()


def check_stream(name: str) -> None:
    """Refuses a name that could not be typed, shown or used in a path as it is.

    Raises:
        InputError: `invalid_stream`.
    """
    if name.strip(_STREAM) or name[:1] in _EDGES or name[-1] == "/" or len(name) > STREAM_LENGTH:
        raise _invalid_stream(name)
    if "//" in name or "/." in name:
        raise _invalid_stream(name)


def _invalid_stream(name: str) -> InputError:
    return InputError(
        "invalid_stream",
        f"{name!r} is no name of a stream",
        "use letters, digits, `-`, `_`, `.` and `/`, such as ticket/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        value=name,
    )


def _invalid_word(actor: str, kind: str) -> InputError:
    """Returns the error of what would not stay one word of a header."""
    if actor.strip(_ACTOR):
        return InputError(
            "invalid_actor", f"{actor!r} is no actor", "write human:NAME or agent:NAME", value=actor
        )
    return InputError("unknown_kind", f"{kind!r} is no kind of event", kind=kind)


def is_hash(text: str) -> bool:
    """Tells whether a text is 32 bytes in lower-case hexadecimal."""
    return len(text) == 64 and not text.strip(_HEX)
