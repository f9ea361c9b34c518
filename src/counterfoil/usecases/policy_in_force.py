"""The policy that counts: the last one that was accepted, compiled, out of a cache. On the hot path.

What counts stands on a stream of the ledger, never in the working tree (product.md §10). The cache beside
it is derived: it names the ledger and the receipt at the stream's end, and where these do not fit, the
policy is compiled anew from the receipt itself. A change that is allowed costs one look at the
stream's end and one small file; YAML is loaded for compiling alone.
"""

from __future__ import annotations

import marshal
import sys

from counterfoil.errors import CounterfoilError
from counterfoil.gate import events
from counterfoil.gate.facts import ASK
from counterfoil.gate.rules import DEFAULT, FORM, PLAIN
from counterfoil.kernel.digest import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.gate.rules import Compiled
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

    Kept = tuple[str, bytes, Compiled]
    """The ledger, the leaf hash of the stream's last receipt, and what counts since."""

MAGIC = f"counterfoil policy {FORM} {sys.implementation.cache_tag} {marshal.version}"
SEAL_BYTES = len(MAGIC) + 10
UNREADABLE = "unreadable"
LOCKED: Compiled = (
    FORM, UNREADABLE,
    (("locked/unreadable", ASK, None, None, (), PLAIN, "the accepted policy cannot be read, so everything asks"),),
    DEFAULT[3], None,
)  # fmt: skip
"""What counts where an accepted policy cannot be read: a policy that may forbid is not replaced by one that allows."""


LOST: Compiled = (
    FORM, UNREADABLE,
    (("locked/lost", ASK, None, ((), ("agent:", "source:"), ()), (), PLAIN,
      "the policy that was accepted in this clone is not in this ledger, so agents ask"),),
    DEFAULT[3], None,
)  # fmt: skip
"""What counts where the clone notes another policy than its ledger has: whoever swaps the ledger gains nothing."""


def noted_key(prefix: str) -> str:
    """Returns the key of the Git configuration that notes which policy was accepted for a project."""
    return f"ticket.{policy_stream(prefix).replace('/', '-')}"


def policy_stream(prefix: str) -> str:
    """Returns the stream on which one project's policies are accepted.

    Args:
        prefix: its folder, empty or ending in `/`; any bytes, so it is named by its digest.
    """
    if not prefix:
        return "policy/root"
    return f"policy/{sha256_hex(prefix.encode('utf-8', 'surrogateescape'))[:16]}"


def in_force(context: Context, store: Store | None) -> Compiled:
    """Returns the policy that counts.

    Args:
        context: the project.
        store: its ledger; None where it cannot be opened, and then the policy that counted last does.
    """
    if store is None:
        kept = _kept(context)
        return DEFAULT if kept is None else kept[2]
    stream = policy_stream(context.prefix)
    head = store.head(stream)
    noted = context.git_setting(noted_key(context.prefix))
    if head.length == 0:
        return LOST if noted else DEFAULT
    kept = _kept(context)
    if kept is None or kept[:2] != (store.ledger, head.hash):
        kept = (store.ledger, head.hash, _compiled(context, accepted(store, context.prefix)))
        _keep(context, kept)
    compiled = kept[2]
    if noted and compiled[1] not in {noted, UNREADABLE}:
        # Another process may have accepted a policy since this one read the configuration.
        noted = context.git.config().get(noted_key(context.prefix), "")
    return LOST if noted and compiled[1] not in {noted, UNREADABLE} else compiled


def accepted(store: Store, prefix: str) -> Receipt | None:
    """Returns the receipt of the last acceptance; None where none was made."""
    stream = policy_stream(prefix)
    for seq in range(store.head(stream).length - 1, -1, -1):
        for receipt in store.read(stream, first=seq, last=seq):
            if receipt.kind == events.POLICY_ACCEPTED:
                return receipt
    return None


def _compiled(context: Context, receipt: Receipt | None) -> Compiled:
    """Compiles what a receipt accepted; what cannot be read locks rather than allows."""
    if receipt is None:
        return DEFAULT
    from counterfoil.usecases.policy_file import compiled_text

    try:
        body = receipt.data()
    except CounterfoilError:
        body = {}
    text, digest = body.get("text"), body.get("sha256")
    if digest is None and "sha256" in body:
        return DEFAULT  # accepted that there is none
    if isinstance(text, str) and digest == sha256_hex(text.encode("utf-8", "surrogatepass")):
        found = compiled_text(context, text, digest)
        if found is not None:
            return found
    context.warn(
        "policy_unreadable",
        "the accepted policy cannot be read by this version, so everything asks",
        hint="ticket policy accept",
        receipt=receipt.id,
    )
    return LOCKED


# --- the cache ------------------------------------------------------------------------------------


def _file(context: Context) -> str:
    return f"cache/{policy_stream(context.prefix).replace('/', '-')}"


def _kept(context: Context) -> Kept | None:
    """Returns what was kept; anything unexpected counts as nothing."""
    try:
        data = context.state.read(_file(context))
    except CounterfoilError:
        return None
    if data is None:
        return None
    content = memoryview(data)[SEAL_BYTES:]
    if data[:SEAL_BYTES] != _seal(content):
        return None  # another version's, or damaged: `marshal` must see neither
    kept: Kept = marshal.loads(content)
    return kept


def _keep(context: Context, value: Kept) -> None:
    """Keeps a compiled policy; a failure to do so costs only time."""
    data = marshal.dumps(value)
    try:
        context.state.make_folder("cache")
        context.state.replace(_file(context), _seal(data) + data)
    except CounterfoilError:
        return


def _seal(content: bytes | memoryview) -> bytes:
    from binascii import crc32

    return f"{MAGIC} {crc32(content):08x}\n".encode()
